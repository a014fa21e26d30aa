//! Supervisors: [`machine::supervise`](crate::machine::supervise) over tasks, threads and other supervisors.
//!
//! Invariant: each child has one row in the tree for as long as it is a child, whether it runs or waits to be started
//! again, and one life at most. What the machine decides is done at once, by whoever told it of what happened; nothing here
//! decides. It knows nothing of what its children do.
//!
//! A [`Supervisor`] is made of a [`Plan`], given its children, and then driven by [`Supervisor::run`], on a task of its
//! own or as a child of another one: it ends when it was stopped, or with a [`Fault`] when it gave up. Its handles can be
//! cloned; with them children are added and removed while it runs.
//!
//! A child is made by a **factory**, which is called for each life and given a [`Line`]: by it the life says that it is
//! ready, and hears that it should end. A task that ends with a fault or panics has failed. Force ends a task at its next
//! await. It cannot end a thread: a thread that does not end when it is asked to is waited for.
//!
//! A factory, and what is told of a fault, must not use the supervisor that calls it.
//!
//! ```
//! use unblink::machine::supervise::{Plan, Spec, Strategy};
//! use unblink::runtime::{self, supervisor::{Fault, Line, Supervisor}};
//!
//! let supervisor = Supervisor::new(Plan::new(Strategy::OneForOne));
//! let mut times = 0;
//! supervisor.child(Spec::permanent("example"), move |line: Line| {
//!     times += 1;
//!     let fails = times < 3;
//!     async move {
//!         if fails {
//!             return Err(Fault::from("no luck"));
//!         }
//!         line.stopped().await;
//!         Ok(())
//!     }
//! });
//! // OTP's own plan bears one restart within five seconds.
//! let ended = runtime::block_on(supervisor.run(Line::unheard())).unwrap();
//! assert_eq!(ended.unwrap_err().to_string(), "gave up after too many restarts, the last of example: no luck");
//! ```

mod line;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::registry::{self, Kind, NodeId, Registration};
use super::task::{self, Task};
use super::timer;
use crate::machine::supervise::{self as machine};
use crate::machine::supervise::{Action, ChildId, End, Event, Life, Outcome, Phase, Plan, Spec, Strategy};
use crate::sys::{clock, random};
pub use line::Line;
use line::{Post, Said};

/// Why something failed, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

/// A handle on one supervisor.
#[derive(Clone)]
pub struct Supervisor {
    inner: Arc<Mutex<Inner>>,
    post: Arc<Post>,
}

/// A child that was added, to be removed again. Dropping this leaves it alone.
#[derive(Clone, Debug)]
pub struct Added {
    supervisor: Supervisor,
    child: ChildId,
}

type Work = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;
/// Is told of a fault, once.
type OnFault = Box<dyn FnOnce(&str) + Send>;
/// Makes a life.
type Factory = Box<dyn FnMut(Line) -> Start + Send>;
type Deed = Box<dyn FnOnce() -> Result<(), Fault> + Send>;

/// What a factory makes.
enum Start {
    Task(Work),
    /// It ends its own children, also by force.
    Supervisor(Work),
    Thread(Deed),
}

struct Inner {
    machine: machine::Supervisor,
    parts: BTreeMap<ChildId, Part>,
    /// Its own row; its children hang under it.
    node: Option<NodeId>,
    /// Set once it is over.
    outcome: Option<Outcome>,
}

/// What belongs to a child.
struct Part {
    factory: Factory,
    row: Registration,
    life: Option<Running>,
    /// Called when a child that is there once fails.
    on_fault: Option<OnFault>,
    /// The state its row shows by the machine; what it says itself meanwhile stays.
    shown: &'static str,
}

struct Running {
    life: Life,
    stop: watch::Sender<bool>,
    force: watch::Sender<bool>,
    end: Means,
}

/// How a life is ended by force.
enum Means {
    Abort(Task<()>),
    /// It ends its own children, also by force.
    Itself,
    /// There is none for a thread: it is left to itself, and counts as ended.
    Leave(Arc<Post>),
}

