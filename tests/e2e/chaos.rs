//! A configuration that is edited at random while people watch: whatever lies there, the screens show the last that was
//! right, and the next that is right is shown.
//!
//! Invariant: what is right is told by the same functions `unblink check` uses, on the same files. Every edit that is
//! right has a higher number than the one before, so a picture tells which it is of.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use unblink::admin::client;
use unblink::admin::status::Change;
use unblink::config::{self, Asked, Places, Surroundings};
use unblink::runtime;
use unblink::sys::random;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::Terminal;

/// A daemon, a tree of files, and two people who look on.
pub struct Chaos {
    home: Home,
    daemon: Daemon,
    terminals: Vec<Looker>,
    seed: u64,
    state: u64,
    /// Of the newest edit.
    number: u64,
    /// Everything done so far, for whoever has to find out.
    done: Vec<String>,
}

/// Somebody who looks at a board.
struct Looker {
    board: &'static str,
    terminal: Terminal,
    /// The edit that was shown last.
    shown: Cell<u64>,
}

const FILES: [&str; 4] = ["unblink.toml", "boards.d/one.toml", "boards.d/two.toml", "boards.d/three.toml"];
/// What is done to a file, for which there is a text that is right.
type Edit = fn(&mut Chaos, &Path, &str);

const EDITS: [(&str, Edit); 15] = [
    ("replaces", |_, path, text| {
        fs::write(path.with_extension("new"), text).unwrap();
        clear(path);
        fs::rename(path.with_extension("new"), path).unwrap();
    }),
    ("writes", |_, path, text| {
        clear(path);
        fs::write(path, text).unwrap();
    }),
    ("writes over", |_, path, text| {
        if !path.is_file() || path.is_symlink() {
            clear(path);
        }
        fs::write(path, text).unwrap();
    }),
    ("mistypes", |_, path, text| {
        clear(path);
        fs::write(path, text.replacen('=', "=== ", 1)).unwrap();
    }),
    ("half writes", |chaos, path, text| {
        clear(path);
        let length = chaos.chance(text.len());
        fs::write(path, &text[..length]).unwrap();
    }),
    ("truncates", |chaos, path, _| {
        let length = chaos.chance(60) as u64;
        if path.is_file() && !path.is_symlink() {
            OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
        }
    }),
    ("exchanges the link of", |chaos, path, text| {
        let target = path.with_file_name(format!("..{}", chaos.number));
        fs::write(&target, text).unwrap();
        clear(path);
        symlink(&target, path.with_extension("new")).unwrap();
        fs::rename(path.with_extension("new"), path).unwrap();
    }),
    ("removes", |_, path, _| clear(path)),
    ("makes a gigabyte of", |_, path, _| {
        clear(path);
        File::create(path).unwrap().set_len(1 << 30).unwrap();
    }),
    ("makes a pipe of", |_, path, _| {
        clear(path);
        mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }),
    ("leads to /etc/shadow from", |_, path, _| {
        clear(path);
        symlink("/etc/shadow", path).unwrap();
    }),
    ("makes a folder of", |_, path, _| {
        clear(path);
        fs::create_dir(path).unwrap();
    }),
    ("writes junk into", |chaos, path, _| {
        clear(path);
        let junk: Vec<u8> = (0..chaos.chance(4000)).map(|_| chaos.chance(256) as u8).collect();
        fs::write(path, junk).unwrap();
    }),
    ("leads in a circle from", |_, path, _| {
        clear(path);
        symlink(path, path).unwrap();
    }),
    ("moves the folder away and back of", |_, path, _| {
        let (folder, away) = (path.parent().unwrap(), path.parent().unwrap().with_extension("away"));
        fs::rename(folder, &away).unwrap();
        fs::rename(&away, folder).unwrap();
    }),
];

