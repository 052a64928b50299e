//! What is said of promises, and what an older file lacks.

use super::*;
use crate::testing::TempDir;
use protocol::{RowChange, Topology};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use tokio::task::JoinHandle;

struct Run {
    dir: TempDir,
    topology: Topology,
    recorder: Recorder,
    task: JoinHandle<()>,
    transactions: u64,
}

impl Run {
    async fn new() -> Self {
        let (dir, topology) = (TempDir::new(), protocol::topology("saga-choreography").expect("exists"));
        let (recorder, task) = opened(&dir, &topology).await;
        let run = Run { dir, topology, recorder, task, transactions: 0 };
        let limits = protocol::Limits { commands_per_second: 1, command_burst: 1, record_bytes: 1, faults: 1 };
        let topology = Box::new(run.topology.clone());
        run.observe(Observation::SandboxStarted { format: protocol::RECORD_FORMAT, topology, seed: 7, limits }).await;
        run
    }

    /// Where it was recorded.
    async fn observe(&self, observation: Observation) -> Position {
        let position = self.recorder.history.position() + 1;
        let observed = by_server(Clock::new(0, 1), "inventory".into(), observation);
        self.recorder.send(Entry::Observe(vec![observed])).expect("it is open");
        self.recorder.flush().await.expect("it is open");
        // What follows from it is in the record when the next answer comes.
        self.recorder.flush().await.expect("it is open");
        position
    }

    /// Inventory commits these rows.
    async fn commit(&mut self, rows: Vec<RowChange>) -> Position {
        self.transactions += 1;
        let transaction_id = self.transactions;
        self.observe(Observation::TransactionCommitted { transaction_id, rows, batch_size: 1 }).await
    }

    async fn close(&mut self) {
        self.recorder.end().await;
        let _ = (&mut self.task).await;
    }

    async fn reopen(&mut self) {
        (self.recorder, self.task) = opened(&self.dir, &self.topology).await;
        self.recorder.flush().await.expect("it is open");
        self.recorder.flush().await.expect("it is open");
    }

    async fn execute(&self, sql: &'static str) {
        let mut conn = kit::storage::options(&path(&self.dir)).connect().await.expect("opens");
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("runs");
        conn.close().await.expect("closes");
    }

    async fn record(&self) -> Vec<Recorded> {
        let pieces = self.recorder.history.ndjson(0, usize::MAX).await.expect("it can be read").concat();
        String::from_utf8(pieces)
            .expect("UTF-8")
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line"))
            .collect()
    }

    /// The names of the promises the picture shows as broken, and since when.
    fn broken(&self) -> Vec<(String, Position)> {
        let broken = self.recorder.history.state().broken;
        broken.into_iter().map(|broken| (broken.name.to_string(), broken.since)).collect()
    }
}

fn path(dir: &TempDir) -> PathBuf {
    dir.path().join("sandbox.db")
}

async fn opened(dir: &TempDir, topology: &Topology) -> (Recorder, JoinHandle<()>) {
    let stored = storage::open(&path(dir), topology).await.expect("opens");
    let opened = open(stored, path(dir), Clock::new(0, 1), Uuid::nil());
    (opened.recorder, tokio::spawn(opened.task.run()))
}

fn shelf(before: Option<i64>, after: i64) -> RowChange {
    let row = |on_hand: i64| json!({ "item_id": 42, "on_hand": on_hand });
    RowChange { table: "stock".into(), key: "42".into(), before: before.map(row), after: Some(row(after)) }
}

fn held(order: i64) -> RowChange {
    let row = json!({ "order_id": order, "quantity": 1, "status": "HELD" });
    RowChange { table: "reservations".into(), key: order.to_string(), before: None, after: Some(row) }
}

fn said(record: &[Recorded], position: Position) -> (&str, &Observation) {
    let event = &record[usize::try_from(position).expect("small") - 1];
    (&event.service, &event.observation)
}

#[tokio::test]
async fn a_fault_is_cleared_once_and_not_by_whoever_means_an_earlier_one() {
    let mut run = Run::new().await;
    let fault = |installed_at| {
        let spec = serde_json::from_value(json!({ "kind": "crash", "target": "inventory" })).expect("a spec");
        Fault { id: "down".into(), spec, installed_at }
    };
    let clear = async |run: &Run, fault: &Fault| {
        let cleared = Observation::FaultCleared { fault_id: fault.id.clone(), reason: String::new() };
        let cleared = by_server(Clock::new(0, 1), "learner".into(), cleared);
        run.recorder.send(Entry::Clear { fault: fault.clone(), cleared }).expect("it is open");
        run.recorder.flush().await.expect("it is open");
        run.recorder.history.position()
    };
    let (earlier, later) = (fault(1), fault(2));
    run.observe(Observation::FaultInstalled { fault: Box::new(earlier.clone()) }).await;
    let installed = run.observe(Observation::FaultInstalled { fault: Box::new(later.clone()) }).await;
    assert_eq!(clear(&run, &earlier).await, installed, "another one stands under its name");
    assert_eq!(run.recorder.faults().as_slice(), std::slice::from_ref(&later));
    assert_eq!(clear(&run, &later).await, installed + 1);
    assert_eq!(clear(&run, &later).await, installed + 1, "it is over");
    assert!(run.recorder.faults().is_empty());
    run.close().await;
}

