//! Long work, on a thread of its own that lets whoever answers requests go first.

use anyhow::Context;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// As `nice` has it: 0 is what everything else runs at, 19 the most modest.
const MODESTY: i32 = 15;

/// Runs it to its end, whether somebody waits for it or not. What it opens (each SQLite connection
/// has a thread) is as modest as it is.
pub async fn aside<T: Send + 'static>(
    name: &str,
    work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<T> {
    let (done, result) = oneshot::channel();
    let runtime = Handle::current();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // Where the system won't, it is only less polite.
        let _ = rustix::process::nice(MODESTY);
        let _ = done.send(runtime.block_on(work));
    })?;
    result.await.context("it panicked")?
}
