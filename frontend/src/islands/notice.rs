use super::actions;
use super::store::{Link, Problem, Spot, Store};
use crate::texts;
use leptos::prelude::*;

/// How things stand, when they don't simply run.
#[component]
pub fn Notice(store: Store) -> impl IntoView {
    let words = move || match store.link.get() {
        Link::NotStarted => texts::NOT_STARTED.to_string(),
        Link::Starting => texts::STARTING.into(),
        Link::Live if store.asleep.get() => texts::WAKES.into(),
        Link::Live => String::new(),
        Link::Reconnecting => texts::RECONNECTING.into(),
        Link::Gone => texts::GONE.into(),
        Link::TooMany => texts::TOO_MANY.into(),
        Link::Failed(sentence) => sentence,
    };
    let offer = move || match store.link.get() {
        Link::Gone => texts::START_NEW,
        _ => texts::TRY_AGAIN,
    };
    let no_offer = move || !matches!(store.link.get(), Link::Gone | Link::TooMany | Link::Failed(_));
    view! {
        <div class="notice" role="status" hidden=move || store.runs()>
            <p class="words">{words}</p>
            <p class="no-script">{texts::NO_SCRIPT}</p>
            <button type="button" hidden=no_offer on:click=|_| actions::try_again()>{offer}</button>
        </div>
    }
}

/// What the server answered to a click, beside what was clicked.
#[component]
pub fn Trouble(store: Store, spot: Spot) -> impl IntoView {
    let words = move || match store.problem.get() {
        Some(Problem { spot: there, text }) if there == spot => text,
        _ => String::new(),
    };
    let nothing = move || !store.problem.with(|problem| problem.as_ref().is_some_and(|problem| problem.spot == spot));
    view! { <p class="trouble" role="alert" hidden=nothing>{words}</p> }
}
