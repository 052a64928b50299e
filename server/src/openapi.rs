//! The OpenAPI document. The routes bring their own descriptions; here is what they can't say:
//! the schemas of what other crates define, kept true by the tests below.

use crate::app::App;
use crate::error::ProblemBody;
use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use std::collections::BTreeMap;
use utoipa::openapi::{Content, PathItem, Ref, RefOr, Response};
use utoipa::{IntoResponses, OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(
    components(schemas(ProblemBody)),
    info(
        title = "Terrarium",
        description = "Everything the pages do, they do through this interface. Errors are `application/problem+json` (RFC 9457).",
        license(name = "MIT or Apache-2.0", identifier = "MIT OR Apache-2.0")
    )
)]
struct Document;

pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

pub async fn show(State(app): State<App>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], app.openapi.clone())
}

/// Adds what is the same everywhere: the name of each status, and the answer that any operation
/// may have, to a cross-site post, say, or while the server is stopping.
pub fn completed(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for part in OF_RUNS_TOO {
        let (sandbox, run) = (format!("/api/sandboxes/{{id}}{part}"), format!("/api/runs/{{id}}{part}"));
        if let Some(item) = document.paths.paths.get(&sandbox).cloned() {
            document.paths.paths.insert(run, of_run(item));
        }
    }
    for item in document.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten() {
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response
                    && response.description.is_empty()
                {
                    response.description = name_of(status);
                }
            }
            operation.responses.responses.insert("default".into(), problem("What else went wrong"));
        }
    }
    document
}

/// What one may look at in a kept run as in a sandbox, answered by the same handlers.
const OF_RUNS_TOO: [&str; 7] = [
    "/state",
    "/events",
    "/services/{name}/tables",
    "/services/{name}/tables/{table}",
    "/invariants",
    "/strata",
    "/export/{format}",
];

fn of_run(mut item: PathItem) -> PathItem {
    if let Some(operation) = &mut item.get {
        operation.tags = Some(vec!["runs".into()]);
        operation.operation_id = operation.operation_id.take().map(|name| format!("{name}_of_run"));
        for parameter in operation.parameters.iter_mut().flatten() {
            if let RefOr::T(parameter) = parameter
                && parameter.name == "id"
            {
                parameter.description = Some("The run".into());
            }
        }
    }
    item
}

fn name_of(status: &str) -> String {
    let status: Option<StatusCode> = status.parse().ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or_default().into()
}

fn problem(description: &str) -> RefOr<Response> {
    let mut response = Response::new(description);
    response
        .content
        .insert("application/problem+json".into(), Content::new(Some(Ref::from_schema_name("Problem"))).into());
    response.into()
}

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident { $($status:literal $description:literal),* })*) => {$(
        $(#[$doc])*
        pub struct $name;
        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$((stringify!($status).to_string(), problem($description))),*])
            }
        }
    )*};
}

problems! {
    /// Of everything inside a sandbox.
    NotYours { 404 "No sandbox or run of yours, or nothing of that name in it" }
    BadQuery { 400 "A query that does not fit" }
    NoQuestion { 404 "No lesson or question of that name" }
    /// Of what is shown.
    ShowsAlready { 409 "A step is being shown in this sandbox" }
    NoSource { 404 "No source file of that path" }
    /// Of whatever takes a position.
    BadCursor { 400 "Not a position", 409 "A position past the end of the record" }
    /// Of whatever takes JSON.
    BadBody {
        400 "Not JSON",
        413 "Larger than a body may be",
        415 "Not sent as JSON",
        422 "JSON that does not fit, or a value out of range"
    }
    /// Of commands.
    Refused {
        409 "The id was used before with another body",
        429 "Too many at once; Retry-After says how long to wait",
        507 "The record is full"
    }
    Full { 507 "The record is full" }
    /// Of what is done to a sandbox by hand.
    TooMuch {
        429 "Too many at once, or as many as may be; Retry-After says how long to wait",
        507 "The record is full"
    }
    /// Of reads.
    Read {
        422 "A parameter that does not fit",
        503 "Nobody is up to answer, or it has not come so far; Retry-After says how long to wait"
    }
    /// Of what is kept.
    NoRoom {
        409 "A position past the end of the record",
        503 "As much is being imported as may; Retry-After says how long to wait",
        507 "You have as many as may be"
    }
    Quota { 429 "You have as many as may be" }
    OneAtATime { 429 "One of yours is under way; Retry-After says how long to wait" }
    MillionMissing {
        404 "No sandbox of yours, or no read model of that name",
        409 "The store is not made yet, or there is no snapshot"
    }
    Busy { 503 "The server has as many as may be, or is not ready" }
}

