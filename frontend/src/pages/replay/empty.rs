use crate::texts::replay as texts;
use leptos::prelude::*;

/// Before there is an account: what one is, and the button that starts one.
pub fn empty(missing: bool, other: bool) -> impl IntoView {
    let why = if other { texts::OTHER } else { texts::MISSING };
    let missing = (missing || other).then(|| view! { <p class="missing" role="status">{why}</p> });
    let cards = texts::EMPTY_CARDS.map(|(name, amount, after)| {
        view! { <li><b>{name}</b><span class="amount">{amount}</span><span class="after">{after}</span></li> }
    });
    view! {
        {missing}
        <section class="nothing-yet" aria-labelledby="nothing-yet">
            <div>
                <h2 id="nothing-yet">{texts::EMPTY}</h2>
                <p>{texts::EMPTY_HOW}</p>
                <form class="start" data-does="start">
                    <button class="main scripted" hidden>{texts::START}</button>
                    <p class="said" aria-live="polite"></p>
                    <noscript><p class="hint">{texts::NO_SCRIPT}</p></noscript>
                </form>
            </div>
            <figure>
                <ol>{cards.collect_view()}</ol>
                <figcaption>{texts::EMPTY_FOLD}</figcaption>
            </figure>
        </section>
    }
}
