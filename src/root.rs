//! Root: the process that owns sessions, views, fan-out and sockets, and supervises the workers of all tenants.
//!
//! Invariant: one loop on one thread owns all state; everything else only carries messages to and from it, through
//! queues with caps. It parses the attach protocol, the feed, `unblink.toml`, the admin API and one line of
//! the kernel about itself, nothing else, and it draws nothing but a row of words.

mod allowance;
mod answers;
mod audience;
mod banner;
mod capturing;
mod configuration;
mod connection;
mod doors;
mod groups;
mod launch;
mod leftovers;
mod legacy;
mod link;
mod listen;
mod observing;
mod pusher;
mod pushing;
mod recycling;
mod repainting;
mod service;
mod session;
mod showing;
mod spare;
mod state;
mod tenants;
mod tree;
mod views;
mod vitals;
mod worker;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::admin::{self, Ask};
use crate::base::limits;
use crate::config::{self, DirectoryError, Places};
use crate::event::{
    DaemonStarted, DaemonStopped, Event as _, MetricsServed, PortServed, SessionsLimited, SignalIgnored,
};
use crate::machine::reload::Cause;
use crate::machine::supervise::{Plan, Spec, Strategy};
use crate::runtime::profiling::{self, Profiling};
use crate::runtime::supervisor::{Fault, Line, Supervisor};
use crate::runtime::{self, timer};
use crate::sys::signal::{Signal, Signals};
use crate::sys::socket::BindError;
use crate::sys::{clock, host};

use configuration::Configuration;
use doors::Doors;
use groups::Groups;
use leftovers::Sweeper;
use link::{Heard, LifeId};
use session::Seat;
use state::{Course, State};
use tenants::Tenants;

