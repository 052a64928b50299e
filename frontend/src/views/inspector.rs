//! The inspector: everything the record knows of one moment, and how it hangs together with others.

use super::Scope;
use super::markup::{
    change, dot, empty, find, find_back, gather, handling, handover, is_delivery, json, message, n, put, sentence,
    trace_link, when,
};
use super::replicas::replicas;
use crate::svg::{health, rows};
use crate::tape::Entry;
use crate::texts::views as words;
use crate::texts::{about, outside, table, waiting};
use protocol::{Envelope, Observation, Position, Recorded, RowChange};

/// At most so many links of a kind.
const MOST: usize = 24;

pub fn inspector(scope: &Scope, position: Position) -> String {
    let Some(entry) = scope.window.entry(position) else { return empty(words::DOT_AWAY) };
    let event = &entry.event;
    let mut out = String::new();
    put!(&mut out, "<div class=\"inspector\"><p class=\"sentence\">@</p><dl>", &sentence(scope, entry).html());
    term(&mut out, words::TIME);
    let since = when(entry);
    if since.is_empty() {
        put!(&mut out, "~ @", event.at, words::SINCE_SANDBOX);
    } else {
        put!(&mut out, "@ @", &since, words::SINCE_RUN);
    }
    put!(&mut out, "; @ #</dd>", words::POSITION, position);
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
        put!(&mut out, "<a href=\"@&amp;view=code\" data-view=\"code\" data-at=\"@", &scope.link(position, true), &at);
        put!(&mut out, "\" data-dot=\"@\"><code>$:@</code></a></dd>", &at, &code.file, &line);
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
    put!(out, "<dt>@</dt><dd>", word);
}

fn id(out: &mut String, word: &str, value: &str) {
    term(out, word);
    put!(out, "<code class=\"id\">$</code></dd>", value);
}

fn missing(out: &mut String, word: &str) {
    term(out, word);
    put!(out, "<span class=\"missing\">@</span></dd>", words::NOT_AT_HAND);
}

/// Which attempt this is, and the others.
fn attempts(out: &mut String, scope: &Scope, event: &Recorded, group: &str, source: Position, attempt: u32) {
    term(out, words::ATTEMPT);
    put!(out, "#, @ $", u64::from(attempt), words::BY_GROUP, group);
    let mut same = |entry: &Entry| {
        entry.position() != event.position
            && handover(&entry.event).is_some_and(|of| **of.1 == *group && of.2 == source)
            && is_delivery(&entry.event)
    };
    for (index, other) in gather(scope, source, MOST, &mut same).into_iter().enumerate() {
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
    let cause = find(scope, 0, &mut |entry| match &entry.event.observation {
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
        _ => put!(out, "<span class=\"missing\">@</span>", words::NOT_AT_HAND),
    }
    put!(out, " <code class=\"id\">@</code></dd>", &envelope.causationid.to_string());
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
    let mut own = |entry: &Entry| {
        entry.event.service == event.service
            && entry.event.span_id == event.span_id
            && matches!(entry.event.observation, TransactionCommitted { .. })
    };
    let (heading, entry) = match &event.observation {
        TransactionCommitted { .. } => (words::ROWS_CHANGED, scope.window.entry(event.position)),
        MessagePublished { .. } | StateChanged { .. } | FaultTriggered { .. } => {
            let before = find_back(scope, event.position, &own);
            (words::CAME_FROM, before.or_else(|| find(scope, event.position, &mut own)))
        }
        RequestReceived { .. } | ResponseSent { .. } => (words::HANDLED_IN, find(scope, 0, &mut own)),
        _ if is_delivery(event) => (words::HANDLED_IN, handling(scope, event)),
        _ => return,
    };
    put!(out, "<h3>@</h3>", heading);
    let Some(entry) = entry else {
        return put!(out, "<p class=\"missing\">@</p>", words::NOT_AT_HAND);
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
        put!(out, "<li>@</li>", words::NO_CHANGE);
    }
    out.push_str("</ul>");
}

/// The envelope as it was sent.
fn sent(out: &mut String, envelope: &Envelope) {
    put!(out, "<details class=\"envelope\" open><summary>@</summary>", words::ENVELOPE);
    put!(out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"@\">", words::ENVELOPE);
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
        put!(&mut text, "\n  \"@\": ", name);
        json(&mut text, &protocol::Value::String(value.into()), 1);
        text.push(',');
    }
    put!(&mut text, "\n  \"commandordinal\": #,\n  \"data\": ", envelope.commandordinal);
    json(&mut text, &envelope.data, 1);
    text.push_str("\n}");
    put!(out, "$</pre></details>", &text);
}

/// What came of it, as far as the events at hand reach.
fn effects(out: &mut String, scope: &Scope, entry: &Entry) {
    use Observation::*;
    let event = &entry.event;
    let span = |entry: &Entry| entry.event.service == event.service && entry.event.span_id == event.span_id;
    let found = match &event.observation {
        ServiceCrashed { .. } => returned(scope, event),
        _ if is_delivery(event) => handled(scope, event),
        CommandAccepted { .. }
        | MessagePublished { .. }
        | TransactionCommitted { .. }
        | RequestReceived { .. }
        | FaultInstalled { .. } => gather(scope, event.position + 1, MOST, &mut |entry| {
            let then = &entry.event.observation;
            match &event.observation {
                CommandAccepted { .. } => {
                    entry.event.correlation_id == event.correlation_id
                        && matches!(then, RequestReceived { .. } | ResponseReceived { .. } | CommandRejected { .. })
                }
                MessagePublished { envelope, .. } => match then {
                    MessagePublished { envelope: next, .. } => next.causationid == envelope.id,
                    _ => handover(&entry.event).is_some_and(|of| of.2 == event.position),
                },
                FaultInstalled { fault } => match then {
                    FaultTriggered { fault_id, .. } | FaultCleared { fault_id, .. } => *fault_id == fault.id,
                    _ => false,
                },
                _ => span(entry),
            }
        }),
        _ => return,
    };
    put!(out, "<h3>@</h3>", words::EFFECTS);
    if found.is_empty() {
        return put!(out, "<p class=\"missing\">@</p>", words::NO_EFFECTS);
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
    gather(scope, event.position + 1, MOST, &mut |entry| done(entry) || did(entry))
}

/// Deliveries that a crash cut off and that came again, and the restart.
fn returned<'a>(scope: &Scope<'a>, event: &Recorded) -> Vec<&'a Entry> {
    use Observation::*;
    let mut starts = |entry: &Entry| {
        entry.event.service == event.service && matches!(entry.event.observation, ServiceStarted { .. })
    };
    let mut found = gather(scope, event.position + 1, 1, &mut starts);
    if let Some(start) = found.first().map(|entry| entry.position()) {
        found.extend(gather(scope, start, MOST, &mut |entry| match &entry.event.observation {
            MessageRedelivered { group, .. } => *group == event.service,
            _ => false,
        }));
    }
    found
}

