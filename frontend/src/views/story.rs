//! The story: what happened, a sentence at a time.

use super::Scope;
use super::markup::{empty, gather, gather_back, handover, open, put, sentence, shape, when};
use crate::tape::Entry;
use crate::texts::views as words;
use protocol::{Name, Observation, Uuid};

/// Which events are told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub saga: Option<Uuid>,
    pub service: Option<Name>,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// What one would tell of it.
    #[default]
    Matters,
    Messages,
    Requests,
    Data,
    Faults,
    Everything,
}

impl Kind {
    pub const ALL: [Kind; 6] =
        [Kind::Matters, Kind::Messages, Kind::Requests, Kind::Data, Kind::Faults, Kind::Everything];

    /// As the select gives it.
    pub fn name(self) -> &'static str {
        words::KINDS[self as usize].0
    }
}

impl Filter {
    /// From the values of the selects; what is empty or unknown filters nothing.
    pub fn parse(saga: &str, service: &str, kind: &str) -> Self {
        Filter {
            saga: protocol::parse_uuid(saga),
            service: (!service.is_empty()).then(|| service.into()),
            kind: Kind::ALL.into_iter().find(|known| known.name() == kind).unwrap_or_default(),
        }
    }

    fn admits(&self, scope: &Scope, entry: &Entry) -> bool {
        let event = &entry.event;
        let of_kind = match self.kind {
            Kind::Matters => entry.is_moment(),
            Kind::Everything => true,
            kind => kind_of(&event.observation) == kind,
        };
        let by = |service: &Name| {
            event.service == *service || handover(event).is_some_and(|(_, group, ..)| group == service)
        };
        of_kind && entry.is_of(self.saga) && entry.is_of(scope.trace) && self.service.as_ref().is_none_or(by)
    }
}

fn kind_of(observation: &Observation) -> Kind {
    use Observation::*;
    match observation {
        MessagePublished { .. }
        | MessageDelivered { .. }
        | MessageRedelivered { .. }
        | MessageAcked { .. }
        | MessageRejected { .. }
        | MessageDeadLettered { .. } => Kind::Messages,
        CommandAccepted { .. }
        | CommandRejected { .. }
        | RequestSent { .. }
        | RequestReceived { .. }
        | ResponseSent { .. }
        | ResponseReceived { .. }
        | LoadStarted { .. }
        | LoadStopped { .. }
        | Window { .. }
        | AccountLoaded { .. }
        | CopiesChanged { .. } => Kind::Requests,
        TransactionCommitted { .. } | TransactionRolledBack { .. } | StateChanged { .. } => Kind::Data,
        _ => Kind::Faults,
    }
}

/// So many before the position, and so many after it.
const BEFORE: usize = 100;
const AFTER: usize = 50;

pub fn story(scope: &Scope, filter: &Filter) -> String {
    let position = scope.position();
    let mut shown = gather_back(scope, position, BEFORE + 1, &|entry| filter.admits(scope, entry));
    let earlier = if shown.len() > BEFORE { shown.pop() } else { None };
    shown.reverse();
    let folds = filter.kind == Kind::Matters;
    shown.dedup_by(|later, line| folds && says_again(later, line));
    // The last of what happened is where one stands, whether it is told or not.
    let here = shown.last().map(|entry| entry.position());
    let mut coming = gather(scope, position + 1, AFTER + 1, &mut |entry| filter.admits(scope, entry));
    let later = if coming.len() > AFTER { coming.pop() } else { None };
    coming.dedup_by(|later, line| folds && says_again(later, line));
    shown.append(&mut coming);
    if shown.is_empty() {
        return empty(if scope.window.entries().is_empty() { words::STORY_EMPTY } else { words::STORY_FILTERED });
    }
    let mut out = String::new();
    way(&mut out, scope, earlier, words::EARLIER);
    out.push_str("<ol class=\"chronicle\">");
    for entry in shown {
        let event = &entry.event;
        let begins = matches!(event.observation, Observation::CommandAccepted { .. }) && entry.since == Some(0);
        let to_come = event.position > position;
        put!(&mut out, "<li class=\"@", shape(scope, event));
        put!(&mut out, "@@\">", if begins { " begins" } else { "" }, if to_come { " to-come" } else { "" });
        telling(&mut out, scope, entry, here == Some(event.position));
        out.push_str("</li>");
    }
    out.push_str("</ol>");
    way(&mut out, scope, later, words::LATER);
    out
}

