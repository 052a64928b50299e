//! What the views share: pieces of markup, and questions to the events at hand.

use super::Scope;
use crate::svg::escape;
use crate::tape::Entry;
use crate::texts::views as words;
use crate::texts::{Sentence, describe_with, elapsed};
use diagram::{Token, delivered_as, published_as};
use protocol::{Envelope, Name, Observation, Position, Recorded, Uuid, Value};

/// Appends all the parts.
pub fn put(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

pub fn n(number: u64) -> String {
    number.to_string()
}

pub fn i(number: i32) -> String {
    number.to_string()
}

/// Opens a link to a moment, which the caller closes.
pub fn open(out: &mut String, scope: &Scope, at: Position, dot: bool, class: &str) {
    let number = n(at);
    let current = if at == scope.position() { "\" aria-current=\"step" } else { "" };
    put(out, &["<a class=\"", class, current, "\" href=\"", &scope.link(at, dot), "\" data-at=\"", &number]);
    if dot {
        put(out, &["\" data-dot=\"", &number]);
    }
    out.push_str("\">");
}

/// A link to a moment that opens the inspector.
pub fn dot(out: &mut String, scope: &Scope, at: Position, text: &str) {
    open(out, scope, at, true, "dot");
    put(out, &[&escape(text), "</a>"]);
}

/// Opens a link to a command and what came of it.
pub fn trace_link(out: &mut String, scope: &Scope, trace: Uuid, text: &str) {
    let href = scope.trace_link(trace);
    put(out, &["<a href=\"", &href, "\" data-trace=\"", &trace.to_string(), "\">", &escape(text), "</a>"]);
}

pub fn title(out: &mut String, text: &str) {
    put(out, &["<title>", &escape(text), "</title>"]);
}

pub fn empty(text: &str) -> String {
    let mut out = String::new();
    put(&mut out, &["<p class=\"view-empty\">", &escape(text), "</p>"]);
    out
}

/// The message that was published at a position, if it is at hand.
pub fn published<'a>(scope: &Scope<'a>, position: Position) -> Option<&'a Envelope> {
    match &scope.window.entry(position)?.event.observation {
        Observation::MessagePublished { envelope, .. } => Some(envelope),
        _ => None,
    }
}

/// What the broker did with a message: where it came from, for whom, and the attempt.
pub fn handover(event: &Recorded) -> Option<(&Name, &Name, Position, u32)> {
    use Observation::*;
    match &event.observation {
        MessageDelivered { topic, group, source_position, attempt, .. }
        | MessageRedelivered { topic, group, source_position, attempt, .. }
        | MessageAcked { topic, group, source_position, attempt, .. }
        | MessageRejected { topic, group, source_position, attempt, .. }
        | MessageDeadLettered { topic, group, source_position, attempt, .. } => {
            Some((topic, group, *source_position, *attempt))
        }
        _ => None,
    }
}

pub fn is_delivery(event: &Recorded) -> bool {
    matches!(event.observation, Observation::MessageDelivered { .. } | Observation::MessageRedelivered { .. })
}

/// The message an event is about.
pub fn message<'a>(scope: &Scope<'a>, event: &'a Recorded) -> Option<&'a Envelope> {
    match &event.observation {
        Observation::MessagePublished { envelope, .. } => Some(envelope),
        _ => published(scope, handover(event)?.2),
    }
}

/// An event in one sentence, with its message by name if that is at hand.
pub fn sentence(scope: &Scope, entry: &Entry) -> Sentence {
    entry.told.clone().unwrap_or_else(|| describe_with(&entry.event, message(scope, &entry.event)))
}

/// The shape and colour of an event, as a class.
pub fn shape(scope: &Scope, event: &Recorded) -> &'static str {
    use Observation::*;
    match &event.observation {
        CommandAccepted { .. } | RequestSent { .. } | RequestReceived { .. } | LoadStarted { .. } => "command",
        ResponseSent { status, .. } | ResponseReceived { status, .. } if *status < 400 => "reply",
        MessagePublished { envelope, .. } => token_class(published_as(&envelope.kind)),
        MessageDelivered { group, .. } | MessageRedelivered { group, .. } | MessageAcked { group, .. } => {
            message(scope, event).map_or("event", |envelope| token_class(delivered_as(&envelope.kind, group)))
        }
        TransactionCommitted { .. } | StateChanged { .. } => "commit",
        ResponseSent { .. }
        | ResponseReceived { .. }
        | CommandRejected { .. }
        | MessageRejected { .. }
        | MessageDeadLettered { .. }
        | TransactionRolledBack { .. }
        | ServiceCrashed { .. }
        | FaultInstalled { .. }
        | FaultTriggered { .. }
        | InvariantBroken { .. } => "failure",
        _ => "other",
    }
}

pub fn token_class(token: Token) -> &'static str {
    match token {
        Token::Command => "command",
        Token::Event => "event",
        Token::Failure => "failure",
        Token::Compensation => "compensation",
        Token::Reply => "reply",
    }
}

