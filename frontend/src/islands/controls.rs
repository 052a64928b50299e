use super::actions;
use super::store::{Lever, Store, Text};
use super::terrarium::still;
use crate::svg::layout::can_decline;
use crate::texts;
use leptos::prelude::*;
use protocol::{Name, ServiceSpec};

/// One list of everything that can be done to the services. The engine puts each beside the
/// service it acts on.
#[component]
pub fn Levers(store: Store, services: Vec<ServiceSpec>) -> impl IntoView {
    let levers = services
        .into_iter()
        .zip(store.levers.clone())
        .map(|(service, lever)| {
            let declines = can_decline(&service);
            let decline = declines.then(|| {
                let service = service.name.clone();
                view! { <Decline service pressed=store.declining word=store.declining_word/> }
            });
            view! {
                <CrashOrRestart lever service=service.name/>
                {decline}
            }
        })
        .collect_view();
    view! { <ul class="levers" aria-label=texts::CONTROLS>{levers}</ul> }
}

#[component]
fn CrashOrRestart(lever: Lever, service: Name) -> impl IntoView {
    let at = format!("crash-{service}");
    view! {
        <li data-lever=at>
            <button
                type="button"
                class=lever.class
                aria-label=lever.label
                inner_html=lever.word
                on:click=move |_| actions::crash_or_restart(&service)
            ></button>
        </li>
    }
}

#[component]
fn Decline(service: Name, pressed: Text, word: Text) -> impl IntoView {
    let at = format!("decline-{service}");
    view! {
        <li data-lever=at class="decline">
            <button type="button" class="switch" aria-pressed=pressed on:click=move |_| actions::toggle_decline(&service)>
                {texts::DECLINE}
            </button>
            <span class="every" inner_html=still(every)></span>
            <span class="word" inner_html=word></span>
        </li>
    }
}

fn every() -> String {
    let option = |(n, words)| format!("<option value=\"{n}\">{words}</option>");
    let options = texts::EVERY_LIST.map(option).concat();
    format!("<select data-set=\"every\" aria-label=\"{}\">{options}</select>", texts::EVERY)
}
