//! The inspector: everything the record knows of one moment, and how it hangs together with others.

use super::Scope;
use super::markup::{
    back_from, change, dot, empty, from, handling, handover, is_delivery, json, message, n, put, sentence, trace_link,
    when,
};
use crate::svg::{escape, health, rows};
use crate::tape::Entry;
use crate::texts::views as words;
use crate::texts::{about, elapsed, outside, table, waiting};
use protocol::{Envelope, Observation, Position, Recorded, RowChange};

/// At most so many links of a kind.
const MOST: usize = 24;

pub fn inspector(scope: &Scope, position: Position) -> String {
    let Some(entry) = scope.window.entry(position) else { return empty(words::DOT_AWAY) };
    let event = &entry.event;
    let mut out = String::new();
    put(&mut out, &["<div class=\"inspector\"><p class=\"sentence\">", &sentence(scope, entry).html(), "</p><dl>"]);
    term(&mut out, words::TIME);
    let since = when(entry);
    if since.is_empty() {
        put(&mut out, &[&elapsed(event.at), " ", words::SINCE_SANDBOX]);
    } else {
        put(&mut out, &[&since, " ", words::SINCE_RUN]);
    }
    put(&mut out, &["; ", words::POSITION, " ", &n(position), "</dd>"]);
    if let Some((_, group, source, attempt)) = handover(event) {
        attempts(&mut out, scope, event, group, source, attempt);
    }
    let envelope = message(scope, event);
    match envelope {
        Some(envelope) => causes(&mut out, scope, envelope),
        None if handover(event).is_some() => missing(&mut out, words::MESSAGE),
        None => {}
    }
    if let Some(code) = &event.code {
        term(&mut out, words::SOURCE);
        let line = n(u64::from(code.line));
        let at = n(position);
        put(
            &mut out,
            &["<a href=\"", &scope.link(position, true), "&amp;view=code\" data-view=\"code\" data-at=\"", &at],
        );
        put(&mut out, &["\" data-dot=\"", &at, "\"><code>", &escape(&code.file), ":", &line, "</code></a></dd>"]);
    }
    spans(&mut out, scope, event);
    out.push_str("</dl>");
    transaction(&mut out, scope, event);
    if let Some(envelope) = envelope {
        sent(&mut out, envelope);
    }
    effects(&mut out, scope, entry);
    out.push_str("</div>");
    out
}

fn term(out: &mut String, word: &str) {
    put(out, &["<dt>", word, "</dt><dd>"]);
}

fn id(out: &mut String, word: &str, value: &str) {
    term(out, word);
    put(out, &["<code class=\"id\">", &escape(value), "</code></dd>"]);
}

fn missing(out: &mut String, word: &str) {
    term(out, word);
    put(out, &["<span class=\"missing\">", words::NOT_AT_HAND, "</span></dd>"]);
}

/// Which attempt this is, and the others.
fn attempts(out: &mut String, scope: &Scope, event: &Recorded, group: &str, source: Position, attempt: u32) {
    term(out, words::ATTEMPT);
    put(out, &[&n(u64::from(attempt)), ", ", words::BY_GROUP, " ", &escape(group)]);
    let same = |entry: &&Entry| {
        entry.position() != event.position
            && handover(&entry.event).is_some_and(|of| **of.1 == *group && of.2 == source)
            && is_delivery(&entry.event)
    };
    for (index, other) in from(scope, source).filter(same).take(MOST).enumerate() {
        out.push_str(if index == 0 { "; " } else { ", " });
        let attempt = handover(&other.event).map_or(0, |of| of.3);
        dot(out, scope, other.position(), &[words::ATTEMPT_LOWER, " ", &n(u64::from(attempt))].concat());
    }
    out.push_str("</dd>");
    term(out, words::PUBLISHED);
    dot(out, scope, source, &[words::POSITION, " ", &n(source)].concat());
    out.push_str("</dd>");
}

