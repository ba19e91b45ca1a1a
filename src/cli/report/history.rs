//! The facts, read once: how the runs went, how long answers took, and what happened to each listed payout.

use std::collections::{HashMap, VecDeque};

use crate::checkpoint::{FactRow, Note, PauseNote, Store};
use crate::report::page::{FactLine, Latency, Limit, Page, PauseSpan, Run, Timeline};

use super::gather::time;

/// Runs drawn: the latest that sent.
const RUNS_MAX: usize = 6;
/// Pauses drawn in one run.
const PAUSES_MAX: usize = 60;
/// Facts told of one payout.
const FACTS_EACH_MAX: usize = 24;

/// Fills in what only the facts know. `places` is where each listed payout stands in the page.
///
/// # Errors
///
/// If the checkpoint cannot be read.
pub(super) fn tell(
    store: &Store,
    page: &mut Page,
    places: &HashMap<i64, usize>,
) -> anyhow::Result<()> {
    let mut telling = Telling::default();
    store.each_fact(|fact| match fact {
        FactRow::OfBatch(note) => telling.note(&note),
        FactRow::OfPayout {
            payout,
            at,
            kind,
            attempt,
            detail,
        } => {
            telling.take(payout, at, kind);
            let listed = places.get(&payout).and_then(|at| page.payouts.get_mut(*at));
            if let Some(listed) = listed {
                if listed.facts.len() < FACTS_EACH_MAX {
                    listed.facts.push(FactLine {
                        at: time(at),
                        words: words(kind, attempt, detail),
                    });
                } else {
                    listed.facts_left_out += 1;
                }
            }
        }
    })?;
    telling.end_run();
    page.runs = telling.runs.into();
    page.runs_left_out = telling.left_out;
    page.answers = telling.answers;
    Ok(())
}

#[derive(Default)]
struct Telling {
    runs: VecDeque<Run>,
    left_out: u64,
    answers: Latency,
    /// Creates whose answer is not recorded: at any time no more than a run sends at once.
    in_flight: HashMap<i64, i64>,
    present: Present,
}

/// The run that is being read.
#[derive(Default)]
struct Present {
    limit: Option<Limit>,
    creates: Option<Timeline>,
    pauses: Vec<PauseSpan>,
    left_out: u64,
    open: Option<PauseSpan>,
    last_ms: i64,
}

impl Telling {
    fn note(&mut self, note: &Note) {
        match note {
            Note::Began { rate, .. } => {
                self.end_run();
                // What a dead run left in flight is never answered.
                self.in_flight.clear();
                self.present.limit = rate.map(|(count, window)| Limit {
                    count: count.get().into(),
                    window_ms: u64::try_from(window.as_millis()).unwrap_or(u64::MAX),
                });
            }
            Note::Paused { at, pause, wait } => {
                self.present.close_pause(at.as_millisecond());
                let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                self.present.open = Some(PauseSpan {
                    from_ms: at.as_millisecond(),
                    until_ms: at.as_millisecond().saturating_add(wait),
                    why: why(*pause),
                });
            }
            Note::Resumed { at } => self.present.close_pause(at.as_millisecond()),
        }
    }

    fn take(&mut self, payout: i64, at: i64, kind: &str) {
        self.present.last_ms = at;
        match kind {
            "sending" => {
                self.in_flight.insert(payout, at);
                self.present
                    .creates
                    .get_or_insert_with(|| Timeline::starting(at))
                    .add(at);
            }
            "created" | "rejected" | "duplicate" | "throttled" | "token_refused" | "stopped" => {
                if let Some(sent) = self.in_flight.remove(&payout) {
                    let took = at.saturating_sub(sent).max(0);
                    self.answers.add(took.unsigned_abs());
                }
            }
            // No answer to a create, or none that tells how long it took.
            _ => drop(self.in_flight.remove(&payout)),
        }
    }

    fn end_run(&mut self) {
        let mut run = std::mem::take(&mut self.present);
        run.close_pause(i64::MAX);
        let Some(mut creates) = run.creates else {
            return;
        };
        let start = creates.start_ms();
        run.pauses.retain(|pause| pause.until_ms > start);
        if let Some(last) = run.pauses.iter().map(|pause| pause.until_ms).max() {
            creates.extend_to(last.saturating_sub(1));
        }
        self.runs.push_back(Run {
            began: time(start),
            rate: run.limit,
            creates,
            pauses: run.pauses,
            pauses_left_out: run.left_out,
        });
        if self.runs.len() > RUNS_MAX {
            self.runs.pop_front();
            self.left_out += 1;
        }
    }
}

