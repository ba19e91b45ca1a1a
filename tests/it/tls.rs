//! Who is at the other end: a gateway that cannot prove it is told nothing, not even the credentials.
//!
//! Deliberately absent: what is said once the handshake stands.

use crate::support::tls::{Flaw, Tls};
use crate::support::trouble::*;
use crate::support::*;

#[test]
fn a_gateway_that_proves_who_it_is_gets_its_creates_over_tls() {
    let world = batch(5);
    let tls = Tls::start(Flaw::None, &world);
    let send = hasty(&world, &tls).args(["--ca-file", "ca.pem"]);
    sent(&send, 0, &world, &tls);
    all_paid(&world, &tls, 5);
    assert!(tls.connections() > 0);
}

#[test]
fn a_gateway_that_cannot_prove_who_it_is_is_told_nothing() {
    let flaws: Vec<(Flaw, &[&str])> = vec![
        (Flaw::Expired, &["expired", "clock"]),
        (Flaw::WrongHost, &["certificate is for another name"]),
        (Flaw::SelfSigned, &["signed by nobody this machine trusts"]),
        (Flaw::Old, &["no TLS that is still safe"]),
        (Flaw::Stubborn, &["no TLS that is still safe"]),
        (Flaw::PlainText, &["does not speak TLS"]),
    ];
    each_of(flaws, |(flaw, words)| {
        let world = batch(3);
        let tls = Tls::start(flaw, &world);
        let send = hasty(&world, &tls).args(["--ca-file", "ca.pem"]);
        let output = sent(&send, 1, &world, &tls);
        let output = output.says(words).says(["not proven", "To go on, run"]);
        let output = output.hides([CLIENT_SECRET]);
        assert_eq!(tls.asked(), 0, "{flaw:?}: {output}");
        assert!(tls.connections() <= 2, "{flaw:?} was tried again: {output}");
        assert_eq!(
            world.table(RESULTS).states("ready"),
            3,
            "{flaw:?}: {output}"
        );
    });
}

/// Without `--ca-file` the system's authorities decide, and they have not signed ours.
#[test]
fn an_authority_that_the_system_does_not_know_is_not_believed() {
    let world = batch(3);
    let tls = Tls::start(Flaw::None, &world);
    let output = hasty(&world, &tls).run().exits(1).says(["--ca-file"]);
    assert_eq!(tls.asked(), 0, "{output}");
}
