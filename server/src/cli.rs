//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A chat that keeps answering when models fail.
#[derive(Debug, Parser)]
#[command(
    name = "evenkeel",
    version,
    about,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; without any word: serve.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve, where no command is named.
    #[command(flatten)]
    pub serve: Serve,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the chat, the API and the panels.
    Serve(Serve),
    /// Check the configuration, and name every problem.
    Check(Check),
    /// Simulate turns in a scripted world, and say what became of them.
    Simulate(Simulate),
}

/// How to serve.
#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The address to listen on, instead of the configured one.
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// The folder for data [default: ./data].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Open the browser as soon as the server listens.
    #[arg(long)]
    pub open: bool,
    /// How the log is written [default: what EVENKEEL_LOG_FORMAT says, else text].
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// A line of words an event.
    Text,
    /// A JSON object an event.
    Json,
}

impl LogFormat {
    /// As it is asked for: by the flag, else by the variable.
    ///
    /// # Errors
    ///
    /// Where the variable says something else.
    pub fn asked(flag: Option<Self>, variable: Option<&str>) -> Result<Self, UnknownFormat> {
        match (flag, variable.unwrap_or_default()) {
            (Some(format), _) => Ok(format),
            (None, "" | "text") => Ok(Self::Text),
            (None, "json") => Ok(Self::Json),
            (None, _) => Err(UnknownFormat),
        }
    }
}

/// The variable says something that is no format.
#[derive(Debug, thiserror::Error)]
#[error("EVENKEEL_LOG_FORMAT: must be text or json")]
pub struct UnknownFormat;

/// What to check.
#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What to simulate.
#[derive(Clone, Debug, clap::Args)]
pub struct Simulate {
    /// The world (TOML); examples are in server/worlds.
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// How many turns [default: those of one period of the scenario].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub turns: Option<u64>,
    /// What all randomness is drawn from: the same seed, the same result [default: 1].
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}
