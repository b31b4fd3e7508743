//! The server: configure, build, serve, drain.
//!
//! One message's way: `ws` decodes it, `turn` saves it and builds the request, the engine walks the chain, `providers`
//! turns bytes into chunks; back up through `turn`, which maps events to frames and saves them. This crate is where the
//! engine's words and the wire's meet (`translate`), and the only one that knows both. It must never decide what a
//! failure means, nor how a page looks.

// The pages' types are nested as deeply as the pages.
#![recursion_limit = "512"]

mod alerts;
mod api;
mod aside;
mod attachments;
mod attempt_log;
mod calls;
mod catalog;
mod checkpoint;
mod cli;
mod clock;
mod config;
mod discovery;
mod dry_run;
mod error;
mod guards;
mod health;
mod janitor;
mod live;
mod metrics;
mod pages;
mod principal;
mod recorder;
mod replay;
mod run;
mod security;
mod serve;
mod shared;
mod simulate;
mod telemetry;
mod translate;
mod turn;
mod visible;
mod ws;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, LogFormat, Serve};
use crate::config::{Environment, Problems, Source};
use crate::telemetry::Telemetry;

/// A turn allocates some hundred small things on one thread and frees many of them on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command {
        Some(Command::Check(check)) => check_configuration(check.config.as_deref()),
        Some(Command::Simulate(options)) => match simulate::simulate(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problems) => {
                say(&problems);
                ExitCode::FAILURE
            }
        },
        Some(Command::Serve(serve)) => start(serve),
        None => start(cli.serve),
    }
}

fn environment() -> Environment {
    // A variable that is no text can be none of ours.
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn say(problems: &Problems) {
    let mut stderr = std::io::stderr().lock();
    for problem in problems {
        // Nobody may be reading.
        let _ = writeln!(stderr, "{problem}");
    }
}

fn check_configuration(file: Option<&Path>) -> ExitCode {
    match Source::load(file, environment()).and_then(|source| source.read()) {
        Ok((config, warnings)) => {
            say(&warnings);
            match serve::loopback_only(config.listen) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error),
            }
        }
        Err(problems) => {
            say(&problems);
            ExitCode::FAILURE
        }
    }
}

fn start(options: Serve) -> ExitCode {
    let loaded = Source::load(options.config.as_deref(), environment());
    let loaded = loaded.and_then(|source| source.read().map(|read| (source, read)));
    let (source, (config, warnings)) = match loaded {
        Ok(loaded) => loaded,
        Err(problems) => {
            say(&problems);
            return ExitCode::FAILURE;
        }
    };
    say(&warnings);
    let variable = std::env::var("EVENKEEL_LOG_FORMAT").ok();
    let format = match LogFormat::asked(options.log_format, variable.as_deref()) {
        Ok(format) => format,
        Err(error) => return fail(&error),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let telemetry = match Telemetry::start(format, &config.telemetry, runtime.handle()) {
        Ok(telemetry) => telemetry,
        Err(error) => return fail(&error),
    };
    let served = runtime.block_on(serve::serve(source, config, options));
    telemetry.stop();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "error: {error}");
    ExitCode::FAILURE
}
