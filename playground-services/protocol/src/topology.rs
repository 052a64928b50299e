//! What runs in a sandbox: one value that both launches the services and gives the
//! diagram its nodes and edges, so the picture cannot drift from what runs.

mod account;
mod challenge;
mod choreography;
mod feed;
mod gift;
mod monolith;
mod orchestration;
mod shop;
mod touched;

use crate::Name;
use serde::{Deserialize, Serialize};
pub use touched::Touched;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topology {
    /// The name in the API: `saga-choreography`.
    pub name: Name,
    /// What people read: `Choreography`.
    pub title: Name,
    pub services: Vec<ServiceSpec>,
    /// The protections that can be switched off here.
    #[serde(default)]
    pub switches: Vec<SwitchSpec>,
    /// Where one service leads the saga: what it goes by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saga: Option<SagaSpec>,
}

/// A saga as its leader goes through it. What takes a step back is said by the service that does
/// ([`StepSpec::compensates`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SagaSpec {
    /// By name, in order.
    pub steps: Vec<Name>,
    /// The step after which there is no way back, only on.
    pub pivot: Name,
}

/// A protection, such as `outbox`, and how it stands when a sandbox begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchSpec {
    pub name: Name,
    pub on: bool,
}

/// A saga step that a service carries out: what triggers it, and what it takes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSpec {
    /// `reserve-stock`
    pub name: Name,
    /// The types of the commands or messages at which it is carried out.
    pub on: Vec<Name>,
    /// The step that this one compensates.
    pub compensates: Option<Name>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceSpec {
    pub name: Name,
    /// Command types it takes over HTTP, at `POST /commands`.
    pub commands: Vec<Name>,
    /// The topic it publishes to; carries its own name.
    pub publishes: Option<Name>,
    pub consumes: Vec<Subscription>,
    /// How many pieces of work one replica does at a time.
    pub workers: u32,
    /// What it calls outside the glass, with a declared latency.
    pub outside: Option<Outside>,
    /// Pieces of item 42 on its shelf on the first day.
    pub stock: i64,
    /// The saga steps it carries out.
    #[serde(default)]
    pub steps: Vec<StepSpec>,
    /// How many replicas run when a sandbox begins, besides the first.
    #[serde(default)]
    pub standbys: u32,
    /// What it answers to readers over HTTP, at `GET /queries/…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Reads>,
    /// Where it stands on the diagram's grid: column, row.
    pub place: [u8; 2],
}

/// What can be read from a service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reads {
    /// By name: `newest`.
    pub queries: Vec<Name>,
    /// How long a read keeps a worker busy, at least. Declared and shown as such: it gives a
    /// replica a capacity that shows on a machine of any size.
    pub latency_ms: u64,
    /// Who answers instead of it while the switch [`SPLIT_MODEL`] is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<Name>,
}

/// On: reads are answered by read models. Off: by the model that is written to.
pub const SPLIT_MODEL: &str = "split-model";

/// A consumer group (named after its service) reads these types of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    pub topic: Name,
    pub types: Vec<Name>,
}

/// Something real systems call that is not part of this one, such as a card network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outside {
    pub name: Name,
    /// Declared and shown as such; not work of ours.
    pub latency_ms: u64,
}

impl ServiceSpec {
    /// Only one of its replicas works at a time; the others stand by.
    pub fn is_led(&self) -> bool {
        self.standbys > 0
    }

    /// The saga step that a command or message of this type makes it carry out.
    pub fn step_on(&self, kind: &str) -> Option<&StepSpec> {
        self.steps.iter().find(|step| step.on.iter().any(|on| &**on == kind))
    }
}

impl Topology {
    /// The service that carries out a saga step, and the step.
    pub fn step(&self, name: &str) -> Option<(&ServiceSpec, &StepSpec)> {
        self.services
            .iter()
            .find_map(|service| service.steps.iter().find(|step| &*step.name == name).map(|step| (service, step)))
    }

    /// The step that takes this one back.
    pub fn compensation(&self, step: &str) -> Option<&StepSpec> {
        let takes_back = |other: &&StepSpec| other.compensates.as_deref() == Some(step);
        self.services.iter().flat_map(|service| &service.steps).find(takes_back)
    }

    pub fn service(&self, name: &str) -> Option<&ServiceSpec> {
        self.services.iter().find(|service| &*service.name == name)
    }

    /// Has this service take the place of the one of its name, or come to the others.
    fn put(&mut self, service: ServiceSpec) {
        match self.services.iter_mut().find(|known| known.name == service.name) {
            Some(known) => *known = service,
            None => self.services.push(service),
        }
    }

    /// The service that takes this type of command.
    pub fn owner_of(&self, command: &str) -> Option<&ServiceSpec> {
        self.services.iter().find(|service| service.commands.iter().any(|name| &**name == command))
    }

    /// Who answers this query of a service, as the switches stand.
    pub fn reader_of(&self, service: &ServiceSpec, query: &str, switches: &[SwitchSpec]) -> Option<&ServiceSpec> {
        let reads = service.reads.as_ref().filter(|reads| reads.queries.iter().any(|name| **name == *query))?;
        let single = switches.iter().any(|switch| &*switch.name == SPLIT_MODEL && !switch.on);
        self.service(reads.instead.as_ref().filter(|_| single).unwrap_or(&service.name))
    }

    /// The topics, in the order of their publishers.
    pub fn topics(&self) -> impl Iterator<Item = &Name> {
        self.services.iter().filter_map(|service| service.publishes.as_ref())
    }

    /// The services that read a topic, each with the types it wants.
    pub fn readers<'a>(&'a self, topic: &'a str) -> impl Iterator<Item = (&'a ServiceSpec, &'a [Name])> {
        self.services.iter().flat_map(move |service| {
            service.consumes.iter().filter(move |s| &*s.topic == topic).map(move |s| (service, &s.types[..]))
        })
    }

    /// The same topology with every declared latency set to 0, `workers` per replica and more
    /// stock than anyone can order, for measuring what is ours.
    pub fn unhindered(mut self, workers: u32) -> Self {
        for service in &mut self.services {
            service.workers = workers;
            service.stock *= 1_000_000;
            if let Some(outside) = &mut service.outside {
                outside.latency_ms = 0;
            }
            if let Some(reads) = &mut service.reads {
                reads.latency_ms = 0;
            }
        }
        self
    }
}

/// All topologies that can be started, by name.
pub fn topologies() -> Vec<Topology> {
    vec![
        choreography::topology(),
        orchestration::topology(),
        gift::choreography(),
        gift::orchestration(),
        challenge::topology(),
        monolith::topology(),
        feed::topology(),
        account::topology(),
    ]
}

/// The topology of that name.
pub fn topology(name: &str) -> Option<Topology> {
    topologies().into_iter().find(|topology| &*topology.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_step_of_a_saga_is_carried_out_by_a_service() {
        for topology in topologies() {
            for step in topology.saga.iter().flat_map(|saga| saga.steps.iter().chain([&saga.pivot])) {
                assert!(topology.step(step).is_some(), "{step} of {}", topology.name);
            }
        }
    }

    #[test]
    fn every_subscription_reads_a_topic_that_somebody_publishes() {
        for topology in topologies() {
            let topics: Vec<_> = topology.topics().collect();
            for subscription in topology.services.iter().flat_map(|service| &service.consumes) {
                assert!(topics.contains(&&subscription.topic), "{} of {}", subscription.topic, topology.name);
            }
        }
    }
}