/// What a message was caused by: another message, or the command.
fn causes(out: &mut String, scope: &Scope, envelope: &Envelope) {
    let cause = scope.window.entries().iter().find(|entry| match &entry.event.observation {
        Observation::MessagePublished { envelope: other, .. } => other.id == envelope.causationid,
        Observation::CommandAccepted { command } => {
            command.id == envelope.causationid || entry.event.correlation_id == Some(envelope.causationid)
        }
        _ => false,
    });
    term(out, words::CAUSE);
    match cause.map(|entry| (entry, &entry.event.observation)) {
        Some((entry, Observation::MessagePublished { envelope, .. })) => {
            dot(out, scope, entry.position(), &about(envelope));
        }
        Some((entry, Observation::CommandAccepted { command })) => dot(out, scope, entry.position(), &command.kind),
        _ => put(out, &["<span class=\"missing\">", words::NOT_AT_HAND, "</span>"]),
    }
    put(out, &[" <code class=\"id\">", &envelope.causationid.to_string(), "</code></dd>"]);
}

fn spans(out: &mut String, scope: &Scope, event: &Recorded) {
    if let Some(correlation) = event.correlation_id {
        term(out, words::CORRELATION);
        trace_link(out, scope, correlation, &correlation.to_string());
        out.push_str("</dd>");
    }
    id(out, words::TRACE_ID, &event.trace_id.to_string());
    let span = match event.parent_span_id {
        Some(parent) => [&event.span_id.to_string(), " ", words::CHILD_OF, " ", &parent.to_string()].concat(),
        None => event.span_id.to_string(),
    };
    id(out, words::SPAN, &span);
}

/// The transaction an event belongs to: its own, the one its message came from, or that of
/// the handling it began.
fn transaction(out: &mut String, scope: &Scope, event: &Recorded) {
    use Observation::*;
    let own = |entry: &&Entry| {
        entry.event.service == event.service
            && entry.event.span_id == event.span_id
            && matches!(entry.event.observation, TransactionCommitted { .. })
    };
    let (heading, entry) = match &event.observation {
        TransactionCommitted { .. } => (words::ROWS_CHANGED, scope.window.entry(event.position)),
        MessagePublished { .. } | StateChanged { .. } | FaultTriggered { .. } => {
            let before = back_from(scope, event.position).find(own);
            (words::CAME_FROM, before.or_else(|| from(scope, event.position).find(own)))
        }
        RequestReceived { .. } | ResponseSent { .. } => (words::HANDLED_IN, scope.window.entries().iter().find(own)),
        _ if is_delivery(event) => (words::HANDLED_IN, handling(scope, event)),
        _ => return,
    };
    put(out, &["<h3>", heading, "</h3>"]);
    let Some(entry) = entry else {
        return put(out, &["<p class=\"missing\">", words::NOT_AT_HAND, "</p>"]);
    };
    if let TransactionCommitted { rows, transaction_id, .. } = &entry.event.observation {
        if entry.position() != event.position {
            out.push_str("<p>");
            let name = [words::TRANSACTION, " ", &n(*transaction_id), ", ", &entry.event.service].concat();
            dot(out, scope, entry.position(), &name);
            out.push_str("</p>");
        }
        changes(out, rows);
    }
}

fn changes(out: &mut String, rows: &[RowChange]) {
    out.push_str("<ul class=\"changes\">");
    for row in rows.iter().take(MOST) {
        change(out, row);
    }
    if rows.is_empty() {
        put(out, &["<li>", words::NO_CHANGE, "</li>"]);
    }
    out.push_str("</ul>");
}

