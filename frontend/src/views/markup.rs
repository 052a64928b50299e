//! What the views share: pieces of markup, and questions to the events at hand.

use super::Scope;
use crate::svg::escape;
use crate::tape::Entry;
use crate::texts::views as words;
use crate::texts::{Sentence, describe_with, elapsed};
use diagram::{Token, delivered_as, published_as};
use protocol::{Envelope, Name, Observation, Position, Recorded, Uuid, Value};

/// Something for a gap in a template.
pub enum Piece<'a> {
    Text(&'a str),
    Number(i64),
}

impl<'a> From<&'a str> for Piece<'a> {
    fn from(text: &'a str) -> Self {
        Piece::Text(text)
    }
}

impl<'a> From<&'a String> for Piece<'a> {
    fn from(text: &'a String) -> Self {
        Piece::Text(text)
    }
}

impl<'a> From<&'a Name> for Piece<'a> {
    fn from(text: &'a Name) -> Self {
        Piece::Text(text)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl From<$number> for Piece<'_> {
            fn from(number: $number) -> Self {
                Piece::Number(number as i64)
            }
        }
    )*};
}
numbers!(i32, i64, u32, u64, usize);

/// Appends a template with its gaps filled: `@` markup as it is, `$` text to be escaped, `#` a
/// number, `~` microseconds in words, `^` hundredths of a percent. What `format!` would do takes twice the room in the browser.
macro_rules! put {
    ($out:expr, $template:expr $(, $piece:expr)* $(,)?) => {
        $crate::views::markup::fill($out, $template, &[$($crate::views::markup::Piece::from($piece)),*])
    };
}
pub(crate) use put;

pub fn fill(out: &mut String, template: &str, pieces: &[Piece]) {
    let mut pieces = pieces.iter();
    for part in template.split_inclusive(['@', '$', '#', '~', '^']) {
        let gap = part.as_bytes().last().copied().unwrap_or_default();
        if !b"@$#~^".contains(&gap) {
            out.push_str(part);
            continue;
        }
        out.push_str(part.get(..part.len() - 1).unwrap_or_default());
        match (gap, pieces.next()) {
            (b'$', Some(Piece::Text(text))) => out.push_str(&escape(text)),
            (_, Some(Piece::Text(text))) => out.push_str(text),
            (b'~', Some(Piece::Number(us))) => out.push_str(&elapsed(*us as u64)),
            (b'^', Some(Piece::Number(part))) => out.push_str(&hundredths(*part as u64)),
            (_, Some(Piece::Number(number))) => out.push_str(&number.to_string()),
            (_, None) => {}
        }
    }
}

pub fn n(number: u64) -> String {
    number.to_string()
}

/// Opens a link to a moment, which the caller closes.
pub fn open(out: &mut String, scope: &Scope, at: Position, dot: bool, class: &str) {
    let number = n(at);
    let current = if at == scope.position() { "\" aria-current=\"step" } else { "" };
    put!(out, "<a class=\"@@\" href=\"@\" data-at=\"@", class, current, &scope.link(at, dot), &number);
    if dot {
        put!(out, "\" data-dot=\"@", &number);
    }
    out.push_str("\">");
}

/// A link to a moment that opens the inspector.
pub fn dot(out: &mut String, scope: &Scope, at: Position, text: &str) {
    open(out, scope, at, true, "dot");
    put!(out, "$</a>", text);
}

/// Opens a link to a command and what came of it.
pub fn trace_link(out: &mut String, scope: &Scope, trace: Uuid, text: &str) {
    let href = scope.trace_link(trace);
    put!(out, "<a href=\"@\" data-trace=\"@\">$</a>", &href, &trace.to_string(), text);
}

pub fn title(out: &mut String, text: &str) {
    put!(out, "<title>$</title>", text);
}

pub fn empty(text: &str) -> String {
    let mut out = String::new();
    put!(&mut out, "<p class=\"view-empty\">$</p>", text);
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
        RequestSent { method, .. } | RequestReceived { method, .. } if &**method == "GET" => "query",
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
        Token::Query => "query",
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
    find(scope, delivery.position + 1, &mut |entry| {
        entry.event.service == *group
            && entry.event.parent_span_id == Some(span)
            && matches!(entry.event.observation, Observation::TransactionCommitted { .. })
    })
}

