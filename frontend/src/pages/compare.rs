use super::RunEntry;
use crate::texts::runs as texts;
use leptos::prelude::*;

/// Two runs and what came of their commands.
#[derive(Clone, Debug)]
pub struct CompareView {
    pub a: RunEntry,
    pub b: RunEntry,
    pub commands: Vec<CommandEntry>,
    /// The command in which they first differ, and the facts: the index of each in its list.
    pub first: Option<FirstDifference>,
    /// Where the page before and the page behind begin.
    pub earlier: Option<u64>,
    pub later: Option<u64>,
}

#[derive(Clone, Debug)]
pub struct CommandEntry {
    /// 0 is what happened before the first.
    pub ordinal: u64,
    /// `None` where the run has no such command.
    pub a: Option<SideEntry>,
    pub b: Option<SideEntry>,
    pub differs: bool,
}

#[derive(Clone, Debug, Default)]
pub struct SideEntry {
    /// Grouped by service.
    pub facts: Vec<FactEntry>,
    pub left_out: u64,
}

#[derive(Clone, Debug)]
pub struct FactEntry {
    pub position: u64,
    pub service: String,
    pub text: String,
    /// The other run does not have it there.
    pub differs: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct FirstDifference {
    pub command: u64,
    /// Positions; `None` where a run has nothing of the kind.
    pub a: Option<u64>,
    pub b: Option<u64>,
}

#[component]
pub fn ComparePage(view: CompareView) -> impl IntoView {
    let CompareView { a, b, commands, first, earlier, later } = view;
    let marked = match first {
        Some(first) => marked(first, &commands, [&a, &b]).into_any(),
        None => view! { <p class="same" role="status">{texts::NO_DIFFERENCE}</p> }.into_any(),
    };
    let page = |from: Option<u64>, words: &'static str| {
        let address = |from| format!("/runs/compare?a={}&b={}&from={from}", a.id, b.id);
        from.map(|from| view! { <a class="way" href=address(from)>{words}</a> })
    };
    let (earlier, later) = (page(earlier, texts::EARLIER), page(later, texts::LATER));
    let first = first.map(|first| first.command);
    let commands = commands.into_iter().map(|command| command_view(command, first, [&a, &b])).collect_view();
    let heads = [&a, &b].into_iter().zip(texts::SIDES).map(|(run, side)| head(run, side)).collect_view();
    view! {
        <main id="content" class="compare">
            <p><a href="/runs">{texts::BACK}</a></p>
            <h1>{texts::COMPARE_TITLE}</h1>
            <p class="lede">{texts::COMPARE_LEDE}</p>
            <div class="sides heads">{heads}</div>
            {marked}
            {commands}
            <p class="ways">{earlier}{later}</p>
        </main>
    }
}

fn head(run: &RunEntry, side: &'static str) -> impl IntoView + use<> {
    view! {
        <div>
            <p class="eyebrow">{side}</p>
            <h2><a href=format!("/playground?run={}", run.id)>{run.name.clone()}</a></h2>
            <p class="meta"><span>{texts::events(run.position)}</span><span>{texts::origin(run.origin)}</span></p>
        </div>
    }
}

/// The first difference, on top of everything.
fn marked(first: FirstDifference, commands: &[CommandEntry], runs: [&RunEntry; 2]) -> impl IntoView + use<> {
    let command = commands.iter().find(|command| command.ordinal == first.command);
    let fact_of = |side: Option<&SideEntry>, position: Option<u64>| {
        side?.facts.iter().find(|fact| Some(fact.position) == position).cloned()
    };
    let facts = [
        fact_of(command.and_then(|command| command.a.as_ref()), first.a),
        fact_of(command.and_then(|command| command.b.as_ref()), first.b),
    ];
    let sides = facts.into_iter().zip(runs).zip(texts::SIDES).map(|((fact, run), side)| {
        let fact = match fact {
            Some(fact) => linked(&fact, run).into_any(),
            None => texts::NOTHING_THERE.into_any(),
        };
        view! { <div><p class="eyebrow">{side}</p><p>{fact}</p></div> }
    });
    view! {
        <section class="first" aria-labelledby="first">
            <h2 id="first">
                {texts::FIRST_DIFFERENCE}": "
                <a href=format!("#command-{}", first.command)>{texts::command(first.command)}</a>
            </h2>
            <div class="sides">{sides.collect_view()}</div>
        </section>
    }
}

fn command_view(command: CommandEntry, first: Option<u64>, runs: [&RunEntry; 2]) -> impl IntoView + use<> {
    let state = if command.differs { texts::DIFFERS } else { texts::THE_SAME };
    let class = if command.differs { "command differs" } else { "command" };
    let sides = [command.a, command.b].into_iter().zip(runs).zip(texts::SIDES);
    let sides = sides.map(|((side, run), label)| side_view(side, run, label)).collect_view();
    view! {
        <details id=format!("command-{}", command.ordinal) class=class open=first == Some(command.ordinal)>
            <summary><h3>{texts::command(command.ordinal)}</h3>" "<span class="state">{state}</span></summary>
            <div class="sides">{sides}</div>
        </details>
    }
}

fn side_view(side: Option<SideEntry>, run: &RunEntry, label: &'static str) -> impl IntoView + use<> {
    let told = match side {
        None => view! { <p class="hint">{texts::NO_SUCH_COMMAND}</p> }.into_any(),
        Some(side) => {
            let facts = side.facts.iter().map(|fact| fact_view(fact, run)).collect_view();
            let more = (side.left_out > 0).then(|| view! { <p class="hint">{texts::more(side.left_out)}</p> });
            view! { <ul>{facts}</ul>{more} }.into_any()
        }
    };
    view! { <div><p class="eyebrow" aria-hidden="true">{label}</p>{told}</div> }
}

fn fact_view(fact: &FactEntry, run: &RunEntry) -> impl IntoView + use<> {
    let only = fact.differs.then(|| view! { <span class="visually-hidden">{texts::ONLY_HERE}</span> });
    view! { <li class=fact.differs.then_some("differs")>{linked(fact, run)}" "{only}</li> }
}

/// A fact, leading to the picture at its position.
fn linked(fact: &FactEntry, run: &RunEntry) -> impl IntoView + use<> {
    let address = format!("/playground?run={}&at={}", run.id, fact.position);
    view! { <a href=address><b>{fact.service.clone()}</b>": "{fact.text.clone()}</a> }
}
