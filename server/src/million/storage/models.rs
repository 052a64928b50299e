//! Three read models of the million events, each what one page of the club's would ask for.

use crate::million::account::{Club, Entry};
use kit::event_store::{EventStore, Progress, Projector, ReadModel, Recorded, StoreError};
use kit::storage::json;
use serde_json::{Value, json as object};
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeMap;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// What each member has saved.
    Savings,
    /// What came in and went out in each month.
    Months,
    /// The largest withdrawals of all time.
    Largest,
}

impl Model {
    pub const ALL: [Model; 3] = [Model::Savings, Model::Months, Model::Largest];

    pub fn name(self) -> &'static str {
        match self {
            Model::Savings => Savings::NAME,
            Model::Months => Months::NAME,
            Model::Largest => Largest::NAME,
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Model::ALL.into_iter().find(|model| model.name() == name)
    }

    /// One small question, as a page would ask it; another one for each number.
    pub async fn ask(self, conn: &mut SqliteConnection, number: i64) -> sqlx::Result<()> {
        let asked = match self {
            Model::Savings => {
                sqlx::query("select saved_minor from savings where member = ?").bind(number * 31 % 100 + 1)
            }
            Model::Months => {
                let months = number * 31 % 120 + 2;
                sqlx::query("select paid_in_minor, paid_out_minor from months where month = ?").bind(format!(
                    "{}-{:02}",
                    2016 + months / 12,
                    months % 12 + 1
                ))
            }
            Model::Largest => sqlx::query(
                "select member, amount_minor from largest order by amount_minor desc, sequence limit 1 offset ?",
            )
            .bind(number % LARGEST),
        };
        asked.fetch_optional(conn).await.map(drop)
    }

    /// Some rows to look at, each an object.
    pub async fn rows(self, conn: &mut SqliteConnection) -> sqlx::Result<Vec<Value>> {
        let sql = match self {
            Model::Savings => {
                "select json_object('member', member, 'saved_minor', saved_minor, 'entries', entries)
                 from savings order by saved_minor desc limit 5"
            }
            Model::Months => {
                "select json_object('month', month, 'paid_in_minor', paid_in_minor, 'paid_out_minor', paid_out_minor)
                 from months order by month desc limit 5"
            }
            Model::Largest => {
                "select json_object('amount_minor', amount_minor, 'member', member, 'sequence', sequence, 'day', day)
                 from largest order by amount_minor desc, sequence limit 5"
            }
        };
        let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(conn).await?;
        Ok(rows.into_iter().map(|(row,)| serde_json::from_str(&row).unwrap_or_else(|_| object!({}))).collect())
    }
}

/// One of them under way.
pub enum Building {
    Savings(Projector<Savings>),
    Months(Projector<Months>),
    Largest(Projector<Largest>),
}

macro_rules! each {
    ($building:expr, $projector:ident => $done:expr) => {
        match $building {
            Building::Savings($projector) => $done,
            Building::Months($projector) => $done,
            Building::Largest($projector) => $done,
        }
    };
}

impl Building {
    /// Goes on with the one readers see, or begins with the first.
    pub async fn live(own: &mut SqliteConnection, model: Model) -> sqlx::Result<Self> {
        Ok(match model {
            Model::Savings => Building::Savings(Projector::live(own, Savings).await?),
            Model::Months => Building::Months(Projector::live(own, Months).await?),
            Model::Largest => Building::Largest(Projector::live(own, Largest).await?),
        })
    }

    /// Begins a new one beside the one readers see.
    pub async fn rebuild(own: &mut SqliteConnection, model: Model) -> sqlx::Result<Self> {
        Ok(match model {
            Model::Savings => Building::Savings(Projector::rebuild(own, Savings).await?),
            Model::Months => Building::Months(Projector::rebuild(own, Months).await?),
            Model::Largest => Building::Largest(Projector::rebuild(own, Largest).await?),
        })
    }

    pub async fn advance(
        &mut self,
        store: &EventStore<Club>,
        events: &mut SqliteConnection,
        own: &mut SqliteConnection,
    ) -> Result<Progress, StoreError> {
        each!(self, projector => projector.advance(store, events, own).await)
    }

    pub async fn switch(&mut self, own: &mut SqliteConnection) -> sqlx::Result<()> {
        each!(self, projector => projector.switch(own).await)
    }
}

pub struct Savings;

impl ReadModel for Savings {
    type Of = Club;
    const NAME: &'static str = "savings";

    fn schema(&self, table: &str) -> String {
        format!(
            "create table {table} (member integer primary key, saved_minor integer not null, entries integer not null)"
        )
    }