/// The events at hand from a position on that fit, so many at most.
pub fn gather<'a>(
    scope: &Scope<'a>,
    from: Position,
    most: usize,
    fits: &mut dyn FnMut(&'a Entry) -> bool,
) -> Vec<&'a Entry> {
    let mut found = vec![];
    let mut at = from.max(scope.window.first());
    while found.len() < most
        && let Some(entry) = scope.window.entry(at)
    {
        if fits(entry) {
            found.push(entry);
        }
        at += 1;
    }
    found
}

/// The same up to a position, the latest of them first.
pub fn gather_back<'a>(
    scope: &Scope<'a>,
    to: Position,
    most: usize,
    fits: &dyn Fn(&'a Entry) -> bool,
) -> Vec<&'a Entry> {
    let mut found = vec![];
    let mut at = to.min(scope.window.last());
    while found.len() < most
        && let Some(entry) = scope.window.entry(at)
    {
        if fits(entry) {
            found.push(entry);
        }
        at -= 1;
    }
    found
}

/// The first event at hand from a position on that fits.
pub fn find<'a>(scope: &Scope<'a>, from: Position, fits: &mut dyn FnMut(&'a Entry) -> bool) -> Option<&'a Entry> {
    gather(scope, from, 1, fits).pop()
}

/// The last one up to a position.
pub fn find_back<'a>(scope: &Scope<'a>, to: Position, fits: &dyn Fn(&'a Entry) -> bool) -> Option<&'a Entry> {
    gather_back(scope, to, 1, fits).pop()
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

/// A text as JSON.
pub fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                out.push_str(if c < '\x10' { "\\u000" } else { "\\u001" });
                out.extend(char::from_digit(u32::from(c) % 16, 16));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A part of a whole in hundredths of a percent.
pub fn share(part: u64, whole: u64) -> u64 {
    part.saturating_mul(10_000) / whole.max(1)
}

/// `12.34%`
fn hundredths(part: u64) -> String {
    let mut out = n(part / 100);
    put!(&mut out, "@#%", if part % 100 < 10 { ".0" } else { "." }, part % 100);
    out
}

/// A row of a transaction: what it was, what it is.
pub fn change(out: &mut String, row: &protocol::RowChange) {
    put!(out, "<li><b>$ $</b> ", &row.table, &row.key);
    match (&row.before, &row.after) {
        (Some(before), Some(after)) => {
            let mut some = false;
            for (column, value) in after.as_object().into_iter().flatten() {
                if before.get(column) != Some(value) {
                    let was = before.get(column).map(plain).unwrap_or_default();
                    put!(out, "@$ ", if some { ", " } else { "" }, column);
                    became(out, &was, &plain(value));
                    some = true;
                }
            }
            if !some {
                out.push_str(words::SAME);
            }
        }
        (None, Some(after)) => {
            put!(out, "<ins>@</ins> $", words::NEW, &fields(after));
        }
        (Some(before), None) => {
            put!(out, "<del>$</del> @", &fields(before), words::DELETED);
        }
        (None, None) => {}
    }
    out.push_str("</li>");
}

/// Before and after, in words and marks.
pub fn became(out: &mut String, before: &str, after: &str) {
    let (before, after) = (escape(before), escape(after));
    let hidden = words::BECAME;
    put!(out, "<del>@</del><span class=\"became\" aria-hidden=\"true\"> → </span>", &before);
    put!(out, "<span class=\"visually-hidden\"> @ </span><ins>@</ins>", hidden, &after);
}

fn fields(row: &Value) -> String {
    let mut out = String::new();
    for (column, value) in row.as_object().into_iter().flatten() {
        let comma = if out.is_empty() { "" } else { ", " };
        put!(&mut out, "@@ @", comma, column, &plain(value));
    }
    out
}

/// When an event was: since its run began, if it belongs to one.
pub fn when(entry: &Entry) -> String {
    entry.since.map_or_else(String::new, elapsed)
}
