//! Files from before recent events were left out of the index.

use super::*;

const BEFORE: &str = "
create table event_store (format integer not null, packed integer not null);
insert into event_store values (1, 0);
create table segment (
    position integer primary key,
    stream integer not null,
    first integer not null,
    last integer not null,
    until integer not null,
    body blob not null,
    about blob not null
);
create unique index segment_of_stream on segment (stream, first, last);
create table event_id (
    id blob primary key,
    stream integer not null,
    sequence integer not null
) without rowid;
create table recent_event_id (
    id blob primary key,
    stream integer not null,
    sequence integer not null
) without rowid;
create table snapshot (
    stream integer not null,
    schema integer not null,
    version integer not null,
    state blob not null,
    primary key (stream, schema, version)
) without rowid";

/// As it was written then: each event a row of its own in the index, its id in a table.
async fn older(file: &File, count: u64) {
    let path = file.0.join("events.db");
    let mut conn = storage::open(&path, &[BEFORE]).await.unwrap();
    for n in 0..count {
        let NewEvent { event, about } = event(n);
        let (mut filling, mut data) = (segment::Filling::new(1, n + 1), Writer::default());
        Account::<3>::write(&event, &mut data);
        let kind = Account::<3>::kind(&event);
        let schema = Account::<3>::schema(kind).unwrap();
        filling.push(n + 1, Slice { kind, schema, data: data.as_slice() }, &about);
        sqlx::query(
            "insert into segment values (?1, 1, ?1, ?1, ?1, ?2, ?3); insert into recent_event_id values (?4, 1, ?1)",
        )
        .bind(i64::try_from(n + 1).unwrap())
        .bind(filling.body())
        .bind(filling.about())
        .bind(about.id.as_bytes().as_slice())
        .execute(&mut conn)
        .await
        .unwrap();
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn what_an_older_version_has_written_is_read_known_and_packed() {
    let file = File::new();
    older(&file, 100).await;
    let mut conn = storage::open(&file.0.join("events.db"), &[BEFORE]).await.unwrap();
    // When it packed, it moved the ids of all events, those behind the group, too.
    sqlx::raw_sql("insert into event_id select * from recent_event_id where sequence > 90")
        .execute(&mut conn)
        .await
        .unwrap();
    conn.close().await.unwrap();
    let mut conn = storage::open(&file.0.join("events.db"), &[BEFORE, OLDER]).await.unwrap();
    let store = EventStore::<Account<3>>::default();
    let again = store.append(&mut conn, 1, Expected::Any, &events(99, 1)).await.unwrap();
    assert_eq!(again, Ok(Appended { first: 100, last: 100, repeat: true }));
    let rest = pack::GROUP + 10;
    for n in 100..rest {
        let appended = store.append(&mut conn, 1, Expected::Version(n), &events(n, 1)).await.unwrap();
        assert_eq!(appended, Ok(Appended { first: n + 1, last: n + 1, repeat: false }));
    }
    for version in [50, 100, 101, pack::GROUP, rest] {
        let state = store.state_at(&mut conn, 1, version).await.unwrap();
        assert_eq!((state.version, state.state), (version, folded(&events(0, version))));
    }
    let again = store.append(&mut conn, 1, Expected::Any, &events(7, 3)).await.unwrap();
    assert_eq!(again, Ok(Appended { first: 8, last: 10, repeat: true }));
}

#[tokio::test]
async fn a_new_file_stays_as_it_is() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 3)).await.unwrap().unwrap();
    sqlx::raw_sql(OLDER).execute(&mut conn).await.unwrap();
    let state = EventStore::<Account<3>>::default().state_at(&mut conn, 1, 3).await.unwrap();
    assert_eq!((state.version, state.state), (3, folded(&events(0, 3))));
}
