//! What the learner looks at: the view, the trace and the dot that is explained. All of it is
//! drawn for the position shown.

use super::{Engine, address, hands, now, spawn, time, with};
use crate::client;
use crate::svg::escape;
use crate::texts;
use crate::views::{self, Filter, Grouping, Kind, Scope, Table, View};
use protocol::{Name, Position, Uuid, parse_uuid};
use wasm_bindgen::prelude::*;
use web_sys::{Element, HtmlElement};

/// Where the learner is, apart from the player's position.
#[derive(Default)]
pub struct Looking {
    pub view: View,
    pub trace: Option<Uuid>,
    /// A position or a service's name.
    pub dot: Option<String>,
    /// The page was asked for this run, and no other.
    pub names_run: bool,
    /// A position that is not at hand yet.
    pub wanted: Option<Position>,
    pub fetching: bool,
    /// At a breakpoint.
    pub stopped: bool,
    pub hidden: Vec<Name>,
    pub zoom: i32,
    kind: Kind,
    service: Option<Name>,
    /// The services' tables, and the position they belong to.
    tables: Option<(Position, Vec<Table>)>,
    /// The view is not that of the position shown yet.
    busy: bool,
    /// Tables are on their way.
    asked: bool,
    /// Source files, by name; none while it is on its way.
    sources: Vec<(Name, Option<Result<String, String>>)>,
    /// When the view was drawn last, and whether it lags behind.
    drawn: Option<f64>,
    stale: bool,
    /// As it was written last, when that was, and whether it is another by now.
    pub address: String,
    pub written: f64,
    pub unwritten: bool,
    /// Position and end as the slider shows them.
    pub slider: (Position, Position),
    /// What had the focus before the inspector.
    came_from: Option<HtmlElement>,
}

/// While everything moves, a view is drawn at most so often, in milliseconds.
const DRAW: f64 = 300.0;

impl Looking {
    pub fn from_address() -> Self {
        Looking {
            view: address::value("view").and_then(|name| View::named(&name)).unwrap_or_default(),
            trace: address::value("trace").and_then(|trace| parse_uuid(&trace)),
            dot: address::value("dot"),
            names_run: address::value("run").is_some(),
            wanted: address::value("at").and_then(|at| at.parse().ok()),
            ..Looking::default()
        }
    }

    /// Nothing of what happened before is looked at any more.
    pub fn start_over(&mut self) {
        let (view, sources) = (self.view, std::mem::take(&mut self.sources));
        *self = Looking { view, sources, ..Looking::default() };
    }

    /// Whether a view waits to be drawn.
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// Whether anything waits for its time to come.
    pub fn waits(&self) -> bool {
        self.stale || self.unwritten || self.wanted.is_some()
    }
}

/// Opens a view by its name.
pub fn open(view: &str) {
    with(|engine| {
        engine.looking.view = View::named(view).unwrap_or_default();
        engine.stage.scroll_to_top();
        engine.looking.drawn = None;
        engine.show();
        engine.write_address();
    });
    time::look_further();
}

/// Looks at one command and what came of it; at all of them, without one.
pub fn follow(trace: &str) {
    with(|engine| {
        engine.looking.trace = parse_uuid(trace);
        if !matches!(engine.looking.view, View::Story | View::Saga | View::SpaceTime) {
            engine.looking.view = View::Trace;
        }
        engine.redraw();
    });
    time::look_further();
}

/// Explains a position's event or a service, and stops for it; without one, closes what explains.
pub fn explain(dot: Option<String>) {
    with(|engine| {
        let closes = dot.is_none();
        if !closes {
            engine.player.pause();
            if engine.looking.dot.is_none() {
                engine.looking.came_from = focused();
            }
        }
        engine.player.held = false;
        engine.stage.over = dot.as_ref().and_then(|dot| dot.parse().ok());
        engine.looking.dot = dot;
        engine.redraw();
        if closes {
            if let Some(element) = engine.looking.came_from.take() {
                let _ = element.focus();
            }
        } else if let Some(inspector) = engine.paper.find(".inspector") {
            let _ = inspector.unchecked_into::<HtmlElement>().focus();
        }
    });
    time::look_further();
}

/// Puts the inspector away, if it is open.
pub fn close() {
    if with(|engine| engine.looking.dot.is_some()) == Some(true) {
        explain(None);
    }
}

