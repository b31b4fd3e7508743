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
}

/// What to check.
#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    /// The configuration file (TOML).
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}
