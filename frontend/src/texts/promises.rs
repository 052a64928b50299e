//! What the services promise, in a sentence each, and how that stands.

pub const TITLE: &str = "Promises";
pub const HINT: &str =
    "Each is checked with every event. What breaks one stands in the record, and is shaded in the history.";
pub const KEPT: &str = "kept";

/// All that is checked, by name (`playground-services/runner/src/invariants.rs`).
pub const LIST: [(&str, &str); 18] = [
    ("stock-conserved", "What is on the shelf, held and sold adds up to the stock of the first day."),
    ("stock-never-negative", "There is never less than nothing on the shelf."),
    ("legal-transitions", "Orders, reservations and payments change only as their states allow."),
    ("sagas-end-consistent", "Where an order has ended, its stock and its payment have ended the same way."),
    ("charged-at-most-once", "No order is charged twice, and nothing is charged without an order."),
    ("money-conserved", "What was taken and not given back is the price of what is confirmed."),
    ("nothing-held-by-ended-sagas", "No stock is held for an order that has ended."),
    ("one-end-per-saga", "An order is CONFIRMED or CANCELLED, never both."),
    ("compensations-in-reverse", "What was done last is taken back first."),
    ("refunded-at-most-once", "No order is refunded twice."),
    ("one-effect-per-message", "However often a message comes, it changes something once."),
    ("consumed-was-published", "Nobody hears of anything that was not published."),
    ("transactions-gapless", "The record has every transaction of every service."),
    ("fencing-never-falls", "Nobody obeys a leader that was replaced."),
    ("shipped-only-if-not-cancelled", "Nothing is shipped for an order that was cancelled."),
    ("every-saga-ends", "Every order comes to an end."),
    ("streams-gapless", "An account’s events are numbered without a gap, and none is ever changed."),
    ("balances-add-up", "An account’s balance is the sum of its events, and never less than nothing."),
];

/// How many are kept, or are not.
pub fn count(broken: usize, all: usize) -> String {
    if broken == 0 { format!("all {all} kept") } else { format!("{broken} of {all} broken") }
}

pub fn broken_since(position: u64) -> String {
    format!("broken since {position}")
}

/// `lasted` as it is read off: `1.84 s`.
pub fn broken_for(lasted: &str, since: u64, until: u64, times: u32) -> String {
    let last = if times > 1 { format!(", the last of {times} times") } else { String::new() };
    format!("broken for {lasted} at {since}–{until}{last}")
}
