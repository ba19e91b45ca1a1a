//! The judged sheet enters the checkpoint.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{self, Intake, PayoutNo, RowFields, Store};
use crate::domain::card::without_card_number;
use crate::domain::claims::Later;
use crate::domain::matching::{Assignment, Matching};
use crate::domain::{BatchName, CashgramId, Instruction, Money, Phone, RowKey};
use crate::sheet::{CarriedColumns, DELIMITERS, Header, Row, Rows, Rules};

use super::again::Again;
use super::exit::Ending;
use super::judge::{Judged, fingerprint, sheet_error};

/// What the checkpoint keeps of a sheet's header, and of how it was read.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct StoredHeader {
    columns: Vec<String>,
    id_column: Option<usize>,
    /// The options that say how the sheet is read, for commands that are shown by those that do not read it.
    #[serde(default)]
    reading: Vec<String>,
}

impl StoredHeader {
    /// What is kept of a sheet that `rules` say how to read.
    pub(super) fn of(header: &Header, rules: &Rules) -> StoredHeader {
        StoredHeader {
            columns: header.columns().to_vec(),
            id_column: header.id_column(),
            reading: reading(rules),
        }
    }

    /// This command again, as one that knows how the sheet of `store` was read.
    pub(super) fn again(again: &Again, store: &Store) -> Again {
        let known = StoredHeader::load(store).unwrap_or_default();
        again.recalling(known.reading)
    }

    /// The header that `store` was filled from.
    ///
    /// # Errors
    ///
    /// If what is stored makes no sense.
    pub(super) fn load(store: &Store) -> anyhow::Result<StoredHeader> {
        match &store.meta().header {
            Some(text) => Ok(serde_json::from_str(text)?),
            None => Ok(StoredHeader::default()),
        }
    }

    /// The options with which the sheet was read, by a header as it is stored.
    pub(super) fn reading_in(stored: &str) -> Vec<String> {
        let known: Option<StoredHeader> = serde_json::from_str(stored).ok();
        known.unwrap_or_default().reading
    }

    /// The sheet's own id column.
    pub(super) fn id_column(&self) -> Option<usize> {
        self.id_column
    }

    /// The columns as the results carry them.
    pub(super) fn carried(&self) -> CarriedColumns {
        CarriedColumns::new(&self.columns, self.id_column)
    }
}

/// The options that say how a sheet is read, as they are typed.
fn reading(rules: &Rules) -> Vec<String> {
    let layout = &rules.layout;
    let delimiter = layout.delimiter.and_then(|delimiter| {
        let known = DELIMITERS.iter().find(|(_, known)| *known == delimiter);
        known.map(|(name, _)| (*name).to_owned())
    });
    let encoding = layout.encoding.map(|charset| charset.name().to_owned());
    let mut options = vec![
        ("--sheet-name", rules.sheet_name.clone()),
        ("--encoding", encoding),
        ("--delimiter", delimiter),
    ];
    for (field, column) in &layout.map {
        options.push(("--map", Some(format!("{}={column}", field.name()))));
    }
    let given = options
        .into_iter()
        .filter_map(|(option, value)| Some([option.to_owned(), value?]));
    given.flatten().collect()
}

