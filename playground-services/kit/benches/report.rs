//! What the benchmarks share: arguments, a folder, and verdicts as ratios.

use std::path::PathBuf;

/// The number after an option of the command line.
pub fn argument(name: &str) -> Option<u64> {
    let mut arguments = std::env::args();
    arguments.by_ref().find(|argument| argument == name)?;
    arguments.next()?.parse().ok()
}

/// A new folder, removed by whoever asked for it.
pub fn temp_dir(name: &str) -> std::io::Result<PathBuf> {
    let dir = std::env::temp_dir().join(format!("terrarium-bench-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The value below which `share` of all lie; `values` in any order.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    values[((values.len() as f64 * share) as usize).min(last)]
}

/// Prints the figure and fails when it misses its mark.
pub fn at_least(what: &str, value: f64, mark: f64) -> anyhow::Result<()> {
    println!("{what}: {value:.2} (at least {mark:.2})");
    anyhow::ensure!(value >= mark, "{what} is {value:.2}, short of {mark:.2}");
    Ok(())
}

/// Prints the figure and fails when it misses its mark.
pub fn at_most(what: &str, value: f64, mark: f64) -> anyhow::Result<()> {
    println!("{what}: {value:.2} (at most {mark:.2})");
    anyhow::ensure!(value <= mark, "{what} is {value:.2}, above {mark:.2}");
    Ok(())
}
