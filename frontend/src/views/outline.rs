//! The picture as a list, for those who hear it or use keys: the same words as the picture.

use super::markup::put;
use crate::svg::{escape, health, rows};
use crate::texts::views as words;
use crate::texts::{dead_letters, outside, readable, waiting};
use diagram::{DiagramState, Held, Motion, Place};
use protocol::{Name, Position, Topology, Uuid};

/// What the list is ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Services, topics, then what moves.
    #[default]
    Service,
    /// What belongs to each order.
    Saga,
    /// Messages in the order they were published.
    Time,
}

/// A thing in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// `service-orders`, `topic-orders`, `message-17-inventory`, `flight-17-topic-orders`, `saga-101`: unique.
    pub id: String,
    pub label: String,
    pub target: Target,
    /// The heading it stands under.
    pub group: String,
}

/// What Enter on an item opens.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Service(Name),
    Topic(Name),
    /// The message published or moved at this position.
    Dot(Position),
    Trace(Uuid),
    Nothing,
}

/// Everything in the picture. `flights` are the tokens on their way.
pub fn outline(state: &DiagramState, flights: &[Motion], grouping: Grouping) -> Vec<Item> {
    let mut items = vec![];
    if grouping == Grouping::Service {
        services(&mut items, state);
        topics(&mut items, state, flights);
    }
    let mut moving: Vec<Moving> = vec![];
    for motion in flights {
        let token = token_name(&motion.name, &motion.subject);
        let (from, to) = (place(&motion.from), place(&motion.to));
        let label = [&token, ", ", words::FROM, " ", &from, " ", words::TO, " ", &to].concat();
        let id = ["flight-", &motion.position.to_string(), "-", &to.replace(' ', "-")].concat();
        let item = Item { id, label, target: Target::Dot(motion.position), group: words::ON_THE_WAY.into() };
        in_order(&mut moving, (motion.position, motion.subject.clone(), item));
    }
    if grouping != Grouping::Service {
        each_waiting(state, flights, &mut |topic, group, held| {
            let token = token_name(&held.kind, &held.subject);
            let label = [&token, ", ", words::WAITS_IN, " ", topic, " ", words::FOR, " ", group].concat();
            let item = Item {
                id: message_id(held, group),
                label,
                target: Target::Dot(held.position),
                group: words::WAITING_GROUP.into(),
            };
            in_order(&mut moving, (held.position, held.subject.clone(), item));
        });
    }
    if grouping != Grouping::Saga {
        // What moves, before what it belongs to.
        take(&mut items, &mut moving, None, None);
    }
    for saga in state.sagas.latest.iter().rev() {
        let order = saga.order_id.to_string();
        let heading = [words::ORDER, " ", &order].concat();
        let mut label = [&heading, ": ", &saga.order].concat();
        let parts =
            [(words::STOCK, &saga.reservation), (words::PAYMENT, &saga.payment), (words::CUSTOMER, &saga.notification)];
        for (word, part) in parts {
            if let Some(part) = part {
                put!(&mut label, ", @ @", word, &part.to_ascii_lowercase());
            }
        }
        let by_saga = grouping == Grouping::Saga;
        items.push(Item {
            id: ["saga-", &order].concat(),
            label,
            target: saga.correlation_id.map_or(Target::Nothing, Target::Trace),
            group: if by_saga { heading.clone() } else { words::SAGAS.into() },
        });
        if by_saga {
            let subject = ["order/", &order].concat();
            take(&mut items, &mut moving, Some(&subject), Some(&heading));
        }
    }
    take(&mut items, &mut moving, None, None);
    items
}

/// A message, where it was published and what it is about.
type Moving = (Position, Name, Item);

/// Messages stand in the order they were published in.
fn in_order(moving: &mut Vec<Moving>, message: Moving) {
    let at = moving.iter().position(|(position, ..)| *position > message.0).unwrap_or(moving.len());
    moving.insert(at, message);
}

/// Those about this subject, or all of them, go into the list, under another heading if there is one.
fn take(items: &mut Vec<Item>, moving: &mut Vec<Moving>, subject: Option<&str>, heading: Option<&String>) {
    let mut rest = vec![];
    for (position, about, mut item) in std::mem::take(moving) {
        if subject.is_some_and(|subject| *subject != *about) {
            rest.push((position, about, item));
            continue;
        }
        if let Some(heading) = heading {
            item.group.clone_from(heading);
        }
        items.push(item);
    }
    *moving = rest;
}

fn services(items: &mut Vec<Item>, state: &DiagramState) {
    for node in &state.nodes {
        let mut label = [&node.name, ": ", &*health(node, state).1].concat();
        for (row, _) in rows(node) {
            put!(&mut label, ", @", &row);
        }
        if node.tables.is_empty() {
            put!(&mut label, ", @", crate::texts::NO_ROWS);
        }
        let spec = state.topology.as_ref().and_then(|topology| topology.service(&node.name));
        if let Some(beyond) = spec.and_then(|spec| spec.outside.as_ref()) {
            put!(&mut label, ", @", &outside(&beyond.name, beyond.latency_ms));
        }
        items.push(Item {
            id: service_id(&node.name),
            label,
            target: Target::Service(node.name.clone()),
            group: words::SERVICES.into(),
        });
    }
}

