//! Every crate we build with has a licence we can live with.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{sh, spdx};

const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Weak copyleft: fine in tools, not in what we hand out.
const ALLOWED_IN_TOOLS: &[&str] = &["MPL-2.0"];

const HANDED_OUT: &[&str] = &["server", "frontend"];

pub fn check() -> Result<()> {
    let metadata = sh::output(&mut sh::cargo(&["metadata", "--locked", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let handed_out = handed_out(&metadata)?;
    let in_tools = [ALLOWED, ALLOWED_IN_TOOLS].concat();

    let refused: Vec<String> = packages
        .iter()
        .filter_map(|package| {
            let is_handed_out = handed_out.contains(package["id"].as_str()?);
            refusal(package, if is_handed_out { ALLOWED } else { &in_tools })
        })
        .collect();
    if !refused.is_empty() {
        bail!("licences nobody has agreed to (xtask/src/licences.rs has the list):\n  {}", refused.join("\n  "));
    }
    println!("  {} crates, {} of them handed out: every licence is on the list", packages.len(), handed_out.len());
    Ok(())
}

/// The ids of everything the server and the frontend are built from.
fn handed_out(metadata: &Value) -> Result<HashSet<&str>> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("cargo metadata resolves nothing")?;
    let dependencies: HashMap<&str, Vec<&str>> = nodes
        .iter()
        .filter_map(|node| {
            let needs = node["dependencies"].as_array()?.iter().filter_map(Value::as_str);
            Some((node["id"].as_str()?, needs.collect()))
        })
        .collect();
    let members = metadata["packages"].as_array().into_iter().flatten();
    let mut left: Vec<&str> = members
        .filter(|package| package["source"].is_null())
        .filter(|package| HANDED_OUT.iter().any(|name| package["name"] == *name))
        .filter_map(|package| package["id"].as_str())
        .collect();

    let mut found = HashSet::new();
    while let Some(id) = left.pop() {
        if found.insert(id) {
            left.extend(dependencies.get(id).into_iter().flatten());
        }
    }
    Ok(found)
}

fn refusal(package: &Value, allowed: &[&str]) -> Option<String> {
    let name = package["name"].as_str().unwrap_or("?");
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{name}: none given"));
    };
    match spdx::satisfied(licence, allowed) {
        Ok(true) => None,
        Ok(false) => Some(format!("{name}: {licence}")),
        Err(error) => Some(format!("{name}: {error:#}")),
    }
}
