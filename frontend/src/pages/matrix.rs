use crate::texts::matrix as texts;
use leptos::prelude::*;

/// All that the page shows.
#[derive(Clone, Debug, Default)]
pub struct MatrixPageView {
    /// Name and title of each topology that has steps.
    pub choices: Vec<(String, String)>,
    /// The name of the one it is about.
    pub topology: String,
    pub switches: Vec<MatrixSwitch>,
    pub rows: Vec<MatrixRow>,
    /// The last matrix of it.
    pub result: Option<MatrixResult>,
}

/// A protection, as the next matrix is to have it.
#[derive(Clone, Debug)]
pub struct MatrixSwitch {
    pub name: String,
    pub on: bool,
}

/// A step and how it ended under each fault, in the order of [`texts::FAULTS`].
#[derive(Clone, Debug)]
pub struct MatrixRow {
    pub step: String,
    pub service: String,
    /// What asks for it.
    pub on: Vec<String>,
    pub compensates: Option<String>,
    pub cells: Vec<MatrixCell>,
}

#[derive(Clone, Debug)]
pub struct MatrixCell {
    pub fault: &'static str,
    /// As [`texts::STATES`] has it.
    pub state: &'static str,
    pub run: Option<String>,
    pub detail: String,
}

#[derive(Clone, Debug)]
pub struct MatrixResult {
    pub id: String,
    /// `running`, `done` or `failed`.
    pub state: &'static str,
    pub detail: String,
    pub took_ms: u64,
    /// The protections that were off.
    pub off: Vec<String>,
}

/// Everything is here without a script; public/matrix.js runs it and follows it.
#[component]
pub fn MatrixPage(view: MatrixPageView) -> impl IntoView {
    let MatrixPageView { choices, topology, switches, rows, result } = view;
    let (ended, red) = counts(&rows);
    let all = rows.len() * texts::FAULTS.len();
    let standing = match &result {
        Some(result) => texts::standing(result.state, &result.detail, red, all, result.took_ms),
        None => texts::NEVER_RUN.into(),
    };
    let state = result.as_ref().map_or("none", |result| result.state);
    let off = result.as_ref().map(|result| result.off.join(","));
    let with = result.as_ref().map(|result| texts::with_off(&result.off)).unwrap_or_default();
    let holes = holes(&rows);
    let clean = state == "done" && red == 0;
    view! {
        <main id="content" class="matrix" data-topology=topology.clone() data-matrix=result.as_ref().map(|result| result.id.clone())
            data-state=state data-off=off data-no-answer=texts::NO_ANSWER data-gone=texts::GONE
            data-running=texts::UNDER_WAY data-all-green=texts::ALL_GREEN data-some-red=texts::SOME_RED data-failed=texts::FAILED
            data-count=texts::COUNT data-all-on=texts::ALL_ON data-with-off=texts::WITH_OFF data-and=texts::AND>
            <header>
                <h1>{texts::TITLE}</h1>
                <p class="lede">{texts::LEDE}</p>
            </header>
            <form class="setup">
                <nav class="styles" aria-label=texts::STYLE>{choices.iter().map(|choice| style(choice, &topology)).collect_view()}</nav>
                {protections(switches)}
                <div class="go">
                    <button class="main scripted" hidden>{texts::RUN}</button>
                    <noscript><p class="hint">{texts::NO_SCRIPT}</p></noscript>
                    <p class="said" role="alert"></p>
                </div>
            </form>
            <section class="result" aria-label=texts::CAPTION>
                <div class="standing">
                    <p class="sentence" role="status">{standing}</p>
                    <p class="with">{with}</p>
                    <p class="stale" hidden>{texts::STALE}</p>
                    <progress aria-label=texts::PROGRESS max=all value=ended hidden=state != "running"></progress>
                    <p class="count" hidden=state != "running">{texts::count(ended, all)}</p>
                </div>
                {grid(&rows)}
                <dl class="meanings" aria-label=texts::LEGEND>{texts::STATES.iter().filter(|state| !state.2.is_empty()).map(meaning).collect_view()}</dl>
            </section>
            <section class="holes" aria-labelledby="holes" hidden=red == 0>
                <h2 id="holes">{texts::HOLES}</h2>
                <p class="hint">{texts::HOLES_HINT}</p>
                <ul>{holes}</ul>
            </section>
            <p class="clean" hidden=!clean>{texts::NO_HOLES}</p>
            <p class="hint kept">{texts::KEPT_UNTIL}</p>
            {texts::STATES.iter().map(|(state, word, _)| view! { <template id=format!("cell-{state}")>{mark(state, word)}</template> }).collect_view()}
            <template id="hole">{hole("", "", &MatrixCell { fault: "", state: "stuck", run: Some(String::new()), detail: String::new() })}</template>
        </main>
    }
}

