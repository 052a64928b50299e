use super::actions;
use super::store::Store;
use crate::texts;
use leptos::prelude::*;

/// The soil: the picture's time, and history in strata.
#[component]
pub fn Soil(store: Store) -> impl IntoView {
    view! {
        <div class="soil">
            <div class="time">
                <button
                    type="button"
                    class=store.play_class
                    inner_html=store.play
                    on:click=|_| actions::pause_or_play()
                ></button>
                <span class="clock" inner_html=store.clock></span>
                <span class="stretched" inner_html=store.stretched></span>
                <span class="live">
                    <button type="button" on:click=|_| actions::jump_to_live()>{texts::LIVE}</button>
                    <span class="newer" inner_html=store.newer></span>
                </span>
            </div>
            <div class="strata" role="img" aria-label=texts::HISTORY inner_html=store.track></div>
        </div>
    }
}
