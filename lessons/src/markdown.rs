//! Markdown to HTML that is safe to put into a page: no raw HTML, no inline styles, and
//! links to nowhere but https and this site.

use crate::Problem;
use crate::lesson::{self, Section};
use crate::source::Place;
use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// What `lesson.md` holds.
pub(crate) struct Prose {
    /// Before the first section.
    pub intro: String,
    /// Each with where its heading stands.
    pub sections: Vec<(Section, Place)>,
    /// Targets of links within the page, without `#`.
    pub fragments: Vec<(String, Place)>,
    pub problems: Vec<(Place, Problem)>,
}

/// A whole lesson. Each `##` at the top level opens a section; its id is the heading's
/// `{#id}`, or else made from its words.
pub(crate) fn prose(markdown: &str) -> Prose {
    let (events, mut problems) = events(markdown);
    let fragments = fragments(&events);
    let mut intro = Vec::new();
    let mut sections: Vec<(Section, Place, Vec<Event>)> = Vec::new();
    let mut depth = 0;
    let mut events = events.into_iter();
    while let Some((event, place)) = events.next() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => {
                problems.push((place, Problem::Heading(heading_text(&mut events))));
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H2, id, .. }) if depth == 0 => {
                let title = heading_text(&mut events);
                let id = id.map_or_else(|| slug(&title), String::from);
                if !lesson::is_id(&id) {
                    problems.push((place.clone(), Problem::BadId(id.clone())));
                }
                sections.push((Section { id, title, html: String::new() }, place, Vec::new()));
            }
            event => {
                match event {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth -= 1,
                    _ => {}
                }
                sections.last_mut().map_or(&mut intro, |(_, _, body)| body).push(without_attributes(event));
            }
        }
    }
    let rendered = |(section, place, body)| (Section { html: render(body), ..section }, place);
    Prose { intro: render(intro), sections: sections.into_iter().map(rendered).collect(), fragments, problems }
}

/// A few sentences without headings.
pub(crate) struct Fragment {
    pub html: String,
    pub text: String,
    pub problems: Vec<Problem>,
}

pub(crate) fn fragment(markdown: &str) -> Fragment {
    let (events, problems) = events(markdown);
    let mut problems: Vec<Problem> = problems.into_iter().map(|(_, problem)| problem).collect();
    let mut iter = events.iter().cloned();
    while let Some((event, _)) = iter.next() {
        if let Event::Start(Tag::Heading { .. }) = event {
            problems.push(Problem::Heading(heading_text(&mut iter)));
        }
    }
    let events: Vec<Event> = events.into_iter().map(|(event, _)| without_attributes(event)).collect();
    let text = text(&events);
    Fragment { html: render(events), text, problems }
}

type Placed<'a> = (Event<'a>, Place);

/// What may be shown of it, and what the lesson is refused for.
fn events(markdown: &str) -> (Vec<Placed<'_>>, Vec<(Place, Problem)>) {
    let options = Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION | Options::ENABLE_HEADING_ATTRIBUTES;
    let (mut events, mut problems) = (vec![], vec![]);
    for (event, place) in Parser::new_ext(markdown, options).into_offset_iter() {
        match harmless(event) {
            Ok(event) => events.push((event, place)),
            Err(problem) => problems.push((place, problem)),
        }
    }
    (events, problems)
}

/// The event as it may be shown, or why the lesson is refused for it.
fn harmless(event: Event<'_>) -> Result<Event<'_>, Problem> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Ok(Event::Text(raw)),
        Event::Start(Tag::Image { dest_url, .. }) => Err(Problem::Image(dest_url.into())),
        // `<a@b.c>` would be rendered as a mailto.
        Event::Start(Tag::Link { link_type: LinkType::Email, dest_url, .. }) => Err(Problem::Link(dest_url.into())),
        Event::Start(Tag::Link { ref dest_url, .. }) if !allowed(dest_url) => Err(Problem::Link(dest_url.to_string())),
        // An aligned column would get a style attribute, which the page's policy forbids.
        Event::Start(Tag::Table(columns)) => Ok(Event::Start(Tag::Table(vec![Alignment::None; columns.len()]))),
        event => Ok(event),
    }
}

/// Whether a link is https or stays on this site. Browsers drop tabs and line breaks from
/// an address and read `\` as `/`, so neither may occur.
fn allowed(url: &str) -> bool {
    if url.is_empty() || url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return false;
    }
    if let Some(rest) = url.strip_prefix("https://") {
        return rest.starts_with(|c: char| c.is_alphanumeric());
    }
    let first_part = url.split(['/', '?', '#']).next().unwrap_or(url);
    !url.starts_with("//") && !first_part.contains(':')
}

fn fragments(events: &[Placed]) -> Vec<(String, Place)> {
    let target = |(event, place): &Placed| match event {
        Event::Start(Tag::Link { dest_url, .. }) => dest_url.strip_prefix('#').map(|id| (id.to_owned(), place.clone())),
        _ => None,
    };
    events.iter().filter_map(target).collect()
}

fn without_attributes(event: Event) -> Event {
    match event {
        Event::Start(Tag::Heading { level, .. }) => {
            Event::Start(Tag::Heading { level, id: None, classes: vec![], attrs: vec![] })
        }
        event => event,
    }
}

/// Takes the events up to the heading's end.
fn heading_text<'a>(events: &mut impl Iterator<Item = Placed<'a>>) -> String {
    let inside: Vec<_> =
        events.map(|(event, _)| event).take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_)))).collect();
    text(&inside)
}

