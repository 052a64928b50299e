//! From a topology's services to services that run, as tasks of the server or as processes
//! of their own; and the checkers of what they promise together.

pub mod invariants;
mod leftover;
mod process;
mod services;
mod task;

pub use process::service_main;
pub use services::tables;

use kit::{FromHost, Host, Start};
use protocol::Isolation;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How services are started.
#[derive(Clone, Debug)]
pub struct Runner {
    pub isolation: Isolation,
    /// The program that runs a single service as `<program> service <name>`; this one, usually.
    pub program: PathBuf,
}

/// A service that runs.
pub struct Running {
    /// Its process, when it has one of its own.
    pub pid: Option<u32>,
    to_service: mpsc::UnboundedSender<FromHost>,
    body: Body,
}

/// The way from the sandbox to a service.
pub struct Link {
    pub to_service: mpsc::UnboundedSender<FromHost>,
    from_host: mpsc::UnboundedReceiver<FromHost>,
}

impl Default for Link {
    fn default() -> Self {
        let (to_service, from_host) = mpsc::unbounded_channel();
        Link { to_service, from_host }
    }
}

enum Body {
    Task(task::Task),
    Process(process::Process),
}

/// How long a service may take to end in good order before it is ended otherwise.
const GRACE: Duration = Duration::from_secs(2);

impl Runner {
    /// Starts a service, to be reached over `link`. It is up once `host` hears `Ready`.
    pub async fn start(&self, start: Start, link: Link, host: Arc<dyn Host>) -> anyhow::Result<Running> {
        leftover::end(&start).await?;
        let Link { to_service, from_host } = link;
        Ok(match self.isolation {
            Isolation::Task => Running { pid: None, to_service, body: Body::Task(task::start(start, from_host, host)) },
            Isolation::Process => {
                let process = process::start(&self.program, start, from_host, host)?;
                Running { pid: process.pid(), to_service, body: Body::Process(process) }
            }
        })
    }
}

impl Running {
    /// Ends it without a word: an abort, or a SIGKILL. When this returns it is gone, and
    /// everything it had sent has reached the host.
    pub async fn crash(&mut self) {
        match &mut self.body {
            Body::Task(task) => task.crash().await,
            Body::Process(process) => process.crash().await,
        }
    }

    /// Lets it stand still, as if its processor were taken away.
    pub fn pause(&self) {
        match &self.body {
            Body::Task(task) => task.pause(),
            Body::Process(process) => process.pause(),
        }
    }

    /// Lets it go on where it stood still.
    pub fn resume(&self) {
        match &self.body {
            Body::Task(task) => task.resume(),
            Body::Process(process) => process.resume(),
        }
    }

    /// Ends it in good order; within [`GRACE`], or else by a crash.
    pub async fn stop(&mut self) {
        let _ = self.to_service.send(FromHost::Stop);
        if tokio::time::timeout(GRACE, self.ended()).await.is_err() {
            self.crash().await;
        }
    }

    /// Resolves when it has ended, with the reason in words. Cancel safe.
    pub async fn ended(&mut self) -> String {
        match &mut self.body {
            Body::Task(task) => task.ended().await,
            Body::Process(process) => process.ended().await,
        }
    }
}
