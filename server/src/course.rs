//! The lessons as this server teaches them: those built in and a teacher's own, the scenes of
//! their steps, what was shown, and how far each learner has come.

mod check;
mod follow;
mod progress;
mod scene;
mod show;

pub use check::CheckView;
pub use progress::LessonProgress;
pub use show::ShowView;

use crate::config::Config;
use crate::ids::{SandboxId, SessionId};
use crate::matrix::Matrices;
use crate::sandbox::Sandboxes;
use crate::store::{StepOf, Store};
use follow::Follow;
use lessons::{Lesson, Rules, ServiceTables, Step};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub struct Course {
    lessons: Vec<&'static Lesson>,
    store: Store,
    sandboxes: Arc<Sandboxes>,
    matrices: Arc<Matrices>,
    /// How far the records of scenes have been read.
    follows: Mutex<HashMap<SandboxId, Follow>>,
    /// What was shown last, by sandbox.
    shows: Mutex<HashMap<SandboxId, ShowView>>,
    jobs: Mutex<JoinSet<()>>,
    stop: CancellationToken,
}

/// A step of a lesson, and whose.
#[derive(Clone, Copy)]
pub struct Taken {
    pub session: SessionId,
    pub lesson: &'static Lesson,
    pub step: &'static Step,
}

impl Taken {
    fn of(&self) -> StepOf<'_> {
        StepOf { session: &self.session, lesson: &self.lesson.slug, step: &self.step.id }
    }
}

impl Course {
    pub async fn open(
        config: &Config,
        store: Store,
        sandboxes: Arc<Sandboxes>,
        matrices: Arc<Matrices>,
    ) -> anyhow::Result<Arc<Self>> {
        let mut lessons: Vec<&'static Lesson> = lessons::lessons().iter().collect();
        if let Some(dir) = &config.lessons_dir {
            let own = load(dir)
                .await?
                .map_err(|errors| anyhow::anyhow!("the lessons are not fit to be taught:\n{}", errors.join("\n")))?;
            // Read once, when the server starts, and there as long as it runs.
            lessons.extend(own.into_iter().map(|lesson| &*Box::leak(Box::new(lesson))));
        }
        lessons.sort_by_key(|lesson| (lesson.number, &lesson.slug));
        Ok(Arc::new(Course {
            lessons,
            store,
            sandboxes,
            matrices,
            follows: Mutex::default(),
            shows: Mutex::default(),
            jobs: Mutex::default(),
            stop: CancellationToken::new(),
        }))
    }

    /// By number.
    pub fn lessons(&self) -> &[&'static Lesson] {
        &self.lessons
    }

    pub fn lesson(&self, slug: &str) -> Option<&'static Lesson> {
        self.lessons.iter().find(|lesson| lesson.slug == slug).copied()
    }

    /// Ends what is being shown.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let mut jobs = std::mem::take(&mut *lock(&self.jobs));
        while jobs.join_next().await.is_some() {}
    }
}

/// A teacher's lessons from their folder, or all that is wrong with them: faults that nothing here
/// would feel, tables there are not, and names that lessons built in have already.
pub async fn load(dir: &Path) -> anyhow::Result<Result<Vec<Lesson>, Vec<String>>> {
    let lessons = read(dir).await?;
    let taken = |lesson: &&Lesson| lessons::lesson(&lesson.slug).is_some();
    let wrong: Vec<String> = lessons.iter().flatten().filter(taken).map(|lesson| name_taken(dir, lesson)).collect();
    Ok(if wrong.is_empty() { lessons } else { Err(wrong) })
}

fn name_taken(dir: &Path, lesson: &Lesson) -> String {
    // Of a folder of lessons, or of one.
    let own = dir.join(&lesson.slug).join("lesson.toml");
    let manifest = if own.exists() { own } else { dir.join("lesson.toml") };
    format!("{}:1:1: there is a lesson {} already: give the folder another name", manifest.display(), lesson.slug)
}

async fn read(dir: &Path) -> anyhow::Result<Result<Vec<Lesson>, Vec<String>>> {
    let fault = |topology: &protocol::Topology, fault: &protocol::FaultSpec| {
        crate::sandbox::validate_fault(topology, fault).map_err(|error| error.to_string())
    };
    let services = protocol::topologies().into_iter().flat_map(|topology| topology.services);
    let names: BTreeSet<String> = services.map(|service| service.name.to_string()).collect();
    let mut tables = ServiceTables::new();
    for name in names {
        let of = runner::tables(&name).await?;
        tables.insert(name, of);
    }
    Ok(lessons::load(dir, Some(&Rules { fault: &fault, tables: &tables })))
}

/// What they hold is whole whatever panicked while holding it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_lessons_built_in_keep_the_rules_and_their_names_are_taken() {
        let content = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lessons/content");
        let read = read(&content).await.expect("services have tables");
        let lessons = read.unwrap_or_else(|errors| panic!("{}", errors.join("\n")));
        assert_eq!(lessons.len(), lessons::lessons().len());
        let taken = load(&content.join("sagas")).await.expect("services have tables").expect_err("there is one");
        let wanted = "sagas/lesson.toml:1:1: there is a lesson sagas already: give the folder another name";
        assert!(taken.len() == 1 && taken[0].ends_with(wanted), "{taken:?}");
    }
}
