//! What the learner looks at: the view, the moment, the trace and the dot that is explained.

use super::{Engine, address, now, with};
use crate::views::View;
use protocol::{Position, Uuid};
use web_sys::Element;

/// Where the learner is, apart from the player's position.
pub struct Looking {
    pub view: View,
    pub trace: Option<Uuid>,
    /// A position or a service's name.
    pub dot: Option<String>,
    /// A position that is not at hand yet.
    pub wanted: Option<Position>,
    pub fetching: bool,
    /// At a breakpoint.
    pub stopped: bool,
    pub space_time: SpaceTime,
    /// As it was written last.
    pub address: String,
    /// Position and end as the slider shows them.
    pub slider: (Position, Position),
}

#[derive(Default)]
pub struct SpaceTime {
    pub hidden: Vec<String>,
}

impl Looking {
    pub fn from_address() -> Self {
        Looking {
            view: address::value("view").and_then(|name| View::named(&name)).unwrap_or_default(),
            trace: address::value("trace").and_then(|trace| trace.parse().ok()),
            dot: address::value("dot"),
            wanted: address::value("at").and_then(|at| at.parse().ok()),
            fetching: false,
            stopped: false,
            space_time: SpaceTime::default(),
            address: String::new(),
            slider: (0, 0),
        }
    }
}

pub fn open(view: &str) {
    with(|engine| {
        engine.looking.view = View::named(view).unwrap_or_default();
        engine.show();
        engine.write_address();
    });
}

pub fn follow(_trace: &str) {}

pub fn explain(_dot: Option<String>) {}

pub fn act(_what: &str, _element: &Element) {}

pub fn arrange(_part: &Element) {}

impl Engine {
    pub(super) fn show_view(&mut self) {
        let _ = now();
    }
}
