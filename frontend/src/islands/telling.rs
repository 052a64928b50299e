use super::notice::Notice;
use super::store::Store;
use crate::texts;
use leptos::prelude::*;

/// The latest event in a sentence, with its time; or how things stand, when they don't run.
#[component]
pub fn Telling(store: Store) -> impl IntoView {
    let quiet = move || !store.runs();
    let untimed = move || quiet() || store.moment.with(String::is_empty);
    view! {
        <div class="telling">
            <Notice store/>
            <span class="moment" hidden=untimed>{move || store.moment.get()}</span>
            <p hidden=quiet inner_html=move || store.telling.get()></p>
        </div>
    }
}

/// The latest orders in a line.
#[component]
pub fn Ledger(store: Store) -> impl IntoView {
    view! { <ol class="ledger" reversed aria-label=texts::ORDERS inner_html=move || store.orders.get()></ol> }
}
