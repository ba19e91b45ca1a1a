//! The results file: exactly the documented columns, every row, and the same bytes whenever they are written again.

use crate::support::audit::audit_json;
use crate::support::*;

fn send_thirty(gate: &impl Gateway) {
    let world = World::new();
    world.sheet("june.csv", rows(30));
    let run = world.send("june.csv", gate).run().exits(0);
    audit(&world, "june.test.results.csv", gate);
    audit_json(&run, &world.table("june.test.results.csv"));
    assert_eq!(gate.booked().len(), 30, "{run}");
}

#[test]
fn every_link_of_the_sandbox_stands_in_the_results() {
    let gate = Gate::new();
    send_thirty(&gate);
    assert_eq!(gate.creates(), 30);
}

#[test]
fn every_link_of_the_other_reading_of_the_protocol_stands_in_the_results() {
    let raw = Raw::honest();
    send_thirty(&raw);
    assert_eq!(raw.creates(), 30);
}
