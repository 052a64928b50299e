use crate::date::Moment;
use crate::texts::runs as texts;
use leptos::prelude::*;

/// All that the page shows.
#[derive(Clone, Debug, Default)]
pub struct RunsView {
    /// The newest first.
    pub kept: Vec<RunEntry>,
    pub living: Vec<RunEntry>,
    /// Bytes a file may have.
    pub import_bytes: usize,
}

/// A kept run, or a living system.
#[derive(Clone, Debug)]
pub struct RunEntry {
    pub id: String,
    /// Of a living system: its topology's title.
    pub name: String,
    pub topology: String,
    /// The last one.
    pub position: u64,
    /// Milliseconds since 1970.
    pub created: i64,
    /// `kept`, `imported` or `sandbox`.
    pub origin: &'static str,
}

/// The session's runs. What changes something is done by public/runs.js, which shows these
/// controls when it is there.
#[component]
pub fn RunsPage(view: RunsView) -> impl IntoView {
    let RunsView { kept, living, import_bytes } = view;
    let choices = choices(&kept, &living);
    let list = if kept.is_empty() {
        view! {
            <div class="empty">
                <p><strong>{texts::EMPTY}</strong>" "{texts::EMPTY_HOW}</p>
                <p><a class="way" href="/playground">{texts::TO_THE_PLAYGROUND}</a></p>
            </div>
        }
        .into_any()
    } else {
        view! { <ul class="entries">{kept.into_iter().map(kept_entry).collect_view()}</ul> }.into_any()
    };
    let systems = if living.is_empty() {
        view! { <p>{texts::LIVING_NONE}</p> }.into_any()
    } else {
        view! { <ul class="entries">{living.into_iter().map(living_entry).collect_view()}</ul> }.into_any()
    };
    view! {
        <main id="content" class="runs" data-working=texts::WORKING data-no-answer=texts::NO_ANSWER>
            <h1>{texts::TITLE}</h1>
            <p class="lede">{texts::LEDE}</p>
            <noscript><p class="hint">{texts::NO_SCRIPT}</p></noscript>
            <section aria-labelledby="kept">
                <h2 id="kept" tabindex="-1">{texts::KEPT_RUNS}</h2>
                {list}
            </section>
            {(choices.len() > 1).then(|| compare(&choices))}
            <section aria-labelledby="living">
                <h2 id="living">{texts::LIVING}</h2>
                <p class="hint">{texts::LIVING_HINT}</p>
                {systems}
            </section>
            <section class="scripted" aria-labelledby="import" hidden>
                <h2 id="import">{texts::IMPORT}</h2>
                <p class="hint">{texts::IMPORT_HINT}" "{texts::file_bound(import_bytes)}</p>
                <form class="fields" data-does="import">
                    <label>{texts::IMPORT_FILE}<input type="file" name="file" accept=".ndjson,application/x-ndjson" required/></label>
                    <label>{texts::IMPORT_NAME}<input type="text" name="name" maxlength="80" autocomplete="off"/></label>
                    <button class="main">{texts::IMPORT_GO}</button>
                    <p class="said" role="alert"></p>
                </form>
            </section>
        </main>
    }
}

fn kept_entry(run: RunEntry) -> impl IntoView {
    let (download, meta) = (format!("/api/runs/{}/export/ndjson", run.id), meta(&run));
    view! {
        <li id=format!("run-{}", run.id) data-run=run.id.clone()>
            <h3><a href=address(&run)>{run.name.clone()}</a></h3>
            {meta}
            <div class="ways">
                <a href=download download>{texts::DOWNLOAD}</a>
                <details class="scripted" hidden>
                    <summary aria-label=format!("{} {}", texts::RENAME, run.name)>{texts::RENAME}</summary>
                    <form class="fields" data-does="rename">
                        <label>
                            <span class="visually-hidden">{texts::name_of(&run.name)}</span>
                            <input type="text" name="name" value=run.name.clone() required maxlength="80" autocomplete="off"/>
                        </label>
                        <button>{texts::SAVE}</button>
                        <p class="said" role="alert"></p>
                    </form>
                </details>
                <details class="scripted" hidden>
                    <summary aria-label=texts::delete(&run.name)>{texts::DELETE}</summary>
                    <form class="fields" data-does="delete">
                        <p>{texts::DELETE_ASK}</p>
                        <button class="danger">{texts::DELETE_YES}</button>
                        <p class="said" role="alert"></p>
                    </form>
                </details>
            </div>
        </li>
    }
}

fn living_entry(run: RunEntry) -> impl IntoView {
    let meta = meta(&run);
    view! {
        <li data-sandbox-of=run.id.clone()>
            <h3><a href=address(&run)>{run.name.clone()}</a></h3>
            {meta}
            <form class="fields scripted" data-does="keep" hidden>
                <label>
                    {texts::NAME}
                    <input type="text" name="name" required maxlength="80" autocomplete="off" placeholder=texts::KEEP_EXAMPLE/>
                </label>
                <button class="main">{texts::KEEP}</button>
                <p class="said" role="alert"></p>
            </form>
        </li>
    }
}

fn address(run: &RunEntry) -> String {
    format!("/playground?run={}", run.id)
}

fn meta(run: &RunEntry) -> impl IntoView + use<> {
    let created = Moment::of_ms(run.created);
    view! {
        <p class="meta">
            <span>{run.topology.clone()}</span>
            <span>{texts::events(run.position)}</span>
            <time datetime=created.machine()>{created.words()}</time>
            <span>{texts::origin(run.origin)}</span>
        </p>
    }
}

/// Everything that can be compared: its id, and what it is called.
fn choices(kept: &[RunEntry], living: &[RunEntry]) -> Vec<(String, String)> {
    let kept = kept.iter().map(|run| (run.id.clone(), run.name.clone()));
    let living = living.iter().map(|run| (run.id.clone(), texts::living(&run.name, run.position)));
    kept.chain(living).collect()
}

fn compare(choices: &[(String, String)]) -> impl IntoView + use<> {
    let options = |chosen: usize| {
        let option = |(index, (id, name)): (usize, &(String, String))| {
            view! { <option value=id.clone() selected=index == chosen>{name.clone()}</option> }
        };
        choices.iter().enumerate().map(option).collect_view()
    };
    view! {
        <section aria-labelledby="compare">
            <h2 id="compare">{texts::COMPARE}</h2>
            <p class="hint">{texts::COMPARE_HINT}</p>
            <form class="fields" action="/runs/compare" method="get">
                <label>{texts::COMPARE_FIRST}<select name="a">{options(1)}</select></label>
                <label>{texts::COMPARE_SECOND}<select name="b">{options(0)}</select></label>
                <button class="main">{texts::COMPARE_GO}</button>
            </form>
        </section>
    }
}
