//! What the outside asks of a sandbox.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST /api/sandboxes/{id}/commands`. The same `id` again is the same command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    pub id: Uuid,
    /// `PlaceOrder`.
    #[serde(rename = "type")]
    pub kind: String,
    pub data: serde_json::Value,
}

/// Data of the command `PlaceOrder`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    pub item_id: i64,
    /// 1 to [`QUANTITY_MAX`].
    pub quantity: i64,
    pub user_id: i64,
}

/// The largest quantity one order may ask for.
pub const QUANTITY_MAX: i64 = 1000;

impl PlaceOrder {
    /// The command's data if it is one that can be accepted, else a sentence saying why not.
    pub fn parse(data: &serde_json::Value) -> Result<Self, String> {
        let order = PlaceOrder::deserialize(data)
            .map_err(|error| format!("The data of PlaceOrder does not fit: {error}. It takes item_id, quantity and user_id, all whole numbers."))?;
        if order.item_id != crate::ITEM {
            return Err(format!("There is no item {}. The shop sells item {}.", order.item_id, crate::ITEM));
        }
        if order.user_id != crate::USER {
            return Err(format!("There is no user {}. The shop knows user {}.", order.user_id, crate::USER));
        }
        if !(1..=QUANTITY_MAX).contains(&order.quantity) {
            return Err(format!("The quantity {} is out of range. Order 1 to {QUANTITY_MAX} pieces.", order.quantity));
        }
        Ok(order)
    }
}

/// Data of the commands `ShipOrder` (the parcel leaves for the customer) and `ResumeSaga` (a
/// parked saga tries again).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfOrder {
    pub order_id: i64,
}

/// Data of the command `PublishPost`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishPost {
    /// From 1. Whether there is such an author the feed knows.
    pub author_id: i64,
    /// 1 to [`POST_MAX`] characters.
    pub text: String,
    /// At most [`TAGS_MAX`], each 1 to [`TAG_MAX`] letters in lower case, digits and `-`.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// Characters of a post.
pub const POST_MAX: usize = 500;
/// Tags of a post, and characters of a tag.
pub const TAGS_MAX: usize = 5;
pub const TAG_MAX: usize = 24;

impl PublishPost {
    /// The command's data if it is one that can be accepted, else a sentence saying why not.
    pub fn parse(data: &serde_json::Value) -> Result<Self, String> {
        let post = PublishPost::deserialize(data).map_err(|error| {
            format!("The data of PublishPost does not fit: {error}. It takes author_id, a whole number, text, and tags, a list of texts.")
        })?;
        if post.author_id < 1 {
            return Err(format!("There is no author {}. Authors are numbered from 1.", post.author_id));
        }
        if post.text.trim().is_empty() || post.text.chars().count() > POST_MAX {
            return Err(format!("A post has 1 to {POST_MAX} characters."));
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_tag = |tag: &String| (1..=TAG_MAX).contains(&tag.len()) && tag.chars().all(fits);
        if post.tags.len() > TAGS_MAX || !post.tags.iter().all(is_tag) {
            return Err(format!(
                "A post has at most {TAGS_MAX} tags, each of 1 to {TAG_MAX} small letters, digits and hyphens."
            ));
        }
        Ok(post)
    }
}

/// Data of the commands `BreakReadModel`, `RebuildReadModel` and `SwitchReadModel`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfReadModel {
    /// `timeline`, the one that can be built anew.
    pub read_model: String,
}

impl OfReadModel {
    fn parse(kind: &str, data: &serde_json::Value) -> Result<Self, String> {
        let of = OfReadModel::deserialize(data)
            .map_err(|error| format!("The data of {kind} does not fit: {error}. It takes read_model, a name."))?;
        if of.read_model != "timeline" {
            return Err(format!("{} cannot be built anew here. The timeline can.", of.read_model));
        }
        Ok(of)
    }
}

/// Whether a command's data can be accepted, else a sentence saying why not.
pub fn check_command(kind: &str, data: &serde_json::Value) -> Result<(), String> {
    match kind {
        "PlaceOrder" => PlaceOrder::parse(data).map(drop),
        "BreakReadModel" | "RebuildReadModel" | "SwitchReadModel" => OfReadModel::parse(kind, data).map(drop),
        "PublishPost" => PublishPost::parse(data).map(drop),
        "ShipOrder" | "ResumeSaga" => OfOrder::deserialize(data)
            .map(drop)
            .map_err(|error| format!("The data of {kind} does not fit: {error}. It takes order_id, a whole number.")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_order_within_the_rules_is_parsed() {
        let data = json!({"item_id": 42, "quantity": 1000, "user_id": 1});
        assert_eq!(PlaceOrder::parse(&data), Ok(PlaceOrder { item_id: 42, quantity: 1000, user_id: 1 }));
    }

    #[test]
    fn what_breaks_a_rule_is_refused_with_a_sentence() {
        for (data, part) in [
            (json!({"item_id": 42, "quantity": 0, "user_id": 1}), "out of range"),
            (json!({"item_id": 42, "quantity": 1_000_000_000, "user_id": 1}), "out of range"),
            (json!({"item_id": 7, "quantity": 1, "user_id": 1}), "no item 7"),
            (json!({"item_id": 42, "quantity": 1, "user_id": 2}), "no user 2"),
            (json!({"item_id": 42, "quantity": 1.5, "user_id": 1}), "does not fit"),
            (json!({"item_id": 42, "quantity": 1, "user_id": 1, "x": 1}), "does not fit"),
            (json!(null), "does not fit"),
        ] {
            let error = PlaceOrder::parse(&data).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_post_within_the_rules_is_parsed() {
        let data = json!({"author_id": 1, "text": "é".repeat(500), "tags": ["sea-fog", "2026"]});
        assert_eq!(PublishPost::parse(&data).expect("it fits").tags.len(), 2);
        let bare = PublishPost { author_id: 2, text: "Hello".to_owned(), tags: vec![] };
        assert_eq!(PublishPost::parse(&json!({"author_id": 2, "text": "Hello"})), Ok(bare));
    }

    #[test]
    fn a_post_that_breaks_a_rule_is_refused_with_a_sentence() {
        for (data, part) in [
            (json!({"author_id": 0, "text": "Hello"}), "no author 0"),
            (json!({"author_id": 1, "text": " "}), "1 to 500 characters"),
            (json!({"author_id": 1, "text": "x".repeat(501)}), "1 to 500 characters"),
            (json!({"author_id": 1, "text": "Hello", "tags": ["Sea"]}), "at most 5 tags"),
            (json!({"author_id": 1, "text": "Hello", "tags": ["a", "b", "c", "d", "e", "f"]}), "at most 5 tags"),
            (json!({"author_id": 1}), "does not fit"),
            (json!({"author_id": 1, "text": "Hello", "x": 1}), "does not fit"),
        ] {
            let error = check_command("PublishPost", &data).expect_err("refused");
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(check_command("RebuildReadModel", &json!({"read_model": "timeline"})), Ok(()));
        for data in [json!({"read_model": "dashboard"}), json!({})] {
            assert!(check_command("RebuildReadModel", &data).is_err(), "{data}");
        }
    }
}
