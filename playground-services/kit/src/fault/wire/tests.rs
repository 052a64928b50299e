use super::*;

fn fault(kind: &str, target: &str, more: &str) -> Fault {
    let spec = format!(r#"{{"kind":"{kind}","target":"{target}","ttl_ms":null{more}}}"#);
    Fault { id: "f".into(), spec: serde_json::from_str(&spec).expect("a spec"), installed_at: 1000 }
}

fn publish(ordinal: u64, attempt: u32) -> Passing<'static> {
    let (from, topic) = ("orders", Some("orders"));
    Passing { leg: Leg::Publish, from, to: BROKER, topic, ordinal, what: "OrderCreated", attempt }
}

fn delivery() -> Passing<'static> {
    Passing { leg: Leg::Delivery, to: "inventory", ..publish(1, 1) }
}

fn request() -> Passing<'static> {
    Passing {
        leg: Leg::Request,
        from: "terrarium",
        to: "orders",
        topic: None,
        ordinal: 1,
        what: "PlaceOrder",
        attempt: 1,
    }
}

fn strikes(fault: &Fault, passing: &Passing<'_>) -> bool {
    verdict(std::slice::from_ref(fault), passing, 2000) != Verdict::Pass
}

fn cuts(fault: &Fault, passing: &Passing<'_>) -> bool {
    severed(std::slice::from_ref(fault), passing, 2000).is_some()
}

#[test]
fn each_kind_has_its_verdict() {
    let of = |kind, more| {
        let fault = fault(kind, "topic:orders", more);
        format!("{:?}", verdict(&[fault], &publish(1, 1), 2000))
    };
    assert!(of("duplicate", "").starts_with("Duplicate"));
    assert!(of("reorder", "").starts_with("Reorder"));
    assert!(of("drop", "").starts_with("Drop"));
    assert!(of("fail", "").ends_with("status: 503 }"));
    assert!(of("fail", r#","params":{"status":500}"#).ends_with("status: 500 }"));
    assert!(of("delay", "").ends_with("us: 1000000 }"));
    assert!(of("delay", r#","params":{"ms":20}"#).ends_with("us: 20000 }"));
    for other in ["crash", "pause", "partition", "broker-outage", "slow-store", "crash-before-publish", "fail-step"] {
        assert_eq!(of(other, ""), "Pass", "{other}");
    }
}

#[test]
fn a_target_is_hit_on_its_own_stretches_only() {
    for (target, hit) in [
        ("broker", [true, true, false]),
        ("topic:orders", [true, false, false]),
        ("topic:payments", [false, false, false]),
        ("inventory", [false, true, false]),
        ("orders", [false, false, false]),
        ("orders->inventory", [false, true, false]),
        ("inventory->orders", [false, false, false]),
        ("terrarium->orders", [false, false, true]),
    ] {
        let fault = fault("drop", target, "");
        assert_eq!([publish(1, 1), delivery(), request()].map(|way| strikes(&fault, &way)), hit, "{target}");
    }
}

#[test]
fn a_partition_cuts_both_ways_and_an_outage_all_that_the_broker_does() {
    for (kind, target, cut) in [
        ("broker-outage", "broker", [true, true, false]),
        ("partition", "orders->inventory", [false, true, false]),
        ("partition", "inventory->orders", [false, true, false]),
        ("partition", "orders->broker", [true, false, false]),
        ("partition", "broker->inventory", [false, true, false]),
        ("partition", "inventory", [false, true, false]),
        ("partition", "orders", [true, false, true]),
        ("partition", "orders->terrarium", [false, false, true]),
        ("partition", "payments", [false, false, false]),
    ] {
        let fault = fault(kind, target, "");
        assert_eq!([publish(1, 1), delivery(), request()].map(|way| cuts(&fault, &way)), cut, "{kind} {target}");
    }
}

#[test]
fn the_same_seed_strikes_the_same_and_each_attempt_anew() {
    let fault = fault("drop", "broker", r#","strength":50,"seed":7"#);
    let hits = |attempt| (0..1000).map(|n| strikes(&fault, &publish(n, attempt))).collect::<Vec<_>>();
    let share = hits(1).iter().filter(|hit| **hit).count();
    assert!((400..600).contains(&share), "{share} of 1000");
    assert_eq!(hits(1), hits(1));
    assert_ne!(hits(1), hits(2));
    let again = Fault { installed_at: 7, ..fault.clone() };
    assert_eq!(hits(1), (0..1000).map(|n| strikes(&again, &publish(n, 1))).collect::<Vec<_>>());
}

#[test]
fn every_counts_commands_and_a_fault_acts_within_its_time() {
    let third = fault("drop", "broker", r#","params":{"every":3}"#);
    assert_eq!((1..8).filter(|&n| strikes(&third, &publish(n, 1))).collect::<Vec<_>>(), [3, 6]);
    let mut brief = fault("drop", "broker", r#","after_ms":1"#);
    brief.spec.ttl_ms = Some(1);
    let at = |now| verdict(std::slice::from_ref(&brief), &publish(1, 1), now) != Verdict::Pass;
    assert_eq!([1999, 2000, 2999, 3000].map(at), [false, true, true, false]);
}

#[test]
fn jitter_stays_within_its_bounds_and_varies() {
    let fault = fault("delay", "broker", r#","params":{"ms":10,"jitter_ms":5}"#);
    let waits: Vec<u64> = (0..200)
        .map(|n| match verdict(std::slice::from_ref(&fault), &publish(n, 1), 2000) {
            Verdict::Delay { us, .. } => us,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(waits.iter().all(|us| (10_000..=15_000).contains(us)), "{waits:?}");
    assert!(waits.iter().any(|us| *us < 12_000) && waits.iter().any(|us| *us > 13_000), "{waits:?}");
}

#[test]
fn the_first_of_several_decides() {
    let faults = [fault("delay", "topic:payments", ""), fault("drop", "broker", ""), fault("fail", "broker", "")];
    assert!(matches!(verdict(&faults, &publish(1, 1), 2000), Verdict::Drop { fault } if fault.spec == faults[1].spec));
}

#[test]
fn a_fault_for_some_types_leaves_the_others_alone() {
    let only = |types: &str| fault("drop", "inventory", &format!(r#","params":{{"only":{types}}}"#));
    assert!(strikes(&only(r#"["OrderCancelled","OrderCreated"]"#), &delivery()));
    assert!(!strikes(&only(r#"["OrderCancelled"]"#), &delivery()));
}
