//! One stylesheet of many partials.

use std::path::Path;

use anyhow::{Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::printer::PrinterOptions;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions};
use lightningcss::targets::{Browsers, Targets};

/// Follows the `@import`s of `entry` and gives one minified stylesheet.
pub fn bundle(entry: &Path) -> Result<String> {
    let targets = Targets::from(oldest_browsers());
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler.bundle(entry).map_err(|error| anyhow!("CSS: {error}"))?;
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).map_err(|error| anyhow!("CSS: {error}"))?;
    let printed = sheet
        .to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() })
        .map_err(|error| anyhow!("CSS: {error}"))?;
    Ok(printed.code)
}

/// The first ones with nesting; older syntax than theirs need not be written.
fn oldest_browsers() -> Browsers {
    let version = |major: u32, minor: u32| Some(major << 16 | minor << 8);
    Browsers {
        chrome: version(120, 0),
        edge: version(120, 0),
        firefox: version(117, 0),
        safari: version(17, 2),
        ios_saf: version(17, 2),
        ..Browsers::default()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    #[test]
    fn partials_become_one_sheet_in_which_asset_urls_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.css"), "@import './part.css';\n.a { .b { color: red } }").unwrap();
        fs::write(
            dir.path().join("part.css"),
            "@font-face { font-family: Mono; src: url(\"/assets/fonts/mono.woff2\") }",
        )
        .unwrap();

        let css = super::bundle(&dir.path().join("main.css")).unwrap();

        assert!(css.contains("/assets/fonts/mono.woff2"), "{css}");
        assert!(css.contains(".a .b{color:red}") || css.contains(".a{& .b{color:red}}"), "{css}");
    }
}
