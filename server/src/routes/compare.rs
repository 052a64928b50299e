use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::look;
use crate::error::Problem;
use crate::look::Look;
use crate::openapi::NotYours;
use crate::runs::compare::{Compared, Comparison, Difference, compare};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Commands told where no number is asked for.
pub const PAGE: u64 = 200;
const LIMIT_MAX: u64 = 1000;

#[derive(Deserialize)]
pub struct Both {
    a: String,
    b: String,
    from: Option<u64>,
    limit: Option<u64>,
}

/// One of the two: a kept run, or a sandbox as it stands.
#[derive(Serialize, ToSchema)]
pub struct ComparedRun {
    pub id: String,
    /// Of a sandbox: its topology's title.
    pub name: String,
    pub topology: String,
    pub position: u64,
    /// Milliseconds since 1970.
    pub created: i64,
    /// `kept`, `imported`, or `sandbox`.
    pub origin: &'static str,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Comparison)]
pub struct ComparisonView {
    pub a: ComparedRun,
    pub b: ComparedRun,
    /// Commands of the longer run.
    pub commands_in_all: u64,
    pub commands: Vec<Compared>,
    pub first_difference: Option<Difference>,
}

/// Two runs, or sandboxes, side by side: what came of each command, and where they first differ.
/// Facts are compared per command and service, so what services did at the same time may lie in
/// any order; times and ids that depend on chance do not count.
#[utoipa::path(
    get, path = "/api/runs/compare", tag = "runs", operation_id = "compare_runs",
    params(
        ("a" = String, Query, description = "A run or a sandbox"),
        ("b" = String, Query, description = "Another"),
        ("from" = Option<u64>, Query, description = "The first command told; around the first difference where it is left out"),
        ("limit" = Option<u64>, Query, description = "Commands told, 200 unless given, 1,000 at most"),
    ),
    responses(
        (status = 200, body = ComparisonView),
        (status = 400, description = "Without two ids", content_type = "application/problem+json", body = crate::error::ProblemBody),
        NotYours,
    )
)]
pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(both): Query<Both>,
) -> Result<axum::Json<ComparisonView>, Problem> {
    compared(&app, actor, both).await.map(axum::Json)
}

/// The two that were asked for, each only for whom it belongs to.
pub async fn compared(app: &App, actor: Actor, both: Both) -> Result<ComparisonView, Problem> {
    let (a, b) = (look(app, actor, &both.a).await?, look(app, actor, &both.b).await?);
    let limit = both.limit.unwrap_or(PAGE).clamp(1, LIMIT_MAX);
    let Comparison { commands_in_all, commands, first_difference } = compare(&a, &b, both.from, limit).await?;
    let (a, b) = (ComparedRun::of(&a), ComparedRun::of(&b));
    Ok(ComparisonView { a, b, commands_in_all, commands, first_difference })
}

impl ComparedRun {
    fn of(look: &Look) -> Self {
        let position = look.state().position;
        match look {
            Look::Sandbox(sandbox) => Self {
                id: look.id(),
                name: sandbox.topology().title.to_string(),
                topology: sandbox.topology().name.to_string(),
                position,
                created: sandbox.created(),
                origin: "sandbox",
            },
            Look::Run(run) => Self {
                id: look.id(),
                name: run.row.name.clone(),
                topology: run.row.topology.clone(),
                position,
                created: run.row.created,
                origin: run.row.origin.word(),
            },
        }
    }
}