fn style((name, title): &(String, String), chosen: &str) -> impl IntoView + use<> {
    let current = (name == chosen).then_some("page");
    view! { <a href=format!("/matrix?topology={name}") aria-current=current>{title.clone()}</a> }
}

fn protections(switches: Vec<MatrixSwitch>) -> impl IntoView {
    let none = switches.is_empty().then(|| view! { <p>{texts::SWITCHES_NONE}</p> });
    let switches = switches.into_iter().map(|MatrixSwitch { name, on }| {
        let [while_on, while_off] = texts::switch(&name);
        let told = format!("told-{name}");
        view! {
            <li>
                <label>
                    <input type="checkbox" role="switch" name=name.clone() checked=on aria-describedby=told.clone()/>
                    <span class="toggle" aria-hidden="true"></span>
                    <b>{name.clone()}</b>
                    <span class="on">{crate::texts::ON}</span>
                    <span class="off">{crate::texts::OFF}</span>
                </label>
                <p id=told><span class="on">{while_on}</span><span class="off">{while_off}</span></p>
            </li>
        }
    });
    view! {
        <fieldset>
            <legend>{texts::SWITCHES}</legend>
            <p class="hint">{texts::SWITCHES_HINT}</p>
            {none}
            <ul>{switches.collect_view()}</ul>
        </fieldset>
    }
}

/// The roles are those the elements have: on a phone they are laid out as no table is.
fn grid(rows: &[MatrixRow]) -> impl IntoView + use<> {
    let heads = texts::FAULTS.map(|(fault, name, means)| {
        view! { <th scope="col" role="columnheader" data-fault=fault><b>{name}</b>" "<span class="means">{means}</span></th> }
    });
    view! {
        <table role="table">
            <caption class="visually-hidden">{texts::CAPTION}</caption>
            <thead role="rowgroup">
                <tr role="row"><th scope="col" role="columnheader" class="corner">{texts::STEP}</th>{heads.collect_view()}</tr>
            </thead>
            <tbody role="rowgroup">{rows.iter().map(row).collect_view()}</tbody>
        </table>
    }
}

fn row(row: &MatrixRow) -> impl IntoView + use<> {
    let back = row.compensates.as_ref().map(|step| {
        view! { <span class="takes-back">{return_arrow()}" "{texts::takes_back(step)}</span> }
    });
    let cells = row.cells.iter().map(|it| cell(&row.step, it)).collect_view();
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">
                <b>{row.step.clone()}</b>" "
                <span class="at">{row.service.clone()}" · "{row.on.join(", ")}</span>" "
                {back}
            </th>
            {cells}
        </tr>
    }
}

fn cell(step: &str, cell: &MatrixCell) -> impl IntoView + use<> {
    let (name, word) = (texts::cell(step, fault_name(cell.fault)), state_word(cell.state));
    let shown =
        view! { <span class="visually-hidden">{name}</span><span class="outcome">{mark(cell.state, word)}</span> };
    let shown = match &cell.run {
        Some(run) => view! { <a href=address(run)>{shown}</a> }.into_any(),
        None => view! { <a>{shown}</a> }.into_any(),
    };
    view! {
        <td role="cell" data-cell=format!("{step}/{}", cell.fault) data-state=cell.state title=cell.detail.clone()>{shown}</td>
    }
}

