//! `cargo xtask soak`: the tests of the promises, with the figures of a long run.

use anyhow::Result;

use crate::sh::{self, step};

/// Runs the tests of these promises, or of all; each says "0 in n", or fails.
pub fn run(promises: &[String], minutes: Option<u32>) -> Result<()> {
    step("building the server and the tests");
    sh::run(&mut sh::cargo(&[
        "build",
        "--locked",
        "--package=server",
        "--bin=terrarium",
        "--package=acceptance",
        "--tests",
    ]))?;
    let mut filters: Vec<String> = promises.iter().map(|promise| format!("::{}_", promise.to_lowercase())).collect();
    if filters.is_empty() {
        filters.push("promised::".to_owned());
    }
    for filter in filters {
        step(format!("soaking {filter}"));
        let mut test =
            sh::cargo(&["test", "--locked", "--package=acceptance", "--", "--nocapture", "--test-threads=1"]);
        test.arg(filter).env("TERRARIUM_SOAK", "1");
        if let Some(minutes) = minutes {
            test.env("TERRARIUM_SOAK_MINUTES", minutes.to_string());
        }
        sh::run(&mut test)?;
    }
    Ok(())
}
