//! The only code that talks to the server: commands out, the event stream in. What goes out is
//! so little that it is written by hand: code that writes JSON need not be loaded.

use crate::json::{self, Read};
use crate::texts;
use crate::views::markup::quote;
use diagram::DiagramState;
use protocol::{Recorded, Uuid};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{EventSource, MessageEvent, RequestInit, Response};

/// What the server answered when it did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// 0 when there was no answer.
    pub status: u16,
    /// A sentence that says what to do.
    pub detail: String,
}

/// As RFC 9457 has it.
struct Problem {
    detail: Option<String>,
}
json::fields!(Problem { detail });

struct Sandbox {
    id: String,
    topology: String,
}
json::fields!(Sandbox { id, topology or default });

/// The session's newest sandbox of that topology.
pub async fn find_sandbox(topology: &str) -> Result<Option<String>, Refusal> {
    let sandboxes: Vec<Sandbox> = parse(&call("GET", "/api/sandboxes", None).await?)?;
    Ok(sandboxes.into_iter().find(|sandbox| sandbox.topology == topology).map(|sandbox| of(&sandbox.id)))
}

pub async fn create_sandbox(topology: &str) -> Result<String, Refusal> {
    let body = format!("{{\"topology\":\"{topology}\"}}");
    let sandbox: Sandbox = parse(&call("POST", "/api/sandboxes", Some(&body)).await?)?;
    Ok(of(&sandbox.id))
}

/// A sandbox, as its addresses begin after `/api/`.
pub fn of(id: &str) -> String {
    format!("sandboxes/{id}")
}

/// The same of a kept run.
pub fn of_run(id: &str) -> String {
    format!("runs/{id}")
}

pub async fn delete_sandbox(id: &str) -> Result<(), Refusal> {
    call("DELETE", &format!("/api/{id}"), None).await.map(drop)
}

/// The folded picture at a position; now, without one.
pub async fn state(id: &str, at: Option<u64>) -> Result<DiagramState, Refusal> {
    let at = at.map_or_else(String::new, |position| format!("?at={position}"));
    parse(&call("GET", &format!("/api/{id}/state{at}"), None).await?)
}

/// What stands out in the whole record.
pub async fn strata(id: &str) -> Result<diagram::Strata, Refusal> {
    parse(&call("GET", &format!("/api/{id}/strata"), None).await?)
}

/// Lets the browser do something else in between.
pub async fn breathe() {
    let wait = js_sys::Promise::new(&mut |resolve, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback(&resolve);
        }
    });
    let _ = JsFuture::from(wait).await;
}

/// Recorded events after a position, at most so many, one a line.
pub async fn history(id: &str, after: u64, limit: u64) -> Result<String, Refusal> {
    let url = format!("/api/{id}/events?after={after}&limit={limit}");
    let init = request("GET", None);
    let headers = web_sys::Headers::new().map_err(no_answer)?;
    headers.set("accept", "application/x-ndjson").map_err(no_answer)?;
    init.set_headers(&headers);
    send(&url, &init).await
}

pub async fn place_order(id: &str, quantity: i64) -> Result<(), Refusal> {
    let (item, user) = (protocol::ITEM, protocol::USER);
    command(id, "PlaceOrder", &format!("\"item_id\":{item},\"quantity\":{quantity},\"user_id\":{user}")).await
}

/// Has an order shipped.
pub async fn ship(id: &str, order: i64) -> Result<(), Refusal> {
    command(id, crate::sight::SHIP_ORDER, &["\"order_id\":", &order.to_string()].concat()).await
}

/// A parked saga tries again.
pub async fn resume(id: &str, order_id: &str) -> Result<(), Refusal> {
    command(id, "ResumeSaga", &["\"order_id\":", order_id].concat()).await
}