/// A command to the services of a sandbox.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Command, example = json!({"id": "6f2c9a1e-0000-4000-8000-000000000001", "type": "PlaceOrder", "data": {"item_id": 42, "quantity": 1, "user_id": 1}}))]
#[allow(dead_code, reason = "described, never made")]
pub struct CommandBody {
    /// Yours to choose; the same again is the same command.
    #[schema(format = "uuid")]
    id: String,
    r#type: CommandKind,
    data: CommandData,
}

/// Of each type its own.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = CommandData)]
#[allow(dead_code, reason = "described, never made")]
enum CommandData {
    PlaceOrder(PlaceOrderBody),
    OfOrder(OfOrderBody),
    PublishPost(PublishPostBody),
    OfReadModel(OfReadModelBody),
    MoveMoney(MoveMoneyBody),
    OpenAccount(OpenAccountBody),
    CorrectEntry(CorrectEntryBody),
    Projection(ProjectionBody),
    CompareReaders(CompareReadersBody),
}

#[derive(ToSchema)]
#[schema(as = CommandKind)]
#[allow(dead_code, reason = "described, never made")]
enum CommandKind {
    PlaceOrder,
    ShipOrder,
    ResumeSaga,
    PublishPost,
    BreakReadModel,
    RebuildReadModel,
    SwitchReadModel,
    OpenAccount,
    DepositMoney,
    WithdrawMoney,
    CorrectEntry,
    BuildProjection,
    SwitchProjection,
    CompareReaders,
}

/// The read model that is to be damaged, built anew, or shown in its new build.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfReadModel)]
#[allow(dead_code, reason = "described, never made")]
struct OfReadModelBody {
    /// The timeline can be built anew.
    #[schema(pattern = "^timeline$")]
    read_model: String,
}

/// The order that is to be shipped, or whose saga is to go on.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfOrder)]
#[allow(dead_code, reason = "described, never made")]
struct OfOrderBody {
    order_id: i64,
}

/// What an author writes.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PublishPost)]
#[allow(dead_code, reason = "described, never made")]
struct PublishPostBody {
    #[schema(minimum = 1)]
    author_id: i64,
    #[schema(min_length = 1, max_length = 500)]
    text: String,
    #[schema(required = false, max_items = 5)]
    tags: Vec<String>,
}

/// Of `OpenAccount`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenAccount)]
#[allow(dead_code, reason = "described, never made")]
struct OpenAccountBody {
    #[schema(minimum = 1, maximum = 999_999)]
    account_id: i64,
    /// Who does it, and why, for the audit.
    #[schema(max_length = 120)]
    by: Option<String>,
    #[schema(max_length = 120)]
    why: Option<String>,
}

/// Of `DepositMoney` and `WithdrawMoney`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MoveMoney)]
#[allow(dead_code, reason = "described, never made")]
struct MoveMoneyBody {
    #[schema(minimum = 1, maximum = 999_999)]
    account_id: i64,
    /// In cents.
    #[schema(minimum = 1, maximum = 100_000_000)]
    amount_minor: i64,
    /// The sequence of the last event the sender has seen of the account; refused where there are later ones.
    expected_sequence: Option<u64>,
    /// From when it counts, RFC 3339 in UTC; now where it is left out.
    value_date: Option<String>,
    #[schema(max_length = 120)]
    by: Option<String>,
    #[schema(max_length = 120)]
    why: Option<String>,
}

