use crate::date::Moment;
use crate::texts::million as texts;
use leptos::prelude::*;

/// All that the page shows.
#[derive(Clone, Debug, Default)]
pub struct MillionPageView {
    /// The sandbox whose copies are shown.
    pub run: Option<String>,
    /// One was asked for that is not there.
    pub missing: bool,
    /// It is a kept run, whose record says what was measured.
    pub kept: bool,
    /// What a sandbox is started of where there is none.
    pub topology: String,
    /// The server was built without optimisation.
    pub debug: bool,
    pub store: MillionStore,
    pub snapshots: Option<MillionKept>,
    /// The oldest first.
    pub loads: Vec<MillionLoad>,
    /// Milliseconds since 1970.
    pub now: i64,
    pub damage: Option<MillionDamage>,
    pub checked: Option<MillionChecked>,
    pub models: Vec<MillionModel>,
}

#[derive(Clone, Debug, Default)]
pub struct MillionStore {
    /// `none`, `making`, `ready` or `failed`.
    pub state: &'static str,
    pub events: u64,
    pub made: u64,
    pub bytes: Option<u64>,
    pub took_ms: Option<u64>,
    pub detail: &'static str,
}

/// Snapshots at each so many events.
#[derive(Clone, Copy, Debug)]
pub struct MillionKept {
    pub every: u64,
    pub count: u64,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct MillionLoad {
    pub snapshots: Option<MillionKept>,
    pub version: u64,
    pub from: Option<u64>,
    pub took_us: u64,
    /// In cents.
    pub balance_minor: i64,
    /// Milliseconds since 1970.
    pub at: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct MillionDamage {
    pub version: u64,
    pub member: u64,
    pub added_minor: i64,
    /// Milliseconds since 1970.
    pub at: i64,
}

#[derive(Clone, Debug)]
pub struct MillionChecked {
    pub snapshots: u64,
    pub replayed: u64,
    pub took_us: u64,
    /// Version, what it says, what the events say.
    pub wrong: Vec<(u64, Option<i64>, i64)>,
}

/// A read model.
#[derive(Clone, Debug)]
pub struct MillionModel {
    pub name: &'static str,
    /// `none`, `queued`, `building`, `quiet`, `live` or `stopped`.
    pub state: &'static str,
    pub rebuild: bool,
    pub position: u64,
    pub end: u64,
    pub per_second: Option<u64>,
    pub took_ms: Option<u64>,
    pub reads: Option<MillionReads>,
    pub quiet: Option<MillionReads>,
    pub rows: Vec<MillionRow>,
}

#[derive(Clone, Copy, Debug)]
pub struct MillionReads {
    pub count: u64,
    pub p50_us: u64,
    pub p99_us: u64,
}

/// What readers see; amounts are cents.
#[derive(Clone, Debug)]
pub enum MillionRow {
    Savings { member: u64, saved_minor: i64, entries: u64 },
    Month { month: String, paid_in_minor: i64, paid_out_minor: i64 },
    Withdrawal { amount_minor: i64, member: u64, sequence: u64, day: String },
}

/// Everything is here without a script. With one (public/million.js) what is marked `data-live` is
/// taken anew from the server whenever something has changed.
#[component]
pub fn MillionPage(view: MillionPageView) -> impl IntoView {
    if view.kept {
        return kept(view).into_any();
    }
    let MillionPageView {
        run, missing, topology, debug, store, snapshots, loads, now, damage, checked, models, ..
    } = view;
    // What was asked as of an earlier event is no answer to what the account costs.
    let whole: Vec<MillionLoad> = loads.iter().filter(|load| load.version == store.events).copied().collect();
    let dial = snapshots.map_or(1_000, |kept| kept.every);
    let file = store.bytes;
    // One that was asked for through the API is on the dial, too.
    let choices = intervals([dial]);
    view! {
        <main id="content" class="million" data-run=run data-store=store.state data-topology=topology
            data-every=snapshots.map(|kept| kept.every.to_string()) data-no-answer=texts::NO_ANSWER data-gone=texts::GONE>
            <header>
                <h1>{texts::TITLE}</h1>
                <p class="lede">{texts::LEDE}</p>
                {debug.then(|| view! { <p class="caution">{texts::DEBUG}</p> })}
                {missing.then(|| view! { <p class="caution" role="status">{texts::MISSING}</p> })}
                <noscript><p class="caution">{texts::NO_SCRIPT}</p></noscript>
            </header>
            <section class="store" aria-labelledby="store-title">
                <h2 id="store-title">{texts::STORE}</h2>
                <p class="sentence" role="status" data-live="store">{store_stands(&store)}</p>
                <div data-live="making">{making(&store)}</div>
                <div class="go">
                    <button class="main" data-do="make" data-when="none failed" hidden>{texts::MAKE}</button>
                    <p class="said" role="alert"></p>
                </div>
            </section>
            <section id="load" aria-labelledby="load-title">
                <h2 id="load-title">{texts::LOAD}</h2>
                <p class="prose">{texts::LOAD_HINT}</p>
                <fieldset class="dial">
                    <legend>{texts::DIAL}</legend>
                    {choices.into_iter().map(|every| choice(every, every == dial)).collect_view()}
                </fieldset>
                <div class="go">
                    <button class="main" data-do="load" data-when="ready" hidden>{texts::LOAD_DO}</button>
                    <button data-do="measure" data-when="ready" hidden>{texts::MEASURE_DO}</button>
                    <p class="said" role="alert"></p>
                </div>
                <p class="sentence" role="status" data-live="loaded">{last(loads.last())}</p>
                <div class="measured" data-live="chart">{chart(&whole, &measured(&whole, now))}</div>
            </section>
            <section id="snapshots" aria-labelledby="snapshots-title">
                <h2 id="snapshots-title">{texts::SNAPSHOTS}</h2>
                <p class="prose">{texts::SNAPSHOTS_HINT}</p>
                <div data-live="snapshots">{costs(&whole, snapshots, file)}</div>
            </section>
            <section id="wrong" aria-labelledby="wrong-title">
                <h2 id="wrong-title">{texts::WRONG}</h2>
                <p class="prose">{texts::WRONG_HINT}</p>
                <div class="go">
                    <button data-do="damage" data-when="snapshots" hidden>{texts::DAMAGE_DO}</button>
                    <button data-do="reload" data-when="snapshots" hidden>{texts::RELOAD_DO}</button>
                    <button data-do="check" data-when="snapshots" hidden>{texts::CHECK_DO}</button>
                    <button data-do="repair" data-when="snapshots" hidden>{texts::REPAIR_DO}</button>
                    <p class="said" role="alert"></p>
                </div>
                <div role="status" data-live="wrong">{found(snapshots, damage, checked, loads.last(), true)}</div>
            </section>
            <section id="projections" aria-labelledby="projections-title">
                <h2 id="projections-title">{texts::PROJECTIONS}</h2>
                <p class="prose">{texts::PROJECTIONS_HINT}</p>
                <div class="models">{models.into_iter().map(|stands| model(stands, true)).collect_view()}</div>
            </section>
            <p class="hint kept">{texts::KEPT_UNTIL}</p>
        </main>
    }
    .into_any()
}

/// What was measured where the run was made. The events and what was made of them stayed there.
fn kept(view: MillionPageView) -> impl IntoView {
    let wrong = (view.damage.is_some() || view.checked.is_some()).then(|| {
        let found = found(view.snapshots, view.damage, view.checked, view.loads.last(), false);
        view! {
            <section id="wrong" aria-labelledby="wrong-title">
                <h2 id="wrong-title">{texts::WRONG}</h2>
                {found}
            </section>
        }
    });
    let models = (!view.models.is_empty()).then(|| {
        let models = view.models.into_iter().map(|stands| model(stands, false)).collect_view();
        view! {
            <section id="projections" aria-labelledby="projections-title">
                <h2 id="projections-title">{texts::PROJECTIONS}</h2>
                <div class="models">{models}</div>
            </section>
        }
    });
    let version = view.loads.iter().map(|load| load.version).max();
    let whole: Vec<MillionLoad> = view.loads.iter().filter(|load| Some(load.version) == version).copied().collect();
    view! {
        <main id="content" class="million">
            <header>
                <h1>{texts::TITLE}</h1>
                <p class="lede">{texts::LEDE}</p>
                <p class="caution" role="status">{texts::KEPT_RUN}</p>
            </header>
            <section id="load" aria-labelledby="load-title">
                <h2 id="load-title">{texts::LOAD}</h2>
                <p class="sentence">{last(whole.last())}</p>
                <div class="measured">{chart(&whole, texts::MEASURED_THERE)}</div>
            </section>
            <section id="snapshots" aria-labelledby="snapshots-title">
                <h2 id="snapshots-title">{texts::SNAPSHOTS}</h2>
                {bought(&whole)}
            </section>
            {wrong}
            {models}
        </main>
    }
}

fn store_stands(store: &MillionStore) -> String {
    match (store.state, store.bytes) {
        ("ready", Some(bytes)) => texts::store_ready(store.events, bytes, store.took_ms),
        ("making", _) => texts::STORE_MAKING.to_owned(),
        ("failed", _) => store.detail.to_owned(),
        _ => texts::STORE_NONE.to_owned(),
    }
}

fn making(store: &MillionStore) -> Option<impl IntoView + use<>> {
    let (made, events) = (store.made, store.events);
    let told = texts::store_made(made, events, store.took_ms.unwrap_or_default());
    (store.state == "making").then(|| {
        view! {
            <progress aria-label=texts::STORE_PROGRESS max=events value=made></progress>
            <p class="count">{told}</p>
        }
    })
}

fn choice(every: u64, chosen: bool) -> impl IntoView {
    view! {
        <label>
            <input type="radio" name="every" value=every.to_string() checked=chosen/>
            <span>{texts::interval(every)}</span>
        </label>
    }
}

fn last(load: Option<&MillionLoad>) -> String {
    load.map_or_else(|| texts::NOT_LOADED.to_owned(), told)
}

fn told(load: &MillionLoad) -> String {
    let replayed = load.version - load.from.unwrap_or_default();
    texts::loaded(load.took_us, replayed, load.from, load.balance_minor)
}

/// 0 where it was to use no snapshot, as in [`texts::INTERVALS`].
fn interval_of(load: &MillionLoad) -> u64 {
    load.snapshots.map_or(0, |kept| kept.every)
}

/// So many intervals have a row: those of the dial, and of others the newest.
const ROWS: usize = 12;

/// The intervals of the dial and these, the widest first.
fn intervals(others: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let mut all = texts::INTERVALS.to_vec();
    for every in others {
        if all.len() < ROWS && !all.contains(&every) {
            all.push(every);
        }
    }
    // None is wider than any.
    all.sort_by_key(|every| std::cmp::Reverse(if *every == 0 { u64::MAX } else { *every }));
    all
}

fn measured_intervals(loads: &[MillionLoad]) -> Vec<u64> {
    intervals(loads.iter().rev().map(interval_of))
}

/// The loads of an interval.
fn of(loads: &[MillionLoad], every: u64) -> Vec<MillionLoad> {
    loads.iter().filter(|load| interval_of(load) == every).copied().collect()
}

fn median(loads: &[MillionLoad]) -> Option<u64> {
    let mut times: Vec<u64> = loads.iter().map(|load| load.took_us).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

/// From 10 µs to 10 s, each tenfold as wide: percent.
fn place(us: u64) -> f64 {
    let decades = (us.max(10) as f64).log10() - 1.0;
    (decades / 6.0 * 100.0).min(100.0)
}

/// So many dots of an interval are drawn.
const DOTS: usize = 40;

/// When the last of them was.
fn measured(loads: &[MillionLoad], now: i64) -> String {
    let before = loads.last().filter(|last| now - last.at > 60_000).map(|last| Moment::of_ms(last.at).words());
    texts::measured(before.as_deref())
}

/// The roles are those the elements have: on a phone they are laid out as no table is.
fn chart(loads: &[MillionLoad], measured: &str) -> AnyView {
    if loads.is_empty() {
        return ().into_any();
    }
    let rows = measured_intervals(loads).into_iter().map(|every| row(every, &of(loads, every))).collect_view();
    view! {
        <table role="table">
            <caption><b>{texts::CHART}</b>" "{measured.to_owned()}" "{texts::CHART_HINT}</caption>
            <thead role="rowgroup">
                <tr role="row">
                    <th scope="col" role="columnheader">{texts::EVERY}</th>
                    <th scope="col" role="columnheader" class="strip"><span class="visually-hidden">{texts::TIME}</span>{axis()}</th>
                    <th scope="col" role="columnheader" class="figure">{texts::MEDIAN}</th>
                    <th scope="col" role="columnheader" class="figure">{texts::REPLAYED}</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
    .into_any()
}

/// The first microseconds of each decade.
const DECADES: [u64; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];

fn axis() -> impl IntoView {
    let ticks = DECADES.map(|us| {
        let told = match us {
            0..1_000 => format!("{us} µs"),
            1_000..1_000_000 => format!("{} ms", us / 1_000),
            _ => format!("{} s", us / 1_000_000),
        };
        view! { <text x=format!("{:.2}%", place(us)) y="12">{told}</text> }
    });
    view! { <svg class="axis" width="100%" height="16" aria-hidden="true">{ticks.collect_view()}</svg> }
}

fn row(every: u64, loads: &[MillionLoad]) -> impl IntoView + use<> {
    let lines = DECADES.map(|us| {
        let x = format!("{:.2}%", place(us));
        view! { <line class="decade" x1=x.clone() x2=x y1="0" y2="28"></line> }
    });
    let dots = loads.iter().rev().take(DOTS).map(|load| {
        view! { <circle cx=format!("{:.2}%", place(load.took_us)) cy="14" r="5"></circle> }
    });
    let middle = median(loads);
    let mark = middle.map(|us| {
        let x = format!("{:.2}%", place(us));
        view! { <line class="median" x1=x.clone() x2=x y1="1" y2="27"></line> }
    });
    let told = middle.map_or_else(|| texts::NEVER.to_owned(), texts::time);
    let replayed = loads.last().map(|load| texts::number(load.version - load.from.unwrap_or_default()));
    view! {
        <tr role="row" data-every=every.to_string()>
            <th scope="row" role="rowheader">{texts::interval(every)}</th>
            <td role="cell" class="strip">
                <svg width="100%" height="28" aria-hidden="true">{lines.collect_view()}{dots.collect_view()}{mark}</svg>
            </td>
            <td role="cell" class="figure median">{told}</td>
            <td role="cell" class="figure replayed">{replayed}</td>
        </tr>
    }
}

/// What was bought for how many bytes.
fn costs(loads: &[MillionLoad], kept: Option<MillionKept>, file: Option<u64>) -> impl IntoView + use<> {
    let now = kept.map_or_else(
        || texts::SNAPSHOTS_NONE.to_owned(),
        |kept| texts::snapshots(kept.count, kept.every, kept.bytes, file),
    );
    view! { <p class="sentence">{now}</p>{bought(loads)} }
}

fn bought(loads: &[MillionLoad]) -> Option<impl IntoView + use<>> {
    let rows: Vec<AnyView> = measured_intervals(loads)
        .into_iter()
        .filter_map(|every| {
            let loads = of(loads, every);
            let (kept, middle) = (loads.last()?.snapshots?, median(&loads)?);
            let row = view! {
                <tr>
                    <th scope="row">{texts::interval(every)}</th>
                    <td class="figure">{texts::number(kept.count)}</td>
                    <td class="figure">{texts::size(kept.bytes)}</td>
                    <td class="figure">{texts::number(kept.every - 1)}</td>
                    <td class="figure">{texts::time(middle)}</td>
                </tr>
            };
            Some(row.into_any())
        })
        .collect();
    (!rows.is_empty()).then(|| {
        view! {
            <table class="costs">
                <caption class="visually-hidden">{texts::SNAPSHOTS}</caption>
                <thead>
                    <tr>
                        <th scope="col">{texts::EVERY}</th>
                        <th scope="col" class="figure">{texts::COUNT}</th>
                        <th scope="col" class="figure">{texts::BYTES}</th>
                        <th scope="col" class="figure">{texts::LONGEST}</th>
                        <th scope="col" class="figure">{texts::MEDIAN}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
    })
}

fn found(
    kept: Option<MillionKept>,
    damage: Option<MillionDamage>,
    checked: Option<MillionChecked>,
    load: Option<&MillionLoad>,
    alive: bool,
) -> AnyView {
    if kept.is_none() {
        return view! { <p class="hint">{texts::WRONG_FIRST}</p> }.into_any();
    }
    let damage = damage.map(|damage| {
        let misled = load.filter(|load| load.from == Some(damage.version) && load.at >= damage.at).map(told);
        let damaged = texts::damaged(damage.version, damage.member, damage.added_minor);
        view! { <p>{damaged}</p>{misled.map(|told| view! { <p>{told}</p> })} }
    });
    let checked = checked.map(|checked| {
        let sentence = texts::checked(checked.snapshots, checked.wrong.len(), checked.replayed, checked.took_us);
        let any = !checked.wrong.is_empty();
        let wrong = checked
            .wrong
            .into_iter()
            .take(5)
            .map(|(version, kept, replayed)| view! { <li>{texts::wrong(version, kept, replayed)}</li> });
        let class = if any { "verdict red" } else { "verdict" };
        view! {
            <div class=class>
                <p class="sentence">{sentence}</p>
                {any.then(|| view! { <ul>{wrong.collect_view()}</ul> })}
                {(any && alive).then(|| view! { <p>{texts::WRONG_LAST}</p> })}
            </div>
        }
    });
    view! { {damage}{checked} }.into_any()
}

/// With buttons where it can still be built.
fn model(model: MillionModel, alive: bool) -> impl IntoView {
    let [title, asks] = texts::model(model.name);
    let standing = texts::model_state(model.state, model.rebuild);
    let (name, state) = (model.name, model.state);
    let labelled = format!("model-{name}");
    let title_id = labelled.clone();
    let button = |(when, what): (&'static str, &'static str)| {
        view! {
            <button data-do="build" data-when=when aria-label=texts::of_model(what, title) hidden>{what}</button>
        }
    };
    let does = [("none", texts::BUILD_DO), ("live", texts::REBUILD_DO), ("stopped", texts::CONTINUE_DO)];
    let buttons = alive.then(|| {
        view! { <div class="go">{does.map(button).collect_view()}<p class="said" role="alert"></p></div> }
    });
    view! {
        <article aria-labelledby=labelled data-model=name>
            <h3 id=title_id>{title}</h3>
            <p class="hint">{asks}</p>
            {buttons}
            <p role="status" data-live=format!("state-{name}")>{standing}</p>
            <div data-live=format!("model-{name}") data-state=state>{model_stands(model)}</div>
        </article>
    }
}

fn model_stands(model: MillionModel) -> impl IntoView {
    let began = model.state != "none";
    let taken = texts::taken_in(model.position, model.end, model.per_second, model.took_ms);
    let reads = |name: &'static str, reads: Option<MillionReads>| {
        reads.map(|reads| {
            view! { <div><dt>{name}</dt><dd>{texts::reads(reads.count, reads.p50_us, reads.p99_us)}</dd></div> }
        })
    };
    let compared = model.reads.zip(model.quiet).map(|(reads, quiet)| {
        view! { <p class="ratio">{texts::times_quiet(reads.p99_us, quiet.p99_us)}</p> }
    });
    let progress = began.then(|| {
        let label = format!("{}: {}", texts::model(model.name)[0], texts::POSITION);
        view! {
            <progress aria-label=label max=model.end value=model.position></progress>
            <p class="count">{taken}</p>
            <dl>{reads(texts::READERS, model.reads)}{reads(texts::QUIET, model.quiet)}</dl>
            {compared}
        }
    });
    let heads = texts::columns(model.name).iter().enumerate().map(|(nth, head)| {
        let class = (nth > 0).then_some("figure");
        view! { <th scope="col" class=class>{*head}</th> }
    });
    let rows = (!model.rows.is_empty()).then(|| {
        view! {
            <table class="rows">
                <caption class="visually-hidden">{texts::CAPTION_ROWS}</caption>
                <thead><tr>{heads.collect_view()}</tr></thead>
                <tbody>{model.rows.into_iter().map(seen).collect_view()}</tbody>
            </table>
        }
    });
    view! { {progress}{rows} }
}

fn seen(row: MillionRow) -> impl IntoView {
    let (head, cells) = match row {
        MillionRow::Savings { member, saved_minor, entries } => {
            (member.to_string(), vec![texts::money(saved_minor), texts::number(entries)])
        }
        MillionRow::Month { month, paid_in_minor, paid_out_minor } => {
            (month, vec![texts::money(paid_in_minor), texts::money(paid_out_minor)])
        }
        MillionRow::Withdrawal { amount_minor, member, sequence, day } => {
            (texts::money(amount_minor), vec![member.to_string(), texts::number(sequence), day])
        }
    };
    let cells = cells.into_iter().map(|cell| view! { <td class="figure">{cell}</td> }).collect_view();
    view! { <tr><th scope="row">{head}</th>{cells}</tr> }
}
