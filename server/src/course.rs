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
use lessons::{Lesson, Step};
use std::collections::HashMap;
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
    pub fn open(
        config: &Config,
        store: Store,
        sandboxes: Arc<Sandboxes>,
        matrices: Arc<Matrices>,
    ) -> anyhow::Result<Arc<Self>> {
        let mut lessons: Vec<&'static Lesson> = lessons::lessons().iter().collect();
        if let Some(dir) = &config.lessons_dir {
            let own = load(dir)
                .map_err(|errors| anyhow::anyhow!("the lessons are not fit to be taught:\n{}", errors.join("\n")))?;
            for lesson in own {
                if lessons.iter().any(|other| other.slug == lesson.slug) {
                    anyhow::bail!(
                        "there is a lesson {} already: give the folder in {} another name",
                        lesson.slug,
                        dir.display()
                    );
                }
                // Read once, when the server starts, and there as long as it runs.
                lessons.push(Box::leak(Box::new(lesson)));
            }
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

/// The lessons of a folder, or all that is wrong with them, faults that nothing here would feel
/// included.
pub fn load(dir: &Path) -> Result<Vec<Lesson>, Vec<String>> {
    lessons::load(dir, &|topology, fault| {
        crate::sandbox::validate_fault(topology, fault).map_err(|error| error.to_string())
    })
}

/// What they hold is whole whatever panicked while holding it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