fn text(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(part),
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::Item) => text.push(' '),
            _ => {}
        }
    }
    text.trim().to_owned()
}

fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn render(events: Vec<Event>) -> String {
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a lesson's HTML may contain.
    const TAGS: &[&str] = &[
        "p",
        "em",
        "strong",
        "code",
        "pre",
        "a",
        "ul",
        "ol",
        "li",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "hr",
        "br",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "h2",
        "div",
    ];

    /// Panics at the first tag or attribute that has no business in a lesson.
    fn assert_harmless(html: &str) {
        for tag in html.split('<').skip(1) {
            let (inside, _) = tag.split_once('>').unwrap_or_else(|| panic!("an open tag in {html}"));
            let mut parts = inside.trim_matches('/').split_whitespace();
            let name = parts.next().unwrap_or_default();
            assert!(TAGS.contains(&name), "<{inside}> in {html}");
            for attribute in parts.filter(|part| part.contains('=')) {
                let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
                assert!(["href", "title", "class", "start"].contains(&name), "{attribute} in {html}");
                assert!(name != "href" || !value.contains(':') || value.starts_with("\"https:"), "{attribute}");
            }
        }
    }

    #[test]
    fn raw_html_is_shown_as_text() {
        for raw in [
            "<script>alert(1)</script>",
            "a <b onclick='x()'>b</b>",
            "<!-- <img src=x onerror=y> -->",
            "<div>\n<iframe src=//x></iframe>\n\n</div>",
            "<?php x ?>",
            "<![CDATA[<svg onload=x>]]>",
            "> <style>*{}</style>",
            "- <a href='javascript:x'>y</a>",
            "| a |\n|:-:|\n| <img src=x> |",
            "### t {#x .y onclick=z}",
            "```\"><script>\n</code><script>\n```",
            "`<script>`",
            "&lt;script&gt; &#60;script&#62;",
            "[x](/y \"\\\"><script>\")",
            "[x](<https://e.org/\"onclick=z>)",
        ] {
            let prose = prose(&format!("{raw}\n\n## S\n\n{raw}\n"));
            assert_eq!(prose.problems, [], "{raw}");
            assert_harmless(&prose.intro);
            prose.sections.iter().for_each(|(section, _)| assert_harmless(&section.html));
            assert_harmless(&fragment(raw).html);
        }
    }

    #[test]
    fn raw_html_in_a_heading_stays_text_of_the_title() {
        let prose = prose("## A <i>b</i> {#a}\n");
        assert_eq!(prose.sections[0].0.title, "A <i>b</i>");
    }

    #[test]
    fn a_link_leads_to_https_or_stays_here() {
        for url in ["https://doi.org/10.1145/38713.38742", "/lessons", "sagas", "./a:b", "?q=a:b", "a/b#c"] {
            assert!(allowed(url), "{url}");
        }
        for url in [
            "",
            "http://e.org",
            "javascript:x",
            "JavaScript:x",
            "java\tscript:x",
            " javascript:x",
            "\u{1}javascript:x",
            "data:text/html,x",
            "vbscript:x",
            "mailto:a@b.c",
            "//e.org",
            "/\\e.org",
            "\\\\e.org",
            "https:e.org",
            "https:///e.org",
            "file:///x",
        ] {
            assert!(!allowed(url), "{url}");
        }
        for markdown in
            ["[x](javascript:y)", "<http://e.org>", "<a@b.c>", "[x][1]\n\n[1]: data:y", "[x](&#106;avascript:y)"]
        {
            assert!(matches!(fragment(markdown).problems[..], [Problem::Link(_)]), "{markdown}");
        }
    }

    #[test]
    fn images_are_refused() {
        assert_eq!(fragment("![x](/y.png)").problems, [Problem::Image("/y.png".into())]);
    }

    #[test]
    fn headings_split_sections_and_get_ids() {
        let prose = prose("Lede.\n\n## It's *two* `Words`\n\nA\n\n### Sub\n\n> ## Quoted\n\n## Third {#own}\n");
        let ids: Vec<_> =
            prose.sections.iter().map(|(section, _)| (section.id.as_str(), section.title.as_str())).collect();
        assert_eq!(ids, [("it-s-two-words", "It’s two Words"), ("own", "Third")]);
        assert_eq!(prose.intro, "<p>Lede.</p>\n");
        assert!(prose.sections[0].0.html.ends_with("<blockquote>\n<h2>Quoted</h2>\n</blockquote>\n"));
        assert_eq!(prose.sections[1].0.html, "");
    }

    #[test]
    fn headings_out_of_place_are_refused() {
        assert_eq!(prose("x\n\n# Title\n\n## S").problems, [(3..11, Problem::Heading("Title".into()))]);
        assert_eq!(fragment("## Title").problems, [Problem::Heading("Title".into())]);
        assert!(matches!(prose("## ***").problems[..], [(_, Problem::BadId(_))]));
        assert_eq!(prose("## A {#B}").problems, [(0..9, Problem::BadId("B".into()))]);
    }

    #[test]
    fn every_problem_is_named_and_where_it_is() {
        let prose = prose("a [x](data:y)\n\n## B\n\n![c](/d)\n");
        assert_eq!(prose.problems, [(2..13, Problem::Link("data:y".into())), (21..29, Problem::Image("/d".into()))]);
    }

    #[test]
    fn plain_text_keeps_the_words_apart() {
        let fragment = fragment("One *two*\n`three`.\n\nFour.");
        assert_eq!(fragment.text, "One two three. Four.");
    }
}
