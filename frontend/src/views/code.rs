//! The code: the line of source that an event came from, lit.

use super::Scope;
use super::markup::{empty, put};
use crate::svg::escape;
use crate::tape::Entry;
use crate::texts::views as words;

/// So many lines to each side of the lit one; the rest is folded away.
const AROUND: usize = 15;

pub fn code(scope: &Scope, file: &str, source: &str, line: u32, entry: Option<&Entry>) -> String {
    if source.is_empty() {
        return empty(words::CODE_EMPTY);
    }
    let lines: Vec<&str> = source.lines().collect();
    let lit = (line as usize).min(lines.len());
    let first = lit.saturating_sub(AROUND + 1);
    let last = (lit + AROUND).min(lines.len());
    let mut out = String::new();
    put!(&mut out, "<p class=\"code-head\"><code>$</code>, @ #", file, words::LINE, u64::from(line));
    if let Some(entry) = entry {
        put!(&mut out, ". @", &entry.sentence().html());
    }
    let is_saga = scope.state.topology.as_ref().is_some_and(|topology| {
        topology.services.iter().flat_map(|service| &service.steps).any(|step| step.compensates.is_some())
    });
    if let Some(run) = scope.run.filter(|_| is_saga) {
        put!(&mut out, " <a href=\"/rule?run=$\">@</a>", run, crate::texts::rule::TITLE);
    }
    out.push_str("</p><div class=\"code\" tabindex=\"0\" role=\"region\" aria-label=\"");
    put!(&mut out, "$\">", file);
    folded(&mut out, &lines, 0, first);
    listing(&mut out, &lines, first, last, lit);
    folded(&mut out, &lines, last, lines.len());
    out.push_str("</div>");
    out
}

fn folded(out: &mut String, lines: &[&str], first: usize, last: usize) {
    if first < last {
        put!(out, "<details><summary>@ # – #", words::LINES_FROM, first as u64 + 1, last as u64);
        out.push_str("</summary>");
        listing(out, lines, first, last, 0);
        out.push_str("</details>");
    }
}

fn listing(out: &mut String, lines: &[&str], first: usize, last: usize, lit: usize) {
    out.push_str("<pre class=\"listing\">");
    for (index, line) in lines[first..last].iter().enumerate() {
        let number = first + index + 1;
        let class = if number == lit { "ln lit\" aria-current=\"true" } else { "ln" };
        put!(out, "<span class=\"@\"><span class=\"no\">#</span>", class, number as u64);
        coloured(out, line);
        out.push_str("\n</span>");
    }
    out.push_str("</pre>");
}

/// Comments and strings, no more.
fn coloured(out: &mut String, line: &str) {
    let mut rest = line;
    while let Some(at) = rest.find(['"', '/']) {
        let (before, tail) = parted(rest, at);
        out.push_str(&escape(before));
        rest = if tail.starts_with("//") {
            put!(out, "<i class=\"c\">$</i>", tail);
            ""
        } else if let Some(end) = tail.strip_prefix('"').and_then(|tail| tail.find('"')) {
            let (text, tail) = parted(tail, end + 2);
            put!(out, "<i class=\"s\">$</i>", text);
            tail
        } else {
            let (sign, tail) = parted(tail, 1);
            out.push_str(&escape(sign));
            tail
        };
    }
    out.push_str(&escape(rest));
}

/// What `split_at` gives; what that says when it can't be need not be loaded.
fn parted(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}