/// The envelope as it was sent.
fn sent(out: &mut String, envelope: &Envelope) {
    put(out, &["<details class=\"envelope\" open><summary>", words::ENVELOPE, "</summary><pre>"]);
    let mut text = String::from("{");
    let (message, correlation, cause) =
        (envelope.id.to_string(), envelope.correlationid.to_string(), envelope.causationid.to_string());
    let fields: [(&str, &str); 9] = [
        ("specversion", &envelope.specversion),
        ("id", &message),
        ("source", &envelope.source),
        ("type", &envelope.kind),
        ("subject", &envelope.subject),
        ("time", &envelope.time),
        ("traceparent", &envelope.traceparent),
        ("correlationid", &correlation),
        ("causationid", &cause),
    ];
    for (name, value) in fields {
        put(&mut text, &["\n  \"", name, "\": "]);
        json(&mut text, &protocol::Value::String(value.into()), 1);
        text.push(',');
    }
    put(&mut text, &["\n  \"commandordinal\": ", &n(envelope.commandordinal), ",\n  \"data\": "]);
    json(&mut text, &envelope.data, 1);
    text.push_str("\n}");
    put(out, &[&escape(&text), "</pre></details>"]);
}

/// What came of it, as far as the events at hand reach.
fn effects(out: &mut String, scope: &Scope, entry: &Entry) {
    use Observation::*;
    let event = &entry.event;
    let after = from(scope, event.position + 1);
    let found: Vec<&Entry> = match &event.observation {
        CommandAccepted { .. } => after
            .filter(|entry| {
                entry.event.correlation_id == event.correlation_id
                    && matches!(
                        entry.event.observation,
                        RequestReceived { .. } | ResponseReceived { .. } | CommandRejected { .. }
                    )
            })
            .take(MOST)
            .collect(),
        MessagePublished { envelope, .. } => after
            .filter(|entry| match &entry.event.observation {
                MessagePublished { envelope: next, .. } => next.causationid == envelope.id,
                _ => handover(&entry.event).is_some_and(|of| of.2 == event.position),
            })
            .take(MOST)
            .collect(),
        TransactionCommitted { .. } | RequestReceived { .. } => after
            .filter(|entry| entry.event.service == event.service && entry.event.span_id == event.span_id)
            .take(MOST)
            .collect(),
        FaultInstalled { fault } => after
            .filter(|entry| match &entry.event.observation {
                FaultTriggered { fault_id, .. } | FaultCleared { fault_id, .. } => *fault_id == fault.id,
                _ => false,
            })
            .take(MOST)
            .collect(),
        ServiceCrashed { .. } => returned(scope, event),
        _ if is_delivery(event) => handled(scope, event),
        _ => return,
    };
    put(out, &["<h3>", words::EFFECTS, "</h3>"]);
    if found.is_empty() {
        return put(out, &["<p class=\"missing\">", words::NO_EFFECTS, "</p>"]);
    }
    out.push_str("<ul class=\"effects\">");
    for effect in found {
        let to_come = if effect.position() > scope.position() { "<li class=\"to-come\">" } else { "<li>" };
        out.push_str(to_come);
        dot(out, scope, effect.position(), &sentence(scope, effect).text());
        out.push_str("</li>");
    }
    out.push_str("</ul>");
}

/// All that a delivery's handling did, and the end of it.
fn handled<'a>(scope: &Scope<'a>, event: &Recorded) -> Vec<&'a Entry> {
    let commit = handling(scope, event);
    let done = |entry: &Entry| {
        let ours = handover(&entry.event).zip(handover(event));
        !is_delivery(&entry.event) && ours.is_some_and(|(one, two)| one == two)
    };
    let did = |entry: &Entry| {
        commit.is_some_and(|commit| {
            entry.event.service == commit.event.service && entry.event.span_id == commit.event.span_id
        })
    };
    from(scope, event.position + 1).filter(|entry| done(entry) || did(entry)).take(MOST).collect()
}

