use super::{Sandbox, in_time};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

/// One client with its cookies. Cheap to clone.
#[derive(Clone)]
pub struct Session {
    http: Client,
    base: watch::Receiver<String>,
}

/// What a refused request was told, RFC 9457.
#[derive(Debug)]
pub struct Problem {
    pub status: u16,
    pub detail: String,
    /// In seconds.
    pub retry_after: Option<u64>,
}

impl Session {
    pub(super) fn new(base: watch::Receiver<String>) -> Self {
        let http = Client::builder().cookie_store(true).build().expect("a client");
        Session { http, base }
    }

    /// Its own address each time the server is started.
    pub fn base(&self) -> watch::Receiver<String> {
        self.base.clone()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", *self.base.borrow());
        self.http.request(method, url)
    }

    pub async fn send(&self, request: RequestBuilder) -> Response {
        in_time("an answer", request.send()).await.expect("an answer")
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "GET {path}");
        answer.json().await.expect("JSON")
    }

    pub async fn get_text(&self, path: &str) -> String {
        self.get(path).await.text().await.expect("text")
    }

    /// A new saga-choreography.
    pub async fn sandbox(&self) -> Sandbox {
        self.sandbox_with("saga-choreography").await
    }

    /// A new sandbox of this topology.
    pub async fn sandbox_with(&self, topology: &str) -> Sandbox {
        let body = json!({"topology": topology, "seed": 7});
        let answer = self.send(self.request(Method::POST, "/api/sandboxes").json(&body)).await;
        assert_eq!(answer.status(), 201);
        let location = answer.headers()["location"].to_str().expect("text").to_owned();
        let made: Value = answer.json().await.expect("JSON");
        let id = made["id"].as_str().expect("an id").to_owned();
        assert_eq!(location, format!("/api/sandboxes/{id}"));
        assert_eq!(made["seed"], 7);
        Sandbox::new(self.clone(), id)
    }

    /// The same sandbox, asked for by this session.
    pub fn sandbox_of(&self, other: &Sandbox) -> Sandbox {
        Sandbox::new(self.clone(), other.id().to_owned())
    }

    /// Sends it and fails unless it is refused as RFC 9457 has it, with a sentence.
    pub async fn refused(&self, what: &str, request: RequestBuilder) -> Problem {
        let answer = self.send(request).await;
        let status = answer.status().as_u16();
        let retry_after = answer.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        let kind = answer.headers().get("content-type").cloned();
        let text = answer.text().await.expect("the answer arrives");
        assert!((400..500).contains(&status), "{what}: {status} {text}");
        assert_eq!(kind.expect("a type"), "application/problem+json", "{what}: {text}");
        let problem: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(problem["status"], status, "{what}: {text}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{what}: {text}");
        let detail = problem["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.ends_with('.') && detail.len() > 20, "{what}: {text}");
        Problem { status, detail, retry_after: retry_after.map(|value| value.parse().expect("seconds")) }
    }
}
