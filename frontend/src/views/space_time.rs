//! Space-time: a line of life per service and topic, time to the right, messages slanted from one
//! to the next. The order is exact; long waits are drawn shorter, and the axis has true times.

use super::Scope;
use super::markup::{back_from, empty, from, handover, i, is_delivery, open, put, sentence, token_class};
use crate::svg::{escape, glyph};
use crate::tape::Entry;
use crate::texts::elapsed;
use crate::texts::views as words;
use diagram::{Token, delivered_as, published_as};
use protocol::{Name, Observation, Position, Recorded};

#[derive(Clone, Copy, Default)]
pub struct SpaceTime<'a> {
    /// Lines that are not drawn: `orders`, `topic:orders`, `you`.
    pub hidden: &'a [Name],
    /// Each step up is half as much room again.
    pub zoom: i32,
}

/// So many events to each side of the position.
const AROUND: usize = 130;
const TOP: i32 = 44;
const PITCH: i32 = 46;
const LEFT: i32 = 26;
/// How far the way into or out of a pipe leans.
const SLANT: i32 = 20;

struct Row {
    /// As in `hidden`.
    id: String,
    topic: bool,
    y: i32,
}

/// Where everything is drawn.
struct Chart<'a> {
    scope: &'a Scope<'a>,
    rows: Vec<Row>,
    /// Each event drawn, and where.
    places: Vec<(&'a Entry, i32)>,
    width: i32,
    height: i32,
    /// The line of the position.
    now: i32,
}

/// The whole view: what can be hidden, the names, and the drawing.
pub fn space_time(scope: &Scope, view: &SpaceTime) -> String {
    let Some(chart) = Chart::new(scope, view) else { return empty(words::SPACE_TIME_EMPTY) };
    let mut out = String::new();
    controls(&mut out, scope, view);
    let (height, now) = (i(chart.height), i(chart.now));
    put(&mut out, &["<div class=\"space-time\"><svg class=\"lives\" width=\"96\" height=\"", &height]);
    out.push_str("\" aria-hidden=\"true\">");
    chart.names(&mut out);
    put(&mut out, &["</svg><div class=\"reel\" tabindex=\"0\" role=\"region\" aria-label=\"", words::SPACE_TIME]);
    put(&mut out, &["\" data-x=\"", &now, "\">"]);
    put(&mut out, &["<svg class=\"events\" width=\"", &i(chart.width), "\" height=\"", &height, "\">"]);
    chart.draw(&mut out);
    put(&mut out, &["</svg></div></div><p class=\"caption\">", words::SPACE_TIME_CAPTION, "</p>"]);
    out
}

/// The names and the drawing as one picture, for a file of its own.
#[cfg(feature = "ssr")]
pub(super) fn whole(scope: &Scope, view: &SpaceTime) -> Option<(i32, i32, String)> {
    let chart = Chart::new(scope, view)?;
    let mut out = String::from("<g class=\"lives\">");
    chart.names(&mut out);
    out.push_str("</g><g class=\"events\" transform=\"translate(96 0)\">");
    chart.draw(&mut out);
    out.push_str("</g>");
    Some((96 + chart.width, chart.height, out))
}

fn controls(out: &mut String, scope: &Scope, view: &SpaceTime) {
    put(out, &["<fieldset class=\"lines\"><legend>", words::LINES, "</legend>"]);
    for (id, topic) in lines(scope) {
        let checked = if view.hidden.iter().any(|hidden| **hidden == *id) { "" } else { " checked" };
        put(out, &["<label><input type=\"checkbox\" data-hide=\"", &escape(&id), "\"", checked, "> "]);
        put(out, &[&escape(&label(&id, topic)), "</label>"]);
    }
    out.push_str("</fieldset><p class=\"zoom\">");
    for (word, zoom) in [(words::CLOSER, view.zoom + 1), (words::FARTHER, view.zoom - 1)] {
        put(out, &["<button type=\"button\" data-zoom=\"", &i(zoom), "\">", word, "</button>"]);
    }
    out.push_str("</p>");
}

