//! What came of each command, as facts that two runs can be compared by.
//!
//! A fact is what a service decided or said: a state that changed, a message published, a
//! refusal, a dead letter, a fault that struck. How a message found its way (deliveries, retries,
//! times, trace ids) is chance and no fact. What belongs to no command, such as a crash or a
//! fault installed, counts to the last command accepted before it.

use protocol::{Name, Observation, Position, Recorded, Uuid, Value};
use std::collections::{HashMap, HashSet};

/// A fact of one service. Two are the same when service and text are.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub position: Position,
    pub service: Name,
    pub text: String,
}

/// Tells the facts of a record, event by event.
#[derive(Default)]
pub struct Teller {
    ordinals: HashMap<Uuid, u64>,
    /// Commands accepted so far.
    pub commands: u64,
    crashed: HashSet<Name>,
}

/// Characters of a fact; what is longer is cut off.
const TEXT: usize = 400;

impl Teller {
    /// The fact of an event, if it is one, and the command it belongs to: 0 before the first.
    pub fn tell(&mut self, event: &Recorded) -> Option<(u64, Fact)> {
        if let Observation::CommandAccepted { .. } = &event.observation {
            self.commands += 1;
            self.ordinals.insert(event.correlation_id.unwrap_or_default(), self.commands);
        }
        let (service, text) = self.said(event)?;
        let correlated = event.correlation_id.and_then(|id| self.ordinals.get(&id).copied());
        let text = plain(&text).chars().take(TEXT).collect();
        Some((correlated.unwrap_or(self.commands), Fact { position: event.position, service: service.clone(), text }))
    }

    fn said<'a>(&mut self, event: &'a Recorded) -> Option<(&'a Name, String)> {
        let service = &event.service;
        Some(match &event.observation {
            Observation::CommandAccepted { command } => {
                (service, format!("{} was accepted: {}", command.kind, words(&command.data)))
            }
            Observation::CommandRejected { status, reason, .. } => {
                (service, format!("the command was rejected with {status}: {reason}"))
            }
            Observation::MessagePublished { envelope, .. } => (
                service,
                format!("{} was published about {}: {}", envelope.kind, envelope.subject, words(&envelope.data)),
            ),
            Observation::MessageDeadLettered { topic, group, reason, .. } => {
                (group, format!("a message of {topic} became a dead letter: {reason}"))
            }
            Observation::StateChanged { entity, id, from, to } => match from {
                Some(from) => (service, format!("{entity} {id} went from {from} to {to}")),
                None => (service, format!("{entity} {id} began as {to}")),
            },
            Observation::FaultTriggered { fault_id, on } => (service, format!("the fault {fault_id} struck {on}")),
            Observation::ServiceCrashed { reason } => {
                self.crashed.insert(service.clone());
                (service, format!("it crashed: {reason}"))
            }
            // Any other start is that of the sandbox.
            Observation::ServiceStarted { .. } if self.crashed.remove(service) => {
                (service, "it was started again".into())
            }
            Observation::FaultInstalled { fault } => {
                let spec = serde_json::to_value(&fault.spec).unwrap_or_default();
                (&fault.spec.target, format!("the fault {} was installed: {}", fault.id, words(&spec)))
            }
            Observation::FaultCleared { fault_id, reason } => {
                (service, format!("the fault {fault_id} was cleared: {reason}"))
            }
            Observation::LoadStarted { command_type, rate } => {
                (service, format!("{command_type} began to arrive {rate} times a second"))
            }
            Observation::LoadStopped { command_type, .. } => (service, format!("{command_type} stopped arriving")),
            Observation::InvariantBroken { name, .. } => (service, format!("the promise {name} was broken")),
            Observation::InvariantRestored { name, .. } => (service, format!("the promise {name} holds again")),
            _ => return None,
        })
    }
}

/// An object as its fields: `item_id 42, quantity 1`.
fn words(value: &Value) -> String {
    let field = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name} {text}"),
        other => format!("{name} {other}"),
    };
    match value {
        Value::Object(fields) => fields.iter().map(field).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Hex digits that make an id nobody chose: a UUID, a span, a trace.
const CHANCE: usize = 16;

/// The text without ids that depend on chance: UUIDs and the like become `…`.
fn plain(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if is_part(first) {
            rest.find(|c| !is_part(c)).unwrap_or(rest.len())
        } else {
            rest.find(is_part).unwrap_or(rest.len())
        };
        let (part, behind) = rest.split_at(end);
        let digits = part.bytes().filter(u8::is_ascii_hexdigit).count();
        plain.push_str(if is_part(first) && digits >= CHANCE { "…" } else { part });
        rest = behind;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_depend_on_chance_are_no_part_of_a_fact() {
        assert_eq!(plain("order 101 by 6f2c9a1e-0000-4000-8000-000000000001 is bad"), "order 101 by … is bad");
        assert_eq!(plain("span 00f067aa0ba902b7!"), "span …!");
        assert_eq!(plain("29.99 for 1 of item 42 – decade"), "29.99 for 1 of item 42 – decade");
        assert_eq!(plain(""), "");
    }

    #[test]
    fn data_are_told_as_words() {
        let data = serde_json::json!({"item_id": 42, "reason": "card declined", "more": {"a": [1]}});
        assert_eq!(words(&data), "item_id 42, more {\"a\":[1]}, reason card declined");
    }
}
