//! **Show me**: a step's actions, done in the learner's place by the sandbox's ordinary calls.

use super::{Course, Taken, lock};
use crate::course::follow::Follow;
use crate::sandbox::{LoadSpec, ReadsSpec, Sandbox, SandboxError};
use crate::store::now_ms;
use anyhow::{Context, bail};
use futures_util::StreamExt;
use lessons::{Action, Condition, FaultRule, Wait, pause_name};
use protocol::{Command, FaultKind, Name, Uuid, Value};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "lowercase")]
#[schema(as = Show)]
pub enum ShowView {
    /// Nothing was shown in this sandbox.
    #[default]
    Idle,
    Running,
    Done,
    /// It broke off.
    Failed {
        /// Why.
        detail: String,
    },
}

/// How long one wait may take.
const WAIT: Duration = Duration::from_secs(60);

/// How many outcomes are remembered.
const SHOWS: usize = 1000;

impl Course {
    /// Begins to show the step in this sandbox; false when something is being shown there.
    pub fn show(self: &Arc<Self>, taken: Taken, sandbox: Arc<Sandbox>) -> bool {
        let id = *sandbox.id();
        {
            let mut shows = lock(&self.shows);
            if shows.get(&id) == Some(&ShowView::Running) || self.stop.is_cancelled() {
                return false;
            }
            if shows.len() >= SHOWS {
                shows.retain(|_, show| *show == ShowView::Running);
            }
            shows.insert(id, ShowView::Running);
        }
        let course = self.clone();
        let job = async move {
            let shown = tokio::select! {
                shown = course.act(taken, &sandbox) => shown,
                () = course.stop.cancelled() => Err(anyhow::anyhow!("the server is stopping")),
            };
            let view = match shown {
                Ok(()) => {
                    // Whether anybody looks or not; whoever does later is told what is wrong.
                    if let Err(error) = course.note_after(taken, &sandbox, ShowView::Done).await {
                        tracing::debug!(sandbox.id = %id, %error, "what was shown could not be noted");
                    }
                    ShowView::Done
                }
                Err(error) => {
                    tracing::info!(sandbox.id = %id, lesson = taken.lesson.slug, step = taken.step.id, error = ?error, "a step could not be shown");
                    ShowView::Failed { detail: sentence(&error) }
                }
            };
            // Where the sandbox was deleted meanwhile, nobody asks any more.
            if let Some(show) = lock(&course.shows).get_mut(&id) {
                *show = view;
            }
        };
        let mut jobs = lock(&self.jobs);
        while jobs.try_join_next().is_some() {}
        jobs.spawn(job);
        true
    }

    async fn act(&self, taken: Taken, sandbox: &Sandbox) -> anyhow::Result<()> {
        let began = sandbox.state().position;
        let (follow, since) = (Follow::since(began), now_ms());
        let mut shown = Shown { course: self, taken, sandbox, follow, since, orders: 0 };
        for action in &taken.step.show {
            shown.act(action).await?;
        }
        Ok(())
    }
}

/// A step that is being shown.
struct Shown<'a> {
    course: &'a Course,
    taken: Taken,
    sandbox: &'a Sandbox,
    /// From where the showing began.
    follow: Follow,
    /// The same, in milliseconds since 1970.
    since: i64,
    /// Placed by now.
    orders: u64,
}

