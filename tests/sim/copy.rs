//! Copies of the checkpoint that people make, and bring back beside results that may know more.
//!
//! What is asked of the copy is real; reading the results is not part of this.

use std::path::{Path, PathBuf};

use fastrand::Rng;
use paysheet::checkpoint::Store;

use super::life::{Desk, binding};
use super::mix::Mix;
use super::play::{lose, remove};
use super::sheet::Sheet;
use super::world::Shared;

/// A copy as it was made.
pub(crate) struct Copy {
    path: PathBuf,
    /// The sheet that it was filled from.
    taken: Option<Sheet>,
    /// Its checkpoint had written results of its own.
    has_written: bool,
}

/// What people do with copies between two runs.
pub(crate) fn meddle(shared: &Shared, desk: &mut Desk<'_>, mix: &Mix, rng: &mut Rng) {
    if mix.mortal.restore == 0 || !desk.path.exists() {
        return;
    }
    match desk.copy.take() {
        Some(copy) if rng.u32(0..100) < mix.mortal.restore => {
            bring_back(shared, desk, &copy, mix, rng);
            remove(&copy.path);
        }
        Some(copy) if rng.bool() => desk.copy = Some(copy),
        Some(_) | None => {
            let path = desk.path.with_extension("copy");
            put(shared, desk.path, &path);
            desk.copy = Some(Copy {
                path,
                taken: desk.taken.clone(),
                has_written: shared.world().kept.has_written,
            });
        }
    }
}

/// A checkpoint in the place of another.
fn put(shared: &Shared, from: &Path, to: &Path) {
    shared.world().witness = None;
    remove(to);
    let store = Store::open(from, &binding()).unwrap();
    store.copy_to(to).unwrap();
}

fn bring_back(shared: &Shared, desk: &mut Desk<'_>, copy: &Copy, mix: &Mix, rng: &mut Rng) {
    let newest = desk.path.with_extension("newest");
    put(shared, desk.path, &newest);
    put(shared, &copy.path, desk.path);
    let store = Store::open(desk.path, &binding()).unwrap();
    let is_asked = copy.has_written || !store.meta().replaces_lost;
    // What only a run that died knew is in no results; where rows are edited too, that is a person's affair.
    let is_blind = mix.mortal.edit > 0;
    let is_older = is_asked && shared.world().kept.knows_more_than(&store);
    drop(store);
    if is_older {
        shared.world().count("guard: an older copy");
        if rng.bool() {
            put(shared, &newest, desk.path);
        } else {
            lose(shared, desk, mix);
        }
    } else if is_blind {
        put(shared, &newest, desk.path);
    } else {
        let mut world = shared.world();
        world.count("a copy brought back");
        // What was denied to the run that the copy is of, it still takes for never made.
        let denied = std::mem::take(&mut world.denied);
        world.lose();
        world.denied = denied;
        world.is_copy = true;
        world.kept.has_written = copy.has_written;
        desk.taken.clone_from(&copy.taken);
        desk.auditor.forget();
    }
    remove(&newest);
}
