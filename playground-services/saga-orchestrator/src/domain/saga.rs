//! The saga: `decide` says what news leads to, `evolve` applies it.

use super::SagaEvent;
use crate::definition::{CREATE_ORDER, TRIES, TRIES_BEFORE_PARKING};

#[derive(Clone, Debug, PartialEq)]
pub struct Saga {
    pub order: Order,
    pub status: Status,
    /// Asked for while it goes on, being taken back while it goes back.
    pub step: usize,
    /// How often that was asked for.
    pub attempt: u32,
    /// From 1; another one begins each time a person has it go on.
    pub round: u32,
    /// The answer came while it was parked.
    pub answered: bool,
    /// Why it goes back. One that goes on has none.
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
    /// Waits for a person.
    Parked,
}

impl Status {
    const ALL: [Status; 5] =
        [Status::Running, Status::Completed, Status::Compensating, Status::Compensated, Status::Parked];

    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Completed => "COMPLETED",
            Status::Compensating => "COMPENSATING",
            Status::Compensated => "COMPENSATED",
            Status::Parked => "PARKED",
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
    /// No answer came in time.
    Late,
    /// A person has it go on.
    Resume,
}

/// What the news leads to. Only the answer to what was asked last moves a saga; any other is late
/// or a repeat, and leads to nothing. It goes through these steps of the list.
pub fn decide(saga: Option<&Saga>, news: News<'_>, steps: &[usize]) -> Vec<SagaEvent> {
    match (saga, news) {
        (None, News::Created(order)) => vec![SagaEvent::Begun { order }, onward(0, steps)],
        (Some(saga), News::Answer { kind, reason }) => answered(saga, kind, reason, steps),
        (Some(saga), News::Late) => unanswered(saga),
        (Some(saga), News::Resume) if saga.status == Status::Parked => resumed(saga, steps),
        (None, _) | (Some(_), News::Created(_) | News::Resume) => vec![],
    }
}

fn answered(saga: &Saga, kind: &str, reason: &str, steps: &[usize]) -> Vec<SagaEvent> {
    let step = saga.step;
    let asked = &CREATE_ORDER[step];
    let goes_back = saga.goes_back();
    let done = if goes_back { asked.undo.is_some_and(|undo| undo.done == kind) } else { asked.done == kind };
    let noted = if goes_back { SagaEvent::Undone { step } } else { SagaEvent::Done { step } };
    match saga.status {
        Status::Running if done => vec![noted, onward(step, steps)],
        Status::Compensating if done => vec![noted, backward(step, steps)],
        Status::Running if asked.failed == Some(kind) => {
            vec![SagaEvent::Failed { step, reason: reason.to_owned() }, backward(step, steps)]
        }
        // It is in a person's hands: noted, and nothing more.
        Status::Parked if done && !saga.answered => vec![noted],
        Status::Running | Status::Compensating | Status::Parked | Status::Completed | Status::Compensated => vec![],
    }
}

fn unanswered(saga: &Saga) -> Vec<SagaEvent> {
    let (step, attempt) = (saga.step, saga.attempt);
    let asked = &CREATE_ORDER[step];
    let most = if saga.goes_back() || asked.is_retriable() { TRIES_BEFORE_PARKING } else { TRIES };
    match saga.status {
        Status::Running if attempt < most => vec![ask(step, attempt + 1)],
        Status::Compensating if attempt < most => vec![undo(step, attempt + 1)],
        // Nobody knows whether it was done, so it is taken back as if it was.
        Status::Running if !asked.is_retriable() => {
            let reason = format!("no answer to {}, asked for {attempt} times", asked.name);
            vec![SagaEvent::Failed { step, reason }, undo(step, 1)]
        }
        Status::Running | Status::Compensating => vec![SagaEvent::Parked { step }],
        Status::Parked | Status::Completed | Status::Compensated => vec![],
    }
}

fn resumed(saga: &Saga, steps: &[usize]) -> Vec<SagaEvent> {
    let step = saga.step;
    let next = match (saga.goes_back(), saga.answered) {
        (false, false) => ask(step, 1),
        (false, true) => onward(step, steps),
        (true, false) => undo(step, 1),
        (true, true) => backward(step, steps),
    };
    vec![SagaEvent::Resumed { step }, next]
}

fn ask(step: usize, attempt: u32) -> SagaEvent {
    SagaEvent::Asked { step, attempt }
}

fn undo(step: usize, attempt: u32) -> SagaEvent {
    SagaEvent::UndoAsked { step, attempt }
}

/// What comes after this step was done.
fn onward(step: usize, steps: &[usize]) -> SagaEvent {
    let next = steps.iter().find(|next| **next > step);
    next.map_or(SagaEvent::Ended { step }, |next| ask(*next, 1))
}

/// What comes after this step failed or was taken back: the one before it that can be taken back.
fn backward(step: usize, steps: &[usize]) -> SagaEvent {
    let before = steps.iter().rev().find(|before| **before < step && CREATE_ORDER[**before].undo.is_some());
    before.map_or(SagaEvent::Ended { step }, |before| undo(*before, 1))
}

