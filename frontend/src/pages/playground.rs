use crate::islands::{Room, Terrarium};
use crate::texts;
use diagram::DiagramState;
use leptos::prelude::*;

#[component]
pub fn PlaygroundPage(sandbox_id: Option<String>, state: DiagramState) -> impl IntoView {
    view! {
        <main id="content" class="playground">
            <div class="opening">
                <h1>{texts::PLAYGROUND_TITLE}</h1>
                <p class="lede">{texts::PLAYGROUND_LEDE}</p>
            </div>
            <Terrarium sandbox_id state room=Room::Playground/>
        </main>
    }
}
