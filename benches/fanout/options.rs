//! What whoever runs this may choose.

use std::path::PathBuf;

pub const USAGE: &str = "usage: fanout [--viewers N] [--rounds N] [--seconds N] [--only WORDS] [--json FILE]";

pub struct Options {
    /// Of the usual cell; others have a fifth or twice as many.
    pub viewers: usize,
    pub rounds: usize,
    /// Of each cell, after a second to get warm.
    pub seconds: u64,
    /// Only rows that have one of these in their name, separated by `|`.
    pub only: Option<String>,
    pub json: Option<PathBuf>,
}

// === impl Options ===

impl Options {
    /// None where something is not understood.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Option<Options> {
        let mut options = Options { viewers: 500, rounds: 5, seconds: 4, only: None, json: None };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // Cargo tells every bench that it is one.
                "--bench" => {}
                "--viewers" => options.viewers = arguments.next()?.parse().ok().filter(|viewers| *viewers >= 10)?,
                "--rounds" => options.rounds = arguments.next()?.parse().ok().filter(|rounds| *rounds > 0)?,
                "--seconds" => options.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0)?,
                "--only" => options.only = Some(arguments.next()?).filter(|only| !only.is_empty()),
                "--json" => options.json = Some(PathBuf::from(arguments.next()?)),
                _ => return None,
            }
        }
        Some(options)
    }

    pub fn wants(&self, row: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.split('|').any(|word| row.contains(word)))
    }
}
