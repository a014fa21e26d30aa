//! Completion scripts and manual pages, made from the definitions of the command line.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Arguments;
use super::failure::Failure;
use super::output;

/// The completion script of one shell, to the standard output.
pub fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "unblink", &mut script);
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
