//! What `--help` says below the options: two examples that run, and the exit codes.
//!
//! Deliberately absent: commands whose arguments have a file of their own, and their help with them.

pub(super) const HELP_TOP: &str = "\
Start with a rehearsal, which needs no account and pays nobody:
  paysheet send june.csv";

pub(super) const HELP_VALIDATE: &str = "\
Examples:
  paysheet validate june.csv
  paysheet validate june.csv --expect-count 1204 --expect-total 54,32,100.00

Exit codes:
  0 every row is payable   1 a file could not be read or written   2 wrong usage
  3 the sheet is not payable as it is";

pub(super) const HELP_SEND: &str = "\
Examples:
  paysheet send june.csv
  paysheet send june.csv --env production --expect-total 5432100.00 --yes --json

Exit codes:
  0 all done   1 stopped, run again   2 wrong usage   3 the sheet is not payable, nothing was sent
  4 finished, but rows need a person   130 interrupted, run again to resume";

pub(super) const HELP_STATUS: &str = "\
Examples:
  paysheet status june.csv --env production
  paysheet status june.csv --env production --watch 15m

Exit codes:
  0 nothing needs a person   1 stopped, run again   2 wrong usage   4 rows need a person
  130 interrupted, run again";

pub(super) const HELP_RESULTS: &str = "\
Examples:
  paysheet results june.csv --env production
  paysheet results june.csv --env production --xlsx

Exit codes:
  0 written   1 a file could not be read or written   2 wrong usage";

pub(super) const HELP_SANDBOX: &str = "\
Examples:
  paysheet sandbox --listen 127.0.0.1:8900
  paysheet sandbox --state books.db --latency 200ms --links redeem=60%

Exit codes:
  0 stopped by Ctrl-C   1 the address or the state file is not to be had   2 wrong usage";

/// The examples, then every fault with what it means.
pub(super) fn help_sandbox() -> String {
    let mut text = HELP_SANDBOX.to_owned();
    text.push_str(
        "\n\nFaults, each with =SHARE (lost-after=2%) or @PREFIX of an id (lost-after@june-a):\n",
    );
    for (name, meaning) in crate::sandbox::FAULTS {
        text.push_str(&format!("  {name:<18}{meaning}\n"));
    }
    text
}
