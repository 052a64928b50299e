//! The saga as a state diagram: its steps along the way on, its compensations along the way back,
//! each as it was at the position. Only an orchestrator has one to show; of a choreography there
//! is what each part says.

use super::Scope;
use super::markup::{empty, open, put};
use super::replicas::{leads, replicas};
use super::story::orders;
use crate::texts::{self, saga as words, views};
use diagram::{Parked, SHOWN_ORDERS, SagaView, StepState, StepView};
use protocol::{Name, SagaSpec, Topology};

pub fn saga(scope: &Scope) -> String {
    let Some(topology) = &scope.state.topology else { return empty(words::EMPTY) };
    let sagas = &scope.state.sagas;
    let mut out = String::new();
    parked(&mut out, scope);
    let chosen = match scope.trace {
        Some(trace) => sagas.latest.iter().rfind(|saga| saga.correlation_id == Some(trace)),
        None => sagas.latest.last(),
    };
    out.push_str("<section class=\"saga\">");
    if !sagas.latest.is_empty() || scope.trace.is_some() {
        out.push_str("<div class=\"filters\">");
        orders(&mut out, scope, scope.trace, words::NEWEST);
        out.push_str("</div>");
    }
    match (&topology.saga, chosen) {
        (Some(spec), Some(saga)) => led(&mut out, scope, topology, spec, saga),
        (_, None) if scope.trace.is_some() => out.push_str(&empty(words::AWAY)),
        (Some(spec), None) => {
            out.push_str(&empty(words::EMPTY));
            steps(&mut out, scope, topology, spec, "", &[]);
        }
        (None, saga) => {
            let one = topology.services.len() == 1;
            put!(&mut out, "<p class=\"honest\">@</p>", if one { words::ONE_TRANSACTION } else { words::NOBODY });
            parts(&mut out, topology, saga);
        }
    }
    out.push_str("</section>");
    for node in scope.state.nodes.iter().filter(|node| leads(scope, node)) {
        replicas(&mut out, scope, node);
    }
    out
}

fn led(out: &mut String, scope: &Scope, topology: &Topology, spec: &SagaSpec, saga: &SagaView) {
    let state = saga.saga.as_deref().unwrap_or_default();
    put!(
        out,
        "<h3>@ <span class=\"saga-state @\">$</span></h3>",
        &texts::latest_order(saga.order_id),
        class(state),
        state
    );
    put!(out, "<p class=\"meaning\">@</p>", words::state(state));
    steps(out, scope, topology, spec, state, &saga.steps);
    put!(out, "<p class=\"caption\">@</p><h3>@</h3>", words::CAPTION, words::PARTS);
    parts(out, topology, Some(saga));
}

fn class(state: &str) -> &'static str {
    match state {
        "COMPLETED" => "completed",
        "COMPENSATING" | "COMPENSATED" => "compensating",
        "PARKED" => "parked",
        _ => "running",
    }
}

/// How a step stands, or a compensation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Waiting,
    Asked,
    Done,
    Failed,
    Undoing,
    Undone,
    Parked,
}

impl Stands {
    /// As a class, and in words.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Stands::Waiting => ("waiting", words::WAITING),
            Stands::Asked => ("asked", words::ASKED),
            Stands::Done => ("done", words::DONE),
            Stands::Failed => ("failed", words::FAILED),
            Stands::Undoing => ("undoing", words::UNDOING),
            Stands::Undone => ("undone", words::UNDONE),
            Stands::Parked => ("parked", words::PARKED_STEP),
        }
    }
}

/// The step and its compensation. What became of the compensation says how far the step is taken back.
fn stand(step: Option<&StepView>, undo: Option<&StepView>) -> (Stands, Stands) {
    let undoing = match undo.map(|undo| undo.state) {
        Some(StepState::Parked) => (Stands::Parked, Stands::Parked),
        Some(_) => (Stands::Undoing, Stands::Asked),
        None => (Stands::Waiting, Stands::Waiting),
    };
    match step.map(|step| step.state) {
        Some(StepState::Compensated) => (Stands::Undone, Stands::Done),
        Some(StepState::Parked) => (Stands::Parked, Stands::Parked),
        _ if undo.is_some() => undoing,
        Some(StepState::Asked) => (Stands::Asked, Stands::Waiting),
        Some(StepState::Done) => (Stands::Done, Stands::Waiting),
        Some(StepState::Failed) => (Stands::Failed, Stands::Waiting),
        None => undoing,
    }
}