/// You, then each service with its topic under it.
fn lines(scope: &Scope) -> Vec<(String, bool)> {
    let mut lines = vec![(words::YOU.to_string(), false)];
    for service in scope.state.topology.iter().flat_map(|topology| &topology.services) {
        lines.push((service.name.to_string(), false));
        if let Some(topic) = &service.publishes {
            let mut id = String::from("topic:");
            id.push_str(topic);
            lines.push((id, true));
        }
    }
    lines
}

fn label(id: &str, topic: bool) -> String {
    if topic { id.replace("topic:", words::TOPIC_OF) } else { id.into() }
}

/// Who stands for a service of the record.
fn line_of(service: &str) -> &str {
    match service {
        "learner" | protocol::TERRARIUM => words::YOU,
        other => other,
    }
}

/// The room between two moments, from the microseconds between them: sixteenths of a doubling.
fn room(us: u64, zoom: i32) -> i32 {
    if us == 0 {
        return 0;
    }
    let value = us + 1;
    let doublings = value.ilog2();
    let sixteenths = 16 * doublings as i32 + ((value << 4 >> doublings) as i32 - 16);
    let mut room = 12 + sixteenths * 3 / 16;
    for _ in 0..zoom.min(6) {
        room += room / 2;
    }
    for _ in 0..(-zoom).min(4) {
        room -= room / 3;
    }
    room.max(2)
}

/// How far the ways into and out of a pipe lean, if a message takes this long: no farther than
/// leaves room between them.
fn lean(published: i32, delivered: i32) -> i32 {
    SLANT.min(((delivered - published - 4) / 2).max(4))
}

/// What is drawn of the record; the rest says nothing here.
fn is_drawn(event: &Recorded) -> bool {
    use Observation::*;
    match &event.observation {
        TransactionCommitted { rows, .. } => !rows.is_empty(),
        CommandAccepted { .. }
        | CommandRejected { .. }
        | RequestSent { .. }
        | RequestReceived { .. }
        | ResponseSent { .. }
        | ResponseReceived { .. }
        | MessagePublished { .. }
        | MessageRejected { .. }
        | MessageDeadLettered { .. }
        | MessageAcked { .. }
        | TransactionRolledBack { .. }
        | ServiceStarted { .. }
        | ServiceStopped { .. }
        | ServiceCrashed { .. } => true,
        _ => is_delivery(event),
    }
}

/// Whether it belongs to the command in question; who is down is always told.
fn belongs(scope: &Scope, entry: &Entry) -> bool {
    use Observation::*;
    is_drawn(&entry.event)
        && (entry.is_of(scope.trace)
            || matches!(entry.event.observation, ServiceStarted { .. } | ServiceStopped { .. } | ServiceCrashed { .. }))
}

impl<'a> Chart<'a> {
    fn new(scope: &'a Scope<'a>, view: &SpaceTime) -> Option<Self> {
        let position = scope.position();
        let mut shown: Vec<&Entry> =
            back_from(scope, position).filter(|entry| belongs(scope, entry)).take(AROUND).collect();
        shown.reverse();
        shown.extend(from(scope, position + 1).filter(|entry| belongs(scope, entry)).take(AROUND));
        if scope.trace.is_some() {
            // Of who went down and came back, only what lies within.
            let mine = |entry: &&Entry| entry.is_of(scope.trace);
            let first = shown.iter().position(mine)?;
            let last = shown.iter().rposition(mine)?;
            shown.truncate(last + 1);
            shown.drain(..first);
        }
        let mut at = shown.first()?.event.at;
        let (mut x, mut now) = (LEFT, LEFT - 8);
        let mut places: Vec<(&Entry, i32)> = vec![];
        for entry in shown {
            let event = &entry.event;
            x += room(event.at.saturating_sub(at), view.zoom);
            at = event.at;
            let same = |other: &&(&Entry, i32)| {
                other.0.event.service == event.service
                    && std::mem::discriminant(&other.0.event.observation) == std::mem::discriminant(&event.observation)
                    && handover(&other.0.event).map(|of| of.1) == handover(event).map(|of| of.1)
            };
            if places.iter().rev().take_while(|other| other.1 == x).find(same).is_some() {
                x += 14;
            }
            if event.position <= position {
                now = x;
            }
            places.push((entry, x));
        }
        let mut rows = vec![];
        for (id, topic) in lines(scope) {
            if view.hidden.iter().all(|hidden| **hidden != *id) {
                let y = TOP + PITCH / 2 + PITCH * rows.len() as i32;
                rows.push(Row { id, topic, y });
            }
        }
        let height = TOP + PITCH * rows.len() as i32 + 6;
        Some(Chart { scope, rows, places, width: x + 110, height, now })
    }

