use super::telling::Trouble;
use crate::{sight, texts};
use diagram::DiagramState;
use leptos::prelude::*;

/// What runs, how it is, and the one thing to do first.
#[component]
pub fn Head(state: DiagramState) -> impl IntoView {
    let title = state.topology.as_ref().map(|topology| topology.title.to_string());
    let (class, badge) = sight::badge(&state);
    view! {
        <div class="head">
            <h2>{title}</h2>
            <p class=class inner_html=badge></p>
            <p class="latest" inner_html=sight::latest(&state)></p>
            <label class="quantity">
                <span>{texts::QUANTITY}</span>
                <input type="number" min="1" max="1000" value="1" inputmode="numeric" autocomplete="off"/>
            </label>
            <button type="button" class="primary" data-do="order">{texts::PLACE_ORDER}</button>
            <button type="button" class="ten" data-do="ten">{texts::TEN_ORDERS}</button>
            <button type="button" class="fold" aria-expanded="true" data-do="fold">
                <span class="open">{texts::FOLD}</span>
                <span class="closed">{texts::UNFOLD}</span>
            </button>
        </div>
        <Trouble spot="order"/>
    }
}
