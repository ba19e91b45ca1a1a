//! The spreadsheet edge, in and out.
