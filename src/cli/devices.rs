//! The devices of `[[terminal]]`: a thread for each, which shows a board of this very daemon on it.
//!
//! Invariant: whatever a device does, the daemon neither waits for it while it runs nor for long when it ends.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::limits;
use crate::client::device::{self, Setting, Surroundings};
use crate::config::TerminalSettings;
use crate::machine::supervise::{Plan, Spec, Strategy};
use crate::root::Orders;
use crate::runtime;
use crate::runtime::supervisor::{Fault, Supervisor};
use crate::sink::capability::Environment;
use crate::sink::device::Look;
use crate::sys::tty::ConsoleDefaults;

/// A thread for each device, which do not need each other. All of them at once may fail twice, for a reason that is none of
/// theirs: a device that stays dark is no reason to take the others away.
const PLAN: Plan = Plan {
    pause_first: Duration::from_secs(1),
    ..Plan::new(Strategy::OneForOne).bearing(2 * limits::TERMINALS_MAX as u32, Duration::from_secs(1))
};

/// The running threads. Dropping this gives the devices back.
#[derive(Debug)]
pub struct Devices {
    stop: watch::Sender<bool>,
    /// Each thread has one as well.
    alive: Option<Arc<mpsc::Sender<()>>>,
    /// Closed once all threads have ended.
    ended: mpsc::Receiver<()>,
}

// === impl Devices ===

impl Devices {
    /// A thread that panics is started again: its device would stay dark otherwise.
    pub fn start(terminals: Vec<TerminalSettings>, orders: &Orders, top: &Supervisor) -> io::Result<Devices> {
        let (stop, stopped) = watch::channel(false);
        let (alive, ended) = mpsc::channel();
        let alive = Arc::new(alive);
        let orders = orders.clone();
        let surroundings = Surroundings {
            environment: Environment::read(),
            // Before the first of them is changed.
            defaults: ConsoleDefaults::read(),
            connect: Arc::new(move |device| orders.connect(Some(device))),
        };
        let counted = Arc::downgrade(&alive);
        if !terminals.is_empty() {
            top.supervisor("devices", PLAN, move |devices| {
                for (number, terminal) in (1..).zip(&terminals) {
                    let (terminal, counted) = (terminal.clone(), Weak::clone(&counted));
                    let (surroundings, stopped) = (surroundings.clone(), stopped.clone());
                    devices.thread(Spec::transient(format!("terminal-{number}")), move |_| {
                        let alive = counted.upgrade();
                        let keeping = device::keep(setting(terminal.clone()), surroundings.clone(), stopped.clone());
                        move || {
                            let _alive = alive;
                            runtime::block_on(keeping)
                                .map_err(|error| Fault(format!("cannot start the runtime of a terminal: {error}")))
                        }
                    });
                }
            });
        }
        Ok(Devices { stop, alive: Some(alive), ended })
    }
}

impl Drop for Devices {
    fn drop(&mut self) {
        // Without a receiver all have ended.
        let _ = self.stop.send(true);
        self.alive = None;
        // Nothing is ever sent: it ends with the last thread, or too late.
        let _ = self.ended.recv_timeout(limits::RELEASE_DEADLINE);
    }
}

fn setting(terminal: TerminalSettings) -> Setting {
    let TerminalSettings { device, board, color, glyphs, input, term } = terminal;
    Setting { path: device, look: Look { palette: color, glyphs, term }, board, input }
}
