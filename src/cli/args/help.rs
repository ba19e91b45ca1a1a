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
  paysheet validate june.xlsx --marked june-marked.xlsx
  paysheet validate june.csv --fix june-fixed.csv

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
