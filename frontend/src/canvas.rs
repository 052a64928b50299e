//! What moves: one canvas over the picture. Positions follow from an edge, a start and a
//! duration; nothing in the page is laid out per frame.

use crate::flow::Current;
use crate::player::{Flight, Player};
use crate::svg::curve::Curve;
use crate::svg::label::{HEIGHT, label, label_beside};
use crate::svg::layout::Area;
use crate::svg::{Layout, Shape};
use crate::texts;
use diagram::{Place, Token};
use js_sys::Array;
use protocol::Position;
use std::f64::consts::{PI, TAU};
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement};

pub struct Canvas {
    element: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    colours: Colours,
    dashed: Array,
    solid: Array,
    width: f64,
    height: f64,
    /// CSS pixels to one unit of the layout.
    scale: f64,
    density: f64,
    /// What is said of each flow, and when that was found out.
    notes: Vec<Note>,
    noted: f64,
}

/// The words beside a flow.
struct Note {
    area: Area,
    lines: [String; 2],
    curve: Curve,
    width: f64,
    failing: bool,
}

#[derive(Default)]
struct Colours {
    command: String,
    query: String,
    event: String,
    failure: String,
    compensation: String,
    surface: String,
    ink: String,
}

/// With more in flight than this, names would cover each other.
const NAMED: usize = 5;
/// Reduced motion: a token stands in the middle of its way.
const STILL: f64 = 0.5;
/// How near the pointer must be to a token, in CSS pixels.
const NEAR: f64 = 18.0;
/// What is said of flows is renewed so often, in milliseconds.
const RENEWED: f64 = 500.0;

impl Canvas {
    pub fn new(element: Element) -> Option<Self> {
        let element: HtmlCanvasElement = element.dyn_into().ok()?;
        let context = element.get_context("2d").ok()??.dyn_into().ok()?;
        let mut canvas = Canvas {
            element,
            context,
            colours: Colours::default(),
            dashed: Array::of2(&6.into(), &5.into()),
            solid: Array::new(),
            width: 0.0,
            height: 0.0,
            scale: 1.0,
            density: 1.0,
            notes: vec![],
            noted: f64::MIN,
        };
        canvas.take_colours();
        Some(canvas)
    }

    pub fn element(&self) -> &HtmlCanvasElement {
        &self.element
    }

    /// From the stylesheet's tokens, of the theme in force.
    pub fn take_colours(&mut self) {
        let Some(style) = web_sys::window().and_then(|window| window.get_computed_style(&self.element).ok().flatten())
        else {
            return;
        };
        let colour = |name: &str| style.get_property_value(name).unwrap_or_default();
        self.colours = Colours {
            command: colour("--command"),
            query: colour("--query"),
            event: colour("--event"),
            failure: colour("--failure"),
            compensation: colour("--compensation"),
            surface: colour("--glass"),
            ink: colour("--ink"),
        };
    }