/// Takes every row in.
///
/// # Errors
///
/// If the sheet changed since it was judged, or the checkpoint cannot be written; nothing is taken in then.
pub(super) fn take_in(
    store: &mut Store,
    sheet: &Path,
    judged: &Judged,
    matching: &Matching,
    rules: &Rules,
    batch: &BatchName,
    at: Timestamp,
) -> anyhow::Result<()> {
    let header = serde_json::to_string(&StoredHeader::of(&judged.checked.header, rules))?;
    let mut intake = store.begin_intake(&header, at)?;
    let mut rows = Rows::open(sheet, &judged.checked, rules).map_err(sheet_error)?;
    let mut cells = String::new();
    let mut assignments = matching.rows.iter().zip(&judged.checked.keys);
    while let Some(row) = rows.next_row().map_err(sheet_error)? {
        let Some((assignment, key)) = assignments.next() else {
            break;
        };
        write_cells(&row, &mut cells)?;
        let later = judged.settled.later.get(&row.index);
        place(&mut intake, &row, (*assignment, later), key, &cells, batch)?;
    }
    let map = &rules.layout.map;
    for made in judged.old.made_before(map, &judged.settled.left)? {
        intake.take_over(&made)?;
    }
    let finished = intake.finish(&fingerprint(&judged.checked)?);
    if let Err(error @ checkpoint::Error::SameId { .. }) = finished {
        let remedy =
            "give one of them another cashgram_id, or leave its cell blank; nothing was sent";
        return Err(Ending::unpayable(error.to_string(), remedy).into());
    }
    Ok(finished?)
}

fn write_cells(row: &Row<'_>, cells: &mut String) -> anyhow::Result<()> {
    let mut bytes = std::mem::take(cells).into_bytes();
    bytes.clear();
    serde_json::to_writer(&mut bytes, &Cells(row.cells))?;
    *cells = String::from_utf8(bytes)?;
    Ok(())
}

struct Cells<'c>(&'c csv::StringRecord);

impl Serialize for Cells<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(without_card_number))
    }
}

fn place(
    intake: &mut Intake<'_>,
    row: &Row<'_>,
    (assignment, later): (Assignment, Option<&Later>),
    key: &RowKey,
    cells: &str,
    batch: &BatchName,
) -> anyhow::Result<()> {
    let place = (u64::from(row.index) + 1, row.line);
    let expiry = row
        .instruction
        .as_ref()
        .and_then(|order| order.expiry)
        .map_or_else(String::new, |e| e.to_string());
    let fields = row
        .instruction
        .as_ref()
        .map(|order| fields_of(order, &expiry));
    let unreadable = RowFields {
        phone: key.phone().map_or(0, Phone::number),
        amount: key.amount().unwrap_or(Money::ZERO),
        ..RowFields::default()
    };
    let valid = fields.is_some();
    let fields = fields.unwrap_or(unreadable);
    match assignment {
        Assignment::Known { payout, .. } => {
            intake.place_known(place, PayoutNo(payout), cells, &fields, valid)?
        }
        Assignment::New { occurrence } => {
            let id = row
                .instruction
                .as_ref()
                .and_then(|order| id_of(order, occurrence, batch));
            if let (Some(later), Some((first, own))) = (later, &id) {
                let first = own.then_some(first.as_str());
                return Ok(intake.place_later(place, later, first, occurrence, cells, &fields)?);
            }
            let id = id.as_ref().map(|(id, own)| (id.as_str(), *own));
            intake.place_new(place, id, occurrence, cells, &fields)?;
        }
    }
    Ok(())
}

/// The row's own id, or the one that batch, phone and occurrence give.
fn id_of(order: &Instruction, occurrence: u32, batch: &BatchName) -> Option<(CashgramId, bool)> {
    match &order.own_id {
        Some(own) => Some((own.clone(), true)),
        None if occurrence > 0 => Some((
            CashgramId::derive(batch.as_str(), order.phone, occurrence, 1),
            false,
        )),
        None => None,
    }
}

fn fields_of<'o>(order: &'o Instruction, expiry: &'o str) -> RowFields<'o> {
    RowFields {
        name: order.name.as_str(),
        phone: order.phone.number(),
        email: order.email.as_ref().map_or("", |email| email.as_str()),
        amount: order.amount,
        link_expiry: expiry,
        remarks: order.remarks.as_ref().map_or("", |text| text.as_str()),
        payout_type: order.payout_type.as_ref().map_or("", |text| text.as_str()),
        description: order.description.as_ref().map_or("", |text| text.as_str()),
        notify: order.notify,
    }
}
