//! What readers ask for, the same whoever answers.

use kit::{NoAnswer, Query};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const LIMIT: i64 = 20;
const LIMIT_MAX: i64 = 100;

/// How many posts at most.
pub fn limit(query: &Query) -> Result<i64, NoAnswer> {
    match query.number("limit")?.unwrap_or(LIMIT) {
        limit @ 1..=LIMIT_MAX => Ok(limit),
        limit => Err(NoAnswer::Bad(format!("The limit {limit} is out of range. Ask for 1 to {LIMIT_MAX} posts."))),
    }
}

/// The words that are looked for.
pub fn wanted(query: &Query) -> Result<Vec<String>, NoAnswer> {
    let wanted: Vec<String> = words(query.text("q").unwrap_or_default()).into_iter().collect();
    match wanted.len() {
        1..=8 => Ok(wanted),
        0 => Err(NoAnswer::Bad("Say what to look for: q takes words of two letters or more.".to_owned())),
        _ => Err(NoAnswer::Bad("Look for 8 words at most.".to_owned())),
    }
}

/// The words of a text as they are looked up: letters and digits, in lower case, two or more.
pub fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 1);
    words.map(str::to_lowercase).collect()
}

/// A post as readers get it: its number, author, text, tags (with spaces between) and time.
pub type Shown = (i64, String, String, String, String);

/// The answer to `newest` and `search`.
pub fn posts(position: i64, posts: Vec<Shown>) -> Value {
    let post = |(post_id, author, text, tags, posted_at): Shown| {
        let tags: Vec<&str> = tags.split_whitespace().collect();
        json!({"post_id": post_id, "author": author, "text": text, "tags": tags, "posted_at": posted_at})
    };
    json!({"position": position, "posts": posts.into_iter().map(post).collect::<Vec<_>>()})
}

/// The answer to `counts`, from kind, name and number.
pub fn counts(position: i64, counts: Vec<(String, String, i64)>) -> Value {
    let of = |wanted: &str| {
        let named = counts.iter().filter(|(kind, ..)| kind == wanted);
        named.map(|(_, name, posts)| json!({"name": name, "posts": posts})).collect::<Vec<_>>()
    };
    json!({"position": position, "authors": of("author"), "tags": of("tag"), "days": of("day")})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, value: &str) -> Query {
        Query::new("search".to_owned(), [(name.to_owned(), value.to_owned())].into())
    }

    #[test]
    fn words_are_found_whatever_stands_between_them() {
        let expected = ["fog", "großer", "is", "sea", "the", "über"].map(str::to_owned);
        assert_eq!(words("The SEA is… the fog (großer Über-sea), a b"), expected.into());
    }

    #[test]
    fn what_cannot_be_answered_is_refused_with_a_sentence() {
        for (refused, part) in [
            (limit(&query("limit", "0")).expect_err("refused"), "1 to 100 posts"),
            (limit(&query("limit", "many")).expect_err("refused"), "no whole number"),
            (wanted(&query("q", "a ?")).expect_err("refused"), "two letters"),
        ] {
            assert!(refused.to_string().contains(part), "{refused}");
        }
        assert_eq!(limit(&query("q", "")).expect("20 unless given"), LIMIT);
    }
}
