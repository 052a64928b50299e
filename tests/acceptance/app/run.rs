use super::{Events, Sandbox, Session, in_time};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A kept run as one session asks for it.
pub struct Run {
    session: Session,
    id: String,
}

impl Run {
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `path` begins with a slash, or is empty for the run itself.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.session.request(method, &format!("/api/runs/{}{path}", self.id))
    }

    /// The answer as it is, byte for byte.
    pub async fn text(&self, path: &str) -> String {
        self.session.get_text(&format!("/api/runs/{}{path}", self.id)).await
    }

    pub async fn view(&self) -> Value {
        self.session.get_json(&format!("/api/runs/{}", self.id)).await
    }

    pub async fn export(&self) -> String {
        self.text("/export/ndjson").await
    }

    pub async fn events(&self, after: u64) -> Events {
        let request = self.request(Method::GET, &format!("/events?after={after}"));
        Events::new(in_time("a stream", request.send()).await.expect("an answer"))
    }

    /// The same run, asked for by another session.
    pub fn asked_by(&self, session: &Session) -> Run {
        Run { session: session.clone(), id: self.id.clone() }
    }
}

impl Session {
    pub async fn keep(&self, sandbox: &Sandbox, name: &str, at: Option<u64>) -> Run {
        let mut body = json!({"sandbox": sandbox.id(), "name": name});
        if let Some(at) = at {
            body["at"] = json!(at);
        }
        self.made(self.request(Method::POST, "/api/runs").json(&body)).await
    }

    pub fn import_of(&self, file: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.request(Method::POST, "/api/runs?name=From%20elsewhere");
        request.header("content-type", "application/x-ndjson").body(file)
    }

    pub async fn import(&self, file: String) -> Run {
        self.made(self.import_of(file)).await
    }

    async fn made(&self, request: RequestBuilder) -> Run {
        let answer = self.send(request).await;
        let (status, location) = (answer.status(), answer.headers().get("location").cloned());
        let text = answer.text().await.expect("text");
        assert_eq!(status, 201, "{text}");
        let made: Value = serde_json::from_str(&text).expect("JSON");
        let id = made["id"].as_str().expect("an id").to_owned();
        assert_eq!(location.expect("a location"), format!("/api/runs/{id}").as_str());
        Run { session: self.clone(), id }
    }
}
