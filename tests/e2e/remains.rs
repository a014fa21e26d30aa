//! Workers die over and over while what they started runs.

use std::fs::OpenOptions;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::leftovers::Mess;
use crate::process::Watched;
use crate::text::Text;

#[test]
fn sixty_deaths_leave_nothing_of_what_the_dead_had_started() {
    let mut mess = Mess::start(10);
    // And one more that ends each round: two, then four in a row.
    mess.kill(1, usize::MAX);
    let before = mess.settled();
    mess.kill(3, usize::MAX);
    mess.assert_as(&before);
    let deaths = |log: &str| log.matches("worker died").count();
    let log = mess.daemon.log.wait_for("each death", |log| (deaths(log) >= 60).then(|| log.to_owned()));
    assert_eq!(deaths(&log), 60, "{log}");
    assert!(log.contains("left running"), "nobody lost a keeper; the log:\n{log}");
}

#[test]
fn a_daemon_that_ends_leaves_nothing_of_what_lost_its_keeper() {
    let home = Home::new();
    let path = home.path("told");
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    // Open at both ends, so that opening and reading wait for nobody and meet no end.
    let told = Text::of("told", OpenOptions::new().read(true).write(true).open(&path).unwrap());
    let path = path.display();
    home.configure(&format!(
        "[sources.mess]\nkind = 'command'\ninterval = '10m'\ntimeout = '10m'\nshell = \"\"\"\nexec > /dev/null 2>&1; k=$PPID\n\
         kill -STOP $k; setsid sh -c 'echo '$k' $$ > {path}; exec sleep 1000' &\n\
         exec sleep 1000\n\"\"\"\n"
    ));
    let daemon = Daemon::start(&home);
    let line = told.wait_for("who they are", |told| Some(told.strip_suffix('\n')?.to_owned()));
    let both: Vec<u32> = line.split(' ').map(|pid| pid.parse().unwrap()).collect();
    let [keeper, orphan] = both[..] else { panic!("it told {line:?}") };
    // The keeper stands still, so that both are there until it is killed.
    let [keeper, orphan] = [keeper, orphan].map(|pid| Watched::open(pid).expect("it is held"));
    keeper.signal(Signal::KILL);
    keeper.wait_gone();
    assert_eq!(daemon.stop().code(), Some(0));
    orphan.wait_gone();
}
