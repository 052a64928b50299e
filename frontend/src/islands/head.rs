use super::telling::Trouble;
use crate::{sight, texts};
use diagram::DiagramState;
use leptos::prelude::*;

/// What runs, how it is, and the one thing to do first.
#[component]
pub fn Head(state: DiagramState) -> impl IntoView {
    let title = state.topology.as_ref().map(|topology| topology.title.to_string());
    let (class, badge) = sight::badge(&state);
    let buttons =
        if sight::takes_orders(&state) { order_buttons().into_any() } else { command_buttons(&state).into_any() };
    view! {
        <div class="head">
            <h2>{title}</h2>
            <p class=class inner_html=badge></p>
            <p class="latest" inner_html=sight::latest(&state)></p>
            {buttons}
            <button type="button" class="fold" aria-expanded="true" data-do="fold">
                <span class="open">{texts::FOLD}</span>
                <span class="closed">{texts::UNFOLD}</span>
            </button>
        </div>
        <Trouble spot="order"/>
    }
}

fn order_buttons() -> impl IntoView {
    view! {
        <label class="quantity">
            <span>{texts::QUANTITY}</span>
            <input type="number" min="1" max="1000" value="1" inputmode="numeric" autocomplete="off"/>
        </label>
        <button type="button" class="primary" data-do="order">{texts::PLACE_ORDER}</button>
        <button type="button" class="ten" data-do="ten">{texts::TEN_ORDERS}</button>
    }
}

/// Where nobody takes orders: what there is to be asked for, as whole commands.
fn command_buttons(state: &DiagramState) -> impl IntoView + use<> {
    let takes = |kind: &str| state.topology.as_ref().is_some_and(|topology| topology.owner_of(kind).is_some());
    let commands = texts::COMMANDS.into_iter().filter(|(kind, ..)| takes(kind));
    let button = |(kind, fields, words)| {
        view! { <button type="button" class="primary" data-do="give" data-type=kind data-fields=fields>{words}</button> }
    };
    commands.map(button).collect_view()
}