    /// The size in CSS pixels, and the width in the layout's units.
    pub fn resize(&mut self, width: f64, height: f64, units: f64) {
        self.density = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).min(3.0);
        (self.width, self.height, self.scale) = (width.ceil(), height.ceil(), width / units);
        self.noted = f64::MIN;
        self.element.set_width((self.width * self.density) as u32);
        self.element.set_height((self.height * self.density) as u32);
        // Whole pixels, or everything drawn would be blurred.
        let style = self.element.style();
        let _ = style.set_property("width", &format!("{}px", self.width as i32));
        let _ = style.set_property("height", &format!("{}px", self.height as i32));
    }

    /// The token at a place in CSS pixels.
    pub fn hit(&self, player: &Player, layout: &Layout, still: bool, x: f64, y: f64) -> Option<Position> {
        let (x, y, near) = (x / self.scale, y / self.scale, NEAR / self.scale);
        let mut best = None;
        let mut least = near * near;
        for flight in &player.flights {
            let Some(curve) = layout.curve(&flight.motion.from, &flight.motion.to) else { continue };
            let (tx, ty) = place(player, flight, &curve, still);
            let distance = (tx - x) * (tx - x) + (ty - y) * (ty - y);
            if distance < least {
                (best, least) = (Some(flight.motion.position), distance);
            }
        }
        best
    }

    /// Draws all that moves; `over` is looked at. Gives how far down, in CSS pixels, the first of
    /// it is.
    pub fn draw(
        &mut self,
        player: &Player,
        layout: &Layout,
        still: bool,
        over: Option<Position>,
        now: f64,
    ) -> Option<f64> {
        let unit = self.density * self.scale;
        // A canvas that can't be drawn on stays empty; the words below it tell the same.
        let _ = self.context.set_transform(unit, 0.0, 0.0, unit, 0.0, 0.0);
        self.context.clear_rect(0.0, 0.0, self.width / self.scale, self.height / self.scale);
        if now - self.noted > RENEWED {
            self.noted = now;
            let mut notes: Vec<Note> = vec![];
            for current in player.flow.flowing() {
                let taken: Vec<Area> = notes.iter().map(|note| note.area).collect();
                notes.extend(note(current, layout, &taken));
            }
            self.notes = notes;
            // For those who measure or test.
            let _ = self.element.set_attribute("data-tokens", &player.flights.len().to_string());
        }
        for note in &self.notes {
            self.band(note);
        }
        let (mut single, mut many) = (vec![], vec![]);
        for flight in &player.flights {
            let Some(curve) = layout.curve(&flight.motion.from, &flight.motion.to) else { continue };
            let point = place(player, flight, &curve, still);
            if flight.flows {
                many.push((flight.motion.token, point));
            } else {
                single.push((flight, curve, point));
            }
        }
        self.dots(&many);
        for (i, (flight, curve, _)) in single.iter().enumerate() {
            if !single[..i].iter().any(|(_, other, _)| other == curve) {
                self.way(flight.motion.token, curve);
            }
        }
        for (flight, _, (x, y)) in &single {
            self.token(flight.motion.token, *x, *y);
        }
        let named = single.len() <= NAMED && many.is_empty();
        for (i, (flight, curve, point)) in single.iter().enumerate() {
            let looked_at = over == Some(flight.motion.position);
            if looked_at {
                self.ring(*point);
            }
            if still && !named {
                self.number(i + 1, *point);
            }
            if named || looked_at {
                let above = if named { single[..i].iter().filter(|(_, other, _)| other == curve).count() } else { 0 };
                self.name(flight, curve, layout, above as i32, still.then_some(i + 1));
            }
        }
        if !self.notes.is_empty() {
            self.say();
        }
        single.first().map(|(_, _, (_, y))| y * self.scale)
    }

    /// A flow: a broad band, broader with its rate.
    fn band(&self, note: &Note) {
        let context = &self.context;
        let _ = context.set_line_dash(&self.solid);
        context.set_global_alpha(0.22);
        context.set_stroke_style_str(if note.failing { &self.colours.failure } else { &self.colours.event });
        context.set_line_width(note.width);
        self.stroke(&note.curve);
        context.set_global_alpha(1.0);
    }

    /// Tokens of flows: small, each of its shape, a path for all of a kind.
    fn dots(&self, many: &[(Token, (f64, f64))]) {
        let context = &self.context;
        for token in [Token::Command, Token::Query, Token::Event, Token::Reply, Token::Compensation, Token::Failure] {
            let mut these = many.iter().filter(|(kind, _)| *kind == token).peekable();
            if these.peek().is_none() {
                continue;
            }
            context.begin_path();
            for (_, (x, y)) in these {
                let (x, y) = (*x, *y);
                match token {
                    Token::Command => context.rect(x - 3.0, y - 3.0, 6.0, 6.0),
                    Token::Failure => {
                        context.move_to(x, y - 5.5);
                        context.line_to(x + 5.5, y);
                        context.line_to(x, y + 5.5);
                        context.line_to(x - 5.5, y);
                    }
                    _ => {
                        context.move_to(x + 3.2, y);
                        let _ = context.arc(x, y, 3.2, 0.0, TAU);
                    }
                }
            }
            if token == Token::Reply {
                context.set_line_width(1.2);
                context.set_stroke_style_str(self.colour(token));
                context.stroke();
            } else {
                context.set_fill_style_str(self.colour(token));
                context.fill();
            }
        }
    }

    /// In which order, where nothing moves and there is no room for names.
    fn number(&self, number: usize, (x, y): (f64, f64)) {
        let context = &self.context;
        context.set_font("700 11.5px \"Atkinson Hyperlegible Next\", sans-serif");
        context.set_fill_style_str(&self.colours.ink);
        let _ = context.fill_text(&number.to_string(), x + 10.0, y - 8.0);
    }

    fn ring(&self, (x, y): (f64, f64)) {
        let context = &self.context;
        context.set_stroke_style_str(&self.colours.ink);
        context.set_line_width(2.0);
        context.begin_path();
        let _ = context.arc(x, y, 15.5, 0.0, TAU);
        context.stroke();
    }

    /// What is said of the flows. To set a font is costly, so all lines of one are set at a time.
    fn say(&self) {
        let context = &self.context;
        context.set_global_alpha(0.86);
        context.set_fill_style_str(&self.colours.surface);
        for Note { area, .. } in &self.notes {
            let [x, y, w, h] = [area.x, area.y, area.w, area.h].map(f64::from);
            context.begin_path();
            let _ = context.round_rect_with_f64(x, y, w, h, 6.0);
            context.fill();
        }
        context.set_global_alpha(1.0);
        context.set_fill_style_str(&self.colours.ink);
        for (line, font, down) in [
            (0, "600 12.5px \"Atkinson Hyperlegible Next\", sans-serif", 12.0),
            (1, "11.5px \"Atkinson Hyperlegible Next\", sans-serif", 24.0),
        ] {
            context.set_font(font);
            for Note { area, lines, .. } in &self.notes {
                let _ = context.fill_text(&lines[line], f64::from(area.x) + 6.0, f64::from(area.y) + down);
            }
        }
    }

    fn colour(&self, token: Token) -> &str {
        match token {
            Token::Command | Token::Reply => &self.colours.command,
            Token::Query => &self.colours.query,
            Token::Event => &self.colours.event,
            Token::Failure => &self.colours.failure,
            Token::Compensation => &self.colours.compensation,
        }
    }

    /// The edge lights up while something is on it.
    fn way(&self, token: Token, curve: &Curve) {
        let context = &self.context;
        let dashes =
            if matches!(token, Token::Command | Token::Query | Token::Reply) { &self.solid } else { &self.dashed };
        let _ = context.set_line_dash(dashes);
        context.set_stroke_style_str(self.colour(token));
        context.set_line_width(if token == Token::Reply { 1.2 } else { 2.2 });
        self.stroke(curve);
        let _ = context.set_line_dash(&self.solid);
    }

    fn stroke(&self, curve: &Curve) {
        let [a, b, c, d] = curve.0.map(|point| (f64::from(point.x), f64::from(point.y)));
        self.context.begin_path();
        self.context.move_to(a.0, a.1);
        self.context.bezier_curve_to(b.0, b.1, c.0, c.1, d.0, d.1);
        self.context.stroke();
    }

    fn token(&self, token: Token, x: f64, y: f64) {
        let context = &self.context;
        let colour = self.colour(token);
        context.set_fill_style_str(colour);
        context.set_stroke_style_str(colour);
        context.set_line_width(2.0);
        context.begin_path();
        match token {
            Token::Command => {
                context.rect(x - 8.0, y - 8.0, 16.0, 16.0);
                context.fill();
            }
            Token::Query => {
                context.move_to(x, y - 9.0);
                context.line_to(x + 9.5, y + 8.0);
                context.line_to(x - 9.5, y + 8.0);
                context.fill();
            }
            Token::Event => {
                let _ = context.arc(x, y, 8.5, 0.0, TAU);
                context.fill();
            }
            Token::Reply => {
                let _ = context.arc(x, y, 7.0, 0.0, TAU);
                context.set_fill_style_str(&self.colours.surface);
                context.fill();
                context.stroke();
            }
            Token::Failure => {
                context.move_to(x, y - 11.0);
                context.line_to(x + 11.0, y);
                context.line_to(x, y + 11.0);
                context.line_to(x - 11.0, y);
                context.close_path();
                context.fill();
            }
            Token::Compensation => {
                let _ = context.arc(x, y, 11.5, 0.0, TAU);
                context.fill();
                // The return arrow.
                context.set_stroke_style_str(&self.colours.surface);
                context.set_fill_style_str(&self.colours.surface);
                context.begin_path();
                let _ = context.arc(x, y, 5.5, 0.1 * PI, 1.65 * PI);
                context.stroke();
                context.begin_path();
                context.move_to(x + 1.2, y - 8.6);
                context.line_to(x + 7.2, y - 4.6);
                context.line_to(x + 0.8, y - 1.6);
                context.close_path();
                context.fill();
            }
        }
    }

    /// `OrderCreated · 101`, in a frame beside the edge; `above` others on the same edge. Where
    /// nothing moves, a number says in which order.
    fn name(&self, flight: &Flight, curve: &Curve, layout: &Layout, above: i32, number: Option<usize>) {
        let context = &self.context;
        let motion = &flight.motion;
        let text = match motion.subject.rsplit('/').next() {
            Some(id) if !id.is_empty() => format!("{} · {id}", motion.name),
            _ => motion.name.to_string(),
        };
        let text = number.map_or(text.clone(), |number| format!("{number} · {text}"));
        context.set_font("600 12.5px \"Atkinson Hyperlegible Next\", sans-serif");
        let width = context.measure_text(&text).map_or(100.0, |measure| measure.width()) + 20.0;
        let area = label(layout, curve, width as i32);
        let (left, top) = (f64::from(area.x), f64::from(area.y - above * (HEIGHT + 3)));
        context.set_fill_style_str(&self.colours.surface);
        context.set_stroke_style_str(self.colour(motion.token));
        context.set_line_width(1.6);
        context.begin_path();
        let _ = context.round_rect_with_f64(left, top, width, f64::from(HEIGHT), 7.0);
        context.fill();
        context.stroke();
        context.set_fill_style_str(&self.colours.ink);
        let _ = context.fill_text(&text, left + 10.0, top + 17.5);
    }
}

