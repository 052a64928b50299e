//! The replicas of a service: how each is, which of them leads, and what can be done to it.

use super::Scope;
use super::markup::put;
use crate::texts::{self, faults, saga as words};
use diagram::{Health, Node};

/// Where there is more than one, or a leader. What can be done follows from how things are at the
/// end of the events at hand.
pub fn replicas(out: &mut String, scope: &Scope, node: &Node) {
    let led = leads(scope, node);
    if node.replicas < 2 && !led {
        return;
    }
    put!(out, "<section class=\"replicas\"><h3>@</h3>", if led { words::WHO_LEADS } else { words::REPLICAS });
    if led && node.lease.is_none() {
        put!(out, "<p>@</p>", words::NO_LEADER);
    }
    out.push_str("<ul>");
    for replica in 0..node.replicas {
        let now = scope.window.end().node(&node.name).map_or(Health::Stopped, |node| node.health_of(replica));
        one(out, node, replica, led, now);
    }
    out.push_str("</ul></section>");
}

/// Whether its replicas have a leader, be it that nobody leads right now.
pub fn leads(scope: &Scope, node: &Node) -> bool {
    let spec = scope.state.topology.as_ref().and_then(|topology| topology.service(&node.name));
    node.lease.is_some() || spec.is_some_and(|spec| spec.standbys > 0)
}

fn one(out: &mut String, node: &Node, replica: u32, led: bool, now: Health) {
    let health = node.health_of(replica);
    let (class, word) = match health {
        Health::Up => ("up", texts::UP),
        Health::Crashed => ("crashed", texts::CRASHED),
        Health::Paused => ("paused", texts::PAUSED),
        Health::Stopped => ("stopped", texts::STOPPED),
    };
    let lease = node.lease.as_ref().filter(|lease| lease.holder == replica);
    put!(
        out,
        "<li class=\"@@\"><span class=\"pip\" aria-hidden=\"true\"></span>",
        class,
        if lease.is_some() { " leader" } else { "" }
    );
    put!(out, "<span class=\"who\"><b>$ #</b> @", &node.name, replica, word);
    match lease {
        Some(lease) => put!(out, " · @ #", words::LEADS, lease.token),
        None if led && health == Health::Up => put!(out, " · @", words::STANDS_BY),
        None => {}
    }
    out.push_str("</span>");
    let name = [&*node.name, " ", &replica.to_string()].concat();
    let crashed = now == Health::Crashed;
    let down = if crashed { ("restart", texts::restart(&name)) } else { ("crash", texts::crash(&name)) };
    button(out, node, replica, "down", down);
    if !crashed {
        let still =
            if now == Health::Paused { ("resume", faults::resume(&name)) } else { ("pause", faults::pause(&name)) };
        button(out, node, replica, "still", still);
    }
    out.push_str("</li>");
}

/// Whatever it does at the moment, it is the same button: it keeps the focus.
fn button(out: &mut String, node: &Node, replica: u32, which: &str, (verb, label): (&str, String)) {
    put!(out, "<button type=\"button\" data-do=\"replica\" data-verb=\"@\" data-service=\"$\"", verb, &node.name);
    put!(out, " data-replica=\"#\" data-press=\"@-#\">$</button>", replica, which, replica, &label);
}
