use super::actions;
use super::store::Store;
use crate::texts;
use leptos::prelude::*;

/// The soil: the picture's time, and history in strata.
#[component]
pub fn Soil(store: Store) -> impl IntoView {
    let words = move || if store.paused.get() { texts::PLAY } else { texts::PAUSE };
    let class = move || if store.paused.get() { "play" } else { "play running" };
    let live = move || if store.newer.with(String::is_empty) { "live" } else { "live behind" };
    view! {
        <div class="soil">
            <div class="time">
                <button type="button" class=class on:click=|_| actions::pause_or_play()>{words}</button>
                <span class="clock">{move || store.clock.get()}</span>
                <span class="stretched">{move || store.stretched.get()}</span>
                <span class=live>
                    <button type="button" on:click=|_| actions::jump_to_live()>{texts::LIVE}</button>
                    <span class="newer" hidden=move || store.newer.with(String::is_empty)>{move || store.newer.get()}</span>
                </span>
            </div>
            <div class="strata" role="img" aria-label=texts::HISTORY inner_html=move || store.track.get()></div>
        </div>
    }
}