/// What the picture shows of a service, in full.
pub fn node_inspector(scope: &Scope, service: &str) -> String {
    let Some(node) = scope.state.node(service) else { return empty(words::NO_SERVICE) };
    let mut out = String::new();
    put!(&mut out, "<div class=\"inspector\"><p class=\"sentence\"><b>$</b></p><dl>", service);
    term(&mut out, words::HEALTH);
    let (class, words_of) = health(node, scope.state);
    put!(&mut out, "$", &words_of);
    if let Some(reason) = &node.reason {
        put!(&mut out, ": $", reason);
    }
    if class != "up" {
        put!(&mut out, ", @", &crate::texts::replicas(node.replicas));
    }
    if let Some(pid) = node.pid {
        put!(&mut out, ", @ #", words::PROCESS, u64::from(pid));
    }
    out.push_str("</dd>");
    let declared = scope.state.topology.as_ref().and_then(|topology| topology.service(service));
    if let Some(beyond) = declared.and_then(|spec| spec.outside.as_ref()) {
        term(&mut out, words::OUTSIDE);
        put!(&mut out, "$</dd>", &outside(&beyond.name, beyond.latency_ms));
    }
    for pipe in &scope.state.pipes {
        for lane in pipe.lanes.iter().filter(|lane| *lane.group == *service) {
            put!(&mut out, "<dt>@$</dt><dd>", words::TOPIC_OF, &pipe.topic);
            let dead = crate::texts::dead_letters(lane.dead_lettered, service);
            put!(&mut out, "$, #", &waiting(lane.waiting.count, service), lane.in_flight.count);
            put!(&mut out, " @, # @", words::IN_HAND, lane.acked, words::DONE);
            if lane.dead_lettered > 0 {
                put!(&mut out, ", $", &dead);
            }
            out.push_str("</dd>");
        }
    }
    for view in &node.tables {
        put!(&mut out, "<dt>$</dt><dd><ul>", &table(service, &view.name, view.count));
        for row in view.rows.iter().rev() {
            put!(&mut out, "<li>$</li>", &diagram::row_text(&view.name, &row.row));
        }
        out.push_str("</ul></dd>");
    }
    if node.tables.is_empty() && rows(node).is_empty() {
        term(&mut out, words::TABLES);
        put!(&mut out, "@</dd>", crate::texts::NO_ROWS);
    }
    out.push_str("</dl>");
    let own = |entry: &Entry| {
        *entry.event.service == *service && matches!(entry.event.observation, Observation::TransactionCommitted { .. })
    };
    replicas(&mut out, scope, node);
    put!(&mut out, "<h3>@</h3>", words::LAST_TRANSACTION);
    match find_back(scope, scope.position(), &own).map(|entry| (entry, &entry.event.observation)) {
        Some((entry, Observation::TransactionCommitted { rows, transaction_id, .. })) => {
            out.push_str("<p>");
            dot(&mut out, scope, entry.position(), &[words::TRANSACTION, " ", &n(*transaction_id)].concat());
            put!(&mut out, " @</p>", &when(entry));
            changes(&mut out, rows);
        }
        _ => put!(&mut out, "<p class=\"missing\">@</p>", words::NOT_AT_HAND),
    }
    put!(&mut out, "<button type=\"button\" class=\"aim\" data-do=\"aim\" data-target=\"$\">", service);
    put!(&mut out, "$</button></div>", &crate::texts::faults::aim(service));
    out
}