/// Removes whatever lies there.
fn clear(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

fn text(name: &str, number: u64) -> String {
    match name {
        "unblink" => format!("# {number:08}\n[host]\ninterval = '{}s'\n", 1 + number % 5),
        board => format!(
            "refresh_hz = 2\n[panel.a]\nchart = \"text\"\ntext = \"{board}-{number:08}\"\n[layout]\ncolumn = [\"a\"]\n"
        ),
    }
}

// === impl Chaos ===

impl Chaos {
    /// The seed is printed; `UNBLINK_CHAOS_SEED` sets it.
    #[expect(clippy::print_stdout, reason = "whoever has to find out what happened wants the seed")]
    pub fn start(lookers: usize) -> Chaos {
        let seed = std::env::var("UNBLINK_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(random::u64);
        println!("chaos: UNBLINK_CHAOS_SEED={seed}");
        let home = Home::new();
        home.configure("");
        fs::create_dir(home.path("config/boards.d")).unwrap();
        for file in FILES {
            let path = home.path("config").join(file);
            fs::write(&path, text(path.file_stem().unwrap().to_str().unwrap(), 0)).unwrap();
        }
        let daemon = Daemon::start(&home);
        let watch = |board, size| {
            let terminal = Terminal::run(&home, &["attach", board], size);
            Looker { board, terminal, shown: Cell::new(0) }
        };
        // Each pair in sizes of its own, so that no two of them share a view.
        let size = |rows: u16, index: usize| rows + u16::try_from(index / 2).expect("they are few");
        let look = |index: usize| match index % 2 {
            0 => watch("one", (120, size(12, index))),
            _ => watch("two", (60, size(8, index))),
        };
        let terminals: Vec<Looker> = (0..lookers).map(look).collect();
        for Looker { board, terminal, .. } in &terminals {
            terminal.wait_for(&format!("{board}-00000000"));
            // What came before the first picture was no board.
            terminal.seen().forget();
        }
        Chaos { home, daemon, terminals, seed, state: seed, number: 0, done: Vec::new() }
    }

    /// So many edits, each followed by nothing or by a look at what came of it, and a last one that is right.
    pub fn run(&mut self, edits: usize) {
        for _ in 0..edits {
            self.edit();
            match self.chance(4) {
                0 => {}
                1 => self.check_pictures(),
                _ => self.check_reload(),
            }
            if self.chance(20) == 0 {
                self.mend();
            }
        }
        self.mend();
        let status = self.home.status();
        assert_eq!((status.root.pid, status.workers[0].restarts), (self.daemon.pid(), 0), "{}", self.told());
        assert!(!self.daemon.log.so_far().contains("panicked"), "{}", self.told());
    }

    /// A number below `bound`, from Knuth's MMIX generator.
    fn chance(&mut self, bound: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % bound
    }

    fn path(&self, file: &str) -> PathBuf {
        self.home.path("config").join(file)
    }

    fn edit(&mut self) {
        self.number += 1;
        // The main file less often: while it is wrong no board can change.
        let file = FILES[if self.chance(10) == 0 { 0 } else { 1 + self.chance(3) }];
        // Every other edit is right.
        let edit = if self.chance(2) == 0 { self.chance(3) } else { self.chance(EDITS.len()) };
        let (what, act) = EDITS[edit];
        let path = self.path(file);
        self.done.push(format!("{what} {file} ({})", self.number));
        let text = text(path.file_stem().unwrap().to_str().unwrap(), self.number);
        // A folder below one that is moved is there again.
        act(self, &path, &text);
    }

    /// What `unblink check` thinks of what lies there, and what a board would show.
    fn is_right(&self) -> bool {
        let asked = Asked { config: Some(self.path(FILES[0])), flags: Vec::new() };
        config::load(&asked, |_| None, &Places::of(&Surroundings::default())).is_ok()
    }

    fn check_reload(&mut self) {
        let is_right = self.is_right();
        let socket = self.home.admin();
        let answer = runtime::block_on(client::post("/api/v1/reload", &socket)).unwrap();
        let answer = answer.unwrap_or_else(|error| panic!("{error}; {}", self.told()));
        let change: Change = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(change.accepted, is_right, "{change:?} of what is right: {is_right}; {}", self.told());
        if is_right {
            self.check_shown();
        }
        self.check_pictures();
    }

    /// Waits until every screen shows what lies in the files now.
    fn check_shown(&self) {
        for Looker { board, terminal, .. } in &self.terminals {
            let shown = fs::read_to_string(self.path(&format!("boards.d/{board}.toml")));
            let begin = format!("{board}-");
            let words = shown.ok().and_then(|text| Some(begin.clone() + text.split(&begin).nth(1)?.get(..8)?));
            let words = words.unwrap_or_else(|| "no board is named".to_owned());
            terminal.wait_until(&format!("{words}; {}", self.told()), |seen| seen.text().contains(&words));
        }
    }

    /// No picture was empty, none was of an edit before the one that was shown already, and all tell of the daemon.
    fn check_pictures(&self) {
        for Looker { board, terminal, shown } in &self.terminals {
            let begin = format!("{board}-");
            let is_wrong = |picture: &str| {
                if picture.contains("no board is named") {
                    return false;
                }
                let number = picture.split(&begin).nth(1).and_then(|rest| rest.get(..8)?.parse::<u64>().ok());
                !number.is_some_and(|number| number >= shown.replace(number) && number <= self.number)
            };
            let mut seen = terminal.seen();
            assert!(!seen.ever(is_wrong), "{board} showed something else; {}; now:\n{}", self.told(), seen.text());
            seen.forget();
            drop(seen);
            terminal.assert_no_garbage();
        }
    }

    /// Makes everything right, which the daemon has to notice by itself.
    fn mend(&mut self) {
        self.number += 1;
        self.done.push(format!("mends everything ({})", self.number));
        for file in FILES {
            let path = self.path(file);
            let text = text(path.file_stem().unwrap().to_str().unwrap(), self.number);
            EDITS[self.chance(3)].1(self, &path, &text);
        }
        for Looker { terminal, .. } in &self.terminals {
            let told = format!("no complaint; {}", self.told());
            terminal
                .wait_until(&told, |seen| !seen.text().contains("not applied") && !seen.text().contains("config  "));
        }
        self.check_shown();
        self.check_pictures();
        assert_eq!(self.home.status().root.configuration.refused, None, "{}", self.told());
    }

    /// The last edits, and how to do them again.
    fn told(&self) -> String {
        let last: Vec<&str> = self.done.iter().rev().take(12).map(String::as_str).collect();
        format!("UNBLINK_CHAOS_SEED={}; last first: {}", self.seed, last.join(", "))
    }
}
