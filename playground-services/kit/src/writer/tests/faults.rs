//! Each fault and switch of a service: its visible effect, and that its end ends it.

use super::*;
use crate::Delivery;
use crate::ctx::Standing;
use proptest::prelude::*;
use protocol::{Envelope, Fault, StepSpec, SwitchSpec};
use sqlx::ConnectOptions;
use std::path::PathBuf;

/// A row for each effect, so that a second one can be seen.
const SUMS: &str = "create table sums (n integer primary key, id integer, amount integer)";

/// All that the service said, in order.
#[derive(Default)]
struct Ear(Mutex<Vec<ToHost>>);

impl Host for Ear {
    fn send(&self, message: ToHost) {
        self.0.lock().expect("not poisoned").push(message);
    }
}

/// What was said, in short.
#[derive(Clone, Debug, PartialEq)]
enum Word {
    /// Shipped or published: a message about this.
    Message(String),
    /// The fault struck here.
    Struck(String),
    RolledBack(usize),
    Acked(u64),
    GivenBack(u64),
    Refused(u64),
    Crash,
}

fn message(subject: &str) -> Word {
    Word::Message(subject.to_owned())
}

fn struck(on: &str) -> Word {
    Word::Struck(on.to_owned())
}

/// An adder, the faults that strike it, and what it says.
struct Rig {
    folder: PathBuf,
    writer: Writer<Adder>,
    standing: Standing,
    ear: Arc<Ear>,
    published: mpsc::UnboundedSender<Vec<Uuid>>,
}