/// Of `CorrectEntry`: that deposit or withdrawal should have been of this amount.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CorrectEntry)]
#[allow(dead_code, reason = "described, never made")]
struct CorrectEntryBody {
    #[schema(minimum = 1, maximum = 999_999)]
    account_id: i64,
    sequence: u64,
    /// In cents.
    #[schema(minimum = 1, maximum = 100_000_000)]
    amount_minor: i64,
    #[schema(max_length = 120)]
    by: Option<String>,
    #[schema(max_length = 120)]
    why: Option<String>,
}

/// Of `BuildProjection` and `SwitchProjection`: `balances`, `monthly` or `activity`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Projection)]
#[allow(dead_code, reason = "described, never made")]
struct ProjectionBody {
    projection: String,
    /// Only of `BuildProjection`: at most so many, so that it can be watched.
    #[schema(minimum = 1, maximum = 1_000)]
    events_per_second: Option<u32>,
}

/// Of `CompareReaders`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CompareReaders)]
#[allow(dead_code, reason = "described, never made")]
struct CompareReadersBody {
    #[schema(minimum = 1, maximum = 999_999)]
    account_id: i64,
}

/// What a customer orders.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
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

/// What shall go wrong.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Fault, example = json!({"kind": "decline-payments", "target": "payments"}))]
#[allow(dead_code, reason = "described, never made")]
pub struct FaultBody {
    kind: FaultKind,
    /// `payments`, a service: deliveries to it and requests from it, or all of it;
    /// `saga-orchestrator/0`, a replica of one; `orders->inventory`, an edge; `topic:orders`; or
    /// `broker`. Each kind has its own of them.
    target: String,
    /// Percent of the cases hit.
    #[schema(minimum = 1, maximum = 100, default = 100, required = false)]
    strength: u8,
    /// Decides which cases those are.
    #[schema(default = 1, required = false)]
    seed: u64,
    /// Milliseconds until it acts; at most a day.
    #[schema(maximum = 86_400_000, default = 0, required = false)]
    after_ms: u64,
    /// Milliseconds it lasts, at most a day; `null` until it is cleared.
    #[schema(minimum = 1, maximum = 86_400_000, default = 60_000)]
    ttl_ms: Option<u64>,
    #[schema(required = false)]
    params: FaultParams,
}

#[derive(ToSchema)]
#[schema(as = FaultKind, rename_all = "kebab-case")]
#[allow(dead_code, reason = "described, never made")]
enum FaultKind {
    DeclinePayments,
    Delay,
    Duplicate,
    Reorder,
    Drop,
    Fail,
    Crash,
    Pause,
    Partition,
    BrokerOutage,
    SlowStore,
    CrashBeforePublish,
    FailStep,
}

#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FaultParams)]
#[allow(dead_code, reason = "described, never made")]
struct FaultParams {
    /// `decline-payments`: each n-th charge only.
    #[schema(minimum = 1)]
    every: Option<u64>,
    /// `delay`, `slow-store`: milliseconds, 1,000 unless given.
    #[schema(maximum = 600_000)]
    ms: Option<u64>,
    /// `delay`: up to so many milliseconds more.
    #[schema(maximum = 600_000)]
    jitter_ms: Option<u64>,
    /// `fail`: the status of a request's answer, 503 unless given.
    #[schema(minimum = 400, maximum = 599)]
    status: Option<u16>,
    /// `fail-step`: the step of the saga. `crash-before-publish`: only after this step.
    step: Option<String>,
    /// `fail-step`: on which side of its commit, `before` unless given.
    when: Option<FaultWhen>,
    /// `delay`, `duplicate`, `reorder`, `drop`, `fail`: only messages and commands of these types.
    only: Option<Vec<String>>,
}

#[derive(ToSchema)]
#[schema(as = FaultWhen, rename_all = "lowercase")]
#[allow(dead_code, reason = "described, never made")]
enum FaultWhen {
    Before,
    After,
}

