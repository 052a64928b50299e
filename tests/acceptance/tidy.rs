//! The conventions of this repository, as tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may depend on whom; `<service>` stands for every crate in playground-services/ that is
/// named nowhere else here.
const ARROWS: &[(&str, &[&str])] = &[
    ("server", &["frontend", "lessons", "runner", "kit", "diagram", "protocol"]),
    ("frontend", &["lessons", "diagram", "protocol"]),
    ("lessons", &["protocol"]),
    ("protocol", &[]),
    ("diagram", &["protocol"]),
    ("kit", &["protocol"]),
    ("<service>", &["kit", "protocol"]),
    ("monolith", &["orders", "inventory", "payments", "notifications", "kit", "protocol"]),
    ("runner", &["<service>", "monolith", "kit", "protocol"]),
    ("acceptance", &["server", "runner", "kit", "lessons", "diagram", "protocol"]),
    ("xtask", &[]),
];

#[test]
fn no_crate_depends_on_another_unless_the_design_says_so() {
    let metadata = metadata();
    let members: BTreeSet<&str> = packages(&metadata).map(name).collect();
    let role = |crate_name: &str| {
        let named = ARROWS.iter().find(|(role, _)| *role == crate_name);
        named.map_or("<service>", |(role, _)| role)
    };

    let mut unplanned = Vec::new();
    for package in packages(&metadata) {
        let allowed = ARROWS.iter().find(|(from, _)| *from == role(name(package))).expect("every role has a row").1;
        for to in array(package, "dependencies").map(name).filter(|to| members.contains(to)) {
            if !allowed.contains(&to) && !allowed.contains(&role(to)) {
                unplanned.push(format!("{} -> {to}", name(package)));
            }
        }
    }
    assert!(unplanned.is_empty(), "arrows that are not in the design: {unplanned:#?}");
}

#[test]
fn crates_that_are_no_service_lie_where_their_role_says() {
    for package in packages(&metadata()) {
        let is_service = !ARROWS.iter().any(|(role, _)| *role == name(package));
        let manifest = package["manifest_path"].as_str().expect("a package has a manifest");
        let lies_with_services = Path::new(manifest).starts_with(root().join("playground-services"));
        assert!(!is_service || lies_with_services, "{} is new here: give it a row in ARROWS", name(package));
    }
}

#[test]
fn every_island_is_in_the_frontend() {
    // Written in two parts, so that this file doesn't find itself.
    let island = concat!("#[", "island");
    let elsewhere: Vec<_> =
        rust_files().filter(|file| !file.starts_with("frontend") && read(file).contains(island)).collect();
    assert!(elsewhere.is_empty(), "islands outside frontend/ vanish at link time: {elsewhere:#?}");
}

#[test]
fn sql_is_only_in_storage() {
    let signs = [concat!("sqlx::", "query"), concat!("sqlx::", "raw_sql"), concat!("query_", "as(")];
    let elsewhere: Vec<_> = rust_files()
        .filter(|file| !may_hold_sql(file))
        .filter(|file| {
            let text = read(file);
            let (code, _tests) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
            signs.iter().any(|sign| code.contains(sign))
        })
        .collect();
    assert!(elsewhere.is_empty(), "SQL outside a storage file: {elsewhere:#?}");
}

/// The files of the kit that own a table each.
const KIT_STORAGE: &[&str] =
    &["changes", "event_store", "inbox", "lease", "outbox", "relay", "snapshot", "storage", "tables"];

/// Also any file or folder named storage or store, and tests and benches.
fn may_hold_sql(file: &Path) -> bool {
    let path = file.with_extension("");
    let is_kits = path
        .strip_prefix("playground-services/kit/src")
        .is_ok_and(|path| KIT_STORAGE.iter().any(|name| path.starts_with(name)));
    let is_named_so = path.iter().any(|part| ["storage", "store", "tests", "benches"].iter().any(|name| part == *name));
    is_kits || is_named_so
}

#[test]
fn lock_files_name_no_registry_but_the_public_ones() {
    for line in read(Path::new("Cargo.lock")).lines().filter(|line| line.starts_with("source = ")) {
        assert_eq!(line, "source = \"registry+https://github.com/rust-lang/crates.io-index\"");
    }
    for lock in files().filter(|file| file.ends_with("package-lock.json")) {
        assert!(
            !read(&lock).contains("\"resolved\""),
            "{} names a registry host: see tests/e2e/.npmrc",
            lock.display()
        );
    }
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked", "--no-deps"])
        .current_dir(root())
        .output()
        .expect("cargo runs, or we would not");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    array(metadata, "packages")
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().expect("packages and dependencies are named")
}

fn rust_files() -> impl Iterator<Item = PathBuf> {
    files().filter(|file| file.extension().is_some_and(|extension| extension == "rs"))
}

/// Every file of ours, as seen from the root; not what was built, installed or recorded.
fn files() -> impl Iterator<Item = PathBuf> {
    let mut found = Vec::new();
    collect(&root(), &mut found);
    found.into_iter().map(|file| file.strip_prefix(root()).expect("it was found there").to_path_buf())
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of ours can be listed") {
        let path = entry.expect("a folder of ours can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || ["target", "node_modules", "data"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() { collect(&path, found) } else { found.push(path) }
    }
}

fn read(file: &Path) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the repository").to_path_buf()
}
