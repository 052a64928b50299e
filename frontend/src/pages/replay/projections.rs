use super::marks::{mark, sends, switch};
use super::models::{BalanceRow, Build};
use super::{Entry, Ground};
use crate::texts::replay as texts;
use leptos::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

/// The read models: built, caught up, compared with each other and with the streams themselves.
pub fn projections(ground: &Ground) -> impl IntoView + use<> {
    let (id, _, title) = texts::PROJECTIONS;
    let models = texts::MODELS.iter().map(|(name, reads)| model(ground, name, reads)).collect_view();
    let source = ground.view.bug.as_ref().map(|file| {
        view! { <p class="source"><a href=format!("/api/sources/{file}")>{texts::BUG_SOURCE}</a></p> }
    });
    let pace = (!ground.view.kept).then(pace);
    let cut = ground.view.cut.then(|| view! { <p class="hint">{texts::NO_COMPARISON}</p> });
    view! {
        <section id=id aria-labelledby="projections-title">
            <h2 id="projections-title">{title}</h2>
            <p class="hint">{texts::PROJECTIONS_LEDE}</p>
            <ul class="models">{models}</ul>
            <div class="fix" data-says="">
                {switch(&ground.view.switches, "distinct-by-event-id", ground.view.kept)}
                {source}
                {pace}
                <p class="said" aria-live="polite" data-own=""></p>
            </div>
            {cut}
            {comparison(ground)}
            {tables(ground)}
        </section>
    }
}

/// How fast builds go that are begun here.
fn pace() -> impl IntoView {
    view! {
        <label class="scripted" hidden>
            {texts::PACE}
            <select name="events_per_second" data-own="">
                <option value=texts::PACE_WATCHED.to_string() selected>{texts::pace_watched()}</option>
                <option value="">{texts::PACE_FREE}</option>
            </select>
        </label>
    }
}

/// A read model: how its builds stand, and what can be done with them.
fn model(ground: &Ground, name: &'static str, reads: &'static str) -> impl IntoView + use<> {
    let builds: Vec<&Build> = ground.view.builds.iter().filter(|build| build.projection == name).collect();
    let ready = builds.iter().any(|build| build.state == "ready");
    let none = builds.is_empty().then(|| view! { <p class="hint">{texts::NOT_BUILT}</p> });
    let shown = builds.into_iter().map(build).collect_view();
    let body = || json!({ "projection": name }).to_string();
    let acts = (!ground.view.kept).then(|| {
        let switch = ready.then(|| sends("SwitchProjection", body(), texts::switch_to(name), true));
        view! {
            <div class="acts scripted" hidden>
                {switch}
                {sends("BuildProjection", body(), texts::build(name), false)}
            </div>
            <p class="said" aria-live="polite" data-own=""></p>
        }
    });
    view! {
        <li data-says="">
            <h3>{name}</h3>
            <p>{reads}</p>
            {none}
            {shown}
            {acts}
        </li>
    }
}

fn build(build: &Build) -> impl IntoView + use<> {
    let Build { position, end, .. } = *build;
    let took = build.took_in.zip(build.took_us).filter(|(_, took_us)| *took_us > 0);
    let pace = took.map(|(took_in, took_us)| {
        let pace = texts::pace(took_in, took_us, build.events_per_second);
        view! { <span class="pace">{pace}</span> }
    });
    let logic = (!build.logic.is_empty()).then(|| view! { <span>{build.logic.clone()}</span> });
    let stuck = (!build.detail.is_empty()).then(|| view! { <p class="why">{build.detail.clone()}</p> });
    let progress = (position < end || build.state == "building").then(|| {
        view! { <progress aria-label=texts::progress(build.build) max=end.max(1).to_string() value=position.to_string()></progress> }
    });
    view! {
        <div class="build" data-state=build.state.clone()>
            <p>{mark(&build.state, &texts::build_state(build.build, &build.state))}" "{logic}</p>
            {progress}
            <p class="far"><span>{texts::far(position, end)}</span>" "{pace}</p>
            {stuck}
        </div>
    }
}

