//! The options of `validate` that give the sheet back, marked or mended.

use std::path::PathBuf;

use clap::Args;

/// The editions of the sheet that are wanted.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Output")]
pub struct EditionArgs {
    /// Write the sheet as a workbook in which every problem is coloured and commented
    #[arg(long, value_name = "FILE.xlsx")]
    pub marked: Option<PathBuf>,
    /// Write the sheet with every sure repair made, as a new .csv or .xlsx
    #[arg(long, value_name = "NEWFILE")]
    pub fix: Option<PathBuf>,
}