/// Deliveries that a crash cut off and that came again, and the restart.
fn returned<'a>(scope: &Scope<'a>, event: &Recorded) -> Vec<&'a Entry> {
    use Observation::*;
    let mut up = false;
    let ours = |entry: &&Entry| match &entry.event.observation {
        _ if up => false,
        ServiceStarted { .. } => {
            up = entry.event.service == event.service;
            up
        }
        _ => false,
    };
    let mut found: Vec<&Entry> = from(scope, event.position + 1).filter(ours).take(1).collect();
    if let Some(start) = found.first().map(|entry| entry.position()) {
        let again = |entry: &&Entry| match &entry.event.observation {
            MessageRedelivered { group, .. } => *group == event.service,
            _ => false,
        };
        found.extend(from(scope, start).filter(again).take(MOST));
    }
    found
}

/// What the picture shows of a service, in full.
pub fn node_inspector(scope: &Scope, service: &str) -> String {
    let Some(node) = scope.state.node(service) else { return empty(words::NO_SERVICE) };
    let mut out = String::new();
    put(&mut out, &["<div class=\"inspector\"><p class=\"sentence\"><b>", &escape(service), "</b></p><dl>"]);
    term(&mut out, words::HEALTH);
    let words_of = health(node, scope.state).1;
    put(&mut out, &[&escape(&words_of)]);
    if let Some(reason) = &node.reason {
        put(&mut out, &[": ", &escape(reason)]);
    }
    let replicas = crate::texts::replicas(node.replicas);
    if !words_of.contains(&replicas) {
        put(&mut out, &[", ", &replicas]);
    }
    if let Some(pid) = node.pid {
        put(&mut out, &[", ", words::PROCESS, " ", &n(u64::from(pid))]);
    }
    out.push_str("</dd>");
    let declared = scope.state.topology.as_ref().and_then(|topology| topology.service(service));
    if let Some(beyond) = declared.and_then(|spec| spec.outside.as_ref()) {
        term(&mut out, words::OUTSIDE);
        put(&mut out, &[&escape(&outside(&beyond.name, beyond.latency_ms)), "</dd>"]);
    }
    for pipe in &scope.state.pipes {
        for lane in pipe.lanes.iter().filter(|lane| *lane.group == *service) {
            put(&mut out, &["<dt>", words::TOPIC_OF, &escape(&pipe.topic), "</dt><dd>"]);
            let dead = crate::texts::dead_letters(lane.dead_lettered, service);
            put(&mut out, &[&escape(&waiting(lane.waiting.count, service)), ", ", &n(lane.in_flight.count)]);
            put(&mut out, &[" ", words::IN_HAND, ", ", &n(lane.acked), " ", words::DONE]);
            if lane.dead_lettered > 0 {
                put(&mut out, &[", ", &escape(&dead)]);
            }
            out.push_str("</dd>");
        }
    }
    for view in &node.tables {
        put(&mut out, &["<dt>", &escape(&table(service, &view.name, view.count)), "</dt><dd><ul>"]);
        for row in view.rows.iter().rev() {
            put(&mut out, &["<li>", &escape(&diagram::row_text(&view.name, &row.row)), "</li>"]);
        }
        out.push_str("</ul></dd>");
    }
    if node.tables.is_empty() && rows(node).is_empty() {
        term(&mut out, words::TABLES);
        put(&mut out, &[crate::texts::NO_ROWS, "</dd>"]);
    }
    out.push_str("</dl>");
    let own = |entry: &&Entry| {
        *entry.event.service == *service && matches!(entry.event.observation, Observation::TransactionCommitted { .. })
    };
    put(&mut out, &["<h3>", words::LAST_TRANSACTION, "</h3>"]);
    match back_from(scope, scope.position()).find(own).map(|entry| (entry, &entry.event.observation)) {
        Some((entry, Observation::TransactionCommitted { rows, transaction_id, .. })) => {
            out.push_str("<p>");
            dot(&mut out, scope, entry.position(), &[words::TRANSACTION, " ", &n(*transaction_id)].concat());
            put(&mut out, &[" ", &when(entry), "</p>"]);
            changes(&mut out, rows);
        }
        _ => put(&mut out, &["<p class=\"missing\">", words::NOT_AT_HAND, "</p>"]),
    }
    out.push_str("</div>");
    out
}
