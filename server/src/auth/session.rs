//! The cookie that makes a browser, or a script, somebody.

use super::Actor;
use crate::app::App;
use crate::config::Config;
use crate::error::Problem;
use crate::ids::{SessionId, Token};
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::request::Parts;

/// As long as browsers keep any cookie, in seconds: 400 days.
const MAX_AGE: u32 = 400 * 24 * 3600;

/// Who sent these headers. A cookie the server does not know makes nobody.
pub async fn actor(app: &App, headers: &HeaderMap) -> Result<Actor, Problem> {
    match read_cookie(headers, name(&app.config)) {
        Some(session) if app.store.session_exists(&session).await? => Ok(Actor::Learner(session)),
        _ => Ok(Actor::Anonymous),
    }
}

/// `Set-Cookie` for a new session.
pub fn set_cookie(config: &Config, token: &Token) -> Result<HeaderValue, Problem> {
    let secure = if config.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}={token}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{secure}", name(config));
    let mut value = HeaderValue::from_str(&cookie).map_err(Problem::internal)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whoever asks, and becomes a learner by what they ask.
pub struct Visitor(Actor);

/// The session that a visitor was given, if they had none.
pub struct Guest(Option<Token>);

impl Visitor {
    pub fn actor(&self) -> Actor {
        self.0
    }

    /// Their session; a new one, where they had none.
    pub async fn learner(&self, app: &App) -> Result<(SessionId, Guest), Problem> {
        if let Some(session) = self.0.session() {
            return Ok((session, Guest(None)));
        }
        let token = app.store.create_session().await?;
        Ok((token.session(), Guest(Some(token))))
    }
}

impl Guest {
    /// The answer, with the cookie of a new session.
    pub fn welcome(self, app: &App, mut response: Response) -> Result<Response, Problem> {
        if let Some(token) = self.0 {
            response.headers_mut().insert(SET_COOKIE, set_cookie(&app.config, &token)?);
        }
        Ok(response)
    }

    /// Takes back a new session that came to nothing.
    pub async fn forget(self, app: &App) -> Result<(), Problem> {
        if let Some(token) = self.0 {
            app.store.delete_session(&token.session()).await?;
        }
        Ok(())
    }
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Actor::from_request_parts(parts, app).await.map(Self)
    }
}

/// With TLS the prefix makes browsers refuse the cookie from any other host or path.
fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-terrarium_session" } else { "terrarium_session" }
}

fn read_cookie(headers: &HeaderMap, name: &str) -> Option<SessionId> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, token)| token.parse::<Token>().ok())
        .map(|token| token.session())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> Config {
        Config::from_args(args.iter().copied()).expect("valid")
    }

    #[test]
    fn a_cookie_that_was_set_is_read_back() {
        for args in [&[][..], &["--public-url", "https://t.example.org"]] {
            let config = config(args);
            let token = Token::random();
            let set = set_cookie(&config, &token).expect("a header");
            let pair = set.to_str().expect("text").split(';').next().expect("a pair").to_string();
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(&format!("theme=dark; {pair}")).expect("a header"));
            assert_eq!(read_cookie(&headers, name(&config)), Some(token.session()));
        }
    }

    #[test]
    fn scripts_never_see_it_and_other_sites_never_send_it() {
        let plain = set_cookie(&config(&[]), &Token::random()).expect("a header");
        let plain = plain.to_str().expect("text");
        assert!(plain.starts_with("terrarium_session=") && plain.contains("; Path=/;"));
        assert!(plain.contains("; HttpOnly") && plain.contains("; SameSite=Lax") && !plain.contains("Secure"));
        let tls = set_cookie(&config(&["--public-url", "https://t.example.org"]), &Token::random()).expect("a header");
        let tls = tls.to_str().expect("text");
        assert!(tls.starts_with("__Host-terrarium_session=") && tls.ends_with("; Secure") && !tls.contains("Domain"));
    }

    #[test]
    fn what_is_no_token_is_nobody() {
        for cookie in ["", "terrarium_session=", "terrarium_session=abc", "x=1; y", "terrarium_session"] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_str(cookie).expect("a header"));
            assert_eq!(read_cookie(&headers, "terrarium_session"), None, "{cookie}");
        }
    }
}
