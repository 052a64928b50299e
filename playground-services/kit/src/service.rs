//! A service: what it must say about itself, and how it runs.

use crate::ctx::{Span, Standing};
use crate::query::{NoAnswer, Query, Reader};
use crate::{Ctx, Delivery, FromHost, Stage, ToHost, changes, http, lease, outbox, relay, spawn, storage, writer};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use protocol::{Envelope, StepSpec, Uuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// One business capability with its own data.
pub trait Service: Send + Sync + 'static {
    /// The schema, oldest first; never edited, only added to.
    const MIGRATIONS: &'static [&'static str];

    /// The answer of whatever lies outside the glass; `()` for a service that calls nothing there.
    type Outside: Send + Sync + 'static;

    /// What stands in the tables on the first day, within a transaction of its own.
    fn seed(&self, _ctx: &Ctx, _conn: &mut SqliteConnection) -> impl Future<Output = anyhow::Result<()>> + Send {
        async { Ok(()) }
    }

    /// Calls what lies outside the glass (a card network, a mail relay), before the transaction.
    fn outside(&self, ctx: &Ctx, work: &Work) -> impl Future<Output = Self::Outside> + Send;

    /// The rows that a batch of work is about.
    type Rows: Send;

    /// Loads them, all in one go, within a transaction that the caller has begun.
    fn load(
        &self,
        conn: &mut SqliteConnection,
        batch: &[&Work],
    ) -> impl Future<Output = sqlx::Result<Self::Rows>> + Send;

    /// Decides: changes rows in memory and stages what is to be published. No IO. A refusal
    /// leaves the rows as they were.
    fn handle(
        &self,
        rows: &mut Self::Rows,
        work: &Work,
        outside: &Self::Outside,
        stage: &mut Stage<'_>,
    ) -> Result<Reply, Refusal>;

    /// Stores what has changed. Never commits: the caller does.
    fn save(&self, conn: &mut SqliteConnection, rows: &Self::Rows) -> impl Future<Output = sqlx::Result<()>> + Send;

    /// The last word before the commit. A sentence saying why not takes back what was stored, and
    /// refuses the work.
    fn may_commit(&self, _rows: &Self::Rows) -> Result<(), String> {
        Ok(())
    }

    /// They are committed.
    fn committed(&self, _rows: &Self::Rows) {}

    /// How far the tables have come that are read here, for readers who have seen something
    /// elsewhere: the number of the last thing that is in them.
    fn position(&self, _conn: &mut SqliteConnection) -> impl Future<Output = sqlx::Result<i64>> + Send {
        async { Ok(0) }
    }

    /// Answers a read, as an object with its `position`, on a connection that cannot write.
    fn query(
        &self,
        _conn: &mut SqliteConnection,
        _query: &Query,
    ) -> impl Future<Output = Result<Value, NoAnswer>> + Send {
        async { Err(NoAnswer::Unknown) }
    }

    /// The nearest of the deadlines that were stored with these rows, in microseconds since the
    /// sandbox was created.
    fn deadline(&self, _rows: &Self::Rows) -> Option<u64> {
        None
    }

    /// Up to so many deadlines in the tables that have passed, the oldest first. They come back as
    /// work; what that does with them is up to the service.
    fn due(
        &self,
        _conn: &mut SqliteConnection,
        _now_us: u64,
        _most: usize,
    ) -> impl Future<Output = sqlx::Result<Due>> + Send {
        async { Ok(Due::default()) }
    }
}

/// The deadlines of a service at some moment.
#[derive(Debug, Default)]
pub struct Due {
    /// Each as a piece of work.
    pub passed: Vec<Work>,
    /// When the next one passes, in microseconds since the sandbox was created.
    pub next: Option<u64>,
}

/// Where a piece of work comes from, for what is done about it later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The message or command that caused it.
    pub cause: Uuid,
    pub span: Span,
    /// The number of the command at the root of it.
    pub ordinal: u64,
}

impl Origin {
    /// A deadline that has passed, the `nth` of this origin.
    pub fn deadline(&self, n: i64, data: Value) -> Work {
        let id = Uuid::new_v5(&self.cause, format!("{}/{n}", Work::DEADLINE).as_bytes());
        let span = Span::child_of(self.span.trace, self.span.correlation_id);
        Work::Deadline { id, data, span, ordinal: self.ordinal }
    }
}

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Work {
    /// Asked for over HTTP; repeats carry the same id.
    Command { id: Uuid, kind: String, data: Value, span: Span, ordinal: u64 },
    /// Heard from the broker.
    Message { delivery: Delivery, span: Span },
    /// Set by the service itself, and passed.
    Deadline { id: Uuid, data: Value, span: Span, ordinal: u64 },
}

