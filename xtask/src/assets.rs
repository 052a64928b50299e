//! What the browser gets: hashed, compressed, listed in server/assets/manifest.json, and from
//! there embedded in the server.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::sh::{self, step};
use crate::wasm::Profile;
use crate::{css, wasm};

/// Files by the name the source knows them by, such as `fonts/mono.woff2`.
type Files = BTreeMap<String, Vec<u8>>;

pub fn build(profile: Profile) -> Result<()> {
    let glue = wasm::build(profile)?;

    let mut plain = Files::new();
    let mut referring = Files::new();
    collect(&sh::root().join("frontend/public"), "", &mut plain)?;
    collect(&glue, "", &mut referring)?;
    referring.remove("stamp");
    // Scripts of pages name the one that they share.
    referring
        .extend(plain.extract_if(.., |name, body| {
            name.ends_with(".js") && String::from_utf8_lossy(body).contains(" from \"./")
        }));
    // Snippets are named by the glue, as fonts are by the stylesheet, so they come first.
    let snippets: Vec<String> = referring.keys().filter(|name| name.starts_with("snippets/")).cloned().collect();
    for name in snippets {
        plain.extend(referring.remove_entry(&name));
    }
    let style = sh::root().join("style/main.css");
    if style.is_file() {
        referring.insert("main.css".into(), css::bundle(&style)?.into_bytes());
    } else {
        step("no style/main.css: the pages stay without a stylesheet");
    }

    let hashed: BTreeMap<&str, String> =
        plain.iter().map(|(name, body)| (name.as_str(), hashed_name(name, body))).collect();
    for (name, body) in &mut referring {
        if matches!(media_type(name)?, "text/css" | "text/javascript") {
            *body = point_at_hashed(body, &hashed).with_context(|| format!("{name} is not UTF-8"))?;
        }
    }
    plain.append(&mut referring);
    publish(&plain, profile)
}

fn collect(dir: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    if !dir.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(dir).with_context(|| format!("can't list {}", dir.display()))? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files)?;
        } else {
            let body = fs::read(entry.path()).with_context(|| format!("can't read {}", entry.path().display()))?;
            files.insert(name, body);
        }
    }
    Ok(())
}

/// `/assets/fonts/mono.woff2` and `./snippets/a.js` become their hashed selves.
fn point_at_hashed(text: &[u8], hashed: &BTreeMap<&str, String>) -> Result<Vec<u8>> {
    let mut text = String::from_utf8(text.to_vec())?;
    // Backwards, so that a name comes before any that it begins with.
    for (name, path) in hashed.iter().rev() {
        text = text.replace(&format!("/assets/{name}"), &format!("/assets/{path}"));
        text = text.replace(&format!("./{name}"), &format!("./{path}"));
    }
    Ok(text.into_bytes())
}

/// Writes what changed, the manifest last, and removes what is no longer named by it.
fn publish(files: &Files, profile: Profile) -> Result<()> {
    let dir = sh::root().join("server/assets");
    fs::create_dir_all(&dir).context("can't create server/assets")?;
    let brotli_quality = match profile {
        Profile::Release => 11,
        Profile::Dev => 4,
    };
    let good_enough = last_brotli_quality(&dir) >= brotli_quality;

    step(format!("hashing and compressing {} files into server/assets", files.len()));
    let mut kept = BTreeSet::from([PathBuf::from("manifest.json")]);
    let mut listed = serde_json::Map::new();
    for (name, body) in files {
        let path = hashed_name(name, body);
        let media_type = media_type(name)?;
        write_if_changed(&dir.join(&path), body)?;
        kept.insert(PathBuf::from(&path));
        let mut encodings = Vec::new();
        if is_compressible(media_type) {
            let (br, gz) = (format!("{path}.br"), format!("{path}.gz"));
            if !(good_enough && dir.join(&br).is_file() && dir.join(&gz).is_file()) {
                write_if_changed(&dir.join(&br), &brotli(body, brotli_quality)?)?;
                write_if_changed(&dir.join(&gz), &gzip(body)?)?;
            }
            kept.extend([PathBuf::from(br), PathBuf::from(gz)]);
            encodings = vec!["br", "gzip"];
        }
        let etag = format!("\"{}\"", short_hash(body));
        listed.insert(name.clone(), json!({"path": path, "type": media_type, "etag": etag, "encodings": encodings}));
    }
    let manifest = json!({"brotli_quality": brotli_quality, "files": listed});
    write_if_changed(&dir.join("manifest.json"), format!("{manifest:#}\n").as_bytes())?;
    remove_others(&dir, &dir, &kept)
}

fn last_brotli_quality(dir: &Path) -> i64 {
    fs::read(dir.join("manifest.json"))
        .ok()
        .and_then(|text| serde_json::from_slice::<Value>(&text).ok())
        .and_then(|manifest| manifest["brotli_quality"].as_i64())
        .unwrap_or(0)
}

/// `fonts/mono.woff2` -> `fonts/mono.0123456789ab.woff2`
fn hashed_name(name: &str, body: &[u8]) -> String {
    let hash = short_hash(body);
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{name}.{hash}"),
    }
}

fn short_hash(body: &[u8]) -> String {
    format!("{:x}", Sha256::digest(body))[..12].to_string()
}

fn media_type(name: &str) -> Result<&'static str> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    Ok(match extension {
        "js" | "mjs" => "text/javascript",
        "css" => "text/css",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" | "md" | "" => "text/plain",
        "woff2" => "font/woff2",
        "png" => "image/png",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        other => bail!("{name}: xtask/src/assets.rs names no media type for .{other}"),
    })
}

fn is_compressible(media_type: &str) -> bool {
    let packed_already = ["font/woff2", "image/png", "image/webp"];
    !packed_already.contains(&media_type)
}

fn brotli(body: &[u8], quality: i64) -> Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: quality as i32,
        lgwin: 22,
        size_hint: body.len(),
        ..Default::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &body[..], &mut packed, &params).context("brotli failed")?;
    Ok(packed)
}

fn gzip(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body)?;
    encoder.finish().context("gzip failed")
}

/// What stays the same keeps its time, so that cargo doesn't build the server again.
fn write_if_changed(path: &Path, body: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == body) {
        return Ok(());
    }
    let dir = path.parent().expect("an asset lies in a folder");
    fs::create_dir_all(dir).with_context(|| format!("can't create {}", dir.display()))?;
    let mut file = tempfile::NamedTempFile::new_in(dir).with_context(|| format!("can't write in {}", dir.display()))?;
    file.write_all(body)?;
    file.persist(path).with_context(|| format!("can't write {}", path.display()))?;
    Ok(())
}

fn remove_others(dir: &Path, assets: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("can't list {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, assets, kept)?;
        } else if path.strip_prefix(assets).is_ok_and(|name| !kept.contains(name)) {
            fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_pointed_at_the_hashed_file_even_if_a_longer_name_begins_with_it() {
        let hashed = BTreeMap::from([("a.js", "a.1.js".to_string()), ("a.js.map", "a.2.map".to_string())]);
        let text = point_at_hashed(b"/assets/a.js /assets/a.js.map ./a.js", &hashed).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "/assets/a.1.js /assets/a.2.map ./a.1.js");
    }

    #[test]
    fn the_hash_goes_before_the_extension() {
        assert_eq!(hashed_name("fonts/x.woff2", b""), "fonts/x.e3b0c44298fc.woff2");
    }
}
