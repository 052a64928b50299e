//! What happened as a Mermaid sequence diagram, for a file.

use super::markup::put;
use crate::tape::Entry;
use crate::texts::readable;
use crate::texts::views as words;
use diagram::{Token, delivered_as, published_as};
use protocol::{Envelope, Observation, Position, Uuid};

/// Of these events, or of one command's among them.
pub fn mermaid<'a>(entries: impl IntoIterator<Item = &'a Entry>, trace: Option<Uuid>) -> String {
    let mut entries: Vec<&Entry> = entries.into_iter().collect();
    if trace.is_some() {
        let mine = |entry: &&Entry| entry.is_of(trace);
        let first = entries.iter().position(mine).unwrap_or(entries.len());
        entries.truncate(entries.iter().rposition(mine).map_or(0, |last| last + 1));
        entries.drain(..first.min(entries.len()));
        // Crashes and restarts belong to no command, but explain what lies between.
        entries.retain(|entry| entry.is_of(trace) || is_of_health(entry));
    }
    let mut names: Vec<String> = vec![words::YOU.into()];
    let mut body = String::new();
    for entry in &entries {
        line(&mut body, &mut names, &entries, entry);
    }
    let mut out = String::from("sequenceDiagram\n");
    for (index, name) in names.iter().enumerate() {
        let kind = if index == 0 { "actor" } else { "participant" };
        put!(&mut out, "    @ p@ as @\n", kind, &index.to_string(), &clean(name));
    }
    out.push_str(&body);
    out
}

fn is_of_health(entry: &Entry) -> bool {
    use Observation::*;
    matches!(entry.event.observation, ServiceCrashed { .. } | ServiceStarted { .. } | ServiceStopped { .. })
}

/// Nothing that Mermaid would take for its own.
fn clean(text: &str) -> String {
    let kept: String =
        text.chars().map(|c| if c.is_alphanumeric() || " .,:/_-()→·…“”".contains(c) { c } else { ' ' }).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    // A lone `end` closes a block.
    let guarded: Vec<String> = words
        .iter()
        .map(|word| if word.eq_ignore_ascii_case("end") { format!("({word})") } else { (*word).into() })
        .collect();
    if guarded.is_empty() { "-".into() } else { guarded.join(" ") }
}

fn participant(names: &mut Vec<String>, name: &str) -> String {
    let name = match name {
        "learner" | protocol::TERRARIUM => words::YOU,
        other => other,
    };
    let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.into());
        names.len() - 1
    });
    format!("p{at}")
}

fn line(out: &mut String, names: &mut Vec<String>, entries: &[&Entry], entry: &Entry) {
    use Observation::*;
    let event = &entry.event;
    let topic_name = |topic: &str| [words::TOPIC_OF, topic].concat();
    let mut arrow = |names: &mut Vec<String>, from: &str, with: &str, to: &str, text: &str| {
        let (from, to) = (participant(names, from), participant(names, to));
        put!(out, "    @@@: @\n", &from, with, &to, &clean(text));
    };
    match &event.observation {
        RequestReceived { from, method, path, .. } => {
            arrow(names, from, "->>", &event.service, &format!("{method} {path}"));
        }
        ResponseReceived { from, status, .. } => arrow(names, from, "-->>", &event.service, &status.to_string()),
        MessagePublished { topic, envelope } => {
            let text = told(envelope, published_as(&envelope.kind));
            arrow(names, &event.service, "-)", &topic_name(topic), &text);
        }
        MessageDelivered { topic, group, source_position, .. } => {
            arrow(names, &topic_name(topic), "-)", group, &delivered(entries, *source_position, group));
        }
        MessageRedelivered { topic, group, source_position, attempt, .. } => {
            let text = format!("{}, {} {attempt}", delivered(entries, *source_position, group), words::ATTEMPT_LOWER);
            arrow(names, &topic_name(topic), "-)", group, &text);
        }
        CommandAccepted { .. }
        | CommandRejected { .. }
        | MessageRejected { .. }
        | MessageDeadLettered { .. }
        | TransactionRolledBack { .. }
        | FaultInstalled { .. }
        | FaultTriggered { .. }
        | FaultCleared { .. }
        | ServiceCrashed { .. }
        | ServiceStopped { .. }
        | InvariantBroken { .. }
        | InvariantRestored { .. } => note(out, names, entry),
        ServiceStarted { .. } if entry.told.is_some() => note(out, names, entry),
        TransactionCommitted { rows, .. } if !rows.is_empty() => note(out, names, entry),
        _ => {}
    }
}

fn note(out: &mut String, names: &mut Vec<String>, entry: &Entry) {
    let about = match &entry.event.observation {
        Observation::MessageRejected { group, .. } | Observation::MessageDeadLettered { group, .. } => group,
        _ => &entry.event.service,
    };
    let who = participant(names, about);
    put!(out, "    Note over @: @\n", &who, &clean(&entry.sentence().text()));
}

fn told(envelope: &Envelope, token: Token) -> String {
    let back = if token == Token::Compensation { words::COMPENSATION } else { "" };
    format!("{} {} {} {back}", envelope.kind, words::OF, readable(&envelope.subject))
}

fn delivered(entries: &[&Entry], source: Position, group: &str) -> String {
    let published = entries.iter().find(|entry| entry.position() == source);
    match published.map(|entry| &entry.event.observation) {
        Some(Observation::MessagePublished { envelope, .. }) => told(envelope, delivered_as(&envelope.kind, group)),
        _ => words::MESSAGE.into(),
    }
}
