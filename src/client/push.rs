//! `unblink push`: lines of samples to a daemon, through every loss of it.
//!
//! Invariant: what was read and not answered is held, a few chunks of it, and sent again until it is answered; nothing
//! more is read meanwhile, so whoever writes to us feels it. Decides nothing itself: `machine::reconnect` says when to
//! connect, `machine::window` what to send and what again, `machine::cutter` where chunks end.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::connection::parting;
use super::connection::{Broken, Connection};
use super::daemon::{Attempted, Attempting};
use super::{ClientError, Daemon, hear, if_some};
use crate::base::{BUILD_ID, Mono, limits};
use crate::label::Label;
use crate::machine::cutter::{Caps, Cutter};
use crate::machine::reconnect::{Action, End, Event, Loss, Reconnect};
use crate::machine::window::{Unasked, Window};
use crate::runtime::timer;
use crate::sys::signal::{Signal, Signals};
use crate::sys::{clock, random};
use crate::wire::attach::{Chunk, PushHello, PushTaken, ToClient, ToRoot, VERSION};

/// What to push to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Empty for the daemon's first.
    pub tenant: String,
    /// How long a daemon is waited for; none for ever, once one has answered.
    pub patience: Option<Duration>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub accepted: u64,
    pub rejected: u64,
    /// Lines that were read and not answered.
    pub unanswered: u64,
    /// Lines that a worker had when it ended, and that were sent again.
    pub again: u64,
    /// The first of the rejected lines, by their number in all that was read, and why.
    pub faults: Vec<(u64, String)>,
}

/// Something to tell while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The daemon takes nothing for the time being, and why.
    Waiting(String),
    /// It takes samples again.
    Back,
    /// A line was rejected while more may come.
    Rejected { line: u64, why: String },
}

/// What is read, piece by piece; closed at its end.
pub type Input = mpsc::Receiver<io::Result<Vec<u8>>>;

/// How it came to an end.
#[derive(Debug)]
pub enum Ending {
    /// All that was read is answered, and there is no more.
    Done,
    Signal(Signal),
    /// Nobody took it within the time there was, and why.
    TimeUp(String),
    /// The input cannot be read.
    Unreadable(io::Error),
    Failed(ClientError),
}

/// Rejected lines that are remembered.
pub const FAULTS_KEPT_MAX: usize = 100;
/// Between two attempts to reach a daemon that was never there.
const PAUSE: Duration = Duration::from_millis(200);

struct Pusher<'n> {
    options: Options,
    daemon: Daemon,
    machine: Reconnect,
    jitter: random::Jitter,
    window: Window,
    cutter: Cutter,
    input: Option<Input>,
    attempting: Option<Attempting>,
    connection: Option<Connection>,
    /// A daemon that is waited for in vain is given up then.
    deadline: Option<Mono>,
    /// No daemon was there; it is looked for again then.
    again_at: Option<Mono>,
    /// Somebody was told that nothing is taken.
    waits: bool,
    /// Why nothing is taken.
    why: String,
    report: Report,
    ending: Option<Ending>,
    tell: &'n mut dyn FnMut(Note),
}

enum Happening {
    Signal(Signal),
    Read(Option<io::Result<Vec<u8>>>),
    Attempted(Attempted),
    Heard(Result<Option<ToClient>, Broken>),
    Time,
}

/// Pushes all of `input`. Needs a running runtime.
pub async fn run(options: Options, daemon: Daemon, input: Input, tell: &mut dyn FnMut(Note)) -> (Report, Ending) {
    // Not HUP: who runs us under nohup wants it ignored.
    let signals = match Signals::listen(&[Signal::Interrupt, Signal::Terminate]) {
        Ok(signals) => signals,
        Err(error) => return (Report::default(), Ending::Failed(ClientError::Signals(error))),
    };
    let now = clock::mono();
    let (machine, first) = Reconnect::new(now);
    let caps = Caps {
        bytes: limits::PUSH_CHUNK_BYTES_MAX,
        lines: limits::PUSH_LINES_MAX,
        line_bytes: limits::SOURCE_LINE_BYTES_MAX,
    };
    let mut pusher = Pusher {
        deadline: options.patience.map(|patience| now + patience),
        options,
        daemon,
        machine,
        jitter: random::Jitter::new(),
        window: Window::default(),
        cutter: Cutter::new(caps),
        input: Some(input),
        attempting: None,
        connection: None,
        again_at: None,
        waits: false,
        why: String::new(),
        report: Report::default(),
        ending: None,
        tell,
    };
    pusher.act(first);
    let ending = pusher.turn(signals).await;
    pusher.report.unanswered = pusher.window.lines();
    (pusher.report, ending)
}

