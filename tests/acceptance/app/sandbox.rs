use super::{DEADLINE, Event, Events, Session, in_time};
use diagram::{DiagramState, Health, Strata};
use protocol::{Observation, Recorded, Uuid};
use reqwest::{Method, RequestBuilder};
use runner::invariants::Invariant;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::time::Duration;

/// A sandbox as one session asks for it. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    session: Session,
    id: String,
}

/// A row of a service's table, by column.
pub type Row = Map<String, Value>;

impl Sandbox {
    pub(super) fn new(session: Session, id: String) -> Self {
        Sandbox { session, id }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// `path` begins with a slash, or is empty for the sandbox itself.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.session.request(method, &format!("/api/sandboxes/{}{path}", self.id))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.session.send(self.request(Method::GET, path)).await;
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert_eq!(status, 200, "GET {path}: {text}");
        serde_json::from_str(&text).expect("the answer reads")
    }

    async fn done(&self, status: u16, request: RequestBuilder) {
        let answer = self.session.send(request).await;
        let (got, url, text) = (answer.status(), answer.url().clone(), answer.text().await.unwrap_or_default());
        assert_eq!(got, status, "{url}: {text}");
    }

    pub async fn view(&self) -> Value {
        self.get("").await
    }

    /// Of the last event recorded.
    pub async fn position(&self) -> u64 {
        self.view().await["position"].as_u64().expect("a position")
    }

    pub async fn state(&self) -> DiagramState {
        self.get("/state").await
    }

    pub async fn state_at(&self, position: u64) -> DiagramState {
        self.get(&format!("/state?at={position}")).await
    }

    pub fn place(&self, id: Uuid, quantity: i64) -> RequestBuilder {
        let data = json!({"item_id": 42, "quantity": quantity, "user_id": 1});
        self.request(Method::POST, "/commands").json(&json!({"id": id, "type": "PlaceOrder", "data": data}))
    }

    /// A command about an order: `ShipOrder`, `ResumeSaga`.
    pub async fn command(&self, kind: &str, order_id: i64) {
        let command = json!({"id": Uuid::new_v4(), "type": kind, "data": {"order_id": order_id}});
        self.done(202, self.request(Method::POST, "/commands").json(&command)).await;
    }

    /// An order of one piece. Returns its correlation id.
    pub async fn place_order(&self) -> Uuid {
        self.try_place(Uuid::new_v4()).await.expect("202")
    }

    /// Its correlation id when it was acknowledged; `None` when the server had no answer, or no room.
    pub async fn try_place(&self, id: Uuid) -> Option<Uuid> {
        let answer = in_time("an answer or none", self.place(id, 1).send()).await.ok()?;
        match answer.status().as_u16() {
            202 => {
                let accepted: Value = answer.json().await.ok()?;
                Some(accepted["correlation_id"].as_str().expect("an id").parse().expect("a UUID"))
            }
            503 => None,
            status => panic!("{status}: {}", answer.text().await.unwrap_or_default()),
        }
    }

    pub async fn crash(&self, service: &str) {
        self.done(202, self.request(Method::POST, &format!("/services/{service}/crash"))).await;
    }

    pub async fn restart(&self, service: &str) {
        self.done(202, self.request(Method::POST, &format!("/services/{service}/restart"))).await;
    }

    pub async fn resume(&self, service: &str) {
        self.done(202, self.request(Method::POST, &format!("/services/{service}/resume"))).await;
    }

    pub async fn scale(&self, service: &str, replicas: u32) {
        let request = self.request(Method::PUT, &format!("/services/{service}/replicas"));
        self.done(202, request.json(&json!({ "replicas": replicas }))).await;
    }

    /// How each of a service's replicas is, by number.
    pub async fn health(&self, service: &str) -> Vec<Health> {
        let state = self.state().await;
        state.node(service).expect("a node").instances.iter().map(|instance| instance.health).collect()
    }

    pub async fn crash_replica(&self, service: &str, replica: u32) {
        self.done(202, self.request(Method::POST, &format!("/services/{service}/crash?replica={replica}"))).await;
    }

    pub async fn restart_replica(&self, service: &str, replica: u32) {
        self.done(202, self.request(Method::POST, &format!("/services/{service}/restart?replica={replica}"))).await;
    }

