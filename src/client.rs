//! `unblink attach`: one terminal on one daemon, through every loss of it.
//!
//! Invariant: one loop owns everything, and nothing in it blocks: while the terminal takes no bytes no frame is read
//! (the daemon feels it) yet keys and signals still count; while the daemon is gone the last frame stays up. Decides
//! nothing itself, `machine::reconnect`, `machine::resize` and `machine::input` do.

mod bidding;
mod connection;
mod daemon;
pub mod device;
mod lookout;
pub mod push;
mod screen;
#[cfg(test)]
mod tests;
mod typing;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::UnixStream;

use crate::base::{BUILD_ID, Mono};
use crate::label::Label;
use crate::machine::input::Decoder;
use crate::machine::reconnect::{Action, End, Event, Loss, Parting, Reconnect};
use crate::machine::resize::{Resizes, Tell};
use crate::model::ViewSpec;
use crate::model::spec::Theme;
use crate::runtime::timer;
use crate::sink::capability::{Capabilities, Dumb};
use crate::sink::terminal::{Terminal, TerminalError};
use crate::sys::signal::{self, Signal, Signals};
use crate::sys::{clock, random};
use crate::wire::attach::{Hello, ToClient, ToRoot, VERSION, VERSION_WITH_PING};

use bidding::{Bid, Bidding};
use connection::{Broken, Connection, hear, parting};
use daemon::{Attempted, Attempting, if_some};
use lookout::{Sight, Watchman};
use screen::Screen;

pub use daemon::{Attempt, Daemon};

/// What to show, and on what.
#[derive(Clone, Debug)]
pub struct Options {
    /// `BOARD` or `TENANT/BOARD`; none for the first there is.
    pub board: Option<String>,
    pub params: BTreeMap<String, String>,
    /// None for the board's own.
    pub theme: Option<Theme>,
    pub terminal: Capabilities,
    /// Rows to use among other lines of the screen; none for a screen of its own.
    pub inline: Option<u16>,
    /// Whether the terminal is asked to report its mouse. Among other lines it never is.
    pub mouse: bool,
}

