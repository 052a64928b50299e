use crate::texts::rule as texts;
use leptos::prelude::*;
use std::collections::BTreeSet;

/// Where the rule of a saga is written, as one record shows it.
#[derive(Clone, Debug, Default)]
pub struct RulePageView {
    /// The system it was found in; `None` where there is none yet.
    pub run: Option<String>,
    /// One was asked for that is not there.
    pub missing: bool,
    /// The title of its topology.
    pub title: String,
    pub leader: Option<String>,
    /// In the order in which they came into play.
    pub parts: Vec<RulePart>,
    pub touched: Option<RuleTouched>,
}

/// The lit lines of a file, each among its neighbours.
#[derive(Clone, Debug)]
pub struct RulePart {
    pub service: String,
    pub file: String,
    pub passages: Vec<Vec<RuleLine>>,
}

#[derive(Clone, Debug)]
pub struct RuleLine {
    pub number: u32,
    pub text: String,
    /// What it said, where it is lit: types of messages, or steps.
    pub said: Vec<String>,
}

/// What differs from the topology that was there before.
#[derive(Clone, Debug)]
pub struct RuleTouched {
    pub before: String,
    pub added: Vec<String>,
    pub changed: Vec<String>,
    pub entries: Vec<String>,
}

#[component]
pub fn RulePage(view: RulePageView) -> impl IntoView {
    let lines = view.parts.iter().flat_map(|part| part.passages.iter().flatten()).filter(|line| !line.said.is_empty());
    let services: BTreeSet<_> = view.parts.iter().map(|part| &part.service).collect();
    let counted = texts::counted(lines.count(), view.parts.len(), services.len());
    let lede = view.run.as_ref().map(|run| {
        let lede = texts::lede(&view.title, view.leader.as_deref());
        view! { <p class="lede">{lede}</p><p><a href=format!("/playground?run={run}")>{texts::SEE}</a></p> }
    });
    let found = match (view.missing, view.parts.is_empty()) {
        (true, _) => view! { <p class="empty" role="status">{texts::MISSING}</p> }.into_any(),
        (false, true) => view! { <p class="empty" role="status">{texts::NOTHING}</p> }.into_any(),
        (false, false) => {
            let parts = view.parts.into_iter().map(part).collect_view();
            view! { <p class="counted">{counted}</p>{parts} }.into_any()
        }
    };
    let touched = view.touched.map(touched);
    view! {
        <main id="content" class="rule">
            <h1>{texts::TITLE}</h1>
            {lede}
            {touched}
            {found}
        </main>
    }
}

fn touched(touched: RuleTouched) -> impl IntoView {
    let list = |name: &'static str, items: Vec<String>| {
        let items = if items.is_empty() { texts::NONE.to_owned() } else { items.join(", ") };
        view! { <dt>{name}</dt><dd>{items}</dd> }
    };
    view! {
        <section class="touched" aria-labelledby="touched">
            <h2 id="touched">{texts::TOUCHED}</h2>
            <p>{texts::touched(touched.changed.len(), &touched.before)}</p>
            <dl>
                {list(texts::ADDED, touched.added)}
                {list(texts::CHANGED, touched.changed)}
                {list(texts::ENTRIES, touched.entries)}
            </dl>
        </section>
    }
}

fn part(part: RulePart) -> impl IntoView {
    let label = part.file.clone();
    let passages = part
        .passages
        .into_iter()
        .map(|lines| view! { <pre class="listing">{lines.into_iter().map(line).collect_view()}</pre> });
    let shown = match passages.len() {
        0 => view! { <p>{texts::NO_SOURCE}</p> }.into_any(),
        _ => view! { <div class="code" tabindex="0" role="region" aria-label=label>{passages.collect_view()}</div> }
            .into_any(),
    };
    view! {
        <section>
            <h2>{part.service}</h2>
            <p class="code-head"><code>{part.file}</code></p>
            {shown}
        </section>
    }
}

fn line(line: RuleLine) -> impl IntoView {
    let class = if line.said.is_empty() { "ln" } else { "ln lit" };
    let said = (!line.said.is_empty()).then(|| view! { <mark class="said">{line.said.join(", ")}</mark> });
    view! { <span class=class>{said}<span class="no">{line.number}</span>{line.text}"\n"</span> }
}
