use super::Ground;
use crate::texts::replay as texts;
use leptos::prelude::*;

/// Two who read the same account and then write, each believing what they have read.
pub fn writers(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::WRITERS;
    let panels = (!ground.view.kept).then(|| {
        let panels = texts::WRITER_NAMES.map(|name| panel(ground, name)).collect_view();
        view! { <div class="writers">{panels}</div> }
    });
    let kept = ground.view.kept.then(|| view! { <p class="kept">{texts::KEPT}</p> });
    view! {
        <section id=id aria-labelledby="writers-title">
            <h2 id="writers-title">{title}</h2>
            <p class="hint">{texts::WRITERS_LEDE}</p>
            {kept}
            {panels}
        </section>
    }
}

/// What one of them has read is the script's to keep: it is older than what the server knows.
fn panel(ground: &Ground, name: &'static str) -> impl IntoView + use<> {
    let last = ground.entries.last();
    let (sequence, balance) = last.map_or((0, 0), |entry| (entry.sequence, entry.balance_minor));
    let heading = format!("writer-{name}");
    let labelled = heading.clone();
    view! {
        <form class="writer" data-does="write" data-writer=name data-sequence=sequence.to_string() data-own="" aria-labelledby=labelled>
            <h3 id=heading>{name}</h3>
            <p class="read">{texts::has_read(sequence, balance)}</p>
            <p class="moved" role="status"></p>
            <div class="acts scripted" hidden>
                <label>{texts::AMOUNT}<input name="amount" inputmode="decimal" autocomplete="off" value="20.00" required/></label>
                <button class="main">{texts::withdraw_as(name)}</button>
                <button type="button" data-again="">{texts::read_as(name)}</button>
            </div>
            <p class="said" aria-live="polite"></p>
        </form>
    }
}
