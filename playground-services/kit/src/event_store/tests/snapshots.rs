//! Snapshots change what a load costs, and nothing else; one that is wrong is found.

use super::*;
use crate::event_store::snapshot;

const SCHEMA_OF_STATE: u16 = <Account<3> as Aggregate>::STATE_SCHEMA;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn snapshots_are_what_the_events_fold_to(counts in prop::collection::vec(1_u64..400, 1..6), every in 1_u64..90) {
        run(async {
            let file = File::new();
            let mut conn = file.open().await;
            let store = EventStore::<Account<3>>::with_snapshots(every);
            let mut all = vec![];
            for count in counts {
                let new = events(all.len() as u64, count);
                store.append(&mut conn, 1, Expected::Any, &new).await.unwrap().unwrap();
                all.extend(new);
            }
            let kept = snapshot::all(&mut conn, 1, SCHEMA_OF_STATE).await.unwrap();
            let versions: Vec<u64> = kept.iter().map(|snapshot| snapshot.version).collect();
            let due: Vec<u64> = (every..=all.len() as u64).step_by(every as usize).collect();
            prop_assert_eq!(versions, due);
            prop_assert_eq!(store.check(&mut conn, 1, &kept).await.unwrap(), vec![]);
            prop_assert_eq!(store.snapshots(&mut conn, 1, every).await.unwrap(), kept);

            for version in (0..=all.len() as u64).step_by(37) {
                let from = snapshot::newest(&mut conn, 1, SCHEMA_OF_STATE, version).await.unwrap();
                let replayed = store.replay(&mut conn, 1, from, version).await.unwrap();
                prop_assert_eq!(replayed.state, folded(&all[..version as usize]));
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_wrong_snapshot_misleads_until_it_is_checked_and_made_again() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::with_snapshots(10);
    let all = events(0, 35);
    store.append(&mut conn, 1, Expected::Any, &all).await.unwrap().unwrap();
    let wrong = State { cents: 1, deposits: 1 };
    let mut bytes = Writer::default();
    Account::<3>::write_state(&wrong, &mut bytes);
    let planted = Snapshot { version: 20, state: bytes.into_vec() };
    snapshot::keep(&mut conn, 1, SCHEMA_OF_STATE, &[planted]).await.unwrap();

    let misled = store.state_at(&mut conn, 1, 20).await.unwrap();
    assert_eq!(misled.state, wrong);
    let kept = snapshot::all(&mut conn, 1, SCHEMA_OF_STATE).await.unwrap();
    let found = store.check(&mut conn, 1, &kept).await.unwrap();
    let replayed = folded(&all[..20]);
    assert_eq!(found, [WrongSnapshot { version: 20, kept: Some(wrong), replayed: replayed.clone() }]);

    snapshot::forget(&mut conn, 1).await.unwrap();
    let again = store.snapshots(&mut conn, 1, 10).await.unwrap();
    snapshot::keep(&mut conn, 1, SCHEMA_OF_STATE, &again).await.unwrap();
    assert_eq!(store.state_at(&mut conn, 1, 20).await.unwrap().state, replayed);
}

#[tokio::test]
async fn a_snapshot_that_is_damaged_or_ahead_of_its_stream_is_wrong() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    store.append(&mut conn, 1, Expected::Any, &events(0, 3)).await.unwrap().unwrap();
    let kept = [Snapshot { version: 2, state: vec![0xff] }, Snapshot { version: 9, state: vec![0, 0] }];
    let wrong = store.check(&mut conn, 1, &kept).await.unwrap();
    let versions: Vec<u64> = wrong.iter().map(|wrong| wrong.version).collect();
    assert_eq!((versions, &wrong[0].kept), (vec![2, 9], &None));
}

#[tokio::test]
async fn snapshots_of_another_schema_of_the_state_are_passed_over() {
    let file = File::new();
    let mut conn = file.open().await;
    let store = EventStore::<Account<3>>::default();
    let all = events(0, 8);
    store.append(&mut conn, 1, Expected::Any, &all).await.unwrap().unwrap();
    let other = Snapshot { version: 5, state: vec![0xff] };
    snapshot::keep(&mut conn, 1, SCHEMA_OF_STATE + 1, &[other]).await.unwrap();
    assert_eq!(store.state_at(&mut conn, 1, 8).await.unwrap().state, folded(&all));
}
