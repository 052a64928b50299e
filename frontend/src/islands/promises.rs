//! The sheet of promises: a light for each, those that hold too.

use crate::sight;
use crate::texts::promises as texts;
use diagram::DiagramState;
use leptos::prelude::*;

#[component]
pub fn PromiseSheet(state: DiagramState) -> impl IntoView {
    let lights = texts::LIST.map(|(name, sentence)| {
        let (class, words) = sight::promise(&state, name);
        view! {
            <li class=class data-promise=name>
                <span class="sentence">{sentence}</span>
                " "
                <span class="how" inner_html=words></span>
                " "
                <code>{name}</code>
            </li>
        }
    });
    view! {
        <details class="tool promises">
            <summary><span>{texts::TITLE}</span>" "<span class="count">{texts::count(state.broken.len(), texts::LIST.len())}</span></summary>
            <div class="drawer">
                <p>{texts::HINT}</p>
                <ul aria-label=texts::TITLE>{lights.collect_view()}</ul>
            </div>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagram::{Broken, Mended};

    #[test]
    fn every_promise_is_listed_and_says_how_it_stands() {
        let mut state = DiagramState::new(&protocol::topology("saga-choreography").expect("known"));
        state.broken.push(Broken { name: "stock-conserved".into(), since: 12, detail: "one is gone".into(), at: 1 });
        let (name, lasted) = ("money-conserved".into(), 1_840_000);
        state.mended.push(Mended { name, since: 12, until: 31, lasted, times: 1 });
        let html = PromiseSheet(PromiseSheetProps { state }).to_html();
        assert_eq!(html.matches("data-promise").count(), texts::LIST.len());
        assert!(html.contains("1 of 18 broken") && html.contains("broken since 12"), "{html}");
        assert!(html.contains("broken for 1.84 s at 12–31"), "{html}");
    }
}
