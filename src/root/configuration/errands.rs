//! Two threads that do what may take as long as a disk likes: one reads files and keeps generations, one waits for
//! files to change.
//!
//! Invariant: root's loop never waits for either, and each errand is answered, with a refusal where it panicked. One errand
//! after the other; a watch that panicked begins again. Both threads end with the handle, as soon as the file system lets
//! them.

use std::io::{self, PipeReader, PipeWriter};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::base::Diagnostic;
use crate::config::admin::{self, Credentials, PortSettings};
use crate::config::generations::{Checksum, Damage, Generation, Store};
use crate::config::watch::Watched;
use crate::config::{self, Gathered, Inputs, Settings};
use crate::event::{Event, GenerationDamaged};
use crate::machine::supervise::{Plan, Shutdown, Spec, Strategy};
use crate::root::tenants::rights::Rights;
use crate::runtime::supervisor::{Fault, Supervisor};
use crate::sys::watch::{self, Watcher, Woken};

/// Where configuration is read from and kept.
#[derive(Clone, Debug)]
pub struct Source {
    pub inputs: Inputs,
    pub store: Store,
    /// The port that is served.
    pub port: Option<PortSettings>,
}

impl Source {
    /// The configuration's own file, whole.
    pub fn file(&self) -> String {
        let main = self.inputs.main();
        std::path::absolute(main).unwrap_or_else(|_| main.to_owned()).display().to_string()
    }

    /// The folder of what outlives the daemon.
    pub fn state(&self) -> Option<String> {
        Some(self.store.folder().parent()?.display().to_string())
    }
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
    /// Whether the files of the port can be read.
    Look,
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
    Looked(Result<(), String>),
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
    /// About what cannot be read at the moment and was before.
    pub gone: Vec<Diagnostic>,
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
/// Where there was nothing to watch with.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// After a change: whatever comes meanwhile is one.
const BREATH: Duration = Duration::from_millis(20);

/// A disk or a file that lets either thread panic at once, again and again, is no reason to end the daemon: oftener than
/// this none can fail, by its pauses.
pub const PLAN: Plan =
    Plan { pause_first: Duration::from_secs(2), ..Plan::new(Strategy::OneForOne).bearing(4, Duration::from_secs(1)) };

// === impl Errand ===

impl Errand {
    /// What it comes to where it panics.
    fn refusal(&self) -> Told {
        const WHY: &str = "the daemon panicked over it, which its log tells of";
        match self {
            Errand::Read(run) => {
                let message = format!("the configuration could not be read: {WHY}");
                let remedy = "undo the last change; please report this bug".to_owned();
                let (file, excerpt) = (String::from("configuration"), String::new());
                Told::Read(*run, Box::new(Err(Diagnostic { file, line: 0, column: 0, message, remedy, excerpt })))
            }
            Errand::Fetch { run, .. } => Told::Fetched(*run, Box::new(Err(WHY.to_owned()))),
            Errand::Keep(generation) => Told::Kept(generation.number, Err(io::Error::other(WHY))),
            Errand::Look => Told::Looked(Err(format!("the files of [admin] listen could not be read: {WHY}"))),
        }
    }
}

// === impl Errands ===

impl Errands {
    pub fn start(source: Source, told: mpsc::Sender<Told>, supervisor: &Supervisor) -> io::Result<Errands> {
        let (errands, waiting) = sync_channel(ERRANDS_WAITING_MAX);
        let (stopped, stop) = io::pipe()?;
        let (stopped, waiting) = (Arc::new(stopped), Arc::new(Mutex::new(waiting)));
        let (inputs, tell) = (source.inputs.clone(), told.clone());
        supervisor.thread(transient("config-watch"), move |_| {
            let (inputs, stopped, told) = (inputs.clone(), Arc::clone(&stopped), tell.clone());
            move || wait_for_changes(&inputs, &stopped, &told)
        });
        supervisor.thread(transient("config-read"), move |_| {
            let (source, waiting, told) = (source.clone(), Arc::clone(&waiting), told.clone());
            move || {
                let errands = waiting.lock().unwrap_or_else(PoisonError::into_inner);
                run(&errands, &told, |errand| done(&source, errand));
                Ok(())
            }
        });
        Ok(Errands { errands, _stop: stop })
    }

