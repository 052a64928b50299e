//! A server under test in this process, and viewers of its streams over loopback.
#![allow(dead_code, reason = "each benchmark uses its part")]

use server::sandbox::Sandbox;
use server::{Config, Server};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A server with one sandbox whose services wait for nothing.
pub struct Glass {
    pub address: SocketAddr,
    pub sandbox: Arc<Sandbox>,
    cookie: String,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl Glass {
    pub async fn start(dir: &Path, batch: &str) -> anyhow::Result<Self> {
        let data_dir = dir.to_string_lossy().into_owned();
        let config = Config::from_args([
            "--data-dir",
            &data_dir,
            "--service-batch",
            batch,
            "--commands-per-second",
            "4000000000",
            "--command-burst",
            "4000000000",
            "--streams-per-session",
            "3000",
            "--streams",
            "3000",
        ])?;
        let server = Server::open(config).await?;
        let (token, sandbox) =
            server.sandbox(protocol::topology("saga-choreography").expect("exists").unhindered(128)).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(server.run(listener, shutdown.clone()));
        Ok(Glass { address, sandbox, cookie: format!("terrarium_session={token}"), shutdown, running })
    }

    /// One order, accepted.
    pub async fn order(&self) -> anyhow::Result<()> {
        let data = serde_json::json!({ "item_id": 42, "quantity": 1, "user_id": 1 });
        let command = protocol::Command { id: protocol::Uuid::new_v4(), kind: "PlaceOrder".to_owned(), data };
        self.sandbox.accept(command).await?;
        Ok(())
    }

    /// A viewer of the record from behind `after` on.
    pub async fn viewer(&self, after: u64) -> anyhow::Result<Viewer> {
        let path = format!("/api/sandboxes/{}/events?after={after}", self.sandbox.id());
        Viewer::open(self.address, &path, &self.cookie).await
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.running.await?
    }
}

/// A viewer on its way to another runtime.
pub struct Detached {
    stream: std::net::TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Detached {
    pub fn attach(self) -> anyhow::Result<Viewer> {
        Ok(Viewer { stream: TcpStream::from_std(self.stream)?, buffer: self.buffer, filled: self.filled })
    }
}

/// A reader of server-sent events that does as little as a reader can.
pub struct Viewer {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Viewer {
    pub async fn open(address: SocketAddr, path: &str, cookie: &str) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut viewer = Viewer { stream, buffer: vec![0; 64 << 10], filled: 0 };
        let head = loop {
            viewer.read().await?;
            if let Some(end) = memchr::memmem::find(viewer.bytes(), b"\r\n\r\n") {
                break end + 4;
            }
        };
        anyhow::ensure!(viewer.bytes().starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(viewer.bytes()));
        viewer.consume(head);
        Ok(viewer)
    }

    /// Takes it off this runtime.
    pub fn detach(self) -> anyhow::Result<Detached> {
        Ok(Detached { stream: self.stream.into_std()?, buffer: self.buffer, filled: self.filled })
    }

    /// Reads some more; fails at the end of the stream.
    pub async fn read(&mut self) -> anyhow::Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        let got = self.stream.read(&mut self.buffer[self.filled..]).await?;
        anyhow::ensure!(got > 0, "the stream ended");
        self.filled += got;
        Ok(())
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    pub fn consume(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }

    /// Counts events until there were so many.
    pub async fn count(&mut self, events: u64) -> anyhow::Result<()> {
        let mut seen = 0;
        loop {
            let end = memchr::memrchr(b'\n', self.bytes()).map_or(0, |end| end + 1);
            // Each event has one line that begins like this; the data are JSON without line breaks.
            seen += memchr::memmem::find_iter(&self.bytes()[..end], b"\ndata: ").count() as u64;
            // The last newline may begin the next match: it stays.
            if end > 0 {
                self.consume(end - 1);
            }
            if seen >= events {
                return Ok(());
            }
            self.read().await?;
        }
    }

    /// Reads on; tells of each whole event that has come.
    pub async fn events(&mut self, mut each: impl FnMut(&[u8])) -> anyhow::Result<()> {
        self.read().await?;
        let whole = memchr::memmem::rfind(self.bytes(), b"\n\n").map_or(0, |end| end + 2);
        let mut rest = &self.bytes()[..whole];
        while let Some(end) = memchr::memmem::find(rest, b"\n\n") {
            each(&rest[..end]);
            rest = &rest[end + 2..];
        }
        self.consume(whole);
        Ok(())
    }

    /// The next event's data.
    pub async fn next(&mut self) -> anyhow::Result<Vec<u8>> {
        loop {
            if let Some(start) = memchr::memmem::find(self.bytes(), b"\ndata: ")
                && let Some(length) = memchr::memmem::find(&self.bytes()[start + 7..], b"\n\n")
            {
                let data = self.bytes()[start + 7..start + 7 + length].to_vec();
                self.consume(start + 7 + length);
                return Ok(data);
            }
            self.read().await?;
        }
    }
}
