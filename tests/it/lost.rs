//! A lost checkpoint, and what its results go on saying.

use crate::guards::{CHECKPOINT, RESULTS, guarded, sent};
use crate::support::*;

#[test]
fn results_whose_checkpoint_is_lost_are_kept_beside_the_new_ones() {
    let gate = Gate::new();
    let world = sent(&gate, 3);
    let links = world.text(RESULTS);
    // What was made earlier has the same columns of ours behind others.
    world.sheet("june.test.earlier.csv", &links);
    world.lose_checkpoint(CHECKPOINT);
    let refused = world.send("june.csv", &gate);
    guarded(&world, &gate, refused, 4, &["--adopt"]);
    assert_ne!(world.text(RESULTS), links);
    assert_eq!(world.text("june.test.lost-1.csv"), links);
    assert_eq!(world.text("june.test.lost-1.earlier.csv"), links);
    // A second loss does not take the place of the first, and adopting leaves both.
    world.lose_checkpoint(CHECKPOINT);
    world.send("june.csv", &gate).arg("--adopt").run().exits(0);
    assert_eq!(world.text("june.test.lost-1.csv"), links);
    assert!(world.has("june.test.lost-2.csv"));
    let purge = world.talk("purge", "june.csv", &gate);
    purge.args(["--yes", "--unfinished"]).run().exits(0);
    for name in ["lost-1.csv", "lost-1.earlier.csv", "lost-2.csv"] {
        assert!(!world.has(&format!("june.test.{name}")), "{name}");
    }
}
