//! A service as a task of the server: light enough for a class.

use crate::services;
use kit::{FromHost, Gate, Host, Start};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub struct Task {
    /// `None` once its end was seen.
    handle: Option<JoinHandle<anyhow::Result<()>>>,
    gate: Gate,
}

pub fn start(start: Start, from_host: mpsc::UnboundedReceiver<FromHost>, host: Arc<dyn Host>) -> Task {
    let gate = Gate::default();
    let running = gate.pass(services::run(start, from_host, host, gate.clone()));
    Task { handle: Some(tokio::spawn(running)), gate }
}

impl Task {
    pub fn pause(&self) {
        self.gate.close();
    }

    pub fn resume(&self) {
        self.gate.open();
    }

    pub async fn crash(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.abort();
            let _ = handle.await;
        }
    }

    pub async fn ended(&mut self) -> String {
        let Some(handle) = &mut self.handle else { return "ended".to_owned() };
        let ended = handle.await;
        self.handle = None;
        match ended {
            Ok(Ok(())) => "stopped".to_owned(),
            Ok(Err(error)) => {
                tracing::error!(error = ?error, "a service failed");
                format!("failed: {error}")
            }
            Err(_) => "panicked".to_owned(),
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(handle) = &self.handle {
            handle.abort();
        }
    }
}
