//! Long work, on a thread of its own that lets whoever answers requests go first.

use anyhow::Context;
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

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
        let _ = give_way();
        let _ = done.send(runtime.block_on(work));
    })?;
    result.await.context("it panicked")?
}

/// Whoever else wakes up takes the processor at once. A high nice value would not do: it makes
/// turns rare, but not shorter, and who comes in the middle of one waits for its end.
fn give_way() -> Result<(), thread_priority::Error> {
    let me = thread_priority::thread_native_id();
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    thread_priority::set_thread_priority_and_policy(me, ThreadPriority::Min, idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use thread_priority::thread_schedule_policy;

    #[tokio::test]
    async fn what_runs_aside_gives_way_with_all_that_it_starts() {
        let policies = aside("test", async {
            let begun = std::thread::spawn(thread_schedule_policy).join().expect("it does not panic");
            Ok((thread_schedule_policy()?, begun?))
        });
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert_eq!(policies.await.unwrap(), (idle, idle));
        assert_ne!(thread_schedule_policy().unwrap(), idle);
    }
}
