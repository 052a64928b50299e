//! What people call a run: text, and nothing but text.

/// A name of 1 to [`RunName::CHARS`] characters without control characters.
#[derive(Clone, Debug, PartialEq)]
pub struct RunName(String);

impl RunName {
    pub const CHARS: usize = 80;

    /// The name without space around it, or a sentence saying why it can't be one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.trim();
        let chars = name.chars().count();
        if chars == 0 {
            return Err("A run needs a name. Say in a few words what it shows.".into());
        }
        if chars > Self::CHARS {
            return Err(format!("The name has {chars} characters; it may have {}. Choose a shorter one.", Self::CHARS));
        }
        if name.chars().any(is_invisible) {
            return Err("The name has control characters in it. Use letters, digits and signs.".into());
        }
        Ok(Self(name.to_owned()))
    }

    /// For a file that came without one.
    pub fn imported(topology: &str) -> Self {
        Self::parse(&format!("Imported {topology}")).unwrap_or_else(|_| Self("Imported".into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<RunName> for String {
    fn from(name: RunName) -> Self {
        name.0
    }
}

/// Control characters, and those that turn the direction of the text around them.
pub fn is_invisible(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_of_some_length() {
        assert_eq!(
            RunName::parse("  Card declined \u{1f33f} ").as_ref().map(RunName::as_str),
            Ok("Card declined \u{1f33f}")
        );
        assert!(RunName::parse(&"é".repeat(80)).is_ok());
        assert!(RunName::parse("<script>alert(1)</script>").is_ok(), "text stays text wherever it is shown");
        for (text, part) in [
            ("", "needs a name"),
            (" \n", "needs a name"),
            ("a\u{0}b", "control"),
            ("a\u{202e}b", "control"),
            (&"é".repeat(81), "81"),
        ] {
            assert!(RunName::parse(text).expect_err("refused").contains(part), "{text}");
        }
    }
}
