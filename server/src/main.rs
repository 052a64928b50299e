use anyhow::Context;
use clap::{Parser, Subcommand};
use rustix::process::{Resource, getrlimit, setrlimit};
use server::{Config, Server};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Microservices kept alive under glass: lessons that drive real services, and live pictures of
/// what they do.
#[derive(Parser)]
#[command(name = "terrarium", version, flatten_help = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the lessons and the playground.
    Serve(Box<Config>),
    /// Look after lessons.
    Lessons {
        #[command(subcommand)]
        command: LessonsCommand,
    },
    /// Run one service of a sandbox, told what to do on stdin. The server starts these itself.
    #[command(hide = true)]
    Service { name: String },
}

#[derive(Subcommand)]
enum LessonsCommand {
    /// Check a folder of lessons, or one lesson's, and name everything that is wrong.
    Check { dir: PathBuf },
}

fn main() -> ExitCode {
    // Each sandbox has a handful of threads, and each thread a little memory of its own: in pages
    // of 2 MB it would be a lot. Where the kernel won't, it only costs memory.
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let ended = match Cli::parse().command {
        Command::Serve(config) => serve(*config),
        Command::Lessons { command: LessonsCommand::Check { dir } } => check_lessons(&dir),
        Command::Service { name } => runner::service_main(&name),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("terrarium: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A line to stdout for each lesson that is fit to be taught, one to stderr for each error.
fn check_lessons(dir: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let errors = match runtime.block_on(server::course::load(dir))? {
        Ok(lessons) => {
            let some =
                |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
            for lesson in lessons {
                let (steps, questions) = (some(lesson.steps.len(), "step"), some(lesson.quiz.len(), "question"));
                println!("{}: {steps}, {questions}", lesson.slug);
            }
            return Ok(());
        }
        Err(errors) => errors,
    };
    errors.iter().for_each(|error| eprintln!("{error}"));
    match errors.len() {
        1 => anyhow::bail!("1 error"),
        many => anyhow::bail!("{many} errors"),
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&config.log).context("--log does not fit")?)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let shutdown = shutdown_on_signal()?;
        let listener =
            TcpListener::bind(config.addr).await.with_context(|| format!("can't listen on {}", config.addr))?;
        let addr = listener.local_addr()?;
        let server = Server::open(config).await?;
        println!("listening on http://{addr}");
        server.run(listener, shutdown).await
    });
    // What blocks a thread now has had its time.
    runtime.shutdown_timeout(Duration::from_millis(200));
    ended
}

/// SIGTERM or ctrl-c.
fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let shutdown = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let token = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        token.cancel();
    });
    Ok(shutdown)
}

/// A sandbox has a listener and a few files per service, and the usual limit is 1,024.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "can't raise the limit of open files");
    }
}
