//! `unblink reload`, `rollback` and `recycle`: has the daemon change something, and says what came of it.

use std::path::PathBuf;

use super::args::{Asking, Recycle, Rollback};
use super::failure::Failure;
use super::{listing, output};
use crate::admin::client;
use crate::admin::status::{Change, Recycled};
use crate::base::Diagnostic;
use crate::config;
use crate::notation;
use crate::runtime;
use crate::sink::hold;

pub fn reload(asked: Asking) -> Result<(), Failure> {
    change("/api/v1/reload", asked.admin_socket, asked.json)
}

pub fn roll_back(asked: Rollback) -> Result<(), Failure> {
    let page = match asked.generation {
        Some(number) => format!("/api/v1/rollback?generation={number}"),
        None => "/api/v1/rollback".to_owned(),
    };
    change(&page, asked.asking.admin_socket, asked.asking.json)
}

pub fn recycle(asked: Recycle) -> Result<(), Failure> {
    let page = match &asked.tenant {
        // No other character is part of a name, or could mean something else in a page's address.
        Some(name) if !config::is_tenant_name(name) => {
            return Err(Failure::usage(format!("{:?} is no tenant's name", notation::harmless(name))));
        }
        Some(name) => format!("/api/v1/recycle?tenant={name}"),
        None => "/api/v1/recycle".to_owned(),
    };
    let (path, answer) =
        listing::first_answer(asked.asking.admin_socket, |path| runtime::block_on(client::post(&page, path)))?;
    if ![200, 422].contains(&answer.code) {
        return Err(listing::unexpected(&path, &answer));
    }
    if asked.asking.json {
        output::write(&answer.body)?;
    }
    let Recycled { recycled, why, pid, took_ms, stood_still_ms } = listing::understand(&answer.body)?;
    if !recycled {
        let why = why.unwrap_or_else(|| "the worker stays".to_owned());
        return Err(Failure::runtime(notation::harmless(&why)));
    }
    if !asked.asking.json {
        let pid = pid.map_or_else(String::new, |pid| format!(" is process {pid} and"));
        let text =
            format!("a fresh worker{pid} draws after {took_ms} ms; nobody drew for {stood_still_ms} ms of them\n");
        output::write(text.as_bytes())?;
    }
    Ok(())
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
