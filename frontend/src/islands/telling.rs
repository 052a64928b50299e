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

/// The latest orders in a line.
#[component]
pub fn Ledger(store: Store) -> impl IntoView {
    let orders = store.orders;
    (!store.roomy).then(|| {
        view! { <div class="line"><ol class="ledger" aria-label=texts::ORDERS inner_html=orders></ol></div> }
    })
}