pub async fn command(id: &str, kind: &str, fields: &str) -> Result<(), Refusal> {
    let command_id = new_id();
    let body = format!("{{\"id\":\"{command_id}\",\"type\":\"{kind}\",\"data\":{{{fields}}}}}");
    call("POST", &format!("/api/{id}/commands"), Some(&body)).await.map(drop)
}

/// `verb` is `crash` or `restart`, with `?replica=0` of one of them.
pub async fn service(id: &str, name: &str, verb: &str) -> Result<(), Refusal> {
    call("POST", &format!("/api/{id}/services/{name}/{verb}"), None).await.map(drop)
}

/// Declines each n-th charge, or none any more.
pub async fn decline_payments(id: &str, target: &str, every: Option<&str>) -> Result<(), Refusal> {
    let url = format!("/api/{id}/faults/decline-payments");
    let Some(every) = every else { return call("DELETE", &url, None).await.map(drop) };
    let params = if every == "1" { String::new() } else { format!(",\"params\":{{\"every\":{every}}}") };
    let body = format!("{{\"kind\":\"decline-payments\",\"target\":\"{target}\",\"ttl_ms\":null{params}}}");
    call("PUT", &url, Some(&body)).await.map(drop)
}

/// Sets a fault, or clears it, without one.
pub async fn fault(id: &str, fault: &str, body: Option<&str>) -> Result<(), Refusal> {
    let method = if body.is_some() { "PUT" } else { "DELETE" };
    call(method, &format!("/api/{id}/faults/{fault}"), body).await.map(drop)
}

pub async fn heal_all(id: &str) -> Result<(), Refusal> {
    call("DELETE", &format!("/api/{id}/faults"), None).await.map(drop)
}

/// How long a fault that stands will go on.
pub struct Lasting {
    pub id: String,
    pub expires_in_ms: Option<u64>,
}
json::fields!(Lasting { id, expires_in_ms or default });

pub async fn faults(id: &str) -> Result<Vec<Lasting>, Refusal> {
    parse(&call("GET", &format!("/api/{id}/faults"), None).await?)
}

pub async fn switch(id: &str, name: &str, on: bool) -> Result<(), Refusal> {
    call("PUT", &format!("/api/{id}/switches/{name}"), Some(&format!("{{\"on\":{on}}}"))).await.map(drop)
}

struct Loaded {
    state: String,
}
json::fields!(Loaded { state });

/// Orders at this rate a second from now on; none any more, without one. Gives whether it waits
/// for its turn.
pub async fn load(id: &str, rate: Option<u32>) -> Result<bool, Refusal> {
    let url = format!("/api/{id}/load");
    let Some(rate) = rate else { return call("DELETE", &url, None).await.map(|_| false) };
    let body = format!("{{\"type\":\"PlaceOrder\",\"rate\":{rate}}}");
    let load: Loaded = parse(&call("PUT", &url, Some(&body)).await?)?;
    Ok(load.state == "queued")
}

/// Keeps what happened so far under a name. Gives the run's id.
pub async fn keep(id: &str, name: &str) -> Result<String, Refusal> {
    let sandbox = id.rsplit('/').next().unwrap_or_default();
    let mut body = format!("{{\"sandbox\":\"{sandbox}\",\"name\":");
    quote(&mut body, name);
    body.push('}');
    let run: Sandbox = parse(&call("POST", "/api/runs", Some(&body)).await?)?;
    Ok(run.id)
}

/// A text file of the server's: source code.
pub async fn source(file: &str) -> Result<String, Refusal> {
    call("GET", &format!("/api/sources/{file}"), None).await
}

/// A service's table as it stood at a position.
pub async fn table(id: &str, service: &str, table: &str, at: u64) -> Result<Rows, Refusal> {
    parse(&call("GET", &format!("/api/{id}/services/{service}/tables/{table}?at={at}"), None).await?)
}

/// What the server says of a table.
pub struct Rows {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<serde_json::Value>>,
}
json::fields!(Rows { columns, rows });

