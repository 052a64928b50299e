use super::actions;
use super::notice::Trouble;
use super::store::{Spot, Store};
use crate::texts;
use leptos::prelude::*;

/// What runs, how it is, and the one thing to do first.
#[component]
pub fn Head(store: Store, title: String) -> impl IntoView {
    let badge = move || if store.troubled.get() { "badge troubled" } else { "badge" };
    let fold = move || if store.folded.get() { texts::UNFOLD } else { texts::FOLD };
    view! {
        <div class="head">
            <h2>{title}</h2>
            <p class=badge>{move || store.badge.get()}</p>
            <p class="latest">{move || store.latest.get()}</p>
            <label class="quantity">
                <span>{texts::QUANTITY}</span>
                <input
                    type="number"
                    min="1"
                    max="1000"
                    inputmode="numeric"
                    autocomplete="off"
                    prop:value=move || store.quantity.get()
                    value="1"
                    on:input=move |event| store.quantity.set(event_target_value(&event))
                />
            </label>
            <button type="button" class="primary" on:click=|_| actions::place_order()>{texts::PLACE_ORDER}</button>
            <button
                type="button"
                class="fold"
                aria-expanded=move || if store.folded.get() { "false" } else { "true" }
                on:click=move |_| store.folded.update(|folded| *folded = !*folded)
            >
                {fold}
            </button>
        </div>
        <Trouble store spot=Spot::Order/>
    }
}