/// Ends all by force when a supervisor is itself dropped half way.
struct Driven(Supervisor);

// === impl Supervisor ===

impl Supervisor {
    /// Without children yet. Its children hang under what is current here, until it is itself a child.
    pub fn new(plan: Plan) -> Supervisor {
        let machine = machine::Supervisor::new(plan, Vec::new());
        let node = registry::current();
        let inner = Inner { machine, parts: BTreeMap::new(), node, outcome: None };
        Supervisor { inner: Arc::new(Mutex::new(inner)), post: Arc::default() }
    }

    /// A task. Before the supervisor runs it is one in order, later one that is added.
    pub fn child<F>(&self, spec: Spec, mut make: impl FnMut(Line) -> F + Send + 'static) -> Option<Added>
    where
        F: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        self.add(None, spec, Box::new(move |line| Start::Task(Box::pin(make(line)))), None)
    }

    /// A thread.
    pub fn thread<F>(&self, spec: Spec, mut make: impl FnMut(Line) -> F + Send + 'static) -> Option<Added>
    where
        F: FnOnce() -> Result<(), Fault> + Send + 'static,
    {
        self.add(None, spec.of(Kind::Thread), Box::new(move |line| Start::Thread(Box::new(make(line)))), None)
    }

    /// Another supervisor, which `make` gives its children.
    pub fn supervisor(
        &self,
        name: &str,
        plan: Plan,
        mut make: impl FnMut(&Supervisor) + Send + 'static,
    ) -> Option<Added> {
        let factory = move |line: Line| {
            let inner = Supervisor::new(plan);
            inner.lock().node = line.node();
            make(&inner);
            Start::Supervisor(Box::pin(inner.run(line)))
        };
        self.add(None, Spec::supervisor(name), Box::new(factory), None)
    }

    /// A task that is there once. `on_fault` is told when it panics or fails by itself.
    pub fn once<F>(&self, name: &str, future: F, on_fault: impl FnOnce(&str) + Send + 'static) -> Option<Added>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.add(None, Spec::temporary(name), once(future), Some(Box::new(on_fault)))
    }

    /// The same under a row of the caller's own.
    pub fn once_under<F>(
        &self,
        parent: NodeId,
        name: &str,
        future: F,
        on_fault: impl FnOnce(&str) + Send + 'static,
    ) -> Option<Added>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.add(Some(parent), Spec::temporary(name), once(future), Some(Box::new(on_fault)))
    }

    /// A supervisor that is driven by this one and begins at once, for children that are there once: it cannot be started
    /// a second time, so that its own end is a fault of this one.
    pub fn adopt(&self, name: &str, plan: Plan) -> Supervisor {
        let adopted = Supervisor::new(plan);
        let mut one = Some(adopted.clone());
        let factory = move |line| {
            Start::Supervisor(match one.take() {
                Some(adopted) => Box::pin(adopted.run(line)),
                None => Box::pin(async { Err(Fault::from("cannot be started a second time")) }),
            })
        };
        let added = self.add(None, Spec::supervisor(name), Box::new(factory), None);
        adopted.lock().node = added.and_then(|added| self.lock().parts.get(&added.child).map(|part| part.row.id()));
        adopted.tell(Event::Begin);
        adopted
    }

    /// A row among its children for what is not started by it.
    pub fn place(&self, name: &str, kind: Kind) -> Registration {
        let node = self.lock().node;
        registry::register_under(node, name, kind)
    }

    fn add(&self, parent: Option<NodeId>, spec: Spec, factory: Factory, on_fault: Option<OnFault>) -> Option<Added> {
        let mut inner = self.lock();
        let child = inner.machine.next_id();
        let row = registry::register_under(parent.or(inner.node), &spec.name, spec.kind);
        let part = Part { factory, row, life: None, on_fault, shown: "" };
        inner.parts.insert(child, part);
        let is_taken = inner.event(&self.post, Event::Add(spec));
        self.post.ring.notify_one();
        is_taken.then(|| Added { supervisor: self.clone(), child })
    }