/// Why a stream could not be opened: the status and sentence an `EventSource` keeps to itself.
/// `Ok` when it could be by now.
pub async fn why_no_stream(id: &str, after: u64) -> Result<(), Refusal> {
    let abort = web_sys::AbortController::new().map_err(no_answer)?;
    let init = request("GET", None);
    init.set_signal(Some(&abort.signal()));
    let response = fetch(&events_url(id, after), &init).await?;
    let answer = if response.ok() { Ok(()) } else { Err(refusal(&response).await) };
    abort.abort();
    answer
}

fn events_url(id: &str, after: u64) -> String {
    format!("/api/{id}/events?after={after}")
}

async fn call(method: &str, url: &str, body: Option<&str>) -> Result<String, Refusal> {
    send(url, &request(method, body)).await
}

fn request(method: &str, body: Option<&str>) -> RequestInit {
    let init = RequestInit::new();
    init.set_method(method);
    if let Some(body) = body {
        init.set_body(&JsValue::from_str(body));
        if let Ok(headers) = web_sys::Headers::new()
            && headers.set("content-type", "application/json").is_ok()
        {
            init.set_headers(&headers);
        }
    }
    init
}

async fn send(url: &str, init: &RequestInit) -> Result<String, Refusal> {
    let response = fetch(url, init).await?;
    if response.ok() { text(&response).await } else { Err(refusal(&response).await) }
}

async fn fetch(url: &str, init: &RequestInit) -> Result<Response, Refusal> {
    let window = web_sys::window().ok_or_else(|| no_answer(JsValue::NULL))?;
    let response = JsFuture::from(window.fetch_with_str_and_init(url, init)).await.map_err(no_answer)?;
    Ok(response.unchecked_into())
}

async fn text(response: &Response) -> Result<String, Refusal> {
    let text = JsFuture::from(response.text().map_err(no_answer)?).await.map_err(no_answer)?;
    Ok(text.as_string().unwrap_or_default())
}

async fn refusal(response: &Response) -> Refusal {
    let body = text(response).await.unwrap_or_default();
    let detail = json::read::<Problem>(&body).and_then(|problem| problem.detail);
    Refusal { status: response.status(), detail: detail.unwrap_or_else(|| texts::NO_ANSWER.into()) }
}

fn no_answer(_: JsValue) -> Refusal {
    Refusal { status: 0, detail: texts::NO_ANSWER.into() }
}

fn parse<T: Read>(text: &str) -> Result<T, Refusal> {
    json::read(text).ok_or_else(|| no_answer(JsValue::NULL))
}

/// A random (version 4) UUID, on plain HTTP too.
fn new_id() -> Uuid {
    let mut bytes = [0; 16];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    crypto.map(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    Uuid::from_bytes(bytes)
}

/// The open event stream; closed when dropped.
pub struct Stream {
    source: EventSource,
    _heard: [Closure<dyn FnMut(JsValue)>; 3],
}

/// What a stream tells.
pub enum Heard {
    Open,
    Event(Box<Recorded>),
    /// The connection broke and the browser tries again.
    Broken,
    /// The server refused; the browser does not try again.
    Refused,
}

impl Stream {
    /// Events after a position, then live. `None` where the browser can't.
    pub fn open(id: &str, after: u64, heard: fn(Heard)) -> Option<Self> {
        let source = EventSource::new(&events_url(id, after)).ok()?;
        let opened = Closure::new(move |_: JsValue| heard(Heard::Open));
        let message = Closure::new(move |event: JsValue| {
            let data = event.unchecked_into::<MessageEvent>().data().as_string().unwrap_or_default();
            if let Some(recorded) = json::read(&data) {
                heard(Heard::Event(Box::new(recorded)));
            }
        });
        let failing = source.clone();
        let failed = Closure::new(move |_: JsValue| {
            let refused = failing.ready_state() == EventSource::CLOSED;
            heard(if refused { Heard::Refused } else { Heard::Broken });
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onmessage(Some(message.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        Some(Stream { source, _heard: [opened, message, failed] })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}