impl Rig {
    async fn new() -> Rig {
        let folder = std::env::temp_dir().join(format!("kit-faults-{}", Uuid::new_v4()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Rig::open(folder).await
    }

    async fn open(folder: PathBuf) -> Rig {
        let ear = Arc::new(Ear::default());
        let mut start = start(&folder);
        start.spec.steps =
            vec![StepSpec { name: "add".into(), on: vec!["Add".into(), "Told".into()], compensates: None }];
        for name in ["outbox", "inbox"] {
            start.switches.push(SwitchSpec { name: name.into(), on: true });
        }
        let (ctx, standing) = Ctx::new(start, ear.clone(), crate::Gate::default());
        let migrations = [inbox::SCHEMA, outbox::SCHEMA, SUMS];
        let mut conn = storage::open(&ctx.database(), &migrations).await.expect("opens");
        relay::prepare(&mut conn).await.expect("prepares");
        lease::prepare(&mut conn, false).await.expect("prepares");
        changes::watch(&mut conn).await.expect("watches");
        let (published, heard) = mpsc::unbounded_channel();
        let told = Told { shipped: watch::channel(0).1, published: heard, watch: mpsc::unbounded_channel().1 };
        let writer = Writer::new(Arc::new(Adder), ctx, conn, told).await.expect("starts");
        Rig { folder, writer, standing, ear, published }
    }

    /// It dies here, and another one is started.
    async fn reopen(self) -> Rig {
        let Rig { folder, writer, .. } = self;
        drop(writer);
        Rig::open(folder).await
    }

    fn fault(&mut self, spec: &str) {
        let spec = serde_json::from_str(&format!("{{{spec},\"ttl_ms\":null}}")).expect("a spec");
        self.standing.hear(FromHost::Faults(vec![Fault { id: "f".into(), spec, installed_at: 0 }]));
        self.writer.held.faults_changed(&self.writer.ctx.faults.borrow());
    }

    fn heal(&mut self) {
        self.standing.hear(FromHost::Faults(vec![]));
        self.writer.held.faults_changed(&self.writer.ctx.faults.borrow());
    }

    fn switch_off(&self, name: &str) {
        self.standing.hear(FromHost::Switches(vec![SwitchSpec { name: name.into(), on: false }]));
    }

    async fn add(&mut self, ordinal: u64) -> Answer {
        let (job, answer) = job(ordinal, i64::try_from(ordinal).expect("small"));
        self.writer.process(vec![job]).await.expect("the store works");
        self.writer.send_answers(self.writer.n);
        answer
    }

    /// A message of this number is delivered.
    async fn tell(&mut self, ordinal: u64, attempt: u32) {
        self.tell_with(ordinal, attempt, None).await;
    }

    /// The same from a leader with this token.
    async fn tell_with(&mut self, ordinal: u64, attempt: u32, fencingtoken: Option<u64>) {
        let envelope = Envelope {
            specversion: "1.0".into(),
            id: Uuid::from_u128(u128::from(ordinal)),
            source: "asker".into(),
            kind: "Told".into(),
            subject: format!("question/{ordinal}").into(),
            time: String::new(),
            traceparent: String::new(),
            correlationid: Uuid::nil(),
            causationid: Uuid::nil(),
            commandordinal: ordinal,
            fencingtoken,
            data: json!({ "amount": ordinal }),
        };
        let delivery = Delivery { position: ordinal, topic: "asker".into(), attempt, envelope: Arc::new(envelope) };
        let (reply, _answer) = oneshot::channel();
        let work = Work::Message { delivery, span: Span::default() };
        self.writer.process(vec![Job { work, outside: (), reply }]).await.expect("the store works");
    }

    /// Waits for what the writer waits for, then does what is due.
    async fn wait(&mut self) {
        let next = self.writer.held.next(&self.writer.ctx).expect("something is held");
        self.writer.ctx.clock.sleep_until(next).await;
        self.writer.retry();
    }

    /// What it has said since the last look.
    fn said(&self) -> Vec<Word> {
        let said = std::mem::take(&mut *self.ear.0.lock().expect("not poisoned"));
        let mut words = vec![];
        for message in said {
            match message {
                ToHost::Ship(Shipment { observed, unstored, acks, .. }) => {
                    words.extend(observed.iter().chain(&unstored).filter_map(word));
                    words.extend(acks.into_iter().map(Word::Acked));
                }
                ToHost::Publish(observed) | ToHost::Observe(observed) => {
                    words.extend(observed.iter().filter_map(word));
                }
                ToHost::Ack { position } => words.push(Word::Acked(position)),
                ToHost::GiveBack { position, .. } => words.push(Word::GivenBack(position)),
                ToHost::Refuse { position, .. } => words.push(Word::Refused(position)),
                ToHost::Crash { .. } => words.push(Word::Crash),
                other => panic!("{other:?}"),
            }
        }
        words
    }

    async fn rows(&mut self, table: &'static str) -> i64 {
        let count = format!("select count(*) from {table}");
        let (rows,): (i64,) =
            sqlx::query_as(sqlx::AssertSqlSafe(count)).fetch_one(&mut self.writer.conn).await.expect("reads");
        rows
    }

    fn end(self) {
        let folder = self.folder.clone();
        drop(self);
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

fn word(observed: &Observed) -> Option<Word> {
    match &observed.observation {
        Observation::MessagePublished { envelope, .. } => Some(message(&envelope.subject)),
        Observation::FaultTriggered { on, .. } => Some(struck(on)),
        Observation::TransactionRolledBack { undone, .. } => Some(Word::RolledBack(undone.len())),
        _ => None,
    }
}

#[tokio::test]
async fn an_earlier_leaders_word_is_refused_until_the_one_that_leads_says_the_same() {
    let mut rig = Rig::new().await;
    rig.tell_with(1, 1, Some(2)).await;
    rig.tell_with(2, 1, Some(1)).await;
    rig = rig.reopen().await;
    rig.tell_with(2, 1, Some(1)).await;
    assert_eq!(rig.said().last(), Some(&Word::Refused(2)));
    assert_eq!(rig.rows("sums").await, 1);
    // It was not dealt with, so the same message is news from the one that leads. That token stays.
    rig.tell_with(2, 2, Some(3)).await;
    rig.tell_with(3, 1, Some(3)).await;
    assert_eq!(rig.rows("sums").await, 3);
    // A repeat has no effect, but whoever said it leads.
    rig.tell_with(3, 2, Some(4)).await;
    rig.tell_with(4, 1, Some(3)).await;
    assert_eq!(rig.rows("sums").await, 3);
    rig.end();
}

#[tokio::test]
async fn a_lost_publish_is_repeated_by_the_relay_until_it_is_through() {
    for kind in ["drop", "fail"] {
        let mut rig = Rig::new().await;
        rig.fault(&format!(r#""kind":"{kind}","target":"topic:adder""#));
        rig.add(1).await;
        assert_eq!(rig.said(), [struck("sum/1")]);
        assert_eq!((rig.rows("relay").await, rig.rows("outbox").await), (1, 1));
        rig.wait().await;
        assert_eq!(rig.said(), [struck("sum/1")], "lost again");
        rig.heal();
        rig.wait().await;
        assert_eq!(rig.said(), [message("sum/1")]);
        rig.add(2).await;
        assert_eq!(rig.said(), [message("sum/2")], "it is over");
        rig.end();
    }
}

#[tokio::test]
async fn what_the_relay_holds_outlives_a_crash_and_goes_once_it_is_confirmed() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"broker-outage","target":"broker""#);
    rig.add(1).await;
    rig.add(2).await;
    assert_eq!(rig.said(), [struck("sum/1"), struck("sum/2")]);
    assert_eq!(rig.writer.held.next(&rig.writer.ctx), None, "it does not poll");
    // The shipments are in the record, their messages are not.
    outbox::forget(&mut rig.writer.conn, 2).await.expect("forgets");
    assert_eq!(rig.rows("outbox").await, 2);
    let mut rig = rig.reopen().await;
    rig.wait().await;
    assert_eq!(rig.said(), [message("sum/1"), message("sum/2")]);
    assert_eq!(rig.rows("relay").await, 2, "nobody has confirmed it");
    let ids: Vec<(Vec<u8>,)> =
        sqlx::query_as("select id from relay").fetch_all(&mut rig.writer.conn).await.expect("reads");
    let ids = ids.iter().map(|(id,)| Uuid::from_slice(id).expect("an id")).collect();
    rig.published.send(ids).expect("it listens");
    let (jobs, inbound) = mpsc::unbounded_channel::<Job<()>>();
    drop(jobs);
    rig.writer.run(inbound).await.expect("ends");
    assert_eq!(rig.rows("relay").await, 0);
    rig.end();
}

#[tokio::test]
async fn without_the_outbox_a_lost_publish_is_gone() {
    for fault in [r#""kind":"drop","target":"topic:adder""#, r#""kind":"partition","target":"adder""#] {
        let mut rig = Rig::new().await;
        rig.switch_off("outbox");
        rig.add(1).await;
        assert_eq!((rig.said(), rig.rows("outbox").await), (vec![message("sum/1")], 0));
        rig.fault(fault);
        rig.add(2).await;
        assert_eq!(rig.said(), [struck("sum/2")]);
        rig.heal();
        assert_eq!(rig.writer.held.next(&rig.writer.ctx), None);
        assert_eq!((rig.rows("outbox").await, rig.rows("sums").await), (0, 2));
        rig.end();
    }
}

#[tokio::test]
async fn a_delayed_publish_comes_later() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"delay","target":"topic:adder","params":{"ms":30}"#);
    let before = rig.writer.ctx.clock.now_us();
    rig.add(1).await;
    assert_eq!(rig.said(), [struck("sum/1")]);
    rig.wait().await;
    assert!(rig.writer.ctx.clock.now_us() >= before + 30_000);
    assert_eq!(rig.said(), [message("sum/1")]);
    rig.heal();
    rig.add(2).await;
    assert_eq!(rig.said(), [message("sum/2")]);
    rig.end();
}

#[tokio::test]
async fn a_delayed_publish_goes_once_the_fault_is_gone() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"delay","target":"topic:adder","params":{"ms":3600000}"#);
    rig.add(1).await;
    assert_eq!(rig.said(), [struck("sum/1")]);
    rig.writer.retry();
    assert_eq!(rig.said(), []);
    rig.heal();
    rig.writer.retry();
    assert_eq!(rig.said(), [message("sum/1")]);
    rig.end();
}

#[tokio::test]
async fn a_slow_store_is_as_quick_as_ever_once_the_fault_is_gone() {
    for ms in [3_600_000, u64::MAX] {
        let Rig { folder, mut writer, standing, .. } = {
            let mut rig = Rig::new().await;
            rig.fault(&format!(r#""kind":"slow-store","target":"adder","params":{{"ms":{ms}}}"#));
            rig
        };
        let (job, _answer) = job(1, 1);
        let mut adding = std::pin::pin!(writer.process(vec![job]));
        let early = tokio::time::timeout(std::time::Duration::from_millis(100), &mut adding).await;
        assert!(early.is_err(), "it is slow");
        standing.hear(FromHost::Faults(vec![]));
        adding.await.expect("the store works");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}

#[tokio::test]
async fn what_another_replica_keeps_from_being_written_is_given_back() {
    let mut rig = Rig::new().await;
    sqlx::query("pragma busy_timeout = 1").execute(&mut rig.writer.conn).await.expect("no patience");
    let mut other = storage::options(&rig.writer.ctx.database()).connect().await.expect("opens");
    storage::begin(&mut other).await.expect("begins");
    rig.tell(1, 1).await;
    let answer = rig.add(2).await;
    assert_eq!(rig.said(), [Word::GivenBack(1)]);
    assert!(matches!(answer.await, Ok(Err(Refusal::Busy))));
    storage::rollback(&mut other).await.expect("ends");
    rig.tell(1, 2).await;
    assert_eq!(rig.said(), [message("sum/1"), Word::Acked(1)]);
    rig.end();
}

#[tokio::test]
async fn a_duplicate_is_published_twice() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"duplicate","target":"topic:adder""#);
    rig.add(1).await;
    assert_eq!(rig.said(), [struck("sum/1"), message("sum/1"), message("sum/1")]);
    rig.heal();
    rig.add(2).await;
    assert_eq!(rig.said(), [message("sum/2")]);
    rig.end();
}

#[tokio::test]
async fn a_reordered_publish_is_overtaken_by_the_next() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"reorder","target":"topic:adder""#);
    rig.add(1).await;
    assert_eq!(rig.said(), [struck("sum/1")]);
    rig.add(2).await;
    rig.wait().await;
    assert_eq!(rig.said(), [message("sum/2"), message("sum/1")]);
    rig.add(4).await;
    assert_eq!(rig.said(), [struck("sum/4")]);
    rig.wait().await;
    assert_eq!(rig.said(), [message("sum/4")], "nobody came: it does not wait for ever");
    rig.heal();
    rig.add(5).await;
    assert_eq!(rig.said(), [message("sum/5")]);
    rig.end();
}

#[tokio::test]
async fn a_step_that_fails_before_its_commit_leaves_nothing_and_is_asked_for_again() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"fail-step","target":"adder","params":{"step":"add"}"#);
    assert!(matches!(rig.add(1).await.await, Ok(Err(Refusal::Struck(_)))));
    assert_eq!(rig.said(), [struck("Add"), Word::RolledBack(1)]);
    rig.tell(2, 1).await;
    assert_eq!(rig.said(), [struck("question/2"), Word::RolledBack(1), Word::GivenBack(2)]);
    assert_eq!(rig.rows("sums").await, 0);
    rig.heal();
    assert!(matches!(rig.add(1).await.await, Ok(Ok(_))));
    rig.tell(2, 2).await;
    assert_eq!(rig.said(), [message("sum/1"), message("sum/2"), Word::Acked(2)]);
    rig.end();
}

#[tokio::test]
async fn a_step_that_fails_after_its_commit_is_done_once_and_answered_when_asked_again() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"fail-step","target":"adder","params":{"when":"after"}"#);
    assert!(matches!(rig.add(1).await.await, Ok(Err(Refusal::Struck(_)))));
    assert_eq!(rig.said(), [message("sum/1"), struck("Add")]);
    rig.tell(2, 1).await;
    assert_eq!(rig.said(), [message("sum/2"), struck("question/2"), Word::GivenBack(2)]);
    // It was done: the repeats are known, and struck no more.
    assert!(matches!(rig.add(1).await.await, Ok(Ok(_))));
    rig.tell(2, 2).await;
    assert_eq!(rig.said(), [Word::Acked(2)]);
    assert_eq!(rig.rows("sums").await, 2);
    rig.heal();
    rig.tell(3, 1).await;
    assert_eq!(rig.said(), [message("sum/3"), Word::Acked(3)]);
    rig.end();
}

#[tokio::test]
async fn each_attempt_of_a_step_is_struck_anew() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"fail-step","target":"adder","strength":50"#);
    for ordinal in [1, 2, 4, 5, 6] {
        let mut attempts = 1;
        while rig.add(ordinal).await.await.expect("answered").is_err() {
            attempts += 1;
            assert!(attempts < 50, "it gets through some time");
        }
    }
    assert_eq!(rig.rows("sums").await, 5);
    rig.end();
}

#[tokio::test]
async fn a_slow_store_takes_so_much_longer() {
    let mut rig = Rig::new().await;
    rig.fault(r#""kind":"slow-store","target":"adder","params":{"ms":30}"#);
    let before = rig.writer.ctx.clock.now_us();
    rig.add(1).await;
    assert!(rig.writer.ctx.clock.now_us() >= before + 30_000);
    assert_eq!(rig.said(), [message("sum/1"), struck("Add")]);
    rig.heal();
    rig.add(2).await;
    assert_eq!(rig.said(), [message("sum/2")]);
    rig.end();
}

#[tokio::test]
async fn a_crash_before_publishing_loses_nothing_with_the_outbox_and_the_messages_without() {
    for outbox in [true, false] {
        let mut rig = Rig::new().await;
        if !outbox {
            rig.switch_off("outbox");
        }
        rig.fault(r#""kind":"crash-before-publish","target":"adder""#);
        let crashed = async {
            let (job, _answer) = job(1, 1);
            rig.writer.process(vec![job]).await
        };
        let said = rig.ear.clone();
        let crash = async {
            while !said.0.lock().expect("not poisoned").iter().any(|word| matches!(word, ToHost::Crash { .. })) {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = crashed => panic!("it went on"),
            () = crash => {}
        }
        assert_eq!(rig.said(), [struck("Add"), Word::Crash]);
        let mut rig = rig.reopen().await;
        assert_eq!(rig.said(), if outbox { vec![message("sum/1")] } else { vec![] });
        assert_eq!(rig.rows("sums").await, 1, "it was committed");
        rig.add(2).await;
        assert_eq!(rig.said(), [message("sum/2")]);
        rig.end();
    }
}

#[tokio::test]
async fn without_the_inbox_a_repeated_message_has_a_second_effect() {
    let mut rig = Rig::new().await;
    rig.tell(1, 1).await;
    rig.tell(1, 2).await;
    assert_eq!(rig.rows("sums").await, 1);
    rig.switch_off("inbox");
    rig.tell(1, 3).await;
    assert_eq!(rig.rows("sums").await, 2);
    rig.add(2).await;
    rig.add(2).await;
    assert_eq!(rig.rows("sums").await, 3, "a command is known by its key");
    rig.standing.hear(FromHost::Switches(vec![]));
    rig.tell(1, 4).await;
    assert_eq!(rig.rows("sums").await, 3);
    rig.end();
}

#[derive(Clone, Debug)]
enum Turn {
    Tell(u64),
    Fault(&'static str),
    Heal,
    Crash,
}

fn turn() -> impl Strategy<Value = Turn> {
    let faults = prop::sample::select(vec![
        r#""kind":"drop","target":"broker","strength":50"#,
        r#""kind":"fail","target":"topic:adder""#,
        r#""kind":"delay","target":"broker","strength":50,"params":{"ms":1}"#,
        r#""kind":"reorder","target":"broker""#,
        r#""kind":"duplicate","target":"broker","strength":50"#,
        r#""kind":"partition","target":"adder""#,
        r#""kind":"broker-outage","target":"broker""#,
        r#""kind":"fail-step","target":"adder","strength":50"#,
        r#""kind":"fail-step","target":"adder","strength":50,"params":{"when":"after"}"#,
    ]);
    prop_oneof![
        6 => (1..12_u64).prop_map(Turn::Tell),
        2 => faults.prop_map(Turn::Fault),
        1 => Just(Turn::Heal),
        1 => Just(Turn::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Messages come any number of times, under any faults, with crashes between. Once it is all
    /// over and what was not acknowledged has come again, each has had one effect, and what it
    /// caused has been published.
    #[test]
    fn under_faults_nothing_is_lost_and_each_message_has_one_effect(turns in prop::collection::vec(turn(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let mut rig = Rig::new().await;
            let (mut told, mut said) = (BTreeSet::new(), vec![]);
            for turn in turns {
                match turn {
                    Turn::Tell(ordinal) => {
                        told.insert(ordinal);
                        rig.tell(ordinal, 1).await;
                    }
                    Turn::Fault(fault) => rig.fault(fault),
                    Turn::Heal => rig.heal(),
                    Turn::Crash => {
                        said.extend(rig.said());
                        rig = rig.reopen().await;
                    }
                }
            }
            rig.heal();
            for ordinal in &told {
                rig.tell(*ordinal, 2).await;
            }
            while rig.writer.held.next(&rig.writer.ctx).is_some() {
                rig.wait().await;
            }
            said.extend(rig.said());
            for ordinal in &told {
                prop_assert!(said.contains(&message(&format!("sum/{ordinal}"))), "{} was lost", ordinal);
                prop_assert!(said.contains(&Word::Acked(*ordinal)));
            }
            prop_assert_eq!(rig.rows("sums").await, i64::try_from(told.len()).expect("few"));
            rig.end();
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn what_is_refused_before_the_commit_is_undone_and_told_why() {
    let mut rig = Rig::new().await;
    let answer = rig.add(17).await;
    let refused = answer.await.expect("answered").expect_err("refused");
    assert!(matches!(&refused, Refusal::Domain(reason) if reason.starts_with("17 is refused")), "{refused}");
    assert_eq!(rig.said(), [Word::RolledBack(1)]);
    assert_eq!(rig.rows("sums").await, 0);
    rig.end();
}
