//! What was asked of the sandbox, for tests that must prove "no id was sent twice" or "the rate was kept".

use super::ask::{Operation, Request};
use super::mischief::Fault;
use super::time::Moment;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Requests remembered; the oldest are dropped beyond it. Enough for any test's batch, some 20 MB at worst.
pub const REQUESTS_MAX: usize = 100_000;

/// One request as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its number, from 1.
    pub number: u64,
    /// When it arrived, by the machine's clock: advancing the sandbox's own does not bend rates.
    pub at: Moment,
    /// What was asked, if it was anything known.
    pub operation: Option<Operation>,
    /// HTTP method.
    pub method: String,
    /// Path.
    pub path: String,
    /// The Cashgram it was about.
    pub id: Option<String>,
    /// What it did to the books.
    pub effect: &'static str,
    /// What befell it.
    pub fault: Option<Fault>,
    /// HTTP status of the reply; none if the connection was closed instead.
    pub status: Option<u16>,
}

impl Seen {
    /// A request at its arrival.
    pub(super) fn new(number: u64, at: Moment, request: &Request<'_>) -> Self {
        let (method, path) = (request.method.to_owned(), request.path.to_owned());
        Self {
            number,
            at,
            operation: None,
            method,
            path,
            id: None,
            effect: "none",
            fault: None,
            status: None,
        }
    }

    fn json(&self) -> Value {
        json!({
            "number": self.number, "at_us": self.at.micros(), "method": self.method, "path": self.path,
            "operation": self.operation.map(Operation::name), "cashgramId": self.id, "effect": self.effect,
            "fault": self.fault.map(Fault::name), "status": self.status,
        })
    }
}

/// The log and its counts.
#[derive(Debug, Default)]
pub(super) struct Log {
    seen: VecDeque<Seen>,
    counts: BTreeMap<String, u64>,
    total: u64,
}

impl Log {
    /// Remembers a request.
    pub(super) fn note(&mut self, seen: Seen) {
        let operation = seen.operation.map_or("other", Operation::name);
        self.count("requests", operation);
        self.count("effects", seen.effect);
        if let Some(fault) = seen.fault {
            self.count("faults", fault.name());
        }
        let status = seen
            .status
            .map_or_else(|| "closed".into(), |status| status.to_string());
        self.count("replies", &status);
        self.total = self.total.saturating_add(1);
        if self.seen.len() >= REQUESTS_MAX {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
    }

    fn count(&mut self, family: &str, name: &str) {
        let key = format!("{family}.{name}");
        let count = self.counts.entry(key).or_default();
        *count = count.saturating_add(1);
    }

    /// Everything remembered, oldest first.
    pub(super) fn seen(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter()
    }

    /// The log as JSON.
    pub(super) fn json(&self) -> Value {
        let dropped = self
            .total
            .saturating_sub(u64::try_from(self.seen.len()).unwrap_or(0));
        json!({"dropped": dropped, "requests": self.seen.iter().map(Seen::json).collect::<Vec<_>>()})
    }

    /// The counts as JSON, by family.
    pub(super) fn counts(&self) -> Map<String, Value> {
        let mut families = Map::new();
        for (key, count) in &self.counts {
            let (family, name) = key.split_once('.').unwrap_or(("other", key));
            let family = families.entry(family).or_insert_with(|| json!({}));
            if let Some(family) = family.as_object_mut() {
                family.insert(name.to_owned(), Value::from(*count));
            }
        }
        families
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_forgets_its_oldest_and_says_so() {
        let mut log = Log::default();
        for number in 0..100_002 {
            log.note(Seen::new(
                number,
                Moment::from_micros(0),
                &Request::default(),
            ));
        }
        assert_eq!(log.seen().count(), REQUESTS_MAX);
        assert_eq!(log.seen().next().unwrap().number, 2);
        assert_eq!(log.json()["dropped"], 2);
        assert_eq!(log.counts()["replies"]["closed"], 100_002);
    }
}
