//! A read model follows, is built anew beside itself, and changes over.

use super::*;

/// How much was deposited to each account. The bug: withdrawals count, too.
struct Deposits {
    bug: bool,
}

impl ReadModel for Deposits {
    type Of = Account<3>;
    const NAME: &'static str = "deposits";

    fn schema(&self, table: &str) -> String {
        format!("create table {table} (account integer primary key, cents integer not null)")
    }

    async fn apply(
        &mut self,
        conn: &mut SqliteConnection,
        table: &str,
        events: &[(Recorded<'_>, Event)],
    ) -> sqlx::Result<()> {
        let upsert = format!(
            "insert into {table} values (?, ?) on conflict (account) do update set cents = cents + excluded.cents"
        );
        for (recorded, event) in events {
            let cents = match event {
                Event::Deposited { cents, .. } => *cents,
                Event::Withdrawn { cents } if self.bug => *cents,
                Event::Withdrawn { .. } => continue,
            };
            let upsert = sqlx::query(sqlx::AssertSqlSafe(upsert.clone()));
            upsert.bind(recorded.stream).bind(cents).execute(&mut *conn).await?;
        }
        Ok(())
    }
}

async fn shown(conn: &mut SqliteConnection) -> i64 {
    let (cents,): (i64,) = sqlx::query_as("select sum(cents) from deposits").fetch_one(conn).await.unwrap();
    cents
}

fn sum(count: u64, bug: bool) -> i64 {
    let cents = events(0, count).into_iter().map(|new| match new.event {
        Event::Deposited { cents, .. } => cents,
        Event::Withdrawn { cents } => {
            if bug {
                cents
            } else {
                0
            }
        }
    });
    cents.sum()
}

#[tokio::test]
async fn a_model_is_rebuilt_beside_the_old_one_and_switched_over() {
    let file = File::new();
    let (mut conn, mut models) = (file.open().await, file.open().await);
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 9_000)).await.unwrap().unwrap();
    let mut old = Projector::live(&mut models, Deposits { bug: true }).await.unwrap();
    while !old.advance(&store, &mut conn, &mut models).await.unwrap().has_caught_up() {}
    assert_eq!(shown(&mut models).await, sum(9_000, true));

    let mut new = Projector::rebuild(&mut models, Deposits { bug: false }).await.unwrap();
    let first = new.advance(&store, &mut conn, &mut models).await.unwrap();
    assert!(first.position > 0 && !first.has_caught_up(), "{first:?}");
    // The old one serves and follows meanwhile.
    store.append(&mut conn, 1, Expected::Any, &events(9_000, 1)).await.unwrap().unwrap();
    assert!(old.advance(&store, &mut conn, &mut models).await.unwrap().has_caught_up());
    assert_eq!(shown(&mut models).await, sum(9_001, true));
    while !new.advance(&store, &mut conn, &mut models).await.unwrap().has_caught_up() {}
    assert_eq!(shown(&mut models).await, sum(9_001, true));
    new.switch(&mut models).await.unwrap();
    assert_eq!(shown(&mut models).await, sum(9_001, false));
    // What has taken its place goes on after a restart.
    let mut live = Projector::live(&mut models, Deposits { bug: false }).await.unwrap();
    assert_eq!(live.table(), new.table());
    store.append(&mut conn, 1, Expected::Any, &events(9_001, 2)).await.unwrap().unwrap();
    assert!(live.advance(&store, &mut conn, &mut models).await.unwrap().has_caught_up());
    assert_eq!(shown(&mut models).await, sum(9_003, false));
}

#[tokio::test]
async fn a_rebuild_that_was_given_up_leaves_nothing_behind() {
    let file = File::new();
    let (mut conn, mut models) = (file.open().await, file.open().await);
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 10)).await.unwrap().unwrap();
    let mut live = Projector::live(&mut models, Deposits { bug: true }).await.unwrap();
    live.advance(&store, &mut conn, &mut models).await.unwrap();
    let given_up = Projector::rebuild(&mut models, Deposits { bug: false }).await.unwrap();
    let another = Projector::rebuild(&mut models, Deposits { bug: false }).await.unwrap();
    let tables: Vec<(String,)> =
        sqlx::query_as("select name from sqlite_master where type = 'table' and name like 'deposits%'")
            .fetch_all(&mut models)
            .await
            .unwrap();
    assert_eq!(tables, [(live.table(),), (another.table(),)]);
    assert_ne!(given_up.table(), another.table());
}

#[tokio::test]
async fn a_batch_that_cannot_be_stored_counts_as_not_seen() {
    let file = File::new();
    let (mut conn, mut models) = (file.open().await, file.open().await);
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 10)).await.unwrap().unwrap();
    let mut live = Projector::live(&mut models, Deposits { bug: false }).await.unwrap();
    let trap = "create trigger trap before update on projection begin select raise(abort, 'the disk is full'); end";
    sqlx::raw_sql(trap).execute(&mut models).await.unwrap();
    assert!(live.advance(&store, &mut conn, &mut models).await.is_err());
    sqlx::raw_sql("drop trigger trap").execute(&mut models).await.unwrap();
    assert!(live.advance(&store, &mut conn, &mut models).await.unwrap().has_caught_up());
    assert_eq!(shown(&mut models).await, sum(10, false));
}
