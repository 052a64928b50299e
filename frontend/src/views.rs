//! The views beside the diagram, as pure functions from the events at hand to markup, the same on
//! the server and in the browser. Everything in them belongs to the position shown: what is past
//! it is drawn as still to come.

pub mod code;
pub mod data;
#[cfg(feature = "ssr")]
pub mod export;
pub mod inspector;
pub(crate) mod markup;
#[cfg(feature = "ssr")]
pub mod mermaid;
pub mod outline;
pub mod replicas;
pub mod saga;
pub mod space_time;
pub mod story;
pub mod trace;

#[cfg(test)]
mod tests;

pub use code::code;
pub use data::{Table, data};
pub use inspector::{inspector, node_inspector};
pub use outline::{Grouping, Target, neighbours, options, outline};
pub use saga::saga;
pub use space_time::{SpaceTime, space_time};
pub use story::{Filter, Kind, filters, story};
pub use trace::trace;

use crate::svg::escape;
use crate::tape::Window;
use diagram::DiagramState;
use protocol::{Position, Uuid};

/// What a view is drawn from.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The events around the position.
    pub window: &'a Window,
    /// The picture at the position.
    pub state: &'a DiagramState,
    /// Only this command and what came of it.
    pub trace: Option<Uuid>,
    /// The sandbox or kept run, for links.
    pub run: Option<&'a str>,
}

/// Which view is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    #[default]
    Diagram,
    Story,
    Saga,
    SpaceTime,
    Trace,
    Data,
    Code,
}

impl View {
    pub const ALL: [View; 7] =
        [View::Diagram, View::Story, View::Saga, View::SpaceTime, View::Trace, View::Data, View::Code];

    /// As it stands in an address: `?view=space-time`.
    pub fn name(self) -> &'static str {
        match self {
            View::Diagram => "diagram",
            View::Story => "story",
            View::Saga => "saga",
            View::SpaceTime => "space-time",
            View::Trace => "trace",
            View::Data => "data",
            View::Code => "code",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name() == name)
    }
}

impl Scope<'_> {
    pub fn position(&self) -> Position {
        self.state.position
    }

    /// The address of a moment: the rest of the page stays as it is. `dot` opens the inspector.
    pub fn link(&self, at: Position, dot: bool) -> String {
        let dot = if dot { format!("&amp;dot={at}") } else { String::new() };
        format!("?{}at={at}{dot}", self.base())
    }

    /// The address of a command and what came of it.
    pub fn trace_link(&self, trace: Uuid) -> String {
        format!("?{}trace={trace}", self.base())
    }

    fn base(&self) -> String {
        self.run.map_or_else(String::new, |run| format!("run={}&amp;", escape(run)))
    }
}
