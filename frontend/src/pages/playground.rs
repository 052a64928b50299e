use super::Living;
use crate::islands::Given;
use crate::texts;
use crate::texts::playground as words;
use leptos::prelude::*;
use protocol::Name;

#[component]
pub fn PlaygroundPage(given: Given) -> impl IntoView {
    let shown = given.state.topology.as_ref().map(|topology| topology.name.clone());
    view! {
        <main id="content" class="playground">
            <div class="opening">
                <h1>{texts::PLAYGROUND_TITLE}</h1>
                <p class="lede">{texts::PLAYGROUND_LEDE}</p>
            </div>
            <Topologies shown/>
            <Living given/>
        </main>
    }
}

/// Plain links: each leads to the newest system of its kind, or starts one.
#[component]
fn Topologies(shown: Option<Name>) -> impl IntoView {
    let each = protocol::topologies().into_iter().map(|topology| {
        let current = (shown.as_ref() == Some(&topology.name)).then_some("page");
        view! {
            <li>
                <a href=format!("/playground?topology={}", topology.name) aria-current=current>
                    <b>{topology.title.to_string()}</b>
                    " "
                    <span>{words::sentence(&topology.name)}</span>
                </a>
            </li>
        }
    });
    view! { <nav class="topologies" aria-label=words::CHOOSE><ul>{each.collect_view()}</ul></nav> }
}
