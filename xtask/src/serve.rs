//! Build for real use, then become the server.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::sh::{self, step};
use crate::wasm::Profile;

pub fn run(args: &[String]) -> Result<()> {
    crate::assets::build(Profile::Release)?;
    step("building the server");
    sh::run(&mut sh::cargo(&["build", "--locked", "--release", "--package=server"]))?;
    step("starting the server");
    become_it(&mut command(&sh::server_binary("release"), args))
}

/// `terrarium serve` with our defaults for what isn't given.
pub fn command(binary: &Path, args: &[String]) -> Command {
    let mut command = sh::command(binary);
    command.arg("serve");
    for (flag, default) in [("--addr", "127.0.0.1:3000"), ("--data-dir", "./data")] {
        let given = args.iter().any(|arg| arg == flag || arg.starts_with(&format!("{flag}=")));
        if !given {
            command.args([flag, default]);
        }
    }
    command.args(args.iter().skip_while(|arg| *arg == "--"));
    command
}

/// Takes our place, so that signals reach the server itself.
#[cfg(unix)]
fn become_it(server: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(server.exec().into())
}

#[cfg(not(unix))]
fn become_it(server: &mut Command) -> Result<()> {
    sh::run(server)
}
