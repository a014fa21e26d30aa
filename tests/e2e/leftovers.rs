//! What a worker leaves behind when it dies: nothing.

use std::fs::{self, OpenOptions};
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::{self, Watched};
use crate::text::Text;

/// So long a worker has to have drawn for the next death to be answered at once.
const HEALTHY_AFTER: Duration = Duration::from_secs(11);

/// A daemon each of whose tenants runs a command that scatters processes.
pub struct Mess {
    home: Home,
    pub daemon: Daemon,
    told: Vec<Told>,
    tenants: usize,
}

/// What one tenant's commands tell, a line each.
struct Told {
    text: Text,
    /// So much of it was heard.
    heard: usize,
}

/// Descriptors, threads and rows of root.
#[derive(Debug, PartialEq, Eq)]
pub struct Holdings {
    descriptors: usize,
    threads: usize,
    rows: Vec<String>,
}

/// All that one command started.
struct Scattered {
    worker: Watched,
    others: Vec<Watched>,
}

/// Three that outlive their parents: one in a session of its own, one whose parent ended at once, and one that may kill
/// the keeper that would have ended them. Once all run, the last one tells who they are and whose they are.
fn script(told: &str, kills_keeper: bool) -> String {
    let calm = if kills_keeper { format!("[ -e {told}.calm ] || kill -9 $k") } else { ":".to_owned() };
    format!(
        "k=$PPID; read -r _ _ _ w _ < /proc/$k/stat\n\
         f={told}.$w; rm -f $f.own $f.forked\n\
         setsid sh -c \"echo \\$\\$ > $f.own; exec sleep 1000\" &\n\
         (setsid sh -c \"echo \\$\\$ > $f.forked; exec sleep 1000\" &)\n\
         until [ -s $f.own ] && [ -s $f.forked ]; do :; done\n\
         setsid sh -c \"echo \\$\\$ $w $(cat $f.own) $(cat $f.forked) > {told}; {calm}; exec sleep 1000\" &\n\
         exec sleep 1000"
    )
}

impl Mess {
    /// Every other tenant's command kills its keeper.
    pub fn start(tenants: usize) -> Mess {
        let home = Home::new();
        let mut told = Vec::new();
        let mut sections = String::new();
        for tenant in 0..tenants {
            let path = home.path(&format!("told-{tenant}"));
            mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
            // Open at both ends, so that opening and reading wait for nobody and meet no end.
            let reader = OpenOptions::new().read(true).write(true).open(&path).unwrap();
            told.push(Told { text: Text::of("what a tenant's command tells", reader), heard: 0 });
            sections.push_str(&format!("[tenants.t{tenant}]\n"));
            let folder = format!("config/tenants/t{tenant}");
            fs::create_dir_all(home.path(&folder)).unwrap();
            let script = script(&path.display().to_string(), tenant % 2 == 1);
            let source =
                format!("kind = 'command'\ninterval = '10m'\ntimeout = '10m'\nshell = \'\'\'\n{script}\n\'\'\'\n");
            home.put(&format!("{folder}/sources.toml"), &format!("[sources.mess]\n{source}"));
        }
        home.configure(&sections);
        let daemon = Daemon::start(&home);
        daemon.wait_for_drawing_workers(tenants + 1);
        Mess { home, daemon, told, tenants }
    }

    /// Kills the worker of each tenant so often, once its command runs, and waits for the end of all of it. A worker that
    /// dies again and again is started ever later: after each `in_a_row` deaths, those that follow wait for a healthy one.
    pub fn kill(&mut self, deaths: usize, in_a_row: usize) {
        let each = |mut told: Told| {
            move || {
                for death in 1..=deaths {
                    let scattered = Scattered::hear(&mut told);
                    if death % in_a_row == 0 {
                        // Until it is healthy, of which nothing tells.
                        let (_never, told) = mpsc::channel::<()>();
                        let _ = told.recv_timeout(HEALTHY_AFTER);
                    }
                    scattered.worker.signal(Signal::KILL);
                    scattered.worker.wait_gone();
                    scattered.others.iter().for_each(Watched::wait_gone);
                }
                // The one that lives now is told of, and left alone.
                Scattered::hear(&mut told);
                told
            }
        };
        self.set_calm(false);
        let threads = self.told.drain(..).map(|told| runtime::spawn_thread("killer", each(told)).unwrap());
        let threads: Vec<_> = threads.collect();
        self.told = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        // What lives then has all that it started, and is heard of by the next round.
        self.set_calm(true);
        for killed in self.workers() {
            killed.signal(Signal::KILL);
            killed.wait_gone();
        }
    }

    /// Whether keepers are left alone from now on.
    fn set_calm(&self, calm: bool) {
        for tenant in 0..self.tenants {
            let path = self.home.path(&format!("told-{tenant}.calm"));
            if calm { fs::write(path, "").unwrap() } else { drop(fs::remove_file(path)) }
        }
    }

    fn workers(&self) -> Vec<Watched> {
        let rows = self.home.status().workers.into_iter();
        rows.filter(|row| row.tenant != "default").filter_map(|row| Watched::open(row.pid?)).collect()
    }

    /// What root has once all tenants draw and nothing is under way.
    pub fn settled(&self) -> Holdings {
        let deadline = clock::mono() + PATIENCE;
        loop {
            let now = Holdings::of(&self.home, &self.daemon);
            if self.is_quiet() && now == Holdings::of(&self.home, &self.daemon) {
                return now;
            }
            assert!(clock::mono() < deadline, "it does not settle; the log:\n{}", self.daemon.log.so_far());
        }
    }

    /// Every tenant draws, one more worker waits for whichever dies first, and root has no other child.
    fn is_quiet(&self) -> bool {
        let draws = self.home.status().workers.iter().filter(|row| row.state == "ready").count();
        let root = self.daemon.pid();
        let waits = process::spares(root).len() == 1;
        draws == self.told.len() + 1 && waits && process::children(root).len() == draws && process::zombies(root) == 0
    }

    /// Waits until root has what it had then, and nothing else.
    pub fn assert_as(&self, before: &Holdings) {
        let deadline = clock::mono() + PATIENCE;
        loop {
            let now = self.settled();
            if now == *before {
                return;
            }
            let log = self.daemon.log.so_far();
            assert!(clock::mono() < deadline, "something is left: {now:?}\nbefore: {before:?}\nthe log:\n{log}");
        }
    }
}

impl Holdings {
    fn of(home: &Home, daemon: &Daemon) -> Holdings {
        let count = |what: &str| fs::read_dir(format!("/proc/{}/{what}", daemon.pid())).unwrap().count();
        let tree = home.status().tree;
        let mut rows: Vec<String> =
            tree.children.into_iter().filter(|row| row.kind != "process").map(|row| row.name).collect();
        rows.sort();
        Holdings { descriptors: count("fd"), threads: count("task"), rows }
    }
}

impl Told {
    /// Waits for the next one.
    fn line(&mut self) -> String {
        let heard = self.heard;
        let next = |text: &str| text[heard..].split_once('\n').map(|(line, _)| line.to_owned());
        let line = self.text.wait_for("the next command of a tenant", next);
        self.heard += line.len() + 1;
        line
    }
}

impl Scattered {
    fn hear(told: &mut Told) -> Scattered {
        let line = told.line();
        let numbers: Vec<u32> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let [last, worker, own, forked] = numbers[..] else { panic!("it told {line:?}") };
        // One that lost its keeper may be gone already.
        let others = [last, own, forked].into_iter().filter_map(Watched::open).collect();
        Scattered { worker: Watched::open(worker).expect("it was not killed yet"), others }
    }
}
