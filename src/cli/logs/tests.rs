//! Log records: their form, and that nothing personal is in them.

use super::*;
use std::sync::{Arc, Mutex};

fn logged(format: LogFormat, voice: Voice, say: impl FnOnce()) -> Vec<String> {
    let written = Arc::new(Mutex::new(Vec::new()));
    let paper = Arc::clone(&written);
    let lines = Lines {
        format,
        clock: Clock::Fixed("2026-11-22T10:11:12.5Z".parse().unwrap()),
        write: move |line: &str| paper.lock().unwrap().push(line.to_owned()),
    };
    let filter = wanted(voice, None).unwrap();
    let subscriber = tracing_subscriber::registry().with(filter).with(lines);
    tracing::subscriber::with_default(subscriber, say);
    written.lock().unwrap().clone()
}

fn examples() {
    tracing::warn!(
        id = "june-9876543210",
        reference = 9_876_543_210_u64,
        row = 12,
        "sent to 9876543210\nfine"
    );
    tracing::info!(phone = 9_876_543_210_u64, why = ?"Bearer abc", "undecided");
}

#[test]
fn text() {
    let lines = logged(LogFormat::Text, Voice::default(), examples);
    assert_eq!(
        lines,
        [
            "2026-11-22T10:11:12.500Z  WARN sent to ******3210\\nfine id=june-9876543210 reference=9876543210 row=12",
            "2026-11-22T10:11:12.500Z  INFO undecided phone=******3210 why=\"\\\"Bearer ***\\\"\"",
        ]
    );
}

#[test]
fn json() {
    let lines = logged(LogFormat::Json, Voice::default(), examples);
    assert_eq!(
        lines,
        [
            r#"{"time":"2026-11-22T10:11:12.500Z","level":"warn","target":"paysheet::cli::logs::tests","message":"sent to ******3210 fine","id":"june-9876543210","reference":9876543210,"row":12}"#,
            r#"{"time":"2026-11-22T10:11:12.500Z","level":"info","target":"paysheet::cli::logs::tests","message":"undecided","phone":"******3210","why":"\"Bearer ***\""}"#,
        ]
    );
}

#[test]
fn how_much_is_said() {
    let all = || {
        tracing::error!("e");
        tracing::info!("i");
        tracing::debug!("d");
        tracing::info!(target: "hyper", "other");
    };
    let count = |voice| logged(LogFormat::Text, voice, all).len();
    let quiet = Voice {
        quiet: true,
        ..Voice::default()
    };
    let verbose = Voice {
        verbose: true,
        ..Voice::default()
    };
    assert_eq!(
        (count(quiet), count(Voice::default()), count(verbose)),
        (1, 2, 3)
    );
    assert_eq!(
        wanted(Voice::default(), Some("=,="))
            .unwrap_err()
            .exit
            .code(),
        2
    );
}
