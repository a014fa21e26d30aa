//! Faults on purpose in a real worker: what its viewers see, and that it obeys only when it may.

use std::process::Command;

use rustix::process::Signal;
use unblink::model::fault::mode::HEAL_KEY;
use unblink::model::fault::{Holder, Lie, Mode};
use unblink::runtime;
use unblink::sys::clock;

use crate::PATIENCE;
use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::{self, Watched};
use crate::terminal::Terminal;

const SIZE: (u16, u16) = (150, 40);
const HIT: &str = "this one is hit";

fn daemon(home: &Home) -> Daemon {
    home.configure("[faults]\nenabled = true\n");
    Daemon::start(home)
}

fn attach(home: &Home) -> Terminal {
    let terminal = Terminal::run(home, &["attach", "faults"], SIZE);
    terminal.wait_until("the board, drawn whole", |seen| {
        let text = seen.text();
        [HIT, "its neighbour", "faults on", "search", "value"].iter().all(|words| text.contains(words))
    });
    terminal
}

/// As many workers end, one after the other, each of what is done to it, until the next one draws.
fn workers_end(daemon: &Daemon, deaths: usize, done: impl Fn(&Watched)) {
    for death in 1..=deaths {
        let worker = daemon.worker();
        done(&worker);
        worker.wait_gone();
        daemon.wait_for_drawing_workers(1 + death);
    }
}

/// The panel is shown and live, and a key is pressed.
fn press_once_live(terminal: &Terminal, key: char) {
    terminal.wait_until("the panel", |seen| seen.text().contains(HIT) && seen.text().contains("live"));
    terminal.type_keys(&key.to_string());
}

/// What stands after a word.
fn word_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split(before).nth(1)?.split(|char: char| !char.is_ascii_hexdigit()).next()
}

/// The worker tells of itself once a second.
fn wait_for_count(home: &Home, what: &str, least: u64) {
    let deadline = clock::mono() + PATIENCE;
    loop {
        let faults = home.status().workers[0].faults.clone();
        if faults.get(what).is_some_and(|count| *count >= least) {
            return;
        }
        assert!(clock::mono() < deadline, "waited in vain for {least} times {what}: {faults:?}");
    }
}

#[test]
fn a_panel_that_panics_says_so_its_neighbours_go_on_and_the_same_key_heals_it() {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    let worker = daemon.worker().pid;
    for mode in Mode::ALL.into_iter().filter(|mode| mode.holder() == Holder::Panel) {
        let key = mode.key().to_string();
        terminal.type_keys(&key);
        let text = terminal.wait_until(mode.name(), |seen| seen.text().contains(", trace "));
        assert!(text.contains(HIT) && !text.contains(runtime::mishap::SAID), "{text}");
        // The clock, and what the neighbours show.
        for _ in 0..3 {
            terminal.wait_for_change();
        }
        assert!(terminal.text().contains(", trace "), "{}", terminal.text());
        let text = terminal.text();
        let trace = word_after(&text, ", trace ").unwrap().to_owned();
        daemon.log.wait_for("the line of the trace", |log| {
            log.lines().any(|line| line.contains("a panic was held") && line.contains(&trace)).then_some(())
        });
        terminal.type_keys(&key);
        terminal.wait_without(", trace ");
    }
    wait_for_count(&home, "panel panic", 7);
    assert_eq!(daemon.worker().pid, worker, "no worker died of it");
    terminal.assert_no_garbage();
}

#[test]
fn a_source_that_fails_hangs_or_panics_says_so_and_comes_back() {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    let worker = daemon.worker().pid;
    for (lie, words) in
        [(Lie::Fail, "ago: failed"), (Lie::Hang, "ago: no answer in"), (Lie::Panic, "ago: panicked, trace ")]
    {
        terminal.type_keys(&lie.key().to_string());
        terminal.wait_for(words);
        assert!(terminal.text().contains(HIT));
        terminal.type_keys(&HEAL_KEY.to_string());
        terminal.wait_without(words);
    }
    for lie in [Lie::Wrong, Lie::Huge, Lie::NotANumber] {
        terminal.seen().forget();
        terminal.type_keys(&lie.key().to_string());
        for _ in 0..4 {
            terminal.wait_for_change();
        }
        terminal.type_keys(&HEAL_KEY.to_string());
    }
    assert_eq!(daemon.worker().pid, worker, "no worker died of it");
    terminal.assert_no_garbage();
}

