//! The words of sagas, of cases that wait for a person, and of who leads.

pub const NEWEST: &str = "The newest";
pub const EMPTY: &str =
    "There is no saga yet. Place an order, and see here step by step how far it has come and what is taken back.";
pub const AWAY: &str =
    "This order is not among the latest of this moment. Choose another, or go to a moment nearer to it.";
pub const STEPS: &str = "Steps of the saga";
pub const CAPTION: &str = "Above the way on, below the way back. A square was asked for, a full circle is done, a diamond \
     failed, a turn is taken back.";
pub const COMPENSATION: &str = "Compensation";
pub const PIVOT: &str = "pivot";
pub const PIVOT_NOTE: &str = "once done, no way back";
pub const RETRIED: &str = "retriable: asked until done";
pub const PARTS: &str = "What each service says of it";
pub const NOTHING: &str = "nothing yet";

pub const NOBODY: &str = "Nobody leads here, and no one service knows this saga. All that can be said of it is what each \
     part says of its own:";
pub const ONE_TRANSACTION: &str =
    "There is no saga here: one service does it all in one transaction, and what fails is rolled back whole.";

pub const WAITING: &str = "waiting";
pub const NOT_ASKED: &str = "not asked for";
pub const ASKED: &str = "asked";
pub const DONE: &str = "done";
pub const FAILED: &str = "failed";
pub const UNDOING: &str = "being taken back";
pub const UNDONE: &str = "taken back";
pub const PARKED_STEP: &str = "parked";
pub const ATTEMPT: &str = "attempt";

pub const PARKED: &str = "Parked, waiting for a person";
pub const PARKED_SINCE: &str = "Parked";
pub const MEANWHILE: &str = "Meanwhile the stock is";
pub const AND_CARD: &str = "and the card";
pub const UNTOUCHED: &str = "untouched";
pub const UNKNOWN: &str = "no longer at hand";
pub const OPEN_CASES: &str = "Open the cases";

pub const WHO_LEADS: &str = "Who leads";
pub const REPLICAS: &str = "Replicas";
pub const LEADS: &str = "leads, token";
pub const STANDS_BY: &str = "stands by";
pub const NO_LEADER: &str = "Nobody leads at this moment: with nothing under way, nobody has to.";

/// What a saga's state means.
pub fn state(state: &str) -> &'static str {
    match state {
        "RUNNING" => "It goes on step by step.",
        "COMPENSATING" => "A step failed: what was done before it is taken back, the last first.",
        "PARKED" => "A compensation could not be had. It waits for a person.",
        "COMPLETED" => "Every step is done.",
        "COMPENSATED" => "All that was done is taken back.",
        _ => "",
    }
}

pub fn resume(order_id: i64) -> String {
    format!("Resume saga {order_id}")
}

/// What could not be had, and how often it was asked for.
pub fn case(order_id: i64, step: &str, attempts: u32) -> String {
    let noun = if attempts == 1 { "attempt" } else { "attempts" };
    format!("{step} of order {order_id}, {attempts} {noun}")
}

pub fn more_cases(count: u64) -> String {
    format!("and {count} more, for which there is no room here")
}

/// How many wait for a person; empty for none.
pub fn parked(count: u64) -> String {
    match count {
        0 => String::new(),
        1 => "1 saga is parked and waits for a person.".into(),
        count => format!("{count} sagas are parked and wait for a person."),
    }
}

/// `leads, token 3`, beside a service of several replicas.
pub fn leader(holder: u32, token: u64) -> String {
    format!("{holder} {LEADS} {token}")
}

/// Some of its replicas are up.
pub fn some_up(up: usize, all: usize) -> String {
    format!("{up} of {all} replicas")
}
