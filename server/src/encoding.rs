//! Which compressed form of a body a client takes.

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, HeaderValue};
use std::io::Write;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// The smallest form the client takes.
    pub fn best(headers: &HeaderMap) -> Self {
        if accepts(headers, "br") {
            Self::Brotli
        } else if accepts(headers, "gzip") {
            Self::Gzip
        } else {
            Self::Identity
        }
    }

    pub fn header(self) -> Option<HeaderValue> {
        match self {
            Self::Brotli => Some(HeaderValue::from_static("br")),
            Self::Gzip => Some(HeaderValue::from_static("gzip")),
            Self::Identity => None,
        }
    }
}

/// As RFC 9110 §12.5.3, but for the order of preferences, which is ours.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let mut any = false;
    for item in headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let (name, quality) = item.split_once(';').unwrap_or((item, ""));
        let wanted = quality
            .trim()
            .strip_prefix("q=")
            .is_none_or(|quality| quality.trim().parse::<f32>().is_ok_and(|quality| quality > 0.0));
        match name.trim() {
            name if name.eq_ignore_ascii_case(coding) => return wanted,
            "*" => any = wanted,
            _ => {}
        }
    }
    any
}

/// Quick: for a page that is made for one reader.
pub fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(4));
    let packed = encoder.write_all(body).and_then(|()| encoder.finish());
    packed.expect("writing to memory can't fail").into()
}

/// Thorough: for a page that is made once.
pub fn brotli(body: &[u8]) -> Bytes {
    let params = brotli::enc::BrotliEncoderParams { quality: 9, size_hint: body.len(), ..Default::default() };
    let mut packed = Vec::with_capacity(body.len() / 4);
    brotli::BrotliCompress(&mut &body[..], &mut packed, &params).expect("writing to memory can't fail");
    packed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_form_a_client_takes_is_chosen() {
        let best = |value: &'static str| {
            Encoding::best(&HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]))
        };
        assert_eq!(best("gzip, deflate, br, zstd"), Encoding::Brotli);
        assert_eq!(best("gzip"), Encoding::Gzip);
        assert_eq!(best("br;q=0, gzip;q=0.5"), Encoding::Gzip);
        assert_eq!(best("*"), Encoding::Brotli);
        assert_eq!(best("identity, *;q=0"), Encoding::Identity);
        assert_eq!(best("deflate"), Encoding::Identity);
        assert_eq!(Encoding::best(&HeaderMap::new()), Encoding::Identity);
    }
}
