use crate::texts;
use leptos::prelude::*;

/// A page that has nothing but a sentence: not found, or an error.
#[component]
pub fn Nothing(title: String, sentence: String) -> impl IntoView {
    view! {
        <main id="content" class="nothing">
            <h1>{title}</h1>
            <p class="lede">{sentence}</p>
            <p><a class="way" href="/">{texts::GO_HOME}</a></p>
        </main>
    }
}
