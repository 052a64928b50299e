//! Posts are written by one model and read from three others, which hear of them.

use super::shop::{Place, names, on, service};
use super::{ServiceSpec, SwitchSpec, Topology};

/// Where posts are written, and the topic that tells of them.
const FEED: &str = "feed";

pub fn topology() -> Topology {
    Topology {
        name: "cqrs-feed".into(),
        title: "Feed, with read models".into(),
        services: vec![
            ServiceSpec { commands: names(&["PublishPost"]), ..service(FEED, [0, 0], vec![], vec![]) },
            read_model("timeline", [1, 0]),
            read_model("catalogue", [1, 1]),
            read_model("dashboard", [0, 1]),
        ],
        switches: ["outbox", "inbox"].map(|name| SwitchSpec { name: name.into(), on: true }).into(),
        saga: None,
    }
}

fn read_model(name: &str, place: Place) -> ServiceSpec {
    ServiceSpec { publishes: None, ..service(name, place, vec![on(FEED, &["PostPublished"])], vec![]) }
}
