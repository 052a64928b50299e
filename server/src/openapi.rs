//! The OpenAPI document. The routes bring their own descriptions; here is what they can't say:
//! the schemas of what other crates define, kept true by the tests below.

use crate::app::App;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;
use utoipa::{OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(info(
    title = "Terrarium",
    description = "Everything the pages do, they do through this interface. Errors are `application/problem+json` (RFC 9457).",
    license(name = "MIT or Apache-2.0", identifier = "MIT OR Apache-2.0")
))]
struct Document;

pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

pub async fn show(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], app.openapi.clone())
}

/// As `protocol::Command`.
#[derive(ToSchema)]
#[schema(as = Command, example = json!({"id": "6f2c9a1e-0000-4000-8000-000000000001", "type": "PlaceOrder", "data": {"item_id": 42, "quantity": 1, "user_id": 1}}))]
#[allow(dead_code, reason = "described, never made")]
pub struct CommandBody {
    /// Yours to choose; the same again is the same command.
    #[schema(format = "uuid")]
    id: String,
    r#type: CommandKind,
    data: PlaceOrderBody,
}

#[derive(ToSchema)]
#[schema(as = CommandKind)]
#[allow(dead_code, reason = "described, never made")]
enum CommandKind {
    PlaceOrder,
}

/// As `protocol::PlaceOrder`.
#[derive(ToSchema)]
#[schema(as = PlaceOrder)]
#[allow(dead_code, reason = "described, never made")]
struct PlaceOrderBody {
    /// The shop sells item 42.
    #[schema(minimum = 42, maximum = 42)]
    item_id: i64,
    #[schema(minimum = 1, maximum = 1000)]
    quantity: i64,
    /// The shop knows user 1.
    #[schema(minimum = 1, maximum = 1)]
    user_id: i64,
}

/// As `protocol::FaultSpec`.
#[derive(ToSchema)]
#[schema(as = Fault, example = json!({"kind": "decline-payments", "target": "payments"}))]
#[allow(dead_code, reason = "described, never made")]
pub struct FaultBody {
    kind: FaultKind,
    /// A service's name.
    target: String,
    /// Percent of the cases hit.
    #[schema(minimum = 1, maximum = 100, default = 100)]
    strength: Option<u8>,
    #[schema(default = 1)]
    seed: Option<u64>,
    /// Milliseconds until it acts.
    #[schema(default = 0)]
    after_ms: Option<u64>,
    /// Milliseconds it lasts; `null` until it is cleared.
    #[schema(default = 60_000)]
    ttl_ms: Option<u64>,
    params: Option<FaultParams>,
}

#[derive(ToSchema)]
#[schema(as = FaultKind, rename_all = "kebab-case")]
#[allow(dead_code, reason = "described, never made")]
enum FaultKind {
    DeclinePayments,
    Crash,
}

#[derive(ToSchema)]
#[schema(as = FaultParams)]
#[allow(dead_code, reason = "described, never made")]
struct FaultParams {
    /// `decline-payments`: each n-th charge only.
    #[schema(minimum = 1)]
    every: Option<u64>,
}

/// A fault as it stands.
#[derive(ToSchema)]
#[schema(as = FaultStanding)]
#[allow(dead_code, reason = "described, never made")]
pub struct FaultView {
    id: String,
    kind: FaultKind,
    target: String,
    /// Milliseconds until it ends by itself.
    expires_in_ms: Option<u64>,
}

#[derive(ToSchema)]
#[schema(as = TableSummary)]
#[allow(dead_code, reason = "described, never made")]
pub struct TableSummaryView {
    name: String,
    /// How many there are.
    rows: u64,
}

#[derive(ToSchema)]
#[schema(as = Table)]
#[allow(dead_code, reason = "described, never made")]
pub struct TableView {
    columns: Vec<String>,
    #[schema(value_type = Vec<Vec<Object>>)]
    rows: Vec<Vec<()>>,
}

#[derive(ToSchema)]
#[schema(as = Invariant)]
#[allow(dead_code, reason = "described, never made")]
pub struct InvariantView {
    name: String,
    holds: bool,
    /// The position since when it has been so.
    since: Option<u64>,
    detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    fn described(schema: &str) -> Value {
        let mut document = crate::app::openapi();
        document["components"]["schemas"][schema].take()
    }

    fn properties(schema: &Value) -> Vec<&str> {
        schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect()
    }

    #[test]
    fn commands_are_described_as_they_are_read() {
        let schema = described("Command");
        let command: protocol::Command = serde_json::from_value(schema["example"].clone()).expect("the example reads");
        protocol::PlaceOrder::parse(&command.data).expect("and is accepted");
        let written = serde_json::to_value(&command).expect("plain data");
        assert!(properties(&schema).iter().all(|name| written.get(name).is_some()));
        let order = described("PlaceOrder");
        assert_eq!(properties(&order), ["item_id", "quantity", "user_id"]);
        assert_eq!(order["properties"]["quantity"]["maximum"], protocol::QUANTITY_MAX);
        assert_eq!(order["properties"]["item_id"]["minimum"], protocol::ITEM);
    }

    #[test]
    fn faults_are_described_as_they_are_read() {
        let schema = described("Fault");
        let fault: protocol::FaultSpec = serde_json::from_value(schema["example"].clone()).expect("the example reads");
        let written = serde_json::to_value(&fault).expect("plain data");
        let mut names: Vec<&str> = written.as_object().expect("an object").keys().map(String::as_str).collect();
        let mut described = properties(&schema);
        names.sort_unstable();
        described.sort_unstable();
        assert_eq!(names, described);
        for kind in self::described("FaultKind")["enum"].as_array().expect("kinds") {
            serde_json::from_value::<protocol::FaultKind>(kind.clone()).expect("a kind there is");
        }
    }
}