// === impl Pusher ===

impl Pusher<'_> {
    async fn turn(&mut self, mut signals: Signals) -> Ending {
        loop {
            self.fill();
            self.send();
            if self.cutter.is_done() && self.window.is_empty() {
                self.ending = Some(Ending::Done);
            }
            if let Some(ending) = self.ending.take() {
                self.leave();
                return ending;
            }
            match self.next(&mut signals).await {
                Happening::Signal(signal) => self.ending = Some(Ending::Signal(signal)),
                Happening::Read(None) => {
                    self.input = None;
                    self.cutter.end();
                }
                Happening::Read(Some(Ok(bytes))) => self.cutter.feed(&bytes),
                Happening::Read(Some(Err(error))) => self.ending = Some(Ending::Unreadable(error)),
                Happening::Attempted(attempted) => self.attempted(attempted),
                Happening::Heard(Ok(message)) => {
                    self.step(Event::Heard);
                    if let Some(message) = message {
                        self.heard(message);
                    }
                }
                Happening::Heard(Err(broken)) => self.lost(&broken),
                Happening::Time => self.time(),
            }
        }
    }

    async fn next(&mut self, signals: &mut Signals) -> Happening {
        let now = clock::mono();
        let times = [self.machine.wake_at(now), self.window.wake_at(), self.again_at, self.deadline];
        let wake = times.into_iter().flatten().min();
        let hungry = self.cutter.is_hungry();
        tokio::select! {
            biased;
            signal = signals.next() => Happening::Signal(signal),
            attempted = if_some(self.attempting.as_mut()) => Happening::Attempted(attempted),
            heard = hear(self.connection.as_mut(), true) => Happening::Heard(heard),
            read = read(self.input.as_mut()), if hungry => Happening::Read(read),
            () = timer::sleep_until_some(wake) => Happening::Time,
        }
    }

    /// Cuts what was read into chunks, as many as there is room for. What is whole goes at once, however little it is.
    fn fill(&mut self) {
        while self.window.has_room() {
            let Some(chunk) = self.cutter.take_chunk() else { break };
            self.window.push(chunk);
        }
        for line in self.cutter.take_too_long() {
            self.reject(line, &format!("the line is longer than {} bytes", limits::SOURCE_LINE_BYTES_MAX));
            self.report.rejected += 1;
        }
    }

    fn send(&mut self) {
        let Some(connection) = self.connection.as_mut().filter(|_| self.machine.is_welcome()) else { return };
        while let Some((number, chunk)) = self.window.next(clock::mono()) {
            let lines = Bytes::copy_from_slice(&chunk.bytes);
            if !connection.send(&ToRoot::Chunk(Chunk { number, lines })) {
                return;
            }
            self.window.sent();
            connection.flush_now();
        }
    }

    fn reject(&mut self, line: u64, why: &str) {
        let why = Label::plain(why).to_string();
        if self.report.faults.len() < FAULTS_KEPT_MAX {
            self.report.faults.push((line, why.clone()));
        }
        // Once the input has ended, the report is near.
        if self.input.is_some() {
            (self.tell)(Note::Rejected { line, why });
        }
    }

    fn step(&mut self, event: Event) {
        for action in self.machine.step(clock::mono(), self.jitter.draw(), event) {
            self.act(action);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Hangup => {
                self.connection = None;
                self.window.lost();
            }
            Action::Ping => {
                if let Some(connection) = &mut self.connection {
                    connection.send(&ToRoot::Ping);
                }
            }
            // It answers again.
            Action::Repaint => self.step(Event::Framed),
            Action::Connect => self.attempting = Some(self.daemon.attempt()),
            Action::Banner(_) => self.waiting(),
            Action::End(end) => self.ended(end),
        }
    }

    /// Tells once that nothing is taken, until something is again.
    fn waiting(&mut self) {
        if !std::mem::replace(&mut self.waits, true) {
            (self.tell)(Note::Waiting(self.why.clone()));
        }
    }

    fn ended(&mut self, end: End) {
        let failed = match end {
            End::Quit => return,
            End::Unreachable if self.deadline.is_some_and(|at| clock::mono() + PAUSE < at) => {
                self.again_at = Some(clock::mono() + PAUSE);
                return;
            }
            // Said already where it happened.
            End::Unreachable => return,
            End::NoDaemon(Loss::Silent) => {
                let why = "it takes connections and does not answer".to_owned();
                ClientError::NoDaemon { path: self.daemon.place(), why }
            }
            End::NoDaemon(_) => ClientError::NoDaemon { path: self.daemon.place(), why: self.why.clone() },
            End::Refused(parting) => ClientError::Refused { parting, text: self.why.clone() },
        };
        self.ending = Some(Ending::Failed(failed));
    }

    fn attempted(&mut self, attempted: Attempted) {
        self.attempting = None;
        match attempted {
            Ok((stream, path)) => {
                if let Some(path) = path {
                    self.daemon.keep(path);
                }
                let mut connection = Connection::new(stream);
                let tenant = self.options.tenant.clone();
                connection.send(&ToRoot::Push(PushHello { version: VERSION, build: BUILD_ID.to_owned(), tenant }));
                self.connection = Some(connection);
                self.step(Event::Connected);
            }
            Err(attempts) => {
                let last = attempts.last().map(|attempt| format!("{}: {}", attempt.path.display(), attempt.error));
                self.why = last.unwrap_or_default();
                self.step(Event::Failed);
                if self.machine.is_over() && self.again_at.is_none() {
                    self.ending = Some(Ending::Failed(ClientError::Unreachable(attempts)));
                }
            }
        }
    }

    fn lost(&mut self, broken: &Broken) {
        self.why = Label::plain(&broken.to_string()).to_string();
        self.step(Event::Lost(broken.loss()));
    }

    fn heard(&mut self, message: ToClient) {
        let now = clock::mono();
        let judged = match message {
            ToClient::PushWelcome(welcome) if !self.machine.is_welcome() => {
                self.window.welcomed((welcome.credit as usize).min(limits::PUSH_CHUNKS_MAX));
                self.step(Event::Welcomed { answers_pings: true });
                self.step(Event::Framed);
                self.back();
                Ok(())
            }
            ToClient::Farewell(farewell) => {
                self.why = Label::plain(&farewell.text).to_string();
                self.step(Event::Parted(parting(farewell.code)));
                Ok(())
            }
            ToClient::PushTaken(taken) if self.machine.is_welcome() => self.taken(&taken, now),
            ToClient::PushLater(later) if self.machine.is_welcome() => {
                self.report.again += if later.unknown { self.window.lines_of(later.number) } else { 0 };
                self.why = Label::plain(&later.why).to_string();
                let after = Duration::from_millis(later.after_ms.into());
                self.window.put_off(later.number, after, now, random::u64())
            }
            ToClient::Pong if self.machine.is_welcome() => Ok(()),
            _ => return self.lost(&Broken::Untimely),
        };
        if let Err(Unasked(_)) = judged {
            self.lost(&Broken::Untimely);
        }
    }

    fn taken(&mut self, taken: &PushTaken, now: Mono) -> Result<(), Unasked> {
        let chunk = self.window.taken(taken.number, now, random::u64())?;
        self.report.accepted += u64::from(taken.accepted);
        self.report.rejected += u64::from(taken.rejected);
        for fault in &taken.faults {
            let line = chunk.first_line.saturating_add(u64::from(fault.line).saturating_sub(1));
            self.reject(line, &fault.why);
        }
        self.back();
        Ok(())
    }

    fn back(&mut self) {
        if std::mem::take(&mut self.waits) {
            (self.tell)(Note::Back);
        }
    }

    fn time(&mut self) {
        let now = clock::mono();
        if self.deadline.is_some_and(|at| now >= at) {
            self.ending = Some(Ending::TimeUp(self.why.clone()));
        } else if self.again_at.take_if(|at| now >= *at).is_some() {
            let (machine, first) = Reconnect::new(now);
            self.machine = machine;
            self.act(first);
        }
        // A worker that stays away is told of, too; a moment of it is not.
        if self.window.is_put_off_for_long() {
            self.waiting();
        }
        self.step(Event::Tick);
    }

    fn leave(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection.send(&ToRoot::Bye);
            connection.flush_now();
        }
    }
}

async fn read(input: Option<&mut Input>) -> Option<io::Result<Vec<u8>>> {
    match input {
        Some(input) => input.recv().await,
        None => std::future::pending().await,
    }
}
