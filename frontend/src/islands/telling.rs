use crate::player::Player;
use crate::sight::{self, Link};
use crate::svg::ledger;
use crate::texts;
use leptos::prelude::*;

/// How many orders the line under the picture has room for.
pub const LINE: usize = 4;

/// The latest event in a sentence, with its time; or how things stand, when they don't run.
#[component]
pub fn Telling<'a>(player: &'a Player, link: Link) -> impl IntoView + use<> {
    let (notice, offer) = link.words(player.shown.hibernated);
    let (notice, offer) = (notice.to_string(), offer.to_string());
    let (moment, sentence) = sight::telling(player);
    view! {
        <div class="telling">
            <div class="notice" role="status">
                <p class="words" inner_html=notice></p>
                <p class="no-script">{texts::NO_SCRIPT}</p>
                <button type="button" data-do="again" inner_html=offer></button>
            </div>
            <span class="moment" inner_html=moment></span>
            <p class="sentence" inner_html=sentence></p>
        </div>
    }
}

/// The latest orders in a line.
#[component]
pub fn Ledger<'a>(player: &'a Player) -> impl IntoView + use<> {
    let orders = ledger(&player.shown, LINE);
    view! {
        <div class="line">
            <ol class="ledger" aria-label=texts::ORDERS inner_html=orders></ol>
            <Ship player/>
        </div>
    }
}

/// Has the newest order shipped.
#[component]
pub fn Ship<'a>(player: &'a Player) -> impl IntoView + use<> {
    view! { <button type="button" class="ship" data-do="ship" inner_html=sight::ship(&player.shown)></button> }
}

/// What the server answered to a click, beside what was clicked.
#[component]
pub fn Trouble(spot: &'static str) -> impl IntoView {
    view! { <p class="trouble" role="alert" data-spot=spot></p> }
}
