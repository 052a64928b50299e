//! The server, built and started again on every change.

use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use anyhow::{Context, Result};
use notify::{Event, EventKind, RecursiveMode, Watcher};
use rustix::process::{Pid, Signal, kill_process};

use crate::sh::{self, step};
use crate::wasm::Profile;
use crate::{assets, serve};

const WATCHED: &[&str] = &[
    "Cargo.toml",
    "frontend/src",
    "frontend/public",
    "lessons",
    "playground-services",
    "server/src",
    "server/migrations",
    "style",
];

/// An editor saves several files at once; what follows within this time is one change.
const QUIET: Duration = Duration::from_millis(200);

pub fn run(args: &[String]) -> Result<()> {
    let (tell, changes) = mpsc::channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let changed = event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_)));
        if changed {
            // Nobody listens any more only when we are about to end.
            let _ = tell.send(());
        }
    })
    .context("can't watch files")?;
    for path in WATCHED.iter().map(|path| sh::root().join(path)).filter(|path| path.exists()) {
        watch(&mut watcher, &path)?;
    }

    let mut server: Option<Server> = None;
    loop {
        match build() {
            Ok(()) => {
                // The old one lets go of the port and the data first.
                drop(server.take());
                server = Some(Server::start(args)?);
            }
            Err(error) => println!("✗ {error:#}"),
        }
        step("waiting for a change");
        next_change(&changes)?;
    }
}

fn watch(watcher: &mut impl Watcher, path: &Path) -> Result<()> {
    watcher.watch(path, RecursiveMode::Recursive).with_context(|| format!("can't watch {}", path.display()))
}

fn next_change(changes: &Receiver<()>) -> Result<()> {
    changes.recv().context("the watcher ended")?;
    while changes.recv_timeout(QUIET).is_ok() {}
    Ok(())
}

fn build() -> Result<()> {
    assets::build(Profile::Dev)?;
    step("building the server");
    sh::run(&mut sh::cargo(&["build", "--package=server"]))
}

/// A running server; asked to stop when dropped.
struct Server(Child);

impl Server {
    fn start(args: &[String]) -> Result<Server> {
        step("starting the server");
        let child = serve::command(&sh::server_binary("debug"), args)
            // Pages then listen on /dev/reload and load again when the server came back.
            .env("TERRARIUM_DEV_RELOAD", "1")
            .spawn()
            .context("can't start the server")?;
        Ok(Server(child))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}
