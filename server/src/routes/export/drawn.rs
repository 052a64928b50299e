//! Files that are drawn, by the code that draws the pages.

use super::Wanted;
use crate::error::Problem;
use crate::look::Look;
use anyhow::Context;
use frontend::svg::{Layout, Shape};
use frontend::tape::Window;
use frontend::views::export::{export_diagram, space_time_export};
use frontend::views::mermaid::mermaid as sequence;
use frontend::views::{Scope, SpaceTime};
use protocol::{Name, Position};

/// Events looked at before and after a position.
const AROUND: u64 = 1_000;

pub async fn svg(look: &Look, at: Position, wanted: &Wanted) -> Result<String, Problem> {
    let window = window(look, at).await?;
    let state = window.state_at(at).context("the window reaches the position").map_err(Problem::internal)?;
    if wanted.view.as_deref() != Some("space-time") {
        let topology = state.topology.as_ref().ok_or_else(nothing)?;
        let layout = Layout::new(topology, Shape::Wide);
        let moving = window.entry(at).and_then(|entry| {
            let before = window.state_at(at - 1)?;
            diagram::motion(&before, &entry.event)
        });
        return Ok(export_diagram(&state, &layout, moving.as_ref()));
    }
    let hidden: Vec<Name> = wanted.hide.iter().flat_map(|hide| hide.split(',')).map(Name::from).collect();
    let scope = Scope { window: &window, state: &state, trace: wanted.trace, run: None };
    space_time_export(&scope, &SpaceTime { hidden: &hidden, zoom: wanted.zoom.clamp(-4, 6) }).ok_or_else(nothing)
}

fn nothing() -> Problem {
    Problem::new(http::StatusCode::NOT_FOUND, "Nothing has happened by then that could be drawn.")
}

pub async fn mermaid(look: &Look, at: Position, wanted: &Wanted) -> Result<String, Problem> {
    let window = window(look, at).await?;
    // Of one command all that came of it; of all of them, what had happened by then.
    let wanted_entries = window.entries().iter().filter(|entry| wanted.trace.is_some() || entry.position() <= at);
    Ok(sequence(wanted_entries, wanted.trace))
}

/// The events around a position.
async fn window(look: &Look, at: Position) -> Result<Window, Problem> {
    let from = at.saturating_sub(AROUND);
    let mut window = Window::new(look.state_at(from).await?);
    for piece in look.history(from, 2 * AROUND as usize).await? {
        for line in piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            window.push(serde_json::from_slice(line).map_err(Problem::internal)?);
        }
    }
    Ok(window)
}