impl Work {
    /// The kind of a deadline.
    pub const DEADLINE: &str = "DeadlinePassed";

    pub fn span(&self) -> Span {
        match self {
            Work::Command { span, .. } | Work::Message { span, .. } | Work::Deadline { span, .. } => *span,
        }
    }

    /// The number of the command at the root of it within the sandbox, from 1.
    pub fn ordinal(&self) -> u64 {
        match self {
            Work::Command { ordinal, .. } | Work::Deadline { ordinal, .. } => *ordinal,
            Work::Message { delivery, .. } => delivery.envelope.commandordinal,
        }
    }

    /// The message or command itself.
    pub fn cause(&self) -> Uuid {
        match self {
            Work::Command { id, .. } | Work::Deadline { id, .. } => *id,
            Work::Message { delivery, .. } => delivery.envelope.id,
        }
    }

    pub fn origin(&self) -> Origin {
        Origin { cause: self.cause(), span: self.span(), ordinal: self.ordinal() }
    }

    /// The command's or message's type.
    pub fn kind(&self) -> &str {
        match self {
            Work::Command { kind, .. } => kind,
            Work::Deadline { .. } => Work::DEADLINE,
            Work::Message { delivery, .. } => &delivery.envelope.kind,
        }
    }

    /// The saga step of the topology that it makes this service carry out.
    pub fn step<'a>(&self, ctx: &'a Ctx) -> Result<&'a StepSpec, Refusal> {
        let unknown = || Refusal::Unreadable(format!("{} does not know {}", ctx.name(), self.kind()));
        ctx.spec.step_on(self.kind()).ok_or_else(unknown)
    }

    fn raw(&self) -> &Value {
        match self {
            Work::Command { data, .. } | Work::Deadline { data, .. } => data,
            Work::Message { delivery, .. } => &delivery.envelope.data,
        }
    }

    /// A whole number of the data, to know which rows to load.
    pub fn number(&self, field: &str) -> Option<i64> {
        self.raw().get(field)?.as_i64()
    }

    /// A text of the data, where there is one.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.raw().get(field)?.as_str()
    }

    /// The order it is about, whoever sent it.
    pub fn order(&self) -> Result<i64, Refusal> {
        self.number("order_id").ok_or_else(|| Refusal::Unreadable("it names no order_id".to_owned()))
    }

    /// The command's or message's data, as the type it should be.
    pub fn data<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refusal> {
        T::deserialize(self.raw()).map_err(|error| Refusal::Unreadable(error.to_string()))
    }
}

/// What a command's sender is told. Nobody reads the reply to a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply(pub Value);

/// Why a piece of work was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The domain says no: final, nothing was written. A command is answered 422, a message nacked.
    #[error("{0}")]
    Domain(String),
    /// The data are not what the type promises: answered 422, or nacked.
    #[error("the data cannot be read: {0}")]
    Unreadable(String),
    /// The store failed: answered 503, or nacked, and tried again.
    #[error("the store failed: {0}")]
    Store(String),
    /// Another replica writes for longer than can be waited: answered 503, or given back, and tried
    /// again.
    #[error("another replica is writing")]
    Busy,
    /// Another replica leads: answered 503, or given back.
    #[error("another replica leads")]
    StandsBy,
    /// This fault struck: answered 503, or given back, and tried again.
    #[error("struck by the fault {0}")]
    Struck(protocol::Name),
}

/// What the HTTP side asks of the writer.
pub struct Job<O> {
    pub work: Work,
    pub outside: O,
    /// Where a command's answer goes, once its transaction is in the record.
    pub reply: oneshot::Sender<Result<Reply, Refusal>>,
}

fn migrations<S: Service>() -> Vec<&'static str> {
    [&[crate::inbox::SCHEMA, outbox::SCHEMA], S::MIGRATIONS].concat()
}

/// The tables that a service has from its first day on, each with its columns.
pub async fn tables<S: Service>() -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut conn = storage::in_memory(&migrations::<S>()).await?;
    relay::prepare(&mut conn).await?;
    Ok(crate::tables::columns(&mut conn).await?)
}

