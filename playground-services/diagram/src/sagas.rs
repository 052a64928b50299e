//! The sagas: one per order, told by the states of its parts.

use protocol::{Name, Position, Recorded, Uuid};
use serde::{Deserialize, Serialize};

/// Counts over all sagas, and the latest of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sagas {
    pub pending: u64,
    pub confirmed: u64,
    pub cancelled: u64,
    /// Those that an orchestrator has under way: it waits for an answer, and will ask again.
    #[serde(default)]
    pub led: u64,
    /// That orchestrator.
    #[serde(default)]
    pub leader: Option<Name>,
    /// The latest orders, newest last.
    pub latest: Vec<SagaView>,
    /// Those that wait for a person, the one that has waited longest first; at most [`MOST_PARKED`].
    #[serde(default)]
    pub parked: Vec<Parked>,
    /// How many there are of them.
    #[serde(default)]
    pub parked_count: u64,
}

/// A saga that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    pub order_id: i64,
    /// What could not be had.
    pub step: Name,
    /// How often it was asked for.
    pub attempt: u32,
    pub reason: String,
    /// When that was, in microseconds since the sandbox was created.
    pub at: u64,
    /// Where in the record.
    pub since: Position,
    /// How the parts of its order stand meanwhile, as far as that was seen.
    pub reservation: Option<Name>,
    pub payment: Option<Name>,
}

/// One order's saga. States are written as the domain writes them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SagaView {
    pub order_id: i64,
    pub correlation_id: Option<Uuid>,
    /// `PENDING`, `CONFIRMED`, `CANCELLED`; empty while only its parts were seen.
    pub order: Name,
    pub reservation: Option<Name>,
    pub payment: Option<Name>,
    pub notification: Option<Name>,
    #[serde(default)]
    pub shipment: Option<Name>,
    /// Where an orchestrator keeps it: `RUNNING`, `COMPENSATING`, `PARKED`, `COMPLETED`, `COMPENSATED`.
    #[serde(default)]
    pub saga: Option<Name>,
    /// What the orchestrator has asked for, in order.
    #[serde(default)]
    pub steps: Vec<StepView>,
    /// Microseconds since the sandbox was created.
    pub began_at: u64,
    pub changed_at: u64,
}

/// A step of an orchestrated saga.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    pub name: Name,
    pub state: StepState,
    /// How often it was asked for.
    pub attempt: u32,
    /// The position since when it has been so.
    #[serde(default)]
    pub since: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    Asked,
    Done,
    /// Refused, or never answered: from here the saga went back.
    Failed,
    /// Done, and taken back.
    Compensated,
    /// Waits for a person.
    Parked,
}

/// How many orders are kept by name.
pub const SHOWN_ORDERS: usize = 12;
/// How many cases are kept. Many more than are shown at once, so that the next is there when one goes on.
const MOST_PARKED: usize = 1000;
/// Steps of a saga, its compensations among them; no saga of ours has as many.
const MOST_STEPS: usize = 32;

impl Sagas {
    pub(crate) fn step(&mut self, event: &Recorded, id: i64, step: &Name, state: StepState, attempt: u32) {
        let Some(saga) = self.latest.iter_mut().rfind(|saga| saga.order_id == id) else { return };
        saga.changed_at = event.at;
        let since = event.position;
        if let Some(known) = saga.steps.iter_mut().find(|known| known.name == *step) {
            (known.state, known.attempt, known.since) = (state, known.attempt.max(attempt), since);
        } else if saga.steps.len() < MOST_STEPS {
            saga.steps.push(StepView { name: step.clone(), state, attempt, since });
        }
    }

    /// An orchestrator says where a saga stands.
    pub(crate) fn led(&mut self, leader: &Name, from: Option<&str>, to: &str) {
        let under_way = |state| matches!(state, "RUNNING" | "COMPENSATING");
        self.led = self.led.saturating_sub(u64::from(from.is_some_and(under_way))) + u64::from(under_way(to));
        self.leader = Some(leader.clone());
    }

