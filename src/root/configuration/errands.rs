//! Two threads that do what may take as long as a disk likes: one reads files and keeps generations, one waits for
//! files to change.
//!
//! Invariant: root's loop never waits for either. One errand after the other; both threads end with the handle, as soon
//! as the file system lets them.

use std::io::{self, PipeReader, PipeWriter};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::Diagnostic;
use crate::config::generations::{Checksum, Damage, Generation, Store};
use crate::config::watch::Watched;
use crate::config::{self, Gathered, Inputs, Settings, TENANT_DEFAULT};
use crate::event::{Event, GenerationDamaged};
use crate::root::tenants::rights::Rights;
use crate::runtime;
use crate::sys::watch::{self, Watcher, Woken};

/// Where configuration is read from and kept.
#[derive(Clone, Debug)]
pub struct Source {
    pub inputs: Inputs,
    pub store: Store,
}

/// Something to do.
#[derive(Debug)]
pub enum Errand {
    /// The number is given back.
    Read(u64),
    /// One generation, or the newest that is whole before another one.
    Fetch {
        run: u64,
        number: Option<u64>,
        before: u64,
    },
    Keep(Box<Generation>),
}

/// What the threads tell the loop.
#[derive(Debug)]
pub enum Told {
    Noticed,
    /// Why changes of some files cannot be noticed; none when they can again.
    Watching(Option<String>),
    Read(u64, Box<Result<Reading, Diagnostic>>),
    Fetched(u64, Box<Result<Fetched, String>>),
    Kept(u64, io::Result<()>),
}

/// What lies there.
#[derive(Debug)]
pub struct Reading {
    pub gathered: Gathered,
    /// What concerns root; none where something is wrong, which the worker says.
    pub settings: Option<Settings>,
    pub rights: Rights,
    /// Of the files.
    pub content: Checksum,
}

/// What was kept, with the flags and the environment of this process.
#[derive(Debug)]
pub struct Fetched {
    pub generation: Generation,
    pub settings: Settings,
    pub rights: Rights,
    /// Of its files.
    pub content: Checksum,
}

/// The threads; they end when this goes.
#[derive(Debug)]
pub struct Errands {
    errands: SyncSender<Errand>,
    /// Closed with this.
    _stop: PipeWriter,
}

/// Told to a thread that has not even begun.
const ERRANDS_WAITING_MAX: usize = 8;
/// After a change: whatever comes meanwhile is one.
const BREATH: Duration = Duration::from_millis(20);

// === impl Errands ===

impl Errands {
    pub fn start(source: Source, told: mpsc::Sender<Told>) -> io::Result<Errands> {
        let (errands, waiting) = sync_channel(ERRANDS_WAITING_MAX);
        let (stopped, stop) = io::pipe()?;
        let (inputs, tell) = (source.inputs.clone(), told.clone());
        runtime::spawn_thread("config-watch", move || wait_for_changes(&inputs, &stopped, &tell))?;
        runtime::spawn_thread("config-read", move || run(&source, &waiting, &told))?;
        Ok(Errands { errands, _stop: stop })
    }

    /// False where it cannot be done: the thread is held up, or gone.
    pub fn send(&self, errand: Errand) -> bool {
        self.errands.try_send(errand).is_ok()
    }
}

fn run(source: &Source, errands: &Receiver<Errand>, told: &mpsc::Sender<Told>) {
    while let Ok(errand) = errands.recv() {
        let outcome = match errand {
            Errand::Read(run) => Told::Read(run, Box::new(read(&source.inputs))),
            Errand::Fetch { run, number, before } => Told::Fetched(run, Box::new(fetch(source, number, before))),
            Errand::Keep(generation) => Told::Kept(generation.number, source.store.keep(&generation)),
        };
        if told.blocking_send(outcome).is_err() {
            return;
        }
    }
}

fn read(inputs: &Inputs) -> Result<Reading, Diagnostic> {
    let mut gathered = inputs.gather()?;
    let settings = config::parse(&config::for_worker(&gathered.files)).ok();
    let mut rights = Rights::default();
    if let Some(settings) = &settings {
        gathered.settle(settings);
        let all = config::by_tenant(&gathered.files, &gathered.others, settings);
        for (name, files) in all {
            // Where something else is wrong with them their worker says so.
            if name == TENANT_DEFAULT || config::parse(&config::for_worker(&files)).is_ok() {
                gathered.complain(&name, config::missing_files(&files));
            }
        }
        rights = Rights::of(settings);
    }
    let content = Checksum::of_all(&gathered.files, &gathered.others);
    Ok(Reading { gathered, settings, rights, content })
}

fn fetch(source: &Source, number: Option<u64>, before: u64) -> Result<Fetched, String> {
    let tell = |damage: Damage| GenerationDamaged { what: &damage.to_string() }.emit();
    let found = match number {
        Some(number) => source.store.read(number).map_err(|damage| damage.to_string()),
        None => source
            .store
            .newest(tell, |generation| generation.number < before)
            .ok_or_else(|| format!("no generation before {before} is kept")),
    };
    let mut generation = found.map_err(|why| {
        let numbers: Vec<String> = source.store.numbers().iter().map(u64::to_string).collect();
        if numbers.is_empty() { why } else { format!("{why}; there are {}", numbers.join(", ")) }
    })?;
    generation.files.extend(source.inputs.overrides().iter().cloned());
    let settings = config::what_is_right(&generation.files);
    let content = Checksum::of_all(&generation.files, &generation.others);
    let rights = Rights::of(&settings);
    Ok(Fetched { generation, settings, rights, content })
}

fn wait_for_changes(inputs: &Inputs, stopped: &PipeReader, told: &mpsc::Sender<Told>) {
    let tell = |trouble: Option<String>| told.blocking_send(Told::Watching(trouble)).is_ok();
    let watcher = match Watcher::new() {
        Ok(watcher) => watcher,
        Err(error) => {
            tell(Some(format!("{error}; fs.inotify.max_user_instances is another limit of that kind")));
            return;
        }
    };
    let mut watched = Watched::default();
    let mut was_told = None;
    loop {
        watched = Watched::renew(&watcher, inputs, &watched);
        let trouble = watched.trouble().map(str::to_owned);
        if trouble != was_told {
            was_told.clone_from(&trouble);
            if !tell(trouble) {
                return;
            }
        }
        // The first time too: something may have changed before it was watched.
        if told.blocking_send(Told::Noticed).is_err() {
            return;
        }
        let mut concerned = false;
        while !concerned {
            if watcher.wait(stopped) == Woken::Stopped || watch::pause(stopped, BREATH) == Woken::Stopped {
                return;
            }
            watcher.drain(|change| concerned |= watched.concerns(change));
        }
    }
}
