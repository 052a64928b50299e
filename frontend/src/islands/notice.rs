use super::actions;
use super::store::Text;
use crate::texts;
use leptos::prelude::*;

/// How things stand, when they don't simply run, and a way out.
#[component]
pub fn Notice(notice: Text, offer: Text) -> impl IntoView {
    view! {
        <div class="notice" role="status">
            <p class="words" inner_html=notice></p>
            <p class="no-script">{texts::NO_SCRIPT}</p>
            <button type="button" inner_html=offer on:click=|_| actions::try_again()></button>
        </div>
    }
}

/// What the server answered to a click, beside what was clicked.
#[component]
pub fn Trouble(words: Text) -> impl IntoView {
    view! { <p class="trouble" role="alert" inner_html=words></p> }
}