/// Where a flight is, in the layout's units.
fn place(player: &Player, flight: &Flight, curve: &Curve, still: bool) -> (f64, f64) {
    let along = match (still, flight.flows) {
        (true, _) => STILL,
        (_, true) => player.progress(flight),
        _ => ease(player.progress(flight)),
    };
    curve.point(along)
}

/// Rate and times of a flow, and where they stand.
fn note(current: &Current, layout: &Layout, taken: &[Area]) -> Option<Note> {
    let curve = layout.curve(&current.from, &current.to)?;
    let (rate, failures) = (current.rate(), current.failures());
    // Into a pipe nothing waits: there is no time to tell.
    let times = if matches!(current.to, Place::Topic(_)) { None } else { current.percentiles() };
    let second = match times {
        Some((half, most)) if layout.shape != Shape::Tall => texts::percentiles(half, most),
        Some((_, most)) => texts::slowest(most),
        None if failures > 0 => texts::failing(failures * 100 / rate.max(1)),
        None => String::new(),
    };
    let first = texts::rate(rate);
    let width = 12 + 6 * first.chars().count().max(second.chars().count()) as i32;
    let area = Area { h: if second.is_empty() { 16 } else { 29 }, ..label_beside(layout, &curve, width, taken) };
    let width = 5.0 + (rate as f64 / 8.0).min(13.0);
    Some(Note { area, lines: [first, second], curve, width, failing: failures * 2 > rate })
}

/// Slow, quick, slow.
fn ease(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}
