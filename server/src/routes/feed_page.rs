//! The page of the feed.

use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::look_or_newest;
use crate::error::Problem;
use crate::feed::{LAG, Measured, TIMELINE};
use crate::look::Look;
use crate::sandbox::{LoadStanding, Sandbox, SandboxError};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use frontend::render::{FeedBuild, FeedCount, FeedPageView, FeedPost, FeedSearch, FeedView};
use http::HeaderMap;
use protocol::{SPLIT_MODEL, Topology, Value};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The session's newest feed, or this run.
#[derive(Deserialize)]
pub struct Wanted {
    run: Option<String>,
    /// What to look for in the catalogue.
    q: Option<String>,
}

const TOPOLOGY: &str = "cqrs-feed";
/// The write model, whose crate all of them are in.
const FEED: &str = "feed";
const CATALOGUE: &str = "catalogue";
const DASHBOARD: &str = "dashboard";
/// Posts that a reader is shown.
const SHOWN: usize = 5;
/// So many of the newest posts are compared with the builds.
const COMPARED: usize = 200;

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    RawQuery(params): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let looked = look_or_newest(&app, actor, wanted.run.as_deref(), Some(TOPOLOGY)).await?;
    let is_feed = |topology: &Topology| &*topology.name == TOPOLOGY;
    let looked = looked.filter(|look| look.state().topology.as_ref().is_some_and(is_feed));
    let missing = wanted.run.is_some() && looked.is_none();
    let feed = match looked {
        Some(look) => {
            let search = searched(&look, wanted.q, params.as_deref().unwrap_or_default()).await;
            Some(FeedView { search, ..found(&app, &look).await? })
        }
        None => None,
    };
    Ok(app.pages.feed(FeedPageView { missing, feed }, &headers))
}

async fn found(app: &App, look: &Look) -> Result<FeedView, SandboxError> {
    let state = look.state();
    let topology = state.topology.as_ref();
    let reads =
        topology.and_then(|topology| topology.service(TIMELINE)).map(|spec| (spec.workers, spec.reads.as_ref()));
    let measured = Measured::of(look, state.position).await?;
    let timeline = look.rows::<Row>(TIMELINE, "timeline").await?;
    let written = written(look).await?;
    let builds = look.rows::<Row>(TIMELINE, "builds").await?;
    let live = builds.iter().find(|build| build["state"] == "live").map(|build| number(build, "build"));
    let lag = state.faults.iter().find(|fault| &*fault.id == LAG);
    let (load, queued) = match look {
        Look::Sandbox(sandbox) => match sandbox.load() {
            LoadStanding::Running(view) => (view.reads(), false),
            LoadStanding::Queued(view) => (view.reads(), true),
            LoadStanding::Off => (None, false),
        },
        Look::Run(_) => (None, false),
    };
    let tables = look.tables(TIMELINE, None).await?;
    let rows = tables.iter().find(|table| table.name == "timeline").map_or(0, |table| table.rows);
    let whole = rows <= timeline.len() as u64;
    let mut of_builds: Vec<_> = builds.iter().map(|build| built(build, &timeline, &written, whole)).collect();
    if let [only] = &mut *of_builds {
        (only.rows, only.or_more) = (rows, false);
    }
    let mut costs = counted(look).await?;
    costs.push(lines(app));
    costs.push(measured.worst_lag_us.map(frontend::texts::feed::staleness));
    Ok(FeedView {
        id: look.id(),
        kept: matches!(look, Look::Run(_)),
        position: state.position,
        split: state.switches.iter().all(|switch| &*switch.name != SPLIT_MODEL || switch.on),
        replicas: state.node(TIMELINE).map_or(1, |node| node.replicas),
        lag_ms: lag.map_or(0, |fault| fault.spec.params.slowness_ms()),
        workers: reads.map_or(0, |(workers, _)| workers),
        latency_ms: reads.and_then(|(_, reads)| reads).map_or(0, |reads| reads.latency_ms),
        load,
        queued,
        posts: shown(&timeline, live),
        newest: written.last_key_value().map_or(0, |(post, _)| *post),
        positions: positions(look, &builds).await?,
        counts: counts(look).await?,
        search: None,
        settings: measured.settings(),
        seconds: measured.seconds.into(),
        builds: of_builds,
        costs,
    })
}

type Row = BTreeMap<String, Value>;

fn number(row: &Row, column: &str) -> i64 {
    row.get(column).and_then(Value::as_i64).unwrap_or_default()
}

fn text(row: &Row, column: &str) -> String {
    row.get(column).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The newest posts of the live build, as a reader gets them.
fn shown(timeline: &[Row], live: Option<i64>) -> Vec<FeedPost> {
    let mut posts: Vec<FeedPost> = timeline
        .iter()
        .filter(|row| Some(number(row, "build")) == live)
        .map(|row| FeedPost { post_id: number(row, "post_id"), author: text(row, "author"), text: text(row, "text") })
        .collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post.post_id));
    posts.truncate(SHOWN);
    posts
}

/// What the catalogue answers, as it does to any reader. A kept run answers nobody.
async fn searched(look: &Look, words: Option<String>, params: &str) -> Option<FeedSearch> {
    let (Look::Sandbox(sandbox), Some(words)) = (look, words) else { return None };
    // As they stand in the address, which is the way they are passed on.
    let wanted = params.split('&').find(|param| param.starts_with("q=")).unwrap_or_default();
    Some(match search(sandbox, wanted).await {
        Ok(Found { service, position, posts }) => {
            let told = frontend::texts::feed::found(!posts.is_empty(), &service, position);
            let shown = |Post { post_id, author, text }| FeedPost { post_id, author, text };
            FeedSearch { words, found: posts.into_iter().map(shown).collect(), told }
        }
        Err(problem) => FeedSearch { words, found: vec![], told: problem.detail.into_owned() },
    })
}

