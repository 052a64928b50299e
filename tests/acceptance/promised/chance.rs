//! Faults by chance, of every kind, wherever a topology has a place for them.

use fastrand::Rng;
use protocol::{Name, Topology};
use serde_json::{Value, json};

/// Milliseconds that one stands, by the sandbox's clock.
const STANDS_MS: std::ops::Range<u64> = 500..4000;

/// A fault that ends by itself.
pub fn any_fault(rng: &mut Rng, topology: &Topology) -> Value {
    let places = Places::of(topology);
    let (kind, target, params) = match rng.u8(0..18) {
        0 | 1 => ("drop", places.wire(rng), json!({})),
        2 | 3 => ("duplicate", places.wire(rng), json!({})),
        4 | 5 => ("delay", places.wire(rng), json!({"ms": 50, "jitter_ms": 800})),
        6 | 7 => ("reorder", places.wire(rng), json!({})),
        8 | 9 => ("fail", places.wire(rng), json!({})),
        10 => ("decline-payments", "payments".to_owned(), json!({})),
        11 => ("slow-store", places.service(rng), json!({"ms": 20})),
        12 => ("partition", places.service(rng), json!({})),
        13 => ("broker-outage", "broker".to_owned(), json!({})),
        14 => ("crash", places.service(rng), json!({})),
        15 => ("pause", places.service(rng), json!({})),
        16 => ("crash-before-publish", rng.choice(&places.publishers).expect("some").to_string(), json!({})),
        _ => {
            let (service, step) = rng.choice(&places.steps).expect("some");
            let when = rng.choice(["before", "after"]).expect("two");
            ("fail-step", service.to_string(), json!({"step": step, "when": when}))
        }
    };
    let strength = match kind {
        "drop" | "duplicate" | "delay" | "reorder" | "fail" | "decline-payments" | "fail-step" => rng.u8(10..70),
        _ => 100,
    };
    json!({
        "kind": kind, "target": target, "strength": strength, "seed": rng.u64(1..1_000_000),
        "ttl_ms": rng.u64(STANDS_MS), "params": params,
    })
}

/// Where faults can strike.
struct Places {
    services: Vec<Name>,
    publishers: Vec<Name>,
    /// Edges, topics, and the broker.
    wires: Vec<String>,
    steps: Vec<(Name, Name)>,
}

impl Places {
    fn of(topology: &Topology) -> Self {
        let services = || topology.services.iter();
        let publishers: Vec<Name> =
            services().filter(|service| service.publishes.is_some()).map(|service| service.name.clone()).collect();
        let mut wires = vec!["broker".to_owned(), "terrarium->orders".to_owned()];
        wires.extend(publishers.iter().map(|topic| format!("topic:{topic}")));
        wires.extend(services().flat_map(|service| {
            service.consumes.iter().map(|read| format!("{}->{}", read.topic, service.name)).collect::<Vec<_>>()
        }));
        let of = |service: &protocol::ServiceSpec| {
            let name = service.name.clone();
            service.steps.iter().map(move |step| (name.clone(), step.name.clone())).collect::<Vec<_>>()
        };
        let steps = services().flat_map(of).collect();
        Places { services: services().map(|service| service.name.clone()).collect(), publishers, wires, steps }
    }

    fn service(&self, rng: &mut Rng) -> String {
        rng.choice(&self.services).expect("some").to_string()
    }

    fn wire(&self, rng: &mut Rng) -> String {
        rng.choice(&self.wires).expect("some").clone()
    }
}
