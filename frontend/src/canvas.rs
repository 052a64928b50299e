//! What moves: one canvas over the picture. Positions follow from an edge, a start and a
//! duration; nothing in the page is laid out per frame.

use crate::player::{Flight, Player};
use crate::svg::Layout;
use crate::svg::curve::Curve;
use crate::svg::label::{HEIGHT, label};
use diagram::Token;
use js_sys::Array;
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
}

#[derive(Default)]
struct Colours {
    command: String,
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
        };
        canvas.take_colours();
        Some(canvas)
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
        self.element.set_width((self.width * self.density) as u32);
        self.element.set_height((self.height * self.density) as u32);
        // Whole pixels, or everything drawn would be blurred.
        let style = self.element.style();
        let _ = style.set_property("width", &format!("{}px", self.width as i32));
        let _ = style.set_property("height", &format!("{}px", self.height as i32));
    }

    /// Gives how far down, in CSS pixels, the first of what moves is.
    pub fn draw(&self, player: &Player, layout: &Layout, still: bool) -> Option<f64> {
        let context = &self.context;
        let unit = self.density * self.scale;
        // A canvas that can't be drawn on stays empty; the words below it tell the same.
        let _ = context.set_transform(unit, 0.0, 0.0, unit, 0.0, 0.0);
        context.clear_rect(0.0, 0.0, self.width / self.scale, self.height / self.scale);
        let flights: Vec<(&Flight, Curve)> = player
            .flights
            .iter()
            .filter_map(|flight| Some((flight, layout.curve(&flight.motion.from, &flight.motion.to)?)))
            .collect();
        for (flight, curve) in &flights {
            self.way(flight.motion.token, curve);
        }
        let mut first = None;
        for (flight, curve) in &flights {
            let along = if still { STILL } else { ease(player.progress(flight)) };
            let (x, y) = curve.point(along);
            first.get_or_insert(y * self.scale);
            self.token(flight.motion.token, x, y);
        }
        if flights.len() <= NAMED {
            for (i, (flight, curve)) in flights.iter().enumerate() {
                let above = flights[..i].iter().filter(|(_, other)| other == curve).count();
                self.name(flight, curve, layout, above as i32);
            }
        }
        first
    }

    fn colour(&self, token: Token) -> &str {
        match token {
            Token::Command | Token::Reply => &self.colours.command,
            Token::Event => &self.colours.event,
            Token::Failure => &self.colours.failure,
            Token::Compensation => &self.colours.compensation,
        }
    }

    /// The edge lights up while something is on it.
    fn way(&self, token: Token, curve: &Curve) {
        let context = &self.context;
        let [a, b, c, d] = curve.0.map(|point| (f64::from(point.x), f64::from(point.y)));
        let dashes = if matches!(token, Token::Command | Token::Reply) { &self.solid } else { &self.dashed };
        let _ = context.set_line_dash(dashes);
        context.set_stroke_style_str(self.colour(token));
        context.set_line_width(if token == Token::Reply { 1.2 } else { 2.2 });
        context.begin_path();
        context.move_to(a.0, a.1);
        context.bezier_curve_to(b.0, b.1, c.0, c.1, d.0, d.1);
        context.stroke();
        let _ = context.set_line_dash(&self.solid);
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

    /// `OrderCreated · 101`, in a frame beside the edge; `above` others on the same edge.
    fn name(&self, flight: &Flight, curve: &Curve, layout: &Layout, above: i32) {
        let context = &self.context;
        let motion = &flight.motion;
        let text = match motion.subject.rsplit('/').next() {
            Some(id) if !id.is_empty() => format!("{} · {id}", motion.name),
            _ => motion.name.to_string(),
        };
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

/// Slow, quick, slow.
fn ease(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}
