//! The cookie that makes a browser, or a script, somebody.

use super::Actor;
use crate::app::App;
use crate::config::Config;
use crate::error::Problem;
use crate::ids::{SessionId, Token};
use http::HeaderMap;
use http::header::{COOKIE, HeaderValue};

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
