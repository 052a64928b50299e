//! [`DiagramState`] and its fold.

use crate::{Pipe, Sagas, StepState, TableView};
use protocol::{Fault, Name, Observation, Position, Recorded, SwitchSpec, TERRARIUM, Topology, Uuid};
use serde::{Deserialize, Serialize};

/// The picture at one position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DiagramState {
    /// The last position folded in; 0 before the first.
    pub position: Position,
    /// Microseconds since the sandbox was created, of that position.
    pub at: u64,
    pub topology: Option<Topology>,
    pub hibernated: bool,
    pub nodes: Vec<Node>,
    pub pipes: Vec<Pipe>,
    pub sagas: Sagas,
    pub faults: Vec<Fault>,
    /// Accepted commands whose owner has not answered yet, oldest first.
    pub commands_waiting: Vec<Uuid>,
    /// Promises that do not hold, by name.
    #[serde(default)]
    pub broken: Vec<Broken>,
    /// Promises that did not hold for a while, the latest last: each by its last time.
    #[serde(default)]
    pub mended: Vec<Mended>,
    /// Commands that arrive at a steady rate.
    #[serde(default)]
    pub load: Option<Load>,
    /// The protections that can be switched off, in the topology's order.
    #[serde(default)]
    pub switches: Vec<SwitchSpec>,
    /// From the last command given at rest on.
    #[serde(default)]
    pub run: Option<Run>,
}

/// A replica of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub replica: u32,
    pub health: Health,
}

/// Which replica leads, and until when unless it renews.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub holder: u32,
    /// Rises with every new leader.
    pub token: u64,
    /// Microseconds since the sandbox was created.
    pub until: u64,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Broken {
    pub name: Name,
    /// The position that broke it.
    pub since: Position,
    /// In words.
    pub detail: String,
    /// When that was found, in microseconds since the sandbox was created.
    #[serde(default)]
    pub at: u64,
}

/// A stretch in which an invariant did not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mended {
    pub name: Name,
    /// The position that broke it, and the one from which on it holds again.
    pub since: Position,
    pub until: Position,
    /// How long that was, in microseconds.
    pub lasted: u64,
    /// How often it was broken so far.
    pub times: u32,
}

/// At most so many: more than there are promises.
const MENDED: usize = 32;

/// A steady load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Load {
    pub command_type: Name,
    /// Commands a second.
    pub rate: u32,
    /// Commands it sent so far.
    #[serde(default)]
    pub sent: u64,
}

/// From a command given at rest to the last thing that came of it so far. Times are
/// microseconds since the sandbox was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub began_at: u64,
    pub ended_at: u64,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    pub name: Name,
    pub health: Health,
    /// Why it is down, in words.
    pub reason: Option<String>,
    pub replicas: u32,
    /// Each of its replicas that was ever started and not scaled away, by number.
    #[serde(default)]
    pub instances: Vec<Instance>,
    /// Where its replicas have a leader.
    #[serde(default)]
    pub lease: Option<Lease>,
    /// Its operating system process, when it has one of its own.
    pub pid: Option<u32>,
    /// Its own tables (without the kit's bookkeeping), in the order they were first written.
    pub tables: Vec<TableView>,
    /// Transactions committed.
    pub commits: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Not started yet, or ended in good order (hibernated, server stopped).
    #[default]
    Stopped,
    Up,
    Crashed,
    /// It stands still.
    Paused,
}

impl Node {
    /// None of its replicas takes anything.
    pub fn is_down(&self) -> bool {
        matches!(self.health, Health::Crashed | Health::Paused)
    }

    pub fn health_of(&self, replica: u32) -> Health {
        let known = self.instances.iter().find(|instance| instance.replica == replica);
        known.map_or(Health::Stopped, |instance| instance.health)
    }

    /// A replica's health; the service is as well as the best of them.
    fn set_health(&mut self, replica: u32, health: Health) {
        // In their order, found without a sort: one would be 4 kB of the wasm.
        match self.instances.binary_search_by_key(&replica, |instance| instance.replica) {
            Ok(place) => self.instances[place].health = health,
            Err(place) => self.instances.insert(place, Instance { replica, health }),
        }
        let any = |health| self.instances.iter().any(|instance| instance.health == health);
        let best = [Health::Up, Health::Paused, Health::Crashed].into_iter().find(|health| any(*health));
        self.health = best.unwrap_or(Health::Stopped);
    }
}

