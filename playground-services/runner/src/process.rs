//! A service as an operating system process of its own, linked by JSON frames over its stdin
//! and stdout. End of file ends it; a crash is a SIGKILL.

use crate::services;
use anyhow::Context;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use kit::{FromHost, Gate, Host, Start, ToHost};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::codec::{FramedRead, FramedWrite, LengthDelimitedCodec};

pub struct Process {
    child: Child,
    /// Ends when the child's last frame was passed on.
    reader: Option<JoinHandle<()>>,
}

pub fn start(
    program: &Path,
    start: Start,
    mut from_host: mpsc::UnboundedReceiver<FromHost>,
    host: Arc<dyn Host>,
) -> anyhow::Result<Process> {
    let mut child = Command::new(program)
        .arg("service")
        .arg(&*start.spec.name)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        // A Ctrl-C at the terminal is the server's business; it tells its services.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {} as a process", start.spec.name))?;
    let stdin = child.stdin.take().context("the child has no stdin")?;
    let stdout = child.stdout.take().context("the child has no stdout")?;
    tokio::spawn(async move {
        let mut frames = FramedWrite::new(stdin, LengthDelimitedCodec::new());
        let mut next = Some(FromHost::Start(Box::new(start)));
        while let Some(message) = next {
            let Ok(json) = serde_json::to_vec(&message) else { return };
            if frames.send(Bytes::from(json)).await.is_err() {
                return;
            }
            next = from_host.recv().await;
        }
    });
    let reader = tokio::spawn(async move {
        let mut frames = FramedRead::new(stdout, LengthDelimitedCodec::new());
        while let Some(Ok(frame)) = frames.next().await {
            match serde_json::from_slice::<ToHost>(&frame) {
                Ok(message) => host.send(message),
                Err(error) => tracing::error!(%error, "a service's frame cannot be read"),
            }
        }
    });
    Ok(Process { child, reader: Some(reader) })
}

impl Process {
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        // One that has ended meanwhile does nothing any more either way.
        let _ = pid.map(|pid| kill_process(pid, signal));
    }

    pub async fn crash(&mut self) {
        let _ = self.child.kill().await;
        self.drain().await;
    }

    pub async fn ended(&mut self) -> String {
        let ended = self.child.wait().await;
        self.drain().await;
        match ended {
            Ok(status) if status.success() => "stopped".to_owned(),
            Ok(status) => format!("its process ended: {status}"),
            Err(_) => "its process is gone".to_owned(),
        }
    }

    async fn drain(&mut self) {
        if let Some(reader) = &mut self.reader {
            let _ = reader.await;
            self.reader = None;
        }
    }
}

/// The body of `terrarium service <name>`: reads its start from stdin, runs until told to stop
/// or until stdin ends.
pub fn service_main(name: &str) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(child(name));
    // A read of stdin may still be blocked in its thread.
    runtime.shutdown_background();
    result
}

async fn child(name: &str) -> anyhow::Result<()> {
    let mut frames = FramedRead::new(tokio::io::stdin(), LengthDelimitedCodec::new());
    let first = frames.next().await.context("stdin ended before the start")??;
    let FromHost::Start(start) = serde_json::from_slice(&first)? else {
        anyhow::bail!("the first frame is no start");
    };
    anyhow::ensure!(&*start.spec.name == name, "started as {name}, told to be {}", start.spec.name);

    let (inbound, from_host) = mpsc::unbounded_channel();
    let reader = tokio::spawn(async move {
        while let Some(Ok(frame)) = frames.next().await {
            let Ok(message) = serde_json::from_slice(&frame) else { return };
            if inbound.send(message).is_err() {
                return;
            }
        }
        // Dropping `inbound` here ends the service: the server is gone.
    });
    let (outbound, mut to_host) = mpsc::unbounded_channel::<ToHost>();
    let writer = tokio::spawn(async move {
        let mut frames = FramedWrite::new(tokio::io::stdout(), LengthDelimitedCodec::new());
        while let Some(message) = to_host.recv().await {
            let json = serde_json::to_vec(&message)?;
            frames.send(Bytes::from(json)).await?;
        }
        anyhow::Ok(())
    });
    let result = services::run(*start, from_host, Arc::new(Pipe(outbound)), Gate::default()).await;
    reader.abort();
    writer.await??;
    result
}

/// The way to the server from a process of its own.
struct Pipe(mpsc::UnboundedSender<ToHost>);

impl Host for Pipe {
    fn send(&self, message: ToHost) {
        let _ = self.0.send(message);
    }
}
