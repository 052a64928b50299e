//! Posts are written by one model and read from three others, which hear of them.

use super::shop::{Place, names, on, service};
use super::{Reads, SPLIT_MODEL, ServiceSpec, SwitchSpec, Topology};

/// Where posts are written, and the topic that tells of them.
const FEED: &str = "feed";
/// Of each service. With [`READ_MS`] a replica answers 400 reads a second, whichever it is.
const WORKERS: u32 = 2;
const READ_MS: u64 = 5;

pub fn topology() -> Topology {
    Topology {
        name: "cqrs-feed".into(),
        title: "Feed, with read models".into(),
        services: vec![
            ServiceSpec {
                commands: names(&["PublishPost"]),
                workers: WORKERS,
                // It could answer them all; it has to join for it, with the workers that it writes with.
                reads: Some(reads(&["newest", "search", "counts"], None)),
                ..service(FEED, [0, 0], vec![], vec![])
            },
            ServiceSpec {
                commands: names(&["RebuildReadModel", "SwitchReadModel", "BreakReadModel"]),
                ..read_model("timeline", "newest", [1, 0])
            },
            read_model("catalogue", "search", [1, 1]),
            read_model("dashboard", "counts", [0, 1]),
        ],
        switches: ["outbox", "inbox", SPLIT_MODEL].map(|name| SwitchSpec { name: name.into(), on: true }).into(),
        saga: None,
    }
}

fn read_model(name: &str, query: &str, place: Place) -> ServiceSpec {
    ServiceSpec {
        publishes: None,
        workers: WORKERS,
        reads: Some(reads(&[query], Some(FEED))),
        ..service(name, place, vec![on(FEED, &["PostPublished"])], vec![])
    }
}

fn reads(queries: &[&str], instead: Option<&str>) -> Reads {
    Reads { queries: names(queries), latency_ms: READ_MS, instead: instead.map(Into::into) }
}
