//! The devices of `[[terminal]]`: a thread for each, which shows a board of this very daemon on it.
//!
//! Invariant: whatever a device does, the daemon neither waits for it while it runs nor for long when it ends.

use std::io;
use std::sync::Arc;
use std::sync::mpsc;

use tokio::sync::watch;

use crate::base::limits;
use crate::client::device::{self, Setting, Surroundings};
use crate::config::TerminalSettings;
use crate::root::Orders;
use crate::runtime;
use crate::sink::capability::Environment;
use crate::sink::device::Look;
use crate::sys::tty::ConsoleDefaults;

/// The running threads. Dropping this gives the devices back.
#[derive(Debug)]
pub struct Devices {
    stop: watch::Sender<bool>,
    /// Closed once all threads have ended.
    ended: mpsc::Receiver<()>,
}

// === impl Devices ===

impl Devices {
    pub fn start(terminals: Vec<TerminalSettings>, orders: &Orders) -> io::Result<Devices> {
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel();
        let orders = orders.clone();
        let surroundings = Surroundings {
            environment: Environment::read(),
            // Before the first of them is changed.
            defaults: ConsoleDefaults::read(),
            connect: Arc::new(move |device| orders.connect(Some(device))),
        };
        for (number, terminal) in (1..).zip(terminals) {
            let (surroundings, stopped, alive) = (surroundings.clone(), stopped.clone(), alive.clone());
            runtime::spawn_thread(&format!("terminal-{number}"), move || {
                let _alive = alive;
                if let Err(error) = runtime::block_on(device::keep(setting(terminal), surroundings, stopped)) {
                    tracing::error!(%error, "cannot start the runtime of a terminal");
                }
            })?;
        }
        Ok(Devices { stop, ended })
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        // Without a receiver all have ended.
        let _ = self.stop.send(true);
        // Nothing is ever sent: it ends with the last thread, or too late.
        let _ = self.ended.recv_timeout(limits::RELEASE_DEADLINE);
    }
}

fn setting(terminal: TerminalSettings) -> Setting {
    let TerminalSettings { device, board, color, glyphs, input, term } = terminal;
    Setting { path: device, look: Look { palette: color, glyphs, term }, board, input }
}
