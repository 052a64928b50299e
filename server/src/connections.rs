//! Connections: accepted, bounded in number, cut off when slow, and ended in good order.

use crate::config::Config;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Time the head of a request has to arrive, and a connection may be idle between two.
const HEAD: Duration = Duration::from_secs(30);
const HEAD_BYTES: usize = 32 << 10;

/// Connections beyond those that streams may have.
const SPARE: usize = 1000;

/// A laptop that was closed is noticed after about a minute and a half.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const PROBES_EVERY: Duration = Duration::from_secs(10);
const PROBES: u32 = 3;
/// The same for one that has data under way, or takes none. Its stream resumes by position.
const UNACKNOWLEDGED_MS: u32 = 120_000;

/// Connections that are still open.
pub struct Connections(JoinSet<()>);

impl Connections {
    pub async fn ended(&mut self) {
        while self.0.join_next().await.is_some() {}
    }

    /// Cuts off those still open and says how many they were.
    pub fn abort(&mut self) -> usize {
        let open = self.0.len();
        self.0.abort_all();
        open
    }
}

/// Serves until told to stop; those still open then finish the request they are at.
pub async fn accept(
    listener: TcpListener,
    router: Router,
    config: &Config,
    shutdown: &CancellationToken,
) -> Connections {
    let most = config.streams as usize + SPARE;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Connections(connections),
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended && error.is_panic() {
                    tracing::error!(%error, "a connection panicked");
                }
            }
            accepted = listener.accept(), if connections.len() < most => match accepted {
                Ok((stream, _)) => {
                    if let Err(error) = prepare(&stream) {
                        tracing::debug!(%error, "a connection was gone before it was answered");
                        continue;
                    }
                    connections.spawn(serve(stream, router.clone(), shutdown.clone()));
                }
                Err(error) => wait_after(error).await,
            },
        }
    }
}

async fn serve(stream: TcpStream, router: Router, shutdown: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke off");
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    use rustix::net::sockopt;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, KEEP_ALIVE)?;
    sockopt::set_tcp_keepintvl(stream, PROBES_EVERY)?;
    sockopt::set_tcp_keepcnt(stream, PROBES)?;
    #[cfg(target_os = "linux")]
    sockopt::set_tcp_user_timeout(stream, UNACKNOWLEDGED_MS)?;
    Ok(())
}

/// A client that gave up is its own affair; out of file handles, waiting may help.
async fn wait_after(error: io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        tracing::error!(%error, "can't accept connections");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
