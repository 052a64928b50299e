use super::Living;
use crate::islands::Given;
use crate::texts;
use leptos::prelude::*;

#[component]
pub fn PlaygroundPage(given: Given) -> impl IntoView {
    view! {
        <main id="content" class="playground">
            <div class="opening">
                <h1>{texts::PLAYGROUND_TITLE}</h1>
                <p class="lede">{texts::PLAYGROUND_LEDE}</p>
            </div>
            <Living given/>
        </main>
    }
}
