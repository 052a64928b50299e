//! The writer, its inbox and its outbox against a plain model, on a real SQLite file.

mod faults;

use super::*;
use crate::{Clock, FromHost, Host, Refusal, Shipment, Start};
use proptest::prelude::*;
use protocol::{Name, Observed, ServiceSpec};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

/// A service that adds up: every command adds 1 and says so; 13 is refused, 17 at the last moment; 0
/// breaks the store.
struct Adder;

impl Service for Adder {
    const MIGRATIONS: &'static [&'static str] =
        &["create table sums (id integer primary key, amount integer not null check (amount <> 0))"];
    type Outside = ();
    type Rows = Vec<(i64, i64)>;

    async fn outside(&self, _: &Ctx, _: &Work) {}

    async fn load(&self, _: &mut SqliteConnection, _: &[&Work]) -> sqlx::Result<Self::Rows> {
        Ok(vec![])
    }

    fn handle(&self, rows: &mut Self::Rows, work: &Work, (): &(), stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
        let amount = work.number("amount").unwrap_or_default();
        if amount == 13 {
            return Err(Refusal::Domain("13 is refused".to_owned()));
        }
        rows.push((i64::try_from(work.ordinal()).unwrap_or_default(), amount));
        stage.publish("Added", format!("sum/{amount}"), json!({ "amount": amount }));
        Ok(Reply(json!({ "added": amount })))
    }

    async fn save(&self, conn: &mut SqliteConnection, rows: &Self::Rows) -> sqlx::Result<()> {
        sqlx::query("insert into sums (id, amount) select value ->> 0, value ->> 1 from json_each(?)")
            .bind(storage::json(rows.iter()))
            .execute(conn)
            .await
            .map(drop)
    }

    fn may_commit(&self, rows: &Self::Rows) -> Result<(), String> {
        let refused = rows.iter().any(|(_, amount)| *amount == 17);
        if refused { Err("17 is refused once it is stored".to_owned()) } else { Ok(()) }
    }
}

/// Keeps what was shipped, each number once and none before the one before it, as the recorder does.
#[derive(Default)]
struct Keeper {
    shipped: Mutex<BTreeMap<u64, Shipment>>,
    /// Whoever ships now dies before it is heard.
    deaf: AtomicBool,
}

impl Host for Keeper {
    fn send(&self, message: ToHost) {
        if let ToHost::Ship(shipment) = message
            && !self.deaf.load(Ordering::SeqCst)
        {
            let mut shipped = self.shipped.lock().expect("not poisoned");
            let last = shipped.last_key_value().map_or(0, |(n, _)| *n);
            assert!(shipment.n <= last + 1, "{} came behind {last}", shipment.n);
            shipped.entry(shipment.n).or_insert(shipment);
        }
    }
}

fn start(folder: &Path) -> Start {
    let spec = ServiceSpec {
        name: "adder".into(),
        commands: vec!["Add".into()],
        publishes: Some("adder".into()),
        consumes: vec![],
        workers: 1,
        outside: None,
        stock: 0,
        steps: vec![],
        reads: None,
        standbys: 0,
        place: [0, 0],
    };
    Start {
        spec,
        replica: 0,
        folder: folder.to_owned(),
        clock: Clock::new(0, 1),
        batch: 8,
        lease_us: 1,
        faults: vec![],
        switches: vec![],
    }
}

async fn open(folder: &Path, host: Arc<Keeper>) -> Writer<Adder> {
    open_as(start(folder), host).await
}

