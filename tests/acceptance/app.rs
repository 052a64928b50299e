//! Typed handles on a running Terrarium: [`App`] is the server, [`Session`] a browser or script
//! that uses it, [`Sandbox`] a learner's system, [`Events`] its stream.

mod events;
mod folder;
mod lessons;
mod matrix;
mod promises;
mod run;
mod sandbox;
mod session;

pub use events::{Event, Events};
pub use folder::Folder;
pub use lessons::Taken;
pub use matrix::{Cell, Matrix};
pub use promises::Promises;
pub use sandbox::Sandbox;
pub use session::Session;

use server::{Config, Server};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// For whatever must happen some time, on a machine that does a lot besides. What must happen within
/// a time is measured where that is promised.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// The future's outcome, or a failed test that says what did not happen.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}"))
}

/// Options for tests that ask for more than a learner does.
pub const NO_HURRY: [&str; 6] =
    ["--commands-per-second", "100000", "--command-burst", "100000", "--streams-per-session", "1000"];

/// A server with a data folder of its own.
pub struct App {
    args: Vec<String>,
    kind: Kind,
    data: Folder,
    /// `http://127.0.0.1:…`, another one after each start.
    base: watch::Sender<String>,
    running: Option<Running>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Task,
    Process,
}

enum Running {
    Task { shutdown: CancellationToken, run: JoinHandle<anyhow::Result<()>> },
    Process(Child),
}

impl App {
    /// Within this process: quick to start.
    pub async fn in_process(args: &[&str]) -> Self {
        Self::started(Kind::Task, args).await
    }

    /// The real program, which can be killed.
    pub async fn process(args: &[&str]) -> Self {
        Self::started(Kind::Process, args).await
    }

    async fn started(kind: Kind, args: &[&str]) -> Self {
        let args = args.iter().map(ToString::to_string).collect();
        let mut app = App { args, kind, data: Folder::new(), base: watch::Sender::default(), running: None };
        app.start().await;
        app
    }

    /// Starts it, again on the same data.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let (running, base) = match self.kind {
            Kind::Task => self.start_task().await,
            Kind::Process => self.start_process().await,
        };
        self.running = Some(running);
        self.base.send_replace(base);
    }

    async fn start_task(&self) -> (Running, String) {
        let config = Config::from_args(self.all_args()).expect("the options fit");
        let listener = TcpListener::bind(config.addr).await.expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Server::open(config).await.expect("the data folder opens");
        let shutdown = CancellationToken::new();
        let run = tokio::spawn(server.run(listener, shutdown.clone()));
        (Running::Task { shutdown, run }, base)
    }

    async fn start_process(&self) -> (Running, String) {
        let mut child = self.spawn();
        let stdout = child.stdout.take().expect("piped");
        let line = in_time("the server says where it listens", BufReader::new(stdout).lines().next_line()).await;
        let line = line.expect("text").unwrap_or_else(|| panic!("it did not start: {}", self.log()));
        let base = line.strip_prefix("listening on ").expect("the address").to_owned();
        (Running::Process(child), base)
    }

    /// The program, started but perhaps not up yet.
    pub fn spawn(&self) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.log_path()).expect("a log file");
        Command::new(program())
            .arg("serve")
            .args(self.all_args())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts")
    }

    fn all_args(&self) -> Vec<String> {
        let data = self.data();
        let own = ["--addr", "127.0.0.1:0", "--data-dir", data.to_str().expect("UTF-8")];
        own.into_iter().map(str::to_owned).chain(self.args.iter().cloned()).collect()
    }

    /// `kill -9`.
    pub async fn kill9(&mut self) {
        let Some(Running::Process(mut child)) = self.running.take() else { panic!("only a process can be killed") };
        child.kill().await.expect("it can be killed");
    }

    /// SIGTERM. How it ended, and how long that took.
    pub async fn terminate(&mut self) -> (ExitStatus, Duration) {
        let Some(Running::Process(mut child)) = self.running.take() else { panic!("only a process takes signals") };
        let pid = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())).expect("it runs");
        let began = Instant::now();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it takes signals");
        let ended = in_time("the server ends", child.wait()).await;
        (ended.expect("a status"), began.elapsed())
    }

    /// Stops it in good order, and fails when that fails.
    pub async fn stop(&mut self) {
        match &mut self.running {
            Some(Running::Task { shutdown, run }) => {
                shutdown.cancel();
                in_time("the server stops", run).await.expect("no panic").expect("all of it ends");
                self.running = None;
            }
            Some(Running::Process(_)) => {
                let (status, _) = self.terminate().await;
                assert!(status.success(), "{status}: {}", self.log());
            }
            None => {}
        }
    }

    /// A client of its own: a browser, or a script with a cookie jar.
    pub fn session(&self) -> Session {
        Session::new(self.base.subscribe())
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// What the program wrote to stderr.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().join("log")
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if std::thread::panicking() && self.kind == Kind::Process {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// The program beside the folder of this test.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().expect("this test is a file");
    let program = test.ancestors().nth(2).map(|folder| folder.join("terrarium")).expect("target/<profile>/deps/");
    let built = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
    assert!(
        built(&program).is_some(),
        "{} is missing: the tests drive the real program, so `cargo build -p server` comes first",
        program.display()
    );
    program
}
