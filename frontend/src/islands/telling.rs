use super::store::Store;
use crate::texts;
use leptos::prelude::*;

/// The latest event in a sentence, with its time.
#[component]
pub fn Telling(store: Store) -> impl IntoView {
    view! {
        <div class="telling">
            <span class="moment">{move || store.moment.get()}</span>
            <p inner_html=move || store.telling.get()></p>
        </div>
    }
}

/// The latest orders in a line.
#[component]
pub fn Ledger(store: Store) -> impl IntoView {
    view! { <ol class="ledger" reversed aria-label=texts::ORDERS inner_html=move || store.orders.get()></ol> }
}
