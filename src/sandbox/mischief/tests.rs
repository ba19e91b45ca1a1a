//! Plans of faults: read, drawn and refused.

use super::*;

fn plan(text: &str) -> Plan {
    text.parse().unwrap()
}

fn refusal(text: &str) -> String {
    text.parse::<Plan>().unwrap_err()
}

#[test]
fn the_same_seed_decides_the_same() {
    let plan = plan("lost-after=2%,500-before=1%,html=1%,429=3%,token-death=0.5%");
    let run = |seed| {
        let decide = |n| plan.decide(seed, n, Operation::Create, Some("A"));
        (0..5_000).map(decide).collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
    let hit = run(1).into_iter().flatten().count();
    assert!((300..450).contains(&hit), "{hit} of 5000 for 7.5 %");
}

#[test]
fn a_fault_befalls_only_what_it_can() {
    let all = plan("unknown-word=100%");
    assert_eq!(
        all.decide(1, 1, Operation::Status, Some("A")),
        Some(Fault::UnknownWord)
    );
    assert_eq!(all.decide(1, 1, Operation::Create, Some("A")), None);
    let lost = plan("lost-after=100%");
    for operation in Operation::ALL {
        let spared = matches!(operation, Operation::Authorize | Operation::VerifyToken);
        assert_eq!(
            lost.decide(1, 1, operation, None).is_none(),
            spared,
            "{operation:?}"
        );
    }
    let login = plan("authorize:500-before=100%");
    assert_eq!(
        login.decide(1, 1, Operation::Authorize, None),
        Some(Fault::Error500Before)
    );
    assert_eq!(login.decide(1, 1, Operation::Create, None), None);
    let both = plan("balance:html=100%");
    assert_eq!(
        both.decide(1, 1, Operation::BalanceOfFund, None),
        Some(Fault::Html403)
    );
}

#[test]
fn an_id_prefix_comes_before_chance() {
    let plan = plan("429=100%,create:lost-after@JUN_7,html@JUN_8=0%");
    let decide = |operation, id| plan.decide(1, 1, operation, Some(id));
    assert_eq!(decide(Operation::Create, "JUN_71"), Some(Fault::LostAfter));
    assert_eq!(decide(Operation::Status, "JUN_71"), Some(Fault::Throttled));
    assert_eq!(decide(Operation::Create, "JUN_81"), Some(Fault::Throttled));
    assert_eq!(
        plan.decide(1, 1, Operation::Balance, None),
        Some(Fault::Throttled)
    );
}

#[test]
fn settings_are_spans() {
    let plan = plan(" missing-for=2s, late-by=7s ,stall-for=1m,delay-by=300ms,drip-by=1ms,");
    assert_eq!(plan.missing_for, Span::seconds(2));
    assert_eq!(plan.late_by, Span::seconds(7));
    assert!(!plan.is_empty());
    assert!("".parse::<Plan>().unwrap().is_empty());
}

#[test]
fn a_wrong_plan_says_what_is_wrong() {
    let unknown = refusal("lost=1%");
    assert!(
        unknown.starts_with("there is no fault `lost`; the faults are lost-before, lost-after,"),
        "{unknown}"
    );
    assert!(unknown.contains("missing-for"));
    assert!(refusal("429").starts_with("how often should `429` happen?"));
    assert!(refusal("429=7").contains("429: `7` is not a share"));
    assert!(refusal("missing-for=2").contains("missing-for: `2` is not a span"));
    assert!(refusal("transfer:429=1%").contains("no operation `transfer`"));
    assert!(refusal("status:late=1%").contains("cannot befall status"));
    assert!(refusal("429=60%,html=41%").contains("more than 100%"));
    assert!("create:429=60%,status:html=60%".parse::<Plan>().is_ok());
}

#[test]
fn every_fault_has_a_name_of_its_own_and_reads_back() {
    assert_eq!(FAULTS.len(), Fault::ALL.len());
    for ((name, meaning), fault) in FAULTS.iter().zip(Fault::ALL) {
        assert_eq!(fault.name(), *name);
        assert!(!meaning.is_empty());
        assert!(format!("{name}=1%").parse::<Plan>().is_ok(), "{name}");
    }
    let mut names: Vec<_> = FAULTS.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), FAULTS.len());
}