    pub(crate) fn parked(&mut self, event: &Recorded, id: i64, step: &Name, attempt: u32, reason: &str) {
        self.step(event, id, step, StepState::Parked, attempt);
        self.parked.retain(|parked| parked.order_id != id);
        if self.parked.len() == MOST_PARKED {
            return;
        }
        let saga = self.latest.iter().rfind(|saga| saga.order_id == id);
        self.parked.push(Parked {
            order_id: id,
            step: step.clone(),
            attempt,
            reason: reason.into(),
            at: event.at,
            since: event.position,
            reservation: saga.and_then(|saga| saga.reservation.clone()),
            payment: saga.and_then(|saga| saga.payment.clone()),
        });
    }

    pub(crate) fn state_changed(&mut self, event: &Recorded, entity: &str, id: i64, from: Option<&str>, to: &Name) {
        self.count(entity, from, to);
        self.follow_parked(entity, id, from, to);
        let known = self.latest.iter().rposition(|saga| saga.order_id == id);
        let at_index = match known {
            Some(index) => index,
            // A part of an order that has long left the list does not bring it back.
            None if entity != "order" || &**to != "PENDING" => return,
            None => {
                if self.latest.len() == SHOWN_ORDERS {
                    self.latest.remove(0);
                }
                self.latest.push(SagaView {
                    order_id: id,
                    correlation_id: event.correlation_id,
                    order: Name::from(""),
                    reservation: None,
                    payment: None,
                    notification: None,
                    shipment: None,
                    saga: None,
                    steps: vec![],
                    began_at: event.at,
                    changed_at: event.at,
                });
                self.latest.len() - 1
            }
        };
        let saga = &mut self.latest[at_index];
        saga.changed_at = event.at;
        match entity {
            "order" => saga.order = to.clone(),
            "reservation" => saga.reservation = Some(to.clone()),
            "payment" => saga.payment = Some(to.clone()),
            "notification" => saga.notification = Some(to.clone()),
            "shipment" => saga.shipment = Some(to.clone()),
            "saga" => {
                saga.saga = Some(to.clone());
                // What it waited for when it turned back has failed; what it parked at, it asks for again.
                let (was, is) = match (from, &**to) {
                    (Some("RUNNING"), "COMPENSATING") => (StepState::Asked, StepState::Failed),
                    (Some("PARKED"), _) => (StepState::Parked, StepState::Asked),
                    _ => return,
                };
                for step in saga.steps.iter_mut().filter(|step| step.state == was) {
                    (step.state, step.since) = (is, event.position);
                }
            }
            _ => {}
        }
    }

