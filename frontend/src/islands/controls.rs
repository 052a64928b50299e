use super::actions;
use super::store::Store;
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
        .enumerate()
        .map(|(i, service)| {
            let name = service.name.clone();
            let decline = can_decline(&service).then(|| view! { <Decline store service=name/> });
            view! {
                <CrashOrRestart store service=service.name index=i/>
                {decline}
            }
        })
        .collect_view();
    view! { <ul class="levers" aria-label=texts::CONTROLS>{levers}</ul> }
}

#[component]
fn CrashOrRestart(store: Store, service: Name, index: usize) -> impl IntoView {
    let down = move || store.down.with(|down| down.get(index).copied().unwrap_or_default());
    let name = service.clone();
    let label = move || if down() { texts::restart(&name) } else { texts::crash(&name) };
    let words = move || if down() { texts::RESTART } else { texts::CRASH };
    let class = move || if down() { "restart" } else { "" };
    let lever = format!("crash-{service}");
    view! {
        <li data-lever=lever>
            <button type="button" class=class aria-label=label on:click=move |_| actions::crash_or_restart(&service)>
                {words}
            </button>
        </li>
    }
}

#[component]
fn Decline(store: Store, service: Name) -> impl IntoView {
    let pressed = move || if store.declining.get() { "true" } else { "false" };
    let state = move || if store.declining.get() { texts::ON } else { texts::OFF };
    let lever = format!("decline-{service}");
    view! {
        <li data-lever=lever class="decline">
            <button type="button" class="switch" aria-pressed=pressed on:click=move |_| actions::toggle_decline(&service)>
                {texts::DECLINE}
            </button>
            <span class="word">{state}</span>
        </li>
    }
}
