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
use frontend::render::{Entry, Pace, ReplayAsked, ReplayView, seconds};
use http::HeaderMap;
use protocol::{Observation, Position, Recorded, RowChange, Value};
use serde::Deserialize;

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
    let entries: Vec<Entry> = look.rows(SERVICE, "statement").await?;
    let told = look.fold(end.min(EVENTS), &Told::KINDS, Told::default(), Told::see).await?;
    let now = match look {
        Look::Sandbox(_) => now_ms() / 1000,
        Look::Run(run) => told.ended(state.at).unwrap_or_else(|| ended(&run.row, &entries)),
    };
    Ok(ReplayView {
        run: Some(look.id()),
        missing: false,
        other: false,
        kept: matches!(look, Look::Run(_)),
        end,
        now,
        asked,
        cut: entries.len() >= kit::tables::ROWS_MAX as usize,
        entries,
        builds: look.rows(SERVICE, "projections").await?,
        paces: told.paces(),
        balances: look.rows(SERVICE, "balances").await?,
        monthly: look.rows(SERVICE, "monthly").await?,
        activity: look.rows(SERVICE, "activity").await?,
        readings: look.rows(SERVICE, "readings").await?,
        switches: state.switches.iter().map(|switch| (switch.name.to_string(), switch.on)).collect(),
        bug: app.sources.text(PROJECTIONS).map(|_| PROJECTIONS.into()),
    })
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

/// So much of a record is looked at for its times.
const EVENTS: Position = 20_000;

/// What a record has to say of times.
#[derive(Default)]
struct Told {
    /// When the sandbox was created, in seconds since 1970, as the first message lets it be known.
    created: Option<i64>,
    /// How far each build had come, and when.
    steps: Vec<Step>,
}

impl Told {
    const KINDS: [&str; 2] = ["MessagePublished", "TransactionCommitted"];

    fn see(&mut self, event: &Recorded) {
        match &event.observation {
            Observation::MessagePublished { envelope, .. } if self.created.is_none() => {
                self.created = seconds(&envelope.time).map(|time| time - (event.at / 1_000_000).cast_signed());
            }
            Observation::TransactionCommitted { rows, .. } => {
                self.steps.extend(rows.iter().filter_map(|row| Step::of(row, event.at)));
            }
            _ => {}
        }
    }

    /// `last`: of its last event, in microseconds since it was created.
    fn ended(&self, last: u64) -> Option<i64> {
        // To the next second: its last event lies before it.
        self.created.map(|created| created + (last / 1_000_000).cast_signed() + 1)
    }

    /// How fast each build caught up.
    fn paces(self) -> Vec<Pace> {
        let mut paces: Vec<(Pace, u64)> = vec![];
        for Step { projection, build, position, at } in self.steps {
            let same = |pace: &Pace| pace.projection == projection && pace.build == build;
            match paces.iter_mut().find(|(pace, _)| same(pace)) {
                None => paces.push((Pace { projection, build, events: position, took_us: 0 }, at)),
                Some((pace, since)) => (pace.events, pace.took_us) = (position, at - *since),
            }
        }
        paces.into_iter().map(|(pace, _)| pace).filter(|pace| pace.took_us > 0).collect()
    }
}

/// A build on its way.
struct Step {
    projection: String,
    build: i64,
    position: i64,
    /// Microseconds since the sandbox was created.
    at: u64,
}

impl Step {
    /// None once it had caught up: then it follows, as fast as events come.
    fn of(row: &RowChange, at: u64) -> Option<Self> {
        let building = |row: &&Value| row["state"] == "building";
        let after = row.after.as_ref().filter(|_| &*row.table == "projections")?;
        row.before.as_ref().or(row.after.as_ref()).filter(building)?;
        let (build, position) = (after["build"].as_i64()?, after["position"].as_i64()?);
        Some(Step { projection: after["projection"].as_str()?.to_owned(), build, position, at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(build: i64, before: Option<(i64, &str)>, after: (i64, &str)) -> RowChange {
        let row = |(position, state): (i64, &str)| json!({ "projection": "balances", "build": build, "position": position, "state": state });
        RowChange {
            table: "projections".into(),
            key: build.to_string(),
            before: before.map(row),
            after: Some(row(after)),
        }
    }

    fn committed(at: u64, rows: Vec<RowChange>) -> Recorded {
        let observation = Observation::TransactionCommitted { transaction_id: at, rows, batch_size: 1 };
        Recorded::bare(1, at, SERVICE, observation)
    }

    #[test]
    fn a_build_is_timed_until_it_has_caught_up_and_no_longer() {
        let mut told = Told::default();
        told.see(&committed(1_000, vec![row(2, None, (0, "building"))]));
        told.see(&committed(3_000, vec![row(2, Some((0, "building")), (50, "building"))]));
        told.see(&committed(6_000, vec![row(2, Some((50, "building")), (80, "ready"))]));
        told.see(&committed(900_000, vec![row(2, Some((80, "ready")), (81, "ready"))]));
        told.see(&committed(950_000, vec![row(1, Some((80, "live")), (81, "live"))]));
        let pace = Pace { projection: "balances".into(), build: 2, events: 80, took_us: 5_000 };
        assert_eq!((told.ended(950_000), told.paces()), (None, vec![pace]));
    }
}