    async fn apply(
        &mut self,
        conn: &mut SqliteConnection,
        table: &str,
        events: &[(Recorded<'_>, Entry)],
    ) -> sqlx::Result<()> {
        let mut changes: BTreeMap<u64, (i64, u64)> = BTreeMap::new();
        for (_, entry) in events {
            let (member, amount) = match entry {
                Entry::AccountCreated => continue,
                Entry::MoneyDeposited { member, amount } => (*member, *amount),
                Entry::MoneyWithdrawn { member, amount } => (*member, -amount),
            };
            let (saved, entries) = changes.entry(member).or_default();
            *saved += amount;
            *entries += 1;
        }
        let upsert = format!(
            "insert into {table} (member, saved_minor, entries)
             select value ->> 0, value ->> '$[1][0]', value ->> '$[1][1]' from json_each(?) where true
             on conflict (member) do update
             set saved_minor = saved_minor + excluded.saved_minor, entries = entries + excluded.entries"
        );
        sqlx::query(sqlx::AssertSqlSafe(upsert)).bind(json(changes.into_iter())).execute(conn).await.map(drop)
    }
}

pub struct Months;

impl ReadModel for Months {
    type Of = Club;
    const NAME: &'static str = "months";

    fn schema(&self, table: &str) -> String {
        format!(
            "create table {table} (
                 month text primary key, paid_in_minor integer not null, paid_out_minor integer not null
             ) without rowid"
        )
    }

    async fn apply(
        &mut self,
        conn: &mut SqliteConnection,
        table: &str,
        events: &[(Recorded<'_>, Entry)],
    ) -> sqlx::Result<()> {
        // By day here, so that SQLite, which knows the calendar, has few of them to tell the months of.
        let mut days: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for (recorded, entry) in events {
            let (paid_in, paid_out) = days.entry(day(recorded)).or_default();
            match entry {
                Entry::AccountCreated => {}
                Entry::MoneyDeposited { amount, .. } => *paid_in += amount,
                Entry::MoneyWithdrawn { amount, .. } => *paid_out += amount,
            }
        }
        let upsert = format!(
            "insert into {table} (month, paid_in_minor, paid_out_minor)
             select strftime('%Y-%m', 86400 * (value ->> 0), 'unixepoch') as month,
                    sum(value ->> '$[1][0]'), sum(value ->> '$[1][1]')
             from json_each(?) where true group by month
             on conflict (month) do update set
                 paid_in_minor = paid_in_minor + excluded.paid_in_minor,
                 paid_out_minor = paid_out_minor + excluded.paid_out_minor"
        );
        sqlx::query(sqlx::AssertSqlSafe(upsert)).bind(json(days.into_iter())).execute(conn).await.map(drop)
    }
}

pub struct Largest;

/// So many are kept.
const LARGEST: i64 = 20;

impl ReadModel for Largest {
    type Of = Club;
    const NAME: &'static str = "largest";

    fn schema(&self, table: &str) -> String {
        format!(
            "create table {table} (
                 amount_minor integer not null, sequence integer not null, member integer not null, day text not null,
                 primary key (amount_minor desc, sequence)
             ) without rowid"
        )
    }

    async fn apply(
        &mut self,
        conn: &mut SqliteConnection,
        table: &str,
        events: &[(Recorded<'_>, Entry)],
    ) -> sqlx::Result<()> {
        let mut withdrawals: Vec<(i64, u64, u64, i64)> = vec![];
        for (recorded, entry) in events {
            if let Entry::MoneyWithdrawn { member, amount } = entry {
                withdrawals.push((*amount, recorded.sequence, *member, day(recorded)));
            }
        }
        withdrawals.sort_unstable_by_key(|(amount, sequence, ..)| (-amount, *sequence));
        withdrawals.truncate(LARGEST.unsigned_abs() as usize);
        let insert = format!(
            "insert into {table} (amount_minor, sequence, member, day)
             select value ->> 0, value ->> 1, value ->> 2, date(86400 * (value ->> 3), 'unixepoch') from json_each(?1);
             delete from {table} where (amount_minor, sequence) in (
                 select amount_minor, sequence from {table} order by amount_minor desc, sequence limit -1 offset ?2
             )"
        );
        let rows = json(withdrawals.into_iter());
        sqlx::query(sqlx::AssertSqlSafe(insert)).bind(rows).bind(LARGEST).execute(conn).await.map(drop)
    }
}

/// Days since 1970.
fn day(recorded: &Recorded<'_>) -> i64 {
    recorded.about.at_us.div_euclid(86_400_000_000)
}
