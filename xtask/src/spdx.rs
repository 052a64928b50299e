//! SPDX licence expressions, as far as Cargo.toml files use them.

use anyhow::{Result, bail};

/// Whether `allowed` licences alone satisfy an expression such as
/// `(MIT OR Apache-2.0) AND Unicode-3.0`. `AND` binds tighter than `OR`; the old `MIT/Apache-2.0`
/// means `OR`.
pub fn satisfied(expression: &str, allowed: &[&str]) -> Result<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), next: 0, allowed };
    let satisfied = parser.any_of()?;
    match parser.peek() {
        None => Ok(satisfied),
        Some(word) => bail!("unexpected `{word}` in `{expression}`"),
    }
}

struct Parser<'a> {
    words: Vec<&'a str>,
    next: usize,
    allowed: &'a [&'a str],
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.words.get(self.next).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek() == Some(word);
        self.next += usize::from(found);
        found
    }

    fn any_of(&mut self) -> Result<bool> {
        let mut satisfied = self.all_of()?;
        while self.take("OR") {
            satisfied |= self.all_of()?;
        }
        Ok(satisfied)
    }

    fn all_of(&mut self) -> Result<bool> {
        let mut satisfied = self.one()?;
        while self.take("AND") {
            satisfied &= self.one()?;
        }
        Ok(satisfied)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let satisfied = self.any_of()?;
            if !self.take(")") {
                bail!("a `)` is missing");
            }
            return Ok(satisfied);
        }
        let Some(id) = self.peek() else { bail!("a licence is missing") };
        if matches!(id, "AND" | "OR" | "WITH" | ")") {
            bail!("a licence is missing before `{id}`");
        }
        self.next += 1;
        if !self.take("WITH") {
            return Ok(self.allowed.contains(&id));
        }
        let Some(exception) = self.peek() else { bail!("an exception is missing after `WITH`") };
        self.next += 1;
        // An exception only ever grants more, so the licence alone will do.
        Ok(self.allowed.contains(&id) || self.allowed.contains(&format!("{id} WITH {exception}").as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    const ALLOWED: &[&str] = &["MIT", "Unicode-3.0", "GPL-2.0 WITH Classpath"];

    #[track_caller]
    fn check(expression: &str, expected: bool) {
        assert_eq!(satisfied(expression, ALLOWED).unwrap(), expected, "{expression}");
    }

    #[test]
    fn or_needs_one_and_needs_all() {
        check("MIT", true);
        check("GPL-3.0", false);
        check("MIT OR GPL-3.0", true);
        check("MIT AND GPL-3.0", false);
        check("GPL-3.0/MIT", true);
    }

    #[test]
    fn and_binds_tighter_than_or_and_brackets_tighter_than_both() {
        check("MIT OR GPL-3.0 AND GPL-2.0", true);
        check("(MIT OR GPL-3.0) AND GPL-2.0", false);
        check("(MIT OR Apache-2.0) AND Unicode-3.0", true);
    }

    #[test]
    fn an_exception_may_be_what_allows() {
        check("GPL-2.0 WITH Classpath", true);
        check("GPL-2.0", false);
        check("MIT WITH anything", true);
    }

    #[test]
    fn nonsense_is_an_error() {
        for expression in ["", "MIT OR", "(MIT", "MIT MIT", "AND MIT", "MIT)"] {
            assert!(satisfied(expression, ALLOWED).is_err(), "{expression}");
        }
    }
}
