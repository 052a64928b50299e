//! Markdown to HTML that is safe to put into a page: no raw HTML, no inline styles, and
//! links to nowhere but https and this site.

use crate::LessonError;
use crate::lesson::{self, Section};
use pulldown_cmark::{Alignment, Event, HeadingLevel, LinkType, Options, Parser, Tag, TagEnd, html};

/// What `lesson.md` holds.
pub(crate) struct Prose {
    /// Before the first section.
    pub intro: String,
    pub sections: Vec<Section>,
    /// Targets of links within the page, without `#`.
    pub fragments: Vec<String>,
}

/// A whole lesson. Each `##` at the top level opens a section; its id is the heading's
/// `{#id}`, or else made from its words.
pub(crate) fn prose(markdown: &str) -> Result<Prose, LessonError> {
    let events = events(markdown)?;
    let fragments = fragments(&events);
    let mut intro = Vec::new();
    let mut sections: Vec<(Section, Vec<Event>)> = Vec::new();
    let mut depth = 0;
    let mut events = events.into_iter();
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level: HeadingLevel::H1, .. }) => {
                return Err(LessonError::Heading(heading_text(&mut events)));
            }
            Event::Start(Tag::Heading { level: HeadingLevel::H2, id, .. }) if depth == 0 => {
                let title = heading_text(&mut events);
                let id = lesson::id(id.map_or_else(|| slug(&title), String::from))?;
                sections.push((Section { id, title, html: String::new() }, Vec::new()));
            }
            event => {
                match event {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth -= 1,
                    _ => {}
                }
                sections.last_mut().map_or(&mut intro, |(_, body)| body).push(without_attributes(event));
            }
        }
    }
    let sections = sections.into_iter().map(|(section, body)| Section { html: render(body), ..section }).collect();
    Ok(Prose { intro: render(intro), sections, fragments })
}

/// A few sentences without headings: as HTML, and as plain text.
pub(crate) fn fragment(markdown: &str) -> Result<(String, String), LessonError> {
    let events = events(markdown)?;
    let mut iter = events.iter().cloned();
    while let Some(event) = iter.next() {
        if let Event::Start(Tag::Heading { .. }) = event {
            return Err(LessonError::Heading(heading_text(&mut iter)));
        }
    }
    let text = text(&events);
    Ok((render(events), text))
}

fn events(markdown: &str) -> Result<Vec<Event<'_>>, LessonError> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION | Options::ENABLE_HEADING_ATTRIBUTES;
    Parser::new_ext(markdown, options).map(harmless).collect()
}

/// The event as it may be shown, or why the lesson is refused for it.
fn harmless(event: Event<'_>) -> Result<Event<'_>, LessonError> {
    match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Ok(Event::Text(raw)),
        Event::Start(Tag::Image { dest_url, .. }) => Err(LessonError::Image(dest_url.into())),
        // `<a@b.c>` would be rendered as a mailto.
        Event::Start(Tag::Link { link_type: LinkType::Email, dest_url, .. }) => Err(LessonError::Link(dest_url.into())),
        Event::Start(Tag::Link { ref dest_url, .. }) if !allowed(dest_url) => {
            Err(LessonError::Link(dest_url.to_string()))
        }
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

fn fragments(events: &[Event]) -> Vec<String> {
    let target = |event: &Event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => dest_url.strip_prefix('#').map(str::to_owned),
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
fn heading_text<'a>(events: &mut impl Iterator<Item = Event<'a>>) -> String {
    let inside: Vec<_> = events.take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_)))).collect();
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
            let prose = prose(&format!("{raw}\n\n## S\n\n{raw}\n")).unwrap_or_else(|error| panic!("{raw}: {error}"));
            assert_harmless(&prose.intro);
            prose.sections.iter().for_each(|section| assert_harmless(&section.html));
            if let Ok((html, _)) = fragment(raw) {
                assert_harmless(&html);
            }
        }
    }

    #[test]
    fn raw_html_in_a_heading_stays_text_of_the_title() {
        let prose = prose("## A <i>b</i> {#a}\n").expect("it fits");
        assert_eq!(prose.sections[0].title, "A <i>b</i>");
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
            assert!(matches!(fragment(markdown), Err(LessonError::Link(_))), "{markdown}");
        }
    }

    #[test]
    fn images_are_refused() {
        assert!(matches!(fragment("![x](/y.png)"), Err(LessonError::Image(url)) if url == "/y.png"));
    }

    #[test]
    fn headings_split_sections_and_get_ids() {
        let prose = prose("Lede.\n\n## It's *two* `Words`\n\nA\n\n### Sub\n\n> ## Quoted\n\n## Third {#own}\n")
            .expect("it fits");
        let ids: Vec<_> = prose.sections.iter().map(|section| (section.id.as_str(), section.title.as_str())).collect();
        assert_eq!(ids, [("it-s-two-words", "It’s two Words"), ("own", "Third")]);
        assert_eq!(prose.intro, "<p>Lede.</p>\n");
        assert!(prose.sections[0].html.ends_with("<blockquote>\n<h2>Quoted</h2>\n</blockquote>\n"));
        assert_eq!(prose.sections[1].html, "");
    }

    #[test]
    fn headings_out_of_place_are_refused() {
        assert!(matches!(prose("# Title\n\n## S"), Err(LessonError::Heading(title)) if title == "Title"));
        assert!(matches!(fragment("## Title"), Err(LessonError::Heading(title)) if title == "Title"));
        assert!(matches!(prose("## ***"), Err(LessonError::BadId(_))));
        assert!(matches!(prose("## A {#B}"), Err(LessonError::BadId(id)) if id == "B"));
    }

    #[test]
    fn plain_text_keeps_the_words_apart() {
        let (_, text) = fragment("One *two*\n`three`.\n\nFour.").expect("it fits");
        assert_eq!(text, "One two three. Four.");
    }
}