impl Present {
    /// Ends the pause under way, at `at_ms` or when it was to end. A run that died in it did not wait any longer.
    fn close_pause(&mut self, at_ms: i64) {
        let Some(mut pause) = self.open.take() else {
            return;
        };
        pause.until_ms = match at_ms {
            i64::MAX => pause.until_ms.min(self.last_ms),
            resumed => resumed,
        };
        if pause.until_ms <= pause.from_ms {
            return;
        }
        let full = self.pauses.len() >= PAUSES_MAX;
        match self.pauses.last_mut() {
            Some(before) if before.why == pause.why && before.until_ms >= pause.from_ms => {
                before.until_ms = pause.until_ms;
            }
            _ if full => self.left_out += 1,
            _ => self.pauses.push(pause),
        }
    }
}

fn why(pause: PauseNote) -> &'static str {
    match pause {
        PauseNote::Throttled => "the gateway asked to wait",
        PauseNote::OutOfReach => "the gateway was out of reach",
        PauseNote::Settling => "all was sent; waiting to look up what was in doubt",
    }
}

/// A fact in words. A kind that this program does not know is told as it is spelled.
fn words(kind: &str, attempt: Option<u32>, detail: &str) -> String {
    let detail: serde_json::Value = serde_json::from_str(detail).unwrap_or_default();
    let text = |key: &str| {
        let value = detail.get(key).and_then(serde_json::Value::as_str);
        value.filter(|text| !text.is_empty())
    };
    let said = match kind {
        "sending" => format!("attempt {} about to leave", attempt.unwrap_or(0)),
        "created" => "created".to_owned(),
        "rejected" => "refused".to_owned(),
        "duplicate" => "the id exists already".to_owned(),
        "not_sent" => "nothing left".to_owned(),
        "throttled" => "asked to wait".to_owned(),
        "token_refused" => "the session's token was refused".to_owned(),
        "stopped" => "not acted on, and the run stopped".to_owned(),
        "in_doubt" => "no certain answer".to_owned(),
        "found" => "looked up: it exists".to_owned(),
        "missing" => "looked up: not known to the gateway".to_owned(),
        "adopted" => "adopted".to_owned(),
        "mended" => "mended, or to be tried again".to_owned(),
        "refused_before" => "refused before the checkpoint was lost".to_owned(),
        "made_before" => "made before the checkpoint was lost".to_owned(),
        "spoiled" => "the row has problems now".to_owned(),
        "swept" => "status read".to_owned(),
        "cancelling" => "to be cancelled".to_owned(),
        "closing" => "to be cancelled with the whole batch".to_owned(),
        "deactivated" => "cancelled by us".to_owned(),
        "resumed" => "no longer to be cancelled".to_owned(),
        "proven_dead" => "dead, by two looks apart".to_owned(),
        "replaced" => "replaced by a new link".to_owned(),
        other => other.replace('_', " "),
    };
    let told = [
        "status",
        "reason",
        "message",
        "code",
        "why",
        "utr",
        "reference",
    ]
    .into_iter()
    .filter_map(text);
    let told: Vec<&str> = told.collect();
    if told.is_empty() {
        said
    } else {
        format!("{said}: {}", told.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_in_words() {
        for (kind, attempt, detail, said) in [
            ("sending", Some(2), "", "attempt 2 about to leave"),
            (
                "created",
                None,
                r#"{"reference":"77","link":"https://x"}"#,
                "created: 77",
            ),
            (
                "rejected",
                None,
                r#"{"code":"422","message":"Bad phone"}"#,
                "refused: Bad phone, 422",
            ),
            (
                "swept",
                None,
                r#"{"status":"EXPIRED","reason":null,"utr":""}"#,
                "status read: EXPIRED",
            ),
            ("made_up", None, "{", "made up"),
        ] {
            assert_eq!(words(kind, attempt, detail), said);
        }
    }
}
