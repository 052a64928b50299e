//! What one sandbox makes of the million events: copies, all of which can be made again.

use super::MillionError;
use super::changes::{Built, Told};
use super::making::Ready;
use super::reads::Times;
use super::replay::{Checked, Damage};
use super::storage::models::Model;
use super::storage::{self, Kept, Timed};
use crate::ids::SessionId;
use crate::sandbox::{Beside, Sandbox};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use utoipa::ToSchema;

pub struct Copies {
    pub owner: SessionId,
    pub path: PathBuf,
    /// Where the events end.
    pub end: u64,
    /// Taken by whoever works on the file; refused once the sandbox is deleted.
    pub beside: Beside,
    progress: watch::Sender<Progress>,
}

struct Progress {
    revision: u64,
    kept: Option<Kept>,
    loads: Vec<Timed>,
    damage: Option<Damage>,
    checked: Option<Checked>,
    models: [Building; 3],
}

/// How far one read model is.
#[derive(Clone, Debug)]
struct Building {
    model: Model,
    state: State,
    rebuild: bool,
    position: u64,
    /// Where it began this time, when, and how long it took once it is over.
    from: u64,
    began: Option<Instant>,
    took: Option<Duration>,
    times: Times,
}

/// How a read model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReadModelState)]
pub enum State {
    /// It was never built.
    None,
    /// It begins when others have ended.
    Queued,
    Building,
    /// It has caught up; now the same reads are timed with nothing else under way.
    Quiet,
    Live,
    /// Its building was broken off; building it again goes on from there.
    Stopped,
}

/// A sandbox's copies as they stand, for the API and the page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MillionCopies)]
pub struct CopiesView {
    /// Changes with everything that changes here.
    pub revision: u64,
    pub snapshots: Option<Kept>,
    /// Those that were timed, the oldest first; the last 250.
    pub loads: Vec<Timed>,
    /// The last that was done to these snapshots.
    pub damage: Option<Damage>,
    /// What the last check of them has found.
    pub checked: Option<Checked>,
    pub read_models: Vec<ModelView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReadModel)]
pub struct ModelView {
    pub name: Model,
    pub state: State,
    /// Readers see the old one until the new one has caught up.
    pub rebuild: bool,
    pub position: u64,
    /// Where the events end.
    pub end: u64,
    /// Events a second, from its beginning on.
    pub per_second: Option<u64>,
    /// Milliseconds since it began, or from its beginning to its end.
    pub took_ms: Option<u64>,
    /// Reads of it that went on meanwhile, one a millisecond.
    pub reads: Option<Reads>,
    /// The same reads when it was over.
    pub quiet: Option<Reads>,
}

/// Times from asking to having the answer, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReadTimes)]
pub struct Reads {
    pub count: u64,
    pub p50_us: u32,
    pub p99_us: u32,
}

/// What the record says of them.
async fn told(sandbox: &Sandbox) -> Result<Told, MillionError> {
    let (record, end) = (sandbox.record().await?, sandbox.state().position);
    Ok(record.fold_events(end, &Told::KINDS, Told::default(), Told::evolve).await?)
}

impl Progress {
    /// Takes over what the files do not say, as far as it is about what they hold.
    fn take(&mut self, told: Told) {
        if self.kept.map(|kept| kept.every) == told.every {
            (self.damage, self.checked) = (told.damage.map(|(damage, _)| damage), told.checked);
        }
        for Built { model, from, .. } in told.built {
            let building = &mut self.models[model.name as usize];
            if building.state == State::Live {
                (building.from, building.took) = (from, model.took_ms.map(Duration::from_millis));
                building.times = Times { meanwhile: model.reads, quiet: model.quiet };
            }
        }
    }
}

impl Copies {
    /// As they were left.
    pub async fn open(sandbox: &Sandbox, ready: &Ready) -> Result<Self, MillionError> {
        let beside = sandbox.beside();
        let path = sandbox.folder().join(storage::name(ready.events));
        let mut progress = Progress {
            revision: 1,
            kept: None,
            loads: vec![],
            damage: None,
            checked: None,
            models: Model::ALL.map(|model| Building {
                model,
                state: State::None,
                rebuild: false,
                position: 0,
                from: 0,
                began: None,
                took: None,
                times: Times::default(),
            }),
        };
        if path.exists() {
            let told = told(sandbox).await?;
            let _working = beside.work()?;
            let mut conn = storage::open(&path).await?;
            progress.kept = storage::kept(&mut conn).await?;
            progress.loads = storage::loads(&mut conn).await?;
            let positions = storage::positions(&mut conn).await?;
            storage::close(conn).await?;
            for building in &mut progress.models {
                if let Some((_, position)) = positions.iter().find(|(model, _)| model == building.model.name()) {
                    building.position = *position;
                    building.state = if *position < ready.events { State::Stopped } else { State::Live };
                }
            }
            progress.take(told);
        }
        let progress = watch::Sender::new(progress);
        Ok(Copies { owner: *sandbox.owner(), path, end: ready.events, beside, progress })
    }

