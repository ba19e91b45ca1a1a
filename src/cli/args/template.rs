//! `paysheet template`, as it is typed.

use std::path::PathBuf;

use clap::Args;

/// `paysheet template`
#[derive(Args, Clone, Debug)]
pub struct TemplateArgs {
    /// File to write, .xlsx or .csv; never one that is there [default: CSV on stdout]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The same, for a workbook
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub xlsx: Option<PathBuf>,
}

/// Examples and exit codes.
pub(super) const HELP: &str = "\
Examples:
  paysheet template > june.csv
  paysheet template june.xlsx

Exit codes:
  0 written   1 a file is there already, or it could not be written   2 wrong usage";
