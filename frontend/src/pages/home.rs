use super::Living;
use crate::islands::Given;
use crate::texts;
use leptos::prelude::*;

#[component]
pub fn Home(given: Given) -> impl IntoView {
    let tries =
        texts::HOME_TRIES.map(|(what, then)| view! { <li><strong>{what}</strong>" "{then}</li> }).collect_view();
    view! {
        <main id="content" class="home">
            <div class="welcome">
                <h1>{texts::HOME_TITLE}</h1>
                <p class="lede">{texts::HOME_LEDE}</p>
            </div>
            <Living given/>
            <div class="more">
                <ol>{tries}</ol>
                <p>{texts::HOME_NOTHING_FAKED}</p>
                <p class="ways">
                    <a class="way" href="/lessons/sagas">{texts::HOME_FIRST_LESSON}</a>
                    <a class="way" href="/playground">{texts::HOME_PLAYGROUND}</a>
                </p>
            </div>
        </main>
    }
}
