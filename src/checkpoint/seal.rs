//! A checksum in every line of the file, so that a byte that changed by itself is never believed.
//!
//! SQLite checks the shape of its pages, not what stands in them: one flipped byte is another amount, another phone or
//! another state. A payout has three seals, by what is read together: `pay_seal` over what is paid and how it stands,
//! `told_seal` over what the results tell, `place_seal` over its row in the sheet. Every statement that writes a payout
//! brings them or leaves them to triggers of the connection, what forgets them makes lines that nobody will read, and
//! they are proved wherever a line is read to act on it or to tell it.
//!
//! Deliberately absent: any defence against people. Whoever can write the file can write the seal too.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ffi};

/// What is paid, and what decides what may happen to it.
macro_rules! pay {
    ($of:literal) => {
        concat!(
            $of,
            "cashgram_id,",
            $of,
            "own_id,",
            $of,
            "occurrence,",
            $of,
            "generation,",
            $of,
            "name,",
            $of,
            "phone,",
            $of,
            "email,",
            $of,
            "amount,",
            $of,
            "link_expiry,",
            $of,
            "remarks,",
            $of,
            "payout_type,",
            $of,
            "description,",
            $of,
            "notify,",
            $of,
            "terms,",
            $of,
            "history,",
            $of,
            "body,",
            $of,
            "status_class,",
            $of,
            "redeemed_at,",
            $of,
            "dead_at"
        )
    };
}

/// What the results tell, in their order.
macro_rules! told {
    ($of:literal) => {
        concat!(
            $of,
            "cashgram_id,",
            $of,
            "reference_id,",
            $of,
            "cashgram_link,",
            $of,
            "state,",
            $of,
            "status,",
            $of,
            "status_reason,",
            $of,
            "utr,",
            $of,
            "error_code,",
            $of,
            "error_message,",
            $of,
            "attempts,",
            $of,
            "created_at,",
            $of,
            "checked_at"
        )
    };
}

/// Columns of a new file, and of one that is migrated.
pub(super) const COLUMNS: [(&str, &str); 6] = [
    ("payouts", "pay_seal"),
    ("payouts", "told_seal"),
    ("payouts", "place_seal"),
    ("meta", "seal"),
    ("totals", "seal"),
    ("status_totals", "seal"),
];

/// Holds for a payout that is as it was written; an error for any other. For the end of a WHERE.
pub(super) const WHOLE: &str = concat!(
    "sealed(pay_seal,",
    pay!(""),
    ") AND sealed(told_seal,",
    told!(""),
    ")"
);
/// The same for its place in the sheet. A row that has left the sheet has none.
pub(super) const PLACED: &str =
    "(row IS NULL AND place_seal IS NULL OR sealed(place_seal, row, line, cells))";

/// What a payout is by its row, and no news changes.
macro_rules! by_row {
    () => {
        "cashgram_id, own_id, occurrence, generation, name, phone, email, amount, link_expiry, remarks, payout_type,
         description, notify"
    };
}

/// Keep the seals where a payout's row changes. Payouts come by the million and news comes for every one of them, twice
/// and more, and a trigger costs as much as its statement: whatever makes a payout ([`of_new`], [`SEAL_ONE`]) or writes
/// its other columns ([`sealed_update`]) brings the seals itself.
const TRIGGERS: &str = concat!(
    "CREATE TEMP TRIGGER sealed_payment AFTER UPDATE OF ", by_row!(), " ON main.payouts
        WHEN NEW.pay_seal IS OLD.pay_seal AND NEW.told_seal IS OLD.told_seal BEGIN
        UPDATE payouts SET pay_seal = seal(", pay!("NEW."), "), told_seal = seal(", told!("NEW."), ")
        WHERE payout = NEW.payout; END;
    CREATE TEMP TRIGGER sealed_place AFTER UPDATE OF row, line, cells ON main.payouts
        WHEN NEW.row IS NOT NULL AND NEW.place_seal IS OLD.place_seal OR NEW.row IS NULL AND NEW.place_seal IS NOT NULL
    BEGIN UPDATE payouts SET
            place_seal = CASE WHEN NEW.row IS NULL THEN NULL ELSE seal(NEW.row, NEW.line, NEW.cells) END
        WHERE payout = NEW.payout; END;"
);

/// Seals payouts as they stand. A WHERE may follow.
macro_rules! seal_payouts {
    () => {
        concat!(
            "UPDATE payouts SET pay_seal = seal(",
            pay!(""),
            "), told_seal = seal(",
            told!(""),
            "), place_seal = CASE WHEN row IS NULL THEN NULL ELSE seal(row, line, cells) END"
        )
    };
}

/// Seals the payout `?1`, which was made without.
pub(super) const SEAL_ONE: &str = concat!(seal_payouts!(), " WHERE payout = ?1");

/// Seals everything in a file that was made before there were seals.
pub(super) const SEAL_ALL: &str = concat!(
    seal_payouts!(),
    ";
    UPDATE meta SET seal = seal(key, value);
    UPDATE totals SET seal = seal(state, rows, amount);
    UPDATE status_totals SET seal = seal(status, class, rows);"
);