/// One mode in a daemon of its own, so that none waits for what another did.
fn dies_and_comes_back(mode: Mode) {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    let worker = daemon.worker();
    let pid = worker.pid;
    terminal.type_keys(&mode.key().to_string());
    worker.wait_gone();
    daemon.wait_for_drawing_workers(2);
    terminal.seen().forget();
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    terminal.wait_until("the board again", |seen| seen.text().contains(HIT) && seen.text().contains("live"));
    assert_ne!(daemon.worker().pid, pid, "{mode:?}");
    assert!(!terminal.seen().ever(|picture| !picture.contains(HIT)), "{mode:?}: a picture without the board");
    terminal.assert_no_garbage();
}

#[test]
fn every_mode_that_no_ring_of_a_worker_holds_costs_that_worker_and_the_board_comes_back() {
    let modes: Vec<Mode> = Mode::ALL.into_iter().filter(|mode| mode.holder() == Holder::Worker).collect();
    assert_eq!(modes.len(), 18);
    let threads = modes.chunks(4).map(|modes| {
        let modes = modes.to_vec();
        runtime::spawn_thread("modes", move || modes.into_iter().for_each(dies_and_comes_back)).unwrap()
    });
    let threads: Vec<_> = threads.collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn where_a_worker_hung_stands_in_the_log() {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    let worker = daemon.worker();
    terminal.type_keys(&Mode::EndlessLoop.key().to_string());
    worker.wait_gone();
    daemon.log.wait_for("the calls", |log| {
        let line = log.lines().find(|line| line.contains("worker hung in"))?;
        assert!(line.contains("endless (mishap.rs:"), "{line}");
        Some(())
    });
    daemon
        .log
        .wait_for("why", |log| (log.contains("worker hangs") && log.contains("worker died of a panel")).then_some(()));
    let log = daemon.log.so_far();
    let line = log.lines().find(|line| line.contains("worker died of a panel")).expect("it was there");
    let frame = line.split(" frame=").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    assert!(frame > Some(1), "of which frame is not told: {line}");
}

#[test]
fn a_banner_names_the_trace_of_what_the_worker_died_of() {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    // Pauses grow with each death.
    workers_end(&daemon, 5, |worker| worker.signal(Signal::KILL));
    press_once_live(&terminal, Mode::Abort.key());
    let text = terminal.wait_until("a banner with a trace", |seen| {
        seen.text().lines().any(|line| line.contains("worker died, ") && line.contains(" trace "))
    });
    let banner = text.lines().find(|line| line.contains("worker died")).expect("it is there");
    let trace = word_after(banner, " trace ").expect("it is there");
    daemon.log.wait_for("its death", |log| {
        log.lines().any(|line| line.contains("worker died of a panel") && line.contains(trace)).then_some(())
    });
}

#[test]
fn what_two_workers_died_of_is_left_alone_until_the_configuration_changes() {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    workers_end(&daemon, 2, |_| press_once_live(&terminal, Mode::Abort.key()));
    let text = terminal.wait_for("worker death");
    assert!(text.contains("its neighbour") && text.contains(", trace "), "{text}");
    assert_eq!(text.matches("worker death").count(), 1, "{text}");
    // The next one may be asked for it as often as one likes.
    let worker = daemon.worker();
    terminal.type_keys(&Mode::Abort.key().to_string());
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    assert_eq!(daemon.worker().pid, worker.pid, "it is not drawn");
    terminal.type_keys(&HEAL_KEY.to_string());
    home.configure("[faults]\nenabled = true\n[log]\nlevel = \"debug\"\n");
    terminal.wait_without("worker death");
    terminal.wait_for(HIT);
    terminal.assert_no_garbage();
}

#[test]
fn a_source_that_two_workers_died_of_is_left_alone_and_its_board_lives_on() {
    let home = Home::new();
    let daemon = daemon(&home);
    let terminal = attach(&home);
    workers_end(&daemon, 2, |_| press_once_live(&terminal, Lie::Abort.key()));
    let text = terminal.wait_for("left alone: 2 workers");
    assert!(text.contains(HIT) && text.contains("its neighbour") && !text.contains("worker death"), "{text}");
    daemon.log.wait_for("what they died of", |log| (log.matches("worker died of a source").count() == 2).then_some(()));
    // The next one may be asked for it as often as one likes.
    let worker = daemon.worker();
    terminal.type_keys(&Lie::Abort.key().to_string());
    for _ in 0..3 {
        terminal.wait_for_change();
    }
    assert_eq!(daemon.worker().pid, worker.pid, "it is not asked");
    terminal.type_keys(&HEAL_KEY.to_string());
    home.configure("[faults]\nenabled = true\n[log]\nlevel = \"debug\"\n");
    terminal.wait_without("left alone");
    terminal.assert_no_garbage();
}

#[test]
fn a_worker_that_was_not_told_to_obey_does_not() {
    let home = Home::new();
    let daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "host"], SIZE);
    let text = terminal.wait_for("CPU");
    assert!(!text.contains("faults on"));
    let arguments = std::fs::read_to_string(format!("/proc/{}/cmdline", daemon.worker().pid)).unwrap();
    assert!(!arguments.contains("--faults"), "{arguments}");
    assert!(home.status().workers[0].faults.is_empty());
    let boards = String::from_utf8(home.run(&["boards"]).stdout).unwrap();
    assert!(!boards.contains("faults"), "{boards}");
}

