//! One stream with events of three schemas, and who can read it.

use super::*;

/// In schema 1 amounts are whole euros.
fn to_cents(from: &mut Reader<'_>, to: &mut Writer) -> Result<(), Malformed> {
    to.i64(from.i64()?.saturating_mul(100));
    Ok(())
}

/// Schema 2 knew no channel but the counter.
fn to_channel(from: &mut Reader<'_>, to: &mut Writer) -> Result<(), Malformed> {
    to.i64(from.i64()?);
    to.text("counter");
    Ok(())
}

fn upcasters() -> Upcasters {
    Upcasters::default().with("cents", DEPOSITED, 1, to_cents).with("channel", DEPOSITED, 2, to_channel)
}

/// As a program of that time did it. It could read all there was, so it looks at none of it here.
async fn append_as<const CODE: u16>(conn: &mut SqliteConnection, new: NewEvent<Event>) {
    let store = EventStore::<Account<CODE>>::default();
    let version = read_stream(conn, 1, 1, u64::MAX).await.unwrap().events().await.unwrap().len() as u64;
    let mut streams = store.load(conn, [], &[]).await.unwrap();
    streams.streams.insert(1, Stream { version, state: State::default() });
    streams.append(1, Expected::Version(version), &[new]).unwrap();
    store.save(conn, &streams).await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn events_of_all_schemas_fold_to_what_they_meant(codes in prop::collection::vec(1_u16..=3, 1..30)) {
        run(async {
            let file = File::new();
            let mut conn = file.open().await;
            let new = events(0, codes.len() as u64);
            for (code, new) in codes.iter().zip(&new) {
                match code {
                    1 => append_as::<1>(&mut conn, new.clone()).await,
                    2 => append_as::<2>(&mut conn, new.clone()).await,
                    _ => append_as::<3>(&mut conn, new.clone()).await,
                }
            }
            let store = EventStore::<Account<3>>::default().with_upcasters(upcasters());
            let replayed = store.replay(&mut conn, 1, None, u64::MAX).await.unwrap();
            prop_assert_eq!(replayed.state, folded(&new));

            // Without a link, just the events that need it cannot be read; each says why.
            let deposit = |n: usize| Account::<3>::kind(&new[n].event) == DEPOSITED;
            let batch = read_stream(&mut conn, 1, 1, u64::MAX).await.unwrap();
            for (off, needed_up_to) in [("cents", 1), ("channel", 2)] {
                let mut upcasters = upcasters();
                prop_assert!(upcasters.switch(off, false));
                let store = EventStore::<Account<3>>::default().with_upcasters(upcasters);
                for (n, recorded) in batch.events().await.unwrap().into_iter().enumerate() {
                    let why = store.read(Slice::of(&recorded)).err();
                    let breaks = deposit(n) && codes[n] <= needed_up_to;
                    prop_assert_eq!(why, breaks.then_some(Unreadable::SwitchedOff { name: off }));
                }
            }
            // And a reader of schema 1 reads no later ones.
            let old = EventStore::<Account<1>>::default();
            for (n, recorded) in batch.events().await.unwrap().into_iter().enumerate() {
                let newer = deposit(n) && codes[n] > 1;
                let why = newer.then(|| Unreadable::Newer { schema: codes[n], reads: 1 });
                prop_assert_eq!(old.read(Slice::of(&recorded)).err(), why);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_replay_stops_at_the_event_that_cannot_be_read_and_names_it() {
    let file = File::new();
    let mut conn = file.open().await;
    append_as::<3>(&mut conn, event(1)).await;
    append_as::<1>(&mut conn, event(2)).await;
    let store = EventStore::<Account<3>>::default();
    let error = store.replay(&mut conn, 1, None, u64::MAX).await.unwrap_err();
    assert_eq!(error.to_string(), "event 2 of stream 1 cannot be read: no upcaster leads on from schema 1 of kind 1");
    assert!(!upcasters().switch("nobody", false));
}