    /// Starts the children in order and keeps them, until it is told to stop by `line` or gives up.
    pub async fn run(self, line: Line) -> Result<(), Fault> {
        let driven = Driven(self);
        let post = Arc::clone(&driven.0.post);
        driven.0.tell(Event::Begin);
        let (mut stopped, mut forced) = (false, false);
        loop {
            if let Some(outcome) = driven.0.lock().outcome.clone() {
                return match outcome {
                    Outcome::Stopped => Ok(()),
                    Outcome::GaveUp { .. } => Err(Fault(outcome.to_string())),
                };
            }
            let wake_at = driven.0.lock().machine.wake_at();
            tokio::select! {
                () = post.ring.notified() => driven.0.take_post(),
                () = line.stopped(), if !stopped => {
                    stopped = true;
                    driven.0.tell(Event::Stop);
                }
                () = line.forced(), if !forced => {
                    forced = true;
                    driven.0.tell(Event::Kill);
                }
                () = timer::sleep_until_some(wake_at) => driven.0.tell(Event::Tick),
            }
        }
    }

    /// Stops all, in order and by their deadlines; whoever drives it comes to an end then.
    pub fn stop(&self) {
        self.tell(Event::Stop);
        self.post.ring.notify_one();
    }

    /// Why it gives up, while children that take their time keep [`Supervisor::run`] from saying so.
    pub fn gives_up(&self) -> Option<Fault> {
        self.lock().machine.gives_up().map(|outcome| Fault(outcome.to_string()))
    }

    fn take_post(&self) {
        for said in self.post.take() {
            self.tell(match said {
                Said::Ready(life) => Event::Ready(life),
                Said::Ended(life, end) => Event::Ended { life, end, random: random::u64() },
            });
        }
    }

    fn tell(&self, event: Event) {
        self.lock().event(&self.post, event);
    }

    /// A panic while it is held can only come from a factory, which the machine takes for a life that never ended.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Supervisor")
    }
}

fn once<F: Future<Output = ()> + Send + 'static>(future: F) -> Factory {
    let mut future = Some(future);
    Box::new(move |_| {
        let future = future.take().expect("invariant: what is there once is started once");
        Start::Task(Box::pin(async move {
            future.await;
            Ok(())
        }))
    })
}

// === impl Inner ===

impl Inner {
    /// Lets the machine decide, and does it. False where it refused.
    fn event(&mut self, post: &Arc<Post>, event: Event) -> bool {
        let concerned = match &event {
            Event::Ended { life, .. } | Event::Ready(life) => Some(life.child),
            Event::Add(_) => Some(self.machine.next_id()),
            _ => None,
        };
        if let Event::Ended { life, end, .. } = &event {
            self.ended(*life, end);
        }
        let touches_others = match &event {
            Event::Ended { .. } => self.machine.strategy() != Strategy::OneForOne,
            event => matches!(event, Event::Begin | Event::Stop | Event::Kill | Event::Tick),
        };
        let mut is_taken = true;
        let mut changed: Vec<ChildId> = concerned.into_iter().collect();
        for action in self.machine.step(clock::mono(), event) {
            match action {
                Action::Start(life) => {
                    changed.push(life.child);
                    self.start(life, post);
                }
                Action::Stop(life) => self.told(life, Running::ask),
                Action::Kill(life) => self.told(life, Running::force),
                Action::Forget(child) => drop(self.parts.remove(&child)),
                Action::Refuse => {
                    is_taken = false;
                    // It was put in before it was asked for.
                    for mut part in changed.iter().filter_map(|child| self.parts.remove(child)) {
                        part.on_fault.take().into_iter().for_each(|tell| tell("found no room"));
                    }
                }
                Action::Over(outcome) => self.outcome = Some(outcome),
            }
        }
        if touches_others {
            changed.extend(self.machine.restless());
        }
        changed.into_iter().for_each(|child| self.show(child));
        is_taken
    }

