use super::notice::Notice;
use super::store::Store;
use crate::texts;
use leptos::prelude::*;

/// The latest event in a sentence, with its time; or how things stand, when they don't run.
#[component]
pub fn Telling(store: Store) -> impl IntoView {
    view! {
        <div class="telling">
            <Notice notice=store.notice offer=store.offer/>
            <span class="moment" inner_html=store.moment></span>
            <p inner_html=store.telling></p>
        </div>
    }
}

/// The latest orders in a line, and at its end the story so far, which opens in the telling's
/// place: it covers nothing that can be pressed.
#[component]
pub fn Ledger(store: Store) -> impl IntoView {
    let orders = store.orders;
    let ledger = (!store.roomy).then(|| view! { <ol class="ledger" aria-label=texts::ORDERS inner_html=orders></ol> });
    view! {
        <div class="line">
            {ledger}
            <details class="story">
                <summary>{texts::STORY}</summary>
                <ol tabindex="0" aria-label=texts::STORY inner_html=store.story></ol>
                <p>{texts::STORY_EMPTY}</p>
            </details>
        </div>
    }
}