/// A fault as it stands.
#[derive(ToSchema)]
#[schema(as = FaultStanding)]
#[allow(dead_code, reason = "described, never made")]
pub struct FaultView {
    id: String,
    kind: FaultKind,
    target: String,
    strength: u8,
    seed: u64,
    after_ms: u64,
    ttl_ms: Option<u64>,
    params: FaultParams,
    /// Milliseconds until it ends by itself.
    expires_in_ms: Option<u64>,
}

/// Commands at a steady rate.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Load, example = json!({"type": "PlaceOrder", "rate": 50}))]
#[allow(dead_code, reason = "described, never made")]
pub struct LoadBody {
    r#type: CommandKind,
    /// Commands a second; `/limits` shows the most there may be.
    #[schema(minimum = 1)]
    rate: u32,
    /// Of each command; one piece of item 42 for user 1 where it is left out.
    #[schema(required = false)]
    data: CommandData,
    #[schema(required = false)]
    reads: LoadReads,
}

/// What is read meanwhile: in `cqrs-feed` the newest posts. Each second the record says in `Window`
/// how many reads and commands were answered, and after how long, counted from when each was
/// planned.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LoadReads)]
#[allow(dead_code, reason = "described, never made")]
struct LoadReads {
    /// Reads for each command; `/limits` shows the most there may be in a second.
    #[schema(minimum = 1, maximum = 100)]
    per_write: u32,
}

/// A load as it stands.
#[derive(ToSchema)]
#[schema(as = LoadStanding)]
#[allow(dead_code, reason = "described, never made")]
pub struct LoadStandingView {
    state: LoadState,
    /// Not there when it is `off`, as the others.
    #[schema(required = false)]
    r#type: CommandKind,
    /// Commands a second.
    #[schema(required = false)]
    rate: u32,
    /// Commands accepted since it runs at this rate.
    #[schema(required = false)]
    sent: u64,
    #[schema(required = false)]
    reads: LoadReads,
}

#[derive(ToSchema)]
#[schema(as = LoadState, rename_all = "lowercase")]
#[allow(dead_code, reason = "described, never made")]
enum LoadState {
    Off,
    /// As many run on this server as may; it starts when one of them ends.
    Queued,
    Running,
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

/// What stands out in a record, and where.
#[derive(ToSchema)]
#[schema(as = Strata)]
#[allow(dead_code, reason = "described, never made")]
pub struct StrataView {
    /// Positions to a layer; the first holds the positions 1 to `width`.
    width: u64,
    /// How many of each kind: command, event, failure, compensation, crash, restart, fault on,
    /// fault off, invariant broken, invariant restored, takeover.
    #[schema(max_items = 1024, value_type = Vec<Vec<u32>>)]
    layers: Vec<[u32; 11]>,
    /// The last position.
    end: u64,
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
    use protocol::{FaultKind, Params, When};
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn described(schema: &str) -> Value {
        let mut document = crate::app::openapi();
        document["components"]["schemas"][schema].take()
    }

    fn choices(schema: &str) -> BTreeSet<String> {
        let schema = described(schema);
        let names = schema["enum"].as_array().expect("an enumeration").iter().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
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
        let post = described("PublishPost");
        assert_eq!(properties(&post), ["author_id", "tags", "text"]);
        assert_eq!(post["properties"]["text"]["maxLength"], protocol::POST_MAX);
        assert_eq!(post["properties"]["tags"]["maxItems"], protocol::TAGS_MAX);
    }

