//! The trace: one command and what came of it, as a waterfall in real time. Waiting in a pipe is
//! told apart from work; declared latencies from outside are labelled as such.

use super::Scope;
use super::markup::{empty, find_back, gather, handover, is_delivery, n, open, put, share, title, token_class};
use crate::tape::Entry;
use crate::texts::views as words;
use crate::texts::{elapsed, readable};
use diagram::{Token, delivered_as, published_as};
use protocol::{Envelope, Name, Observation, Position, Recorded, Uuid};

/// A stretch of a row, in microseconds of the record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub kind: Part,
    pub from: u64,
    pub to: u64,
    /// The event it begins with.
    pub at: Position,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// In a pipe.
    Waiting,
    Work,
    /// Work that was cut off or refused.
    Lost,
}

/// A line of the waterfall.
pub(super) struct Row<'a> {
    depth: usize,
    /// What is worked on, and by whom.
    name: String,
    who: Name,
    class: &'static str,
    pub stretches: Vec<Stretch>,
    commits: Vec<&'a Entry>,
    /// Declared latency outside, in microseconds, at the beginning of its work.
    outside: Option<(Name, u64)>,
    /// Whether it is still under way where the events at hand end.
    under_way: bool,
}

pub fn trace(scope: &Scope) -> String {
    let found = scope.trace.or_else(|| {
        let within = |entry: &Entry| entry.event.correlation_id.is_some();
        find_back(scope, scope.position(), &within)?.event.correlation_id
    });
    let Some(id) = found else { return empty(words::TRACE_EMPTY) };
    let events = gather(scope, 0, usize::MAX, &mut |entry| entry.is_of(Some(id)));
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return empty(words::TRACE_AWAY) };
    let (began, ended) = (first.event.at, last.event.at.max(first.event.at + 1));
    let rows = rows(scope, &events, ended);
    let span = Span { began, whole: ended - began, now: scope.state.at.saturating_sub(began).min(ended - began) };
    let mut out = String::new();
    heading(&mut out, scope, id, &events, &span);
    out.push_str("<div class=\"trace\"><div class=\"waterfall\">");
    axis(&mut out, &span);
    out.push_str("<ol>");
    for row in &rows {
        draw(&mut out, scope, row, &span);
    }
    out.push_str("</ol>");
    legend(&mut out);
    put!(&mut out, "</div><section class=\"causes\"><h3>@</h3>", words::CAUSES);
    causes(&mut out, scope, &events, began);
    out.push_str("</section></div>");
    out
}

struct Span {
    began: u64,
    whole: u64,
    now: u64,
}

fn heading(out: &mut String, scope: &Scope, id: Uuid, events: &[&Entry], span: &Span) {
    let about = events.iter().find_map(|entry| match &entry.event.observation {
        Observation::MessagePublished { envelope, .. } => Some(readable(&envelope.subject)),
        _ => None,
    });
    put!(out, "<p class=\"trace-head\"><b>$</b> ", &about.unwrap_or_else(|| words::COMMAND.into()));
    let word = if span.now < span.whole { words::SO_FAR } else { words::TOOK };
    put!(out, "@ <b>~</b>", word, span.now);
    // A command's events are few; what is missing is at the edges.
    if !matches!(events[0].event.observation, Observation::CommandAccepted { .. }) {
        put!(out, " <span class=\"missing\">@</span>", words::TRACE_CUT);
    }
    out.push_str(" <span class=\"id\">");
    super::markup::trace_link(out, scope, id, words::ONLY_THIS);
    out.push_str("</span></p>");
}

