//! Stopping one link: the wish on disk, the request, and what its answer, or a look after it, says.
//!
//! A deactivation is harmless to repeat, so doubt is nothing but another try. Deliberately absent: any decision whether
//! the link was stopped by us: that is the fold's, which knows whether the wish came first.

use tokio::time::Instant;

use crate::checkpoint::{News, PayoutNo};
use crate::domain::planted::{self, Mistake};
use crate::domain::{LookUp, Standing, State};
use crate::gateway::reading::{self, Deactivation};
use crate::gateway::{Gateway, Token};

use super::line::{Asking, Line, LookUpEnd, not_asked, without_token};
use super::recorder::Failed;

/// How one try ended.
#[derive(Debug)]
pub(super) enum StopEnd {
    /// Cancelled, by the gateway's word or because nothing was ever made.
    Stopped(Standing),
    /// What a look said instead, recorded.
    Looked(LookUpEnd),
}

impl<G: Gateway> Line<G> {
    /// Writes the wish down, unless it is known. Nothing is asked of the gateway before that.
    pub(super) async fn wish(
        &self,
        payout: PayoutNo,
        standing: Standing,
        wish: News,
    ) -> Result<Standing, Failed> {
        let history = standing.history;
        // What is named now was to be stopped with the whole batch so far.
        let more = history.closing && wish == News::Cancelling;
        if history.cancelling && !more {
            return Ok(standing);
        }
        let posted = self.post(payout, wish);
        if planted::is(Mistake::StopBeforeDurable) {
            tokio::select! { biased; _ = posted => {}, () = std::future::ready(()) => {} }
            return Ok(standing);
        }
        posted.await
    }

    /// Stops the payout that `standing` is about, as far as one request or two can.
    pub(super) async fn stop(
        &self,
        payout: PayoutNo,
        id: &str,
        standing: Standing,
    ) -> Result<StopEnd, Failed> {
        match standing.state {
            State::Created => self.stop_link(payout, id).await,
            State::Cancelled => Ok(StopEnd::Stopped(standing)),
            // Whether there is anything to stop is asked first.
            State::Unknown | State::Ready | State::Rejected | State::Conflict | State::Invalid => {
                let end = self.look_up(payout, id, Asking::Doubt).await?;
                Ok(StopEnd::Looked(end))
            }
        }
    }

    async fn stop_link(&self, payout: PayoutNo, id: &str) -> Result<StopEnd, Failed> {
        let look_up = match self.deactivate(id).await {
            Deactivation::Done => {
                let standing = self.post(payout, News::Deactivated).await?;
                return self.confirm(payout, id, standing).await;
            }
            // Redeemed, dead already, or stopped by a request whose answer was lost: a look tells.
            Deactivation::NotActive | Deactivation::Missing => {
                let end = self.look_up(payout, id, Asking::Status).await?;
                return Ok(StopEnd::Looked(end));
            }
            Deactivation::Throttled { wait } => LookUp::Throttled { wait },
            Deactivation::TokenRefused => LookUp::TokenRefused,
            Deactivation::StopRun(stop) => LookUp::StopRun(stop),
            Deactivation::NoAnswer { why, sent } => LookUp::NoAnswer { why, sent },
        };
        Ok(StopEnd::Looked(LookUpEnd {
            look_up,
            standing: None,
            asked: Instant::now(),
        }))
    }

    /// One look at what was stopped, so that its status is not what it was before. Without an answer the gateway's word
    /// stands, and a sweep asks again.
    async fn confirm(
        &self,
        payout: PayoutNo,
        id: &str,
        standing: Standing,
    ) -> Result<StopEnd, Failed> {
        let end = self.look_up(payout, id, Asking::Status).await?;
        Ok(match end.look_up {
            LookUp::Found(_) | LookUp::Missing => StopEnd::Looked(end),
            // This one is stopped; whatever speaks against going on speaks for all the others.
            LookUp::StopRun(_) => StopEnd::Looked(LookUpEnd {
                standing: Some(standing),
                ..end
            }),
            LookUp::Throttled { .. } | LookUp::TokenRefused | LookUp::NoAnswer { .. } => {
                StopEnd::Stopped(standing)
            }
        })
    }

    async fn deactivate(&self, id: &str) -> Deactivation {
        let token = match self.token().await {
            Ok(token) => token,
            Err(finding) => return unasked(without_token(finding)),
        };
        let first = self.deactivate_with(&token, id).await;
        if first != Deactivation::TokenRefused {
            return first;
        }
        match self.renew(&token).await {
            Ok(fresh) if self.budget.take() => self.deactivate_with(&fresh, id).await,
            Ok(_) => first,
            Err(finding) => unasked(without_token(finding)),
        }
    }

    async fn deactivate_with(&self, token: &Token, id: &str) -> Deactivation {
        let Ok(_place) = self.depart().await else {
            return unasked(not_asked("the run was stopping".to_owned()));
        };
        let read = reading::read_deactivate(&self.gateway.deactivate(token, id).await, id);
        if let Deactivation::Throttled { wait } = &read {
            self.pause(*wait);
        }
        read
    }
}

/// Without a token nothing was asked.
fn unasked(look_up: LookUp) -> Deactivation {
    match look_up {
        LookUp::Throttled { wait } => Deactivation::Throttled { wait },
        LookUp::StopRun(stop) => Deactivation::StopRun(stop),
        LookUp::NoAnswer { why, sent } => Deactivation::NoAnswer { why, sent },
        LookUp::TokenRefused | LookUp::Found(_) | LookUp::Missing => Deactivation::TokenRefused,
    }
}
