//! One cell: a fresh sandbox, one order, one fault, and what comes of it.

use super::judge::{self, State};
use super::plan::{Plan, Scene, UNHEARD};
use super::watch::{Seen, Waited, Watch};
use crate::ids::SessionId;
use crate::runs::{RunName, Runs};
use crate::sandbox::{Sandbox, Sandboxes};
use crate::store::RunRow;
use protocol::{Command, FaultKind, Topology, Uuid, Value};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The same in every matrix. Verdicts go by the seeds of the faults, which are the same as well.
const SEED: u64 = 1;

/// The fault the cell is about.
const STRIKE: &str = "strike";

/// Time a cell has in all. Whatever is under way then goes on for ever.
const MOST: Duration = Duration::from_secs(60);

pub struct Cell {
    pub sandboxes: Arc<Sandboxes>,
    pub runs: Arc<Runs>,
    pub owner: SessionId,
    pub topology: Topology,
    pub plan: Plan,
}

/// What came of a cell.
pub struct Ended {
    pub state: State,
    pub detail: String,
    pub run: RunRow,
}

impl Cell {
    /// Its sandbox ends with it, however it ends.
    pub async fn run(self) -> anyhow::Result<Ended> {
        let sandbox = self.sandboxes.aside(&self.owner, self.topology.clone(), SEED).await?;
        let _gone = Gone { sandboxes: self.sandboxes.clone(), sandbox: sandbox.clone() };
        let (state, detail) = self.play(&sandbox).await?;
        let name = RunName::parse(&format!("{}, {}", self.plan.step, self.plan.strike.name()));
        let name = name.map_err(anyhow::Error::msg)?;
        let run = self.runs.set_aside(self.owner, &sandbox, name).await?;
        Ok(Ended { state, detail, run })
    }

    async fn play(&self, sandbox: &Sandbox) -> anyhow::Result<(State, String)> {
        let Plan { scene, fault, .. } = &self.plan;
        for (name, fault) in scene.faults() {
            sandbox.put_fault(name, fault).await?;
        }
        sandbox.put_fault(STRIKE, fault.clone()).await?;
        let mut watch = Watch::new(sandbox, STRIKE, MOST).await?;
        let order = json!({"item_id": protocol::ITEM, "quantity": scene.quantity(), "user_id": protocol::USER});
        sandbox.accept(command("PlaceOrder", order)).await?;
        match scene {
            Scene::Shipped => self.ship(sandbox, &mut watch, |seen| seen.state.sagas.confirmed > 0).await?,
            Scene::Impatient => self.ship(sandbox, &mut watch, |seen| seen.state.sagas.pending > 0).await?,
            _ => {}
        }
        // What is cleared before the service is down would not start it again.
        let crashes = fault.kind == FaultKind::CrashBeforePublish;
        let struck = |seen: &Seen| if crashes { seen.crashed } else { seen.struck };
        let mut waited = watch.until(struck).await?;
        let struck = waited == Waited::So;
        if struck {
            sandbox.clear_fault(STRIKE).await?;
            if *scene == Scene::Unheard {
                sandbox.clear_fault(UNHEARD).await?;
            }
            waited = watch.until(|_| false).await?;
        }
        Ok(judge::judge(waited, struck, &watch.seen.state, &sandbox.invariants().await?))
    }

    /// Asks for the parcel once the order is so.
    async fn ship(&self, sandbox: &Sandbox, watch: &mut Watch<'_>, so: impl Fn(&Seen) -> bool) -> anyhow::Result<()> {
        watch.until(so).await?;
        if let Some(saga) = watch.seen.state.sagas.latest.first() {
            sandbox.accept(command("ShipOrder", json!({"order_id": saga.order_id}))).await?;
        }
        Ok(())
    }
}

fn command(kind: &str, data: Value) -> Command {
    Command { id: Uuid::new_v4(), kind: kind.to_owned(), data }
}

/// Removes the sandbox of a cell that has ended, or was ended.
struct Gone {
    sandboxes: Arc<Sandboxes>,
    sandbox: Arc<Sandbox>,
}

impl Drop for Gone {
    fn drop(&mut self) {
        let (sandboxes, sandbox) = (self.sandboxes.clone(), self.sandbox.clone());
        tokio::spawn(async move {
            if let Err(error) = sandboxes.delete(sandbox.id()).await {
                tracing::error!(sandbox.id = %sandbox.id(), %error, "the sandbox of a cell could not be deleted");
            }
        });
    }
}
