//! What a cell is said to have ended as. Pure.

use super::watch::Waited;
use crate::sandbox::Invariant;
use diagram::{DiagramState, Node, SagaView};
use serde::Serialize;

/// How a cell stands, or has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = MatrixCellState)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Waiting,
    Running,
    /// The saga ended, and every promise holds.
    Consistent,
    /// It ended, and a promise is broken.
    Inconsistent,
    /// It does not end, although all is healed.
    Stuck,
    /// The step was never carried out, so nothing could strike it.
    Unreached,
}

impl State {
    /// As the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Running => "running",
            State::Consistent => "consistent",
            State::Inconsistent => "inconsistent",
            State::Stuck => "stuck",
            State::Unreached => "unreached",
        }
    }
}

/// Nothing is under way, is waited for, or waits for a service that is down: nothing more will come.
pub fn is_at_rest(state: &DiagramState) -> bool {
    let is_led = |saga: &SagaView| saga.saga.as_deref().is_some_and(|saga| matches!(saga, "RUNNING" | "COMPENSATING"));
    state.at_rest() && !state.nodes.iter().any(Node::is_down) && !state.sagas.latest.iter().any(is_led)
}

/// `waited` is how the last wait came out: for rest; or for the fault to strike, where it did not.
pub fn judge(waited: Waited, struck: bool, state: &DiagramState, promises: &[Invariant]) -> (State, String) {
    // That a saga does not end is said in more words here.
    let broken = promises.iter().filter(|promise| !promise.holds && promise.name != "every-saga-ends");
    let broken: Vec<String> = broken.map(|promise| format!("{}: {}", promise.name, promise.detail)).collect();
    let broken = broken.join("; ");
    match (waited, open_end(state)) {
        (Waited::TooLong, _) => (State::Stuck, format!("it goes on and on, and {}", ends(state))),
        (_, Some(open)) => {
            let also = if broken.is_empty() { String::new() } else { format!("; {broken}") };
            (State::Stuck, format!("nothing is under way any more, and {open}{also}"))
        }
        _ if !broken.is_empty() => (State::Inconsistent, format!("{}, but {broken}", ends(state))),
        _ if !struck => (State::Unreached, ends(state)),
        _ => (State::Consistent, format!("{}; every promise holds", ends(state))),
    }
}

fn ends(state: &DiagramState) -> String {
    let end = |saga: &SagaView| format!("order {} is {}", saga.order_id, saga.order);
    let ends: Vec<String> = state.sagas.latest.iter().map(end).collect();
    if ends.is_empty() { NO_ORDER.to_owned() } else { ends.join(", ") }
}

const NO_ORDER: &str = "no order was made";