pub(super) fn rows<'a>(scope: &Scope<'a>, events: &[&'a Entry], ended: u64) -> Vec<Row<'a>> {
    let mut rows = vec![];
    synchronous(&mut rows, events, ended);
    // Those that no message of this trace caused come first; each brings what it caused.
    for entry in events {
        if let Observation::MessagePublished { envelope, .. } = &entry.event.observation
            && !events.iter().any(|other| is_message(other, envelope.causationid))
        {
            asynchronous(&mut rows, scope, events, entry, envelope, 1, ended);
        }
    }
    rows
}

fn is_message(entry: &Entry, id: Uuid) -> bool {
    matches!(&entry.event.observation, Observation::MessagePublished { envelope, .. } if envelope.id == id)
}

/// The command from its acceptance to its answer, and each request with its handling.
fn synchronous<'a>(rows: &mut Vec<Row<'a>>, events: &[&'a Entry], ended: u64) {
    use Observation::*;
    for (index, entry) in events.iter().enumerate() {
        let event = &entry.event;
        let later = &events[index + 1..];
        let (name, end, depth): (String, Option<&&Entry>, usize) = match &event.observation {
            CommandAccepted { command } => {
                (command.kind.clone(), later.iter().find(|other| other.event.settles_command()), 0)
            }
            RequestReceived { method, path, .. } => {
                let answers = |other: &&&Entry| {
                    matches!(other.event.observation, ResponseSent { .. }) && other.event.span_id == event.span_id
                };
                ([method, " ", path].concat(), later.iter().find(answers), 1)
            }
            _ => continue,
        };
        let to = end.map_or(ended, |end| end.event.at);
        rows.push(Row {
            depth,
            name,
            who: if depth == 0 { words::YOU.into() } else { event.service.clone() },
            class: "command",
            stretches: vec![Stretch { kind: Part::Work, from: event.at, to, at: event.position }],
            commits: if depth == 0 { vec![] } else { commits(later, event, event.span_id) },
            outside: None,
            under_way: end.is_none(),
        });
    }
}

fn commits<'a>(later: &[&'a Entry], event: &Recorded, span: protocol::SpanId) -> Vec<&'a Entry> {
    let own = |entry: &&&Entry| {
        let commit = matches!(entry.event.observation, Observation::TransactionCommitted { .. });
        commit && entry.event.service == event.service && entry.event.span_id == span
    };
    later.iter().filter(own).copied().collect()
}

/// A message at each of its readers, then what they publish because of it.
fn asynchronous<'a>(
    rows: &mut Vec<Row<'a>>,
    scope: &Scope<'a>,
    events: &[&'a Entry],
    published: &'a Entry,
    envelope: &'a Envelope,
    depth: usize,
    ended: u64,
) {
    let Observation::MessagePublished { topic, .. } = &published.event.observation else { return };
    for service in scope.state.topology.iter().flat_map(|topology| &topology.services) {
        let reads = service.consumes.iter().any(|from| from.topic == *topic && from.types.contains(&envelope.kind));
        // What is so deep is no tree any more.
        if !reads || depth > 12 {
            continue;
        }
        let (stretches, under_way) = stretches(scope, &published.event, &service.name, ended);
        let handled = |entry: &&&Entry| {
            matches!(entry.event.observation, Observation::TransactionCommitted { .. })
                && entry.event.service == service.name
                && entry.event.parent_span_id == Some(published.event.span_id)
        };
        rows.push(Row {
            depth,
            name: envelope.kind.to_string(),
            who: service.name.clone(),
            class: token_class(delivered_as(&envelope.kind, &service.name)),
            stretches,
            commits: events.iter().filter(handled).copied().collect(),
            outside: service
                .outside
                .as_ref()
                .filter(|outside| outside.latency_ms > 0)
                .map(|outside| (outside.name.clone(), outside.latency_ms * 1_000)),
            under_way,
        });
        for entry in events {
            if let Observation::MessagePublished { envelope: next, .. } = &entry.event.observation
                && next.causationid == envelope.id
                && next.source == service.name
            {
                asynchronous(rows, scope, events, entry, next, depth + 1, ended);
            }
        }
    }
}

/// Waiting and work of a message at one reader. They follow one another without a gap.
pub(super) fn stretches(scope: &Scope, published: &Recorded, group: &str, ended: u64) -> (Vec<Stretch>, bool) {
    use Observation::*;
    let mut done = vec![];
    let mut current = Stretch { kind: Part::Waiting, from: published.at, to: ended, at: published.position };
    for entry in gather(scope, published.position + 1, usize::MAX, &mut |_| true) {
        let event = &entry.event;
        let mine = handover(event).is_some_and(|of| **of.1 == *group && of.2 == published.position);
        let mut next = |current: &mut Stretch, as_what: Part, then: Part| {
            done.push(Stretch { kind: as_what, to: event.at, ..*current });
            *current = Stretch { kind: then, from: event.at, to: ended, at: event.position };
        };
        match &event.observation {
            _ if mine && is_delivery(event) => next(&mut current, Part::Waiting, Part::Work),
            MessageAcked { .. } if mine => {
                next(&mut current, Part::Work, Part::Work);
                return (done, false);
            }
            MessageRejected { .. } if mine => next(&mut current, Part::Lost, Part::Waiting),
            MessageDeadLettered { .. } if mine => {
                next(&mut current, Part::Waiting, Part::Waiting);
                return (done, false);
            }
            ServiceCrashed { .. } | ServiceStopped { .. } if *event.service == *group && current.kind == Part::Work => {
                next(&mut current, Part::Lost, Part::Waiting);
            }
            _ => {}
        }
    }
    current.to = current.to.max(current.from);
    done.push(current);
    (done, true)
}

