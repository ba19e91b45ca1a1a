//! An empty sheet with the right header and one example row: as CSV, or as a workbook whose columns are formatted so
//! that a spreadsheet leaves phones and ids as they are typed, and says at once what a cell may hold.
//!
//! The example is refused where somebody leaves it in. Deliberately absent: writing over anything.

use std::path::Path;

use jiff::civil::Date;
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, DataValidationRule, Format, Formula, Note, Worksheet,
    XlsxError,
};

use crate::domain::Money;

use super::atomic::{AtomicFile, Standing, cannot_write, standing};
use super::book_file::{BookFile, Kind, Looks, write_money};
use super::error::Error;

/// Rows below the header that are formatted and checked by the spreadsheet.
const ROWS: u32 = 10_000;
/// Days ahead of the example's date.
const EXAMPLE_DAYS: i64 = 7;

/// Who is paid in the example, and the address: a row with either is refused.
const EXAMPLE_NAME: &str = "Example Person - remove this row";
const EXAMPLE_EMAIL: &str = "remove.this.row@example.com";

/// Whether a row with this name and address is the example, or part of it.
pub(super) fn is_example([name, email]: [&str; 2]) -> bool {
    name.eq_ignore_ascii_case(EXAMPLE_NAME) || email.eq_ignore_ascii_case(EXAMPLE_EMAIL)
}

/// What a column holds, as far as a spreadsheet is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Text,
    Money,
    Date,
    YesNo,
}

/// A column: its name, its example, what it holds, how wide it is, and its rule in a sentence.
struct Column {
    name: &'static str,
    example: &'static str,
    holds: Holds,
    width: u8,
    rule: &'static str,
}

const COLUMNS: [Column; 10] = [
    column(
        "name",
        EXAMPLE_NAME,
        Holds::Text,
        32,
        "Needed. Who is paid: letters, digits, spaces and . - / &, at most 100.",
    ),
    column(
        "phone",
        "9000000001",
        Holds::Text,
        16,
        "Needed. Indian mobile, 10 digits. The column is text, so that no digit is lost.",
    ),
    column(
        "amount",
        "1.00",
        Holds::Money,
        14,
        "Needed. Rupees, 1.00 or more, at most two decimals.",
    ),
    column(
        "email",
        EXAMPLE_EMAIL,
        Holds::Text,
        28,
        "Optional. Where the link goes too.",
    ),
    column(
        "link_expiry",
        "",
        Holds::Date,
        14,
        "Optional. A date from today to 30 days ahead; blank: 15 days.",
    ),
    column(
        "cashgram_id",
        "",
        Holds::Text,
        22,
        "Optional. Your own id of this payment: letters, digits, _ and -, at most 35, each once.",
    ),
    column(
        "remarks",
        "June salary",
        Holds::Text,
        24,
        "Optional. Letters, digits and spaces, at most 70.",
    ),
    column(
        "payout_type",
        "Salary",
        Holds::Text,
        16,
        "Optional. Letters and spaces, at most 20.",
    ),
    column(
        "description",
        "",
        Holds::Text,
        24,
        "Optional. Letters, digits and spaces, at most 100.",
    ),
    column(
        "notify",
        "yes",
        Holds::YesNo,
        10,
        "Optional. Whether Cashfree messages the recipient: yes or no.",
    ),
];

const fn column(
    name: &'static str,
    example: &'static str,
    holds: Holds,
    width: u8,
    rule: &'static str,
) -> Column {
    Column {
        name,
        example,
        holds,
        width,
        rule,
    }
}

/// The template as CSV.
pub fn template_csv(today: Date) -> String {
    let day = example_day(today).to_string();
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let examples: Vec<&str> = COLUMNS
        .iter()
        .map(|column| {
            if column.holds == Holds::Date {
                &day
            } else {
                column.example
            }
        })
        .collect();
    format!("{}\n{}\n", names.join(","), examples.join(","))
}

/// Writes the template as a file where nothing stands: a workbook if its name ends in .xlsx, else CSV.
pub fn write_template(path: &Path, today: Date) -> Result<(), Error> {
    let end = path.extension().unwrap_or_default();
    if end.eq_ignore_ascii_case("xlsx") {
        return book(path, today);
    }
    let nobodys = |_: &str| false;
    if standing(path, &nobodys)? != Standing::Nothing {
        return Err(Error::Exists {
            path: path.to_owned(),
        });
    }
    let mut file = AtomicFile::create(path)?;
    std::io::Write::write_all(&mut file, template_csv(today).as_bytes())
        .map_err(|error| cannot_write(path, error))?;
    file.commit(&nobodys)
}

