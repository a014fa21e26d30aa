//! What a person types: verbs, their errors in words, exit codes.
//!
//! Invariant: every failure is a few lines on the standard error and an exit code from `failure`; a panic is one
//! line, and a pipe that nobody reads any more ends things quietly. It composes the parts, it does not do their work.

mod args;
mod attach;
mod backup;
mod bundle;
mod change;
mod check;
mod console;
mod demo;
mod devices;
mod doctor;
mod failure;
mod generate;
mod init;
mod keeper;
mod listing;
mod logging;
mod output;
mod panics;
mod places;
mod profile;
mod push;
mod reader;
mod restore;
mod serve;
mod snapshot;
mod table;
mod version;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Offered, Verb};
use failure::Failure;

use crate::runtime::log;

/// Reads the command line, does what it asks for and says how that went.
pub fn main() -> ExitCode {
    panics::install();
    // Ends by itself for help, version and wrong usage.
    let arguments = Arguments::parse();
    // A panic was told by the hook already, once the terminal was given back.
    let result = std::panic::catch_unwind(|| run(arguments.verb));
    let code = match result.unwrap_or_else(|_| Err(Failure::told())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    };
    log::flush();
    code
}

fn run(verb: Verb) -> Result<(), Failure> {
    let offered = match verb {
        Verb::Offered(offered) => offered,
        Verb::Worker(worker) => return worker::run(&worker),
        Verb::Keeper(asked) => return keeper::run(&asked),
    };
    match offered {
        Offered::Demo(demo) => demo::run(&demo),
        Offered::Init(init) => init::run(&init),
        Offered::Serve(serve) => serve::run(serve),
        Offered::Attach(attach) => attach::run(attach),
        Offered::Push(push) => push::run(push),
        Offered::Boards(asked) => listing::boards(asked),
        Offered::Status(asked) => listing::status(asked),
        Offered::Reload(asked) => change::reload(asked),
        Offered::Rollback(asked) => change::roll_back(asked),
        Offered::Recycle(asked) => change::recycle(asked),
        Offered::Profile(asked) => profile::run(asked),
        Offered::SupportBundle(asked) => bundle::run(&asked),
        Offered::Backup(asked) => backup::run(&asked),
        Offered::Restore(asked) => restore::run(&asked),
        Offered::Snapshot(snapshot) => snapshot::run(&snapshot),
        Offered::Check(check) => check::run(&check),
        Offered::Doctor(asked) => doctor::run(&asked),
        Offered::Completions(completions) => generate::completions(completions.shell),
        Offered::Man(man) => generate::man(&man.folder),
    }
}
