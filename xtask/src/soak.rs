//! `cargo xtask soak`: the tests of the promises, with the figures of a long run.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::sh::{self, step};

/// Those that have a figure; R4 and R5 are checked after every run of R3, R6, R7 and R11.
const PROMISES: [&str; 8] = ["R1", "R3", "R6", "R7", "R10", "R11", "R12", "R18"];

/// Runs the tests of these promises, or of all, one after another. Each says how far it is on
/// stderr, and in the end how many cases it has seen.
pub fn run(promises: &[String], minutes: Option<u32>) -> Result<()> {
    let named: Vec<String> = promises.iter().map(|promise| promise.to_uppercase()).collect();
    if let Some(unknown) = named.iter().find(|named| !PROMISES.contains(&named.as_str())) {
        bail!("{unknown} has no long run; these have: {}", PROMISES.join(", "));
    }
    // The server beside the tests that drive it, and no other test: each would be linked at length.
    // Of the whole workspace, so that the features are the same as when they are run.
    step("building the server and the tests, for release");
    let targets = ["--bins", "--test=acceptance"];
    sh::run(sh::cargo(&["build", "--locked", "--release", "--workspace", "--exclude=xtask"]).args(targets))?;
    let chosen = PROMISES.into_iter().filter(|promise| named.is_empty() || named.iter().any(|named| named == promise));
    let mut done = Vec::new();
    for promise in chosen {
        step(format!("soaking {promise}"));
        let start = Instant::now();
        let said = soak(promise, minutes);
        done.push((promise, start.elapsed(), said));
    }
    summary(&done)
}

/// What its tests said in the end: "R6: 0 in 1000000 ...".
fn soak(promise: &str, minutes: Option<u32>) -> Result<Vec<String>> {
    let mut test = sh::cargo(&["test", "--locked", "--release", "--workspace", "--exclude=xtask"]);
    test.args(["--test=acceptance", "--", "--nocapture", "--test-threads=1"]);
    test.arg(format!("::{}_", promise.to_lowercase())).env("TERRARIUM_SOAK", "1");
    if let Some(minutes) = minutes {
        test.env("TERRARIUM_SOAK_MINUTES", minutes.to_string());
    }
    let out = sh::output(&mut test)?;
    let figures: Vec<String> = out.lines().filter_map(|line| figure(promise, line)).map(str::to_owned).collect();
    if figures.is_empty() {
        bail!("no test of {promise} has told its figure");
    }
    Ok(figures)
}

/// The figure in a line of the tests' output. A test's name may stand before it: the line of the
/// name has no end while the test runs.
fn figure<'a>(promise: &str, line: &'a str) -> Option<&'a str> {
    let said = line.rsplit(" ... ").next()?;
    (said.starts_with(promise) && said.contains(": 0 in ")).then_some(said)
}

fn summary(done: &[(&str, Duration, Result<Vec<String>>)]) -> Result<()> {
    println!();
    for (promise, took, said) in done {
        match said {
            Ok(figures) => figures.iter().for_each(|figure| println!("✓ {figure}")),
            Err(error) => println!("✗ {promise}: {error}"),
        }
        println!("  after {:.0} s", took.as_secs_f64());
    }
    let broken: Vec<&str> = done.iter().filter(|(.., said)| said.is_err()).map(|(promise, ..)| *promise).collect();
    if !broken.is_empty() {
        bail!("broken, or not to be judged: {}", broken.join(", "));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::figure;

    #[test]
    fn a_figure_is_found_behind_the_name_of_its_test() {
        let told = "R3: 0 in 2000 sagas under faults did not end, or ended wrong";
        assert_eq!(figure("R3", told), Some(told));
        assert_eq!(figure("R3", &format!("test promised::sagas::r3_every_saga_ends ... {told}")), Some(told));
        assert_eq!(figure("R3", "test promised::sagas::r3_every_saga_ends ... ok"), None);
    }
}
