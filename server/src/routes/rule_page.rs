//! The page that shows where the rule of a saga is written.

use super::Query;
use crate::app::App;
use crate::auth::Actor;
use crate::auth::access::look_or_newest;
use crate::error::Problem;
use crate::look::Look;
use crate::rule::Rule;
use axum::extract::State;
use axum::response::Response;
use frontend::render::{RulePageView, RuleTouched};
use http::HeaderMap;
use protocol::{ServiceSpec, Topology};
use serde::Deserialize;

/// The session's newest system, or this one.
#[derive(Deserialize)]
pub struct Wanted {
    run: Option<String>,
}

/// So much of a record is looked at: a rule shows in its first orders, or not at all.
const EVENTS: u64 = 5_000;

pub async fn show(
    State(app): State<App>,
    actor: Actor,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let looked = look_or_newest(&app, actor, wanted.run.as_deref(), None).await?;
    let view = match looked {
        Some(look) => found(&app, &look).await?,
        None => RulePageView { missing: wanted.run.is_some(), ..RulePageView::default() },
    };
    Ok(app.pages.rule(view, &headers))
}

async fn found(app: &App, look: &Look) -> Result<RulePageView, Problem> {
    let state = look.state();
    let Some(topology) = &state.topology else { return Ok(RulePageView::default()) };
    let rule = look.fold(state.position.min(EVENTS), &[], Rule::of(topology), |rule, event| rule.see(event)).await?;
    let parts = rule.shown(&app.sources);
    let leads = |_: &_| parts.first().map(|part| part.service.clone());
    Ok(RulePageView {
        run: Some(look.id()),
        missing: false,
        title: topology.title.to_string(),
        leader: topology.saga.as_ref().and_then(leads),
        touched: touched(topology),
        parts,
    })
}

/// Of a topology somebody was added to, compared with the one from before.
fn touched(topology: &Topology) -> Option<RuleTouched> {
    let before = protocol::topology(topology.name.strip_suffix("-gift")?)?;
    let touched = topology.touched(&before);
    let names = |services: &[&ServiceSpec]| services.iter().map(|service| service.name.to_string()).collect();
    Some(RuleTouched {
        before: before.title.to_string(),
        added: names(&touched.added),
        changed: names(&touched.changed),
        entries: touched.entries.iter().map(ToString::to_string).collect(),
    })
}
