//! What the page takes: frames with many tokens in flight, a long record, memory under load.
//! The measurements are scripts in tests/e2e/bench, which drive Chromium against a release server.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::bench::{at_least, within};
use crate::browser;
use crate::footprint::Running;
use crate::sh::{self, step};

/// Quotas of the server it is measured with: loads as high as it takes.
const QUOTAS: [(&str, &str); 2] = [("TERRARIUM_LOAD_RATE", "1000"), ("TERRARIUM_LOADS", "4")];

/// A figure, what it may be at most or must be at least, and its unit.
type Budget = (&'static str, &'static str, Bound, &'static str);

enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Said beside the others.
    Shown,
}

use Bound::{AtLeast, AtMost, Shown};

const FRAMES: &[Budget] = &[
    ("display_fps", "frames of an empty page", Shown, "/s"),
    ("tokens_500", "in flight, of 500 wanted", AtLeast(450.0), "tokens"),
    ("fps_500", "frames with them", AtLeast(58.0), "/s"),
    ("late_500", "frames over 25 ms with them", AtMost(3.0), "%"),
    ("tokens_2000", "in flight, of 2,000 wanted", AtLeast(1_800.0), "tokens"),
    ("fps_2000", "frames with them", AtLeast(50.0), "/s"),
    ("late_2000", "frames over 25 ms with them", Shown, "%"),
];

const LONG: &[Budget] = &[
    ("open_ms", "50,000 events open, median of five", AtMost(1_000.0), "ms"),
    ("drag_task_ms", "longest task while dragging, of those over 50 ms", AtMost(50.0), "ms"),
    ("drop_task_ms", "the same, dropped far apart", AtMost(50.0), "ms"),
    ("key_task_ms", "the same, stepping by keys", AtMost(50.0), "ms"),
    ("drop_shown_ms", "shown after it was dropped, median", Shown, "ms"),
];

const MEMORY: &[Budget] = &[
    ("minutes", "measured for", Shown, "min"),
    ("events", "recorded meanwhile", Shown, "events"),
    ("memory_mb", "heap and wasm", Shown, "MB"),
    ("rise_percent", "risen after the first two minutes", AtMost(5.0), "%"),
];

/// Runs the parts named `page-frames`, `page-long` and `page-memory`; `page` is all of them.
pub fn measure(name: &str) -> Result<()> {
    let parts = [("frames", FRAMES), ("long", LONG), ("memory", MEMORY)];
    let wanted: Vec<_> = parts.iter().filter(|(part, _)| name == "page" || name == format!("page-{part}")).collect();
    if wanted.is_empty() {
        bail!("there is no benchmark {name}; there are page, page-frames, page-long and page-memory");
    }
    let mut kept = true;
    for (part, budgets) in wanted {
        let figures = script(part)?;
        for (figure, what, bound, unit) in *budgets {
            let value = figures[*figure].as_f64().with_context(|| format!("{part}.mjs gave no {figure}"))?;
            kept &= match bound {
                AtMost(most) => within(what, value, *most, unit),
                AtLeast(least) => at_least(what, value, *least, unit),
                Shown => {
                    println!("  {what}: {value:.2} {unit}");
                    true
                }
            };
        }
    }
    if !kept {
        bail!("the page is over its budget");
    }
    Ok(())
}

fn script(part: &str) -> Result<Value> {
    let chromium = browser::ensure_chromium()?;
    let node = browser::ensure_node()?;
    let dir = sh::root().join("tests/e2e");
    sh::run(node.npm().arg("ci").current_dir(&dir).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    let server = Running::start_with(&QUOTAS)?;
    step(format!("measuring the page: {part}"));
    let output = node
        .command()
        .arg(format!("bench/{part}.mjs"))
        .current_dir(&dir)
        .env("CHROMIUM", chromium)
        .env("TERRARIUM_URL", &server.url)
        .stderr(Stdio::inherit())
        .output()
        .context("node could not be started")?;
    if !output.status.success() {
        bail!("tests/e2e/bench/{part}.mjs failed ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{part}.mjs wrote no figures"))
}