    /// The fault as it stands.
    pub async fn put_fault(&self, id: &str, fault: Value) -> Value {
        let answer = self.session.send(self.request(Method::PUT, &format!("/faults/{id}")).json(&fault)).await;
        let (status, text) = (answer.status(), answer.text().await.expect("text"));
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    pub async fn clear_fault(&self, id: &str) {
        self.done(204, self.request(Method::DELETE, &format!("/faults/{id}"))).await;
    }

    pub async fn heal_all(&self) {
        self.done(204, self.request(Method::DELETE, "/faults")).await;
    }

    pub async fn faults(&self) -> Vec<Value> {
        self.get("/faults").await
    }

    pub async fn switch(&self, name: &str, on: bool) {
        self.done(200, self.request(Method::PUT, &format!("/switches/{name}")).json(&json!({ "on": on }))).await;
    }

    pub async fn delete(&self) {
        self.done(204, self.request(Method::DELETE, "")).await;
    }

    pub async fn strata(&self) -> Strata {
        self.get("/strata").await
    }

    pub async fn table_names(&self, service: &str) -> Vec<String> {
        self.tables(service, "").await.into_iter().map(|(name, _)| name).collect()
    }

    /// Each table with its number of rows; `query` is empty or `?at=…`.
    pub async fn tables(&self, service: &str, query: &str) -> Vec<(String, u64)> {
        let tables: Value = self.get(&format!("/services/{service}/tables{query}")).await;
        let tables = tables["tables"].as_array().expect("tables");
        let summary =
            |table: &Value| (table["name"].as_str().expect("a name").to_owned(), table["rows"].as_u64().expect("rows"));
        tables.iter().map(summary).collect()
    }

    pub async fn table(&self, service: &str, table: &str) -> Vec<Row> {
        rows(self.get(&format!("/services/{service}/tables/{table}")).await)
    }

    pub async fn table_at(&self, service: &str, table: &str, position: u64) -> Vec<Row> {
        rows(self.get(&format!("/services/{service}/tables/{table}?at={position}")).await)
    }

    /// Pieces of item 42 on the shelf.
    pub async fn stock(&self) -> i64 {
        self.table("inventory", "stock").await[0]["on_hand"].as_i64().expect("a number")
    }

    pub async fn invariants(&self) -> Vec<Invariant> {
        self.get("/invariants").await
    }

    /// The promises that are broken as things stand.
    pub async fn broken(&self) -> Vec<String> {
        let broken = self.invariants().await.into_iter().filter(|invariant| !invariant.holds);
        broken.map(|invariant| invariant.name).collect()
    }

    /// What is recorded by now, as NDJSON, line by line.
    pub async fn lines(&self) -> Vec<String> {
        let request = self.request(Method::GET, "/events").header("accept", "application/x-ndjson");
        let answer = self.session.send(request).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        let text = in_time("the whole record", answer.text()).await.expect("text");
        assert!(text.is_empty() || text.ends_with('\n'), "a line is cut off");
        text.lines().map(str::to_owned).collect()
    }

    pub async fn record(&self) -> Vec<Recorded> {
        let read = |line: &String| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.lines().await.iter().map(read).collect()
    }

    /// The stream from behind a position, asked for as a browser does that reconnects.
    pub async fn events(&self, last: u64) -> Events {
        self.try_events(last).await.expect("an answer")
    }

    /// `None` while the server is down or on its way there.
    pub async fn try_events(&self, last: u64) -> Option<Events> {
        let mut request = self.request(Method::GET, "/events").header("accept", "text/event-stream");
        if last > 0 {
            request = request.header("last-event-id", last);
        }
        let answer = in_time("a stream", request.send()).await.ok()?;
        (answer.status() != 503).then(|| Events::new(answer))
    }

    /// Follows the record from its beginning until this is in it.
    pub async fn wait_for(&self, what: &str, seen: impl Fn(&Recorded) -> bool) -> Recorded {
        self.wait(what, |event, _| seen(event).then(|| event.clone())).await
    }

    /// Follows the picture from its beginning until it is so.
    pub async fn wait_until(&self, what: &str, so: impl Fn(&DiagramState) -> bool) -> DiagramState {
        self.wait(what, |_, state| so(state).then(|| state.clone())).await
    }

    async fn wait<T>(&self, what: &str, found: impl Fn(&Recorded, &DiagramState) -> Option<T>) -> T {
        let mut state = DiagramState::default();
        let waiting = async {
            let mut events = self.events(0).await;
            loop {
                let event: Event = events.next().await.unwrap_or_else(|| panic!("the stream ended before: {what}"));
                let event = event.recorded();
                state.evolve(&event);
                if let Some(found) = found(&event, &state) {
                    return found;
                }
            }
        };
        let waited = tokio::time::timeout(DEADLINE, waiting).await;
        waited.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}. {}", how_far(&state)))
    }

