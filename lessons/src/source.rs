//! A file of a lesson, and where in it something stands.

use crate::{LessonError, Problem};
use std::ops::Range;

#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Its name within the lesson's folder.
    pub file: &'static str,
    pub text: &'a str,
}

/// Where in its file a problem is, in bytes.
pub(crate) type Place = Range<usize>;

impl Source<'_> {
    pub fn error(&self, place: &Place, problem: Problem) -> LessonError {
        let before = self.text.get(..place.start).unwrap_or(self.text);
        let line_begins = before.rfind('\n').map_or(0, |end| end + 1);
        LessonError {
            file: self.file,
            line: before.matches('\n').count() + 1,
            column: before[line_begins..].chars().count() + 1,
            problem,
        }
    }

    pub fn toml(&self, error: &toml::de::Error) -> LessonError {
        let place = error.span().unwrap_or_default();
        self.error(&place, Problem::Toml(error.message().trim_end().to_owned()))
    }

    /// Where a word stands within a place, or in the table that a header there opens; the place
    /// itself where it is written otherwise.
    pub fn within(&self, place: &Place, word: &str) -> Place {
        let rest = self.text.get(place.start..).unwrap_or_default();
        let opens_line = self.text.get(..place.start).is_some_and(|before| before.ends_with('\n'));
        let end = match rest.find("\n[") {
            _ if !(opens_line && rest.starts_with('[')) => place.end,
            Some(next) => place.start + next,
            None => self.text.len(),
        };
        let found = self.text.get(place.start..end).and_then(|text| text.find(word));
        found.map_or(place.clone(), |at| place.start + at..place.start + at + word.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_letters() {
        let source = Source { file: "lesson.md", text: "ab\n\né x\n" };
        for (byte, line, column) in [(0, 1, 1), (1, 1, 2), (3, 2, 1), (4, 3, 1), (7, 3, 3), (99, 4, 1)] {
            let error = source.error(&(byte..byte), Problem::NoSections);
            assert_eq!((error.line, error.column), (line, column), "{byte}");
        }
        assert_eq!(source.error(&(7..8), Problem::NoSections).to_string().split(": ").next(), Some("lesson.md:3:3"));
    }

    #[test]
    fn a_word_is_found_within_its_place() {
        let source = Source { file: "lesson.md", text: "x x y" };
        assert_eq!(source.within(&(1..5), "x"), 2..3);
        assert_eq!(source.within(&(1..5), "z"), 1..5);
        let source = Source { file: "lesson.toml", text: "a = 1\n[b]\nc = \"d\"\n[e]\nc = \"f\"\n" };
        assert_eq!(source.within(&(6..9), "d"), 15..16);
        assert_eq!(source.within(&(6..9), "f"), 6..9, "it is in another table");
    }
}
