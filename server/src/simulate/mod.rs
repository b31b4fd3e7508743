//! `evenkeel simulate`: the real engine over a scripted world, at a scale that no test machine has, so that a chain can be
//! judged before it is trusted.

mod distribution;
mod progress;
mod read;
mod report;
mod run;
mod scenario;
mod tally;
mod trouble;
mod world;

use std::io::Write;
use std::path::Path;

use crate::cli;
use crate::config::{Problem, Problems};
use report::Report;

/// Simulates, and prints the account.
///
/// # Errors
///
/// What is wrong with the scenario, or with the system.
pub fn simulate(options: &cli::Simulate) -> Result<(), Problems> {
    let path = options.scenario.display().to_string();
    let problem = |message: String| vec![Problem::error(&path, None, message)];
    let text = std::fs::read_to_string(&options.scenario)
        .map_err(|error| problem(format!("cannot be read: {error}")))?;
    let scenario = read::parse(&text)?;
    let turns = options
        .turns
        .unwrap_or_else(|| scenario.turns_of_a_period());
    let seed = options.seed.unwrap_or(1);
    let ran = progress::shown(turns, |done| run::run(scenario, turns, seed, done));
    let tally = ran.map_err(|error| problem(format!("cannot be simulated: {error}")))?;
    let name = Path::new(&options.scenario).file_name();
    let name = name.map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned());
    let report = Report {
        scenario: &name,
        seed,
        tally: &tally,
    };
    let text = if options.json {
        format!("{:#}\n", report.json())
    } else {
        report.table()
    };
    // Nobody may be reading.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}
