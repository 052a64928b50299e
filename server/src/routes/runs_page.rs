//! The pages about kept runs.

use super::Query;
use super::compare::{Both, ComparedRun, PAGE, compared};
use crate::app::App;
use crate::auth::Actor;
use crate::error::Problem;
use crate::runs::compare::{Compared, Side, Told};
use axum::extract::State;
use axum::response::Response;
use frontend::render::{CommandEntry, CompareView, FactEntry, FirstDifference, RunEntry, RunsView, SideEntry};
use http::HeaderMap;

pub async fn show(State(app): State<App>, actor: Actor, headers: HeaderMap) -> Result<Response, Problem> {
    let mut view = RunsView { import_bytes: app.config.import_bytes, ..RunsView::default() };
    if let Some(session) = actor.session() {
        let kept = app.store.runs_of(&session).await?.into_iter().map(|row| RunEntry {
            id: row.id.to_string(),
            name: row.name,
            topology: row.topology,
            position: row.position,
            created: row.created,
            origin: row.origin.word(),
        });
        view.kept = kept.collect();
        for row in app.store.sandboxes_of(&session) {
            if let Some(sandbox) = app.sandboxes.get(&row.id).await? {
                view.living.push(RunEntry {
                    id: row.id.to_string(),
                    name: sandbox.topology().title.to_string(),
                    topology: row.topology,
                    position: sandbox.state().position,
                    created: row.created,
                    origin: "sandbox",
                });
            }
        }
    }
    Ok(app.pages.runs(view, &headers))
}

pub async fn compare(
    State(app): State<App>,
    actor: Actor,
    Query(both): Query<Both>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let compared = compared(&app, actor, both).await?;
    let first = compared.commands.first().map_or(0, |command| command.ordinal);
    let last = compared.commands.last().map_or(0, |command| command.ordinal);
    let view = CompareView {
        a: run(compared.a),
        b: run(compared.b),
        commands: compared.commands.into_iter().map(command).collect(),
        first: compared.first_difference.map(|first| FirstDifference {
            command: first.command,
            a: first.a,
            b: first.b,
        }),
        earlier: (first > 1).then(|| first.saturating_sub(PAGE)),
        later: (last < compared.commands_in_all).then_some(last + 1),
    };
    Ok(app.pages.compare(view, &headers))
}

fn run(run: ComparedRun) -> RunEntry {
    let ComparedRun { id, name, topology, position, created, origin } = run;
    RunEntry { id, name, topology, position, created, origin }
}

fn command(command: Compared) -> CommandEntry {
    let Compared { ordinal, a, b, differs } = command;
    CommandEntry { ordinal, a: a.map(side), b: b.map(side), differs }
}

fn side(side: Side) -> SideEntry {
    let fact =
        |Told { position, service, text, differs }| FactEntry { position, service: service.to_string(), text, differs };
    SideEntry { facts: side.facts.into_iter().map(fact).collect(), left_out: side.left_out }
}
