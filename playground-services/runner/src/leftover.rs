//! Ends what an earlier server left behind: a service process that still owns a database.

use anyhow::Context;
use kit::Start;
use std::fs::{File, TryLockError};
use std::path::PathBuf;

/// When this returns nobody owns the database of the service to be started.
pub async fn end(start: &Start) -> anyhow::Result<()> {
    let path = kit::service::lock_path(&start.folder, &start.spec.name, start.replica);
    tokio::task::spawn_blocking(move || end_owner(path)).await?
}

fn end_owner(path: PathBuf) -> anyhow::Result<()> {
    let Ok(file) = File::open(&path) else { return Ok(()) };
    match file.try_lock() {
        Ok(()) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error.into()),
        Err(TryLockError::WouldBlock) => {}
    }
    let pid = std::fs::read_to_string(&path)?.trim().parse::<i32>().context("the lock file names no process")?;
    anyhow::ensure!(is_a_service(pid), "the database is owned by process {pid}, which is none of ours");
    tracing::warn!(pid, "ending a service process left from before");
    let pid = rustix::process::Pid::from_raw(pid).context("no such process id")?;
    // It may have ended by itself in the meantime: its stdin is closed.
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    // The lock goes with the process.
    file.lock()?;
    Ok(())
}

fn is_a_service(pid: i32) -> bool {
    if u32::try_from(pid) == Ok(std::process::id()) {
        return false;
    }
    std::fs::read(format!("/proc/{pid}/cmdline"))
        .is_ok_and(|line| line.is_empty() || line.split(|byte| *byte == 0).any(|word| word == b"service"))
}