#[tokio::test]
async fn a_record_is_as_large_as_what_is_stored_of_it() {
    let mut run = Run::new().await;
    for _ in 0..2 * BLOCK {
        run.observe(Observation::SandboxWoken).await;
    }
    let counted = run.recorder.history.bytes();
    let mut conn = kit::storage::options(&path(&run.dir)).connect().await.expect("opens");
    let (stored, blocks): (i64, i64) =
        sqlx::query_as("select sum(length(body)), sum(packed) from chunk").fetch_one(&mut conn).await.expect("reads");
    conn.close().await.expect("closes");
    assert!(blocks > 0, "nothing was packed");
    assert_eq!(counted, stored.unsigned_abs());
    run.close().await;
}

#[tokio::test]
async fn a_promise_that_breaks_and_one_that_holds_again_are_in_the_record_at_once() {
    let mut run = Run::new().await;
    run.commit(vec![shelf(None, 100)]).await;
    assert_eq!(run.broken(), []);
    // A piece leaves the shelf for nobody.
    let breaks = run.commit(vec![shelf(Some(100), 99)]).await;
    assert_eq!(run.broken(), [("stock-conserved".to_owned(), breaks)]);
    // What changes nothing about it is not said twice.
    run.observe(Observation::SandboxWoken).await;
    let mends = run.commit(vec![held(101)]).await;
    assert_eq!(run.broken(), []);

    let record = run.record().await;
    let (who, broken) = said(&record, breaks + 1);
    let reason = "99 on hand + 0 held + 0 sold is not the 100 there were".to_owned();
    assert_eq!(*broken, Observation::InvariantBroken { name: "stock-conserved".into(), since: breaks, reason });
    assert_eq!(who, TERRARIUM);
    let (who, restored) = said(&record, mends + 1);
    assert_eq!(*restored, Observation::InvariantRestored { name: "stock-conserved".into(), since: mends });
    assert_eq!((who, record.len() as u64), (TERRARIUM, mends + 1));
}

#[tokio::test]
async fn a_promise_broken_for_good_is_said_once_however_often_the_record_is_opened() {
    let mut run = Run::new().await;
    let (entity, from, to) = ("order".into(), None, "CONFIRMED".into());
    let breaks = run.observe(Observation::StateChanged { entity, id: 101, from, to }).await;
    for _ in 0..2 {
        run.close().await;
        run.reopen().await;
        assert_eq!(run.broken(), [("legal-transitions".to_owned(), breaks)]);
        assert_eq!(run.record().await.len() as u64, breaks + 1);
    }
}

#[tokio::test]
async fn what_a_kill_left_unsaid_is_said_when_the_record_is_opened() {
    let mut run = Run::new().await;
    run.commit(vec![shelf(None, 100)]).await;
    let breaks = run.commit(vec![shelf(Some(100), 99)]).await;
    run.task.abort();
    let _ = (&mut run.task).await;
    // As if it had come between the two commits.
    run.execute("delete from chunk where first = (select max(first) from chunk)").await;
    run.reopen().await;
    assert_eq!(run.broken(), [("stock-conserved".to_owned(), breaks)]);
    assert_eq!(run.record().await.len() as u64, breaks + 1);
}

#[tokio::test]
async fn a_file_of_the_version_before_has_all_its_folds_when_it_is_opened() {
    let mut run = Run::new().await;
    run.commit(vec![shelf(None, 100)]).await;
    run.observe(Observation::ServiceCrashed { reason: "as asked".to_owned() }).await;
    let (strata, rows) =
        (run.recorder.history.with_picture(|picture| picture.strata.clone()), run.recorder.history.rows());
    assert_eq!(strata.layers.len() as u64, strata.end);
    run.close().await;

    let mut conn = kit::storage::options(&path(&run.dir)).connect().await.expect("opens");
    let (body,): (Vec<u8>,) = sqlx::query_as("select body from checkpoint").fetch_one(&mut conn).await.expect("one");
    let json = zstd::stream::decode_all(&body[..]).expect("packed");
    let mut picture: Value = serde_json::from_slice(&json).expect("JSON");
    // That version knew fewer kinds of marks.
    for layer in picture["strata"]["layers"].as_array_mut().expect("layers") {
        layer.as_array_mut().expect("counts").pop();
    }
    let body = storage::pack(picture.to_string().as_bytes()).expect("packs");
    sqlx::query("update checkpoint set body = ?").bind(body).execute(&mut conn).await.expect("runs");
    sqlx::raw_sql("drop table rows_at; pragma user_version = 1").execute(&mut conn).await.expect("runs");
    conn.close().await.expect("closes");

    run.reopen().await;
    assert_eq!(run.recorder.history.with_picture(|picture| picture.strata.clone()), strata);
    assert_eq!(run.recorder.history.rows(), rows);
}
