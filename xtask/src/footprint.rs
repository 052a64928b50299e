//! How soon the server answers, and what it takes while nobody does anything.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::within;
use crate::sh::{self, step};

const START_SECONDS: f64 = 0.3;
const IDLE_MB: f64 = 25.0;
const SANDBOX_MB: f64 = 3.0;
const IDLE_CPU_PERCENT: f64 = 0.1;
const SANDBOXES: u32 = 20;
const IDLE: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(30);

/// A release server on a data folder of its own; killed when dropped.
pub struct Running {
    pub url: String,
    child: Child,
    started_in: Duration,
    _data: TempDir,
}

impl Running {
    /// With these variables, built first where anything has changed.
    pub fn start(variables: &[(&str, &str)]) -> Result<Running> {
        crate::assets::build(crate::wasm::Profile::Release)?;
        step("building the server");
        sh::run(&mut sh::cargo(&["build", "--locked", "--release", "--package=server"]))?;
        let binary = sh::server_binary("release");
        let data = tempfile::tempdir()?;
        let start = Instant::now();
        let mut child = sh::command(&binary)
            .args(["serve", "--addr", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("can't start {}", binary.display()))?;
        let mut lines = BufReader::new(child.stdout.take().context("the server has no stdout")?).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("listening on ")?.1.trim().to_string()))
            .context("the server ended without saying where it listens")?;
        thread::spawn(move || lines.for_each(drop));

        let mut running = Running { url, child, started_in: Duration::ZERO, _data: data };
        wait_for("readiness", || Ok(ureq::get(format!("{}/readyz", running.url)).call().is_ok()))?;
        running.started_in = start.elapsed();
        Ok(running)
    }

    /// Memory that is really there, in MB.
    fn resident(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("no /proc here")?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("VmRSS is empty")?.parse()?;
        Ok(kib * 1024.0 / 1e6)
    }

    /// Processor time used so far, in seconds, own and the kernel's for us.
    fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).context("no /proc here")?;
        // The name in brackets may hold spaces; the fields after it don't.
        let (_, fields) = stat.rsplit_once(") ").context("/proc/<pid>/stat has no name")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
        Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn measure() -> Result<()> {
    step("starting the server on an empty folder");
    let server = Running::start(&[])?;
    let mut kept = within("start to ready", server.started_in.as_secs_f64(), START_SECONDS, "s");
    thread::sleep(Duration::from_secs(1));
    let empty = server.resident()?;
    kept &= within("memory, no sandboxes", empty, IDLE_MB, "MB");

    step(format!("creating {SANDBOXES} sandboxes"));
    for _ in 0..SANDBOXES {
        create_sandbox(&server.url)?;
    }
    let grown = (server.resident()? - empty) / f64::from(SANDBOXES);
    kept &= within("memory per sandbox", grown, SANDBOX_MB, "MB");

    step(format!("doing nothing for {} s", IDLE.as_secs()));
    let before = server.cpu()?;
    thread::sleep(IDLE);
    let percent = (server.cpu()? - before) / IDLE.as_secs_f64() * 100.0;
    kept &= within("processor while idle", percent, IDLE_CPU_PERCENT, "%");

    if !kept {
        bail!("the server is over its budget");
    }
    Ok(())
}

/// Each one is a learner of its own, so that no session's quota is met.
fn create_sandbox(url: &str) -> Result<()> {
    let mut created = ureq::post(format!("{url}/api/sandboxes"))
        .content_type("application/json")
        .send(json!({"topology": "saga-choreography"}).to_string())
        .context("no sandbox was created")?;
    let cookies: Vec<String> = created
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|value| Some(value.to_str().ok()?.split(';').next()?.to_string()))
        .collect();
    let body: Value = serde_json::from_str(&created.body_mut().read_to_string()?)?;
    let id = body["id"].as_str().context("the new sandbox has no id")?;

    wait_for("a sandbox's services", || {
        let mut answer = ureq::get(format!("{url}/api/sandboxes/{id}")).header("cookie", cookies.join("; ")).call()?;
        let sandbox: Value = serde_json::from_str(&answer.body_mut().read_to_string()?)?;
        let services = sandbox["services"].as_array().context("the sandbox lists no services")?;
        Ok(!services.is_empty() && services.iter().all(|service| service["health"] == "up"))
    })
}

fn wait_for(what: &str, mut there: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !there()? {
        if start.elapsed() > PATIENCE {
            bail!("waited {} s for {what}", PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
