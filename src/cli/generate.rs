//! Completion scripts and manual pages, made from the definitions of the command line.

use std::path::Path;

use clap::{Command, CommandFactory, Subcommand};
use clap_complete::Shell;

use super::args::{Arguments, Offered};
use super::failure::Failure;
use super::output;

/// The completion script of one shell, to the standard output.
pub fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    // Of the verbs people type: clap would offer the hidden one too.
    let mut command = Offered::augment_subcommands(Command::new("unblink"));
    clap_complete::generate(shell, &mut command, "unblink", &mut script);
    output::write(&script)
}

/// One manual page a verb, and one for the whole.
pub fn man(folder: &Path) -> Result<(), Failure> {
    if !folder.is_dir() {
        return Err(Failure::runtime(format!("{} is no folder; make it first", folder.display())));
    }
    clap_mangen::generate_to(Arguments::command(), folder)
        .map_err(|error| Failure::runtime(format!("cannot write manual pages into {}: {error}", folder.display())))
}
