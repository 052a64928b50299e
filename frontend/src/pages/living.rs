use crate::islands::{Given, Terrarium};
use crate::texts::runs as texts;
use leptos::prelude::*;

/// The terrarium of a page, and what it needs to go on living in the browser.
#[component]
pub fn Living(given: Given) -> impl IntoView {
    let picture = serde_json::to_string(&given.state).expect("a state has text keys only");
    let (sandbox, room) = (given.sandbox_id.clone(), given.room.name());
    let (kept, end) = (given.kept.then_some("true"), given.end.map(|end| end.to_string()));
    let missing = given.missing.then(|| view! { <p class="missing" role="status">{texts::MISSING}</p> });
    let absent = given.missing.then_some("true");
    provide_context(given);
    view! {
        <div class="living" data-sandbox=sandbox data-kept=kept data-end=end data-missing=absent data-room=room data-picture=picture>
            {missing}
            <Terrarium/>
        </div>
    }
}
