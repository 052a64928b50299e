//! The terrarium as the server writes it.

use super::controls::Levers;
use super::head::Head;
use super::soil::Soil;
use super::telling::{Ledger, Ship, Telling, Trouble};
use super::terrarium::{Given, Room};
use super::tools::Foot;
use super::yard::Yard;
use crate::player::Player;
use crate::sight::{self, Link};
use crate::svg::{Layout, Shape, scene};
use crate::tape::Window;
use crate::texts;
use crate::views::{self, Scope, View};
use diagram::DiagramState;
use leptos::prelude::*;

/// The vessel and what stands around it, as HTML.
pub fn vessel(given: Given) -> String {
    let Given { sandbox_id, state, room, kept, .. } = given;
    let link = match (kept, &sandbox_id) {
        (true, _) => Link::Kept,
        (_, Some(_)) => Link::Live,
        (_, None) => Link::NotStarted,
    };
    let player = Player::new(state.clone());
    let roomy = room == Room::Playground;
    let orders = sight::takes_orders(&state);
    let ledger = (!roomy && orders).then(|| view! { <Ledger player=&player/> });
    let ship = (roomy && orders).then(|| view! { <Ship player=&player/> });
    let yard = roomy.then(|| view! { <Yard state=state.clone() sandbox_id/> });
    view! {
        <div class="vessel">
            <Head state=state.clone()/>
            <p class="read-only">{texts::KEPT_READ_ONLY}</p>
            <p class="protections-off" inner_html=sight::off(&state)></p>
            <div class="broken-promises" inner_html=sight::broken(&state)></div>
            <p class="parked-note" inner_html=sight::parked(&state)></p>
            <div class="tabs" role="tablist" aria-label=texts::VIEWS>{tabs(orders)}</div>
            <div class="pane">
                <div class="window" id="view" role="tabpanel" aria-labelledby="tab-diagram">
                    <div class="view"></div>
                    <div class="stage">
                        <div class="scenes" inner_html=scenes(&state)></div>
                        <canvas class="tokens" aria-hidden="true"></canvas>
                        <Listed/>
                        <Levers state=state.clone()/>
                    </div>
                </div>
                <section class="inspector" tabindex="-1" aria-label=texts::EXPLAINED></section>
            </div>
            <Trouble spot="levers"/>
            <div class="told">
                <Telling player=&player link/>
                {ledger}
                {ship}
            </div>
            <Soil player=&player/>
            <noscript inner_html=orders.then(|| unscripted(&state))></noscript>
        </div>
        <Foot state/>
        {yard}
        <p class="visually-hidden spoken" aria-live="polite"></p>
    }
    .to_html()
}

/// The views, each with an address of its own. Sagas are of orders.
fn tabs(orders: bool) -> impl IntoView {
    let tab = |(view, name): (View, &'static str)| {
        let (id, selected) = (view.name(), view == View::Diagram);
        view! {
            <a
                role="tab"
                id=format!("tab-{id}")
                href=format!("?view={id}")
                data-view=id
                aria-controls="view"
                aria-selected=if selected { "true" } else { "false" }
                tabindex=if selected { "0" } else { "-1" }
            >
                {name}
            </a>
        }
    };
    View::ALL
        .into_iter()
        .zip(texts::VIEW_NAMES)
        .filter(|(view, _)| orders || *view != View::Saga)
        .map(tab)
        .collect_view()
}

/// Without a script there are no tabs: the saga stands under the picture.
fn unscripted(state: &DiagramState) -> String {
    let window = Window::new(state.clone());
    let scope = Scope { window: &window, state, trace: None, run: None };
    format!("<div class=\"view\">{}</div>", views::saga(&scope))
}

/// The picture in its three layouts, one of them shown.
fn scenes(state: &DiagramState) -> String {
    let Some(topology) = &state.topology else { return String::new() };
    Shape::ALL.into_iter().map(|shape| scene(state, &Layout::new(topology, shape))).collect()
}

/// The same picture as a list, and what it is ordered by.
#[component]
fn Listed() -> impl IntoView {
    let options = texts::GROUPINGS.map(|(value, words)| view! { <option value=value>{words}</option> }).collect_view();
    view! {
        <div class="listed">
            <div class="outline" role="listbox" tabindex="0" aria-label=texts::views::OUTLINE></div>
            <div class="grouping">
                <label>{texts::GROUP_BY} " " <select data-group="">{options}</select></label>
            </div>
        </div>
    }
}
