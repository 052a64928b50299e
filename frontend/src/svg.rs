//! The picture as pure functions from state to markup, the same on the server and in the browser.
//!
//! [`scene`] draws a layout; [`parts`] gives the pieces of it that change with the state.
//! Everything that comes from outside goes through [`escape`].

mod column;
pub mod curve;
mod fault;
mod grid;
pub mod label;
pub mod layout;
mod ledger;
mod node;
mod pipe;
mod soil;
mod summary;
mod token;

pub use layout::{Layout, Shape};
pub use ledger::{ledger, order_table, tables};
pub use node::{health, rows};
pub use soil::{scale, strata};
pub use summary::summary;
pub use token::glyph;

use diagram::{DiagramState, Place};
use protocol::Position;

/// What the picture needs to know beyond the state.
#[derive(Clone, Copy, Default)]
pub struct View<'a> {
    /// Messages published but still on their way into the pipe.
    pub in_the_air: &'a [Position],
    /// Services that are committing right now.
    pub committing: &'a [protocol::Name],
}

/// The whole picture in one layout.
pub fn scene(state: &DiagramState, layout: &Layout) -> String {
    scene_with(state, layout, View::default())
}

/// The same, with what is not in the state.
pub fn scene_with(state: &DiagramState, layout: &Layout, view: View) -> String {
    let shape = layout.shape.name();
    let mut out = format!(
        "<svg class=\"scene {shape}\" data-shape=\"{shape}\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
        layout.width,
        layout.height,
        escape(&summary(state, view)),
    );
    // What crashed is hatched; the pattern's name is unique in the page.
    out.push_str(&format!(
        "<defs><pattern id=\"hatch-{shape}\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M4 0V8\"/></pattern></defs>"
    ));
    for edge in &layout.edges {
        let class = match (&edge.from, edge.far) {
            (Place::Learner, _) => "edge mine",
            (_, true) => "edge far",
            (_, false) => "edge",
        };
        out.push_str(&format!(
            "<path class=\"{class}\" d=\"{}\"/><path class=\"{class} head\" d=\"{}\"/>",
            edge.curve.path(),
            edge.curve.arrow_head()
        ));
        // Wide enough to be pressed.
        if let Some(target) = fault::aim(edge) {
            out.push_str(&format!(
                "<path class=\"hit\" fill=\"none\" data-do=\"aim\" data-target=\"{}\" d=\"{}\"/>",
                escape(&target),
                edge.curve.path()
            ));
        }
        if edge.from == Place::Learner {
            let [start, ..] = edge.curve.0;
            let you = crate::texts::YOU;
            out.push_str(&format!("<text class=\"you\" x=\"{}\" y=\"{}\">{you}</text>", start.x + 10, start.y + 10));
        }
    }
    for (name, content) in parts(state, layout, view) {
        out.push_str(&format!("<g data-part=\"{}\">{content}</g>", escape(&name)));
    }
    out.push_str("</svg>");
    out
}

/// The parts of a scene that follow the state, by name.
pub fn parts(state: &DiagramState, layout: &Layout, view: View) -> Vec<(String, String)> {
    let pipes = layout.pipes.iter().map(|place| {
        (
            format!("pipe-{}", place.topic),
            state.pipe(&place.topic).map_or_else(String::new, |pipe| pipe::draw(pipe, place, state, view)),
        )
    });
    let nodes = layout.nodes.iter().map(|place| {
        (
            format!("node-{}", place.name),
            state.node(&place.name).map_or_else(String::new, |node| node::draw(node, place, state, layout, view)),
        )
    });
    let faults = ("faults".to_string(), fault::draw(state, layout));
    pipes.chain(nodes).chain([faults]).collect()
}

/// Text as it may stand in markup, in attributes too.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests;