    /// False where it cannot be done: the thread is held up, or gone.
    pub fn send(&self, errand: Errand) -> bool {
        self.errands.try_send(errand).is_ok()
    }
}

/// They end by themselves once the handle is gone. One that a disk holds up is not waited for: others are to be stopped
/// after it.
fn transient(name: &'static str) -> Spec {
    Spec::transient(name).stopped(Shutdown::Brutal)
}

fn run(errands: &Receiver<Errand>, told: &mpsc::Sender<Told>, done: impl Fn(Errand) -> Told) {
    while let Ok(errand) = errands.recv() {
        let refusal = errand.refusal();
        // Told by the hook. Nothing is kept from one errand to the next, so nothing is torn.
        let outcome = catch_unwind(AssertUnwindSafe(|| done(errand))).unwrap_or_else(|payload| {
            // Its drop might panic again.
            std::mem::forget(payload);
            refusal
        });
        if told.blocking_send(outcome).is_err() {
            return;
        }
    }
}

fn done(source: &Source, errand: Errand) -> Told {
    match errand {
        Errand::Read(run) => Told::Read(run, Box::new(read(source))),
        Errand::Fetch { run, number, before } => Told::Fetched(run, Box::new(fetch(source, number, before))),
        Errand::Keep(generation) => Told::Kept(generation.number, source.store.keep(&generation)),
        Errand::Look => Told::Looked(source.port.as_ref().map_or(Ok(()), look)),
    }
}

fn look(port: &PortSettings) -> Result<(), String> {
    Credentials::read(port, config::environment).map(drop).map_err(|trouble| trouble.to_string())
}

fn read(source: &Source) -> Result<Reading, Diagnostic> {
    let mut gathered = source.inputs.gather()?;
    let settings = gathered.settle_by_itself(source.port.as_ref());
    let rights = settings.as_ref().map(Rights::of).unwrap_or_default();
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
    // No generation is refused for the files of a port: nothing of one takes effect before the next start. Of the one that
    // is served what was read last serves.
    let mut found =
        admin::found(&generation.files, settings.admin_port.as_ref(), source.port.as_ref(), config::environment);
    if settings.admin_port == source.port {
        found.gone.append(&mut found.wrong);
    }
    Ok(Fetched { generation, settings, rights, content, gone: found.gone })
}

fn wait_for_changes(inputs: &Inputs, stopped: &PipeReader, told: &mpsc::Sender<Told>) -> Result<(), Fault> {
    let mut was_told = None;
    let mut tell = |trouble: Option<String>| {
        // Once, however often it is found.
        if was_told.as_ref() == Some(&trouble) {
            return true;
        }
        was_told = Some(trouble.clone());
        told.blocking_send(Told::Watching(trouble)).is_ok()
    };
    let watcher = loop {
        match Watcher::new() {
            Ok(watcher) => break watcher,
            Err(error) => {
                let what = format!("{error}; fs.inotify.max_user_instances is another limit of that kind");
                // Others of the same user may need fewer by then.
                if !tell(Some(what)) || watch::pause(stopped, TRY_AGAIN_AFTER) == Woken::Stopped {
                    return Ok(());
                }
            }
        }
    };
    let mut watched = Watched::default();
    loop {
        watched = Watched::renew(&watcher, inputs, &watched);
        // The first time too: something may have changed before it was watched.
        if !tell(watched.trouble().map(str::to_owned)) || told.blocking_send(Told::Noticed).is_err() {
            return Ok(());
        }
        let mut concerned = false;
        while !concerned {
            for woken in [watcher.wait(stopped), watch::pause(stopped, BREATH)] {
                match woken {
                    Woken::Stopped => return Ok(()),
                    Woken::Failed(error) => return Err(Fault(format!("cannot wait for changes: {error}"))),
                    Woken::Changed | Woken::TimeUp => {}
                }
            }
            watcher.drain(|change| concerned |= watched.concerns(change));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{Asked, Places, Surroundings};
    use crate::root::configuration::start::{self, Beginning};

    fn source(inputs: Inputs) -> Source {
        let state = inputs.main().with_file_name("state");
        Source { store: Store::new(&state, inputs.unusual()), inputs, port: None }
    }

    /// What was accepted once is gone back to by the same rule as what lies there is taken.
    #[test]
    fn no_generation_is_refused_for_its_token_and_of_the_one_that_is_served_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let (config, token) = (folder.path().join("unblink.toml"), folder.path().join("token"));
        let text = format!("[admin]\nlisten = '127.0.0.1:1'\ntoken_file = '{}'\n", token.display());
        fs::write(&config, text).unwrap();
        fs::write(&token, "long-enough-to-be-a-token\n").unwrap();
        let asked = Asked { config: Some(config), flags: Vec::new() };
        let inputs = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default()));
        let mut source = source(inputs);
        let Reading { gathered, settings, content, .. } = read(&source).unwrap();
        let generation = Generation {
            number: 3,
            accepted_at: crate::base::Wall(0),
            cause: crate::machine::reload::Cause::Start,
            lay_there: content,
            files: gathered.files,
            others: gathered.others,
        };
        source.store.keep(&generation).unwrap();
        let told = |source: &Source| -> Vec<String> {
            fetch(source, Some(3), 9).unwrap().gone.into_iter().map(|complaint| complaint.message).collect()
        };
        let port = settings.unwrap().admin_port;
        fs::write(&token, "short\n").unwrap();
        assert!(told(&source).is_empty(), "nothing was read of it before");
        source.port = port.clone();
        assert!(told(&source)[0].starts_with("admin.token_file: the token has fewer than"), "{:?}", told(&source));
        source.port = None;
        fs::remove_file(&token).unwrap();
        assert!(told(&source).is_empty(), "nothing was read of it before");
        assert_eq!(read(&source).unwrap().gathered.all_complaints().len(), 1);
        source.port = port;
        assert_eq!(fetch(&source, None, 9).unwrap().gone.len(), 1);
        let gathered = read(&source).unwrap().gathered;
        assert_eq!((gathered.all_complaints().len(), gathered.gone.len()), (0, 1));
    }