impl Shown<'_> {
    async fn act(&mut self, action: &Action) -> anyhow::Result<()> {
        let sandbox = self.sandbox;
        match action {
            Action::PlaceOrder { n, quantity } => {
                let order = json!({ "item_id": protocol::ITEM, "quantity": quantity, "user_id": protocol::USER });
                for _ in 0..*n {
                    self.command("PlaceOrder", order.clone()).await?;
                    self.orders += 1;
                }
            }
            Action::Send { r#type, data, n } => {
                for _ in 0..*n {
                    self.command(r#type, data.clone()).await?;
                }
            }
            Action::ShipOrder => {
                let orders = self.orders;
                self.until("there is an order to ship", |shown| {
                    let tally = &shown.follow.tally;
                    tally.orders() > 0 && tally.orders() >= orders
                })
                .await?;
                self.of_order("ShipOrder", self.follow.tally.last_order()).await?;
            }
            Action::ResumeSaga => {
                self.until("a saga is parked", |shown| shown.follow.tally.last_parked().is_some()).await?;
                self.of_order("ResumeSaga", self.follow.tally.last_parked()).await?;
            }
            Action::Fault { id, rule } => drop(sandbox.put_fault(id, rule.spec()).await?),
            Action::ClearFault { id } => self.clear(id).await?,
            Action::Heal => sandbox.heal_all().await?,
            Action::Switch { name, on } => sandbox.set_switch(name, *on).await?,
            Action::Crash { service, replica } => sandbox.crash(service, *replica).await?,
            Action::CrashLeader { service } => {
                let leader =
                    || sandbox.state().node(service).and_then(|node| node.lease.as_ref().map(|lease| lease.holder));
                self.until("somebody leads", |_| leader().is_some()).await?;
                sandbox.crash(service, leader()).await?;
            }
            Action::Restart { service } => sandbox.restart(service, None).await?,
            Action::Pause { service, replica } => {
                let target = replica.map_or(service.to_string(), |replica| format!("{service}/{replica}"));
                drop(sandbox.put_fault(&pause_name(service), of_part(FaultKind::Pause, target).spec()).await?);
            }
            Action::Resume { service } => self.clear(&pause_name(service)).await?,
            Action::Replicas { service, replicas } => sandbox.scale(service, *replicas).await?,
            Action::Read { service, query, after } => {
                let params = after.map(|after| format!("after={after}")).unwrap_or_default();
                match sandbox.query(service, query, &params).await {
                    // What it could not say is in the record, too.
                    Ok(_) | Err(SandboxError::NoAnswer(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Action::Load { rate, r#type, data, reads } => {
                let rate = NonZeroU32::new(*rate).context("a load has a rate")?;
                let order = || json!({ "item_id": protocol::ITEM, "quantity": 1, "user_id": protocol::USER });
                let (kind, data) = (r#type.clone(), data.clone().unwrap_or_else(order));
                let reads = reads.and_then(NonZeroU32::new).map(|per_write| ReadsSpec { per_write });
                let kind = kind.unwrap_or_else(|| "PlaceOrder".into());
                sandbox.put_load(LoadSpec { kind, rate, data, reads }).await?;
            }
            Action::StopLoad => sandbox.stop_load().await,
            Action::RunMatrix { topology, switches } => self.run_matrix(topology, switches).await?,
            Action::Wait(Wait::Rest) => {
                self.until("nothing is under way", |shown| shown.holds(&Condition::AtRest)).await?;
            }
            Action::Wait(Wait::Until(condition)) => {
                self.until(&condition.text(), |shown| shown.holds(condition)).await?;
            }
        }
        Ok(())
    }

    fn holds(&self, condition: &Condition) -> bool {
        let matrices = self.course.matrices_of(self.taken, self.since);
        condition.holds(&self.follow.tally, &self.follow.present(&matrices))
    }

    /// Reads on until it is so.
    async fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        let tables: Vec<_> = self.taken.step.show.iter().flat_map(tables).collect();
        let waited = async {
            let mut events = Box::pin(self.sandbox.events(self.follow.tally.position()).await?);
            loop {
                self.follow.advance(self.sandbox, &tables).await?;
                if so(self) {
                    return Ok(());
                }
                events.next().await.context("the sandbox has ended")?;
            }
        };
        match tokio::time::timeout(WAIT, waited).await {
            Ok(waited) => waited,
            Err(_) => bail!(SandboxError::Invalid(format!("Waited {} s in vain for this: {what}", WAIT.as_secs()))),
        }
    }

    /// As a learner would, who is told to wait and does.
    async fn command(&self, kind: &str, data: Value) -> anyhow::Result<()> {
        let id = Uuid::new_v4();
        loop {
            match self.sandbox.accept(Command { id, kind: kind.into(), data: data.clone() }).await {
                Err(SandboxError::TooManyCommands { retry_after_ms }) => {
                    tokio::time::sleep(Duration::from_millis(retry_after_ms.max(1))).await;
                }
                accepted => return Ok(accepted.map(drop)?),
            }
        }
    }

    async fn of_order(&self, kind: &str, order_id: Option<i64>) -> anyhow::Result<()> {
        self.command(kind, json!({ "order_id": order_id })).await
    }

    /// It may have run out by itself.
    async fn clear(&self, fault: &str) -> Result<(), SandboxError> {
        match self.sandbox.clear_fault(fault).await {
            Err(SandboxError::NoSuchFault) => Ok(()),
            cleared => cleared,
        }
    }

    async fn run_matrix(&self, name: &Name, switches: &BTreeMap<Name, bool>) -> anyhow::Result<()> {
        let mut topology = protocol::topology(name).context("a lesson names topologies there are")?;
        for switch in &mut topology.switches {
            switch.on = switches.get(&switch.name).copied().unwrap_or(switch.on);
        }
        let matrix = self.course.matrices.start(self.taken.session, topology)?;
        matrix.over().await;
        Ok(())
    }
}

/// The tables that an action looks into.
fn tables(action: &Action) -> Vec<(Name, Name)> {
    match action {
        Action::Wait(Wait::Until(condition)) => condition.tables(),
        _ => vec![],
    }
}

/// A fault of a whole part, until it is cleared.
fn of_part(kind: FaultKind, target: String) -> FaultRule {
    FaultRule::of_part(kind, target.into())
}

/// Why it broke off, for the learner: what is inside the server stays there.
fn sentence(error: &anyhow::Error) -> String {
    match error.downcast_ref::<SandboxError>() {
        None | Some(SandboxError::Internal(_)) => "Something failed inside the server, whose log says more.".to_owned(),
        Some(error) => error.to_string(),
    }
}