/// `balances` row by row: the live build, the new one, and what the streams themselves say. What
/// differs comes first.
fn comparison(ground: &Ground) -> impl IntoView + use<> {
    let of = |state: &[&str]| {
        let builds = ground.view.builds.iter().filter(|build| build.projection == "balances");
        builds.filter(|build| state.contains(&&*build.state)).max_by_key(|build| build.build)
    };
    // Without all events nobody can say what is true.
    let live = of(&["live"]).filter(|_| !ground.view.cut)?;
    let new = of(&["ready", "stuck", "building"]);
    let rows = |build: Option<&Build>| -> BTreeMap<i64, BalanceRow> {
        let rows = ground.view.balances.iter().filter(|row| build.is_some_and(|build| build.build == row.build));
        rows.map(|row| (row.account_id, row.clone())).collect()
    };
    let (old, fresh, truth) = (rows(Some(live)), rows(new), truth(&ground.view.entries));
    let mut lines: Vec<Line> = truth
        .iter()
        .map(|(account, truth)| Line {
            account: *account,
            old: old.get(account).map(|row| row.balance_minor),
            new: fresh.get(account).map(|row| row.balance_minor),
            truth: *truth,
        })
        .collect();
    let has_new = new.is_some();
    lines.sort_by_key(|line| (!line.differs(has_new), line.account));
    let differing = lines.iter().filter(|line| line.differs(has_new)).count();
    let head =
        new.map(|build| view! { <th scope="col">{texts::build_head(build.build, &build.logic, &build.state)}</th> });
    let verdict = texts::verdict(differing, has_new);
    let caption = if has_new { texts::DIFF } else { texts::CHECK };
    let shown = lines.into_iter().map(|line| row(line, has_new)).collect_view();
    Some(view! {
        <h3 class="diff-title" id="diff">{caption}</h3>
        <p class="verdict" role="status">{verdict}</p>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="diff">
            <table class="diff">
                <thead><tr>
                    <th scope="col">{texts::ACCOUNTS}</th>
                    <th scope="col">{texts::build_head(live.build, &live.logic, &live.state)}</th>
                    {head}
                    <th scope="col">{texts::STREAM_ITSELF}</th>
                    <th scope="col">{texts::VERDICT}</th>
                </tr></thead>
                <tbody>{shown}</tbody>
            </table>
        </div>
    })
}

struct Line {
    account: i64,
    old: Option<i64>,
    new: Option<i64>,
    truth: i64,
}

impl Line {
    /// The builds from each other; where there is but one, from the stream.
    fn differs(&self, has_new: bool) -> bool {
        if has_new { self.old != self.new } else { self.old != Some(self.truth) }
    }
}

fn row(line: Line, has_new: bool) -> impl IntoView {
    let differs = line.differs(has_new);
    let said = |cents: Option<i64>| cents.map_or(texts::NO_BALANCE.to_owned(), texts::money);
    let cell = |cents: Option<i64>| {
        let wrong = (cents != Some(line.truth)).then_some("wrong");
        view! { <td class=wrong>{said(cents)}</td> }
    };
    let new = has_new.then(|| cell(line.new));
    let by = line.old.unwrap_or(0) - if has_new { line.new.unwrap_or(0) } else { line.truth };
    let mark = if differs { mark("differs", &texts::differs(-by)) } else { mark("same", texts::SAME) };
    let class = differs.then_some("differs");
    view! {
        <tr class=class>
            <th scope="row">{line.account}</th>
            {cell(line.old)}
            {new}
            <td>{texts::money(line.truth)}</td>
            <td>{mark}</td>
        </tr>
    }
}

/// Each account's balance by the fold of its own stream.
fn truth(entries: &[Entry]) -> BTreeMap<i64, i64> {
    let mut balances = BTreeMap::new();
    for entry in entries {
        *balances.entry(entry.account_id).or_default() += entry.amount_minor;
    }
    balances
}

/// What `monthly` has of the account, and `activity` of the last days.
fn tables(ground: &Ground) -> impl IntoView + use<> {
    let live = |name: &str| {
        let builds = ground.view.builds.iter().filter(|build| build.projection == name);
        builds.filter(|build| build.state == "live").map(|build| build.build).max()
    };
    let months = live("monthly").map(|build| {
        let rows = ground.view.monthly.iter().filter(|row| row.build == build && row.account_id == ground.account);
        let rows =
            rows.map(|row| [row.month.clone(), texts::money(row.paid_in_minor), texts::money(row.paid_out_minor)]);
        table(texts::monthly_of(ground.account), texts::MONTHLY_HEADS, rows.collect())
    });
    let days = live("activity").map(|build| {
        let mut rows: Vec<_> = ground.view.activity.iter().filter(|row| row.build == build).collect();
        rows.sort_by(|a, b| b.day.cmp(&a.day));
        let rows = rows.into_iter().take(10);
        let rows = rows.map(|row| [row.day.clone(), row.entries.to_string(), texts::money(row.turnover_minor)]);
        table(texts::ACTIVITY_OF.into(), texts::ACTIVITY_HEADS, rows.collect())
    });
    view! { <div class="read-models">{months}{days}</div> }
}

fn table(caption: String, heads: [&'static str; 3], rows: Vec<[String; 3]>) -> impl IntoView {
    let heads = heads.map(|head| view! { <th scope="col">{head}</th> }).collect_view();
    let rows = rows.into_iter().map(|[first, second, third]| {
        view! { <tr><th scope="row">{first}</th><td>{second}</td><td>{third}</td></tr> }
    });
    view! { <table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{rows.collect_view()}</tbody></table> }
}