fn steps(out: &mut String, scope: &Scope, topology: &Topology, spec: &SagaSpec, state: &str, seen: &[StepView]) {
    let find = |name: &str| seen.iter().find(|step| &*step.name == name);
    put!(out, "<ol class=\"saga-steps\" aria-label=\"@\">", words::STEPS);
    // A saga that goes back has turned at the last step it came to.
    let back = matches!(class(state), "compensating" | "parked");
    let turn = spec.steps.iter().rfind(|name| find(name).is_some()).filter(|_| back);
    // Of one that has ended, nothing is waited for any more.
    let waiting = if matches!(state, "COMPLETED" | "COMPENSATED") { words::NOT_ASKED } else { words::WAITING };
    let mut after_pivot = false;
    for name in &spec.steps {
        let undo = topology.compensation(name);
        let (step, undone) = (find(name), undo.and_then(|undo| find(&undo.name)));
        let (on, back) = stand(step, undone);
        let (way_on, way_back) = (on.words().0, back.words().0);
        let pivot = spec.pivot == *name;
        put!(out, "<li class=\"@@", way_on, if turn == Some(name) { " turn" } else { "" });
        put!(out, "@@\">", if undo.is_some() { " undoable" } else { "" }, if pivot { " pivot" } else { "" });
        out.push_str("<span class=\"station\">");
        station(out, scope, name, on, step, waiting);
        if let Some((service, _)) = topology.step(name) {
            put!(
                out,
                "<span class=\"by\">$@@</span>",
                &service.name,
                if pivot { ", " } else { "" },
                if pivot { words::PIVOT } else { "" }
            );
        }
        put!(out, "</span><i class=\"on\"></i><i class=\"back @\"></i><span class=\"undo @\">", way_back, way_back);
        match undo {
            Some(undo) => {
                put!(out, "<span class=\"visually-hidden\">@ </span>", words::COMPENSATION);
                station(out, scope, &undo.name, back, undone, waiting);
            }
            None if after_pivot => put!(out, "<span class=\"by\">@</span>", words::RETRIED),
            None if pivot => put!(out, "<span class=\"by\">@</span>", words::PIVOT_NOTE),
            None => {}
        }
        out.push_str("</span></li>");
        after_pivot |= pivot;
    }
    out.push_str("</ol>");
}

/// A step's name, which leads to the moment it became as it is, and how it is.
fn station(out: &mut String, scope: &Scope, name: &str, stands: Stands, seen: Option<&StepView>, waiting: &str) {
    let since = seen.map_or(0, |seen| seen.since);
    if since > 0 {
        open(out, scope, since, false, "name");
        put!(out, "$</a> ", name);
    } else {
        put!(out, "<span class=\"name\">$</span> ", name);
    }
    put!(out, "<span class=\"how\">@", if stands == Stands::Waiting { waiting } else { stands.words().1 });
    let attempt = seen.map_or(0, |seen| seen.attempt);
    if attempt > 1 && matches!(stands, Stands::Asked | Stands::Failed | Stands::Parked) {
        put!(out, ", @ #", words::ATTEMPT, attempt);
    }
    out.push_str("</span> ");
}

/// What each service knows of an order.
fn parts(out: &mut String, topology: &Topology, saga: Option<&SagaView>) {
    out.push_str("<dl class=\"saga-parts\">");
    let of = |part: fn(&SagaView) -> Option<&Name>| saga.and_then(part);
    let known = [
        (views::ORDER, "create-order", of(|saga| Some(&saga.order).filter(|order| !order.is_empty()))),
        (views::STOCK, "reserve-stock", of(|saga| saga.reservation.as_ref())),
        (views::PAYMENT, "charge-card", of(|saga| saga.payment.as_ref())),
        (views::CUSTOMER, "notify-customer", of(|saga| saga.notification.as_ref())),
    ];
    for (word, step, part) in known {
        let Some((service, _)) = topology.step(step) else { continue };
        put!(out, "<div><dt>@ <span class=\"by\">$</span></dt><dd", word, &service.name);
        match part {
            Some(part) => put!(out, ">$</dd></div>", part),
            None => put!(out, " class=\"nothing\">@</dd></div>", words::NOTHING),
        }
    }
    out.push_str("</dl>");
}

/// The cases that wait for a person, each laid open.
fn parked(out: &mut String, scope: &Scope) {
    let sagas = &scope.state.sagas;
    if sagas.parked.is_empty() {
        return;
    }
    put!(out, "<section class=\"parked-cases\"><h3>@</h3><ul>", words::PARKED);
    let shown = &sagas.parked[..sagas.parked.len().min(SHOWN_ORDERS)];
    for case in shown {
        laid_open(out, scope, case);
    }
    out.push_str("</ul>");
    let more = sagas.parked_count.saturating_sub(shown.len() as u64);
    if more > 0 {
        put!(out, "<p>@</p>", &words::more_cases(more));
    }
    out.push_str("</section>");
}

fn laid_open(out: &mut String, scope: &Scope, case: &Parked) {
    let sentence = words::case(case.order_id, &case.step, case.attempt);
    put!(out, "<li><p><b>$</b>: $</p><p>@ ", &sentence, &case.reason, words::PARKED_SINCE);
    open(out, scope, case.since, false, "");
    put!(out, "~</a> @. @ ", case.at, views::SINCE_SANDBOX, words::MEANWHILE);
    part(out, scope, case.order_id, case.reservation.as_ref());
    put!(out, " @ ", words::AND_CARD);
    part(out, scope, case.order_id, case.payment.as_ref());
    put!(
        out,
        ".</p><button type=\"button\" data-do=\"resume\" data-order=\"#\" data-press=\"#\">",
        case.order_id,
        case.order_id
    );
    put!(out, "$</button></li>", &words::resume(case.order_id));
}

fn part(out: &mut String, scope: &Scope, order: i64, part: Option<&Name>) {
    let followed = scope.state.sagas.latest.iter().any(|saga| saga.order_id == order);
    let word = part.map_or(if followed { words::UNTOUCHED } else { words::UNKNOWN }, |part| part);
    put!(out, "<b>$</b>", word);
}