async fn open_as(start: Start, host: Arc<Keeper>) -> Writer<Adder> {
    let (ctx, _) = Ctx::new(start, host, crate::Gate::default());
    let migrations = [inbox::SCHEMA, outbox::SCHEMA, Adder::MIGRATIONS[0]];
    let mut conn = storage::open(&ctx.database(), &migrations).await.expect("opens");
    relay::prepare(&mut conn).await.expect("prepares");
    lease::prepare(&mut conn, ctx.spec.is_led()).await.expect("prepares");
    changes::watch(&mut conn).await.expect("watches");
    let (_, shipped) = watch::channel(0);
    let ((_, published), (_, watch)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    Writer::new(Arc::new(Adder), ctx, conn, Told { shipped, published, watch }).await.expect("starts")
}

type Answer = oneshot::Receiver<Result<Reply, Refusal>>;

fn job(ordinal: u64, amount: i64) -> (Job<()>, Answer) {
    let (reply, answer) = oneshot::channel();
    let id = Uuid::from_u128(u128::from(ordinal) + 1);
    let work =
        Work::Command { id, kind: "Add".to_owned(), data: json!({ "amount": amount }), span: Span::default(), ordinal };
    (Job { work, outside: (), reply }, answer)
}

/// What a command of this number asks for: the same each time it is sent.
fn amount(ordinal: u64) -> i64 {
    match ordinal % 10 {
        3 => 13,
        7 => 0,
        other => i64::try_from(other).unwrap_or_default() + 1,
    }
}

fn published(observed: &[Observed]) -> Vec<Name> {
    observed
        .iter()
        .filter_map(|observed| match &observed.observation {
            Observation::MessagePublished { envelope, .. } => Some(envelope.subject.clone()),
            _ => None,
        })
        .collect()
}

#[derive(Clone, Debug)]
enum Step {
    /// By this replica.
    Batch(usize, Vec<u64>),
    /// The same, and it dies before it ships: whoever comes next does.
    Crash(usize, Vec<u64>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_usize, prop::collection::vec(0..30_u64, 1..8)).prop_map(|(which, batch)| Step::Batch(which, batch)),
        1 => (0..2_usize, prop::collection::vec(0..30_u64, 0..3)).prop_map(|(which, batch)| Step::Crash(which, batch)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Model: the set of commands done. Whatever is repeated, refused or broken beside it, each
    /// has one effect, one message and one reply, and every transaction is shipped once and in
    /// order, whichever of two replicas does it and whichever of them dies.
    #[test]
    fn every_command_has_one_effect_however_often_it_comes(steps in prop::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let folder = std::env::temp_dir().join(format!("kit-writer-{}", Uuid::new_v4()));
            std::fs::create_dir_all(&folder).expect("a folder");
            let host = Arc::new(Keeper::default());
            let mut replicas: [Option<Writer<Adder>>; 2] = [None, None];
            let mut done: BTreeSet<u64> = BTreeSet::new();
            for step in steps {
                let (which, ordinals, dies) = match step {
                    Step::Batch(which, ordinals) => (which, ordinals, false),
                    Step::Crash(which, ordinals) => (which, ordinals, true),
                };
                if replicas[which].is_none() {
                    replicas[which] = Some(open(&folder, host.clone()).await);
                }
                let writer = replicas[which].as_mut().expect("it runs");
                host.deaf.store(dies, Ordering::SeqCst);
                let (batch, answers): (Vec<_>, Vec<_>) =
                    ordinals.iter().map(|ordinal| job(*ordinal, amount(*ordinal))).unzip();
                writer.process(batch).await.expect("the store works");
                // All of it is in the record.
                writer.send_answers(writer.n);
                host.deaf.store(false, Ordering::SeqCst);
                if dies {
                    replicas[which] = None;
                }
                for (ordinal, answer) in ordinals.into_iter().zip(answers) {
                    match (amount(ordinal), answer.await.expect("answered")) {
                        (13, Err(Refusal::Domain(_))) | (0, Err(Refusal::Store(_))) => {}
                        (13 | 0, answer) => prop_assert!(false, "{answer:?}"),
                        (amount, answer) => {
                            prop_assert_eq!(answer.expect("done"), Reply(json!({ "added": amount })));
                            done.insert(ordinal);
                        }
                    }
                }
            }
            let mut writer = open(&folder, host.clone()).await;
            let rows: Vec<(i64,)> =
                sqlx::query_as("select id from sums order by id").fetch_all(&mut writer.conn).await.expect("reads");
            let rows: Vec<u64> = rows.into_iter().map(|(id,)| id.unsigned_abs()).collect();
            prop_assert_eq!(rows, done.iter().copied().collect::<Vec<_>>());

            let shipped = host.shipped.lock().expect("not poisoned");
            let numbers: Vec<u64> = shipped.keys().copied().collect();
            prop_assert_eq!(numbers, (1..=writer.n).collect::<Vec<_>>());
            let mut messages: Vec<Name> = shipped.values().flat_map(|s| published(&s.observed)).collect();
            let mut expected: Vec<Name> = done.iter().map(|n| format!("sum/{}", amount(*n)).into()).collect();
            messages.sort();
            expected.sort();
            prop_assert_eq!(messages, expected);
            drop(shipped);
            std::fs::remove_dir_all(&folder).expect("removed");
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_command_is_answered_once_the_record_has_its_transaction() {
    let folder = std::env::temp_dir().join(format!("kit-writer-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut writer = open(&folder, Arc::default()).await;
    let (job, mut answer) = job(1, amount(1));
    writer.process(vec![job]).await.expect("the store works");
    assert!(answer.try_recv().is_err(), "answered before it is in the record");
    writer.told.shipped = watch::channel(writer.n).1;
    // Repeats and refusals commit nothing, so nothing will be shipped: they are answered at once.
    let (batch, mut answers): (Vec<_>, Vec<_>) = [self::job(1, amount(1)), self::job(3, 13)].into_iter().unzip();
    writer.process(batch).await.expect("the store works");
    assert!(matches!(answer.try_recv(), Ok(Ok(_))));
    assert!(matches!(answers[0].try_recv(), Ok(Ok(_))));
    assert!(matches!(answers[1].try_recv(), Ok(Err(Refusal::Domain(_)))));
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// One of two replicas, of which one leads.
async fn led(folder: &Path, replica: u32) -> Writer<Adder> {
    let mut start = start(folder);
    (start.spec.standbys, start.replica) = (1, replica);
    open_as(start, Arc::default()).await
}

#[tokio::test]
async fn who_leads_no_more_writes_nothing_however_much_it_was_about_to() {
    let folder = std::env::temp_dir().join(format!("kit-writer-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut replicas = [led(&folder, 0).await, led(&folder, 1).await];
    for replica in &mut replicas {
        replica.watch(true);
        replica.meet_lease(false).await.expect("takes the lead");
        // Its lease is over at once.
        replica.ctx.clock.sleep_until(replica.ctx.clock.now_us() + 2).await;
    }
    let [former, leader] = &mut replicas;
    assert_eq!((former.token(), leader.token()), (Some(1), Some(2)));
    let (batch, mut answers): (Vec<_>, Vec<_>) =
        [1, 2].map(|ordinal| job(ordinal, amount(ordinal))).into_iter().unzip();
    former.process(batch).await.expect("the store works");
    former.send_answers(former.n);
    assert!(answers.iter_mut().all(|answer| matches!(answer.try_recv(), Ok(Err(Refusal::StandsBy)))));
    let (sums,): (i64,) = sqlx::query_as("select count(*) from sums").fetch_one(&mut former.conn).await.expect("reads");
    assert_eq!((sums, former.token()), (0, None));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test]
async fn a_leader_that_cannot_write_for_a_sibling_s_transaction_leads_on_once_it_can() {
    let folder = std::env::temp_dir().join(format!("kit-writer-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (mut leader, mut sibling) = (led(&folder, 0).await, led(&folder, 1).await);
    leader.watch(true);
    leader.meet_lease(false).await.expect("takes the lead");
    sqlx::raw_sql("pragma busy_timeout = 1").execute(&mut leader.conn).await.expect("set");
    sqlx::raw_sql("begin immediate").execute(&mut sibling.conn).await.expect("begun");
    leader.meet_lease(true).await.expect("a busy store takes nobody down");
    assert_eq!(leader.token(), Some(1));
    sqlx::raw_sql("rollback").execute(&mut sibling.conn).await.expect("over");
    leader.meet_lease(true).await.expect("renews its lease");
    assert_eq!(leader.token(), Some(1));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test]
async fn who_is_asked_instead_of_a_leader_that_does_nothing_takes_over() {
    let folder = std::env::temp_dir().join(format!("kit-writer-{}", Uuid::new_v4()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut replicas = [led(&folder, 0).await, led(&folder, 1).await];
    let [leader, standby] = &mut replicas;
    leader.watch(true);
    leader.meet_lease(false).await.expect("takes the lead");
    // It has nothing to do, and then it stands still.
    leader.due = None;
    leader.meet_lease(false).await.expect("lets go of it");
    assert_eq!(standby.lease_deadline(), None);
    standby.ctx.clock.sleep_until(standby.ctx.clock.now_us() + 2).await;
    let (asked, mut answer) = job(1, amount(1));
    standby.process(vec![asked]).await.expect("the store works");
    standby.send_answers(standby.n);
    assert!(matches!(answer.try_recv(), Ok(Err(Refusal::StandsBy))));
    standby.ctx.clock.sleep_until(standby.lease_deadline().expect("it looks")).await;
    standby.meet_lease(false).await.expect("takes over");
    assert_eq!(standby.token(), Some(2));
    std::fs::remove_dir_all(&folder).expect("removed");
}

/// Sent to the service while it ran; here only to be named.
#[test]
fn the_words_of_the_link_read_back() {
    let text = serde_json::to_string(&FromHost::Shipped { n: 3 }).expect("writes");
    assert!(matches!(serde_json::from_str(&text), Ok(FromHost::Shipped { n: 3 })));
}
