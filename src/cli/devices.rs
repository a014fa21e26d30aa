//! The devices of `[[terminal]]`: a thread for each, which shows a board of this very daemon on it.
//!
//! Invariant: whatever a device does, the daemon neither waits for it while it runs nor for long when it ends.

use std::sync::Arc;
use std::time::Duration;

use crate::base::limits;
use crate::client::device::{self, Setting, Surroundings};
use crate::config::TerminalSettings;
use crate::machine::supervise::{Plan, Shutdown, Spec, Strategy};
use crate::root::Orders;
use crate::runtime;
use crate::runtime::supervisor::{Fault, Supervisor};
use crate::sink::capability::Environment;
use crate::sink::device::Look;
use crate::sys::tty::ConsoleDefaults;

/// A thread for each device, which do not need each other. All of them at once may fail twice in a second, for a reason that
/// is none of theirs, and none does so oftener, by the pauses: a device that stays dark is no reason to take the others away.
const PLAN: Plan = Plan {
    pause_first: Duration::from_secs(2),
    ..Plan::new(Strategy::OneForOne).bearing(2 * limits::TERMINALS_MAX as u32, Duration::from_secs(1))
};

/// Starts them. A thread that panics is started again: its device would stay dark otherwise. All of them give their
/// devices back at once when the daemon ends.
pub fn start(terminals: Vec<TerminalSettings>, orders: Orders, top: &Supervisor) {
    if terminals.is_empty() {
        return;
    }
    let surroundings = Surroundings {
        environment: Environment::read(),
        // Before the first of them is changed.
        defaults: ConsoleDefaults::read(),
        connect: Arc::new(move |device| orders.connect(Some(device))),
    };
    let devices = top.adopt("devices", PLAN);
    for (number, terminal) in (1..).zip(terminals) {
        let surroundings = surroundings.clone();
        let spec = Spec::transient(format!("terminal-{number}")).stopped(Shutdown::Within(limits::RELEASE_DEADLINE));
        devices.thread(spec, move |line| {
            let keeping = device::keep(setting(terminal.clone()), surroundings.clone(), line.stop());
            move || {
                runtime::block_on(keeping)
                    .map_err(|error| Fault(format!("cannot start the runtime of a terminal: {error}")))
            }
        });
    }
}

fn setting(terminal: TerminalSettings) -> Setting {
    let TerminalSettings { device, board, color, glyphs, input, term } = terminal;
    Setting { path: device, look: Look { palette: color, glyphs, term }, board, input }
}
