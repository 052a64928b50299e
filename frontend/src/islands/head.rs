use super::actions;
use super::notice::Trouble;
use super::store::{Spot, Store};
use crate::texts;
use leptos::prelude::*;

/// What runs, how it is, and the one thing to do first.
#[component]
pub fn Head(store: Store, title: String) -> impl IntoView {
    let words = store.trouble(Spot::Order);
    view! {
        <div class="head">
            <h2>{title}</h2>
            <p class=store.badge_class inner_html=store.badge></p>
            <p class="latest" inner_html=store.latest></p>
            <label class="quantity">
                <span>{texts::QUANTITY}</span>
                <input type="number" min="1" max="1000" value="1" inputmode="numeric" autocomplete="off"/>
            </label>
            <button type="button" class="primary" on:click=|_| actions::place_order()>{texts::PLACE_ORDER}</button>
            <button type="button" class="ten" data-do="ten">{texts::TEN_ORDERS}</button>
            <button type="button" class="fold" aria-expanded="true" on:click=|_| actions::fold_or_unfold()>
                <span class="open">{texts::FOLD}</span>
                <span class="closed">{texts::UNFOLD}</span>
            </button>
        </div>
        <Trouble words/>
    }
}
