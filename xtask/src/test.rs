//! `cargo xtask test`: all checks in the order in which they fail fastest.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::sh::{self, step};
use crate::wasm::Profile;
use crate::{assets, browser, licences};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Step {
    /// Formatting
    Fmt,
    /// Licences of all crates
    Licences,
    /// Clippy, for the server and for the browser
    Clippy,
    /// The wasm and the rest of the assets, as they ship
    Assets,
    /// Unit, property and acceptance tests
    Rust,
    /// The pages in a real browser
    E2e,
}

impl Step {
    fn run(self) -> Result<()> {
        match self {
            Step::Fmt => {
                sh::run(&mut sh::cargo(&["fmt", "--all", "--check"])).context("`cargo fmt --all` puts it right")
            }
            Step::Licences => licences::check(),
            Step::Clippy => clippy(),
            Step::Assets => assets::build(Profile::Release),
            Step::Rust => rust(),
            Step::E2e => e2e(),
        }
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_string())
    }
}

/// Runs the steps named, or all of them, and ends at the first that fails.
pub fn run(only: &[Step]) -> Result<()> {
    let chosen = Step::value_variants().iter().filter(|step| only.is_empty() || only.contains(step));
    let mut done = Vec::new();
    for &each in chosen {
        step(format!("test: {}", each.name()));
        let start = Instant::now();
        let result = each.run();
        done.push((each, start.elapsed(), result.is_ok()));
        if let Err(error) = result {
            print_summary(&done);
            return Err(error.context(format!("test step `{}` failed", each.name())));
        }
    }
    print_summary(&done);
    Ok(())
}

fn print_summary(done: &[(Step, Duration, bool)]) {
    println!();
    for (each, took, passed) in done {
        let mark = if *passed { "✓" } else { "✗" };
        println!("{mark} {:<8} {:>6.1} s", each.name(), took.as_secs_f64());
    }
    let total: Duration = done.iter().map(|(_, took, _)| *took).sum();
    let failed = done.iter().any(|(_, _, passed)| !passed);
    let verdict = if failed { "failed" } else { "passed" };
    println!("{verdict} after {:.0} s", total.as_secs_f64());
}

/// Twice, because `ssr` and `hydrate` never meet in one build: the server brings `ssr`.
fn clippy() -> Result<()> {
    step("clippy: the workspace");
    sh::run(&mut sh::cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    step("clippy: the frontend as it runs in the browser");
    crate::wasm::ensure_target()?;
    sh::run(&mut sh::cargo(&[
        "clippy",
        "--locked",
        "--package=frontend",
        "--lib",
        "--target",
        crate::wasm::TARGET,
        "--no-default-features",
        "--features=hydrate",
        "--",
        "-D",
        "warnings",
    ]))
}

fn rust() -> Result<()> {
    build_all()?;
    step("running the tests");
    sh::run(&mut sh::cargo(&["test", "--locked", "--workspace", "--exclude=xtask"]))?;
    sh::run(&mut sh::cargo(&["test", "--locked", "--package=xtask"]))
}

/// The server's binary and all tests in one go: `-p server` alone would settle on other features
/// for the dependencies and build them a second time. For the same reason xtask, built already,
/// stays out.
fn build_all() -> Result<()> {
    step("building the server and the tests");
    sh::run(&mut sh::cargo(&["build", "--locked", "--workspace", "--exclude=xtask", "--lib", "--bins", "--tests"]))
}

fn e2e() -> Result<()> {
    let chromium = browser::ensure_chromium()?;
    let node = browser::ensure_node()?;
    build_all()?;

    let dir = browser::install_e2e(&node)?;

    step("driving the pages in Chromium");
    sh::run(
        node.command()
            .args(["node_modules/@playwright/test/cli.js", "test"])
            .current_dir(&dir)
            .env("CHROMIUM", chromium)
            .env("TERRARIUM", sh::server_binary("debug")),
    )
    .context("what the pages looked like is in tests/e2e/test-results")
}
