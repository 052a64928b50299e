//! The wasm of the frontend and its JavaScript glue.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::browser::{self, Node};
use crate::sh::{self, step};

pub const TARGET: &str = "wasm32-unknown-unknown";
/// The classes of wasm-streams: `IntoUnderlyingSource` and its like.
const UNUSED: &str = "intounderlying";
const BINARYEN: &str = "132.0.0";

/// Never `--all-features`: it emits an import encoding that Chromium refuses.
const WASM_OPT: &[&str] = &[
    "-Oz",
    "--converge",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-reference-types",
    "--enable-mutable-globals",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// What ships: small
    Release,
    /// While working: quick
    Dev,
}

impl Profile {
    fn cargo_name(self) -> &'static str {
        match self {
            Profile::Release => "wasm-release",
            Profile::Dev => "wasm-dev",
        }
    }
}

/// Builds the frontend for the browser; gives the folder with `frontend.js`, `frontend_bg.wasm`
/// and, if there are any, `snippets/`.
pub fn build(profile: Profile) -> Result<PathBuf> {
    ensure_target()?;

    let cargo_profile = profile.cargo_name();
    step(format!("building the wasm ({cargo_profile})"));
    let mut cargo = sh::cargo(&["build", "--package=frontend", "--lib", "--target", TARGET]);
    cargo.args(["--no-default-features", "--features=hydrate", "--profile", cargo_profile]);
    if profile == Profile::Release {
        cargo.arg("--locked");
    }
    sh::run(&mut cargo)?;

    let built = sh::target().join(TARGET).join(cargo_profile).join("frontend.wasm");
    let wasm = fs::read(&built).with_context(|| format!("cargo left no {}", built.display()))?;
    let optimiser = optimiser(profile);
    let stamp = stamp(&wasm, optimiser.as_ref());
    let dir = sh::target().join("xtask").join(cargo_profile);
    if fs::read_to_string(dir.join("stamp")).is_ok_and(|old| old == stamp) {
        return Ok(dir);
    }

    if dir.exists() {
        fs::remove_dir_all(&dir).context("can't clear the folder of the last wasm")?;
    }
    step("binding the wasm to JavaScript");
    bind(&built, profile, &dir).context("wasm-bindgen failed")?;
    if let Some(node) = optimiser {
        step(format!("making the wasm small (wasm-opt of binaryen {BINARYEN})"));
        optimise(&node, &dir.join("frontend_bg.wasm"))?;
    }
    fs::write(dir.join("stamp"), stamp).context("can't write the wasm's stamp")?;
    Ok(dir)
}

/// Makes sure that Rust can build for the browser.
pub fn ensure_target() -> Result<()> {
    let libdir = sh::output(sh::command("rustc").args(["--print=target-libdir", "--target", TARGET]));
    if libdir.is_ok_and(|dir| Path::new(dir.trim()).is_dir()) {
        return Ok(());
    }
    step(format!("adding the target {TARGET} with rustup"));
    if sh::run(sh::command("rustup").args(["target", "add", TARGET])).is_ok() {
        return Ok(());
    }
    bail!(
        "Rust's standard library for {TARGET} is missing and rustup could not add it.\n\
         With rustup and a network: rustup target add {TARGET}\n\
         Without rustup: install your distribution's package of it \
         (Fedora: rust-std-static-{TARGET}; Arch: rust-wasm)."
    );
}

/// The node that runs wasm-opt; without one the wasm stays as it is, half as large again.
fn optimiser(profile: Profile) -> Option<Node> {
    if profile == Profile::Dev {
        return None;
    }
    let node = browser::find_node();
    if node.is_none() {
        step("no node and npm here: the wasm stays without wasm-opt, about half as large again");
    }
    node
}

fn bind(wasm: &Path, profile: Profile, dir: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .out_name("frontend")
        .web(true)?
        .typescript(false)
        // The page names the wasm's hashed URL itself.
        .omit_default_module_path(true)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(profile == Profile::Release)
        .generate(dir)?;
    drop_unused_exports(&dir.join("frontend_bg.wasm"))
}

/// Whatever is exported stays in, and leptos brings streams of bytes that nothing here makes.
fn drop_unused_exports(wasm: &Path) -> Result<()> {
    let mut module = walrus::Module::from_file(wasm)?;
    let unused = module.exports.iter().filter(|export| export.name.contains(UNUSED)).map(walrus::Export::id);
    for export in unused.collect::<Vec<_>>() {
        module.exports.delete(export);
    }
    module.emit_wasm_file(wasm)
}

fn optimise(node: &Node, wasm: &Path) -> Result<()> {
    let tool = browser::npm_tool(node, "binaryen", BINARYEN)?;
    let optimised = wasm.with_extension("optimised");
    sh::run(node.command().arg(tool.join("bin/wasm-opt")).args(WASM_OPT).arg(wasm).arg("-o").arg(&optimised))?;
    fs::rename(&optimised, wasm).context("can't replace the wasm by the optimised one")
}

fn stamp(wasm: &[u8], optimiser: Option<&Node>) -> String {
    let mut hash = Sha256::new();
    hash.update(wasm);
    hash.update(UNUSED);
    if optimiser.is_some() {
        hash.update(BINARYEN);
        hash.update(WASM_OPT.join(" "));
    }
    format!("{:x}", hash.finalize())
}