impl DiagramState {
    /// The picture of a topology before anything happened.
    pub fn new(topology: &Topology) -> Self {
        let mut state = DiagramState::default();
        state.lay_out(topology);
        state
    }

    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| &*node.name == name)
    }

    fn node_mut(&mut self, name: &str) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| &*node.name == name)
    }

    pub fn pipe(&self, topic: &str) -> Option<&Pipe> {
        self.pipes.iter().find(|pipe| &*pipe.topic == topic)
    }

    /// Nothing is under way: no command unanswered, no delivery in flight, nothing waiting for a
    /// service that is up, and no orchestrator that waits for an answer. Messages for a crashed service wait, they are not in flight.
    pub fn at_rest(&self) -> bool {
        self.commands_waiting.is_empty()
            && (self.sagas.led == 0 || self.sagas.leader.as_ref().is_some_and(|leader| self.is_down(leader)))
            && self
                .pipes
                .iter()
                .flat_map(|pipe| &pipe.lanes)
                .all(|lane| lane.in_flight.count == 0 && (lane.waiting.count == 0 || self.is_down(&lane.group)))
    }

    fn is_down(&self, service: &str) -> bool {
        self.node(service).is_some_and(Node::is_down)
    }

    /// Folds the next event in. Events must come in order of position.
    pub fn evolve(&mut self, event: &Recorded) {
        self.position = event.position;
        self.at = event.at;
        if matches!(event.observation, Observation::CommandAccepted { .. }) && self.at_rest() {
            self.run = Some(Run { began_at: event.at, ended_at: event.at });
        }
        // What nobody asked for, such as a crash, is no part of a run.
        if event.correlation_id.is_some()
            && let Some(run) = &mut self.run
        {
            run.ended_at = event.at;
        }
        match &event.observation {
            Observation::SandboxStarted { topology, .. } => self.lay_out(topology),
            Observation::SandboxHibernated => self.hibernated = true,
            Observation::SandboxWoken => self.hibernated = false,

            Observation::CommandAccepted { .. } => {
                self.commands_waiting.extend(event.correlation_id);
                // The learner's own are no part of it.
                if let Some(load) = self.load.as_mut().filter(|_| &*event.service == TERRARIUM) {
                    load.sent += 1;
                }
            }
            Observation::CommandRejected { .. } => self.answered(event),
            Observation::ResponseReceived { .. } if event.settles_command() => self.answered(event),

            Observation::MessagePublished { topic, envelope } => {
                if let Some(pipe) = self.pipes.iter_mut().find(|pipe| pipe.topic == *topic) {
                    pipe.published(event.position, envelope);
                }
            }
            Observation::MessageDelivered { topic, group, source_position, attempt, .. }
            | Observation::MessageRedelivered { topic, group, source_position, attempt, .. } => {
                self.lane(topic, group, |lane| lane.delivered(*source_position, *attempt));
            }
            Observation::MessageAcked { topic, group, source_position, .. } => {
                self.lane(topic, group, |lane| lane.acked(*source_position));
            }
            Observation::MessageRejected { topic, group, source_position, .. } => {
                self.lane(topic, group, |lane| lane.returned(*source_position));
            }
            Observation::MessageDeadLettered { topic, group, source_position, .. } => {
                self.lane(topic, group, |lane| lane.dead_lettered(*source_position));
            }

            Observation::TransactionCommitted { rows, .. } => {
                if let Some(node) = self.node_mut(&event.service) {
                    node.commits += 1;
                    for row in rows {
                        TableView::changed(&mut node.tables, row, event.position);
                    }
                }
            }
            Observation::StateChanged { entity, id, from, to } => {
                if &**entity == "saga" {
                    self.sagas.led(&event.service, from.as_deref(), to);
                }
                self.sagas.state_changed(event, entity, *id, from.as_deref(), to);
            }

            Observation::ServiceStarted { pid, .. } => {
                let pid = *pid;
                self.health(event, Health::Up, None);
                if let Some(node) = self.node_mut(&event.service) {
                    node.pid = pid;
                }
            }
            Observation::ServiceStopped { reason } => self.health(event, Health::Stopped, Some(reason)),
            Observation::ServiceCrashed { reason } => self.health(event, Health::Crashed, Some(reason)),
            Observation::ServicePaused { reason } => self.health(event, Health::Paused, Some(reason)),
            Observation::ServiceResumed { .. } => self.health(event, Health::Up, None),
            Observation::ServiceScaled { replicas } => {
                if let Some(node) = self.node_mut(&event.service) {
                    node.replicas = *replicas;
                    node.instances.retain(|instance| instance.replica < *replicas);
                }
            }
            Observation::LeaseAcquired { holder, token, until, .. } => {
                if let Some(node) = self.node_mut(&event.service) {
                    node.lease = Some(Lease { holder: *holder, token: *token, until: *until });
                }
            }
            Observation::LeaseLost { token, .. } => {
                if let Some(node) = self.node_mut(&event.service)
                    && node.lease.as_ref().is_some_and(|lease| lease.token == *token)
                {
                    node.lease = None;
                }
            }
            Observation::SagaStepStarted { id, step, attempt } => {
                self.sagas.step(event, *id, step, StepState::Asked, *attempt);
            }
            Observation::SagaStepCompleted { id, step } => self.sagas.step(event, *id, step, StepState::Done, 0),
            Observation::SagaStepCompensated { id, step } => {
                self.sagas.step(event, *id, step, StepState::Compensated, 0);
            }
            Observation::SagaParked { id, step, attempt, reason } => {
                self.sagas.parked(event, *id, step, *attempt, reason);
            }

            Observation::SwitchSet { name, enabled } => {
                if let Some(switch) = self.switches.iter_mut().find(|switch| switch.name == *name) {
                    switch.on = *enabled;
                }
            }

            Observation::FaultInstalled { fault } => {
                self.faults.retain(|other| other.id != fault.id);
                self.faults.push((**fault).clone());
            }
            Observation::FaultCleared { fault_id, .. } => self.faults.retain(|fault| fault.id != *fault_id),

            Observation::LoadStarted { command_type, rate } => {
                self.load = Some(Load { command_type: command_type.clone(), rate: *rate, sent: 0 });
            }
            Observation::LoadStopped { .. } => self.load = None,
            Observation::InvariantBroken { name, since, reason } => {
                self.broken.retain(|broken| broken.name != *name);
                let (name, detail) = (name.clone(), reason.clone());
                self.broken.push(Broken { name, since: *since, detail, at: event.at });
            }
            Observation::InvariantRestored { name, since } => self.mend(name, *since, event.at),

            Observation::RequestSent { .. }
            | Observation::RequestReceived { .. }
            | Observation::ResponseSent { .. }
            | Observation::ResponseReceived { .. }
            | Observation::TransactionRolledBack { .. }
            | Observation::Window { .. }
            | Observation::AccountLoaded { .. }
            | Observation::CopiesChanged { .. }
            | Observation::FaultTriggered { .. } => {}
        }
    }

    fn mend(&mut self, name: &Name, until: Position, at: u64) {
        let Some(place) = self.broken.iter().position(|broken| broken.name == *name) else { return };
        let Broken { name, since, at: found, .. } = self.broken.remove(place);
        let before = self.mended.iter().position(|mended| mended.name == name);
        let times = 1 + before.map_or(0, |place| self.mended.remove(place).times);
        if self.mended.len() == MENDED {
            self.mended.remove(0);
        }
        self.mended.push(Mended { name, since, until, lasted: at.saturating_sub(found), times });
    }

    fn lay_out(&mut self, topology: &Topology) {
        self.nodes = topology
            .services
            .iter()
            .map(|service| Node {
                name: service.name.clone(),
                health: Health::Stopped,
                reason: None,
                replicas: 1 + service.standbys,
                instances: vec![],
                lease: None,
                pid: None,
                tables: vec![],
                commits: 0,
            })
            .collect();
        self.pipes = topology.topics().map(|topic| Pipe::new(topic, topology)).collect();
        self.switches = topology.switches.clone();
        self.topology = Some(topology.clone());
    }

    fn answered(&mut self, event: &Recorded) {
        if let Some(id) = event.correlation_id {
            self.commands_waiting.retain(|waiting| *waiting != id);
        }
    }

    fn lane(&mut self, topic: &str, group: &str, change: impl FnOnce(&mut crate::Lane)) {
        let lane = self
            .pipes
            .iter_mut()
            .filter(|pipe| &*pipe.topic == topic)
            .flat_map(|pipe| &mut pipe.lanes)
            .find(|lane| &*lane.group == group);
        if let Some(lane) = lane {
            change(lane);
        }
    }

    fn health(&mut self, event: &Recorded, health: Health, reason: Option<&String>) {
        let name = &event.service;
        let Some(node) = self.node_mut(name) else { return };
        let paused = node.health == Health::Paused;
        node.set_health(event.replica, health);
        node.reason = reason.cloned();
        if health != Health::Paused && !(paused && health == Health::Up) {
            node.pid = None;
        }
        // A paused service keeps what it has in its hands.
        let health = node.health;
        if matches!(health, Health::Stopped | Health::Crashed) {
            // What the service was working on goes back to its pipe.
            for lane in self.pipes.iter_mut().flat_map(|pipe| &mut pipe.lanes) {
                if lane.group == event.service {
                    lane.all_returned();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(position: Position, observation: Observation) -> Recorded {
        Recorded::bare(position, position * 1_000, TERRARIUM, observation)
    }

    #[test]
    fn how_long_a_promise_was_broken_is_told_of_its_last_time() {
        let name: Name = "stock-conserved".into();
        let broken = |since| Observation::InvariantBroken { name: name.clone(), since, reason: "one is gone".into() };
        let restored = |since| Observation::InvariantRestored { name: name.clone(), since };
        let mut state = DiagramState::default();
        for (position, observation) in [(13, broken(12)), (32, restored(31)), (41, broken(40)), (43, restored(42))] {
            state.evolve(&event(position, observation));
        }
        let mended = Mended { name: name.clone(), since: 40, until: 42, lasted: 2_000, times: 2 };
        assert_eq!((state.broken, state.mended), (vec![], vec![mended]));
    }
}