    /// The first look at files that are watched finds them as they were, whatever is wrong with them.
    #[test]
    fn what_lies_there_as_at_the_start_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("unblink.toml");
        let boards = folder.path().join("boards.d");
        let stray = folder.path().join("tenants/nobody");
        fs::create_dir_all(&boards).unwrap();
        fs::create_dir_all(&stray).unwrap();
        fs::write(stray.join("unblink.toml"), "").unwrap();
        fs::write(&config, "[sources.s]\nkind = \"file\"\npath = \"/nowhere\"\n[tenants.a]\n").unwrap();
        for wrong in ["title = 7", "[panel.a]\nchart = \"none\"", "title = "] {
            fs::write(boards.join("wrong.toml"), wrong).unwrap();
            let asked = Asked { config: Some(config.clone()), flags: Vec::new() };
            let inputs = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default()));
            let begun = Beginning::decide(inputs.start().unwrap(), inputs.clone(), &folder.path().join("state"));
            assert!(begun.refused().is_some(), "{wrong}");
            let reading = read(&source(inputs)).unwrap();
            let now = start::seen(reading.content, &reading.gathered.all_complaints());
            assert_eq!(begun.seen, Some(now), "{wrong}: {:?}", reading.gathered.all_complaints());
        }
    }

    /// What the next start would refuse is refused while the daemon runs.
    #[test]
    fn a_port_whose_token_would_keep_the_daemon_from_starting_is_complained_of() {
        let folder = tempfile::tempdir().unwrap();
        let (config, token) = (folder.path().join("unblink.toml"), folder.path().join("token"));
        let text = format!("[admin]\nlisten = '127.0.0.1:1'\ntoken_file = '{}'\n", token.display());
        fs::write(&config, text).unwrap();
        let asked = Asked { config: Some(config), flags: Vec::new() };
        let inputs = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default()));
        for (secret, complaints) in [("short\n", 1), ("long-enough-to-be-a-token\n", 0)] {
            fs::write(&token, secret).unwrap();
            let found = read(&source(inputs.clone())).unwrap().gathered.all_complaints();
            assert_eq!(found.len(), complaints, "{found:?}");
            assert_eq!(inputs.start().is_err(), complaints > 0, "a start says something else");
        }
    }

    #[test]
    fn an_errand_that_panics_is_refused() {
        let (errands, waiting) = sync_channel(ERRANDS_WAITING_MAX);
        let (told, mut outcomes) = mpsc::channel(8);
        for errand in [Errand::Read(7), Errand::Fetch { run: 8, number: None, before: 3 }] {
            errands.send(errand).unwrap();
        }
        let panics = |_| panic!("a file that nobody thought of");
        drop(errands);
        run(&waiting, &told, panics);
        let Some(Told::Read(7, reading)) = outcomes.blocking_recv() else { panic!("the reading was not refused") };
        assert!(reading.unwrap_err().message.contains("panicked"));
        let Some(Told::Fetched(8, fetched)) = outcomes.blocking_recv() else { panic!("the fetching was not refused") };
        assert!(fetched.unwrap_err().contains("panicked"));
        assert!(outcomes.try_recv().is_err(), "something was answered twice");
    }
}