fn example_day(today: Date) -> Date {
    let days = jiff::SignedDuration::from_hours(24 * EXAMPLE_DAYS);
    today.saturating_add(days)
}

fn book(path: &Path, today: Date) -> Result<(), Error> {
    let mut file = BookFile::create(path, Kind::Own)?;
    file.add_sheet("payouts")?;
    let looks = Looks::new();
    file.on(0, |sheet| {
        for (place, column) in (0u16..).zip(&COLUMNS) {
            begin_column(sheet, place, column, &looks)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        for (place, column) in (0u16..).zip(&COLUMNS) {
            write_example(sheet, place, column, today, &looks)?;
        }
        Ok(())
    })?;
    file.finish()
}

fn begin_column(
    sheet: &mut Worksheet,
    place: u16,
    column: &Column,
    looks: &Looks,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(0, place, column.name, &looks.header)?;
    let note = Note::new(column.rule)
        .add_author_prefix(false)
        .set_width(260);
    sheet.insert_note(0, place, &note)?;
    sheet.set_column_width(place, column.width)?;
    let date = date_look();
    let look = match column.holds {
        Holds::Text | Holds::YesNo => &looks.text,
        Holds::Money => &looks.money,
        Holds::Date => &date,
    };
    sheet.set_column_format(place, look)?;
    let hint = hint(column)?
        .ignore_blank(true)
        .set_error_style(DataValidationErrorStyle::Warning)
        .set_input_message(column.rule)?;
    sheet.add_data_validation(1, place, ROWS, place, &hint)?;
    Ok(())
}

fn date_look() -> Format {
    Format::new().set_num_format("yyyy-mm-dd")
}

/// What the spreadsheet warns of while a cell is typed.
fn hint(column: &Column) -> Result<DataValidation, XlsxError> {
    let hint = DataValidation::new();
    Ok(match (column.holds, column.name) {
        (Holds::Money, _) => {
            let least = DataValidationRule::GreaterThanOrEqualTo(Formula::new("1"));
            hint.allow_decimal_number_formula(least)
        }
        (Holds::Date, _) => {
            let last = Formula::new("TODAY()+30");
            hint.allow_date_formula(DataValidationRule::Between(Formula::new("TODAY()"), last))
        }
        (Holds::YesNo, _) => hint.allow_list_strings(&["yes", "no"])?,
        (Holds::Text, "phone") => hint.allow_text_length(DataValidationRule::Between(10, 16)),
        (Holds::Text, "name" | "description") => {
            hint.allow_text_length(DataValidationRule::Between(1, 100))
        }
        (Holds::Text, "cashgram_id") => hint.allow_text_length(DataValidationRule::Between(1, 35)),
        (Holds::Text, "remarks") => hint.allow_text_length(DataValidationRule::Between(1, 70)),
        (Holds::Text, "payout_type") => hint.allow_text_length(DataValidationRule::Between(1, 20)),
        (Holds::Text, _) => hint.allow_text_length(DataValidationRule::Between(3, 200)),
    })
}

fn write_example(
    sheet: &mut Worksheet,
    place: u16,
    column: &Column,
    today: Date,
    looks: &Looks,
) -> Result<(), XlsxError> {
    match column.holds {
        Holds::Money => {
            let amount = Money::parse(column.example).unwrap_or_default();
            write_money(sheet, (1, place), amount, &looks.money)
        }
        Holds::Date => {
            let day = example_day(today);
            let written = rust_xlsxwriter::ExcelDateTime::parse_from_str(&day.to_string())?;
            sheet.write_datetime_with_format(1, place, written, &date_look())?;
            Ok(())
        }
        Holds::Text | Holds::YesNo if column.example.is_empty() => Ok(()),
        Holds::Text | Holds::YesNo => {
            sheet.write_string_with_format(1, place, column.example, &looks.text)?;
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_header_is_understood_whole() {
        let text = template_csv(date(2026, 11, 24));
        let header =
            csv::StringRecord::from(text.lines().next().unwrap().split(',').collect::<Vec<_>>());
        let header = crate::sheet::Header::read(&header, 1, Path::new("t.csv")).unwrap();
        assert_eq!(header.not_read(), Vec::<String>::new());
        assert!(
            text.ends_with(
                "Example Person - remove this row,9000000001,1.00,remove.this.row@example.com,2026-12-01,,June salary,Salary,,yes\n"
            ),
            "{text}"
        );
    }
}
