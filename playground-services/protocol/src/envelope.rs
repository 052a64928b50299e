//! A message as it travels: CloudEvents 1.0 with the distributed tracing extension.

use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// A short text that is copied often: names of services, topics and types.
pub type Name = Arc<str>;

/// CloudEvents 1.0 in JSON format, attribute names as the specification writes them (§3.1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Always `1.0`.
    pub specversion: Name,
    /// UUIDv5 of (cause, type, n): a repeat is recognisable by `(source, id)`.
    pub id: Uuid,
    /// The service that published it.
    pub source: Name,
    /// `OrderCreated`, `StockReserved`, ...
    #[serde(rename = "type")]
    pub kind: Name,
    /// What it is about, such as `order/101`.
    pub subject: Name,
    /// RFC 3339, UTC.
    pub time: String,
    pub traceparent: String,
    /// The command at the root of it all.
    pub correlationid: Uuid,
    /// The message or command that directly caused this one.
    pub causationid: Uuid,
    /// The command's number within its sandbox, from 1: what faults count by.
    #[serde(default)]
    pub commandordinal: u64,
    /// From a leader: consumers refuse what comes with an older token than they have seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fencingtoken: Option<u64>,
    pub data: serde_json::Value,
}