    #[test]
    fn every_answer_has_a_description() {
        let document = crate::app::openapi();
        for item in document["paths"].as_object().expect("paths").values() {
            for operation in item.as_object().expect("operations").values() {
                for response in operation["responses"].as_object().expect("responses").values() {
                    assert_ne!(response["description"].as_str().unwrap_or_default(), "", "{operation}");
                }
            }
        }
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let document = crate::app::openapi();
        let paths = document["paths"].as_object().expect("paths").values();
        let mut names: Vec<&str> = paths
            .flat_map(|item| item.as_object().expect("operations").values())
            .map(|operation| operation["operationId"].as_str().expect("a name"))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn loads_are_described_as_they_are_read() {
        let schema = described("Load");
        let load: crate::sandbox::LoadSpec = serde_json::from_value(schema["example"].clone()).expect("reads");
        protocol::PlaceOrder::parse(&load.data).expect("what stands for data that are left out is accepted");
        assert_eq!(properties(&schema), ["data", "rate", "reads", "type"]);
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
        assert_eq!(choices("FaultKind"), FaultKind::ALL.iter().map(|kind| kind.name().to_owned()).collect());
    }

    #[test]
    fn the_parameters_of_faults_are_described_as_they_are_read() {
        let params = Params {
            every: Some(1),
            ms: Some(1),
            jitter_ms: Some(1),
            status: Some(503),
            step: Some("charge-card".into()),
            when: Some(When::Before),
            only: Some(vec!["OrderCreated".into()]),
        };
        let written = serde_json::to_value(params).expect("plain data");
        let names: BTreeSet<&str> = written.as_object().expect("an object").keys().map(String::as_str).collect();
        let schema = described("FaultParams");
        assert_eq!(properties(&schema).into_iter().collect::<BTreeSet<_>>(), names);
        let whens = [When::Before, When::After].map(|when| serde_json::to_value(when).expect("plain data"));
        assert_eq!(choices("FaultWhen"), whens.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }

    #[test]
    fn the_commands_described_are_those_that_services_take() {
        let taken: BTreeSet<String> = protocol::topologies()
            .into_iter()
            .flat_map(|topology| topology.services)
            .flat_map(|service| service.commands)
            .map(|command| command.to_string())
            .collect();
        assert_eq!(choices("CommandKind"), taken);
    }

    /// The cell of the README's table of calls whose row begins so.
    fn readme_row(call: &str) -> &'static str {
        let readme = include_str!("../../README.md");
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{call}`")));
        row.unwrap_or_else(|| panic!("README.md has no row of {call}"))
    }

    /// What stands in `backticks` in it.
    fn quoted(text: &str) -> BTreeSet<&str> {
        text.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_readme_lists_every_fault_parameter_and_switch_by_name() {
        let faults = quoted(readme_row("PUT …/faults/{fault_id}"));
        let params = described("FaultParams");
        for name in choices("FaultKind").iter().map(String::as_str).chain(properties(&params)) {
            assert!(faults.contains(name), "{name}");
        }
        let topologies = protocol::topologies();
        let known: BTreeSet<&str> = topologies.iter().flat_map(|of| &of.switches).map(|of| &*of.name).collect();
        let names: BTreeSet<&str> = topologies.iter().map(|of| &*of.name).chain(known.iter().copied()).collect();
        let listed = quoted(readme_row("PUT …/switches/{name}"));
        assert!(known.is_subset(&listed), "{listed:?}");
        let others: Vec<&&str> = listed.difference(&names).filter(|name| !name.contains(['{', ' '])).collect();
        assert_eq!(others, [&"switches"], "there is no such switch");
    }

    #[test]
    fn every_call_has_its_row_in_the_readme() {
        let readme = include_str!("../../README.md").replace('…', "/api/sandboxes/{id}");
        let document = crate::app::openapi();
        for path in document["paths"].as_object().expect("paths").keys() {
            // One row says what is looked at in a run as in a sandbox.
            if path.starts_with("/api/runs/{id}/") {
                continue;
            }
            for method in document["paths"][path].as_object().expect("operations").keys() {
                let call = format!("{} {}", method.to_uppercase(), path.replace("{*", "{"));
                let is_told = ["`", "?", " "].iter().any(|end| readme.contains(&format!("`{call}{end}")));
                assert!(is_told, "{call} is not in README.md");
            }
        }
    }
}
