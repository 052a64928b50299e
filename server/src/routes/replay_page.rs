//! The page that replays an account.

use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::look_or_newest;
use crate::error::Problem;
use crate::look::Look;
use crate::store::{Origin, RunRow, now_ms};
use axum::extract::State;
use axum::response::Response;
use frontend::render::{Entry, Reading, ReplayAsked, ReplayView, seconds};
use http::HeaderMap;
use kit::tables::ROWS_MAX;
use protocol::{Observation, Position, Recorded};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The session's newest system with accounts, or this one; of which account what is to be shown.
/// Forms send what was left empty as well, so all of it is text.
#[derive(Deserialize)]
pub struct Wanted {
    run: Option<String>,
    account: Option<String>,
    at_sequence: Option<String>,
    at: Option<String>,
    position: Option<String>,
    believed: Option<String>,
    about: Option<String>,
}

const TOPOLOGY: &str = "event-sourced-account";
const SERVICE: &str = "accounts";

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let run = wanted.run.clone().filter(|run| !run.is_empty());
    let looked = look_or_newest(&app, actor, run.as_deref(), Some(TOPOLOGY)).await?;
    // A system of another topology has no accounts to show.
    let found_one = looked.is_some();
    let looked = looked.filter(|look| look.state().node(SERVICE).is_some());
    let asked = asked(wanted);
    let view = match looked {
        Some(look) => found(&app, &look, asked).await?,
        None => ReplayView { missing: run.is_some() && !found_one, other: found_one, ..ReplayView::default() },
    };
    Ok(app.pages.replay(view, &headers))
}

fn asked(wanted: Wanted) -> ReplayAsked {
    let number = |text: Option<String>| text.and_then(|text| text.trim().parse().ok());
    ReplayAsked {
        run: wanted.run.filter(|run| !run.is_empty()),
        account: number(wanted.account),
        at_sequence: number(wanted.at_sequence),
        at: wanted.at,
        position: number(wanted.position),
        believed: wanted.believed,
        about: wanted.about,
    }
}

async fn found(app: &App, look: &Look, asked: ReplayAsked) -> Result<ReplayView, Problem> {
    let state = look.state();
    let end = state.position;
    let accounts = asked.accounts();
    let (entries, cut) = by_account(look, "statement", &accounts, |entry: &Entry| entry.account_id).await?;
    let (readings, _) = by_account(look, "readings", &accounts, |reading: &Reading| reading.account_id).await?;
    let now = match look {
        Look::Sandbox(_) => now_ms() / 1000,
        Look::Run(run) => {
            let created = look.fold(end.min(EVENTS), &["MessagePublished"], None, created).await?;
            created.map_or_else(|| ended(&run.row, &entries), |created| ended_at(created, state.at))
        }
    };
    Ok(ReplayView {
        run: Some(look.id()),
        missing: false,
        other: false,
        kept: matches!(look, Look::Run(_)),
        end,
        now,
        asked,
        cut,
        entries,
        builds: look.rows(SERVICE, "projections").await?,
        balances: look.rows(SERVICE, "balances").await?,
        monthly: look.rows(SERVICE, "monthly").await?,
        activity: look.rows(SERVICE, "activity").await?,
        readings,
        switches: state.switches.iter().map(|switch| (switch.name.to_string(), switch.on)).collect(),
        bug: app.sources.text(PROJECTIONS).map(|_| PROJECTIONS.into()),
    })
}

/// The newest rows of a table, and whether there are more. Of these accounts they are the newest
/// however much the others have.
async fn by_account<T: DeserializeOwned>(
    look: &Look,
    table: &str,
    accounts: &[i64],
    account_of: impl Fn(&T) -> i64,
) -> Result<(Vec<T>, bool), Problem> {
    let mut rows: Vec<T> = look.rows(SERVICE, table).await?;
    let cut = rows.len() >= ROWS_MAX as usize;
    if cut {
        rows.retain(|row| !accounts.contains(&account_of(row)));
        for account in accounts {
            rows.extend(look.rows_under(SERVICE, table, Some(&account.to_string())).await?);
        }
    }
    Ok((rows, cut))
}

/// When a run ended in whose record nothing says so: when it was kept, or, of one from elsewhere,
/// when the day of its last event was over.
fn ended(run: &RunRow, entries: &[Entry]) -> i64 {
    const DAY: i64 = 86_400;
    let last = entries.iter().map(Entry::recorded).max().unwrap_or_default();
    if run.origin == Origin::Kept { run.created / 1000 } else { (last.div_euclid(DAY) + 1) * DAY }
}

/// Where it is decided what a read model takes for a repeat.
const PROJECTIONS: &str = "playground-services/accounts/src/projections.rs";

/// So much of a record is looked at for its first message.
const EVENTS: Position = 20_000;

/// When the sandbox was created, in seconds since 1970, as the first message lets it be known.
fn created(created: &mut Option<i64>, event: &Recorded) {
    if let (None, Observation::MessagePublished { envelope, .. }) = (&created, &event.observation) {
        *created = seconds(&envelope.time).map(|time| time - (event.at / 1_000_000).cast_signed());
    }
}

/// `last`: of the last event, in microseconds since it was created. To the next second: that event
/// lies before it.
fn ended_at(created: i64, last: u64) -> i64 {
    created + (last / 1_000_000).cast_signed() + 1
}
