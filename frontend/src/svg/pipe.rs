//! A topic: a pipe with a lane of visible slots per reader.

use super::layout::{Area, PipeBox};
use super::token::glyph;
use super::{View, escape};
use crate::texts;
use diagram::{DiagramState, Health, Lane, Pipe, delivered_as};

const PITCH: i32 = 18;

pub fn draw(pipe: &Pipe, place: &PipeBox, state: &DiagramState, view: View) -> String {
    let Area { x, y, w, h } = place.area;
    let radius = if h > 40 { 20 } else { h / 2 };
    let (topic_x, anchor) = if place.upright { (x + w / 2 - 9, "end") } else { (x + 4, "start") };
    let mut out = format!(
        "<g class=\"pipe\" data-do=\"aim\" data-target=\"topic:{}\"><rect class=\"tube\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"{radius}\"/>\
         <text class=\"topic\" x=\"{topic_x}\" y=\"{}\" text-anchor=\"{anchor}\"><tspan class=\"kind\">{} </tspan>{}</text>",
        escape(&pipe.topic),
        y - 8,
        texts::TOPIC,
        escape(&pipe.topic),
    );
    let mut captions = vec![];
    for (i, lane) in pipe.lanes.iter().enumerate() {
        let middle = y + 6 + 20 * i as i32 + 10;
        if i > 0 {
            out.push_str(&format!("<path class=\"wall\" d=\"M{} {}h{}\"/>", x + 10, middle - 10, w - 20));
        }
        out.push_str(&lane_slots(lane, place, middle, view));
        captions.extend(caption(lane, state, view));
    }
    for (i, caption) in captions.iter().enumerate() {
        let y = y + h + 17 + 16 * i as i32;
        out.push_str(&format!("<text class=\"waits\" x=\"{}\" y=\"{y}\">{}</text>", x + w / 2, escape(caption)));
    }
    out.push_str("</g>");
    out
}

fn lane_slots(lane: &Lane, place: &PipeBox, middle: i32, view: View) -> String {
    let mut out = String::new();
    let x = place.area.x + 12;
    if place.label > 0 {
        out.push_str(&format!("<text class=\"reader\" x=\"{x}\" y=\"{}\">{}</text>", middle + 4, escape(&lane.group)));
    }
    let first = x + place.label + 8;
    let arrived: Vec<_> = lane.waiting.tokens.iter().filter(|held| !view.in_the_air.contains(&held.position)).collect();
    let waiting = count(lane, view);
    let slots = i64::from(place.slots);
    // With more than fit, the last slot says how many more.
    let shown = if waiting as i64 > slots { slots - 1 } else { slots };
    for i in 0..place.slots {
        let cx = first + PITCH * i;
        match arrived.get(i as usize) {
            Some(held) if i64::from(i) < shown => {
                let token = glyph(delivered_as(&held.kind, &lane.group), cx, middle);
                out.push_str(&format!("<g data-dot=\"{}\">{token}</g>", held.position));
            }
            _ if i64::from(i) >= shown => {
                let more = waiting as i64 - shown;
                out.push_str(&format!("<text class=\"more\" x=\"{}\" y=\"{}\">+{more}</text>", cx - 6, middle + 4));
            }
            _ => out.push_str(&format!("<circle class=\"slot\" cx=\"{cx}\" cy=\"{middle}\" r=\"6\"/>")),
        }
    }
    out
}

/// Messages in the lane that have arrived in the picture.
pub fn count(lane: &Lane, view: View) -> u64 {
    let flying = lane.waiting.tokens.iter().filter(|held| view.in_the_air.contains(&held.position)).count();
    lane.waiting.count.saturating_sub(flying as u64)
}

/// Said in words when it lasts: the reader is down, or messages pile up.
fn caption(lane: &Lane, state: &DiagramState, view: View) -> Option<String> {
    let waiting = count(lane, view);
    let down = state.node(&lane.group).is_some_and(|node| node.health != Health::Up);
    if waiting > 1 || waiting > 0 && down {
        return Some(texts::waiting(waiting, &lane.group));
    }
    (lane.dead_lettered > 0).then(|| texts::dead_letters(lane.dead_lettered, &lane.group))
}
