use super::Session;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

/// A coverage matrix as one session asks for it.
pub struct Matrix {
    id: String,
}

impl Matrix {
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Session {
    pub fn matrix_of(&self, topology: &str, off: &[&str]) -> RequestBuilder {
        let switches: serde_json::Map<_, _> = off.iter().map(|name| ((*name).to_owned(), json!(false))).collect();
        self.request(Method::POST, "/api/matrix").json(&json!({"topology": topology, "switches": switches}))
    }

    /// Begins one, with these protections off.
    pub async fn matrix(&self, topology: &str, off: &[&str]) -> Matrix {
        let answer = self.send(self.matrix_of(topology, off)).await;
        let (status, location) = (answer.status(), answer.headers().get("location").cloned());
        let text = answer.text().await.expect("text");
        assert_eq!(status, 202, "{text}");
        let begun: Value = serde_json::from_str(&text).expect("JSON");
        let id = begun["id"].as_str().expect("an id").to_owned();
        assert_eq!(location.expect("a location"), format!("/api/matrix/{id}").as_str());
        Matrix { id }
    }
}
