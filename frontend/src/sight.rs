//! What stands around the drawing, in words: the same on the server, which writes it into the
//! page, and in the browser, which keeps it up. HTML, where something of it comes from outside.

use crate::player::Player;
use crate::svg::escape;
use crate::texts::{self, faults as words, promises, saga};
use diagram::{DiagramState, Health, Node};
use protocol::{FaultKind, Position};

/// How things stand between this page and the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// The page's script has not run yet.
    NotStarted,
    Starting,
    Live,
    /// A kept run: it only stands still.
    Kept,
    /// The connection broke; the browser tries again by itself.
    Reconnecting,
    /// The sandbox was deleted.
    Gone,
    /// More streams than a session may have.
    TooMany,
    /// The server said no, in a sentence.
    Failed(String),
}

impl Link {
    /// What to say of it, and the way out that is offered; empty where there is none.
    pub fn words(&self, asleep: bool) -> (&str, &'static str) {
        match self {
            Link::NotStarted => (texts::NOT_STARTED, ""),
            Link::Starting => (texts::STARTING, ""),
            Link::Live if asleep => (texts::WAKES, ""),
            Link::Live | Link::Kept => ("", ""),
            Link::Reconnecting => (texts::RECONNECTING, ""),
            Link::Gone => (texts::GONE, texts::START_NEW),
            Link::TooMany => (texts::TOO_MANY, texts::TRY_AGAIN),
            Link::Failed(sentence) => (sentence, texts::TRY_AGAIN),
        }
    }
}

/// A class and words: how many services are up.
pub fn badge(state: &DiagramState) -> (&'static str, String) {
    let up = state.nodes.iter().filter(|node| node.health == Health::Up).count();
    let words = match state {
        _ if state.position == 0 => texts::NOT_RUNNING.into(),
        _ if state.hibernated => texts::ASLEEP.into(),
        _ => texts::services_up(up, state.nodes.len()),
    };
    (if up < state.nodes.len() { "badge troubled" } else { "badge" }, words)
}

/// The latest order, and whatever else is going on.
pub fn latest(state: &DiagramState) -> String {
    match &state.load {
        Some(load) => texts::load(load.rate),
        None => state.sagas.latest.last().map_or_else(String::new, |saga| texts::latest_order(saga.order_id)),
    }
}

/// Class, word and full name of what crashes a service, or restarts it when it has crashed.
pub fn lever(node: &Node) -> (&'static str, &'static str, String) {
    if node.health == Health::Crashed {
        ("restart", texts::RESTART, texts::restart(&node.name))
    } else {
        ("crash", texts::CRASH, texts::crash(&node.name))
    }
}

pub fn is_declining(state: &DiagramState) -> bool {
    declined(state).is_some()
}

/// Whether one can place orders here. Where not, there are neither sagas nor a table of orders.
pub fn takes_orders(state: &DiagramState) -> bool {
    state.topology.as_ref().is_none_or(|topology| topology.owner_of("PlaceOrder").is_some())
}

/// Which charges are declined: each n-th, of those that stand.
pub fn declined(state: &DiagramState) -> Option<u64> {
    let fault = state.faults.iter().find(|fault| fault.spec.kind == FaultKind::DeclinePayments)?;
    Some(fault.spec.params.every.unwrap_or(1))
}

/// Time and sentence of the last event of the story.
pub fn telling(player: &Player) -> (String, String) {
    match player.telling() {
        Some(entry) => (entry.since.map_or_else(String::new, texts::moment), entry.sentence().html()),
        // Of what happened before the events at hand, the picture speaks.
        None if player.shown.sagas.latest.is_empty() => (String::new(), texts::NOTHING_YET.into()),
        None => (String::new(), texts::BEFORE.into()),
    }
}

/// The faults that stand, each with a way to end it. How long they last is filled in by the
/// browser, which knows what time it is.
pub fn standing(state: &DiagramState) -> String {
    let one = |fault: &protocol::Fault| {
        let (kind, target) = (fault.spec.kind, &fault.spec.target);
        let lasts = if fault.spec.ttl_ms.is_none() { words::UNTIL_CLEARED } else { "" };
        let (id, sentence) = (escape(&fault.id), texts::fault(&fault.spec).html());
        let (label, clear) = (escape(&words::clear(kind, target)), words::CLEAR);
        format!(
            "<li><span class=\"what\">{sentence}</span> <span class=\"left\" data-left=\"{id}\">{lasts}</span> \
             <button type=\"button\" data-do=\"clear-fault\" data-fault-id=\"{id}\" aria-label=\"{label}\">{clear}</button></li>"
        )
    };
    state.faults.iter().map(one).collect()
}

/// What a press does to a service's world: stops it, or lets it go on.
pub fn pause(node: &Node) -> String {
    if node.health == Health::Paused { words::resume(&node.name) } else { words::pause(&node.name) }
}

/// The protections that are off.
pub fn off(state: &DiagramState) -> String {
    let names: Vec<_> = state.switches.iter().filter(|known| !known.on).map(|known| known.name.clone()).collect();
    escape(&words::off(&names))
}

/// That sagas wait for a person, and the way to their cases.
pub fn parked(state: &DiagramState) -> String {
    let (words, open) = (saga::parked(state.sagas.parked_count), saga::OPEN_CASES);
    if words.is_empty() { words } else { format!("{words} <a href=\"?view=saga\" data-view=\"saga\">{open}</a>") }
}

/// Promises that do not hold.
pub fn broken(state: &DiagramState) -> String {
    let one = |broken: &diagram::Broken| moment(broken.since, &escape(&texts::broken(&broken.name, &broken.detail)));
    state.broken.iter().map(one).collect()
}

/// A link to where one sees it.
fn moment(at: Position, words: &str) -> String {
    format!("<a href=\"?at={at}\" data-at=\"{at}\">{words}</a>")
}

/// Class and words of one promise: kept, broken, or broken for a while.
pub fn promise(state: &DiagramState, name: &str) -> (&'static str, String) {
    if let Some(broken) = state.broken.iter().find(|broken| *broken.name == *name) {
        return ("broken", moment(broken.since, &promises::broken_since(broken.since)));
    }
    match state.mended.iter().find(|mended| *mended.name == *name) {
        Some(mended) => {
            let lasted = texts::elapsed(mended.lasted);
            let words = promises::broken_for(&lasted, mended.since, mended.until, mended.times);
            ("mended", moment(mended.since, &words))
        }
        None => ("held", promises::KEPT.into()),
    }
}

/// What has the newest order shipped; empty where there is none, or nobody who does it.
pub fn ship(state: &DiagramState) -> String {
    let ships = state.topology.as_ref().is_some_and(|topology| topology.owner_of(SHIP_ORDER).is_some());
    let order = state.sagas.latest.last().filter(|_| ships);
    order.map_or_else(String::new, |saga| texts::ship(saga.order_id))
}

/// The command that has an order shipped.
pub const SHIP_ORDER: &str = "ShipOrder";
