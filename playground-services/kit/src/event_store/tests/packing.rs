//! What is packed is the same events in fewer rows, whatever happens meanwhile.

use super::*;
use crate::event_store::segment::{EVENTS_MAX, Filling, Segment};

async fn rows(conn: &mut SqliteConnection) -> i64 {
    let (rows,): (i64,) = sqlx::query_as("select count(*) from segment").fetch_one(conn).await.unwrap();
    rows
}

/// One transaction that appends single events to two streams in turn, up to just before packing.
async fn almost_a_group(conn: &mut SqliteConnection, store: &EventStore<Account<3>>) -> Model {
    let mut model = Model::default();
    storage::begin(conn).await.unwrap();
    let mut streams = store.load(conn, [1, 2], &[]).await.unwrap();
    for n in 0..pack::GROUP - 1 {
        let stream = if n % 2 == 0 { 1 } else { 2 };
        streams.append(stream, Expected::Any, &[event(n)]).unwrap();
        let held = model.streams.entry(stream).or_default();
        held.push(event(n));
        model.all.push((stream, held.len() as u64));
    }
    store.save(conn, &streams).await.unwrap();
    storage::commit(conn).await.unwrap();
    model
}

#[tokio::test]
async fn a_group_is_packed_in_the_transaction_that_fills_it() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    let mut model = almost_a_group(&mut conn, &store).await;
    assert_eq!(rows(&mut conn).await, pack::GROUP as i64 - 1);
    store.append(&mut conn, 2, Expected::Any, &[event(pack::GROUP)]).await.unwrap().unwrap();
    assert_eq!(rows(&mut conn).await, (pack::GROUP / EVENTS_MAX) as i64);
    let held = model.streams.get_mut(&2).unwrap();
    held.push(event(pack::GROUP));
    model.all.push((2, held.len() as u64));
    holds(&mut conn, &store, &model).await.unwrap();
    holds(&mut conn, &EventStore::with_snapshots(7), &model).await.unwrap();
}

#[tokio::test]
async fn packing_that_fails_half_way_has_not_begun() {
    // Each time at another row that packing writes.
    for written in 0..pack::GROUP / EVENTS_MAX {
        let file = File::new();
        let mut conn = file.open().await;
        let store = EventStore::<Account<3>>::default();
        let model = almost_a_group(&mut conn, &store).await;
        let trap = format!(
            "create trigger trap before insert on segment
             when new.last > new.first and (select count(*) from segment where last > first) = {written}
             begin select raise(abort, 'the disk is full'); end"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(trap)).execute(&mut conn).await.unwrap();
        let failed = store.append(&mut conn, 2, Expected::Any, &[event(pack::GROUP)]).await;
        assert!(matches!(failed, Err(StoreError::Sql(_))), "{failed:?}");
        holds(&mut conn, &store, &model).await.unwrap();
        sqlx::raw_sql("drop trigger trap").execute(&mut conn).await.unwrap();
        store.append(&mut conn, 2, Expected::Any, &[event(pack::GROUP)]).await.unwrap().unwrap();
        assert_eq!(rows(&mut conn).await, (pack::GROUP / EVENTS_MAX) as i64);
    }
}

#[tokio::test]
async fn a_writer_that_is_gone_before_its_commit_has_packed_nothing() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    let model = almost_a_group(&mut conn, &store).await;
    storage::begin(&mut conn).await.unwrap();
    let mut streams = store.load(&mut conn, [2], &[]).await.unwrap();
    streams.append(2, Expected::Any, &[event(pack::GROUP)]).unwrap();
    store.save(&mut conn, &streams).await.unwrap();
    assert_eq!(rows(&mut conn).await, (pack::GROUP / EVENTS_MAX) as i64);
    conn.close_hard().await.unwrap();
    let mut conn = file.open().await;
    assert_eq!(rows(&mut conn).await, pack::GROUP as i64 - 1);
    holds(&mut conn, &store, &model).await.unwrap();
}

#[tokio::test]
async fn a_missing_or_damaged_segment_is_named() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    for n in 0..4 {
        store.append(&mut conn, 1, Expected::Any, &[event(n)]).await.unwrap().unwrap();
    }
    sqlx::raw_sql("update segment set body = x'01ff' where first = 3").execute(&mut conn).await.unwrap();
    let damaged = store.replay(&mut conn, 1, None, u64::MAX).await;
    assert!(matches!(damaged, Err(StoreError::Damaged { stream: 1, sequence: 3, .. })), "{damaged:?}");
    sqlx::raw_sql("delete from segment where first = 3").execute(&mut conn).await.unwrap();
    let missing = store.replay(&mut conn, 1, None, u64::MAX).await;
    assert!(matches!(missing, Err(StoreError::Damaged { stream: 1, sequence: 3, .. })), "{missing:?}");
}

/// The bytes of version 1, for good: a change of these needs a new version.
#[test]
fn the_bytes_of_a_segment_are_those_of_version_1() {
    let mut filling = Filling::new(42, 1);
    let id = Uuid::from_u128(0xabcd);
    let first = About { id, at_us: -1, cause: id, correlation: id, by: "ada".into(), why: "".into() };
    let second = About { at_us: 299, why: "rent".into(), ..first.clone() };
    filling.push(7, Slice { kind: 1, schema: 3, data: &[0x90, 0x03] }, &first);
    filling.push(9, Slice { kind: 300, schema: 1, data: &[] }, &second);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let uuid = "0000000000000000000000000000abcd";
    assert_eq!(hex(filling.body()), "010103029003ac020100");
    assert_eq!(hex(filling.about()), format!("0107010a{uuid}{uuid}0361646102d80407{uuid}0472656e74"));
    let (body, about) = (filling.body().to_vec(), filling.about().to_vec());
    let segment = Segment { position: 9, stream: 42, first: 1, last: 2, until: 9, body, about };
    let events = segment.events().unwrap();
    let read: Vec<_> = events.iter().map(|event| (event.position, event.sequence, &event.about)).collect();
    assert_eq!(read, [(7, 1, &first), (9, 2, &second)]);
}

proptest! {
    #[test]
    fn no_bytes_make_a_segment_panic(body: Vec<u8>, about: Vec<u8>, last in 1_u64..9) {
        let [body, about] = [body, about].map(|bytes| [&[1][..], &bytes].concat());
        let _ = Segment { position: 9, stream: 1, first: 1, last, until: 9, body, about }.events();
    }
}
