//! `cargo xtask <command>`: everything there is to do with this repository.

mod assets;
mod bench;
mod browser;
mod css;
mod dev;
mod footprint;
mod licences;
mod page;
mod serve;
mod sh;
mod soak;
mod spdx;
mod test;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Build, run, test and measure Terrarium.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build what the browser gets (wasm, CSS, fonts) into server/assets
    Assets {
        /// Quick to build rather than small
        #[arg(long)]
        dev: bool,
    },
    /// Build everything for real use and start the server
    Serve {
        /// Passed on to `terrarium serve`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Start the server, and build and start it again on every change
    Dev {
        /// Passed on to `terrarium serve`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check and test everything, as CI does
    Test {
        /// Run these steps alone, in the usual order
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<test::Step>,
    },
    /// Measure against the budgets: wasm, footprint, lighthouse, page, or a benchmark of the server or the kit
    Bench {
        /// All of theirs when none is named
        names: Vec<String>,
        /// How long page-memory watches the page under load
        #[arg(long, default_value_t = 10)]
        minutes: u32,
    },
    /// Test the promises for long: R1, R3, R6, R7, R10, R11, R12, R18
    Soak {
        /// All of them when none is named
        promises: Vec<String>,
        /// Minutes for each test, instead of as many cases as a long run has
        #[arg(long)]
        minutes: Option<u32>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Assets { dev: false } => assets::build(wasm::Profile::Release),
        Command::Assets { dev: true } => assets::build(wasm::Profile::Dev),
        Command::Serve { args } => serve::run(&args),
        Command::Dev { args } => dev::run(&args),
        Command::Test { only } => test::run(&only),
        Command::Bench { names, minutes } => bench::run(&names, minutes),
        Command::Soak { promises, minutes } => soak::run(&promises, minutes),
    }
}