/// What a view's own controls do.
pub fn arrange(part: &Element) {
    with(|engine| {
        let looking = &mut engine.looking;
        if let Some(name) = part.get_attribute("data-hide") {
            let hidden = &mut looking.hidden;
            match hidden.iter().position(|known| **known == *name) {
                Some(at) => drop(hidden.remove(at)),
                None => hidden.push(name.into()),
            }
        } else if part.has_attribute("data-group") {
            engine.outline.grouping = match &*hands::value(part) {
                "saga" => Grouping::Saga,
                "time" => Grouping::Time,
                _ => Grouping::Service,
            };
        } else if let Some(zoom) = part.get_attribute("data-zoom") {
            looking.zoom = zoom.parse().unwrap_or(0).clamp(-4, 6);
        } else {
            let value = |name: &str| {
                let select = engine.root.query_selector(&format!("[data-filter={name}]")).ok().flatten();
                select.map(|select| hands::value(&select)).unwrap_or_default()
            };
            let filter = Filter::parse(&value("saga"), &value("service"), &value("kind"));
            (looking.trace, looking.service, looking.kind) = (filter.saga, filter.service, filter.kind);
        }
        engine.redraw();
    });
    time::look_further();
}

pub fn focused() -> Option<HtmlElement> {
    super::window()?.document()?.active_element()?.dyn_into().ok()
}

impl Engine {
    /// After the learner changed what they look at.
    fn redraw(&mut self) {
        self.looking.drawn = None;
        self.show();
        self.write_address();
    }

    /// The view of the position shown, where it is not the diagram, and the inspector.
    pub(super) fn show_view(&mut self) {
        let now = now();
        let moves = self.player.is_live() && self.player.under_way();
        self.looking.stale = moves && self.looking.drawn.is_some_and(|drawn| now - drawn < DRAW);
        if self.looking.stale {
            return;
        }
        self.looking.drawn = Some(now);
        self.show_tabs();
        self.show_outline();
        let position = self.player.shown.position;
        let run = self.sandbox.as_ref().and_then(|of| of.split('/').next_back());
        let Some(window) = self.player.tape.window(position) else {
            let waits = self.looking.view != View::Diagram;
            let words = if waits { format!("<p class=\"view-empty\">{}</p>", texts::LOADING) } else { String::new() };
            return self.place_view(&words, true);
        };
        let scope = Scope { window, state: &self.player.shown, trace: self.looking.trace, run };
        let looking = &self.looking;
        let (html, busy) = match looking.view {
            View::Diagram => (String::new(), false),
            View::Story => {
                let filter = Filter { saga: looking.trace, service: looking.service.clone(), kind: looking.kind };
                (views::filters(&scope, &filter) + &views::story(&scope, &filter), false)
            }
            View::Saga => (views::saga(&scope), false),
            View::SpaceTime => {
                let view = views::SpaceTime { hidden: &looking.hidden, zoom: looking.zoom };
                (views::space_time(&scope, &view), false)
            }
            View::Trace => (views::trace(&scope), false),
            View::Data => match &looking.tables {
                Some((at, tables)) => (views::data(tables, &scope), *at != position),
                None => (views::data::loading(), true),
            },
            View::Code => code(looking, &scope),
        };
        let explained = looking.dot.as_ref().map(|dot| explained(dot, &scope));
        self.place_view(&html, busy);
        self.paper.put(".inspector", &explained.unwrap_or_default());
        match self.looking.view {
            View::Data => self.ask_for_tables(),
            View::Code => self.ask_for_sources(),
            _ => {}
        }
    }

    fn show_tabs(&mut self) {
        let open = self.looking.view.name();
        let Ok(tabs) = self.root.query_selector_all("[role=tab]") else { return };
        for tab in (0..tabs.length()).filter_map(|i| tabs.item(i)) {
            let tab: Element = tab.unchecked_into();
            let selected = tab.get_attribute("data-view").as_deref() == Some(open);
            let _ = tab.set_attribute("aria-selected", if selected { "true" } else { "false" });
            let _ = tab.set_attribute("tabindex", if selected { "0" } else { "-1" });
        }
        if let Some(panel) = self.paper.find("#view") {
            let _ = panel.set_attribute("aria-labelledby", &format!("tab-{open}"));
        }
    }

