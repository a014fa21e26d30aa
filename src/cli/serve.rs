//! `unblink serve`: the daemon.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf, absolute};

use super::args::Serve;
use super::devices;
use super::failure::Failure;
use super::logging;
use super::places;
use crate::base::limits;
use crate::config::{Asked, Inputs, Override, generations};
use crate::root::{self, Beginning, Service};
use crate::sys::clock;
use crate::sys::folder_lock::{Held, HoldError};
use crate::sys::handed::{self, Handed};

pub fn run(serve: Serve) -> Result<(), Failure> {
    let begun = clock::mono();
    // Before anything else opens or closes descriptors.
    let handed = handed::take(places::environment);
    // One that could not start keeps what it was handed until it ends.
    let ended = keep(serve, handed);
    ended.map_err(|failure| {
        let failure = failure.report_now();
        Service::put_off(places::environment, begun);
        failure
    })
}

fn keep(serve: Serve, handed: Vec<Handed>) -> Result<(), Failure> {
    // Said in a shell, a path counts from where that shell is; the daemon wants it whole.
    let path = |path: Option<PathBuf>| path.map(|path| absolute(&path).unwrap_or(path).display().to_string());
    let said = [
        ("--socket", "attach", "socket", path(serve.socket)),
        ("--admin-socket", "admin", "socket", path(serve.admin_socket)),
        ("--log", "log", "level", serve.log),
    ];
    let flags = said.into_iter().filter_map(|(flag, section, key, value)| {
        let value = value?;
        Some(Override { flag, section, key, value })
    });
    let asked = Asked { config: serve.config, flags: flags.collect() };
    let places = if serve.system { places::of_the_system() } else { places::own() };
    // Before anything is read, and until the end of this process: nothing is restored meanwhile.
    let _held = hold(&places.state)?;
    let inputs = Inputs::new(&asked, places::environment, &places);
    let start = inputs.start().map_err(|complaints| Failure::configuration(&complaints))?;
    logging::start(&start.settings.log, places.logs.as_deref());
    for strange in places::strange_variables() {
        tracing::warn!(remedy = strange.remedy, "{}: {}", strange.file, strange.message);
    }
    let managed = Service::of(handed, places::environment).map_err(Failure::runtime)?;
    managed.0.begin_with(&generations::folder(&places.state, "histories", inputs.unusual()));
    let terminals = start.settings.terminals.clone();
    let beginning = Beginning::decide(start, inputs, &places.state);
    root::serve(beginning, &places, managed, |orders, top| devices::start(terminals, orders, top))
        .map_err(Failure::runtime)
}

/// Holds the state folder together with other daemons, which keep apart what each has there.
fn hold(state: &Path) -> Result<Option<Held>, Failure> {
    // Where it cannot be made or held nothing can be restored either: screens are drawn as ever.
    if DirBuilder::new().recursive(true).mode(0o700).create(state).is_err() {
        return Ok(None);
    }
    match Held::together(state, limits::RESTORE_AWAITED_MAX) {
        Ok(held) => Ok(Some(held)),
        Err(HoldError::Io(_)) => Ok(None),
        Err(HoldError::Busy) => Err(Failure::runtime(format!(
            "something is being restored into {}, by `unblink restore`; start the daemon again when it is done",
            state.display()
        ))),
    }
}
