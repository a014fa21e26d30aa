//! Signals as values in the order they are noticed.
//!
//! Equal signals that come before they are read are one. The handler only sets a flag and writes a byte to a pipe that
//! the runtime polls: no thread waits, nothing is queued, so no storm of signals can grow anything.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;

use signal_hook::consts;
use signal_hook::iterator::backend::SignalDelivery;
use signal_hook::iterator::exfiltrator::SignalOnly;
use signal_hook::low_level::emulate_default_handler;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::fd::watch;

/// A signal this program may listen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// TERM: drain and stop.
    Terminate,
    /// INT: Ctrl-C, where the terminal is not raw.
    Interrupt,
    /// QUIT: Ctrl-\, where the terminal is not raw.
    Quit,
    /// HUP: reload, or the terminal is gone.
    Hangup,
    User1,
    User2,
    /// WINCH: the terminal's size changed.
    WindowChange,
    /// CONT: running again after a stop; somebody else may have drawn on the terminal.
    Continue,
    /// TSTP: Ctrl-Z, where the terminal is not raw.
    Suspend,
    /// ALRM
    Alarm,
    /// VTALRM
    VirtualAlarm,
    /// PROF
    ProfilingAlarm,
    /// IO
    Pollable,
    /// XCPU: the soft limit of processor time is used up.
    ProcessorTime,
    /// XFSZ: a file would become larger than it may.
    FileSize,
}

/// The signals asked for, as they come.
#[derive(Debug)]
pub struct Signals {
    delivery: SignalDelivery<UnixStream, SignalOnly>,
    pipe: AsyncFd<UnixStream>,
    noticed: VecDeque<Signal>,
}

/// Stops this process as an unheard TSTP would; returns once it was let go on.
pub fn stop() -> io::Result<()> {
    emulate_default_handler(consts::SIGTSTP)
}

// === impl Signal ===

impl Signal {
    /// All that can be listened for.
    pub const ALL: [Signal; 15] = [
        Signal::Terminate,
        Signal::Interrupt,
        Signal::Quit,
        Signal::Hangup,
        Signal::User1,
        Signal::User2,
        Signal::WindowChange,
        Signal::Continue,
        Signal::Suspend,
        Signal::Alarm,
        Signal::VirtualAlarm,
        Signal::ProfilingAlarm,
        Signal::Pollable,
        Signal::ProcessorTime,
        Signal::FileSize,
    ];

    /// The number of this signal.
    pub fn number(self) -> i32 {
        match self {
            Signal::Terminate => consts::SIGTERM,
            Signal::Interrupt => consts::SIGINT,
            Signal::Quit => consts::SIGQUIT,
            Signal::Hangup => consts::SIGHUP,
            Signal::User1 => consts::SIGUSR1,
            Signal::User2 => consts::SIGUSR2,
            Signal::WindowChange => consts::SIGWINCH,
            Signal::Continue => consts::SIGCONT,
            Signal::Suspend => consts::SIGTSTP,
            Signal::Alarm => consts::SIGALRM,
            Signal::VirtualAlarm => consts::SIGVTALRM,
            Signal::ProfilingAlarm => consts::SIGPROF,
            Signal::Pollable => consts::SIGIO,
            Signal::ProcessorTime => consts::SIGXCPU,
            Signal::FileSize => consts::SIGXFSZ,
        }
    }

    fn from_number(number: i32) -> Option<Signal> {
        Signal::ALL.into_iter().find(|signal| signal.number() == number)
    }
}

// === impl Signals ===

impl Signals {
    /// Takes these signals over from now on, for the whole process. Needs a running runtime.
    pub fn listen(wanted: &[Signal]) -> io::Result<Signals> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let pipe = watch(read.try_clone()?, Interest::READABLE)?;
        let numbers: Vec<i32> = wanted.iter().map(|signal| signal.number()).collect();
        let delivery = SignalDelivery::with_pipe(read, write, SignalOnly, numbers)?;
        Ok(Signals { delivery, pipe, noticed: VecDeque::new() })
    }

    /// The next signal. Safe to drop and call again: nothing noticed is lost.
    pub async fn next(&mut self) -> Signal {
        loop {
            if let Some(signal) = self.noticed.pop_front() {
                return signal;
            }
            match self.pipe.readable().await {
                // Cleared before the pipe is emptied: a signal that comes in between wakes us once more.
                Ok(mut guard) => guard.clear_ready(),
                // The runtime shuts down: no signal will come through it any more.
                Err(_) => std::future::pending().await,
            }
            self.noticed.extend(self.delivery.pending().filter_map(Signal::from_number));
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.delivery.handle().close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn equal_signals_are_one_and_different_ones_all_come() {
        let mut signals = Signals::listen(&[Signal::User1, Signal::Continue]).unwrap();
        for _ in 0..3 {
            signal_hook::low_level::raise(consts::SIGUSR1).unwrap();
        }
        signal_hook::low_level::raise(consts::SIGCONT).unwrap();
        let mut got = [signals.next().await, signals.next().await];
        got.sort();
        assert_eq!(got, [Signal::User1, Signal::Continue]);
        let more = tokio::time::timeout(std::time::Duration::from_millis(1), signals.next()).await;
        assert!(more.is_err(), "an equal signal came twice: {more:?}");
        signal_hook::low_level::raise(consts::SIGUSR1).unwrap();
        assert_eq!(signals.next().await, Signal::User1);
    }
}