/// Round times on the axis: 1, 2 or 5 of a power of ten, at most six of them.
fn axis(out: &mut String, span: &Span) {
    let mut step = 1;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut power = 1;
    while span.whole / step > 5 {
        let factor = factors.next().unwrap_or(10);
        step = power * factor;
        if factor == 10 {
            power *= 10;
        }
    }
    out.push_str("<svg class=\"bars axis\" aria-hidden=\"true\">");
    let mut at = 0;
    while at <= span.whole {
        let x = share(at, span.whole);
        put!(out, "<line x1=\"^\" x2=\"^\" y1=\"20\" y2=\"26\"/>", x, x);
        let anchor = if at == 0 { "start" } else { "middle" };
        if at == 0 || span.whole - at > span.whole / 14 {
            put!(out, "<text x=\"^\" y=\"15\" text-anchor=\"@\">@</text>", x, anchor, &round(at));
        }
        at += step;
    }
    let now = share(span.now, span.whole);
    put!(out, "<line class=\"now\" x1=\"^\" x2=\"^\" y1=\"18\" y2=\"28\"/></svg>", now, now);
}

/// A round time without its tenths.
fn round(us: u64) -> String {
    match us {
        0 => "0".into(),
        1..1_000 => [&n(us), " µs"].concat(),
        1_000..1_000_000 => [&n(us / 1_000), " ms"].concat(),
        _ => elapsed(us),
    }
}

fn draw(out: &mut String, scope: &Scope, row: &Row, span: &Span) {
    let total = |kind: Part| -> u64 {
        let of = row.stretches.iter().filter(|stretch| stretch.kind == kind);
        // Up to the position and no further.
        of.map(|stretch| stretch.to.min(span.began + span.now).saturating_sub(stretch.from)).sum()
    };
    let depth = n(row.depth.min(8) as u64);
    let begin = row.stretches.first().map_or(0, |stretch| stretch.at);
    let to_come = if begin > scope.position() { " to-come" } else { "" };
    put!(out, "<li class=\"depth-@ @@\"><div><span class=\"who\">", &depth, row.class, to_come);
    open(out, scope, begin, true, "");
    put!(out, "$</a> <span class=\"by\">$</span></span>", &row.name, &row.who);
    out.push_str("<span class=\"took\">");
    let (waiting, work, lost) = (total(Part::Waiting), total(Part::Work), total(Part::Lost));
    if waiting > 0 {
        put!(out, "<span class=\"waited\">@ ~</span> ", words::WAITED, waiting);
    }
    if lost > 0 {
        put!(out, "<span class=\"lost\">@ ~</span> ", words::CUT_OFF, lost);
    }
    if work > 0 {
        put!(out, "<span class=\"worked\">@ ~</span> ", words::WORKED, work);
    }
    let ends = row.stretches.last().map_or(0, |stretch| stretch.to);
    if begin <= scope.position() && (row.under_way || ends > span.began + span.now) {
        put!(out, "<span>@</span>", words::UNDER_WAY);
    }
    out.push_str("</span></div>");
    out.push_str("<svg class=\"bars\">");
    for stretch in &row.stretches {
        bar(out, scope, row, stretch, span);
    }
    for commit in &row.commits {
        let x = share(commit.event.at.saturating_sub(span.began), span.whole);
        open(out, scope, commit.position(), true, "commit");
        title(out, &super::markup::sentence(scope, commit).text());
        put!(out, "<circle class=\"touch\" cx=\"^\" cy=\"14\" r=\"12\"/>", x);
        put!(out, "<circle class=\"commit\" cx=\"^\" cy=\"14\" r=\"4\"/></a>", x);
    }
    let (now, rest) = (share(span.now, span.whole), share(span.whole - span.now, span.whole));
    put!(out, "<rect class=\"veil\" x=\"^\" y=\"0\" width=\"^\" height=\"100%\"/>", now, rest);
    put!(out, "<line class=\"now\" x1=\"^\" x2=\"^\" y1=\"0\" y2=\"100%\"/></svg>", now, now);
    out.push_str("</li>");
}

