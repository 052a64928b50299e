//! R12: a recorded run folds to the same picture, byte for byte, now and in later versions.

use super::chance::any_fault;
use super::{Figure, STYLES, fast, session};
use crate::app::{Sandbox, Session};
use diagram::DiagramState;
use fastrand::Rng;
use futures_util::future::join_all;
use protocol::Recorded;
use runner::invariants::Checks;
use std::path::{Path, PathBuf};

const AT_ONCE: u64 = 8;
/// Cuts of a run at which its picture is stored and read back, as a checkpoint is.
const CUTS: usize = 6;

/// The folds, as they are stored.
#[derive(Clone, Default)]
struct Folds {
    picture: DiagramState,
    promises: Checks,
}

impl Folds {
    fn of(record: &[Recorded]) -> Self {
        let mut folds = Folds::default();
        folds.go_on(record);
        folds
    }

    fn go_on(&mut self, record: &[Recorded]) {
        for event in record {
            self.picture.evolve(event);
            self.promises.evolve(event);
        }
    }

    fn stored(&self) -> (String, String) {
        let text = |value: serde_json::Result<String>| value.expect("writes");
        (text(serde_json::to_string(&self.picture)), text(serde_json::to_string(&self.promises)))
    }

    fn read_back((picture, promises): &(String, String)) -> Self {
        let picture = serde_json::from_str(picture).expect("reads");
        Folds { picture, promises: serde_json::from_str(promises).expect("reads") }
    }
}

fn read(file: &str) -> Vec<Recorded> {
    file.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn r12_a_recorded_run_folds_to_the_same_picture_wherever_it_is_cut() {
    let app = fast(5).await;
    let session = session(&app).await;
    let mut figure = Figure::of("R12");
    for first in (1..).step_by(AT_ONCE as usize) {
        if figure.is_reached() {
            break;
        }
        let runs = (first..first + AT_ONCE).map(|seed| is_the_same(&session, STYLES[seed as usize % 2], seed));
        figure.add(join_all(runs).await.len());
    }
    figure.report("runs folded to another picture");
}

async fn is_the_same(session: &Session, style: &str, seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let sandbox = session.sandbox_with(style).await;
    let topology = protocol::topology(style).expect("exists");
    for n in 0..2 {
        sandbox.put_fault(&format!("f{n}"), any_fault(&mut rng, &topology)).await;
    }
    for _ in 0..3 {
        sandbox.place_order().await;
    }
    sandbox.heal_all().await;
    sandbox.see_through().await;
    sandbox.settled().await;
    let run = session.keep(&sandbox, "R12", None).await;
    let file = run.export().await;
    let record = read(&file);
    let whole = Folds::of(&record);
    let at = record.len();
    let what = format!("R12 {style}, seed {seed}");

    // The server's own, folded as it went along.
    assert_eq!(picture_at(&sandbox, at).await, whole.stored().0, "{what}: the server's picture");
    for _ in 0..CUTS {
        let (before, after) = record.split_at(rng.usize(0..=at));
        let mut folds = Folds::read_back(&Folds::of(before).stored());
        folds.go_on(after);
        assert!(folds.stored() == whole.stored(), "{what}: cut at {}", before.len());
    }
    let imported = session.import(file.clone()).await;
    assert!(imported.export().await == file, "{what}: exported once more");
    for run in [&run, &imported] {
        assert_eq!(run.text(&format!("/state?at={at}")).await, whole.stored().0, "{what}: the picture of a run");
        let report = serde_json::to_string(whole.promises.report()).expect("writes");
        assert_eq!(run.text("/invariants").await, report, "{what}: the promises of a run");
        session.send(run.request(reqwest::Method::DELETE, "")).await;
    }
    sandbox.delete().await;
}

async fn picture_at(sandbox: &Sandbox, at: usize) -> String {
    sandbox.session().get_text(&format!("/api/sandboxes/{}/state?at={at}", sandbox.id())).await
}

/// Recorded runs, one of each topology: exported files that are never written anew.
pub fn goldens() -> Vec<(PathBuf, Vec<Recorded>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens");
    let files = std::fs::read_dir(folder).expect("the goldens are there").map(|entry| entry.expect("a file").path());
    let mut records: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|ext| ext == "ndjson")).collect();
    records.sort();
    records.into_iter().map(|path| (path.clone(), read(&std::fs::read_to_string(&path).expect("text")))).collect()
}

/// Beside each golden record lies its picture. `TERRARIUM_GOLDENS=1` writes the pictures anew,
/// for when a picture is meant to have become another.
#[test]
fn r12_the_golden_records_fold_to_their_pictures() {
    for (path, record) in goldens() {
        let folds = Folds::of(&record);
        let picture = serde_json::to_string_pretty(&folds.picture).expect("writes") + "\n";
        let promises = serde_json::to_string_pretty(folds.promises.report()).expect("writes") + "\n";
        for (what, folded) in [("picture.json", picture), ("promises.json", promises)] {
            let golden = path.with_extension(what);
            if std::env::var_os("TERRARIUM_GOLDENS").is_some() {
                std::fs::write(&golden, &folded).expect("it can be written");
            }
            let kept = std::fs::read_to_string(&golden).expect("text");
            assert!(kept == folded, "R12 {} folds to\n{folded}", golden.display());
        }
    }
}

#[test]
fn r12_every_topology_has_its_golden_record() {
    let seen: Vec<_> = goldens()
        .into_iter()
        .map(|(_, record)| Folds::of(&record).picture.topology)
        .map(|topology| topology.expect("it explains itself").name)
        .collect();
    for topology in protocol::topologies() {
        assert!(seen.contains(&topology.name), "R12 there is no golden record of {}", topology.name);
    }
}
