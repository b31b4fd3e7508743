//! What a configuration is read from, kept so that it can be read again under other live changes.

use std::cell::RefCell;
use std::path::Path;

use super::live::{self, Changes, Keys};
use super::reader::Reader;
use super::{Config, Environment, Problem, Problems, tree};

/// The file's text and the environment. It may hold secrets, and shows nothing.
pub struct Source {
    text: String,
    environment: Environment,
}

impl Source {
    /// Takes the file's text, where there is a file.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn load(file: Option<&Path>, environment: Environment) -> Result<Self, Problems> {
        let text = match file {
            None => String::new(),
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                let message = format!("cannot be read: {error}");
                vec![Problem::error(&path.display().to_string(), None, message)]
            })?,
        };
        Ok(Self { text, environment })
    }

    /// The configuration as these say it alone.
    ///
    /// # Errors
    ///
    /// All problems, if one of them is fatal. Otherwise the warnings come with the configuration.
    pub fn read(&self) -> Result<(Config, Problems), Problems> {
        self.read_under(&Changes::default(), &Keys::default())
    }

    /// The configuration under live changes, which are checked as the file is.
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    pub fn read_under(
        &self,
        changes: &Changes,
        keys: &Keys,
    ) -> Result<(Config, Problems), Problems> {
        let mut table = tree::parse(&self.text).map_err(|problem| vec![problem])?;
        let problems = RefCell::new(tree::overlay(&mut table, &self.environment));
        let extras = live::overlay(&mut table, changes, keys);
        let config = super::read(Reader::new(table, "", &problems), &self.environment, extras);
        let problems = problems.into_inner();
        if problems.iter().any(|problem| problem.fatal) {
            Err(problems)
        } else {
            Ok((config, problems))
        }
    }
}

#[cfg(test)]
impl Config {
    /// Reads a file's text and the environment.
    pub fn parse(text: &str, environment: &Environment) -> Result<(Self, Problems), Problems> {
        Source::of(text, environment).read()
    }
}

#[cfg(test)]
impl Source {
    /// A file with this text.
    pub fn of(text: &str, environment: &Environment) -> Self {
        Self {
            text: text.to_owned(),
            environment: environment.clone(),
        }
    }
}
