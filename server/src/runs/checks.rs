//! What a line of an imported record must be beside well-formed: in order, and within bounds
//! that every record of ours keeps, so that nothing shown or folded from it grows without end.

use diagram::DiagramState;
use protocol::{Observation, Position, RECORD_FORMAT, Recorded, ServiceSpec, Topology, Value};
use std::collections::BTreeSet;

/// What the lines so far add up to.
#[derive(Default)]
pub struct Checks {
    position: Position,
    at: u64,
}

type Check = Result<(), String>;

/// Characters of a name.
const NAME: usize = 64;
const TITLE: usize = 120;
/// Of a source file.
const PATH: usize = 200;
const SERVICES: usize = 64;
/// Subscriptions, types, commands and tables of one service.
const OF_A_SERVICE: usize = 64;
/// Columns and rows of the diagram.
const GRID: u8 = 12;
const FAULTS: usize = 1000;
/// JavaScript reads no more exactly: 2^53 - 1, in microseconds 285 years.
const AT_MAX: u64 = crate::ids::SEED_MAX;
/// A number of a row or message: sums of a whole file of them fit.
const NUMBER_MAX: u64 = 1_000_000_000_000;
const HOUR_MS: u64 = 3_600_000;

impl Checks {
    /// The next line, given the picture before it.
    pub fn check(&mut self, event: &Recorded, before: &DiagramState) -> Check {
        let expected = self.position + 1;
        if event.position != expected {
            return Err(format!("the position is {}, where {expected} should follow", event.position));
        }
        if event.at < self.at {
            return Err(format!("its time {} goes back behind {}", event.at, self.at));
        }
        if event.at > AT_MAX {
            return Err(format!("its time {} is past all clocks", event.at));
        }
        name("service", &event.service)?;
        event.code.iter().try_for_each(|code| path(&code.file))?;
        (self.position, self.at) = (event.position, event.at);
        match &event.observation {
            Observation::SandboxStarted { format, topology, .. } => started(event.position, *format, topology),
            _ if event.position == 1 => Err("the first line must be SandboxStarted".into()),
            Observation::TransactionCommitted { rows, .. } => {
                let tables: BTreeSet<&str> = rows.iter().map(|row| &*row.table).collect();
                tables.iter().try_for_each(|table| name("table", table))?;
                bounded("tables", tables.len(), OF_A_SERVICE)?;
                rows.iter().flat_map(|row| [&row.before, &row.after]).flatten().try_for_each(numbers)?;
                let node = before.node(&event.service);
                bounded("tables", node.map_or(0, |node| node.tables.len()), OF_A_SERVICE)
            }
            Observation::MessagePublished { envelope, .. } => numbers(&envelope.data),
            Observation::FaultInstalled { .. } => bounded("faults", before.faults.len(), FAULTS),
            Observation::InvariantBroken { .. } => bounded("broken promises", before.broken.len(), FAULTS),
            _ => Ok(()),
        }
    }
}

fn started(position: Position, format: u32, topology: &Topology) -> Check {
    if position != 1 {
        return Err("SandboxStarted can only be the first line".into());
    }
    if format > RECORD_FORMAT {
        return Err(format!(
            "its format {format} is that of a later version of Terrarium; this one reads formats up to {RECORD_FORMAT}"
        ));
    }
    if format == 0 {
        return Err("there is no format 0".into());
    }
    sane(topology)
}

fn sane(topology: &Topology) -> Check {
    name("topology's name", &topology.name)?;
    title("topology's title", &topology.title)?;
    if topology.services.is_empty() {
        return Err("the topology has no services".into());
    }
    bounded("services", topology.services.len(), SERVICES)?;
    for (index, service) in topology.services.iter().enumerate() {
        if topology.services[..index].iter().any(|other| other.name == service.name) {
            return Err(format!("the service {} is there twice", service.name));
        }
        sane_service(topology, service)?;
    }
    Ok(())
}

fn sane_service(topology: &Topology, service: &ServiceSpec) -> Check {
    name("service's name", &service.name)?;
    bounded("commands", service.commands.len(), OF_A_SERVICE)?;
    service.commands.iter().try_for_each(|command| name("command", command))?;
    service.publishes.iter().try_for_each(|topic| name("topic", topic))?;
    bounded("subscriptions", service.consumes.len(), OF_A_SERVICE)?;
    for subscription in &service.consumes {
        if !topology.topics().any(|topic| *topic == subscription.topic) {
            return Err(format!("{} reads a topic that nobody publishes", service.name));
        }
        bounded("types", subscription.types.len(), OF_A_SERVICE)?;
        subscription.types.iter().try_for_each(|kind| name("type", kind))?;
    }
    if let Some(outside) = &service.outside {
        title("name of what lies outside", &outside.name)?;
        if outside.latency_ms > HOUR_MS {
            return Err(format!("the latency of {} is longer than an hour", outside.name));
        }
    }
    if let Some(reads) = &service.reads {
        bounded("queries", reads.queries.len(), OF_A_SERVICE)?;
        reads.queries.iter().try_for_each(|query| name("query", query))?;
        if reads.latency_ms > HOUR_MS {
            return Err(format!("a read of {} takes longer than an hour", service.name));
        }
        if reads.instead.as_ref().is_some_and(|other| topology.service(other).is_none()) {
            return Err(format!("nobody answers in the place of {}", service.name));
        }
    }
    if service.place.iter().any(|cell| *cell >= GRID) {
        return Err(format!("the place of {} is outside the diagram's grid of {GRID} by {GRID}", service.name));
    }
    if service.stock.unsigned_abs() > NUMBER_MAX {
        return Err(format!("the stock of {} is past all bounds", service.name));
    }
    Ok(())
}

/// Letters, digits and a few signs: what is a name of ours.
fn name(what: &str, text: &str) -> Check {
    let fits = (1..=NAME).contains(&text.len())
        && !text.starts_with('.')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if fits { Ok(()) } else { Err(format!("the {what} is no name (1 to {NAME} letters, digits and -_.)")) }
}

/// A source file's path: names with slashes between. Pages ask for what it names.
fn path(text: &str) -> Check {
    text.split('/').try_for_each(|part| name("source file's path", part)).and(bounded("characters", text.len(), PATH))
}

fn title(what: &str, text: &str) -> Check {
    let fits = text.chars().count() <= TITLE && !text.chars().any(super::name::is_invisible);
    if fits { Ok(()) } else { Err(format!("the {what} is longer than {TITLE} characters, or has control characters")) }
}

fn bounded(what: &str, has: usize, may: usize) -> Check {
    if has > may { Err(format!("there are more {what} than the {may} there may be")) } else { Ok(()) }
}

fn numbers(value: &Value) -> Check {
    match value {
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64()).unwrap_or(0);
            if size > NUMBER_MAX { Err(format!("the number {number} is past all bounds")) } else { Ok(()) }
        }
        Value::Array(values) => values.iter().try_for_each(numbers),
        Value::Object(fields) => fields.values().try_for_each(numbers),
        _ => Ok(()),
    }
}
