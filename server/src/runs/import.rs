//! Taking in an exported record, line by line. README.md describes the format.

use super::RunError;
use super::checks::Checks;
use crate::recorder::storage::kept::Writer;
use crate::recorder::{BLOCK, CHECKPOINT_EVERY, Lines, Picture, ROWS_EVERY, Rows, Stretch};
use protocol::{Position, Recorded};
use serde_json::error::Category;
use std::path::Path;

/// A line of the file, from 1, and what is wrong with it.
#[derive(Debug, PartialEq)]
pub struct BadLine {
    pub line: u64,
    pub what: String,
}

pub struct Imported {
    /// Its name, as the first line has it.
    pub topology: String,
    pub position: Position,
}

/// No line of ours comes near it.
const LINE_BYTES: usize = 4 << 20;

/// The packed pictures of a run, as a multiple of what a file may have.
const CHECKPOINTS: u64 = 4;

/// Writes the record that is in `file` to a run's file at `path`.
pub async fn read(file: &[u8], path: &Path, quota: usize) -> Result<Imported, RunError> {
    let mut writer = Writer::create(path).await?;
    let (mut checks, mut picture, mut rows) = (Checks::default(), Picture::default(), Rows::default());
    let mut block = Stretch { first: 1, lines: Lines::default() };
    for (line, text) in (1..).zip(lines(file)) {
        let bad = |what: String| RunError::BadLine(BadLine { line, what });
        let event = event(text).map_err(bad)?;
        checks.check(&event, &picture.state).map_err(bad)?;
        picture.evolve(&event);
        rows.evolve(&event);
        block.lines.push(&event).map_err(anyhow::Error::from)?;
        if block.lines.len() == BLOCK {
            let first = block.last() + 1;
            writer.lines(&std::mem::replace(&mut block, Stretch { first, lines: Lines::default() })).await?;
        }
        if event.position % ROWS_EVERY == 0 {
            writer.rows(&rows).await?;
        }
        if event.position % CHECKPOINT_EVERY == 0 {
            writer.checkpoint(&picture).await?;
            if writer.checkpoint_bytes > quota as u64 * CHECKPOINTS {
                return Err(bad("up to here the picture has grown past all bounds".into()));
            }
        }
    }
    let position = picture.state.position;
    let Some(topology) = &picture.state.topology else {
        return Err(RunError::BadLine(BadLine { line: 1, what: "the file is empty".into() }));
    };
    writer.lines(&block).await?;
    writer.checkpoint(&picture).await?;
    writer.rows(&rows).await?;
    writer.finish().await?;
    Ok(Imported { topology: topology.name.to_string(), position })
}

/// The lines of a file; the newline after the last may be missing.
fn lines(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let file = file.strip_suffix(b"\n").unwrap_or(file);
    let all = file.split(|byte| *byte == b'\n');
    all.take(if file.is_empty() { 0 } else { usize::MAX })
}