    fn y(&self, id: &str) -> Option<i32> {
        self.rows.iter().find(|row| row.id == id).map(|row| row.y)
    }

    fn topic_y(&self, topic: &str) -> Option<i32> {
        self.rows.iter().find(|row| row.id.strip_prefix("topic:") == Some(topic)).map(|row| row.y)
    }

    fn x(&self, position: Position) -> Option<i32> {
        let at = self.places.binary_search_by_key(&position, |(entry, _)| entry.position()).ok()?;
        Some(self.places[at].1)
    }

    fn names(&self, out: &mut String) {
        for row in &self.rows {
            let class = if row.topic { "life topic" } else { "life" };
            put(out, &["<text class=\"", class, "\" x=\"86\" y=\"", &i(row.y + 5), "\">"]);
            put(out, &[&escape(row.id.strip_prefix("topic:").unwrap_or(&row.id)), "</text>"]);
        }
        put(out, &["<text class=\"life axis\" x=\"86\" y=\"18\">", words::TIME, "</text>"]);
    }

    fn draw(&self, out: &mut String) {
        out.push_str("<defs>");
        for class in ["command", "event", "failure", "compensation", "reply"] {
            put(
                out,
                &["<marker id=\"tip-", class, "\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" "],
            );
            put(out, &["markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip "]);
            put(out, &[class, "\" d=\"M0 .5L8 4L0 7.5z\"/></marker>"]);
        }
        out.push_str("</defs>");
        self.axis(out);
        for row in &self.rows {
            self.life(out, row);
        }
        for (entry, x) in &self.places {
            self.work(out, &entry.event, *x);
        }
        for (entry, x) in &self.places {
            self.event(out, entry, *x);
        }
        let mut free = vec![0; self.rows.len()];
        for (entry, x) in &self.places {
            self.label(out, &entry.event, *x, &mut free);
        }
        // What is still to come shines through.
        let (now, height) = (i(self.now), i(self.height));
        put(out, &["<rect class=\"veil\" x=\"", &now, "\" y=\"30\" width=\"", &i(self.width), "\" height=\"", &height]);
        put(out, &["\"/><path class=\"now\" d=\"M", &now, " 26V", &height, "\"/><path class=\"now knob\" d=\"M"]);
        put(out, &[&i(self.now - 5), " 22h10l-5 8z\"/>"]);
    }

    /// True times, since the first moment drawn.
    fn axis(&self, out: &mut String) {
        let began = self.places.first().map_or(0, |(entry, _)| entry.event.at);
        put(out, &["<path class=\"axis\" d=\"M0 30H", &i(self.width), "\"/>"]);
        let mut free = 0;
        for (entry, x) in &self.places {
            if *x < free {
                continue;
            }
            let time = elapsed(entry.event.at - began);
            let x_text = i(*x);
            put(out, &["<path class=\"axis\" d=\"M", &x_text, " 26v8\"/><text class=\"tick\" x=\"", &x_text]);
            put(out, &["\" y=\"17\">", &time, "</text>"]);
            free = x + 12 + 8 * time.chars().count() as i32;
        }
    }

    /// A line of life, interrupted where the service is down.
    fn life(&self, out: &mut String, row: &Row) {
        use Observation::*;
        let class = if row.topic { "thread topic" } else { "thread" };
        let y = i(row.y);
        let mut down = None;
        let own = |entry: &&Entry| *entry.event.service == *row.id && !row.topic;
        let starts = |entry: &Entry| matches!(entry.event.observation, ServiceStarted { .. });
        // A line begins with its service, unless that was there before what is at hand.
        let begins = self.places.iter().map(|(entry, _)| *entry).find(own).is_some_and(starts);
        let mut since = if begins { None } else { Some(0) };
        let first = self.places.first().map_or(1, |(entry, _)| entry.position());
        for entry in back_from(self.scope, first.saturating_sub(1)).filter(own) {
            match &entry.event.observation {
                ServiceCrashed { .. } | ServiceStopped { .. } => since = None,
                ServiceStarted { .. } => {}
                _ => continue,
            }
            break;
        }
        let segment = |out: &mut String, from: i32, to: i32| {
            put(out, &["<path class=\"", class, "\" d=\"M", &i(from), " ", &y, "H", &i(to), "\"/>"]);
        };
        for (entry, x) in self.places.iter().filter(|(entry, _)| own(entry)) {
            match &entry.event.observation {
                ServiceStarted { .. } => {
                    if let Some(from) = down {
                        self.gap(out, row.y, from, *x);
                    }
                    if since.is_none() {
                        since = Some(*x);
                    }
                    down = None;
                }
                ServiceCrashed { .. } => {
                    if let Some(from) = since.take() {
                        segment(out, from, *x);
                    }
                    down = Some(*x);
                }
                ServiceStopped { .. } => {
                    if let Some(from) = since.take() {
                        segment(out, from, *x);
                    }
                }
                _ => {}
            }
        }
        if let Some(from) = down {
            self.gap(out, row.y, from, self.width);
        }
        if let Some(from) = since {
            segment(out, from, self.width);
        }
    }

    fn gap(&self, out: &mut String, y: i32, from: i32, to: i32) {
        put(out, &["<path class=\"gap\" d=\"M", &i(from + 8), " ", &i(y), "H", &i(to - 8), "\"/>"]);
        put(out, &["<text class=\"crashed\" x=\"", &i(from + 10), "\" y=\"", &i(y + 18), "\">"]);
        put(out, &[crate::texts::CRASHED, "</text>"]);
    }

    /// From a delivery until the service is done with it, or is cut off: a thicker piece of line.
    fn work(&self, out: &mut String, event: &Recorded, x: i32) {
        use Observation::*;
        let (name, ended): (&str, Option<i32>) = match &event.observation {
            _ if is_delivery(event) => {
                let Some((_, group, source, attempt)) = handover(event) else { return };
                let ends = |entry: &&Entry| match &entry.event.observation {
                    ServiceCrashed { .. } => entry.event.service == *group,
                    MessageAcked { .. } | MessageRejected { .. } => {
                        handover(&entry.event).is_some_and(|of| of.1 == group && of.2 == source && of.3 == attempt)
                    }
                    _ => false,
                };
                (group, from(self.scope, event.position + 1).find(ends).and_then(|entry| self.x(entry.position())))
            }
            RequestReceived { .. } => {
                let ends = |entry: &&Entry| match &entry.event.observation {
                    ServiceCrashed { .. } => entry.event.service == event.service,
                    ResponseSent { .. } => entry.event.span_id == event.span_id,
                    _ => false,
                };
                (
                    &event.service,
                    from(self.scope, event.position + 1).find(ends).and_then(|entry| self.x(entry.position())),
                )
            }
            _ => return,
        };
        let Some(y) = self.y(line_of(name)) else { return };
        let width = ended.unwrap_or(self.width) - x;
        put(out, &["<rect class=\"work\" x=\"", &i(x), "\" y=\"", &i(y - 4), "\" width=\"", &i(width.max(3))]);
        out.push_str("\" height=\"8\" rx=\"2\"/>");
    }

    fn event(&self, out: &mut String, entry: &Entry, x: i32) {
        use Observation::*;
        let event = &entry.event;
        let own = self.y(line_of(&event.service));
        let dot = |out: &mut String, class: &str, y: i32, content: &[&str]| {
            self.open(out, entry, class);
            put(out, &["<circle class=\"touch\" cx=\"", &i(x), "\" cy=\"", &i(y), "\" r=\"12\"/>"]);
            put(out, content);
            out.push_str("</a>");
        };
        match &event.observation {
            CommandAccepted { .. } => {
                if let Some(y) = own {
                    dot(out, "mark", y, &[&glyph(Token::Command, x, y)]);
                }
            }
            TransactionCommitted { .. } => {
                if let Some(y) = own {
                    let (x, y_text) = (i(x), i(y));
                    let circle = ["<circle class=\"commit\" cx=\"", &x, "\" cy=\"", &y_text, "\" r=\"4.5\"/>"];
                    dot(out, "mark", y, &circle);
                }
            }
            ServiceCrashed { .. } => {
                if let Some(y) = own {
                    let (x, y_text) = (i(x - 5), i(y - 5));
                    let cross = ["<path class=\"cross\" d=\"M", &x, " ", &y_text, "l10 10m0-10l-10 10\"/>"];
                    dot(out, "mark", y, &cross);
                }
            }
            ServiceStarted { .. } | ServiceStopped { .. } => {
                if let Some(y) = own {
                    let (x, y_text) = (i(x), i(y));
                    let ring = ["<circle class=\"ring\" cx=\"", &x, "\" cy=\"", &y_text, "\" r=\"4.5\"/>"];
                    dot(out, "mark", y, &ring);
                }
            }
            CommandRejected { .. } | TransactionRolledBack { .. } => {
                if let Some(y) = own {
                    dot(out, "mark", y, &[&glyph(Token::Failure, x, y)]);
                }
            }
            MessageRejected { group, .. } | MessageDeadLettered { group, .. } => {
                if let Some(y) = self.y(group) {
                    dot(out, "mark", y, &[&glyph(Token::Failure, x, y)]);
                }
            }
            RequestReceived { from, .. } => {
                let sent = event.parent_span_id.and_then(|span| {
                    self.earlier(entry, |other| {
                        matches!(other.observation, RequestSent { .. }) && other.span_id == span
                    })
                });
                if let (Some(start), Some(end)) = (self.y(line_of(from)), own) {
                    self.arrow(out, entry, Token::Command, [sent.unwrap_or(x - SLANT), start, x, end], "");
                }
            }
            ResponseReceived { from, status, .. } => {
                let sent = self.earlier(entry, |other| {
                    matches!(other.observation, ResponseSent { .. }) && other.parent_span_id == Some(event.span_id)
                });
                let token = if *status < 400 { Token::Reply } else { Token::Failure };
                if let (Some(start), Some(end)) = (self.y(line_of(from)), own) {
                    self.arrow(out, entry, token, [sent.unwrap_or(x - SLANT), start, x, end], "reply");
                }
            }
            MessagePublished { topic, envelope } => {
                let Some(y) = self.topic_y(topic) else { return };
                let (first, last) = self.handovers(event.position).unwrap_or((x + 3 * SLANT, x + 3 * SLANT));
                let arrived = x + lean(x, first);
                let until = last - lean(x, last);
                put(out, &["<path class=\"waiting\" d=\"M", &i(arrived), " ", &i(y), "H", &i(until), "\"/>"]);
                if let Some(start) = own {
                    self.arrow(out, entry, published_as(&envelope.kind), [x, start, arrived, y], "");
                }
            }
            _ if is_delivery(event) => {
                let Some((topic, group, source, _)) = handover(event) else { return };
                let Some(end) = self.y(group) else { return };
                let published = self.x(source);
                let message = super::markup::message(self.scope, event);
                let token = message.map_or(Token::Event, |envelope| delivered_as(&envelope.kind, group));
                let (start_x, start_y) = match (self.topic_y(topic), message) {
                    // It leaves its pipe no sooner than it got there.
                    (Some(y), _) => (x - published.map_or(SLANT, |sent| lean(sent, x)), y),
                    (None, Some(envelope)) => match self.y(&envelope.source) {
                        Some(y) => (published.unwrap_or(x - SLANT), y),
                        None => return,
                    },
                    (None, None) => return,
                };
                self.arrow(out, entry, token, [start_x, start_y, x, end], "");
            }
            _ => {}
        }
    }

    /// Where an earlier event that fits is drawn.
    fn earlier(&self, entry: &Entry, fits: impl Fn(&Recorded) -> bool) -> Option<i32> {
        let before = self.places.iter().rev().skip_while(|(other, _)| other.position() >= entry.position());
        before.map(|(other, x)| (&other.event, *x)).find(|(other, _)| fits(other)).map(|(_, x)| x)
    }

    /// Where a message was handed over first and last: it waits in its pipe until then.
    fn handovers(&self, source: Position) -> Option<(i32, i32)> {
        let of = |event: &Recorded| is_delivery(event) && handover(event).is_some_and(|of| of.2 == source);
        let mut places = self.places.iter().filter(|(entry, _)| of(&entry.event)).map(|(_, x)| *x);
        let first = places.next()?;
        Some((first, places.next_back().unwrap_or(first)))
    }

    fn open(&self, out: &mut String, entry: &Entry, class: &str) {
        let to_come = entry.position() > self.scope.position();
        let class = if to_come { [class, " to-come"].concat() } else { class.to_string() };
        open(out, self.scope, entry.position(), true, &class);
        let text = sentence(self.scope, entry).text();
        let before = if to_come { words::TO_COME } else { "" };
        put(out, &["<title>", before, if to_come { " " } else { "" }, &escape(&text), "</title>"]);
    }

    /// A compensation goes back the way it came: it bends where the others are straight.
    fn arrow(&self, out: &mut String, entry: &Entry, token: Token, [x0, y0, x1, y1]: [i32; 4], kind: &str) {
        let class = token_class(token);
        self.open(out, entry, "arrow");
        let (mut mx, my) = ((x0 + x1) / 2, (y0 + y1) / 2);
        let mut d = String::new();
        put(&mut d, &["M", &i(x0), " ", &i(y0)]);
        if token == Token::Compensation {
            mx -= 9;
            put(&mut d, &["Q", &i(2 * mx - (x0 + x1) / 2), " ", &i(my)]);
            put(&mut d, &[" ", &i(x1), " ", &i(y1)]);
        } else {
            put(&mut d, &["L", &i(x1), " ", &i(y1)]);
        }
        put(out, &["<path class=\"touch\" d=\"", &d, "\"/><path class=\"hop ", class]);
        if !kind.is_empty() {
            put(out, &[" ", kind]);
        }
        put(out, &["\" marker-end=\"url(#tip-", class, ")\" d=\"", &d, "\"/>", &glyph(token, mx, my), "</a>"]);
    }

    /// A message by name over its pipe, where there is room.
    fn label(&self, out: &mut String, event: &Recorded, x: i32, free: &mut [i32]) {
        let Observation::MessagePublished { topic, envelope } = &event.observation else { return };
        let Some(row) = self.rows.iter().position(|row| row.id.strip_prefix("topic:") == Some(&**topic)) else {
            return;
        };
        if free[row] > x {
            return;
        }
        let about = envelope.subject.rsplit('/').next().unwrap_or_default();
        let text = [&*envelope.kind, " ", about].concat();
        free[row] = x + 34 + 7 * text.chars().count() as i32;
        // On the side to which nothing leaves the pipe, if there is one.
        let y = self.rows[row].y;
        let readers = self.scope.state.topology.iter().flat_map(|topology| topology.readers(topic));
        let below = readers.filter_map(|(reader, _)| self.y(&reader.name)).any(|reader| reader > y);
        let y = if below { y - 6 } else { y + 17 };
        let class = if event.position > self.scope.position() { "said to-come" } else { "said" };
        put(out, &["<text class=\"", class, "\" x=\"", &i(x + 24), "\" y=\"", &i(y)]);
        put(out, &["\">", &escape(&text), "</text>"]);
    }
}