#[test]
fn the_demo_has_the_board_and_its_help() {
    let home = Home::new();
    let mut command: Command = home.command(&["demo"]);
    let terminal = Terminal::spawn("demo", &mut command, SIZE);
    terminal.wait_until("the first board", |seen| seen.text().contains("CPU") && seen.text().contains("faults on"));
    terminal.type_keys("?");
    terminal.wait_for("the keys it shows; x heals");
    terminal.type_keys("?");
    for board in ["default/demo", "default/unblink", "default/faults"] {
        terminal.type_keys("\t");
        terminal.wait_for(board);
    }
    terminal.wait_for(HIT);
    terminal.wait_for("index out of bounds");
    let worker = process::children(terminal.pid()).remove(0).pid;
    terminal.type_keys("A");
    terminal.wait_for(", trace ");
    terminal.type_keys("A");
    terminal.wait_without(", trace ");
    assert_eq!(process::children(terminal.pid()).remove(0).pid, worker);
}

#[test]
fn a_standby_is_shown_while_the_first_fails_and_no_longer() {
    let home = Home::new();
    let read = |file: &str| {
        format!("kind = \"command\"\ninterval = \"200ms\"\nargv = [\"cat\", \"{}\"]\n", home.path(file).display())
    };
    let (first, other) = (read("first"), read("other"));
    home.put("first", "111\n");
    home.put("other", "222\n");
    let settings = format!("[sources.first]\nstandby = \"other\"\n{first}\n[sources.other]\n{other}\n");
    home.configure(&settings);
    std::fs::create_dir(home.path("config/boards.d")).unwrap();
    let panel = "[panel.p]\nchart = \"facts\"\nsource = \"first\"\nrows = [{ name = \"value\", value = \"first\" }]\n";
    home.put("config/boards.d/pair.toml", panel);
    let _daemon = Daemon::start(&home);
    let terminal = Terminal::run(&home, &["attach", "pair"], (100, 20));
    terminal.wait_for("111");
    std::fs::remove_file(home.path("first")).unwrap();
    terminal.wait_until("the standby", |seen| {
        seen.text().contains("shows other, as first failed") && seen.text().contains("222")
    });
    home.put("first", "333\n");
    terminal.wait_until("the first again", |seen| seen.text().contains("333") && !seen.text().contains("shows other"));
    wait_for_count(&home, "source error", 3);
    terminal.assert_no_garbage();
}
