//! `unblink serve`: the daemon.

use std::path::{PathBuf, absolute};

use super::args::Serve;
use super::devices;
use super::failure::Failure;
use super::places;
use crate::config::{Asked, Inputs, Override};
use crate::root::{self, Beginning};
use crate::runtime::log;

pub fn run(serve: Serve) -> Result<(), Failure> {
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
    let places = places::own();
    let inputs = Inputs::new(&asked, places::environment, &places);
    let start = inputs.start().map_err(|complaints| Failure::configuration(&complaints))?;
    log::to_stderr(start.settings.log.level.filter());
    for strange in places::strange_variables() {
        tracing::warn!(remedy = strange.remedy, "{}: {}", strange.file, strange.message);
    }
    let terminals = start.settings.terminals.clone();
    let beginning = Beginning::decide(start, inputs, &places.state);
    root::serve(beginning, &places, |orders, top| devices::start(terminals, orders, top)).map_err(Failure::runtime)
}