/// Why a client ended otherwise than by its viewer's wish.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no daemon answered")]
    Unreachable(Vec<Attempt>),
    #[error("what listens at {} is no daemon: {why}", path.display())]
    NoDaemon { path: PathBuf, why: String },
    #[error("{text}")]
    Refused { parting: Parting, text: String },
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    #[error(transparent)]
    Dumb(#[from] Dumb),
    #[error("the terminal is gone: {0}")]
    Gone(#[source] io::Error),
    #[error("cannot listen for signals: {0}")]
    Signals(#[source] io::Error),
}

/// Typed bytes read at once.
const TYPED_BYTES: usize = 1024;

/// One viewer's end.
struct Client {
    options: Options,
    daemon: Daemon,
    bidding: Bidding,
    screen: Screen,
    machine: Reconnect,
    jitter: random::Jitter,
    resizes: Resizes,
    decoder: Decoder,
    /// The daemon takes gestures.
    gestures: bool,
    /// When the decoder waits no longer for the rest of a sequence.
    flush_at: Option<Mono>,
    /// When the daemon may be asked for a keyframe again.
    repaint_at: Option<Mono>,
    attempting: Option<Attempting>,
    watchman: Watchman,
    connection: Option<Connection>,
    /// Whether what comes is read at once.
    listening: bool,
    /// Held for the next greeting, so that zoom, pause and board survive.
    spec: Option<ViewSpec>,
    attempts: Vec<Attempt>,
    /// What the daemon said last.
    farewell: String,
    /// Why the last connection was lost.
    broken: String,
    end: Option<End>,
}

/// What woke the loop.
enum Happening {
    Bid(Bid),
    Typed(io::Result<usize>),
    Written(io::Result<usize>),
    Attempted(Attempted),
    Sighted(Sight),
    Heard(Result<Option<ToClient>, Broken>),
    Time,
}

/// Shows a board until the viewer has enough or the daemon refuses for good. Needs a running runtime.
pub async fn run(options: Options, mut daemon: Daemon) -> Result<(), ClientError> {
    match Terminal::open() {
        Ok(terminal) => run_on(terminal, options, daemon).await,
        Err(error) => Err(first_trouble(&mut daemon, error.into()).await),
    }
}

/// What to tell a viewer whose terminal will not do: that there is no daemon either, if so. Who has both troubles,
/// as a script has, meant the daemon.
pub async fn first_trouble(daemon: &mut Daemon, terminal: ClientError) -> ClientError {
    match daemon.attempt().await {
        Ok(_) => terminal,
        Err(attempts) => ClientError::Unreachable(attempts),
    }
}

/// [`run`] on a terminal that is open already.
pub async fn run_on(terminal: Terminal, options: Options, daemon: Daemon) -> Result<(), ClientError> {
    let signals = Signals::listen(&Signal::ALL).map_err(ClientError::Signals)?;
    run_under(Bidding::Signals(signals), terminal, options, daemon).await
}

async fn run_under(bidding: Bidding, terminal: Terminal, options: Options, daemon: Daemon) -> Result<(), ClientError> {
    let (machine, first) = Reconnect::new(clock::mono());
    let screen = Screen::new(terminal, &options.terminal, options.inline);
    let resizes = Resizes::new(screen.size());
    let mut client = Client {
        options,
        daemon,
        bidding,
        screen,
        machine,
        jitter: random::Jitter::new(),
        resizes,
        decoder: Decoder::default(),
        gestures: false,
        flush_at: None,
        repaint_at: None,
        attempting: None,
        watchman: Watchman::default(),
        connection: None,
        listening: true,
        spec: None,
        attempts: Vec::new(),
        farewell: String::new(),
        broken: String::new(),
        end: None,
    };
    client.act(first)?;
    let ended = client.turn().await;
    client.leave();
    ended
}

// === impl Client ===

impl Client {
    async fn turn(&mut self) -> Result<(), ClientError> {
        let mut typed = [0; TYPED_BYTES];
        loop {
            match self.end {
                None => {}
                Some(End::Quit) => return Ok(()),
                Some(End::Unreachable) => return Err(ClientError::Unreachable(std::mem::take(&mut self.attempts))),
                Some(End::NoDaemon(loss)) => return Err(self.no_daemon(loss)),
                Some(End::Refused(parting)) => {
                    return Err(ClientError::Refused { parting, text: std::mem::take(&mut self.farewell) });
                }
            }
            self.listen()?;
            match self.next(&mut typed).await {
                Happening::Bid(bid) => self.bid(bid)?,
                Happening::Typed(Ok(0)) => return Err(ClientError::Gone(io::ErrorKind::UnexpectedEof.into())),
                Happening::Typed(result) => {
                    let count = result.map_err(ClientError::Gone)?;
                    self.typed(&typed[..count])?;
                }
                Happening::Written(result) => {
                    let count = result.map_err(ClientError::Gone)?;
                    self.screen.written(count).map_err(ClientError::Gone)?;
                }
                Happening::Attempted(attempted) => self.attempted(attempted)?,
                Happening::Sighted(Sight::Appeared) => self.step(Event::Appeared)?,
                Happening::Sighted(Sight::Blind) => self.step(Event::LookedOutFor(false))?,
                Happening::Heard(Ok(message)) => {
                    self.step(Event::Heard)?;
                    message.map_or(Ok(()), |message| self.heard(message))?;
                }
                Happening::Heard(Err(broken)) => self.lost(&broken)?,
                Happening::Time => self.time()?,
            }
        }
    }

    /// Tells the machine whether silence means anything: while the terminal takes nothing, nothing is read.
    fn listen(&mut self) -> Result<(), ClientError> {
        let listening = self.screen.is_idle();
        if std::mem::replace(&mut self.listening, listening) == listening {
            return Ok(());
        }
        self.step(Event::Listening(listening))
    }

    /// Waits for the next thing to happen. What the viewer wants goes first.
    async fn next(&mut self, typed: &mut [u8]) -> Happening {
        let now = clock::mono();
        let wake = [self.machine.wake_at(now), self.flush_at, self.repaint_at, self.resizes.wake_at()]
            .into_iter()
            .flatten()
            .min();
        let idle = self.listening;
        let (terminal, unwritten) = self.screen.parts();
        // Before the terminal is ours, what is typed is meant for somebody else.
        let taken = terminal.is_taken();
        tokio::select! {
            biased;
            bid = self.bidding.next() => Happening::Bid(bid),
            result = terminal.read(typed), if taken => Happening::Typed(result),
            result = terminal.write(unwritten), if !idle => Happening::Written(result),
            attempted = if_some(self.attempting.as_mut()) => Happening::Attempted(attempted),
            sight = self.watchman.sight() => Happening::Sighted(sight),
            heard = hear(self.connection.as_mut(), idle) => Happening::Heard(heard),
            () = timer::sleep_until_some(wake) => Happening::Time,
        }
    }

    /// Hands an event to the machine and does what it says.
    fn step(&mut self, event: Event) -> Result<(), ClientError> {
        for action in self.machine.step(clock::mono(), self.jitter.draw(), event) {
            self.act(action)?;
        }
        Ok(())
    }

    fn act(&mut self, action: Action) -> Result<(), ClientError> {
        match action {
            Action::Hangup => {
                self.connection = None;
                let told = self.watchman.look_out(&self.daemon.place());
                self.step(Event::LookedOutFor(told))?;
            }
            Action::Ping => self.tell(&ToRoot::Ping),
            Action::Repaint => self.tell(&ToRoot::Repaint),
            Action::Connect => self.attempting = Some(self.daemon.attempt()),
            Action::Banner(text) => {
                self.screen.take()?;
                self.screen.show_banner(text).map_err(ClientError::Gone)?;
            }
            Action::End(end) => self.end = Some(end),
        }
        Ok(())
    }

    fn attempted(&mut self, attempted: Attempted) -> Result<(), ClientError> {
        self.attempting = None;
        match attempted {
            Ok((stream, path)) => {
                if let Some(path) = path {
                    self.daemon.keep(path);
                }
                self.greet(stream);
                self.step(Event::Connected)
            }
            Err(attempts) => {
                self.attempts = attempts;
                // The folder that is watched may have been exchanged for another one of its name.
                if let Some(told) = self.watchman.look_again(&self.daemon.place()) {
                    self.step(Event::LookedOutFor(told))?;
                }
                self.step(Event::Failed)
            }
        }
    }

    fn greet(&mut self, stream: UnixStream) {
        let size = self.screen.size();
        let terminal = &self.options.terminal;
        let resume = self.spec.clone().map(|spec| ViewSpec {
            size,
            palette: terminal.palette,
            glyphs: terminal.glyphs,
            timezone: terminal.timezone.clone(),
            ..spec
        });
        let hello = Hello {
            version: VERSION,
            build: BUILD_ID.to_owned(),
            board: self.options.board.clone(),
            params: self.options.params.clone(),
            size,
            palette: terminal.palette,
            glyphs: terminal.glyphs,
            timezone: terminal.timezone.clone(),
            theme: self.options.theme,
            resume,
            waits: true,
        };
        self.resizes = Resizes::new(size);
        let mut connection = Connection::new(stream);
        connection.send(&ToRoot::Hello(Box::new(hello)));
        self.connection = Some(connection);
    }

    fn lost(&mut self, broken: &Broken) -> Result<(), ClientError> {
        tracing::debug!(why = %broken, "the connection to the daemon is over");
        self.broken = Label::plain(&broken.to_string()).to_string();
        self.step(Event::Lost(broken.loss()))
    }

    fn no_daemon(&mut self, loss: Loss) -> ClientError {
        let why = match loss {
            Loss::Closed | Loss::Garbled => std::mem::take(&mut self.broken),
            Loss::Silent => "it takes connections and does not answer".to_owned(),
        };
        ClientError::NoDaemon { path: self.daemon.place(), why }
    }

    fn heard(&mut self, message: ToClient) -> Result<(), ClientError> {
        match message {
            ToClient::Welcome(welcome) => {
                self.gestures = welcome.gestures;
                if self.gestures && self.options.mouse {
                    self.screen.listen_to_mouse()?;
                }
                self.screen.take()?;
                self.watchman.rest();
                self.step(Event::Welcomed { answers_pings: welcome.version >= VERSION_WITH_PING })
            }
            // What it sends besides is not for a terminal that is not ours.
            ToClient::Frame(_) | ToClient::Spec(_) | ToClient::Pong | ToClient::Later(_)
                if !self.machine.is_welcome() =>
            {
                self.lost(&Broken::Untimely)
            }
            ToClient::Pong => Ok(()),
            ToClient::Later(later) => {
                self.repaint_at = Some(clock::mono() + Duration::from_millis(later.after_ms.into()));
                Ok(())
            }
            // For programs that push; a viewer pushes nothing.
            ToClient::PushWelcome(_) | ToClient::PushTaken(_) | ToClient::PushLater(_) => self.lost(&Broken::Untimely),
            ToClient::Frame(bytes) => self.frame(bytes),
            ToClient::Spec(spec) => {
                // A spec that we could not send back is none; the one held stays.
                if spec.validate().is_ok() {
                    self.spec = Some(spec);
                }
                Ok(())
            }
            ToClient::Farewell(farewell) => {
                self.farewell = Label::plain(&farewell.text).to_string();
                self.step(Event::Parted(parting(farewell.code)))
            }
        }
    }

    fn frame(&mut self, bytes: Bytes) -> Result<(), ClientError> {
        self.step(Event::Framed)?;
        self.screen.show_frame(bytes).map_err(ClientError::Gone)
    }

    /// Makes the screen whole again.
    fn repaint(&mut self) -> Result<(), ClientError> {
        self.tell(&ToRoot::Repaint);
        self.repaint_banner()
    }

    /// Paints the banner once more, if there is one.
    fn repaint_banner(&mut self) -> Result<(), ClientError> {
        match self.machine.banner() {
            Some(text) => self.screen.show_banner(text.to_owned()).map_err(ClientError::Gone),
            None => Ok(()),
        }
    }

    fn bid(&mut self, bid: Bid) -> Result<(), ClientError> {
        match bid {
            Bid::Signal(signal) => self.signal(signal),
            Bid::Release => self.step(Event::Quit),
            Bid::LookAtSize => {
                if self.screen.is_resized() {
                    self.resizes.changed(clock::mono());
                }
                Ok(())
            }
        }
    }

    fn signal(&mut self, signal: Signal) -> Result<(), ClientError> {
        match signal {
            Signal::Suspend => self.suspend(),
            Signal::User2 => self.step(Event::Kicked),
            Signal::WindowChange => {
                self.resizes.changed(clock::mono());
                Ok(())
            }
            Signal::Continue => {
                // We were stopped, and a shell had the terminal.
                self.resizes.changed(clock::mono());
                self.screen.retake()?;
                self.repaint()
            }
            // Means nothing here, but unheard it would kill us and leave the terminal raw.
            Signal::User1 => Ok(()),
            Signal::Terminate
            | Signal::Interrupt
            | Signal::Quit
            | Signal::Hangup
            | Signal::Alarm
            | Signal::VirtualAlarm
            | Signal::ProfilingAlarm
            | Signal::Pollable
            | Signal::ProcessorTime
            | Signal::FileSize => self.step(Event::Quit),
        }
    }

    /// Gives the terminal back, stops, and takes it again once somebody lets us go on.
    fn suspend(&mut self) -> Result<(), ClientError> {
        let taken = self.screen.is_taken();
        self.screen.restore();
        signal::stop().map_err(ClientError::Signals)?;
        if taken {
            self.screen.take()?;
        }
        self.resizes.changed(clock::mono());
        self.repaint()
    }

    fn time(&mut self) -> Result<(), ClientError> {
        let now = clock::mono();
        if self.flush_at.take_if(|at| *at <= now).is_some()
            && let Some(key) = self.decoder.flush()
        {
            self.key(key)?;
        }
        if self.repaint_at.take_if(|at| *at <= now).is_some() {
            self.tell(&ToRoot::Repaint);
        }
        if self.resizes.wake_at().is_some_and(|at| at <= now) {
            let size = self.screen.resized();
            match self.resizes.look(now, size) {
                Some(Tell::Resize(size)) => self.tell(&ToRoot::Resize(size)),
                Some(Tell::Repaint) => self.tell(&ToRoot::Repaint),
                None => {}
            }
            self.repaint_banner()?;
        }
        self.step(Event::Tick)
    }

    /// Says something to the daemon, if there is one that listens.
    fn tell(&mut self, message: &ToRoot) {
        if let Some(connection) = &mut self.connection
            && !connection.send(message)
        {
            tracing::debug!("the daemon takes nothing, a message was dropped");
        }
    }

    fn leave(&mut self) {
        self.tell(&ToRoot::Bye);
        if let Some(mut connection) = self.connection.take() {
            connection.flush_now();
        }
        self.screen.restore();
    }
}
