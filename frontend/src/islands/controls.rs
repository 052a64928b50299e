use crate::svg::layout::can_decline;
use crate::{sight, texts};
use diagram::{DiagramState, Node};
use leptos::prelude::*;

/// One list of everything that can be done to the services. The engine puts each beside the
/// service it acts on.
#[component]
pub fn Levers(state: DiagramState) -> impl IntoView {
    let on = sight::is_declining(&state);
    let declines =
        |name: &str| state.topology.as_ref().and_then(|topology| topology.service(name)).is_some_and(can_decline);
    let levers = state
        .nodes
        .iter()
        .map(|node| {
            let decline = declines(&node.name).then(|| view! { <Decline service=node.name.to_string() on/> });
            view! {
                <CrashOrRestart node=node.clone()/>
                {decline}
            }
        })
        .collect_view();
    view! { <ul class="levers" aria-label=texts::CONTROLS>{levers}</ul> }
}

#[component]
fn CrashOrRestart(node: Node) -> impl IntoView {
    let (class, word, label) = sight::lever(&node);
    let at = format!("crash-{}", node.name);
    view! {
        <li data-lever=at>
            <button type="button" class=class aria-label=label data-do="crash" data-service=node.name.to_string()>
                {word}
            </button>
        </li>
    }
}

#[component]
fn Decline(service: String, on: bool) -> impl IntoView {
    let at = format!("decline-{service}");
    let options = texts::EVERY_LIST.map(|(n, words)| view! { <option value=n>{words}</option> }).collect_view();
    view! {
        <li data-lever=at class="decline">
            <button
                type="button"
                class="switch"
                aria-pressed=if on { "true" } else { "false" }
                data-do="decline"
                data-service=service.clone()
            >
                {texts::DECLINE}
            </button>
            <select data-set="every" data-service=service aria-label=texts::EVERY>{options}</select>
            <span class="word">{if on { texts::ON } else { texts::OFF }}</span>
        </li>
    }
}
