//! `cargo xtask bench`: figures against their budgets.

use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::browser;
use crate::footprint::{self, Running};
use crate::page;
use crate::sh::{self, step};

const BENCH: [&str; 4] = ["bench", "--locked", "--package=server", "--package=kit"];
const LARGEST_WASM: u64 = 180_000;
const LIGHTHOUSE: &str = "12.8.2";
const LOWEST_SCORE: f64 = 95.0;

pub fn run(names: &[String], minutes: u32) -> Result<()> {
    if names.is_empty() {
        step("running the benchmarks of server and kit");
        // One past its budget leaves the others to be measured.
        return sh::run(sh::cargo(&BENCH).args(["--benches", "--no-fail-fast"]));
    }
    for name in names {
        match name.as_str() {
            "wasm" => wasm()?,
            "lighthouse" => lighthouse()?,
            "footprint" => footprint::measure()?,
            "page" => page::PARTS.iter().try_for_each(|part| page::measure(part, minutes))?,
            part if page::PARTS.contains(&part) => page::measure(part, minutes)?,
            bench => {
                step(format!("running the benchmark {bench}"));
                sh::run(sh::cargo(&BENCH).args(["--bench", bench]))?;
            }
        }
    }
    Ok(())
}

/// Prints a figure beside its budget; gives whether it keeps to it.
pub fn within(what: &str, figure: f64, budget: f64, unit: &str) -> bool {
    let kept = figure <= budget;
    let mark = if kept { "✓" } else { "✗" };
    println!("{mark} {what}: {figure:.2} {unit} (at most {budget} {unit})");
    kept
}

/// As [`within`], of a figure that should be large.
pub fn at_least(what: &str, figure: f64, budget: f64, unit: &str) -> bool {
    let kept = figure >= budget;
    let mark = if kept { "✓" } else { "✗" };
    println!("{mark} {what}: {figure:.2} {unit} (at least {budget} {unit})");
    kept
}

fn wasm() -> Result<()> {
    crate::assets::build(crate::wasm::Profile::Release)?;
    let assets = sh::root().join("server/assets");
    let manifest: Value = serde_json::from_slice(&fs::read(assets.join("manifest.json"))?)?;
    let path = manifest["files"]["frontend_bg.wasm"]["path"].as_str().context("the manifest lists no wasm")?;
    let size = fs::metadata(assets.join(format!("{path}.br")))?.len();
    if !within("wasm, brotli", size as f64 / 1e3, LARGEST_WASM as f64 / 1e3, "kB") {
        bail!("the wasm is over its budget");
    }
    Ok(())
}

fn lighthouse() -> Result<()> {
    let chromium = browser::ensure_chromium()?;
    let node = browser::ensure_node()?;
    let tool = browser::npm_tool(&node, "lighthouse", LIGHTHOUSE)?;
    let server = Running::start(&[])?;
    let dir = tempfile::tempdir()?;
    let report = dir.path().join("report.json");

    step("asking lighthouse about /lessons/sagas");
    sh::run(
        node.command()
            .arg(tool.join("cli/index.js"))
            .arg(format!("{}/lessons/sagas", server.url))
            .args(["--preset=desktop", "--output=json", "--quiet"])
            .args(["--only-categories=performance,accessibility,best-practices,seo"])
            .arg(format!("--output-path={}", report.display()))
            .arg("--chrome-flags=--headless --no-sandbox --disable-gpu --disable-quic --no-first-run")
            .env("CHROME_PATH", chromium),
    )?;

    let report: Value = serde_json::from_slice(&fs::read(&report)?)?;
    let categories = report["categories"].as_object().context("lighthouse gave no scores")?;
    let mut low = Vec::new();
    for (name, category) in categories {
        let score = category["score"].as_f64().unwrap_or(0.0) * 100.0;
        println!("  {name}: {score:.0}");
        if score < LOWEST_SCORE {
            low.push(name.as_str());
        }
    }
    if !low.is_empty() {
        bail!("under {LOWEST_SCORE}: {}", low.join(", "));
    }
    Ok(())
}
