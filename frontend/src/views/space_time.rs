//! Space-time: a line of life per service and topic, time to the right, messages slanted from one
//! to the next. The order is exact; long waits are drawn shorter, and the axis has true times.

use super::Scope;
use super::markup::{
    Piece, empty, fill, find, find_back, gather, gather_back, handover, is_delivery, open, put, sentence, token_class,
    when,
};
use crate::svg::glyph;
use crate::tape::Entry;
use crate::texts::views as words;
use diagram::{Token, delivered_as, published_as};
use protocol::{BROKER, Name, Observation, Position, Recorded, Target};

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

struct Row<'a> {
    name: &'a str,
    topic: bool,
    y: i32,
}

/// Where everything is drawn.
struct Chart<'a> {
    scope: &'a Scope<'a>,
    rows: Vec<Row<'a>>,
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
    let (height, now) = (chart.height, chart.now);
    put!(
        &mut out,
        "<div class=\"space-time\"><svg class=\"lives\" width=\"96\" height=\"#\" aria-hidden=\"true\">",
        height
    );
    chart.names(&mut out);
    put!(
        &mut out,
        "</svg><div class=\"reel\" tabindex=\"0\" role=\"region\" aria-label=\"@\" data-x=\"#\">\
         <svg class=\"events\" width=\"#\" height=\"#\">",
        words::SPACE_TIME,
        now,
        chart.width,
        height
    );
    chart.draw(&mut out);
    put!(&mut out, "</svg></div></div><p class=\"caption\">@</p>", words::SPACE_TIME_CAPTION);
    out
}

/// The names and the drawing as one picture, for a file of its own.
#[cfg(feature = "ssr")]
pub(super) fn whole(scope: &Scope, view: &SpaceTime) -> Option<(i32, i32, String)> {
    let chart = Chart::new(scope, view)?;
    // More room for the names: who knows in which font they are set.
    let mut out = String::from("<g class=\"lives\" transform=\"translate(24 0)\">");
    chart.names(&mut out);
    out.push_str("</g><g class=\"events\" transform=\"translate(120 0)\">");
    chart.draw(&mut out);
    out.push_str("</g>");
    Some((120 + chart.width, chart.height, out))
}

fn controls(out: &mut String, scope: &Scope, view: &SpaceTime) {
    put!(out, "<fieldset class=\"lines\"><legend>@</legend>", words::LINES);
    for (name, topic) in lines(scope) {
        let checked = if view.hides(name, topic) { "" } else { " checked" };
        let (prefix, word) = if topic { ("topic:", words::TOPIC_OF) } else { ("", "") };
        put!(out, "<label><input type=\"checkbox\" data-hide=\"@$\"@> @$</label>", prefix, name, checked, word, name);
    }
    out.push_str("</fieldset><p class=\"zoom\">");
    for (word, zoom) in [(words::CLOSER, view.zoom + 1), (words::FARTHER, view.zoom - 1)] {
        put!(out, "<button type=\"button\" data-zoom=\"#\">@</button>", zoom, word);
    }
    out.push_str("</p>");
}

/// You, then each service with its topic under it: names, and which are topics.
fn lines<'a>(scope: &Scope<'a>) -> Vec<(&'a str, bool)> {
    let mut lines = vec![(words::YOU, false)];
    for service in scope.state.topology.iter().flat_map(|topology| &topology.services) {
        lines.push((&*service.name, false));
        if let Some(topic) = &service.publishes {
            lines.push((&**topic, true));
        }
    }
    lines
}