    /// Keeps the focus where it was, and what is shown now in sight.
    fn place_view(&mut self, html: &str, busy: bool) {
        self.stage.covered = !html.is_empty();
        let Some(place) = self.paper.find(".view") else { return };
        self.looking.busy = busy;
        self.show_busy();
        let held = focused().filter(|element| place.contains(Some(element)));
        let again = held.and_then(|element| {
            // Which of the two it is; the zoom it leads to is another by now.
            if element.has_attribute("data-zoom") {
                let which = if element.next_element_sibling().is_some() { "first" } else { "last" };
                return Some(format!("[data-zoom]:{which}-child"));
            }
            ["data-filter", "data-hide", "href", "data-press"].into_iter().find_map(|name| {
                let value = element.get_attribute(name)?;
                Some(format!("[{name}=\"{value}\"]"))
            })
        });
        if !self.paper.put(".view", html) {
            return;
        }
        if let Some(selector) = &again
            && let Ok(Some(element)) = place.query_selector(selector)
        {
            let _ = element.unchecked_into::<HtmlElement>().focus();
        } else if let Ok(Some(reel)) = place.query_selector(".reel") {
            let x = reel.get_attribute("data-x").and_then(|x| x.parse::<i32>().ok()).unwrap_or_default();
            reel.set_scroll_left(x - reel.client_width() * 2 / 3);
        } else if let Ok(Some(current)) = place.query_selector("[aria-current]") {
            self.stage.keep_in_sight(&current);
        }
    }

    /// Whether what is shown waits for something to belong to the position asked for.
    pub(super) fn show_busy(&mut self) {
        let busy = self.looking.busy || self.looking.wanted.is_some();
        self.paper.set(".view", "aria-busy", if busy { "true" } else { "false" });
    }

    fn ask_for_tables(&mut self) {
        let position = self.player.shown.position;
        let known = self.looking.tables.as_ref().is_some_and(|(at, _)| *at == position);
        let Some(of) = self.sandbox.clone().filter(|_| !known && !self.looking.asked) else { return };
        self.looking.asked = true;
        let names: Vec<(Name, Name)> = self
            .player
            .shown
            .nodes
            .iter()
            .flat_map(|node| node.tables.iter().map(|table| (node.name.clone(), table.name.clone())))
            .collect();
        spawn(async move {
            let mut tables = vec![];
            for (service, name) in names {
                if let Ok(rows) = client::table(&of, &service, &name, position).await {
                    tables.push(Table { service, name, columns: rows.columns, rows: rows.rows });
                }
            }
            with(|engine| {
                engine.looking.asked = false;
                if engine.sandbox.as_deref() == Some(&of) {
                    engine.looking.tables = Some((position, tables));
                    engine.looking.drawn = None;
                    engine.show_view();
                }
            });
        });
    }

    fn ask_for_sources(&mut self) {
        let position = self.player.shown.position;
        let Some(window) = self.player.tape.window(position) else { return };
        let scope = Scope { window, state: &self.player.shown, trace: None, run: None };
        let Some(file) = selected(&self.looking, &scope).and_then(|entry| entry.event.code.as_ref()) else { return };
        let file = file.file.clone();
        if self.looking.sources.iter().any(|(known, _)| *known == file) {
            return;
        }
        self.looking.sources.push((file.clone(), None));
        spawn(async move {
            let source = client::source(&file).await.map_err(|refusal| refusal.detail);
            with(|engine| {
                for (known, text) in &mut engine.looking.sources {
                    if *known == file {
                        *text = Some(source.clone());
                    }
                }
                engine.looking.drawn = None;
                engine.show_view();
            });
        });
    }
}

/// The event whose code is shown: the one explained, else the last one up to the position shown
/// that names its line.
fn selected<'a>(looking: &Looking, scope: &Scope<'a>) -> Option<&'a crate::tape::Entry> {
    let explained = looking.dot.as_ref().and_then(|dot| scope.window.entry(dot.parse().ok()?));
    let names_line = |entry: &&crate::tape::Entry| entry.event.code.is_some();
    explained.filter(names_line).or_else(|| {
        let end = scope.window.entries().partition_point(|entry| entry.position() <= scope.position());
        scope.window.entries().range(..end).rfind(names_line)
    })
}

fn code(looking: &Looking, scope: &Scope) -> (String, bool) {
    let Some(entry) = selected(looking, scope) else {
        return (format!("<p class=\"view-empty\">{}</p>", texts::NO_CODE), false);
    };
    let Some(line) = &entry.event.code else { return (String::new(), false) };
    match looking.sources.iter().find(|(file, _)| *file == line.file) {
        Some((_, Some(Ok(source)))) => (views::code(scope, &line.file, source, line.line, Some(entry)), false),
        Some((_, Some(Err(why)))) => (format!("<p class=\"view-empty\">{}</p>", escape(why)), false),
        _ => (format!("<p class=\"view-empty\">{}</p>", texts::LOADING), true),
    }
}

fn explained(dot: &str, scope: &Scope) -> String {
    let body = match dot.parse() {
        Ok(position) => views::inspector(scope, position),
        Err(_) => views::node_inspector(scope, dot),
    };
    let close = escape(texts::CLOSE);
    format!("<button type=\"button\" class=\"close\" data-do=\"close\">{close}</button>{body}")
}