/// What some saga still lacks.
fn open_end(state: &DiagramState) -> Option<String> {
    if state.sagas.latest.is_empty() {
        return Some(NO_ORDER.to_owned());
    }
    let tells = state.topology.as_ref().is_some_and(|topology| topology.step("notify-customer").is_some());
    state.sagas.latest.iter().find_map(|saga| {
        let id = saga.order_id;
        let under_way = |saga: &str| matches!(saga, "RUNNING" | "COMPENSATING" | "PARKED");
        if !matches!(&*saga.order, "CONFIRMED" | "CANCELLED") {
            Some(format!("order {id} is {}", saga.order))
        } else if let Some(saga) = saga.saga.as_deref().filter(|saga| under_way(saga)) {
            Some(format!("the saga of order {id} is {saga}"))
        } else if &*saga.order == "CONFIRMED" && saga.reservation.as_deref() == Some("HELD") {
            Some(format!("order {id} is CONFIRMED, and its stock was never sold"))
        } else if tells && saga.notification.is_none() {
            Some(format!("order {id} is {}, and its customer was never told", saga.order))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(order: &str, notification: Option<&str>) -> DiagramState {
        let mut state = DiagramState::new(&protocol::topology("saga-choreography").expect("exists"));
        state.sagas.latest.push(SagaView {
            order_id: 101,
            correlation_id: None,
            order: order.into(),
            reservation: None,
            payment: None,
            notification: notification.map(Into::into),
            shipment: None,
            saga: None,
            steps: vec![],
            began_at: 0,
            changed_at: 0,
        });
        state
    }

    fn promise(holds: bool) -> Invariant {
        Invariant { name: "charged-at-most-once".into(), holds, since: 9, detail: "order 101 was charged twice".into() }
    }

    #[test]
    fn an_order_that_ends_while_every_promise_holds_is_consistent() {
        let state = state("CONFIRMED", Some("SENT"));
        assert!(is_at_rest(&state));
        let (verdict, detail) = judge(Waited::AtRest, true, &state, &[promise(true)]);
        assert_eq!((verdict, &*detail), (State::Consistent, "order 101 is CONFIRMED; every promise holds"));
    }

    #[test]
    fn an_order_that_ends_with_a_broken_promise_is_inconsistent() {
        let (verdict, detail) = judge(Waited::AtRest, true, &state("CONFIRMED", Some("SENT")), &[promise(false)]);
        assert_eq!(verdict, State::Inconsistent);
        assert!(detail.ends_with("but charged-at-most-once: order 101 was charged twice"), "{detail}");
    }

    #[test]
    fn an_order_that_stays_pending_is_stuck_whatever_else_holds() {
        let state = state("PENDING", None);
        for promises in [[promise(true)], [promise(false)]] {
            let (verdict, detail) = judge(Waited::AtRest, true, &state, &promises);
            assert_eq!(verdict, State::Stuck);
            assert!(detail.contains("order 101 is PENDING"), "{detail}");
        }
    }

    #[test]
    fn a_step_that_nothing_could_strike_says_so() {
        let (verdict, _) = judge(Waited::AtRest, false, &state("CONFIRMED", Some("SENT")), &[promise(true)]);
        assert_eq!(verdict, State::Unreached);
    }

    #[test]
    fn an_order_that_is_confirmed_has_not_ended_before_its_stock_is_sold() {
        let mut state = state("CONFIRMED", Some("SENT"));
        state.sagas.latest[0].reservation = Some("HELD".into());
        assert_eq!(judge(Waited::AtRest, true, &state, &[promise(true)]).0, State::Stuck);
    }

    #[test]
    fn what_goes_on_to_the_last_is_stuck() {
        let (verdict, detail) = judge(Waited::TooLong, true, &state("PENDING", None), &[promise(true)]);
        assert_eq!((verdict, &*detail), (State::Stuck, "it goes on and on, and order 101 is PENDING"));
    }

    #[test]
    fn a_broken_promise_is_told_even_where_nothing_struck() {
        let (verdict, _) = judge(Waited::AtRest, false, &state("CANCELLED", Some("SENT")), &[promise(false)]);
        assert_eq!(verdict, State::Inconsistent);
    }

    #[test]
    fn there_is_no_rest_while_a_saga_waits_for_an_answer_until_its_case_is_laid_before_a_person() {
        let mut state = state("PENDING", None);
        for (saga, rests) in [("RUNNING", false), ("COMPENSATING", false), ("PARKED", true)] {
            state.sagas.latest[0].saga = Some(saga.into());
            assert_eq!(is_at_rest(&state), rests, "{saga}");
        }
        let (verdict, detail) = judge(Waited::AtRest, true, &state, &[promise(true)]);
        assert_eq!(verdict, State::Stuck);
        assert!(detail.contains("order 101 is PENDING"), "{detail}");
    }

    #[test]
    fn a_system_in_which_nothing_was_ordered_has_come_to_no_end() {
        let (verdict, _) = judge(Waited::AtRest, false, &DiagramState::default(), &[]);
        assert_eq!(verdict, State::Stuck);
    }
}
