//! Pictures as files of their own: literal colours of the light theme, fonts every system has.

use super::Scope;
use super::markup::put;
use super::space_time::{SpaceTime, whole};
use crate::svg::label::label;
use crate::svg::{Layout, View, escape, glyph, scene_with, summary};
use crate::texts::views as words;
use diagram::{DiagramState, Motion};

/// The stylesheet of the site with its variables filled in, or the part of it that such a
/// picture needs.
const STYLE: &str = include_str!("export.css");

/// Space-time as an SVG file; `None` where nothing has happened.
pub fn space_time_export(scope: &Scope, view: &SpaceTime) -> Option<String> {
    let (width, height, drawing) = whole(scope, view)?;
    let drawing = unlinked(&drawing);
    Some(file(width, height, words::SPACE_TIME, "space-time", &drawing))
}

/// The diagram as an SVG file, with what is at rest in it and the one token that moves.
pub fn export_diagram(state: &DiagramState, layout: &Layout, moving: Option<&Motion>) -> String {
    let in_the_air: Vec<_> = moving.iter().map(|motion| motion.position).collect();
    let view = View { in_the_air: &in_the_air, ..View::default() };
    let drawing = scene_with(state, layout, view);
    // The drawing without its own outermost element.
    let inner = drawing.split_once('>').map_or("", |(_, rest)| rest);
    let mut inner = inner.strip_suffix("</svg>").unwrap_or(inner).to_string();
    if let Some(motion) = moving {
        inner += &halfway(motion, layout);
    }
    file(layout.width, layout.height, &escape(&summary(state, view)), "scene", &inner)
}

/// A token in the middle of its way, with its name.
fn halfway(motion: &Motion, layout: &Layout) -> String {
    let Some(curve) = layout.curve(&motion.from, &motion.to) else { return String::new() };
    let (x, y) = curve.point(0.5);
    let name = match motion.subject.rsplit('/').next() {
        Some(id) if !id.is_empty() => [&*motion.name, " · ", id].concat(),
        _ => motion.name.to_string(),
    };
    let area = label(layout, &curve, name.chars().count() as i32 * 7 + 20);
    let mut out = glyph(motion.token, x as i32, y as i32);
    put!(
        &mut out,
        "<rect class=\"box\" x=\"#\" y=\"#\" width=\"#\" height=\"#\" rx=\"7\"/>",
        area.x,
        area.y,
        area.w,
        area.h
    );
    put!(
        &mut out,
        "<text class=\"topic\" x=\"#\" y=\"#\" text-anchor=\"middle\">$</text>",
        area.cx(),
        area.y + 17,
        &name
    );
    out
}

fn file(width: i32, height: i32, label: &str, class: &str, drawing: &str) -> String {
    let mut out = String::from("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"");
    put!(&mut out, "@\" width=\"#\" height=\"#\" viewBox=\"0 0 # #\"", class, width, height, width, height);
    put!(&mut out, " role=\"img\" aria-label=\"@\"><style>@</style>", label, STYLE);
    put!(&mut out, "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>@</svg>\n", drawing);
    out
}

/// Links lead nowhere from a file.
fn unlinked(drawing: &str) -> String {
    let mut out = String::with_capacity(drawing.len());
    let mut tags = drawing.split('<');
    out.push_str(tags.next().unwrap_or_default());
    for tag in tags {
        if let Some(link) = tag.strip_prefix("a ") {
            put!(&mut out, "<g>@", link.split_once('>').map_or("", |(_, rest)| rest));
        } else if let Some(rest) = tag.strip_prefix("/a>") {
            put!(&mut out, "</g>@", rest);
        } else {
            put!(&mut out, "<@", tag);
        }
    }
    out
}
