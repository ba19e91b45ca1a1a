//! What the fuzz targets do with their input: one `run` each, which panics where a promise is broken.
//!
//! The same functions replay every seed and every regression file in the stable tests (`tests/it/fuzz.rs`). Each
//! holds the program to an independent reading of its own, not to what the program says of itself.
//!
//! Deliberately absent: whatever needs a network, and the settings of the fuzzer (`fuzz/README.md`).

pub mod amount;
pub mod checkpoint_open;
pub mod date;
pub mod header;
pub mod phone;
pub mod reply;
pub mod sheet_bytes;
pub mod workbook;

mod audit;