impl SpaceTime<'_> {
    fn hides(&self, name: &str, topic: bool) -> bool {
        self.hidden.iter().any(|hidden| match hidden.strip_prefix("topic:") {
            Some(hidden) => topic && hidden == name,
            None => !topic && **hidden == *name,
        })
    }
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
        | FaultTriggered { .. }
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
        let mut shown = gather_back(scope, position, AROUND, &|entry| belongs(scope, entry));
        shown.reverse();
        shown.append(&mut gather(scope, position + 1, AROUND, &mut |entry| belongs(scope, entry)));
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
        for (name, topic) in lines(scope) {
            if !view.hides(name, topic) {
                let y = TOP + PITCH / 2 + PITCH * rows.len() as i32;
                rows.push(Row { name, topic, y });
            }
        }
        let height = TOP + PITCH * rows.len() as i32 + 6;
        Some(Chart { scope, rows, places, width: x + 110, height, now })
    }

    fn row(&self, name: &str, topic: bool) -> Option<usize> {
        self.rows.iter().position(|row| row.topic == topic && row.name == name)
    }

    fn y(&self, name: &str) -> Option<i32> {
        Some(self.rows[self.row(name, false)?].y)
    }

    fn topic_y(&self, topic: &str) -> Option<i32> {
        Some(self.rows[self.row(topic, true)?].y)
    }

    fn x(&self, position: Position) -> Option<i32> {
        let at = self.places.binary_search_by_key(&position, |(entry, _)| entry.position()).ok()?;
        Some(self.places[at].1)
    }

    fn names(&self, out: &mut String) {
        for row in &self.rows {
            let class = if row.topic { "life topic" } else { "life" };
            put!(out, "<text class=\"@\" x=\"86\" y=\"#\">", class, row.y + 5);
            put!(out, "$</text>", row.name);
        }
        put!(out, "<text class=\"life axis\" x=\"86\" y=\"18\">@</text>", words::TIME);
    }

    fn draw(&self, out: &mut String) {
        out.push_str("<defs>");
        for class in ["command", "query", "event", "failure", "compensation", "reply"] {
            put!(out, "<marker id=\"tip-@\" viewBox=\"0 0 8 8\" refX=\"7.5\" refY=\"4\" markerWidth=\"8\" ", class);
            put!(out, "markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"tip ");
            put!(out, "@\" d=\"M0 .5L8 4L0 7.5z\"/></marker>", class);
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
        let (now, height) = (self.now, self.height);
        put!(out, "<rect class=\"veil\" x=\"#\" y=\"30\" width=\"#\" height=\"#\"/>", now, self.width, height);
        put!(
            out,
            "<path class=\"now\" d=\"M# 26V#\"/><path class=\"now knob\" d=\"M# 22h10l-5 8z\"/>",
            now,
            height,
            now - 5
        );
    }

    /// True times, each since the command that began it.
    fn axis(&self, out: &mut String) {
        put!(out, "<path class=\"axis\" d=\"M0 30H#\"/>", self.width);
        let mut free = 0;
        for (entry, x) in &self.places {
            let time = when(entry);
            // A beginning is always told.
            if time.is_empty() || *x < free && entry.since != Some(0) {
                continue;
            }
            put!(out, "<path class=\"axis\" d=\"M# 26v8\"/>", *x);
            put!(out, "<text class=\"tick\" x=\"#\" y=\"17\">@</text>", *x, &time);
            free = x + 12 + 8 * time.chars().count() as i32;
        }
    }

    /// A line of life, interrupted where the service is down.
    fn life(&self, out: &mut String, row: &Row) {
        use Observation::*;
        // Up, down for good reasons, crashed: what is drawn from a change on.
        let kind = |entry: &Entry| match &entry.event.observation {
            ServiceStarted { .. } => Some("thread"),
            ServiceStopped { .. } => Some(""),
            ServiceCrashed { .. } => Some("gap"),
            _ => None,
        };
        let own = |entry: &Entry| !row.topic && *entry.event.service == *row.name;
        let first = self.places.first().map_or(1, |(entry, _)| entry.position());
        let before = find_back(self.scope, first - 1, &|entry| own(entry) && kind(entry).is_some()).and_then(kind);
        // A line begins with its service, unless that was there before what is at hand.
        let begins = self.places.iter().find(|(entry, _)| own(entry)).and_then(|(entry, _)| kind(entry));
        let mut drawn = before.unwrap_or(if begins == Some("thread") { "" } else { "thread" });
        let mut since = 0;
        let piece = |out: &mut String, drawn: &str, from: i32, to: i32| match drawn {
            "thread" if row.topic => put!(out, "<path class=\"thread topic\" d=\"M# #H#\"/>", from, row.y, to),
            "thread" => put!(out, "<path class=\"thread\" d=\"M# #H#\"/>", from, row.y, to),
            "gap" => self.gap(out, row.y, from, to),
            _ => {}
        };
        for (entry, x) in &self.places {
            if own(entry)
                && let Some(next) = kind(entry)
            {
                piece(out, drawn, since, *x);
                (drawn, since) = (next, *x);
            }
        }
        piece(out, drawn, since, self.width);
    }

    fn gap(&self, out: &mut String, y: i32, from: i32, to: i32) {
        put!(out, "<path class=\"gap\" d=\"M# #H#\"/>", from + 8, y, to - 8);
        put!(out, "<text class=\"crashed\" x=\"#\" y=\"#\">", from + 10, y + 18);
        put!(out, "@</text>", crate::texts::CRASHED);
    }

    /// From a delivery until the service is done with it, or is cut off: a thicker piece of line.
    fn work(&self, out: &mut String, event: &Recorded, x: i32) {
        use Observation::*;
        let of = handover(event);
        let name: &Name = match of {
            Some((_, group, ..)) if is_delivery(event) => group,
            None if matches!(event.observation, RequestReceived { .. }) => &event.service,
            _ => return,
        };
        let Some(y) = self.y(line_of(name)) else { return };
        let end = find(self.scope, event.position + 1, &mut |entry| match &entry.event.observation {
            ServiceCrashed { .. } => entry.event.service == *name,
            ResponseSent { .. } => of.is_none() && entry.event.span_id == event.span_id,
            MessageAcked { .. } | MessageRejected { .. } => of.is_some() && handover(&entry.event) == of,
            _ => false,
        });
        let end = end.and_then(|entry| self.x(entry.position())).unwrap_or(self.width);
        let width = (end - x).max(3);
        put!(out, "<rect class=\"work\" x=\"#\" y=\"#\" width=\"#\" height=\"8\" rx=\"2\"/>", x, y - 4, width);
    }

    fn event(&self, out: &mut String, entry: &Entry, x: i32) {
        use Observation::*;
        let event = &entry.event;
        let own = self.y(line_of(&event.service));
        // Signs that stand on a line.
        let (y, sign) = match &event.observation {
            TransactionCommitted { .. } => (own, "<circle class=\"commit\" cx=\"#\" cy=\"#\" r=\"4.5\"/>"),
            ServiceCrashed { .. } => (own, "<path class=\"cross\" d=\"M# #m-5-5l10 10m0-10l-10 10\"/>"),
            ServiceStarted { .. } | ServiceStopped { .. } => {
                (own, "<circle class=\"ring\" cx=\"#\" cy=\"#\" r=\"4.5\"/>")
            }
            FaultTriggered { fault_id, .. } => {
                (self.struck(entry, fault_id).or(own), "<path class=\"strike\" d=\"M# #m0-10l10 10l-10 10l-10-10z\"/>")
            }
            CommandAccepted { .. } => (own, "c"),
            CommandRejected { .. } | TransactionRolledBack { .. } => (own, ""),
            MessageRejected { group, .. } | MessageDeadLettered { group, .. } => (self.y(group), ""),
            _ => return self.hop(out, entry, own, x),
        };
        let Some(y) = y else { return };
        self.open(out, entry, "mark");
        put!(out, "<circle class=\"touch\" cx=\"#\" cy=\"#\" r=\"12\"/>", x, y);
        match sign {
            "c" => out.push_str(&glyph(Token::Command, x, y)),
            "" => out.push_str(&glyph(Token::Failure, x, y)),
            sign => fill(out, sign, &[Piece::from(x), Piece::from(y)]),
        }
        out.push_str("</a>");
    }

    /// The line of what a fault struck: a message in its pipe, or a service.
    fn struck(&self, entry: &Entry, fault: &str) -> Option<i32> {
        let target = self.scope.state.faults.iter().find(|known| *known.id == *fault).map(|known| &known.spec.target);
        match target.map(|target| Target::parse(target)) {
            Some(Target::Topic(topic)) => self.topic_y(topic),
            Some(Target::Edge(from, _)) => self.topic_y(from).or_else(|| self.y(line_of(from))),
            // It is over by now, or is everywhere: the message that was on its way.
            _ if &*entry.event.service == BROKER => {
                let published = |other: &Entry| match &other.event.observation {
                    Observation::MessagePublished { topic, .. } => Some(topic.clone()),
                    _ => None,
                };
                let mine = |other: &Entry| {
                    other.event.correlation_id == entry.event.correlation_id && published(other).is_some()
                };
                self.topic_y(&find_back(self.scope, entry.position() - 1, &mine).and_then(published)?)
            }
            _ => None,
        }
    }

    /// What goes from one line to another.
    fn hop(&self, out: &mut String, entry: &Entry, own: Option<i32>, x: i32) {
        use Observation::*;
        let event = &entry.event;
        let (token, start, end) = match &event.observation {
            RequestReceived { from, method, .. } => {
                let token = if &**method == "GET" { Token::Query } else { Token::Command };
                let sent = self.earlier(entry, &|other| {
                    matches!(other.observation, RequestSent { .. }) && Some(other.span_id) == event.parent_span_id
                });
                (token, (sent.unwrap_or(x - SLANT), self.y(line_of(from))), (x, own))
            }
            ResponseReceived { from, status, .. } => {
                let sent = self.earlier(entry, &|other| {
                    matches!(other.observation, ResponseSent { .. }) && other.parent_span_id == Some(event.span_id)
                });
                let token = if *status < 400 { Token::Reply } else { Token::Failure };
                (token, (sent.unwrap_or(x - SLANT), self.y(line_of(from))), (x, own))
            }
            MessagePublished { topic, envelope } => {
                let Some(y) = self.topic_y(topic) else { return };
                let (first, last) = self.handovers(event.position).unwrap_or((x + 3 * SLANT, x + 3 * SLANT));
                let arrived = x + lean(x, first);
                put!(out, "<path class=\"waiting\" d=\"M# #H#\"/>", arrived, y, last - lean(x, last));
                (published_as(&envelope.kind), (x, own), (arrived, Some(y)))
            }
            _ if is_delivery(event) => {
                let Some((topic, group, source, _)) = handover(event) else { return };
                let message = super::markup::message(self.scope, event);
                let token = message.map_or(Token::Event, |envelope| delivered_as(&envelope.kind, group));
                let published = self.x(source);
                // Without its pipe it comes straight from whoever sent it.
                let start = match (self.topic_y(topic), message) {
                    (None, Some(envelope)) => (published.unwrap_or(x - SLANT), self.y(&envelope.source)),
                    (y, _) => (x - published.map_or(SLANT, |sent| lean(sent, x)), y),
                };
                (token, start, (x, self.y(group)))
            }
            _ => return,
        };
        if let ((x0, Some(y0)), (x1, Some(y1))) = (start, end) {
            self.arrow(out, entry, token, [x0, y0, x1, y1]);
        }
    }

    /// Where an earlier event that fits is drawn.
    fn earlier(&self, entry: &Entry, fits: &dyn Fn(&Recorded) -> bool) -> Option<i32> {
        let before =
            self.places.iter().rev().find(|(other, _)| other.position() < entry.position() && fits(&other.event));
        before.map(|(_, x)| *x)
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
        let (class, before) = match (class, to_come) {
            ("arrow", true) => ("arrow to-come", words::TO_COME),
            (_, true) => ("mark to-come", words::TO_COME),
            _ => (class, ""),
        };
        open(out, self.scope, entry.position(), true, class);
        put!(out, "<title>@ $</title>", before, &sentence(self.scope, entry).text());
    }

    /// A compensation goes back the way it came: it bends where the others are straight.
    fn arrow(&self, out: &mut String, entry: &Entry, token: Token, [x0, y0, x1, y1]: [i32; 4]) {
        let class = token_class(token);
        self.open(out, entry, "arrow");
        let (mut mx, my) = ((x0 + x1) / 2, (y0 + y1) / 2);
        let mut way = String::new();
        put!(&mut way, "M# #", x0, y0);
        if token == Token::Compensation {
            put!(&mut way, "Q# #", mx - 18, my);
            mx -= 9;
        } else {
            way.push('L');
        }
        put!(&mut way, " # #", x1, y1);
        put!(out, "<path class=\"touch\" d=\"@\"/><path class=\"hop @\" d=\"@\"", &way, class, &way);
        put!(out, " marker-end=\"url(@-@)\"/>@</a>", "#tip", class, &glyph(token, mx, my));
    }

    /// A message by name over its pipe, where there is room.
    fn label(&self, out: &mut String, event: &Recorded, x: i32, free: &mut [i32]) {
        let Observation::MessagePublished { topic, envelope } = &event.observation else { return };
        let Some(row) = self.row(topic, true) else { return };
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
        put!(out, "<text class=\"@\" x=\"#\" y=\"#", class, x + 24, y);
        put!(out, "\">$</text>", &text);
    }
}
