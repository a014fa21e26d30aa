//! `unblink serve`: the daemon.

use tracing_subscriber::filter::LevelFilter;

use super::args::Serve;
use super::failure::Failure;
use super::places;
use crate::config::{self, Asked, Level, Override};
use crate::root;
use crate::runtime::log;

pub fn run(serve: Serve) -> Result<(), Failure> {
    let path = |path: Option<std::path::PathBuf>| path.map(|path| path.display().to_string());
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
    let loaded =
        config::load(&asked, places::environment, &places).map_err(|complaints| Failure::configuration(&complaints))?;
    log::to_stderr(filter(loaded.settings.log.level));
    root::serve(loaded, &places).map_err(Failure::runtime)
}

pub fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