    pub fn view(&self) -> CopiesView {
        let progress = self.progress.borrow();
        CopiesView {
            revision: progress.revision,
            snapshots: progress.kept,
            loads: progress.loads.clone(),
            damage: progress.damage.clone(),
            checked: progress.checked.clone(),
            read_models: progress.models.iter().map(|building| self.model_view(building)).collect(),
        }
    }

    pub fn model(&self, model: Model) -> ModelView {
        self.model_view(&self.progress.borrow().models[model as usize])
    }

    /// Where a model's building began.
    pub fn from(&self, model: Model) -> u64 {
        self.progress.borrow().models[model as usize].from
    }

    fn model_view(&self, building: &Building) -> ModelView {
        let took = building.took.or(building.began.map(|began| began.elapsed()));
        let built = building.position.saturating_sub(building.from);
        ModelView {
            name: building.model,
            state: building.state,
            rebuild: building.rebuild,
            position: building.position,
            end: self.end,
            per_second: took.map(|took| (built as f64 / took.as_secs_f64().max(1e-3)) as u64).filter(|_| built > 0),
            took_ms: took.and_then(|took| u64::try_from(took.as_millis()).ok()),
            reads: building.times.meanwhile,
            quiet: building.times.quiet,
        }
    }

    /// Resolves once something is other than at this revision.
    pub async fn changed(&self, known: u64) {
        let _ = self.progress.subscribe().wait_for(|progress| progress.revision != known).await;
    }

    pub fn kept(&self) -> Option<Kept> {
        self.progress.borrow().kept
    }

    pub fn set_kept(&self, kept: Option<Kept>) {
        self.change(|progress| (progress.kept, progress.damage, progress.checked) = (kept, None, None));
    }

    pub fn timed(&self, load: Timed) {
        self.change(|progress| {
            progress.loads.push(load);
            let surplus = progress.loads.len().saturating_sub(storage::LOADS_MOST);
            progress.loads.drain(..surplus);
        });
    }

    pub fn damaged(&self, damage: &Damage) {
        self.change(|progress| (progress.damage, progress.checked) = (Some(damage.clone()), None));
    }

    pub fn checked(&self, checked: &Checked) {
        self.change(|progress| progress.checked = Some(checked.clone()));
    }

    /// Puts a model in the queue, unless it is in it already or being built.
    pub fn queue(&self, model: Model) -> bool {
        let mut queued = false;
        self.change(|progress| {
            let building = &mut progress.models[model as usize];
            queued = matches!(building.state, State::None | State::Live | State::Stopped);
            if queued {
                let rebuild = building.state == State::Live;
                let (state, times) = (State::Queued, Times::default());
                *building = Building { state, rebuild, took: None, began: None, times, ..building.clone() };
            }
        });
        queued
    }

    /// Its turn has come.
    pub fn begin(&self, model: Model) {
        self.change(|progress| {
            let building = &mut progress.models[model as usize];
            if building.rebuild {
                building.position = 0;
            }
            (building.state, building.from) = (State::Building, building.position);
            building.began = Some(Instant::now());
        });
    }

    pub fn advance(&self, model: Model, position: u64, times: Times) {
        self.change(|progress| {
            let building = &mut progress.models[model as usize];
            (building.position, building.times) = (position, times);
        });
    }

    /// It has caught up.
    pub fn built(&self, model: Model) {
        self.change(|progress| {
            let building = &mut progress.models[model as usize];
            building.took = building.began.map(|began| began.elapsed());
            building.state = State::Quiet;
        });
    }

    /// Nothing more goes on. `old` is what readers see where a rebuild was broken off.
    pub fn end(&self, model: Model, times: Option<Times>) {
        self.change(|progress| {
            let building = &mut progress.models[model as usize];
            match times {
                Some(times) => (building.state, building.times) = (State::Live, times),
                // Readers still see the old one. How long it would have taken nobody knows.
                None if building.rebuild => {
                    (building.state, building.position, building.from) = (State::Live, self.end, self.end);
                    building.began = None;
                }
                None => building.state = State::Stopped,
            }
            building.took = building.took.or(building.began.map(|began| began.elapsed()));
        });
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        self.progress.send_modify(|progress| {
            change(progress);
            progress.revision += 1;
        });
    }
}