pub use configuration::start::Beginning;
pub use launch::{Inner, Launcher, Launchers, Stream};
pub use listen::Sockets;
pub use service::{Given, Service, TwoOfOneName};

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("cannot give {path} to the group {group}: {error}")]
    Group { group: String, path: PathBuf, error: io::Error },
    #[error("the daemon itself panicked; it ends rather than go on by halves")]
    Fell,
    #[error("stopped by force before everybody was told")]
    Forced,
    #[error("cannot serve {what} at {address}: {error}; stop what holds it, or name another address ({key})")]
    Port { what: &'static str, key: &'static str, address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Credentials(#[from] config::admin::Trouble),
    #[error("cannot {what}: {error}")]
    SetUp { what: &'static str, error: io::Error },
    /// Part of the daemon cannot be kept alive: better none than a deaf one, and whoever started it starts it anew.
    #[error("a part of the daemon fails again and again: it {0}")]
    GaveUp(Fault),
}

/// All that a root is made of.
#[derive(Debug)]
pub struct Parts {
    /// What is drawn at first, and where it is read again; none for the boards that come with the program.
    pub beginning: Option<Beginning>,
    /// How each tenant's workers are started.
    pub launchers: Launchers,
    /// None for a root that only its own process can watch.
    pub sockets: Option<Sockets>,
    /// Devices that this process draws on as well; each takes descriptors.
    pub devices: usize,
    /// Who manages the daemon, if anybody does.
    pub service: Service,
}

/// What a root can be told from within its process.
#[derive(Debug)]
pub enum Order {
    /// A viewer of this very process, and the device it draws on, where that is not its controlling terminal.
    View(StdUnixStream, Option<String>),
    /// The first time: say farewell and end. The second time: end.
    Stop,
    RepaintAll,
    /// Look at itself for a while, and keep what it saw.
    Capture,
    /// Read the configuration.
    Reload,
}

/// The other end of a root's orders.
#[derive(Clone, Debug)]
pub struct Orders(mpsc::Sender<Order>);

/// All devices at once may want to be viewers.
const ORDERS_WAITING_MAX: usize = limits::TERMINALS_MAX + 16;

/// The parts of root do not need each other to run. Each is kept by a supervisor that bears much; where that gives up
/// again and again, the daemon does not get well by itself.
const TOP: Plan = Plan::new(Strategy::OneForOne).bearing(3, Duration::from_secs(600));
/// What fails ten times in a minute fails whenever it is used.
const PLAN: Plan = Plan::new(Strategy::OneForOne).bearing(10, Duration::from_secs(60));

/// `unblink serve`: runs a daemon until a signal ends it. On the main thread, which the worker's life is tied to.
/// `given` is what whoever manages it handed over; `beside` starts what else there is to be, given the means to attach to it and the supervisor of it all.
pub fn serve(
    beginning: Beginning,
    places: &Places,
    (service, given): (Service, Given),
    beside: impl FnOnce(Orders, &Supervisor),
) -> Result<(), RootError> {
    let set_up = |what| move |error| RootError::SetUp { what, error };
    let runtime = runtime::build().map_err(set_up("start the runtime"))?;
    raise_descriptors();
    let groups = Groups::take_over();
    runtime.block_on(async {
        // Before anything is started, so that no signal finds us half way.
        let signals = Signals::listen(OBEYED).map_err(set_up("listen to signals"))?;
        let sockets = Sockets::bind(beginning.settings(), places, given)?;
        let (attach, admin) = (sockets.attach.path(), sockets.admin.path());
        let started_at = clock::mono();
        DaemonStarted { pid: host::pid(), attach, admin }.emit();
        sockets.metrics_at().into_iter().for_each(|address| MetricsServed { address }.emit());
        if let Some(port) = &sockets.port {
            PortServed { address: port.settings.listen, tls: port.settings.has_tls() }.emit();
        }
        let (orders, waiting) = orders();
        let top = Supervisor::new(TOP);
        let sweeper = Sweeper::start(&top).map_err(set_up("have orphans fall to the daemon"))?;
        // Before the devices, so that it is stopped after them: somebody may insist while they are given back.
        keep_obeying(&top, signals, orders.clone());
        beside(orders, &top);
        let settings = beginning.settings();
        let (level, faults, records) = (settings.log.level, settings.faults.enabled, settings.profile.recorder);
        if records {
            profiling::start();
        }
        let launchers =
            Launchers::new(move |tenant| Launcher::process(tenant, level, faults, records, Some(sweeper.clone())));
        let parts = Parts {
            launchers: launchers.keeping_in(service.store()).within(groups.clone()),
            service,
            sockets: Some(sockets),
            devices: settings.terminals.len(),
            beginning: Some(beginning),
        };
        let ended = runtime::as_task(run_under(top, parts, waiting)).await;
        leftovers::last_look();
        groups.close();
        DaemonStopped { uptime_s: clock::mono().since(started_at).as_secs() }.emit();
        ended
    })
}

/// A channel of orders, for [`run`].
pub fn orders() -> (Orders, mpsc::Receiver<Order>) {
    let (send, receive) = mpsc::channel(ORDERS_WAITING_MAX);
    (Orders(send), receive)
}

/// Runs a root until it is ordered to stop.
pub async fn run(parts: Parts, orders: mpsc::Receiver<Order>) -> Result<(), RootError> {
    run_under(Supervisor::new(TOP), parts, orders).await
}

/// The same with a supervisor that may have children already. The loop below is no child: it owns all state, so that
/// nothing is left to go on with where it fails. Its end is the end of root.
async fn run_under(top: Supervisor, parts: Parts, mut orders: mpsc::Receiver<Order>) -> Result<(), RootError> {
    let (events_in, mut events) = mpsc::channel(limits::EVENTS_WAITING_MAX);
    let (heard_in, mut heard) = mpsc::channel(limits::HEARD_WAITING_MAX);
    let (asks_in, mut asks) = mpsc::channel(limits::ADMIN_CONNECTIONS_MAX);
    let (arrivals_in, mut arrivals) = mpsc::channel(limits::ARRIVALS_WAITING_MAX);
    let signalled = parts.sockets.as_ref().map(|sockets| (asks_in.clone(), sockets.captures.clone()));
    let mut doors = Doors::open(&top, parts.sockets, arrivals_in, asks_in);
    let (told_in, mut told) = mpsc::channel(limits::ERRANDS_TOLD_MAX);
    let faults = parts.beginning.as_ref().is_some_and(|beginning| beginning.settings().faults.enabled);
    let begins_with = parts.beginning.as_ref().map(Beginning::offers).unwrap_or_default();
    let rights = parts.beginning.as_ref().map(Beginning::rights).unwrap_or_default();
    let tenants = Tenants::new(begins_with, rights, parts.launchers, heard_in, top.adopt("workers", PLAN));
    let groups = tenants.groups().clone();
    let failed = |error| RootError::SetUp { what: "start the threads that read the configuration", error };
    let configuration = Configuration::new(parts.beginning, told_in, &top).map_err(failed)?;
    let descriptors = getrlimit(Resource::Nofile).current;
    let left = descriptors_left(descriptors, parts.devices);
    let sessions_max = left.min(limits::SESSIONS_MAX);
    if sessions_max < limits::SESSIONS_MAX {
        SessionsLimited { sessions_max, descriptors: descriptors.unwrap_or(0) }.emit();
    }
    let (profiling, mut profiled) = Profiling::new();
    let viewers = top.adopt("viewers", PLAN);
    let mut state = State::new(tenants, configuration, events_in, viewers, profiling, left, clock::mono());
    state.service = parts.service;
    state.begin(clock::mono());
    let mut orphaned = false;
    let mut keeping = pin!(top.clone().run(Line::unheard()));
    let mut is_kept = true;
    let attending = async {
        loop {
            let wake_at = state.wake_at();
            let course = tokio::select! {
                order = orders.recv(), if !orphaned => {
                    orphaned = order.is_none();
                    if let (Some(Order::Capture), Some((asks, captures))) = (&order, &signalled) {
                        runtime::spawn("signal-capture", admin::on_signal(asks.clone(), captures.clone()));
                    }
                    obey(order, &mut state, &mut doors)
                }
                Some(first) = heard.recv() => hear(first, &mut heard, &mut state),
                Some((stream, peer)) = arrivals.recv() => state.arrived(stream, Seat::Socket(peer), clock::mono()),
                Some(event) = events.recv() => state.event(event, clock::mono()),
                Some(ask) = asks.recv() => {
                    fail_on_purpose(&ask, faults);
                    state.answer(ask, clock::mono())
                }
                Some(told) = told.recv() => state.told(told, clock::mono()),
                Some(profiled) = profiled.recv() => state.was_profiled(profiled, clock::mono()),
                () = groups.settled() => state.limits_settled(clock::mono()),
                () = timer::sleep_until(wake_at) => state.tick(clock::mono()),
                // It was not told to stop yet, so it gave up.
                kept = &mut keeping => {
                    is_kept = false;
                    return kept.map_err(RootError::GaveUp);
                }
            };
            match course {
                Course::On => {}
                Course::Over => return Ok(()),
                Course::Forced => return Err(RootError::Forced),
            }
            if let Some(fault) = top.gives_up() {
                return Err(RootError::GaveUp(fault));
            }
        }
    };
    // Told by the hook. The state may be torn, so nothing more is asked of it.
    let ended = runtime::hold(attending).await.unwrap_or(Err(RootError::Fell));
    state.close();
    // What is left ends in the reverse order of its start. Devices are given back by then, or are not waited for.
    top.stop();
    match ended {
        Err(RootError::GaveUp(_)) if !is_kept => ended,
        Ok(()) => released(keeping, &mut orders).await,
        Err(RootError::Forced) => {
            let _ = timer::timeout(limits::FORCED_RELEASE_DEADLINE, keeping).await;
            ended
        }
        Err(_) => released(keeping, &mut orders).await.and(ended),
    }
}

/// Waits until all is given back, but not for long, and hardly at all once somebody insists.
async fn released(
    mut keeping: Pin<&mut impl Future<Output = Result<(), Fault>>>,
    orders: &mut mpsc::Receiver<Order>,
) -> Result<(), RootError> {
    let insisted = async {
        loop {
            match orders.recv().await {
                Some(Order::Stop) => break,
                Some(_) => {}
                None => std::future::pending().await,
            }
        }
    };
    tokio::select! {
        _ = &mut keeping => Ok(()),
        () = timer::sleep(limits::RELEASE_DEADLINE) => Ok(()),
        () = insisted => {
            let _ = timer::timeout(limits::FORCED_RELEASE_DEADLINE, keeping).await;
            Err(RootError::Forced)
        }
    }
}

/// Deals with what a worker said, and with what else is there already: of many views frames come together, and looking at
/// everything else in between takes as long as such a frame.
fn hear((life, first): (LifeId, Heard), more: &mut mpsc::Receiver<(LifeId, Heard)>, state: &mut State) -> Course {
    let mut course = state.heard(life, first, clock::mono());
    for _ in 1..limits::HEARD_WAITING_MAX {
        if course != Course::On {
            break;
        }
        let Ok((life, next)) = more.try_recv() else { break };
        course = state.heard(life, next, clock::mono());
    }
    course
}

fn obey(order: Option<Order>, state: &mut State, doors: &mut Doors) -> Course {
    match order {
        // Its connection is closed; whoever draws is told to end, too.
        Some(Order::View(..)) if state.stopping() => Course::On,
        Some(Order::View(stream, device)) => match UnixStream::from_std(stream) {
            Ok(stream) => state.arrived(stream, device.map_or(Seat::Here, Seat::Device), clock::mono()),
            // The viewer sees its connection closed, and tries again.
            Err(_) => Course::On,
        },
        Some(Order::Reload) => {
            state.service.reload();
            state.reload(Cause::Hangup, None, clock::mono())
        }
        // It is under way.
        Some(Order::Capture) => Course::On,
        Some(Order::RepaintAll) => state.repaint_all(clock::mono()),
        Some(Order::Stop) => {
            // Nobody should come through a door that leads nowhere.
            doors.close();
            state.stop(clock::mono())
        }
        // Nobody is left who could stop us: that is an order to stop.
        None if state.stopping() => Course::On,
        None => state.stop(clock::mono()),
    }
}

/// Panics where that was asked for and may be.
#[expect(clippy::panic, reason = "it is what was asked for")]
fn fail_on_purpose(ask: &Ask, allowed: bool) {
    if allowed && matches!(ask, Ask::Fault(_, false)) {
        panic!("a fault on purpose in root");
    }
}

/// What a daemon hears.
const OBEYED: &[Signal] = &[Signal::Terminate, Signal::Interrupt, Signal::Hangup, Signal::User1, Signal::User2];

/// Signals are turned into orders whatever happens: a daemon that does not hear them cannot be stopped in good order.
fn keep_obeying(top: &Supervisor, signals: Signals, orders: Orders) {
    let mut first = Some(signals);
    top.child(Spec::transient("signals"), move |_| {
        let signals = first.take().map_or_else(|| Signals::listen(OBEYED), Ok);
        let orders = orders.clone();
        async move {
            let signals = signals.map_err(|error| Fault(format!("cannot listen to signals: {error}")))?;
            turn_into_orders(signals, orders).await;
            Ok(())
        }
    });
}

/// Turns signals into orders.
async fn turn_into_orders(mut signals: Signals, orders: Orders) {
    loop {
        let order = match signals.next().await {
            Signal::Terminate | Signal::Interrupt => Order::Stop,
            Signal::User1 => Order::Capture,
            Signal::User2 => Order::RepaintAll,
            Signal::Hangup => Order::Reload,
            other => {
                SignalIgnored { signal: &format!("{other:?}"), why: "it has no meaning here" }.emit();
                continue;
            }
        };
        if orders.0.send(order).await.is_err() {
            return;
        }
    }
}

/// As many descriptors as we may have: one for each viewer. Without them fewer viewers are accepted.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

/// Descriptors left for viewers of so many, no number meaning no limit: a worker can always be started and every device
/// opened beside them. One viewer may come in any case.
fn descriptors_left(descriptors: Option<u64>, devices: usize) -> usize {
    let reserved = limits::DESCRIPTORS_RESERVED + devices * limits::DEVICE_DESCRIPTORS;
    let descriptors = descriptors.and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX);
    descriptors.saturating_sub(reserved).max(1)
}

// === impl Orders ===

impl Orders {
    /// Attaches this process to its own root, from any thread. Fails when that has ended.
    pub fn connect(&self, device: Option<&str>) -> io::Result<StdUnixStream> {
        let (ours, theirs) = StdUnixStream::pair()?;
        theirs.set_nonblocking(true)?;
        let order = Order::View(theirs, device.map(str::to_owned));
        self.0.try_send(order).map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(ours)
    }

    /// Ends the root, the second time by force.
    pub async fn stop(&self) {
        // A root that has ended needs no telling.
        let _ = self.0.send(Order::Stop).await;
    }
}
