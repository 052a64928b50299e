//! Long work, on a thread of its own that lets whoever answers requests go first.

use anyhow::Context;
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// How much it gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// Its turns are rare, for somebody waits for it; but who wakes up in the middle of one waits
    /// for its end, which is 1 or 2 ms.
    Modest,
    /// Whoever else wakes up takes the processor at once, so nobody notices it. It gets what is
    /// left over, which on a machine that is busy for long is next to nothing.
    Invisible,
}

/// As `nice` has it: 0 is what everything else runs at, 19 the most modest.
const MODESTY: i32 = 15;

/// Runs it to its end, whether somebody waits for it or not. What it opens (each SQLite connection
/// has a thread) has its manners.
pub async fn aside<T: Send + 'static>(
    name: &str,
    manners: Manners,
    work: impl Future<Output = anyhow::Result<T>> + Send + 'static,
) -> anyhow::Result<T> {
    let (done, result) = oneshot::channel();
    let runtime = Handle::current();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        give_way(manners);
        let _ = done.send(runtime.block_on(work));
    })?;
    result.await.context("it panicked")?
}

/// Where the system won't, it is only less polite.
fn give_way(manners: Manners) {
    match manners {
        Manners::Modest => drop(rustix::process::nice(MODESTY)),
        Manners::Invisible => {
            let me = thread_priority::thread_native_id();
            let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
            let _ = thread_priority::set_thread_priority_and_policy(me, ThreadPriority::Min, idle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use thread_priority::thread_schedule_policy;

    async fn policies(manners: Manners) -> [ThreadSchedulePolicy; 2] {
        let policies = aside("test", manners, async {
            let begun = std::thread::spawn(thread_schedule_policy).join().expect("it does not panic");
            Ok([thread_schedule_policy()?, begun?])
        });
        policies.await.expect("the system tells")
    }

    #[tokio::test]
    async fn who_is_not_to_be_noticed_gives_way_with_all_that_it_starts() {
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        assert_eq!(policies(Manners::Invisible).await, [idle; 2]);
        assert!(!policies(Manners::Modest).await.contains(&idle));
        assert_ne!(thread_schedule_policy().unwrap(), idle);
    }
}