    fn count(&mut self, entity: &str, from: Option<&str>, to: &str) {
        match (entity, to) {
            ("order", "PENDING") => self.pending += 1,
            ("order", "CONFIRMED") => {
                self.pending = self.pending.saturating_sub(1);
                self.confirmed += 1;
            }
            ("order", "CANCELLED") => {
                self.pending = self.pending.saturating_sub(1);
                self.cancelled += 1;
            }
            ("saga", "PARKED") if from != Some("PARKED") => self.parked_count += 1,
            ("saga", to) if to != "PARKED" && from == Some("PARKED") => {
                self.parked_count = self.parked_count.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// What becomes of a parked saga and of the parts of its order, be it among the latest or not.
    fn follow_parked(&mut self, entity: &str, id: i64, from: Option<&str>, to: &Name) {
        let Some(index) = self.parked.iter().position(|parked| parked.order_id == id) else { return };
        match entity {
            "reservation" => self.parked[index].reservation = Some(to.clone()),
            "payment" => self.parked[index].payment = Some(to.clone()),
            "saga" if from == Some("PARKED") => drop(self.parked.remove(index)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::Observation;

    /// The sagas after all this, told of order 101; each event at the position of its place in the list.
    fn sagas(events: &[Observation]) -> Sagas {
        let mut state = crate::DiagramState::default();
        for (position, observation) in (1..).zip(events) {
            state.evolve(&Recorded::bare(position, position * 10, "saga-orchestrator", observation.clone()));
        }
        state.sagas
    }

    fn becomes(entity: &str, from: Option<&str>, to: &str) -> Observation {
        Observation::StateChanged { entity: entity.into(), id: 101, from: from.map(Name::from), to: to.into() }
    }

    fn asked(step: &str, attempt: u32) -> Observation {
        Observation::SagaStepStarted { id: 101, step: step.into(), attempt }
    }

    fn declined() -> Vec<Observation> {
        vec![
            becomes("order", None, "PENDING"),
            becomes("saga", None, "RUNNING"),
            Observation::SagaStepCompleted { id: 101, step: "create-order".into() },
            asked("reserve-stock", 1),
            becomes("reservation", None, "HELD"),
            Observation::SagaStepCompleted { id: 101, step: "reserve-stock".into() },
            asked("charge-card", 1),
            asked("charge-card", 2),
            becomes("saga", Some("RUNNING"), "COMPENSATING"),
            asked("release-stock", 1),
        ]
    }

    fn parked() -> Vec<Observation> {
        let mut events = declined();
        let (step, reason) = ("release-stock".into(), "no answer".to_owned());
        events.push(asked("release-stock", 5));
        events.push(Observation::SagaParked { id: 101, step, attempt: 5, reason });
        events.push(becomes("saga", Some("COMPENSATING"), "PARKED"));
        events
    }

    fn step(sagas: &Sagas, name: &str) -> (StepState, u32, Position) {
        let step = sagas.latest[0].steps.iter().find(|step| &*step.name == name).expect("seen");
        (step.state, step.attempt, step.since)
    }

    #[test]
    fn the_step_at_which_a_saga_turns_back_has_failed() {
        let sagas = sagas(&declined());
        assert_eq!(step(&sagas, "reserve-stock"), (StepState::Done, 1, 6));
        assert_eq!(step(&sagas, "charge-card"), (StepState::Failed, 2, 9));
        assert_eq!(step(&sagas, "release-stock"), (StepState::Asked, 1, 10));
    }

    #[test]
    fn a_parked_saga_is_a_case_until_it_goes_on() {
        let mut events = parked();
        let waits = sagas(&events);
        assert_eq!((waits.parked_count, step(&waits, "release-stock")), (1, (StepState::Parked, 5, 12)));
        let case = &waits.parked[0];
        assert_eq!((case.order_id, &*case.step, case.attempt, case.since), (101, "release-stock", 5, 12));
        assert_eq!(case.reservation.as_deref(), Some("HELD"));

        events.push(becomes("saga", Some("PARKED"), "COMPENSATING"));
        let goes_on = sagas(&events);
        assert_eq!((goes_on.parked_count, goes_on.parked), (0, vec![]));
        assert_eq!(goes_on.latest[0].steps.last().map(|step| step.state), Some(StepState::Asked));
    }

    #[test]
    fn of_more_parked_sagas_than_are_shown_none_is_forgotten() {
        let most = i64::try_from(SHOWN_ORDERS).expect("few");
        let changed = |id, from: &str, to: &str| Observation::StateChanged {
            entity: "saga".into(),
            id,
            from: Some(from.into()),
            to: to.into(),
        };
        let mut events = vec![];
        for id in 1..=most + 5 {
            events.push(Observation::SagaParked { id, step: "charge-card".into(), attempt: 5, reason: String::new() });
            events.push(changed(id, "COMPENSATING", "PARKED"));
        }
        events.extend((1..=most).map(|id| changed(id, "PARKED", "COMPENSATING")));
        let left = sagas(&events);
        let ids: Vec<i64> = left.parked.iter().map(|case| case.order_id).collect();
        assert_eq!((left.parked_count, ids), (5, (most + 1..=most + 5).collect()));
    }

    #[test]
    fn a_record_of_any_number_of_steps_makes_no_longer_list() {
        let mut events = declined();
        events.extend((0..100).map(|n| asked(&format!("step-{n}"), 1)));
        assert_eq!(sagas(&events).latest[0].steps.len(), MOST_STEPS);
    }
}
