//! The page of the million events.

use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::look_or_newest;
use crate::error::Problem;
use crate::look::Look;
use crate::million::{
    Built, Checked, CopiesView, Damage, Kept, Model, ModelView, Reads, State as Stands, StoreState, StoreView, Told,
};
use crate::sandbox::SandboxError;
use crate::store::now_ms;
use axum::extract::State;
use axum::response::Response;
use frontend::render::{
    MillionChecked, MillionDamage, MillionKept, MillionLoad, MillionModel, MillionPageView, MillionReads, MillionRow,
    MillionStore, TOPOLOGY,
};
use http::HeaderMap;
use protocol::{Observation, Recorded};
use serde::Deserialize;
use serde_json::Value;

/// Whose copies are shown: those of this sandbox, or of the session's newest of the topology. Of a kept
/// run: what its record says of them.
#[derive(Deserialize)]
pub struct Wanted {
    run: Option<String>,
}

const PREFERRED: &str = "event-sourced-account";

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let topology = protocol::topology(PREFERRED).map_or(TOPOLOGY, |_| PREFERRED);
    let sandbox = match look_or_newest(&app, actor, wanted.run.as_deref(), Some(topology)).await? {
        Some(look @ Look::Run(_)) => {
            return Ok(app.pages.million(recorded(&look).await?, &headers));
        }
        Some(Look::Sandbox(sandbox)) => Some(sandbox),
        None => None,
    };
    let store = app.million.store();
    let mut view = MillionPageView {
        run: sandbox.as_ref().map(|sandbox| sandbox.id().to_string()),
        missing: wanted.run.is_some() && sandbox.is_none(),
        topology: topology.to_owned(),
        debug: cfg!(debug_assertions),
        now: now_ms(),
        models: Model::ALL.map(|model| none(model, store.events)).into(),
        ..MillionPageView::default()
    };
    if let (StoreState::Ready, Some(sandbox)) = (store.state, &sandbox) {
        let copies = app.million.copies(sandbox).await?;
        view.models.clear();
        for model in &copies.read_models {
            let (stands, rows) = app.million.model(sandbox, model.name).await?;
            view.models.push(model_view(&stands, rows));
        }
        fill(&mut view, copies);
    }
    view.store = store_view(store);
    Ok(app.pages.million(view, &headers))
}

/// What the record of a kept run says.
async fn recorded(look: &Look) -> Result<MillionPageView, SandboxError> {
    let seed = (vec![], Told::default());
    let fold = |(loads, told): &mut (Vec<MillionLoad>, Told), event: &Recorded| {
        measured(loads, event);
        told.evolve(event);
    };
    let (loads, told) = look.fold(look.state().position, &Told::KINDS, seed, fold).await?;
    Ok(MillionPageView {
        kept: true,
        snapshots: loads.iter().rev().find_map(|load| load.snapshots).filter(|_| told.every.is_some()),
        loads,
        damage: told.damage.map(|(damage, at)| MillionDamage { at: (at / 1000).cast_signed(), ..damage_view(&damage) }),
        checked: told.checked.map(checked_view),
        models: told.built.into_iter().map(|Built { model, rows, .. }| model_view(&model, rows)).collect(),
        ..MillionPageView::default()
    })
}

/// A load as the record has it.
fn measured(loads: &mut Vec<MillionLoad>, event: &Recorded) {
    let Observation::AccountLoaded { version, from_version, snapshot_every, count, bytes, duration_us, balance_minor } =
        event.observation
    else {
        return;
    };
    loads.push(MillionLoad {
        snapshots: (snapshot_every > 0).then_some(MillionKept { every: snapshot_every, count, bytes }),
        version,
        from: (from_version > 0).then_some(from_version),
        took_us: duration_us,
        balance_minor,
        at: (event.at / 1000).cast_signed(),
    });
}

fn store_view(store: StoreView) -> MillionStore {
    let state = match store.state {
        StoreState::None => "none",
        StoreState::Making => "making",
        StoreState::Ready => "ready",
        StoreState::Failed => "failed",
    };
    let StoreView { events, made, bytes, took_ms, detail, .. } = store;
    MillionStore { state, events, made, bytes, took_ms, detail }
}

fn fill(view: &mut MillionPageView, copies: CopiesView) {
    view.snapshots = copies.snapshots.map(kept);
    let load = |load: crate::million::Timed| MillionLoad {
        snapshots: load.snapshots.map(kept),
        version: load.version,
        from: load.from_snapshot,
        took_us: load.took_us,
        balance_minor: load.balance_minor,
        at: load.at,
    };
    view.loads = copies.loads.into_iter().map(load).collect();
    view.damage = copies.damage.as_ref().map(damage_view);
    view.checked = copies.checked.map(checked_view);
}

fn damage_view(damage: &Damage) -> MillionDamage {
    let Damage { version, member, added_minor, at, .. } = *damage;
    MillionDamage { version, member, added_minor, at }
}

fn checked_view(checked: Checked) -> MillionChecked {
    MillionChecked {
        snapshots: checked.snapshots,
        replayed: checked.events_replayed,
        took_us: checked.took_us,
        wrong: checked.wrong.into_iter().map(|wrong| (wrong.version, wrong.kept_minor, wrong.replayed_minor)).collect(),
    }
}

fn kept(Kept { every, count, bytes }: Kept) -> MillionKept {
    MillionKept { every, count, bytes }
}

fn none(model: Model, end: u64) -> MillionModel {
    MillionModel {
        name: model.name(),
        state: "none",
        rebuild: false,
        position: 0,
        end,
        per_second: None,
        took_ms: None,
        reads: None,
        quiet: None,
        rows: vec![],
    }
}

fn model_view(model: &ModelView, rows: Vec<Value>) -> MillionModel {
    let state = match model.state {
        Stands::None => "none",
        Stands::Queued => "queued",
        Stands::Building => "building",
        Stands::Quiet => "quiet",
        Stands::Live => "live",
        Stands::Stopped => "stopped",
    };
    let reads = |reads: Option<Reads>| {
        reads.map(|reads| MillionReads { count: reads.count, p50_us: reads.p50_us.into(), p99_us: reads.p99_us.into() })
    };
    MillionModel {
        state,
        rebuild: model.rebuild,
        position: model.position,
        per_second: model.per_second,
        took_ms: model.took_ms,
        reads: reads(model.reads),
        quiet: reads(model.quiet),
        rows: rows.iter().map(|row| seen(model.name, row)).collect(),
        ..none(model.name, model.end)
    }
}

fn seen(model: Model, row: &Value) -> MillionRow {
    let cents = |name: &str| row[name].as_i64().unwrap_or_default();
    let number = |name: &str| row[name].as_u64().unwrap_or_default();
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    match model {
        Model::Savings => MillionRow::Savings {
            member: number("member"),
            saved_minor: cents("saved_minor"),
            entries: number("entries"),
        },
        Model::Months => MillionRow::Month {
            month: text("month"),
            paid_in_minor: cents("paid_in_minor"),
            paid_out_minor: cents("paid_out_minor"),
        },
        Model::Largest => MillionRow::Withdrawal {
            amount_minor: cents("amount_minor"),
            member: number("member"),
            sequence: number("sequence"),
            day: text("day"),
        },
    }
}
