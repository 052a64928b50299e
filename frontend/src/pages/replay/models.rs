//! What was read out of the events: rows of the service's other tables, as they stand.

use serde::Deserialize;

/// One building of a read model.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Build {
    /// `balances`, `monthly` or `activity`.
    pub projection: String,
    /// From 1.
    pub build: i64,
    /// By what it knows a repeat; empty where that does not matter.
    pub logic: String,
    /// Of the last event it has taken in.
    pub position: i64,
    /// Where the events end.
    pub end: i64,
    /// `building`, `ready`, `live` or `stuck`.
    pub state: String,
    /// Why it is stuck.
    pub detail: String,
    /// To which it is held; older runs know nothing of it, nor of what follows.
    #[serde(default)]
    pub events_per_second: Option<i64>,
    /// How many events it took in on its way, and in how many microseconds.
    #[serde(default)]
    pub took_in: Option<i64>,
    #[serde(default)]
    pub took_us: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct BalanceRow {
    pub build: i64,
    pub account_id: i64,
    /// In cents, as all amounts here.
    pub balance_minor: i64,
    pub entries: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct MonthRow {
    pub build: i64,
    pub account_id: i64,
    /// `2026-11`
    pub month: String,
    pub paid_in_minor: i64,
    pub paid_out_minor: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub struct DayRow {
    pub build: i64,
    /// `2026-11-28`
    pub day: String,
    pub entries: i64,
    pub turnover_minor: i64,
}

/// What a reader of some age made of an event.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Reading {
    pub account_id: i64,
    pub sequence: i64,
    /// `v1`, `v2` or `v3`.
    pub reader: String,
    /// In which the event is stored.
    pub schema: i64,
    /// `read`, `upcast` or `broken`.
    pub outcome: String,
    /// Why it is broken.
    pub detail: String,
    /// After it; none from the first broken event on.
    pub balance_minor: Option<i64>,
}
