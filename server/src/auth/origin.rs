//! Requests that another site made a browser send are refused, by where they say they come
//! from and where they think they go.

use crate::app::App;
use crate::config::PublicUrl;
use crate::error::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, StatusCode, Uri};
use std::net::IpAddr;

pub async fn check(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let public_url = app.config.public_url.as_ref();
    check_host(request.uri(), request.headers(), public_url)?;
    if !request.method().is_safe() {
        check_origin(request.headers(), public_url)?;
    }
    Ok(next.run(request).await)
}

/// DNS rebinding: a name of somebody else's that leads to this machine makes their page our
/// origin. So only names that are ours are answered; an IP address can't be rebound.
fn check_host(uri: &Uri, headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Result<(), Problem> {
    let refused = || {
        Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This server does not answer under that name. Use localhost or an IP address, or start it with --public-url.",
        )
    };
    let in_headers = headers.get_all(HOST).iter().map(|host| host.to_str().map_err(|_| refused()));
    for host in uri.authority().map(|authority| Ok(authority.as_str())).into_iter().chain(in_headers) {
        let host = host?;
        if !is_ours(host)
            && public_url.is_none_or(|url| !url.authority.eq_ignore_ascii_case(without_default_port(host, url)))
        {
            return Err(refused());
        }
    }
    Ok(())
}

/// `localhost`, a name below it, or an IP address; with or without a port.
fn is_ours(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => return rest.split(']').next().is_some_and(|ip| ip.parse::<IpAddr>().is_ok()),
        None => host.split(':').next().unwrap_or(host),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok()
}

fn without_default_port<'a>(host: &'a str, url: &PublicUrl) -> &'a str {
    host.strip_suffix(if url.https { ":443" } else { ":80" }).unwrap_or(host)
}

/// `Sec-Fetch-Site` where it is sent; else `Origin`, which must equal `Host` or the public URL.
/// With neither it is no browser, and whoever can run curl here needs no tricks.
fn check_origin(headers: &HeaderMap, public_url: Option<&PublicUrl>) -> Result<(), Problem> {
    let refused = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "This came from another site's page, which may change nothing here. Use this server's own pages, or a client that is no browser.",
        )
    };
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" || site == "none" { Ok(()) } else { Err(refused()) };
    }
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().map_err(|_| refused())?;
    let is_public = public_url.is_some_and(|url| url.origin.eq_ignore_ascii_case(origin));
    let is_host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(|host| origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host)));
    if is_public || is_host { Ok(()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect()
    }

    fn origin_is_fine(pairs: &[(&'static str, &'static str)], public_url: Option<&str>) -> bool {
        let url = public_url.map(|url| url.parse().expect("a url"));
        check_origin(&headers(pairs), url.as_ref()).is_ok()
    }

    fn host_is_fine(host: &'static str, public_url: Option<&str>) -> bool {
        let url = public_url.map(|url| url.parse().expect("a url"));
        check_host(&Uri::from_static("/"), &headers(&[("host", host)]), url.as_ref()).is_ok()
    }

    #[test]
    fn a_browser_on_our_own_page_may_change_things() {
        assert!(origin_is_fine(&[("sec-fetch-site", "same-origin"), ("host", "localhost:3000")], None));
        assert!(origin_is_fine(&[("sec-fetch-site", "none")], None));
        assert!(origin_is_fine(&[("origin", "http://10.0.0.5:3000"), ("host", "10.0.0.5:3000")], None));
        assert!(origin_is_fine(
            &[("origin", "https://t.example.org"), ("host", "127.0.0.1:3000")],
            Some("https://t.example.org")
        ));
    }

    #[test]
    fn curl_may_change_things() {
        assert!(origin_is_fine(&[("host", "localhost:3000")], None));
    }

    #[test]
    fn a_browser_on_another_page_may_not() {
        for pairs in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site"), ("origin", "http://localhost:3000"), ("host", "localhost:3000")],
            &[("sec-fetch-site", "")],
            &[("origin", "http://evil.example"), ("host", "localhost:3000")],
            &[("origin", "http://localhost:4000"), ("host", "localhost:3000")],
            &[("origin", "null"), ("host", "localhost:3000")],
            &[("origin", "http://localhost:3000")],
        ] {
            assert!(!origin_is_fine(pairs, None), "{pairs:?}");
        }
    }

    #[test]
    fn only_names_of_this_machine_and_the_public_one_are_answered() {
        for host in ["localhost:3000", "LOCALHOST", "a.localhost:3000", "127.0.0.1:3000", "[::1]:3000", "192.168.0.7"] {
            assert!(host_is_fine(host, None), "{host}");
        }
        for host in
            ["evil.example:3000", "localhost.evil.example", "127.0.0.1.nip.io:3000", "evillocalhost", "", "[evil]"]
        {
            assert!(!host_is_fine(host, None), "{host}");
        }
        assert!(host_is_fine("T.example.org", Some("https://t.example.org")));
        assert!(host_is_fine("t.example.org:443", Some("https://t.example.org")));
        assert!(!host_is_fine("u.example.org", Some("https://t.example.org")));
    }
}
