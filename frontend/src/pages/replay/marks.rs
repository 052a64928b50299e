//! Shapes that say what colour says as well, and what is pressed in several places.

use crate::texts::replay as texts;
use leptos::prelude::*;

/// A shape of its own for each state, and its word.
pub fn mark(state: &str, word: &str) -> impl IntoView + use<> {
    let shape = match state {
        "same" | "read" | "live" => {
            r#"<circle cx="10" cy="10" r="8" class="full"/><path class="cut" d="m6.2 10.3 2.6 2.6 5-5.3"/>"#
        }
        "differs" | "broken" | "stuck" => {
            r#"<path class="full" d="M10 .9 19.1 10 10 19.1.9 10Z"/><path class="cut" d="M10 5.6v5.2M10 13.6v.6"/>"#
        }
        "upcast" => {
            r#"<circle cx="10" cy="10" r="8" class="line"/><path class="line" d="M10 14V6.4M6.8 9.4 10 6.2l3.2 3.2"/>"#
        }
        "ready" => r#"<circle cx="10" cy="10" r="8" class="line"/><path class="line" d="m6.2 10.3 2.6 2.6 5-5.3"/>"#,
        "building" => {
            r#"<circle cx="10" cy="10" r="8" class="line faint"/><path class="line" d="M10 2a8 8 0 0 1 8 8"/>"#
        }
        _ => r#"<path class="line" d="M6 10h8"/>"#,
    };
    view! {
        <span class="mark" data-state=state.to_owned()>
            <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" inner_html=shape></svg>
            <span>{word.to_owned()}</span>
        </span>
    }
}

/// A button that sends a command; what comes of it is told in the `.said` of its group.
pub fn sends(kind: &'static str, data: String, label: String, main: bool) -> impl IntoView {
    let class = if main { "main" } else { "" };
    view! { <button type="button" class=class data-command=kind data-body=data>{label}</button> }
}

/// A switch of the system, with what it does while it is on and while it is off.
pub fn switch(switches: &[(String, bool)], name: &'static str, kept: bool) -> Option<AnyView> {
    let on = switches.iter().find(|(known, _)| known == name)?.1;
    let [while_on, while_off] = texts::switch(name);
    let told = format!("told-{name}");
    // Without a script it would do nothing.
    let wakes = (!kept).then_some("");
    let state = if on { "on" } else { "off" };
    let word = if on { crate::texts::ON } else { crate::texts::OFF };
    let sentence = if on { while_on } else { while_off };
    Some(
        view! {
            <div class="switch" data-state=state>
                <label>
                    <input type="checkbox" role="switch" data-switch=name checked=on disabled data-wakes=wakes aria-describedby=told.clone()/>
                    <span class="toggle" aria-hidden="true"></span>
                    <b>{name}</b>
                    <span class="word">{word}</span>
                </label>
                <p id=told>{sentence}</p>
            </div>
        }
        .into_any(),
    )
}