    /// Where an order's saga ends.
    pub async fn outcome(&self, order: Uuid) -> String {
        let ended = |event: &Recorded| match &event.observation {
            Observation::StateChanged { entity, to, .. } if &**entity == "order" && **to != *"PENDING" => {
                (event.correlation_id == Some(order)).then(|| to.to_string())
            }
            _ => None,
        };
        self.wait("the order ends", |event, _| ended(event)).await
    }

    /// Nothing is under way: every accepted order has ended and everybody knows.
    pub async fn at_rest(&self) -> DiagramState {
        // From where the picture stands now: before that it may have been at rest, too.
        let (now, accepted) = (self.position().await, Cell::new(0));
        self.wait("nothing is under way", |event, state| {
            accepted.set(accepted.get() + u64::from(places_an_order(&event.observation)));
            let all_ended = state.sagas.confirmed + state.sagas.cancelled == accepted.get();
            (state.position >= now && all_ended && state.at_rest()).then(|| state.clone())
        })
        .await
    }
}

impl Sandbox {
    /// Has every saga that is parked go on, until all have ended.
    pub async fn see_through(&self) {
        loop {
            let now = self.position().await;
            let waits = self.wait("nothing is under way but what waits for a person", |_, state| {
                let only_parked = state.sagas.pending == state.sagas.parked_count && state.sagas.led == 0;
                (state.position >= now && only_parked && state.at_rest()).then(|| state.sagas.parked.clone())
            });
            let parked = waits.await;
            if parked.is_empty() {
                return;
            }
            for case in parked {
                self.command("ResumeSaga", case.order_id).await;
            }
        }
    }

    /// At rest, and no service has kept a message back that it has yet to publish.
    pub async fn settled(&self) -> DiagramState {
        let settling = async {
            loop {
                let state = self.at_rest().await;
                let mut kept = 0;
                for node in &state.nodes {
                    let tables = self.tables(&node.name, "").await;
                    kept += tables.into_iter().filter(|(name, _)| name == "outbox").map(|(_, rows)| rows).sum::<u64>();
                }
                if kept == 0 && self.position().await == state.position {
                    return state;
                }
                // What is in an outbox is asked for, not told.
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        };
        match tokio::time::timeout(DEADLINE, settling).await {
            Ok(state) => state,
            Err(_) => panic!("not within {DEADLINE:?}: everything is said. {}", self.what_is_left().await),
        }
    }

    /// The end of the record of a sandbox that does not come to rest, and what waits in it.
    async fn what_is_left(&self) -> String {
        let lines = self.lines().await;
        let last = lines[lines.len().saturating_sub(20)..].join("\n");
        let mut left = format!("The record ends:\n{last}\nIn the outboxes:");
        let state = self.state().await;
        for node in state.nodes.iter().filter(|node| !node.is_down()) {
            if self.table_names(&node.name).await.contains(&"outbox".to_owned()) {
                let rows = self.table(&node.name, "outbox").await;
                left += &format!("\n{} ({:?}): {rows:?}", node.name, node.health);
            }
        }
        left + &format!("\nFaults: {:?}\nPipes: {:?}\nSagas: {:?}", state.faults, state.pipes, state.sagas)
    }
}

/// How far the record had come for whoever waited for more of it, and what was under way there.
fn how_far(state: &DiagramState) -> String {
    let DiagramState { position, at, sagas, load, pipes, faults, .. } = state;
    let unanswered = state.commands_waiting.len();
    format!(
        "Read up to {position}, of {at} us, with {unanswered} commands unanswered. Sagas: {sagas:?}\nLoad: {load:?}\nPipes: {pipes:?}\nFaults: {faults:?}"
    )
}

/// Whether that is an order that was accepted.
pub fn places_an_order(observation: &Observation) -> bool {
    matches!(observation, Observation::CommandAccepted { command } if command.kind == "PlaceOrder")
}

fn rows(table: Value) -> Vec<Row> {
    let columns: Vec<&str> = table["columns"].as_array().expect("columns").iter().filter_map(Value::as_str).collect();
    let named = |row: &Value| {
        let cells = row.as_array().expect("a row");
        assert_eq!(cells.len(), columns.len());
        columns.iter().zip(cells).map(|(column, cell)| ((*column).to_owned(), cell.clone())).collect()
    };
    table["rows"].as_array().expect("rows").iter().map(named).collect()
}
