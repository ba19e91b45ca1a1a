//! The rows of a text, read ahead on a thread of its own: while one core splits the next rows, another judges these.
//!
//! The search for card numbers, which needs no column's meaning and looks at every cell, is done here too. Rows come in batches, in order, and so does the error that ends them. Batches are used again, so that memory stays
//! what a few of them take. Deliberately absent: what a row is (`read`), and anything that is done with one.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use csv::StringRecord;

use crate::domain::card::holds_card_number;

use super::error::Error;
use super::read::Records;

/// Most rows in a batch: enough that handing one over costs nothing per row.
const BATCH_ROWS: usize = 512;
/// A batch ends at so much text: rows may be long, and several batches are held at once.
const BATCH_BYTES: usize = 256 * 1024;
/// Batches that wait to be judged. With one being filled and one being judged, four are held.
const BATCHES_WAITING: usize = 2;

/// What one pass of the thread brings.
#[derive(Default)]
struct Batch {
    rows: Vec<AheadRow>,
    /// So many of `rows` are of this batch; the others are kept for their memory.
    filled: usize,
    /// After the last row: the file's SHA-256 if it was asked for, or why there are no more rows.
    end: Option<Result<Option<[u8; 32]>, Error>>,
}

/// One row.
#[derive(Default)]
struct AheadRow {
    line: u64,
    cells: StringRecord,
    holds_card: bool,
}

/// The rows of one text.
pub(super) struct Ahead {
    path: PathBuf,
    batches: Receiver<Batch>,
    /// Batches on their way back to be filled again.
    spent: SyncSender<Batch>,
    batch: Batch,
    /// The next row of `batch`.
    next: usize,
    fingerprint: Option<[u8; 32]>,
}

impl Ahead {
    /// Begins to read.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(super) fn of<R: Read + Send + 'static>(records: Records<R>) -> Result<Ahead, Error> {
        let path = records.path().to_owned();
        let (full, batches) = sync_channel(BATCHES_WAITING);
        let (spent, empty) = sync_channel(BATCHES_WAITING + 2);
        let thread = std::thread::Builder::new().name("sheet".to_owned());
        let started = thread.spawn(move || read(records, &full, &empty));
        started.map_err(|source| Error::Read {
            path: path.clone(),
            source,
        })?;
        Ok(Ahead {
            path,
            batches,
            spent,
            batch: Batch::default(),
            next: 0,
            fingerprint: None,
        })
    }

    /// Goes to the next row that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, Error> {
        while self.next >= self.batch.filled {
            match self.batch.end.take() {
                Some(Ok(fingerprint)) => {
                    self.batch.end = Some(Ok(fingerprint));
                    self.fingerprint = fingerprint;
                    return Ok(false);
                }
                Some(Err(error)) => return Err(error),
                None => self.turn()?,
            }
        }
        self.next += 1;
        Ok(true)
    }

    /// The line and the cells of the row last read.
    pub(super) fn current(&self) -> (u64, &StringRecord) {
        static NONE: std::sync::LazyLock<StringRecord> =
            std::sync::LazyLock::new(StringRecord::new);
        self.row().map_or((0, &NONE), |row| (row.line, &row.cells))
    }

    /// Whether a cell of the row last read holds a card's number.
    pub(super) fn holds_card(&self) -> bool {
        self.row().is_some_and(|row| row.holds_card)
    }

    fn row(&self) -> Option<&AheadRow> {
        let at = self.next.checked_sub(1)?;
        self.batch.rows.get(at)
    }

    /// The sheet's path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// SHA-256 of the file's bytes, after the last row and if it was asked for.
    pub(super) fn fingerprint(&self) -> Option<[u8; 32]> {
        self.fingerprint
    }

    fn turn(&mut self) -> Result<(), Error> {
        let batch = self.batches.recv().map_err(|_| Error::Read {
            path: self.path.clone(),
            source: std::io::Error::other("its reader ended early"),
        })?;
        let spent = std::mem::replace(&mut self.batch, batch);
        // The thread may have ended.
        let _ = self.spent.try_send(spent);
        self.next = 0;
        Ok(())
    }
}

/// Fills batches until the rows end or nobody wants them.
fn read<R: Read>(mut records: Records<R>, full: &SyncSender<Batch>, empty: &Receiver<Batch>) {
    loop {
        let mut batch = empty.try_recv().unwrap_or_default();
        fill(&mut batch, &mut records);
        let last = batch.end.is_some();
        if full.send(batch).is_err() || last {
            return;
        }
    }
}

fn fill<R: Read>(batch: &mut Batch, records: &mut Records<R>) {
    batch.filled = 0;
    batch.end = None;
    let mut bytes = 0;
    while batch.filled < BATCH_ROWS && bytes < BATCH_BYTES {
        match records.advance() {
            Ok(true) => {}
            Ok(false) => return batch.end = Some(Ok(records.fingerprint())),
            Err(error) => return batch.end = Some(Err(error)),
        }
        if batch.rows.len() == batch.filled {
            batch.rows.push(AheadRow::default());
        }
        if let Some(row) = batch.rows.get_mut(batch.filled) {
            row.line = records.take_into(&mut row.cells);
            row.holds_card = row.cells.iter().any(holds_card_number);
            bytes += row.cells.as_slice().len();
        }
        batch.filled += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(text: String) -> Ahead {
        let source = std::io::Cursor::new(text.into_bytes());
        Ahead::of(Records::new(source, Path::new("june.csv"), true)).unwrap()
    }

    #[test]
    fn all_rows_come_in_order_and_the_end_stays() {
        let rows = BATCH_ROWS * 5 + 3;
        let text: String = (0..rows).map(|row| format!("{row},x\n")).collect();
        let mut ahead = ahead(text);
        for row in 0..rows {
            assert!(ahead.advance().unwrap());
            let (line, cells) = ahead.current();
            assert_eq!(cells.get(0), Some(row.to_string().as_str()));
            assert_eq!(line, u64::try_from(row).unwrap() + 1);
        }
        assert_eq!(ahead.fingerprint(), None, "the end was not seen yet");
        assert!(!ahead.advance().unwrap() && !ahead.advance().unwrap());
        assert!(ahead.fingerprint().is_some());
    }

    #[test]
    fn an_error_comes_after_the_rows_before_it() {
        let mut ahead = ahead("a,b\nc,d\n\"open,".to_owned());
        assert!(ahead.advance().unwrap() && ahead.advance().unwrap());
        assert!(matches!(
            ahead.advance(),
            Err(Error::OpenQuote { line: 3, .. })
        ));
    }
}
