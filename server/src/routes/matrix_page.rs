//! The page of the coverage matrix.

use super::Query;
use crate::app::App;
use crate::auth::{Actor, access};
use crate::error::Problem;
use crate::matrix::{CellView, MatrixView, Running, Strike, steps};
use axum::extract::State;
use axum::response::Response;
use frontend::render::{MatrixCell, MatrixPageView, MatrixResult, MatrixRow, MatrixSwitch};
use http::HeaderMap;
use protocol::{ServiceSpec, StepSpec, Topology};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Wanted {
    topology: Option<String>,
    /// Names of switches, with commas between them, that stand off at the beginning; empty for none.
    off: Option<String>,
}

/// The session's last matrix of a topology, or one that is still to be run.
pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let topologies: Vec<Topology> = protocol::topologies().into_iter().filter(has_steps).collect();
    let session = actor.session();
    let last = |name: Option<&str>| session.and_then(|session| app.matrices.last(&session, name));
    let name = wanted.topology.clone().or_else(|| last(None).map(|matrix| matrix.topology().name.to_string()));
    let chosen = match &name {
        Some(name) => topologies.iter().find(|topology| *topology.name == **name),
        None => topologies.first(),
    };
    let mut topology = chosen.cloned().ok_or_else(Problem::not_found)?;
    let last = last(Some(&topology.name)).map(|matrix| matrix.view());
    let off = off(&app, actor, &wanted, &topology, last.as_ref());
    for switch in &mut topology.switches {
        switch.on = !off.contains(&switch.name.to_string());
    }
    let view = MatrixPageView {
        choices: topologies.iter().map(|topology| (topology.name.to_string(), topology.title.to_string())).collect(),
        topology: topology.name.to_string(),
        switches: topology
            .switches
            .iter()
            .map(|switch| MatrixSwitch { name: switch.name.to_string(), on: switch.on })
            .collect(),
        rows: rows(&topology, last.as_ref()),
        result: last.map(result),
    };
    Ok(app.pages.matrix(view, &headers))
}

fn has_steps(topology: &Topology) -> bool {
    topology.services.iter().any(|service| !service.steps.is_empty())
}

/// Which switches stand off: those the address names, else those of the last matrix, else those
/// of the session's newest system, else those of the topology.
fn off(app: &App, actor: Actor, wanted: &Wanted, topology: &Topology, last: Option<&MatrixView>) -> Vec<String> {
    if let Some(off) = &wanted.off {
        return off.split(',').map(str::to_owned).collect();
    }
    if let Some(last) = last {
        return last.switches.iter().filter(|(_, on)| !**on).map(|(name, _)| name.clone()).collect();
    }
    let newest = access::newest(app, actor, Some(&topology.name));
    match newest.and_then(|row| app.sandboxes.known_state(&row.id)) {
        Some(state) => state.switches.iter().filter(|switch| !switch.on).map(|s| s.name.to_string()).collect(),
        None => topology.switches.iter().filter(|switch| !switch.on).map(|s| s.name.to_string()).collect(),
    }
}

fn rows(topology: &Topology, last: Option<&MatrixView>) -> Vec<MatrixRow> {
    steps(topology).into_iter().map(|(service, step)| row(service, step, last)).collect()
}

fn row(service: &ServiceSpec, step: &StepSpec, last: Option<&MatrixView>) -> MatrixRow {
    let cells = Strike::ALL.map(|fault| {
        let known = |cell: &&CellView| cell.step == step.name && cell.fault == fault;
        let cell = last.and_then(|last| last.cells.iter().find(known));
        MatrixCell {
            fault: fault.name(),
            state: cell.map_or("none", |cell| cell.state.name()),
            run: cell.and_then(|cell| cell.run.clone()),
            detail: cell.map(|cell| cell.detail.clone()).unwrap_or_default(),
        }
    });
    MatrixRow {
        step: step.name.to_string(),
        service: service.name.to_string(),
        on: step.on.iter().map(ToString::to_string).collect(),
        compensates: step.compensates.as_ref().map(ToString::to_string),
        cells: cells.into(),
    }
}

fn result(last: MatrixView) -> MatrixResult {
    let off = last.switches.into_iter().filter(|(_, on)| !on).map(|(name, _)| name).collect();
    let state = match last.state {
        Running::Running => "running",
        Running::Done => "done",
        Running::Failed => "failed",
    };
    MatrixResult { id: last.id, state, detail: last.detail, took_ms: last.took_ms, off }
}