async fn search(sandbox: &Sandbox, wanted: &str) -> Result<Found, Problem> {
    let answer = sandbox.query(CATALOGUE, "search", &format!("limit={SHOWN}&{wanted}")).await?;
    serde_json::from_slice(&answer).map_err(Problem::internal)
}

/// An answer to `search`.
#[derive(Deserialize)]
struct Found {
    service: String,
    position: i64,
    posts: Vec<Post>,
}

#[derive(Deserialize)]
struct Post {
    post_id: i64,
    author: String,
    text: String,
}

/// Up to which post each read model has come.
async fn positions(look: &Look, builds: &[Row]) -> Result<Vec<(&'static str, i64)>, SandboxError> {
    let live = builds.iter().find(|build| build["state"] == "live");
    let mut positions = vec![(TIMELINE, live.map_or(0, |build| number(build, "position")))];
    for name in [CATALOGUE, DASHBOARD] {
        let progress = look.rows::<Row>(name, "progress").await?;
        positions.push((name, progress.first().map_or(0, |row| number(row, "position"))));
    }
    Ok(positions)
}

/// What the dashboard has counted, the largest number first.
async fn counts(look: &Look) -> Result<Vec<FeedCount>, SandboxError> {
    let rows = look.rows::<Row>(DASHBOARD, "counts").await?;
    let count = |row: &Row| FeedCount { kind: text(row, "kind"), name: text(row, "name"), posts: number(row, "posts") };
    let mut counts: Vec<FeedCount> = rows.iter().map(count).collect();
    counts.sort_by(|a, b| b.posts.cmp(&a.posts).then_with(|| a.name.cmp(&b.name)));
    Ok(counts)
}

/// The newest posts of the write model: number to author and text.
async fn written(look: &Look) -> Result<BTreeMap<i64, (String, String)>, SandboxError> {
    let authors = look.rows::<Row>(FEED, "authors").await?;
    let names: BTreeMap<i64, String> =
        authors.iter().map(|row| (number(row, "author_id"), text(row, "name"))).collect();
    let posts = look.rows::<Row>(FEED, "posts").await?;
    let mut posts: BTreeMap<i64, (String, String)> = posts
        .iter()
        .map(|row| {
            let author = names.get(&number(row, "author_id")).cloned().unwrap_or_default();
            (number(row, "post_id"), (author, text(row, "text")))
        })
        .collect();
    while posts.len() > COMPARED {
        posts.pop_first();
    }
    Ok(posts)
}

/// A build, compared with what was written up to its position. The timeline is `whole` if all its rows
/// are at hand.
fn built(build: &Row, timeline: &[Row], written: &BTreeMap<i64, (String, String)>, whole: bool) -> FeedBuild {
    let (id, position) = (number(build, "build"), number(build, "position"));
    let of: BTreeMap<i64, (String, String)> = timeline
        .iter()
        .filter(|row| number(row, "build") == id)
        .map(|row| (number(row, "post_id"), (text(row, "author"), text(row, "text"))))
        .collect();
    // Older rows may not be among those at hand.
    let oldest = timeline.iter().map(|row| number(row, "post_id")).min().unwrap_or_default();
    let expected = written.iter().filter(|(post, _)| **post <= position && (whole || **post > oldest));
    let differs = expected.filter(|(post, as_written)| of.get(post) != Some(as_written)).count() as u64;
    FeedBuild { build: id, state: text(build, "state"), position, rows: of.len() as u64, or_more: !whole, differs }
}

/// Services, replicas, databases, tables, rows, messages handled, and those that wait: of the write
/// model alone, and of all.
async fn counted(look: &Look) -> Result<Vec<[String; 2]>, SandboxError> {
    let state = look.state();
    let mut counts = [[0_u64; 2]; 7];
    for node in &state.nodes {
        let tables = look.tables(&node.name, None).await?;
        let own = tables.iter().filter(|table| !kit::changes::BOOKKEEPING.contains(&table.name.as_str()));
        let (mut names, mut rows) = (0, 0);
        for table in own {
            names += 1;
            rows += table.rows;
        }
        let of_both = &*node.name == FEED;
        for (count, more) in counts.iter_mut().zip([1, u64::from(node.replicas), 1, names, rows]) {
            count[0] += if of_both { more } else { 0 };
            count[1] += more;
        }
    }
    for lane in state.pipes.iter().flat_map(|pipe| &pipe.lanes) {
        counts[5][1] += lane.acked;
        counts[6][1] += lane.waiting.count + lane.in_flight.count;
    }
    Ok(counts.map(|count| count.map(|count| count.to_string())).into())
}

/// Lines of the crate's sources, tests left out: of what the write model needs, and of all.
fn lines(app: &App) -> [String; 2] {
    let mut lines = [0; 2];
    for path in app.sources.paths("playground-services/feed/") {
        let text = app.sources.text(path).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let count = code.lines().filter(|line| !line.trim().is_empty()).count();
        let of_write_model = path.contains("write_model") || path.ends_with("/reading.rs");
        lines[0] += if of_write_model { count } else { 0 };
        lines[1] += count;
    }
    lines.map(|count| count.to_string())
}