fn event(text: &[u8]) -> Result<Recorded, String> {
    if text.len() > LINE_BYTES {
        return Err(format!("it has {} bytes, and a line may have {LINE_BYTES}", text.len()));
    }
    if text.trim_ascii().is_empty() {
        return Err("it is empty".into());
    }
    serde_json::from_slice(text).map_err(|error| {
        let column = error.column();
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or(&words);
        let words: String = words.chars().filter(|c| !super::name::is_invisible(*c)).take(200).collect();
        match error.classify() {
            Category::Data => format!("{words}, at column {column}"),
            Category::Syntax | Category::Eof | Category::Io => {
                format!("it is not JSON from column {column} on ({words})")
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TempDir;
    use protocol::{Limits, Observation, RECORD_FORMAT};
    use serde_json::{Value, json};

    fn line(position: u64, at: u64, observation: &Value) -> Value {
        json!({
            "position": position, "at": at, "trace_id": "0".repeat(32), "span_id": "0".repeat(16),
            "service": "terrarium", "replica": 0, "observation": observation,
        })
    }

    fn started() -> Value {
        let limits = Limits { commands_per_second: 1, command_burst: 1, record_bytes: 1, faults: 1 };
        let topology = Box::new(protocol::topologies().remove(0));
        serde_json::to_value(Observation::SandboxStarted { format: RECORD_FORMAT, topology, seed: 7, limits })
            .expect("plain data")
    }

    fn file(lines: &[Value]) -> String {
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    async fn refused(file: &str) -> (u64, String) {
        let dir = TempDir::new();
        match read(file.as_bytes(), &dir.path().join("record.db"), 1 << 20).await {
            Err(RunError::BadLine(BadLine { line, what })) => (line, what),
            Err(other) => panic!("{other}: {file}"),
            Ok(_) => panic!("it was taken: {file}"),
        }
    }

    #[tokio::test]
    async fn a_bad_line_is_named_with_what_is_wrong_with_it() {
        let first = line(1, 5, &started());
        let woken = json!({"kind": "SandboxWoken"});
        let by = |service: &str, file: &str| {
            let mut woken = line(2, 6, &woken);
            woken["service"] = json!(service);
            woken["code"] = json!({"file": file, "line": 1});
            woken
        };
        let with_start = |change: fn(&mut Value)| {
            let mut start = started();
            change(&mut start);
            file(&[line(1, 0, &start)])
        };
        for (file, bad, part) in [
            (String::new(), 1, "empty"),
            ("\n".into(), 1, "empty"),
            ("{".into(), 1, "not JSON"),
            ("[]".into(), 1, "invalid"),
            (file(&[line(1, 0, &woken)]), 1, "SandboxStarted"),
            (file(&[line(2, 0, &started())]), 1, "position"),
            (with_start(|start| start["format"] = json!(RECORD_FORMAT + 1)), 1, "later"),
            (with_start(|start| start["format"] = json!(0)), 1, "format 0"),
            (with_start(|start| start["topology"]["services"] = json!([])), 1, "services"),
            (with_start(|start| start["topology"]["services"][0]["name"] = json!("<b>")), 1, "name"),
            (with_start(|start| start["topology"]["services"][0]["name"] = json!("payments")), 1, "twice"),
            (with_start(|start| start["topology"]["services"][0]["place"] = json!([255, 0])), 1, "place"),
            (with_start(|start| start["topology"]["title"] = json!("x".repeat(1000))), 1, "title"),
            (file(&[first.clone(), line(3, 6, &woken)]), 2, "position is 3"),
            (file(&[first.clone(), line(2, 4, &woken)]), 2, "goes back"),
            (file(&[first.clone(), line(2, 6, &started())]), 2, "SandboxStarted"),
            (file(&[first.clone(), line(2, 6, &json!({"kind": "Sneezed"}))]), 2, "Sneezed"),
            (file(&[first.clone(), by("..", "a.rs")]), 2, "service"),
            (file(&[first.clone(), by("orders", "../../limits")]), 2, "path"),
            (file(&[first.clone(), by("orders", "//elsewhere/a.rs")]), 2, "path"),
            (format!("{first}\n\n{}\n", line(2, 6, &woken)), 2, "empty"),
            (format!("{first}\n{{\"position\":2"), 2, "not JSON"),
            (format!("{first}\n\u{feff}{{}}\n"), 2, "not JSON"),
        ] {
            let (line, what) = refused(&file).await;
            assert_eq!(line, bad, "{what}");
            assert!(what.contains(part), "{what} should say {part}");
        }
    }

    #[tokio::test]
    async fn numbers_that_would_run_over_are_refused() {
        let row = |number: i64| {
            let row = json!({"table": "stock", "key": "42", "before": null, "after": {"on_hand": number}});
            let commit = json!({"kind": "TransactionCommitted", "transaction_id": 1, "rows": [row], "batch_size": 1});
            file(&[line(1, 5, &started()), line(2, 6, &commit)])
        };
        assert_eq!(refused(&row(i64::MAX)).await.0, 2);
        assert_eq!(refused(&row(i64::MIN)).await.0, 2);
        let dir = TempDir::new();
        let taken = read(row(1_000_000).as_bytes(), &dir.path().join("record.db"), 1 << 20).await;
        assert_eq!(taken.expect("taken").position, 2);
    }

    #[tokio::test]
    async fn a_long_file_has_checkpoints_along_the_way() {
        let woken = json!({"kind": "SandboxWoken"});
        let lines: Vec<Value> = std::iter::once(line(1, 1, &started()))
            .chain((2..=5000).map(|position| line(position, position, &woken)))
            .collect();
        let dir = TempDir::new();
        let path = dir.path().join("record.db");
        let imported = read(file(&lines).as_bytes(), &path, 1 << 20).await.expect("taken");
        assert_eq!((imported.position, imported.topology.as_str()), (5000, "saga-choreography"));
        let mut reader = crate::recorder::storage::Reader::open(&path).await.expect("opens");
        for (at, nearest) in [(1, 0), (2047, 0), (2048, 2048), (4999, 4096), (5000, 5000)] {
            assert_eq!(reader.checkpoint(at).await.expect("reads").state.position, nearest);
        }
        let kept = crate::recorder::Kept::open(&path).await.expect("opens");
        assert_eq!(kept.history.position(), 5000);
        assert_eq!(kept.history.picture_at(4321).await.expect("folds").state.at, 4321);
    }
}
