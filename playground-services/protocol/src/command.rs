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
        let order: Self = read("PlaceOrder", data, "item_id, quantity and user_id, all whole numbers")?;
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
        let post: Self = read("PublishPost", data, "author_id, a whole number, text, and tags, a list of texts")?;
        if post.author_id < 1 {
            return Err(format!("There is no author {}. Authors are numbered from 1.", post.author_id));
        }
        if post.text.trim().is_empty() || post.text.chars().count() > POST_MAX {
            return Err(format!("A post has 1 to {POST_MAX} characters."));
        }
        if post.text.contains(char::is_control) {
            return Err("A post is one line, without control characters.".to_owned());
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
        let of: Self = read(kind, data, "read_model, a name")?;
        if of.read_model != "timeline" {
            return Err(format!("{} cannot be built anew here. The timeline can.", of.read_model));
        }
        Ok(of)
    }
}

/// The most one movement of money may be of, in cents.
pub const AMOUNT_MAX: i64 = 100_000_000;

/// The largest account number.
pub const ACCOUNT_MAX: i64 = 999_999;

/// Data of the command `OpenAccount`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// 1 to [`ACCOUNT_MAX`].
    pub account_id: i64,
    /// Who does it, and why, for the audit.
    #[serde(default)]
    pub by: Option<String>,
    #[serde(default)]
    pub why: Option<String>,
}

/// Data of the commands `DepositMoney` and `WithdrawMoney`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveMoney {
    pub account_id: i64,
    /// In cents, 1 to [`AMOUNT_MAX`].
    pub amount_minor: i64,
    /// The sequence of the last event the sender has seen of the account.
    #[serde(default)]
    pub expected_sequence: Option<u64>,
    /// From when it counts, RFC 3339 in UTC; now, where it is left out.
    #[serde(default)]
    pub value_date: Option<String>,
    #[serde(default)]
    pub by: Option<String>,
    #[serde(default)]
    pub why: Option<String>,
}

/// Data of the command `CorrectEntry`: an entry should have been of this amount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectEntry {
    pub account_id: i64,
    /// Of the deposit or withdrawal.
    pub sequence: u64,
    /// In cents, 1 to [`AMOUNT_MAX`].
    pub amount_minor: i64,
    #[serde(default)]
    pub by: Option<String>,
    #[serde(default)]
    pub why: Option<String>,
}

/// Data of the command `BuildProjection`: a read model is built anew beside the one that is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildProjection {
    /// `balances`, `monthly` or `activity`.
    pub projection: String,
    /// At most so many, 1 to [`PACE_MAX`], so that it can be watched; as fast as it can, where it is
    /// left out.
    #[serde(default)]
    pub events_per_second: Option<u32>,
}

/// The fastest pace that a build can be held to.
pub const PACE_MAX: u32 = 1_000;

/// Data of the command `SwitchProjection`: what was built anew is read from now on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchProjection {
    /// As of [`BuildProjection`].
    pub projection: String,
}

/// Data of the command `CompareReaders`: readers of each age read an account's events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareReaders {
    pub account_id: i64,
}

/// The longest text that says who or why, in letters.
const SAID_MAX: usize = 120;

/// Whether a command to an account is within the rules.
fn check_account(account_id: i64, amount_minor: Option<i64>, said: [&Option<String>; 2]) -> Result<(), String> {
    if !(1..=ACCOUNT_MAX).contains(&account_id) {
        return Err(format!("There is no account {account_id}. Accounts are numbered 1 to {ACCOUNT_MAX}."));
    }
    if let Some(amount) = amount_minor.filter(|amount| !(1..=AMOUNT_MAX).contains(amount)) {
        return Err(format!("The amount {amount} is out of range. It is in cents, 1 to {AMOUNT_MAX}."));
    }
    if said.into_iter().flatten().any(|text| text.chars().count() > SAID_MAX) {
        return Err(format!("Who and why are {SAID_MAX} letters at most, each."));
    }
    Ok(())
}

/// A command's data as the type they should be, else a sentence that says what they take.
fn read<'a, T: Deserialize<'a>>(kind: &str, data: &'a serde_json::Value, takes: &str) -> Result<T, String> {
    T::deserialize(data).map_err(|error| format!("The data of {kind} does not fit: {error}. It takes {takes}."))
}

/// Whether a command's data can be accepted, else a sentence saying why not.
pub fn check_command(kind: &str, data: &serde_json::Value) -> Result<(), String> {
    match kind {
        "PlaceOrder" => PlaceOrder::parse(data).map(drop),
        "BreakReadModel" | "RebuildReadModel" | "SwitchReadModel" => OfReadModel::parse(kind, data).map(drop),
        "PublishPost" => PublishPost::parse(data).map(drop),
        "ShipOrder" | "ResumeSaga" => read::<OfOrder>(kind, data, "order_id, a whole number").map(drop),
        "OpenAccount" => {
            let OpenAccount { account_id, by, why } = read(kind, data, "account_id, and may take by and why")?;
            check_account(account_id, None, [&by, &why])
        }
        "DepositMoney" | "WithdrawMoney" => {
            let takes = "account_id and amount_minor, and may take expected_sequence, value_date, by and why";
            let MoveMoney { account_id, amount_minor, by, why, .. } = read(kind, data, takes)?;
            check_account(account_id, Some(amount_minor), [&by, &why])
        }
        "CorrectEntry" => {
            let takes = "account_id, sequence and amount_minor, and may take by and why";
            let CorrectEntry { account_id, amount_minor, by, why, .. } = read(kind, data, takes)?;
            check_account(account_id, Some(amount_minor), [&by, &why])
        }
        "BuildProjection" => {
            let takes = "projection, and may take events_per_second";
            let BuildProjection { projection, events_per_second } = read(kind, data, takes)?;
            check_projection(&projection)?;
            match events_per_second.filter(|pace| !(1..=PACE_MAX).contains(pace)) {
                Some(pace) => Err(format!("It cannot be held to {pace} events a second. The pace is 1 to {PACE_MAX}.")),
                None => Ok(()),
            }
        }
        "SwitchProjection" => {
            let SwitchProjection { projection } = read(kind, data, "projection")?;
            check_projection(&projection)
        }
        "CompareReaders" => {
            let CompareReaders { account_id } = read(kind, data, "account_id")?;
            check_account(account_id, None, [&None, &None])
        }
        _ => Ok(()),
    }
}

fn check_projection(projection: &str) -> Result<(), String> {
    if PROJECTIONS.contains(&projection) {
        return Ok(());
    }
    Err(format!("There is no such projection. There are {}.", PROJECTIONS.join(", ")))
}

/// What can be built from the events of accounts.
const PROJECTIONS: [&str; 3] = ["balances", "monthly", "activity"];

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

    #[test]
    fn a_build_is_held_to_a_pace_within_bounds() {
        let build =
            |pace: u32| check_command("BuildProjection", &json!({"projection": "monthly", "events_per_second": pace}));
        assert_eq!([1, PACE_MAX].map(build), [Ok(()), Ok(())]);
        for pace in [0, PACE_MAX + 1] {
            assert!(build(pace).expect_err("refused").contains("The pace is 1 to 1000."), "{pace}");
        }
        assert!(check_command("SwitchProjection", &json!({"projection": "monthly", "events_per_second": 5})).is_err());
    }
}