/// What an orchestrator asks for again and again is one line, with its last attempt and without the
/// message that asks.
fn says_again<'a>(later: &mut &'a Entry, line: &mut &'a Entry) -> bool {
    use Observation::{MessagePublished, SagaStepStarted};
    let (before, after) = (&line.event, &later.event);
    let SagaStepStarted { step, .. } = &before.observation else { return false };
    if (&before.service, before.correlation_id) != (&after.service, after.correlation_id) {
        return false;
    }
    match &after.observation {
        SagaStepStarted { step: again, .. } if again == step => *line = later,
        MessagePublished { .. } => {}
        _ => return false,
    }
    true
}

fn telling(out: &mut String, scope: &Scope, entry: &Entry, here: bool) {
    let at = entry.position();
    put!(out, "<a class=\"tell\" href=\"@\" data-at=\"#", &scope.link(at, false), at);
    put!(out, "@\"><span class=\"when\">@", if here { "\" aria-current=\"step" } else { "" }, &when(entry));
    put!(out, "</span><span class=\"what\">");
    if at > scope.position() {
        put!(out, "<span class=\"visually-hidden\">@ </span>", words::TO_COME);
    }
    put!(out, "@</span></a>", &sentence(scope, entry).html());
    if here {
        open(out, scope, at, true, "explain");
        put!(out, "@</a>", words::EXPLAIN);
    }
}

fn way(out: &mut String, scope: &Scope, entry: Option<&Entry>, word: &str) {
    if let Some(entry) = entry {
        out.push_str("<p class=\"way-on\">");
        open(out, scope, entry.position(), false, "");
        put!(out, "@</a></p>", word);
    }
}

/// What the story can be narrowed to. The engine reads the selects' values.
pub fn filters(scope: &Scope, filter: &Filter) -> String {
    let mut services = vec![(String::new(), words::ANY_SERVICE.to_string())];
    services.extend(scope.state.nodes.iter().map(|node| (node.name.to_string(), node.name.to_string())));
    let kinds: Vec<_> = words::KINDS.iter().map(|(name, word)| (name.to_string(), word.to_string())).collect();
    let mut out = String::from("<div class=\"filters\">");
    orders(&mut out, scope, filter.saga, words::ANY_SAGA);
    select(&mut out, "service", words::SERVICE, &services, filter.service.as_deref().unwrap_or_default());
    select(&mut out, "kind", words::KIND, &kinds, filter.kind.name());
    out.push_str("</div>");
    out
}

/// Which order is looked at; `any` where none is named.
pub(super) fn orders(out: &mut String, scope: &Scope, chosen: Option<Uuid>, any: &str) {
    let mut orders = vec![(String::new(), any.to_string())];
    for saga in scope.window.end().sagas.latest.iter().rev() {
        if let Some(id) = saga.correlation_id {
            orders.push((id.to_string(), crate::texts::latest_order(saga.order_id)));
        }
    }
    let chosen = chosen.map_or_else(String::new, |order| order.to_string());
    if !chosen.is_empty() && orders.iter().all(|(value, _)| *value != chosen) {
        orders.push((chosen.clone(), words::THIS_SAGA.to_string()));
    }
    select(out, "saga", words::SAGA, &orders, &chosen);
}

fn select(out: &mut String, name: &str, label: &str, options: &[(String, String)], chosen: &str) {
    put!(out, "<label><span>@</span> <select data-filter=\"@\">", label, name);
    for (value, word) in options {
        let selected = if value == chosen { "\" selected>" } else { "\">" };
        put!(out, "<option value=\"$@$</option>", value, selected, word);
    }
    out.push_str("</select></label>");
}
