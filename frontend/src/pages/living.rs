use crate::islands::{Given, Terrarium};
use leptos::prelude::*;

/// The terrarium of a page, and what it needs to go on living in the browser.
#[component]
pub fn Living(given: Given) -> impl IntoView {
    let picture = serde_json::to_string(&given.state).expect("a state has text keys only");
    let (sandbox, room) = (given.sandbox_id.clone(), given.room.name());
    provide_context(given);
    view! {
        <div class="living" data-sandbox=sandbox data-room=room data-picture=picture>
            <Terrarium/>
        </div>
    }
}
