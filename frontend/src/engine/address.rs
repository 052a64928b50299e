//! The page's address brings back the same run, position and view: `?run=&at=&view=&trace=&dot=`.

use super::{Engine, now, window};
use crate::views::View;

/// Written at most so often, in milliseconds: a browser takes 200 in ten seconds and no more,
/// and a slider that is dragged asks for 600.
const OFTEN: f64 = 100.0;

/// A value of the address's query.
pub fn value(name: &str) -> Option<String> {
    let search = window()?.location().search().ok()?;
    let pair = |pair: &str| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value.to_string());
    search.trim_start_matches('?').split('&').find_map(pair).filter(|value| !value.is_empty())
}

impl Engine {
    /// Writes where the learner is into the address. Live, it names no position.
    pub(super) fn write_address(&mut self) {
        let now = now();
        self.looking.unwritten = now - self.looking.written < OFTEN;
        if self.looking.unwritten {
            self.ask_frame();
            return;
        }
        self.looking.written = now;
        let mut parts = vec![];
        let looking = &self.looking;
        if let Some(run) = self.sandbox.as_ref().and_then(|of| of.split('/').next_back()) {
            parts.push(format!("run={run}"));
        }
        let stands = !self.player.is_live();
        if stands {
            parts.push(format!("at={}", self.player.shown.position));
        }
        if looking.view != View::Diagram {
            parts.push(format!("view={}", looking.view.name()));
        }
        if let Some(trace) = looking.trace {
            parts.push(format!("trace={trace}"));
        }
        if let Some(dot) = &looking.dot {
            parts.push(format!("dot={dot}"));
        }
        // The plain page, as it runs, keeps its plain address.
        if parts.len() < 2 && !looking.names_run {
            parts.clear();
        }
        // Which system the page is for.
        if let Some(topology) = value("topology") {
            parts.insert(0, format!("topology={topology}"));
        }
        let Some(window) = window() else { return };
        let (path, hash) =
            (window.location().pathname().unwrap_or_default(), window.location().hash().unwrap_or_default());
        let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
        let url = format!("{path}{query}{hash}");
        if url != self.looking.address
            && let Ok(history) = window.history()
        {
            // Browsers refuse it now and then, when it changes often: then it is written the next time.
            if history.replace_state_with_url(&wasm_bindgen::JsValue::NULL, "", Some(&url)).is_ok() {
                self.looking.address = url;
            }
        }
    }
}
