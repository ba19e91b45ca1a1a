//! `paysheet completions`, as it is typed.

use clap::Args;
use clap_complete::Shell;

/// `paysheet completions`
#[derive(Args, Clone, Copy, Debug)]
pub struct CompletionsArgs {
    /// The shell that is to complete
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Examples and exit codes.
pub(super) const HELP: &str = "\
Examples:
  paysheet completions bash > ~/.local/share/bash-completion/completions/paysheet
  paysheet completions zsh > ~/.zfunc/_paysheet

Exit codes:
  0 written   1 stdout could not be written   2 wrong usage";
