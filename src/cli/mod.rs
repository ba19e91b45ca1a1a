//! The shell: the only folder that knows all others.

pub mod args;
pub mod config;
pub mod credentials;
pub mod exit;
pub mod settings;
pub mod values;

/// Runs the program; the process's exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
