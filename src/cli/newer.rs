//! Links that took the place of dead ones that were adopted, and of which nothing else tells: results may be older than
//! they are, or lost.
//!
//! Deliberately absent: what becomes of them. A `retry` of their rows finds them, and a `send --adopt` takes them.

use crate::checkpoint::Store;
use crate::domain::State;
use crate::engine::{Halt, Session};
use crate::gateway::Gateway;
use crate::report::words::counted;

use super::finish::RENEWED_MAX;
use super::shell::Shell;

/// Looks for them, and says how each is found again. How many there are.
pub(super) async fn look_for<G: Gateway>(
    session: &mut Session<G>,
    shell: &Shell,
) -> anyhow::Result<Result<u64, Halt>> {
    let mut newer = 0;
    for state in [State::Created, State::Cancelled] {
        let next = session
            .read(move |store: &Store| store.after_dead_adopted(state))
            .await?;
        let found = match session.look_for(next.keys().cloned().collect()).await {
            Ok(found) => found,
            Err(halt) => return Ok(Err(halt)),
        };
        let mut rows: Vec<u64> = found
            .iter()
            .filter_map(|id| next.get(id).copied())
            .collect();
        rows.sort_unstable();
        rows.truncate(RENEWED_MAX);
        // Of the others a list follows, with those among them that nothing has replaced.
        let retry = match state == State::Cancelled {
            true => format!("`{}`", shell.again.renewing("--cancelled", &rows)),
            false => "the retry that is shown below".to_owned(),
        };
        let found = u64::try_from(found.len()).unwrap_or(u64::MAX);
        if found > 0 {
            shell.screen.line(&format!(
                "{} been replaced by a newer one that exists at the gateway: run {retry}, which finds it and makes none, \
                 then `{}`",
                counted(found, "dead link has", "dead links have each"),
                shell.again.as_command("send").with("--adopt")
            ));
        }
        newer += found;
    }
    Ok(Ok(newer))
}