fn bar(out: &mut String, scope: &Scope, row: &Row, stretch: &Stretch, span: &Span) {
    let length = stretch.to.saturating_sub(stretch.from);
    let from = stretch.from.saturating_sub(span.began);
    let (class, word) = match stretch.kind {
        Part::Waiting => ("waiting", words::WAITING),
        Part::Work => ("work", words::WORK),
        Part::Lost => ("work lost", words::LOST),
    };
    open(out, scope, stretch.at, true, class);
    title(out, &[&row.name, ", ", &row.who, ": ", word, " ", &elapsed(length)].concat());
    let (x, width) = (share(from, span.whole), share(length, span.whole));
    let (y, height) = if stretch.kind == Part::Waiting { ("10", "8") } else { ("6", "16") };
    put!(out, "<rect x=\"^\" y=\"@\" width=\"^\" height=\"@\" rx=\"2\"/>", x, y, width, height);
    if let Some((name, latency)) = &row.outside
        && stretch.kind == Part::Work
        && length >= *latency
    {
        let width = share(*latency, span.whole);
        put!(out, "<rect class=\"outside\" x=\"^\" y=\"9\" width=\"^\" height=\"10\"/>", x, width);
        // Its words end with the bar where there is no room behind its beginning.
        let late = from > span.whole / 2;
        let (x, anchor) = if late { (share(from + length, span.whole), "end") } else { (x, "start") };
        put!(out, "<text class=\"outside\" x=\"^\" y=\"37\" text-anchor=\"@\">$", x, anchor, name);
        put!(out, " ~, @</text>", *latency, words::DECLARED);
    }
    out.push_str("</a>");
}

fn legend(out: &mut String) {
    out.push_str("<p class=\"legend\">");
    for (class, word) in words::LEGEND {
        put!(out, "<span class=\"@\">@</span> ", class, word);
    }
    out.push_str("</p>");
}

/// The command, what was said because of it, and because of that.
fn causes(out: &mut String, scope: &Scope, events: &[&Entry], began: u64) {
    out.push_str("<ul class=\"tree\"><li class=\"command\">");
    let command = events.iter().find(|entry| matches!(entry.event.observation, Observation::CommandAccepted { .. }));
    match command {
        Some(entry) => {
            if let Observation::CommandAccepted { command } = &entry.event.observation {
                super::markup::dot(out, scope, entry.position(), &command.kind);
            }
        }
        None => put!(out, "<span class=\"missing\">@</span>", words::NOT_AT_HAND),
    }
    let roots = |envelope: &Envelope| !events.iter().any(|other| is_message(other, envelope.causationid));
    branch(out, scope, events, began, &roots, 0);
    out.push_str("</li></ul>");
}

fn branch(
    out: &mut String,
    scope: &Scope,
    events: &[&Entry],
    began: u64,
    belongs: &dyn Fn(&Envelope) -> bool,
    depth: usize,
) {
    let mut any = false;
    for entry in events {
        let Observation::MessagePublished { envelope, .. } = &entry.event.observation else { continue };
        if !belongs(envelope) || depth > 12 {
            continue;
        }
        if !any {
            out.push_str("<ul>");
            any = true;
        }
        let class = token_class(published_as(&envelope.kind));
        let back = if published_as(&envelope.kind) == Token::Compensation { words::UNDOES } else { "" };
        let to_come = if entry.position() > scope.position() { " to-come" } else { "" };
        put!(out, "<li class=\"@@\">", class, to_come);
        super::markup::dot(out, scope, entry.position(), &envelope.kind);
        put!(out, " <span class=\"by\">$, ", &envelope.source);
        put!(out, "~@</span>", entry.event.at.saturating_sub(began), back);
        let id = envelope.id;
        branch(out, scope, events, began, &move |next| next.causationid == id, depth + 1);
        out.push_str("</li>");
    }
    if any {
        out.push_str("</ul>");
    }
}
