use crate::islands::{Picture, Room, Terrarium};
use crate::texts;
use leptos::prelude::*;

#[component]
pub fn PlaygroundPage(sandbox_id: Option<String>, picture: Picture) -> impl IntoView {
    view! {
        <main id="content" class="playground">
            <div class="opening">
                <h1>{texts::PLAYGROUND_TITLE}</h1>
                <p class="lede">{texts::PLAYGROUND_LEDE}</p>
            </div>
            <Terrarium sandbox_id picture room=Room::Playground/>
        </main>
    }
}