fn topics(items: &mut Vec<Item>, state: &DiagramState, flights: &[Motion]) {
    for pipe in &state.pipes {
        let mut label = [words::TOPIC_OF, &pipe.topic].concat();
        for (index, lane) in pipe.lanes.iter().enumerate() {
            let flying = lane.waiting.tokens.iter().filter(|held| in_the_air(flights, held.position)).count();
            let count = lane.waiting.count.saturating_sub(flying as u64);
            put!(&mut label, "@@", if index == 0 { ": " } else { ", " }, &waiting(count, &lane.group));
            if lane.dead_lettered > 0 {
                put!(&mut label, ", @", &dead_letters(lane.dead_lettered, &lane.group));
            }
        }
        items.push(Item {
            id: topic_id(&pipe.topic),
            label,
            target: Target::Topic(pipe.topic.clone()),
            group: words::TOPICS.into(),
        });
        each_waiting(state, flights, &mut |topic, group, held| {
            if *topic == *pipe.topic {
                let token = token_name(&held.kind, &held.subject);
                items.push(Item {
                    id: message_id(held, group),
                    label: [&token, ", ", words::WAITS_IN, " ", topic, " ", words::FOR, " ", group].concat(),
                    target: Target::Dot(held.position),
                    group: words::TOPICS.into(),
                });
            }
        });
    }
}

fn each_waiting(state: &DiagramState, flights: &[Motion], tell: &mut dyn FnMut(&str, &str, &Held)) {
    for pipe in &state.pipes {
        for lane in &pipe.lanes {
            for held in lane.waiting.tokens.iter().filter(|held| !in_the_air(flights, held.position)) {
                tell(&pipe.topic, &lane.group, held);
            }
        }
    }
}

/// Published, but still on its way into the pipe.
fn in_the_air(flights: &[Motion], position: Position) -> bool {
    flights.iter().any(|motion| motion.position == position && matches!(motion.to, Place::Topic(_)))
}

fn token_name(kind: &str, subject: &str) -> String {
    if subject.is_empty() { kind.into() } else { [kind, " ", words::OF, " ", &readable(subject)].concat() }
}

fn place(place: &Place) -> String {
    match place {
        Place::Learner => words::YOU.into(),
        Place::Service(name) => name.to_string(),
        Place::Topic(name) => [words::TOPIC_OF, name].concat(),
    }
}

fn service_id(name: &str) -> String {
    ["service-", name].concat()
}

fn topic_id(name: &str) -> String {
    ["topic-", name].concat()
}

fn message_id(held: &Held, group: &str) -> String {
    ["message-", &held.position.to_string(), "-", group].concat()
}

/// The items as options of a list with one tab stop, and the active one's element.
pub fn options(items: &[Item], active: &str) -> (String, String) {
    let mut out = String::new();
    let active = items.iter().find(|item| item.id == active).or(items.first());
    let mut group: Option<&str> = None;
    for item in items {
        if group != Some(&item.group) {
            let heading = escape(&item.group);
            out.push_str(if group.is_some() { "</div>" } else { "" });
            put!(
                &mut out,
                "<div role=\"group\" aria-label=\"@\"><span class=\"heading\" aria-hidden=\"true\">",
                &heading
            );
            put!(&mut out, "@</span>", &heading);
            group = Some(&item.group);
        }
        let selected = if active.is_some_and(|active| active.id == item.id) { "true" } else { "false" };
        put!(&mut out, "<div role=\"option\" id=\"item-$\" aria-selected=\"@\"", &item.id, selected);
        match &item.target {
            Target::Service(name) => put!(&mut out, " data-dot=\"$\"", name),
            Target::Dot(position) => put!(&mut out, " data-dot=\"@\"", &position.to_string()),
            Target::Trace(id) => put!(&mut out, " data-trace=\"@\"", &id.to_string()),
            Target::Topic(_) | Target::Nothing => {}
        }
        put!(&mut out, ">$</div>", &item.label);
    }
    out.push_str(if group.is_some() { "</div>" } else { "" });
    (out, active.map(|active| ["item-", &active.id].concat()).unwrap_or_default())
}

/// Where the arrow keys lead from an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// Upstream: who publishes what this reads.
    pub left: Option<String>,
    /// Downstream: who reads what this publishes.
    pub right: Option<String>,
    pub up: Option<String>,
    pub down: Option<String>,
}

/// Left and right along the edges; up and down to what stands beside it, through the whole list.
pub fn neighbours(topology: &Topology, items: &[Item], id: &str) -> Neighbours {
    let Some(at) = items.iter().position(|item| item.id == id) else { return Neighbours::default() };
    let up = at.checked_sub(1).and_then(|at| items.get(at)).map(|item| item.id.clone());
    let down = items.get(at + 1).map(|item| item.id.clone());
    let listed = |id: String| items.iter().any(|item| item.id == id).then_some(id);
    let topic = |name: &str| listed(topic_id(name));
    let service = |name: &str| listed(service_id(name));
    let publisher = |topic: &str| {
        topology.services.iter().find(|service| service.publishes.as_deref() == Some(topic)).map(|spec| &*spec.name)
    };
    let (left, right) = match &items[at].target {
        Target::Service(name) => {
            let spec = topology.service(name);
            (
                spec.and_then(|spec| spec.consumes.first()).and_then(|from| topic(&from.topic)),
                spec.and_then(|spec| spec.publishes.as_ref()).and_then(|name| topic(name)),
            )
        }
        Target::Topic(name) => (
            publisher(name).and_then(service),
            topology.readers(name).next().and_then(|(reader, _)| service(&reader.name)),
        ),
        // A message waits between its topic and its reader.
        Target::Dot(_) => {
            let mut before = items[..at].iter().rev();
            let in_topic = before.find(|item| matches!(item.target, Target::Topic(_)));
            let reader = id.splitn(3, '-').nth(2).unwrap_or_default();
            (in_topic.map(|item| item.id.clone()), service(reader))
        }
        _ => (None, None),
    };
    Neighbours { left, right, up, down }
}
