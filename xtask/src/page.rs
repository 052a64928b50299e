//! How the page runs in a browser: frames, a long record, memory. The scripts that drive it are
//! in tests/e2e/bench; what they measured is held against its budget here.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

use crate::bench::{at_least, within};
use crate::browser;
use crate::footprint::Running;
use crate::sh::{self, step};

pub const PARTS: [&str; 3] = ["page-frames", "page-long", "page-memory"];

/// Tokens in flight, and frames a second with them.
const FRAMES: [(f64, f64); 2] = [(500.0, 58.0), (2000.0, 50.0)];
/// Of all frames, in percent, with the fewer of them.
const LATE_PERCENT: f64 = 3.0;
const OPEN_MS: f64 = 1000.0;
const TASK_MS: f64 = 50.0;
/// From minute 2 to the end. A page of wasm's memory alone is 1 % of what there is.
const RISE_PERCENT: f64 = 5.0;

/// More than a learner's sandbox may do: a record is made in seconds instead of minutes.
const QUOTAS: [(&str, &str); 3] =
    [("TERRARIUM_LOAD_RATE", "5000"), ("TERRARIUM_LOAD_MINUTES", "60"), ("TERRARIUM_SERVICE_BATCH", "64")];

type Figures = BTreeMap<String, f64>;

pub fn measure(part: &str, minutes: u32) -> Result<()> {
    let Some(name) = part.strip_prefix("page-") else { bail!("{part} is no part of the page's benchmark") };
    let chromium = browser::ensure_chromium()?;
    let node = browser::ensure_node()?;
    let dir = browser::install_e2e(&node)?;
    // Memory is measured as it comes, without any quota raised but the longest load.
    let quotas = if name == "memory" { &QUOTAS[1..2] } else { &QUOTAS[..] };
    let server = Running::start(quotas)?;

    step(format!("driving the page in Chromium: {name}"));
    let written = sh::output(
        node.command()
            .arg(format!("bench/{name}.mjs"))
            .current_dir(dir)
            .env("TERRARIUM_URL", &server.url)
            .env("CHROMIUM", chromium)
            .env("MINUTES", minutes.to_string()),
    )?;
    let figures: Figures = serde_json::from_str(&written).context("the script wrote no figures")?;
    let figure = |name: &str| figures.get(name).copied().with_context(|| format!("the script left out {name}"));
    let kept = match name {
        "frames" => frames(figure)?,
        "long" => long(figure)?,
        _ => memory(figure)?,
    };
    if !kept {
        bail!("the page is over its budget");
    }
    Ok(())
}

fn frames(figure: impl Fn(&str) -> Result<f64>) -> Result<bool> {
    let (fps, late) = (figure("display_fps")?, figure("display_late")?);
    println!("  an empty page: {fps:.2} frames/s, {late:.2} % over 25 ms");
    let mut kept = true;
    for (tokens, budget) in FRAMES {
        // With fewer, the figures after it would say nothing.
        kept &= at_least("tokens in flight", figure(&format!("tokens_{tokens}"))?, 0.95 * tokens, "on average");
        kept &= at_least("frames with them", figure(&format!("fps_{tokens}"))?, budget, "a second");
        let late = figure(&format!("late_{tokens}"))?;
        if budget > 50.0 {
            kept &= within("frames over 25 ms", late, LATE_PERCENT, "%");
        } else {
            println!("  frames over 25 ms: {late:.2} %");
        }
    }
    Ok(kept)
}

fn long(figure: impl Fn(&str) -> Result<f64>) -> Result<bool> {
    let mut kept = within("a record of 50,000 events is open, median", figure("open_ms")?, OPEN_MS, "ms");
    for (how, name) in [("dragging", "drag_task_ms"), ("dropping", "drop_task_ms"), ("stepping", "key_task_ms")] {
        kept &= within(&format!("longest task while {how} its slider"), figure(name)?, TASK_MS, "ms");
    }
    println!("  longest time between two frames while dragging: {:.0} ms", figure("drag_gap_ms")?);
    println!("  from dropping it to the picture there, median: {:.0} ms", figure("shown_ms")?);
    Ok(kept)
}

fn memory(figure: impl Fn(&str) -> Result<f64>) -> Result<bool> {
    let (minutes, events) = (figure("minutes")?, figure("events")?);
    println!("  {minutes} minutes of load, {events} events; memory {:.2} MB", figure("memory_mb")?);
    println!("  of its rise, JavaScript's: {:.3} MB; nodes: {:.0}", figure("heap_rise_mb")?, figure("nodes_rise")?);
    println!("  events the page is behind: {:.0}; frames a second: {:.1}", figure("behind")?, figure("fps")?);
    Ok(within("rise of the page's memory since minute 2", figure("rise_percent")?, RISE_PERCENT, "%"))
}
