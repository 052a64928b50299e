//! Accounts' own tables, beside those of the event store. Never begins or commits: whoever calls
//! owns the transaction.

pub mod models;
mod readings;

use crate::domain::{AccountEvent, Accounts, Entry, PRESENT};
use crate::projections::{Advance, Build, Model, State, Told};
use crate::readers::{self, Reading};
use kit::event_store::{self, EventStore, Recorded, StoreError, Streams, read_all, read_stream};
use kit::storage::json;
use kit::{Due, Origin, Work};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The event store as this service reads it today.
pub type Store = EventStore<Accounts<PRESENT>>;

/// What a batch of work is about, and what is to be stored of it.
pub struct Ledger {
    pub store: Arc<Store>,
    pub streams: Streams<Accounts<PRESENT>>,
    /// Accounts that cannot be read, and why.
    pub unreadable: BTreeMap<i64, String>,
    /// The entries that are to be corrected, by account and sequence.
    pub entries: BTreeMap<(i64, u64), Entry>,
    /// What is new on the accounts' statements.
    pub posted: Vec<Line>,
    /// Every build of every read model.
    pub builds: Vec<Build>,
    /// Builds that are there no more.
    pub dropped: Vec<(&'static str, i64)>,
    /// What the next events do to a build, by the deadline that asks for it.
    pub advances: BTreeMap<protocol::Uuid, Advance>,
    /// Of those, which were taken.
    pub advanced: Vec<protocol::Uuid>,
    /// What readers of each age make of an account, and which of these are to be kept.
    pub readings: BTreeMap<i64, Vec<Reading>>,
    pub read: Vec<i64>,
    /// Where the last change came from.
    pub origin: Option<Origin>,
}

/// A row of `statement`.
#[derive(Clone, Debug)]
pub struct Line {
    pub account_id: i64,
    pub sequence: u64,
    pub position: u64,
    pub event: &'static str,
    pub schema: u16,
    pub amount_minor: i64,
    pub balance_minor: i64,
    pub value_date: String,
    pub recorded_at: String,
    pub corrects: Option<u64>,
    pub by_whom: String,
    pub why: String,
    pub command_id: Option<String>,
    pub correlation_id: Option<String>,
    pub seeded: bool,
}

/// Loads what the batch is about. `at_us`: now, in microseconds since the sandbox was created.
pub async fn load(
    conn: &mut SqliteConnection,
    store: Arc<Store>,
    batch: &[&Work],
    at_us: u64,
) -> Result<Ledger, StoreError> {
    let accounts: Vec<i64> = batch.iter().filter_map(|work| work.number("account_id")).collect();
    let ids: Vec<_> = batch.iter().map(|work| event_store::event_id(work.cause(), 1)).collect();
    let (streams, unreadable) = readable(conn, &store, &accounts, &ids).await?;
    let builds = models::builds(conn).await?;
    let mut ledger = Ledger {
        store,
        streams,
        unreadable,
        builds,
        entries: BTreeMap::new(),
        posted: vec![],
        dropped: vec![],
        advances: BTreeMap::new(),
        advanced: vec![],
        readings: BTreeMap::new(),
        read: vec![],
        origin: None,
    };
    for work in batch {
        match (work.kind(), work.number("account_id")) {
            ("CorrectEntry", Some(account)) if !ledger.unreadable.contains_key(&account) => {
                let sequence = work.number("sequence").unwrap_or_default().unsigned_abs();
                if let Some(entry) = entry(conn, &ledger.store, account, sequence, at_us).await? {
                    ledger.entries.insert((account, sequence), entry);
                }
            }
            ("CompareReaders", Some(account)) => {
                let readings = readers::read(conn, &ledger.store, account).await?;
                ledger.readings.insert(account, readings);
            }
            (Work::DEADLINE, _) => {
                if let Some(advance) = advance(conn, &ledger, work).await? {
                    ledger.advances.insert(work.cause(), advance);
                }
            }
            _ => {}
        }
    }
    Ok(ledger)
}

/// The streams that can be read, and why the others cannot.
async fn readable(
    conn: &mut SqliteConnection,
    store: &Store,
    accounts: &[i64],
    ids: &[protocol::Uuid],
) -> Result<(Streams<Accounts<PRESENT>>, BTreeMap<i64, String>), StoreError> {
    let mut unreadable = BTreeMap::new();
    loop {
        let left = accounts.iter().copied().filter(|account| !unreadable.contains_key(account));
        match store.load(conn, left, ids).await {
            Ok(streams) => return Ok((streams, unreadable)),
            Err(StoreError::Unreadable { stream, sequence, why }) => {
                unreadable.insert(stream, format!("its event {sequence} cannot be read: {why}"));
            }
            Err(error) => return Err(error),
        }
    }
}

/// A deposit or withdrawal as it counts with all its corrections; `None` where there is none such.
async fn entry(
    conn: &mut SqliteConnection,
    store: &Store,
    account: i64,
    sequence: u64,
    at_us: u64,
) -> Result<Option<Entry>, StoreError> {
    let batch = read_stream(conn, account, 1, u64::MAX >> 1).await?;
    let mut found: Option<Entry> = None;
    for recorded in batch.events().await? {
        let (recorded, event) = store.told(recorded)?;
        if recorded.sequence == sequence && event.corrects().is_none() && event.amount_minor() != 0 {
            let ago = i64::try_from(at_us).unwrap_or(i64::MAX).saturating_sub(recorded.about.at_us);
            let backdated_us = ago.max(0).unsigned_abs().saturating_add(event.backdated_us());
            found = Some(Entry { sequence, amount_minor: event.amount_minor(), backdated_us });
        }
        if event.corrects() == Some(sequence)
            && let Some(entry) = &mut found
        {
            entry.amount_minor += event.amount_minor();
        }
    }
    Ok(found)
}

/// What the next events do to the build that a deadline names.
async fn advance(conn: &mut SqliteConnection, ledger: &Ledger, work: &Work) -> Result<Option<Advance>, StoreError> {
    let (name, number) = (work.text("projection").unwrap_or_default(), work.number("build").unwrap_or_default());
    let Some(build) = ledger.builds.iter().find(|build| build.model.name() == name && build.build == number) else {
        return Ok(None);
    };
    let mut advance = Advance { rows: models::rows(conn, build).await?, told: vec![], stuck: None };
    let batch = read_all(conn, build.position).await?;
    for recorded in batch.events().await?.into_iter().take(build.step()) {
        match told(conn, &ledger.store, build.model, recorded).await {
            Ok(told) => advance.told.push(told),
            Err(error @ StoreError::Unreadable { .. }) => {
                advance.stuck = Some(error.to_string());
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(advance))
}

/// What a read model needs to know of an event: of a correction, one also what it puts right.
async fn told(
    conn: &mut SqliteConnection,
    store: &Store,
    model: Model,
    recorded: Recorded<'_>,
) -> Result<Told, StoreError> {
    let (recorded, event) = store.told(recorded)?;
    let mut told = Told::new(&recorded, &event);
    if let (Model::Monthly, Some(sequence)) = (model, event.corrects()) {
        let batch = read_stream(conn, recorded.stream, sequence, sequence).await?;
        for recorded in batch.events().await? {
            let (recorded, event) = store.told(recorded)?;
            told.entry = Some(Box::new(Told::new(&recorded, &event)));
        }
    }
    Ok(told)
}

pub async fn save(conn: &mut SqliteConnection, ledger: &Ledger) -> Result<(), StoreError> {
    ledger.store.save(conn, &ledger.streams).await?;
    post(conn, &ledger.posted).await?;
    for (model, build) in &ledger.dropped {
        models::drop(conn, model, *build).await?;
    }
    for advanced in &ledger.advanced {
        if let Some(advance) = ledger.advances.get(advanced) {
            models::keep(conn, &advance.rows).await?;
        }
    }
    models::note(conn, ledger.builds.iter().filter(|build| build.changed)).await?;
    for account in &ledger.read {
        readings::keep(conn, *account, ledger.readings.get(account).map_or(&[], Vec::as_slice)).await?;
    }
    if let Some(origin) = &ledger.origin {
        let origin = serde_json::to_string(origin).unwrap_or_default();
        sqlx::query("insert or replace into origin values (1, ?)").bind(origin).execute(conn).await?;
    }
    Ok(())
}

/// New lines of statements.
pub async fn post(conn: &mut SqliteConnection, lines: &[Line]) -> sqlx::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let rows = lines.iter().map(|line| {
        let number = (line.account_id, line.sequence, line.position, line.event, line.schema);
        let money = (line.amount_minor, line.balance_minor, &line.value_date, &line.recorded_at, line.corrects);
        (number, money, (&line.by_whom, &line.why, &line.command_id, u8::from(line.seeded), &line.correlation_id))
    });
    sqlx::query(
        "insert into statement
         select value ->> '$[0][0]', value ->> '$[0][1]', value ->> '$[0][2]', value ->> '$[0][3]', value ->> '$[0][4]',
                value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]', value ->> '$[1][3]', value ->> '$[1][4]',
                value ->> '$[2][0]', value ->> '$[2][1]', value ->> '$[2][2]', value ->> '$[2][3]', value ->> '$[2][4]'
         from json_each(?)",
    )
    .bind(json(rows))
    .execute(conn)
    .await
    .map(drop)
}

/// Builds that lag behind the events and may go on, each as a deadline that has passed.
pub async fn due(conn: &mut SqliteConnection, now_us: u64, most: usize) -> sqlx::Result<Due> {
    let origin: Option<(String,)> = sqlx::query_as("select origin from origin").fetch_optional(&mut *conn).await?;
    let Some(origin) = origin.and_then(|(text,)| serde_json::from_str::<Origin>(&text).ok()) else {
        return Ok(Due::default());
    };
    let end = event_store::end(conn).await?;
    let mut due = Due::default();
    for build in models::builds(conn).await?.into_iter().filter(|build| build.lags(end)) {
        if build.due_us() > now_us || due.passed.len() >= most.max(1) {
            due.next = due.next.into_iter().chain([build.due_us()]).min();
            continue;
        }
        let data = serde_json::json!({ "projection": build.model.name(), "build": build.build });
        due.passed.push(origin.deadline(build.deadline(), data));
    }
    Ok(due)
}

impl Ledger {
    /// When the next of the builds goes on that are left behind by what is stored now, in microseconds
    /// since the sandbox was created.
    pub fn next_step_us(&self) -> Option<u64> {
        self.builds.iter().filter(|build| build.lags(self.streams.end())).map(Build::due_us).min()
    }

    /// An event of this batch counts for what comes behind it in the batch: it is an entry, or
    /// changes what one stands for.
    pub fn counts(&mut self, account_id: i64, sequence: u64, event: &AccountEvent) {
        let amount_minor = event.amount_minor();
        match event {
            AccountEvent::Created => {}
            AccountEvent::Corrected { sequence: entry, .. } => {
                if let Some(entry) = self.entries.get_mut(&(account_id, *entry)) {
                    entry.amount_minor += amount_minor;
                }
            }
            AccountEvent::Deposited { backdated_us, .. } | AccountEvent::Withdrawn { backdated_us, .. } => {
                let entry = Entry { sequence, amount_minor, backdated_us: *backdated_us };
                self.entries.insert((account_id, sequence), entry);
            }
        }
    }

    /// The build of this state, if there is one.
    pub fn build(&self, projection: &str, state: State) -> Option<usize> {
        self.builds.iter().position(|build| build.model.name() == projection && build.state == state)
    }
}
