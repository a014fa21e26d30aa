//! `unblink attach --device`: a board of a daemon on a terminal of this machine at which nobody is logged in.
//!
//! Invariant: it runs until it is told to end, and gives the device back then; a daemon that is away and a device that is
//! gone are waited for.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::args::Attach;
use super::failure::Failure;
use super::places::{self, Door};
use crate::client::device::{self, Setting, Surroundings};
use crate::config::Level;
use crate::model::GlyphSet;
use crate::runtime::{self, log};
use crate::sink::capability::{ColorChoice, Environment};
use crate::sink::device::Look;
use crate::sys::signal::{Signal, Signals};
use crate::sys::socket;
use crate::sys::tty::ConsoleDefaults;

const OBEYED: &[Signal] = &[Signal::Terminate, Signal::Interrupt, Signal::Hangup];

pub fn run(path: PathBuf, attach: Attach) -> Result<(), Failure> {
    log::to_stderr(Level::Info.filter());
    let paths = places::sockets(Door::Attach, attach.socket).paths;
    let wishes = attach.look.wishes();
    let palette = match wishes.color {
        ColorChoice::Auto => None,
        ColorChoice::Always(palette) => Some(palette),
    };
    let look = Look { palette, glyphs: wishes.ascii_only.then_some(GlyphSet::Ascii), term: None };
    let setting = Setting { path, look, board: attach.board, input: attach.keys };
    let surroundings = Surroundings {
        environment: Environment::read(),
        // Before the device is changed.
        defaults: ConsoleDefaults::read(),
        connect: Arc::new(move |_| connect(&paths)),
    };
    runtime::block_on(keep(setting, surroundings)).and_then(|kept| kept).map_err(Failure::runtime)
}

async fn keep(setting: Setting, surroundings: Surroundings) -> io::Result<()> {
    let mut signals = Signals::listen(OBEYED)?;
    let (stop, stopped) = watch::channel(false);
    let mut keeping = std::pin::pin!(device::keep(setting, surroundings, stopped));
    loop {
        tokio::select! {
            () = &mut keeping => return Ok(()),
            _ = signals.next() => drop(stop.send(true)),
        }
    }
}

/// The first daemon that answers.
fn connect(paths: &[PathBuf]) -> io::Result<UnixStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for path in paths {
        match socket::connect(path) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = io::Error::other(format!("{}: {error}", path.display())),
        }
    }
    Err(last)
}
