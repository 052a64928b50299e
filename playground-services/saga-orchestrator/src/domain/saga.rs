//! The saga: `decide` says what news leads to, `evolve` applies it.

use super::SagaEvent;
use crate::definition::CREATE_ORDER;

#[derive(Clone, Debug, PartialEq)]
pub struct Saga {
    pub order: Order,
    pub status: Status,
    /// Asked for while it runs, being taken back while it compensates.
    pub step: usize,
    pub reason: Option<String>,
    /// Entries of its log.
    pub entries: i64,
}

/// What a saga has to know of its order, to ask for its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub id: i64,
    pub item_id: i64,
    pub quantity: i64,
    pub user_id: i64,
    /// In cents.
    pub amount_minor: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Running,
    Completed,
    Compensating,
    Compensated,
}

impl Status {
    const ALL: [Status; 4] = [Status::Running, Status::Completed, Status::Compensating, Status::Compensated];

    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Completed => "COMPLETED",
            Status::Compensating => "COMPENSATING",
            Status::Compensated => "COMPENSATED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What a saga hears.
#[derive(Clone, Debug, PartialEq)]
pub enum News<'a> {
    /// The order was created.
    Created(Order),
    /// An answer of this type, with the reason of a refusal.
    Answer { kind: &'a str, reason: &'a str },
}

/// What the news leads to. Only the answer to what was asked last moves a saga; any other is late
/// or a repeat, and leads to nothing.
pub fn decide(saga: Option<&Saga>, news: News<'_>) -> Vec<SagaEvent> {
    match (saga, news) {
        (None, News::Created(order)) => vec![SagaEvent::Begun { order }, SagaEvent::Asked { step: 1 }],
        (Some(saga), News::Answer { kind, reason }) => answered(saga, kind, reason),
        (None, News::Answer { .. }) | (Some(_), News::Created(_)) => vec![],
    }
}

fn answered(saga: &Saga, kind: &str, reason: &str) -> Vec<SagaEvent> {
    let step = saga.step;
    let asked = &CREATE_ORDER[step];
    match saga.status {
        Status::Running if kind == asked.done => vec![SagaEvent::Done { step }, onward(step)],
        Status::Running if asked.failed == Some(kind) => {
            vec![SagaEvent::Failed { step, reason: reason.to_owned() }, backward(step)]
        }
        Status::Compensating if asked.undo.is_some_and(|undo| undo.done == kind) => {
            vec![SagaEvent::Undone { step }, backward(step)]
        }
        Status::Running | Status::Compensating | Status::Completed | Status::Compensated => vec![],
    }
}

/// What comes after this step was done.
fn onward(step: usize) -> SagaEvent {
    if step + 1 < CREATE_ORDER.len() { SagaEvent::Asked { step: step + 1 } } else { SagaEvent::Ended { step } }
}

/// What comes after this step failed or was taken back: the one before it that can be taken back.
fn backward(step: usize) -> SagaEvent {
    let before = (0..step).rev().find(|&before| CREATE_ORDER[before].undo.is_some());
    before.map_or(SagaEvent::Ended { step }, |step| SagaEvent::UndoAsked { step })
}

/// The saga after an event.
pub fn evolve(saga: Option<Saga>, event: &SagaEvent) -> Option<Saga> {
    if let SagaEvent::Begun { order } = event {
        return Some(Saga { order: order.clone(), status: Status::Running, step: 0, reason: None, entries: 1 });
    }
    let mut saga = saga?;
    saga.entries += 1;
    match event {
        SagaEvent::Begun { .. } | SagaEvent::Done { .. } | SagaEvent::Undone { .. } => {}
        SagaEvent::Asked { step } | SagaEvent::UndoAsked { step } => saga.step = *step,
        SagaEvent::Failed { reason, .. } => {
            saga.status = Status::Compensating;
            saga.reason = Some(reason.clone());
        }
        SagaEvent::Ended { .. } => {
            saga.status = if saga.status == Status::Running { Status::Completed } else { Status::Compensated };
        }
    }
    Some(saga)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SagaEvent::{Asked, Done, Ended, Failed, UndoAsked, Undone};

    const ORDER: Order = Order { id: 101, item_id: 42, quantity: 1, user_id: 1, amount_minor: 2999 };

    /// The saga after it has heard all this.
    fn saga(given: &[&str]) -> Saga {
        let mut saga = decide(None, News::Created(ORDER)).iter().fold(None, evolve);
        for kind in given {
            saga = hear(saga.as_ref(), kind).iter().fold(saga, evolve);
        }
        saga.expect("begun")
    }

    fn hear(saga: Option<&Saga>, kind: &str) -> Vec<SagaEvent> {
        decide(saga, News::Answer { kind, reason: "no" })
    }

    /// Given these answers, when this one comes, then these follow.
    fn check(given: &[&str], when: &str, then: &[SagaEvent]) {
        assert_eq!(hear(Some(&saga(given)), when), then);
    }

    const PAID: [&str; 2] = ["StockReserved", "PaymentSucceeded"];
    const DECLINED: [&str; 2] = ["StockReserved", "PaymentFailed"];

    #[test]
    fn an_order_begins_a_saga_that_asks_for_its_stock() {
        let begun = decide(None, News::Created(ORDER));
        assert_eq!(begun, [SagaEvent::Begun { order: ORDER }, Asked { step: 1 }]);
    }

    #[test]
    fn each_answer_asks_for_the_next_step_and_the_last_ends_it() {
        check(&[], "StockReserved", &[Done { step: 1 }, Asked { step: 2 }]);
        check(&["StockReserved"], "PaymentSucceeded", &[Done { step: 2 }, Asked { step: 3 }]);
        check(&PAID, "OrderConfirmed", &[Done { step: 3 }, Asked { step: 4 }]);
        let confirmed = [&PAID[..], &["OrderConfirmed"]].concat();
        check(&confirmed, "StockSold", &[Done { step: 4 }, Ended { step: 4 }]);
        assert_eq!(saga(&[&confirmed[..], &["StockSold"]].concat()).status, Status::Completed);
    }

    #[test]
    fn sold_out_there_is_only_the_order_to_take_back() {
        check(&[], "StockRejected", &[Failed { step: 1, reason: "no".to_owned() }, UndoAsked { step: 0 }]);
        let ended = saga(&["StockRejected", "OrderCancelled"]);
        assert_eq!((ended.status, ended.reason.as_deref()), (Status::Compensated, Some("no")));
    }

    #[test]
    fn a_refused_card_takes_back_what_was_done_in_reverse() {
        let failed = Failed { step: 2, reason: "no".to_owned() };
        check(&["StockReserved"], "PaymentFailed", &[failed, UndoAsked { step: 1 }]);
        check(&DECLINED, "StockReleased", &[Undone { step: 1 }, UndoAsked { step: 0 }]);
        let released = [&DECLINED[..], &["StockReleased"]].concat();
        check(&released, "OrderCancelled", &[Undone { step: 0 }, Ended { step: 0 }]);
    }

    #[test]
    fn a_late_or_repeated_answer_leads_to_nothing() {
        check(&["StockReserved"], "StockReserved", &[]);
        check(&DECLINED, "PaymentSucceeded", &[]);
        check(&PAID, "StockReleased", &[]);
        check(&["StockRejected", "OrderCancelled"], "OrderCancelled", &[]);
        assert_eq!(decide(Some(&saga(&[])), News::Created(ORDER)), []);
        assert_eq!(hear(None, "StockReserved"), []);
    }

    #[test]
    fn a_status_reads_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("running"), None);
    }
}
