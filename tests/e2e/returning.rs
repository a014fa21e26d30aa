//! Many viewers lose one daemon, and all come back to the next one as they were.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use unblink::sys::clock;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::terminal::{Seen, Terminal};

const VIEWERS: usize = 60;
const BOARDS: usize = 4;
const SIZES: [(u16, u16); 3] = [(80, 24), (100, 30), (50, 12)];

struct Viewer {
    terminal: Terminal,
    words: String,
    size: (u16, u16),
    range: String,
}

/// The range in the status line, as `15 min`.
fn range(seen: &Seen, rows: u16) -> Option<String> {
    let line = seen.row(rows - 1);
    let is_range = |part: &&str| {
        let mut words = part.split(' ');
        let number = words.next().is_some_and(|word| word.parse::<u32>().is_ok());
        number && matches!((words.next(), words.next()), (Some("s" | "min" | "h" | "d"), None))
    };
    line.split("  ").map(str::trim).find(is_range).map(str::to_owned)
}

impl Viewer {
    fn attach(home: &Home, number: usize) -> Viewer {
        let (board, size) = (number % BOARDS, SIZES[number % SIZES.len()]);
        let terminal = Terminal::run(home, &["attach", &format!("board-{board}")], size);
        Viewer { terminal, words: format!("words of board {board}"), size, range: String::new() }
    }

    fn choose(&mut self, number: usize) {
        self.terminal.wait_for(&self.words);
        let (mut before, rows) = (range(&self.terminal.seen(), self.size.1), self.size.1);
        assert!(before.is_some(), "there is no range on\n{}", self.terminal.text());
        for _ in 0..number % 4 {
            self.terminal.type_keys("+");
            self.terminal
                .wait_until("another range", |seen| range(seen, rows).is_some() && range(seen, rows) != before);
            before = range(&self.terminal.seen(), rows);
        }
        self.range = before.expect("it was there");
    }

    fn wait_for_lookout(&self, home: &Home) {
        let deadline = clock::mono() + PATIENCE;
        while !self.looks_out(home) {
            assert!(clock::mono() < deadline, "nobody tells {} that the daemon is back", self.words);
            std::thread::yield_now();
        }
    }

    /// Whether it has the kernel watch the folder of the socket.
    fn looks_out(&self, home: &Home) -> bool {
        let folder = fs::metadata(home.socket().parent().expect("it is in a folder")).expect("it is there");
        let watched = format!(" ino:{:x} ", folder.ino());
        let infos = fs::read_dir(format!("/proc/{}/fdinfo", self.terminal.pid())).expect("it lives");
        let infos = infos.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
        infos
            .flat_map(|info| info.lines().map(str::to_owned).collect::<Vec<_>>())
            .any(|line| line.starts_with("inotify ") && line.contains(&watched))
    }

    fn wait_for_return(&self) {
        self.terminal.wait_until("its own picture again", |seen| {
            let text = seen.text();
            let is_own = text.contains(&self.words) && range(seen, self.size.1).as_ref() == Some(&self.range);
            is_own && !text.contains("reconnecting") && !text.contains("waiting")
        });
        self.terminal.assert_no_garbage();
    }
}

#[test]
fn sixty_viewers_of_a_killed_daemon_come_back_once_each_and_see_what_they_had_chosen() {
    let home = Home::new();
    fs::create_dir_all(home.path("config/boards.d")).unwrap();
    for board in 0..BOARDS {
        let text = format!("[panel.a]\nchart = 'text'\ntext = 'words of board {board}'\n[layout]\ncolumn = ['a']\n");
        home.put(&format!("config/boards.d/board-{board}.toml"), &text);
    }
    home.configure("");
    let daemon = Daemon::start(&home);
    let mut viewers: Vec<Viewer> = (0..VIEWERS).map(|number| Viewer::attach(&home, number)).collect();
    viewers.iter_mut().enumerate().for_each(|(number, viewer)| viewer.choose(number));
    daemon.kill();
    viewers.iter().for_each(|viewer| drop(viewer.terminal.wait_for("reconnecting")));
    // Nobody has to ask again and again: each looks out for the socket.
    viewers.iter().for_each(|viewer| viewer.wait_for_lookout(&home));
    let next = Daemon::start(&home);
    viewers.iter().for_each(Viewer::wait_for_return);
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for viewer in &viewers {
        *wanted.entry(format!("{}x{}", viewer.size.0, viewer.size.1)).or_default() += 1;
    }
    let mut found = BTreeMap::new();
    home.status().views.iter().for_each(|view| *found.entry(view.size.clone()).or_default() += view.viewers);
    assert_eq!(found, wanted);
    let came = |log: &str| log.matches("viewer attached").count();
    let log = next.log.wait_for("each of them", |log| (came(log) >= VIEWERS).then(|| log.to_owned()));
    assert_eq!(came(&log), VIEWERS, "{log}");
    assert!(!log.contains("viewer refused"), "{log}");
}