    fn start(&mut self, life: Life, post: &Arc<Post>) {
        let Some(part) = self.parts.get_mut(&life.child) else { return };
        let Some(child) = self.machine.child(life.child) else { return };
        let (name, node) = (child.name(), part.row.id());
        let ((stop, stopped), (force, forced)) = (watch::channel(false), watch::channel(false));
        let line = Line::new((life, Arc::clone(post)), node, stopped, forced);
        let told = Arc::clone(post);
        let end = match (part.factory)(line) {
            Start::Task(work) => Means::Abort(task::spawn_life(node, name, work, move |ended| told.ended(life, ended))),
            Start::Supervisor(work) => {
                task::spawn_life(node, name, work, move |ended| told.ended(life, ended));
                Means::Itself
            }
            Start::Thread(deed) => {
                let started = task::spawn_thread_life(node, name, deed, move |ended| told.ended(life, ended));
                if let Err(error) = started {
                    post.say(Said::Ended(life, End::Fault(format!("cannot be started: {error}"))));
                }
                Means::Leave(Arc::clone(post))
            }
        };
        part.life = Some(Running { life, stop, force, end });
    }

    fn told(&self, life: Life, tell: impl FnOnce(&Running)) {
        if let Some(running) = self.parts.get(&life.child).and_then(|part| part.life.as_ref()) {
            tell(running);
        }
    }

    fn ended(&mut self, life: Life, end: &End) {
        let Some(part) = self.parts.get_mut(&life.child) else { return };
        // One that was left to itself may end much later.
        if part.life.take_if(|running| running.life == life).is_none() {
            return;
        }
        let is_asked = self.machine.child(life.child).is_some_and(|child| child.is_asked());
        if let (End::Fault(fault), false, Some(on_fault)) = (end, is_asked, part.on_fault.take()) {
            on_fault(fault);
        }
    }

    /// Has the row say what the machine knows.
    fn show(&mut self, id: ChildId) {
        let (Some(part), Some(child)) = (self.parts.get_mut(&id), self.machine.child(id)) else { return };
        let (word, since) = match child.phase() {
            Phase::Pending => ("pending", None),
            Phase::Starting { since, .. } => ("starting", Some(since)),
            Phase::Running { since, .. } => ("running", Some(since)),
            Phase::Waiting { .. } => ("waiting", None),
            Phase::Stopping { .. } | Phase::Killing { .. } => ("stopping", None),
            Phase::Down => ("stopped", None),
            Phase::Done => ("done", None),
        };
        let is_new = std::mem::replace(&mut part.shown, word) != word;
        part.row.tell(|row| {
            // What it says of itself belongs to one life.
            if is_new || row.restarts != child.restarts() {
                word.clone_into(&mut row.state);
            }
            row.since = since;
            row.restarts = child.restarts();
            row.last_fault = child.last_fault().map(str::to_owned);
            row.next_retry = self.machine.next_retry(id);
        });
    }
}

// === impl Running ===

impl Running {
    fn ask(&self) {
        // Nobody listens where it has ended.
        let _ = self.stop.send(true);
    }

    fn force(&self) {
        self.ask();
        let _ = self.force.send(true);
        match &self.end {
            Means::Abort(task) => task.abort(),
            Means::Itself => {}
            Means::Leave(post) => {
                post.say(Said::Ended(self.life, End::Fault("does not end and is left to itself".to_owned())));
            }
        }
    }
}

// === impl Added ===

impl Added {
    /// It is stopped and forgotten; at once where it has nothing to put in order.
    pub fn remove(&self) {
        self.supervisor.tell(Event::Remove(self.child));
        self.supervisor.post.ring.notify_one();
    }
}

// === impl Driven ===

impl Drop for Driven {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.event(&self.0.post, Event::Kill);
        // Handles may outlive it; what it was made of does not.
        inner.parts.clear();
    }
}

// === impl Fault ===

impl From<&str> for Fault {
    fn from(why: &str) -> Fault {
        Fault(why.to_owned())
    }
}

impl From<String> for Fault {
    fn from(why: String) -> Fault {
        Fault(why)
    }
}

#[cfg(test)]
mod tests;
