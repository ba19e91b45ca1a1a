//! The payouts of a run as the checkpoint gives them, page by page.

use std::collections::VecDeque;

use crate::checkpoint::OpenRow;

use super::super::recorder::{Failed, Recorder};

/// Rows read from the checkpoint at a time: enough to keep the senders busy while the next page is read.
const PAGE_ROWS: u32 = 512;

/// What is read, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// What is in doubt: it decides what is open.
    #[default]
    Unknown,
    /// Conflicts that an earlier run left before it looked them up.
    Unseen,
    /// What is to be sent.
    Ready,
    /// Nothing more.
    Over,
}

/// Where the reading stands.
#[derive(Debug, Default)]
pub(super) struct Feed {
    stage: Stage,
    after: u64,
    pub(super) page: VecDeque<OpenRow>,
}

impl Feed {
    /// Reads the next page, which may be blank. False if there is none.
    pub(super) async fn read(&mut self, recorder: &Recorder) -> Result<bool, Failed> {
        let (stage, after) = (self.stage, self.after);
        let read = recorder.run(move |store| match stage {
            Stage::Unknown => store.unknown_page(after, PAGE_ROWS),
            Stage::Unseen => store.unseen_page(after, PAGE_ROWS),
            Stage::Ready => store.ready_page(after, PAGE_ROWS),
            Stage::Over => Ok(Vec::new()),
        });
        let page = read.await?;
        (self.stage, self.after) = match page.last() {
            Some(last) => (stage, last.row),
            None => (stage.next(), 0),
        };
        self.page = page.into();
        Ok(self.stage != Stage::Over)
    }
}

impl Stage {
    fn next(self) -> Stage {
        match self {
            Stage::Unknown => Stage::Unseen,
            Stage::Unseen => Stage::Ready,
            Stage::Ready | Stage::Over => Stage::Over,
        }
    }
}
