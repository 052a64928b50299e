//! Makes `cargo check` work before `cargo xtask assets` has ever run: the folder that the server
//! embeds must be there.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=assets");
    // Embedded, too: a new file there must be noticed.
    println!("cargo::rerun-if-changed=../playground-services");
    let manifest = Path::new("assets/manifest.json");
    if !manifest.exists() {
        fs::create_dir_all("assets")?;
        fs::write(manifest, "{\"files\": {}}\n")?;
    }
    Ok(())
}
