use super::*;
use crate::json;
use protocol::{Observation, Recorded};

const RECORD: &str = include_str!("fixtures/orders.ndjson");

fn record() -> Vec<Recorded> {
    RECORD.lines().map(|line| json::read(line).expect("a line of a record")).collect()
}

fn window(events: Vec<Recorded>) -> Window {
    let mut window = Window::new(DiagramState::default());
    for event in events {
        assert!(window.push(event));
    }
    window
}

#[test]
#[ignore]
fn sheet() {
    let window = window(record());
    let at: u64 = std::env::var("AT").ok().and_then(|at| at.parse().ok()).unwrap_or(window.last());
    let state = window.state_at(at).unwrap();
    let trace = match std::env::var("TRACE").ok() {
        Some(t) => Uuid::parse_str(&t).ok(),
        None => None,
    };
    let scope = Scope { window: &window, state: &state, trace, run: Some("abc") };
    let dir = std::env::var("OUT").unwrap();
    let dark = std::env::var("DARK").is_ok();
    let page = |name: &str, title: &str, body: String| {
        let css = std::fs::read_to_string(format!("{dir}/site.css")).unwrap();
        let css = if dark { css.replace("prefers-color-scheme:dark", "min-width:1px") } else { css };
        std::fs::write(format!("{dir}/{name}.html"), format!("<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><style>{css}</style><body><main><section class='terrarium lesson'><div class=vessel><div class=head><h2>{title}</h2></div><div class='window'><div class='view {name}-view'>{body}</div></div></div></section></main>")).unwrap();
    };
    page("story", "Story", filters(&scope, &Filter::default()) + &story(&scope, &Filter::default()));
    page("space", "Space-time", space_time(&scope, &SpaceTime::default()));
    page("trace", "Trace", super::trace(&scope));
    let tables = tables(&scope);
    page("data", "Data", data(&tables, &scope));
    let source = std::fs::read_to_string("../playground-services/inventory/src/reactions.rs").unwrap();
    page("code", "Code", code("playground-services/inventory/src/reactions.rs", &source, 59, window.entry(62)));
    page(
        "dot",
        "Inspector",
        inspector(&scope, std::env::var("DOT").ok().and_then(|at| at.parse().ok()).unwrap_or(62))
            + &node_inspector(&scope, "inventory"),
    );
    std::fs::write(format!("{dir}/space.svg"), export::space_time_export(&scope, &SpaceTime::default()).unwrap())
        .unwrap();
    let layout = crate::svg::Layout::new(state.topology.as_ref().unwrap(), crate::svg::Shape::Wide);
    std::fs::write(format!("{dir}/diagram.svg"), export::export_diagram(&state, &layout)).unwrap();
    std::fs::write(format!("{dir}/seq.mmd"), mermaid::mermaid(window.entries(), trace)).unwrap();
}

/// The tables as the API gives them, from the transactions up to the position.
fn tables(scope: &Scope) -> Vec<Table> {
    let mut tables: Vec<Table> = vec![];
    for entry in scope.window.entries().iter().filter(|entry| entry.position() <= scope.position()) {
        let Observation::TransactionCommitted { rows, .. } = &entry.event.observation else { continue };
        for row in rows {
            let Some(after) = row.after.as_ref().and_then(|after| after.as_object()) else { continue };
            let known = tables.iter_mut().find(|table| table.service == entry.event.service && table.name == row.table);
            let table = match known {
                Some(table) => table,
                None => {
                    tables.push(Table {
                        service: entry.event.service.clone(),
                        name: row.table.clone(),
                        columns: after.keys().cloned().collect(),
                        rows: vec![],
                    });
                    tables.last_mut().expect("just pushed")
                }
            };
            let cells: Vec<_> = after.values().cloned().collect();
            let before: Option<Vec<_>> = row
                .before
                .as_ref()
                .and_then(|before| before.as_object())
                .map(|before| before.values().cloned().collect());
            match table.rows.iter_mut().find(|cells| Some(&**cells) == before.as_ref()) {
                Some(row) => *row = cells,
                None => table.rows.push(cells),
            }
        }
    }
    tables.sort_by(|one, two| one.service.cmp(&two.service));
    tables
}
