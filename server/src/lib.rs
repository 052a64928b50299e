//! The server: what the browser and the API see, and everything a learner's sandbox needs.
//!
//! A request passes [`frame`] (id, headers, problems), [`auth::origin`], [`body`] and
//! [`auth::access`] before a handler in [`routes`] sees it; [`app`] has the table of them.

pub mod app;
mod assets;
pub mod auth;
mod body;
pub mod config;
mod connections;
pub mod course;
mod encoding;
mod error;
mod feed;
mod frame;
pub mod ids;
mod look;
pub mod matrix;
mod metrics;
mod million;
mod openapi;
mod pages;
pub mod recorder;
mod routes;
mod rule;
pub mod runs;
pub mod sandbox;
mod sources;
pub mod store;
mod streams;
#[cfg(test)]
mod testing;

pub use config::Config;

use app::App;
use runs::Runs;
use sandbox::Sandboxes;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Many small texts are made on one thread and freed on another: the system's allocator makes
/// them wait for each other.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Time the sandboxes have to end, once told to.
const DRAIN: Duration = Duration::from_secs(4);

/// Time requests under way have to be answered meanwhile.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// A server that is ready to be given a listener.
pub struct Server {
    app: App,
}

impl Server {
    /// Opens the data folder and lets what was in flight go on.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let config = Arc::new(config);
        let store = Store::open(&config.data_dir).await?;
        let sandboxes = Sandboxes::open(config.clone(), store.clone()).await?;
        let runs = Runs::open(config.clone(), store.clone()).await?;
        Ok(Self { app: App::new(config, store, sandboxes, runs).await? })
    }

    /// A new session with a sandbox of this topology, which need not be one that the API offers.
    pub async fn sandbox(&self, topology: protocol::Topology) -> anyhow::Result<(ids::Token, Arc<sandbox::Sandbox>)> {
        let token = self.app.store.create_session().await?;
        let sandbox = self.app.sandboxes.create(&token.session(), topology, 1).await?;
        Ok((token, sandbox))
    }

    /// A matrix of a new session.
    pub async fn matrix(&self, topology: protocol::Topology) -> anyhow::Result<Arc<matrix::Matrix>> {
        let token = self.app.store.create_session().await?;
        Ok(self.app.matrices.start(token.session(), topology)?)
    }

    /// Answers until told to stop, then ends. Fails when a sandbox had not ended within [`DRAIN`].
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
        let Self { app } = self;
        let pulse = tokio::spawn({
            let streams = app.streams.clone();
            async move { streams.keep_alive().await }
        });
        let mut open = connections::accept(listener, app.router(), &app.config, &shutdown).await;
        pulse.abort();
        app.streams.end_all();
        let (answered, ended) = tokio::join!(timeout(LAST_ANSWERS, open.ended()), timeout(DRAIN, app.end()));
        if answered.is_err() {
            tracing::warn!(connections = open.abort(), "cut off, still open after {LAST_ANSWERS:?}");
        }
        ended.map_err(|_| {
            anyhow::anyhow!("not every sandbox ended within {DRAIN:?}; the next start goes on from its files")
        })?;
        app.store.close().await;
        Ok(())
    }
}
