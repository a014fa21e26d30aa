//! `unblink demo`: root and one viewer in this process, the worker beside it; no sockets, no configuration.

use super::args::Demo;
use super::attach;
use super::failure::Failure;
use crate::client::{self, Daemon, Options};
use crate::root::{self, Launcher, Launchers, Parts};
use crate::runtime;
use crate::sink::capability::Environment;

pub fn run(demo: &Demo) -> Result<(), Failure> {
    let terminal = Environment::read().capabilities(demo.look.wishes()).map_err(Failure::runtime)?;
    let options = Options {
        board: None,
        params: Default::default(),
        theme: demo.look.theme(),
        terminal,
        inline: None,
        mouse: !demo.no_mouse,
    };
    // On the main thread: the worker lives as long as the thread that starts it.
    runtime::block_on(show(options)).map_err(Failure::runtime)?
}

async fn show(options: Options) -> Result<(), Failure> {
    let (orders, waiting) = root::orders();
    // The standard error is the very screen that is drawn on.
    let launchers = Launchers::new(Launcher::silent_process);
    let root = root::run(
        Parts { beginning: None, launchers, sockets: None, devices: 0, service: Default::default() },
        waiting,
    );
    let door = orders.clone();
    let client = client::run(options, Daemon::Here(Box::new(move || door.connect(None))));
    tokio::select! {
        ended = client => ended.map_err(|error| attach::failure(error, Vec::new())),
        // Nobody ordered it to.
        ended = root => Err(Failure::runtime(match ended {
            Ok(()) => "the daemon within ended by itself".to_owned(),
            Err(error) => error.to_string(),
        })),
    }
}
