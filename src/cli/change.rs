//! `unblink reload` and `unblink rollback`: has the daemon change its configuration, and says what came of it.

use std::path::PathBuf;

use super::args::{Reload, Rollback};
use super::failure::Failure;
use super::{listing, output};
use crate::admin::client;
use crate::admin::status::Change;
use crate::base::Diagnostic;
use crate::notation;
use crate::runtime;
use crate::sink::hold;

pub fn reload(asked: Reload) -> Result<(), Failure> {
    change("/api/v1/reload", asked.admin_socket, asked.json)
}

pub fn roll_back(asked: Rollback) -> Result<(), Failure> {
    let page = match asked.generation {
        Some(number) => format!("/api/v1/rollback?generation={number}"),
        None => "/api/v1/rollback".to_owned(),
    };
    change(&page, asked.admin_socket, asked.json)
}

fn change(page: &str, socket: Option<PathBuf>, json: bool) -> Result<(), Failure> {
    let (path, answer) = listing::first_answer(socket, |path| runtime::block_on(client::post(page, path)))?;
    if ![200, 422].contains(&answer.code) {
        return Err(listing::unexpected(&path, &answer));
    }
    if json {
        output::write(&answer.body)?;
    }
    let change: Change = listing::understand(&answer.body)?;
    if change.accepted {
        if !json {
            let what = if change.changed { "accepted" } else { "nothing changed" };
            output::write(format!("{what}: generation {}\n", change.generation).as_bytes())?;
            change.at_restart.iter().for_each(|note| hold::say(&format!("note: {note}")));
        }
        return Ok(());
    }
    if !change.complaints.is_empty() {
        let complaints: Vec<Diagnostic> = change.complaints.into_iter().map(harmless).collect();
        return Err(Failure::configuration(&complaints));
    }
    let why = change.why.unwrap_or_else(|| "it was not accepted".to_owned());
    Err(Failure::runtime(format!("{why}; generation {} stays", change.generation)))
}

/// It comes from somewhere else: nothing in it shall act on a terminal.
fn harmless(complaint: Diagnostic) -> Diagnostic {
    let Diagnostic { file, line, column, message, remedy, excerpt } = complaint;
    let [file, message, remedy, excerpt] = [file, message, remedy, excerpt].map(|text| notation::harmless(&text));
    Diagnostic { file, line, column, message, remedy, excerpt }
}
