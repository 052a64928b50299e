//! The page of the feed.

use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::look_or_newest;
use crate::error::Problem;
use crate::feed::{LAG, Measured, TIMELINE};
use crate::look::Look;
use crate::sandbox::{LoadStanding, SandboxError};
use axum::extract::State;
use axum::response::Response;
use frontend::render::{FeedBuild, FeedPageView, FeedPost, FeedView};
use http::HeaderMap;
use protocol::{SPLIT_MODEL, Topology, Value};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The session's newest feed, or this run.
#[derive(Deserialize)]
pub struct Wanted {
    run: Option<String>,
}

const TOPOLOGY: &str = "cqrs-feed";
/// The write model, whose crate all of them are in.
const FEED: &str = "feed";
/// Posts that a reader is shown.
const SHOWN: usize = 5;
/// So many of the newest posts are compared with the builds.
const COMPARED: usize = 200;

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let looked = look_or_newest(&app, actor, wanted.run.as_deref(), Some(TOPOLOGY)).await?;
    let is_feed = |topology: &Topology| &*topology.name == TOPOLOGY;
    let looked = looked.filter(|look| look.state().topology.as_ref().is_some_and(is_feed));
    let missing = wanted.run.is_some() && looked.is_none();
    let feed = match looked {
        Some(look) => Some(found(&app, &look).await?),
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
    let mut costs = counted(look).await?;
    costs.push(lines(app));
    costs.push(["0 ms".into(), frontend::texts::feed::ms(measured.worst_lag_us)]);
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
        settings: measured.settings(),
        seconds: measured.seconds.into(),
        builds: builds.iter().map(|build| built(build, &timeline, &written)).collect(),
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

/// A build, compared with what was written up to its position.
fn built(build: &Row, timeline: &[Row], written: &BTreeMap<i64, (String, String)>) -> FeedBuild {
    let (id, position) = (number(build, "build"), number(build, "position"));
    let of: BTreeMap<i64, (String, String)> = timeline
        .iter()
        .filter(|row| number(row, "build") == id)
        .map(|row| (number(row, "post_id"), (text(row, "author"), text(row, "text"))))
        .collect();
    // Older rows may not be among those at hand.
    let oldest = timeline.iter().map(|row| number(row, "post_id")).min().unwrap_or_default();
    let whole = timeline.len() < kit::tables::ROWS_MAX as usize;
    let expected = written.iter().filter(|(post, _)| **post <= position && (whole || **post > oldest));
    let differs = expected.filter(|(post, as_written)| of.get(post) != Some(as_written)).count() as u64;
    FeedBuild { build: id, state: text(build, "state"), position, rows: of.len() as u64, differs }
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