/// Where a handed-over message was worked on: the transaction of the group that followed.
pub fn handling<'a>(scope: &Scope<'a>, delivery: &Recorded) -> Option<&'a Entry> {
    let (_, group, source, _) = handover(delivery)?;
    let span = scope.window.entry(source)?.event.span_id;
    from(scope, delivery.position + 1).find(|entry| {
        entry.event.service == *group
            && entry.event.parent_span_id == Some(span)
            && matches!(entry.event.observation, Observation::TransactionCommitted { .. })
    })
}

/// The events at hand from a position on.
pub fn from<'a>(scope: &Scope<'a>, position: Position) -> impl Iterator<Item = &'a Entry> {
    let skipped = position.saturating_sub(scope.window.first());
    scope.window.entries().iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX))
}

/// The events at hand up to a position, the latest first.
pub fn back_from<'a>(scope: &Scope<'a>, position: Position) -> impl Iterator<Item = &'a Entry> {
    let count = (position + 1).saturating_sub(scope.window.first());
    let entries = scope.window.entries();
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(entries.len());
    entries.range(..count).rev()
}

/// A value in a line. Our payloads know no fractions.
pub fn plain(value: &Value) -> String {
    let mut out = String::new();
    json(&mut out, value, usize::MAX);
    match value {
        Value::String(text) => text.clone(),
        _ => out,
    }
}

/// A value as JSON, `depth` levels in; on one line if there is no saying how deep.
pub fn json(out: &mut String, value: &Value, depth: usize) {
    let (open, close, count) = match value {
        Value::Null => return out.push_str("null"),
        Value::Bool(true) => return out.push_str("true"),
        Value::Bool(false) => return out.push_str("false"),
        Value::Number(number) => {
            return match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => out.push_str(&number.to_string()),
                (None, Some(number)) => out.push_str(&n(number)),
                _ => out.push('…'),
            };
        }
        Value::String(text) => return quote(out, text),
        Value::Array(items) => ("[", "]", items.len()),
        Value::Object(fields) => ("{", "}", fields.len()),
    };
    out.push_str(open);
    let within = depth.saturating_add(1);
    let part = |out: &mut String, index: usize, name: Option<&str>, item: &Value| {
        line(out, within);
        if let Some(name) = name {
            quote(out, name);
            out.push_str(": ");
        }
        json(out, item, within);
        if index + 1 < count {
            out.push_str(if depth == usize::MAX { ", " } else { "," });
        }
    };
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| part(out, at, None, item)),
        Value::Object(fields) => {
            fields.iter().enumerate().for_each(|(at, (name, item))| part(out, at, Some(name), item));
        }
        _ => {}
    }
    if count > 0 {
        line(out, depth);
    }
    out.push_str(close);
}

fn line(out: &mut String, depth: usize) {
    if depth != usize::MAX {
        out.push('\n');
        (0..depth).for_each(|_| out.push_str("  "));
    }
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
}

/// `12.34%` of a whole.
pub fn percent(part: u64, whole: u64) -> String {
    let hundredths = part.saturating_mul(10_000) / whole.max(1);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let mut out = n(whole);
    put(&mut out, &[if rest < 10 { ".0" } else { "." }, &n(rest), "%"]);
    out
}

/// A row of a transaction: what it was, what it is.
pub fn change(out: &mut String, row: &protocol::RowChange) {
    put(out, &["<li><b>", &escape(&row.table), " ", &escape(&row.key), "</b> "]);
    match (&row.before, &row.after) {
        (Some(before), Some(after)) => {
            let mut some = false;
            for (column, value) in after.as_object().into_iter().flatten() {
                if before.get(column) != Some(value) {
                    let was = before.get(column).map(plain).unwrap_or_default();
                    put(out, &[if some { ", " } else { "" }, &escape(column), " "]);
                    became(out, &was, &plain(value));
                    some = true;
                }
            }
            if !some {
                out.push_str(words::SAME);
            }
        }
        (None, Some(after)) => {
            put(out, &["<ins>", words::NEW, "</ins> ", &escape(&fields(after))]);
        }
        (Some(before), None) => {
            put(out, &["<del>", &escape(&fields(before)), "</del> ", words::DELETED]);
        }
        (None, None) => {}
    }
    out.push_str("</li>");
}

/// Before and after, in words and marks.
pub fn became(out: &mut String, before: &str, after: &str) {
    let (before, after) = (escape(before), escape(after));
    let hidden = words::BECAME;
    put(out, &["<del>", &before, "</del><span class=\"became\" aria-hidden=\"true\"> → </span>"]);
    put(out, &["<span class=\"visually-hidden\"> ", hidden, " </span><ins>", &after, "</ins>"]);
}

fn fields(row: &Value) -> String {
    let mut out = String::new();
    for (column, value) in row.as_object().into_iter().flatten() {
        let comma = if out.is_empty() { "" } else { ", " };
        put(&mut out, &[comma, column, " ", &plain(value)]);
    }
    out
}

/// When an event was: since its run began, if it belongs to one.
pub fn when(entry: &Entry) -> String {
    entry.since.map_or_else(String::new, elapsed)
}