/// Seals anew what is paid, for a migration that changes it. For the beginning of an UPDATE.
pub(super) const SEAL_PAY: &str = concat!("UPDATE payouts SET pay_seal = seal(", pay!(""), ")");

/// An UPDATE of the payout `?1` that sets these columns to these expressions and brings the new seals itself. More
/// conditions may follow.
pub(super) fn sealed_update(sets: &[(&str, &str)]) -> String {
    let after = |columns: &str| {
        let values: Vec<&str> = columns
            .split(',')
            .map(|column| {
                let set = sets.iter().find(|(name, _)| *name == column);
                set.map_or(column, |(_, value)| value)
            })
            .collect();
        values.join(", ")
    };
    let assignments: Vec<String> = sets
        .iter()
        .map(|(column, value)| format!("{column} = {value}"))
        .collect();
    format!(
        "UPDATE payouts SET {}, pay_seal = seal({}), told_seal = seal({}) WHERE payout = ?1",
        assignments.join(", "),
        after(pay!("")),
        after(told!("")),
    )
}

/// Lines of the small tables that are not as they were written are an error here.
pub(super) const PROVE_SMALL: &str =
    "SELECT (SELECT count(*) FROM meta WHERE sealed(seal, key, value))
    + (SELECT count(*) FROM totals WHERE sealed(seal, state, rows, amount))
    + (SELECT count(*) FROM status_totals WHERE sealed(seal, status, class, rows))";

/// Reads and proves every payout.
pub(super) fn prove_payouts(conn: &Connection) -> rusqlite::Result<()> {
    let sql = format!("SELECT count(*) FROM payouts WHERE {WHOLE} AND {PLACED}");
    conn.query_row(&sql, [], |_| Ok(()))
}

/// Teaches a connection `seal(...)`, and `sealed(seal, ...)`, which fails where the two differ.
pub(super) fn teach(conn: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("seal", -1, flags, |call| Ok(of_call(call, 0)))?;
    conn.create_scalar_function("sealed", -1, flags, |call| {
        match call.get_raw(0) == ValueRef::Integer(of_call(call, 1)) {
            true => Ok(true),
            false => Err(broken()),
        }
    })
}

/// Has a connection keep the seals of the payouts that it writes.
pub(super) fn keep(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(TRIGGERS)
}

/// What a broken seal reads as: the same as a page that SQLite cannot make sense of.
pub(super) fn broken() -> rusqlite::Error {
    let words = "a line is not as it was written";
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(words.to_owned()))
}

fn of_call(call: &Context<'_>, from: usize) -> i64 {
    of((from..call.len()).map(|at| call.get_raw(at)))
}

/// The three seals of a payout of which nothing is known but its row: by where it stands (row, line, cells), by what it is
/// (`by_row`, in that order) and by its state.
pub(super) fn of_new<'v>(
    place: [ValueRef<'v>; 3],
    paid: [ValueRef<'v>; 13],
    state: ValueRef<'v>,
) -> [i64; 3] {
    const NULL: ValueRef<'_> = ValueRef::Null;
    const NONE: ValueRef<'_> = ValueRef::Integer(0);
    let [id, ..] = paid;
    // terms, history, body, status_class, redeemed_at, dead_at
    let pay = of(paid.into_iter().chain([NULL, NONE, NULL, NULL, NULL, NULL]));
    // cashgram_id, reference_id, cashgram_link, state, status, status_reason, utr, error_code, error_message, attempts,
    // created_at, checked_at
    let told = of([
        id, NULL, NULL, state, NULL, NULL, NULL, NULL, NULL, NONE, NULL, NULL,
    ]
    .into_iter());
    [pay, told, of(place.into_iter())]
}

/// The seal over these values: whatever differs in eight bytes of one of them, the seal differs.
pub(super) fn of<'v>(values: impl Iterator<Item = ValueRef<'v>>) -> i64 {
    /// Any start would do; not zero, so that zeros count.
    const START: u64 = 0x7061_7973_6865_6574;
    values.fold(START, mix_value).cast_signed()
}

fn mix_value(seal: u64, value: ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Null => mix(seal, 1),
        ValueRef::Integer(number) => mix(mix(seal, 2), number.cast_unsigned()),
        ValueRef::Real(number) => mix(mix(seal, 3), number.to_bits()),
        ValueRef::Text(bytes) => mix_bytes(mix(seal, 4), bytes),
        ValueRef::Blob(bytes) => mix_bytes(mix(seal, 5), bytes),
    }
}

fn mix_bytes(seal: u64, bytes: &[u8]) -> u64 {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let (words, rest) = bytes.as_chunks::<8>();
    let seal = words.iter().fold(mix(seal, length), |seal, word| {
        mix(seal, u64::from_le_bytes(*word))
    });
    let mut last = [0; 8];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    mix(seal, u64::from_le_bytes(last))
}

/// One to one in either argument: a multiplication by an odd number and a shift lose nothing.
fn mix(seal: u64, word: u64) -> u64 {
    /// 2^64 divided by the golden ratio: odd, with its bits well spread.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (seal ^ word).wrapping_mul(SPREAD);
    mixed ^ (mixed >> 29)
}

#[cfg(test)]
mod tests;