/// Runs a service until it is told to stop, or until the sandbox closes its end. Everything it starts
/// ends with it: dropping the future is a crash.
pub async fn run<S: Service>(
    service: S,
    ctx: Ctx,
    mut from_host: mpsc::UnboundedReceiver<FromHost>,
    standing: Standing,
    listener: TcpListener,
) -> anyhow::Result<()> {
    let service = Arc::new(service);
    let _lock = lock(&ctx)?;
    let mut conn = storage::open(&ctx.database(), &migrations::<S>()).await?;
    while !storage::unless_busy(prepare(&mut conn, &ctx).await)? {}
    changes::watch(&mut conn).await?;
    // Bound already: from here on callers wait in the listener's queue, they are not refused.
    ctx.send(ToHost::Ready { address: listener.local_addr()?, pid: std::process::id() });

    let (jobs, inbound) = mpsc::unbounded_channel();
    let (shipped_tx, shipped) = watch::channel(0);
    let (published_tx, published) = mpsc::unbounded_channel();
    let (watch_tx, watch) = mpsc::unbounded_channel();
    let reader = Reader::new(shipped.clone());
    let told = writer::Told { shipped, published, watch };
    let mut writer = writer::Writer::new(service.clone(), ctx.clone(), conn, told).await?;
    writer.seed_once().await?;
    let some = ctx.spec.workers.max(1) as usize;
    let (workers, turns) = (Arc::new(Semaphore::new(some)), Arc::new(Semaphore::new(some)));
    let door = http::Door {
        ctx: ctx.clone(),
        service: service.clone(),
        workers: workers.clone(),
        turns,
        jobs: jobs.clone(),
        reader,
    };

    let mut tasks = JoinSet::new();
    let serving = http::serve(listener, http::router(door), ctx.gate.clone());
    spawn(&mut tasks, &ctx.gate, serving);
    spawn(&mut tasks, &ctx.gate, async move { writer.run(inbound).await });

    let mut messages = vec![];
    let mut handled = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(ended) = tasks.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(error),
                Err(panic) => anyhow::bail!("a task of {} ended: {panic}", ctx.name()),
            },
            Some(done) = handled.next() => done?,
            // All that came together reaches the writer together, and so gets into one transaction.
            got = from_host.recv_many(&mut messages, 1024) => {
                if got == 0 {
                    return Ok(());
                }
                for message in messages.drain(..) {
                    match message {
                        FromHost::Stop => return Ok(()),
                        FromHost::Start(_) => {}
                        FromHost::Shipped { n } => { shipped_tx.send_replace(n); }
                        // Once the writer has gone the service ends.
                        FromHost::Published { ids } => drop(published_tx.send(ids)),
                        FromHost::Watch { vacant } => drop(watch_tx.send(vacant)),
                        message @ (FromHost::Faults(_) | FromHost::Switches(_)) => standing.hear(message),
                        FromHost::Deliver(delivery) => {
                            handled.push(see_through(&*service, &ctx, workers.clone(), &jobs, delivery));
                        }
                    }
                }
            },
        }
    }
}

/// Makes the kit's own tables.
async fn prepare(conn: &mut SqliteConnection, ctx: &Ctx) -> anyhow::Result<()> {
    relay::prepare(conn).await?;
    Ok(lease::prepare(conn, ctx.spec.is_led()).await?)
}

/// Sees a message through: a worker is busy with it until its transaction is.
async fn see_through<S: Service>(
    service: &S,
    ctx: &Ctx,
    workers: Arc<Semaphore>,
    jobs: &mpsc::UnboundedSender<Job<S::Outside>>,
    delivery: Delivery,
) -> anyhow::Result<()> {
    let _busy = workers.acquire_owned().await?;
    let work = heard(delivery);
    let outside = service.outside(ctx, &work).await;
    let (reply, answered) = oneshot::channel();
    jobs.send(Job { work, outside, reply }).map_err(|_| anyhow::anyhow!("the writer is gone"))?;
    // Acks and nacks are the writer's business.
    let _ = answered.await;
    Ok(())
}

fn heard(delivery: Delivery) -> Work {
    let envelope: &Envelope = &delivery.envelope;
    let parent = protocol::TraceContext::parse(&envelope.traceparent).unwrap_or_default();
    let span = Span::child_of(parent, Some(envelope.correlationid));
    Work::Message { delivery, span }
}

/// One process or task at a time may own a service's database; the file says which process.
fn lock(ctx: &Ctx) -> anyhow::Result<std::fs::File> {
    let path = lock_path(ctx.folder(), ctx.name(), ctx.replica);
    let mut file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    file.try_lock().map_err(|_| anyhow::anyhow!("another {} owns this database", ctx.name()))?;
    file.set_len(0)?;
    write!(file, "{}", std::process::id())?;
    Ok(file)
}

/// The lock file of a replica slot.
pub fn lock_path(folder: &Path, service: &str, replica: u32) -> PathBuf {
    folder.join(format!("{service}.{replica}.lock"))
}