impl Saga {
    /// Only one that has failed has a reason.
    pub fn goes_back(&self) -> bool {
        self.reason.is_some()
    }

    fn under_way(&self) -> Status {
        if self.goes_back() { Status::Compensating } else { Status::Running }
    }
}

/// The saga after an event.
pub fn evolve(saga: Option<Saga>, event: &SagaEvent) -> Option<Saga> {
    if let SagaEvent::Begun { order } = event {
        let (order, status) = (order.clone(), Status::Running);
        return Some(Saga { order, status, step: 0, attempt: 1, round: 1, answered: false, reason: None, entries: 1 });
    }
    let mut saga = saga?;
    saga.entries += 1;
    match event {
        SagaEvent::Begun { .. } => {}
        SagaEvent::Done { .. } | SagaEvent::Undone { .. } => saga.answered = true,
        SagaEvent::Asked { step, attempt } | SagaEvent::UndoAsked { step, attempt } => {
            (saga.step, saga.attempt, saga.answered) = (*step, *attempt, false);
        }
        SagaEvent::Failed { reason, .. } => {
            saga.reason = Some(reason.clone());
            saga.status = Status::Compensating;
        }
        SagaEvent::Parked { .. } => saga.status = Status::Parked,
        SagaEvent::Resumed { .. } => (saga.status, saga.round) = (saga.under_way(), saga.round + 1),
        SagaEvent::Ended { .. } => {
            saga.status = if saga.goes_back() { Status::Compensated } else { Status::Completed };
        }
    }
    Some(saga)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SagaEvent::{Done, Ended, Failed, Parked, Resumed, Undone};

    const ORDER: Order = Order { id: 101, item_id: 42, quantity: 1, user_id: 1, amount_minor: 2999 };

    /// Of a shop where nobody wraps gifts, and of one where somebody does.
    const STEPS: [usize; 5] = [0, 1, 3, 4, 5];
    const WITH_GIFT: [usize; 6] = [0, 1, 2, 3, 4, 5];

    /// The saga after it has heard all this.
    fn saga(given: &[&str]) -> Saga {
        let mut saga = decide(None, News::Created(ORDER), &STEPS).iter().fold(None, evolve);
        for kind in given {
            saga = hear(saga.as_ref(), kind).iter().fold(saga, evolve);
        }
        saga.expect("begun")
    }

    fn hear(saga: Option<&Saga>, kind: &str) -> Vec<SagaEvent> {
        decide(saga, News::Answer { kind, reason: "no" }, &STEPS)
    }

    /// Given these answers, when this one comes, then these follow.
    fn check(given: &[&str], when: &str, then: &[SagaEvent]) {
        assert_eq!(hear(Some(&saga(given)), when), then);
    }

    const PAID: [&str; 2] = ["StockReserved", "PaymentSucceeded"];
    const DECLINED: [&str; 2] = ["StockReserved", "PaymentFailed"];

    #[test]
    fn an_order_begins_a_saga_that_asks_for_its_stock() {
        let begun = decide(None, News::Created(ORDER), &STEPS);
        assert_eq!(begun, [SagaEvent::Begun { order: ORDER }, ask(1, 1)]);
    }

    #[test]
    fn each_answer_asks_for_the_next_step_and_the_last_ends_it() {
        check(&[], "StockReserved", &[Done { step: 1 }, ask(3, 1)]);
        check(&["StockReserved"], "PaymentSucceeded", &[Done { step: 3 }, ask(4, 1)]);
        check(&PAID, "OrderConfirmed", &[Done { step: 4 }, ask(5, 1)]);
        let confirmed = [&PAID[..], &["OrderConfirmed"]].concat();
        check(&confirmed, "StockSold", &[Done { step: 5 }, Ended { step: 5 }]);
        assert_eq!(saga(&[&confirmed[..], &["StockSold"]].concat()).status, Status::Completed);
    }

    #[test]
    fn a_gift_is_one_more_step_between_the_stock_and_the_card_and_is_taken_back_in_its_turn() {
        let given = |kinds: &[&str]| {
            let hear = |saga: Option<Saga>, kind: &str| {
                let events = decide(saga.as_ref(), News::Answer { kind, reason: "no" }, &WITH_GIFT);
                (events.iter().fold(saga, evolve), events)
            };
            let begun = decide(None, News::Created(ORDER), &WITH_GIFT).iter().fold(None, evolve);
            kinds.iter().fold((begun, vec![]), |(saga, _), kind| hear(saga, kind)).1
        };
        assert_eq!(given(&["StockReserved"]), [Done { step: 1 }, ask(2, 1)]);
        assert_eq!(given(&["StockReserved", "GiftWrapped"]), [Done { step: 2 }, ask(3, 1)]);
        let declined = ["StockReserved", "GiftWrapped", "PaymentFailed"];
        assert_eq!(given(&declined), [Failed { step: 3, reason: "no".to_owned() }, undo(2, 1)]);
        assert_eq!(given(&[&declined[..], &["GiftUnwrapped"]].concat()), [Undone { step: 2 }, undo(1, 1)]);
    }

    #[test]
    fn sold_out_there_is_only_the_order_to_take_back() {
        check(&[], "StockRejected", &[Failed { step: 1, reason: "no".to_owned() }, undo(0, 1)]);
        let ended = saga(&["StockRejected", "OrderCancelled"]);
        assert_eq!((ended.status, ended.reason.as_deref()), (Status::Compensated, Some("no")));
    }

    #[test]
    fn a_refused_card_takes_back_what_was_done_in_reverse() {
        let failed = Failed { step: 3, reason: "no".to_owned() };
        check(&["StockReserved"], "PaymentFailed", &[failed, undo(1, 1)]);
        check(&DECLINED, "StockReleased", &[Undone { step: 1 }, undo(0, 1)]);
        let released = [&DECLINED[..], &["StockReleased"]].concat();
        check(&released, "OrderCancelled", &[Undone { step: 0 }, Ended { step: 0 }]);
    }

    #[test]
    fn a_late_or_repeated_answer_leads_to_nothing() {
        check(&["StockReserved"], "StockReserved", &[]);
        check(&DECLINED, "PaymentSucceeded", &[]);
        check(&PAID, "StockReleased", &[]);
        check(&["StockRejected", "OrderCancelled"], "OrderCancelled", &[]);
        assert_eq!(decide(Some(&saga(&[])), News::Created(ORDER), &STEPS), []);
        assert_eq!(hear(None, "StockReserved"), []);
    }

    /// What follows once it has gone without an answer so often, and the saga after that.
    fn late(mut saga: Saga, times: u32) -> (Vec<SagaEvent>, Saga) {
        let mut events = vec![];
        for _ in 0..times {
            events = decide(Some(&saga), News::Late, &STEPS);
            saga = events.iter().fold(Some(saga), evolve).expect("begun");
        }
        (events, saga)
    }

    #[test]
    fn what_is_not_answered_is_asked_for_again_and_then_counts_as_failed() {
        assert_eq!(late(saga(&[]), 1).0, [ask(1, 2)]);
        assert_eq!(late(saga(&[]), 2).0, [ask(1, 3)]);
        let reason = "no answer to charge-card, asked for 3 times".to_owned();
        let (events, failed) = late(saga(&["StockReserved"]), 3);
        assert_eq!(events, [Failed { step: 3, reason }, undo(3, 1)]);
        // It may have been charged: that is taken back first, and the late answer changes nothing.
        assert_eq!(hear(Some(&failed), "PaymentSucceeded"), []);
        assert_eq!(hear(Some(&failed), "PaymentRefunded"), [Undone { step: 3 }, undo(1, 1)]);
    }

    #[test]
    fn a_compensation_without_an_answer_waits_for_a_person() {
        let (events, parked) = late(saga(&DECLINED), 5);
        assert_eq!((events, parked.status), (vec![Parked { step: 1 }], Status::Parked));
        assert_eq!(late(parked.clone(), 1).0, []);
        assert_eq!(decide(Some(&parked), News::Resume, &STEPS), [Resumed { step: 1 }, undo(1, 1)]);
        let resumed = decide(Some(&parked), News::Resume, &STEPS).iter().fold(Some(parked), evolve).expect("begun");
        assert_eq!((resumed.status, resumed.round), (Status::Compensating, 2));
        assert_eq!(decide(Some(&resumed), News::Resume, &STEPS), []);
        assert_eq!(hear(Some(&resumed), "StockReleased"), [Undone { step: 1 }, undo(0, 1)]);
    }

    #[test]
    fn what_follows_the_pivot_is_retried_and_never_taken_back() {
        let (events, retried) = late(saga(&PAID), 4);
        assert_eq!((events, retried.status), (vec![ask(4, 5)], Status::Running));
        let (events, parked) = late(retried, 1);
        assert_eq!((events, parked.status), (vec![Parked { step: 4 }], Status::Parked));
        let resumed = decide(Some(&parked), News::Resume, &STEPS).iter().fold(Some(parked), evolve).expect("begun");
        assert_eq!((resumed.status, resumed.step), (Status::Running, 4));
    }

    #[test]
    fn an_answer_to_a_parked_saga_is_noted_and_heeded_once_it_is_resumed() {
        let (_, parked) = late(saga(&DECLINED), 5);
        assert_eq!(hear(Some(&parked), "StockReleased"), [Undone { step: 1 }]);
        let noted = evolve(Some(parked), &Undone { step: 1 }).expect("begun");
        assert_eq!((noted.status, hear(Some(&noted), "StockReleased")), (Status::Parked, vec![]));
        assert_eq!(decide(Some(&noted), News::Resume, &STEPS), [Resumed { step: 1 }, undo(0, 1)]);
    }

    #[test]
    fn a_status_reads_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.name()), Some(status));
        }
        assert_eq!(Status::parse("running"), None);
    }
}
