//! A cancel as a session makes it: what was never sent first, then what stands at the gateway.
//!
//! Deliberately absent: the closing of the batch, which needs no gateway.

use super::*;
use crate::checkpoint::News;

impl<G: Gateway> Session<G> {
    /// Stops everything that a cancel is about, of a choice what is chosen. What was never sent is cancelled first, and
    /// looked up before that where it may exist all the same: then it is in conflict.
    pub async fn stop(&mut self) -> Outcome {
        if let Err(halt) = self.authorize().await {
            return self.halted(halt);
        }
        let wish = match self.stop_unsent().await {
            Ok(wish) => wish,
            Err(halt) => return self.halted(halt),
        };
        let source = Source::Stop {
            after: Some(PayoutNo(0)),
            wish,
        };
        let asked = self.asker(source).run(self.interrupt.clone()).await;
        asked.outcome
    }

    /// Returns the wish that goes with what was sent.
    async fn stop_unsent(&mut self) -> Result<News, Halt> {
        let recorder = self.line.recorder.clone();
        let asked = recorder.run(|store| store.may_exist_unsent()).await;
        if asked.map_err(|why| not_recorded(&why))? {
            let source = Source::Unsent {
                after: Some(PayoutNo(0)),
            };
            self.ask(source).await?;
            let noted = recorder.run(|store| store.note_found()).await;
            noted.map_err(|why| not_recorded(&why))?;
        }
        let at = self.line.clock.now();
        let cancelled = recorder.run(move |store| {
            store.cancel_ready(at)?;
            Ok(store.wish())
        });
        cancelled.await.map_err(|why| not_recorded(&why))
    }

    fn halted(&self, halt: Halt) -> Outcome {
        Outcome {
            halt: Some(halt),
            requests: self.requests(),
            ..Outcome::default()
        }
    }
}