fn meaning((state, word, means): &(&'static str, &'static str, &'static str)) -> impl IntoView + use<> {
    view! { <div data-state=*state><dt class="outcome">{mark(state, word)}</dt><dd>{*means}</dd></div> }
}

/// A shape of its own for every state, and its word.
fn mark(state: &str, word: &'static str) -> impl IntoView + use<> {
    let shape = match state {
        "consistent" => {
            r#"<circle cx="10" cy="10" r="8.5" class="full"/><path class="cut" d="m6 10.4 2.7 2.7L14 7.4"/>"#
        }
        "inconsistent" => {
            r#"<path class="full" d="M10 .9 19.1 10 10 19.1.9 10Z"/><path class="cut" d="M10 5.6v5.2M10 13.6v.6"/>"#
        }
        "stuck" => {
            r#"<rect x="2" y="2" width="16" height="16" rx="3" class="line"/><path class="line" d="M7.6 6.6v6.8M12.4 6.6v6.8"/>"#
        }
        "unreached" => r#"<circle cx="10" cy="10" r="7.5" class="line dashes"/><path class="line" d="m5 15 10-10"/>"#,
        "running" => {
            r#"<circle cx="10" cy="10" r="7.5" class="line faint"/><path class="line turns" d="M10 2.5a7.5 7.5 0 0 1 7.5 7.5"/>"#
        }
        "waiting" => r#"<circle cx="10" cy="10" r="3" class="full"/>"#,
        _ => r#"<path class="line" d="M6 10h8"/>"#,
    };
    view! {
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" inner_html=shape></svg>
        <span class="word">{word}</span>
    }
}

fn return_arrow() -> impl IntoView {
    let shape = r#"<path class="line" d="M4 9h7.5a3.5 3.5 0 0 1 0 7H8M7 5.5 3.5 9 7 12.5"/>"#;
    view! { <svg viewBox="0 0 20 20" width="14" height="14" aria-hidden="true" inner_html=shape></svg> }
}

fn holes(rows: &[MatrixRow]) -> Vec<AnyView> {
    let red = rows.iter().flat_map(|row| row.cells.iter().filter(|cell| is_red(cell)).map(move |cell| (row, cell)));
    red.map(|(row, cell)| hole(&row.step, fault_name(cell.fault), cell).into_any()).collect()
}

/// A cell that falls through, and why.
fn hole(step: &str, fault: &'static str, cell: &MatrixCell) -> impl IntoView + use<> {
    let run = cell.run.as_deref().map(address).unwrap_or_default();
    view! {
        <li data-state=cell.state>
            <p>
                <b class="struck">{step.to_owned()}</b>" × "<b class="by">{fault}</b>": "
                <span class="outcome">{mark(cell.state, state_word(cell.state))}</span>
            </p>
            <p class="why">{cell.detail.clone()}</p>
            <a href=run>{texts::OPEN}<span class="visually-hidden">{format!(": {step}, {fault}")}</span></a>
        </li>
    }
}

fn address(run: &str) -> String {
    format!("/playground?run={run}")
}

fn fault_name(fault: &str) -> &'static str {
    texts::FAULTS.iter().find(|(known, ..)| *known == fault).map_or("", |(_, name, _)| *name)
}

fn state_word(state: &str) -> &'static str {
    texts::STATES.iter().find(|(known, ..)| *known == state).map_or("", |(_, word, _)| *word)
}

fn is_red(cell: &MatrixCell) -> bool {
    matches!(cell.state, "inconsistent" | "stuck" | "unreached")
}

/// Cells that have ended, and those of them that fall through.
fn counts(rows: &[MatrixRow]) -> (usize, usize) {
    let cells = || rows.iter().flat_map(|row| &row.cells);
    let red = cells().filter(|cell| is_red(cell)).count();
    (red + cells().filter(|cell| cell.state == "consistent").count(), red)
}
