//! The options that say how a sheet is laid out, and how strictly it is judged.

use clap::Args;

use crate::cli::values;
use crate::sheet::{Charset, Field};

/// How a text file is laid out.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Sheet")]
pub struct LayoutArgs {
    /// Encoding of the file [default: UTF-8, or UTF-16 where the file starts with its mark]
    #[arg(
        long,
        value_name = "utf-8|utf-16le|utf-16be|windows-1252",
        value_parser = values::encoding
    )]
    pub encoding: Option<Charset>,
    /// What separates the cells [default: what the header line shows]
    #[arg(
        long,
        value_name = "comma|semicolon|tab|pipe",
        value_parser = values::delimiter
    )]
    pub delimiter: Option<u8>,
    /// A column that stands for a field whatever it is called, such as phone="Mobile 1"; may be given more than once,
    /// and in a --config file several stand in one text, with ; between them
    #[arg(long, value_name = "FIELD=COLUMN", value_parser = values::mapping)]
    pub map: Option<Vec<(Field, String)>>,
    /// Stop at warnings too, not only at problems, and list all of them with those in BATCH.problems.csv
    #[arg(long, num_args = 0, default_missing_value = "yes", value_parser = values::yes_or_no)]
    pub strict: Option<bool>,
}
