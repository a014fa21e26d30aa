//! What the daemon started itself is not let in at its sockets.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::process::Command;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use unblink::sys::clock;

use crate::PATIENCE;

use crate::daemon::Daemon;
use crate::home::Home;
use crate::process::{self, Watched};
use crate::text::Text;

const REFUSAL: &str = "does not let in what it started itself";

/// A home with a source that runs this, its output going to what is answered with.
fn home(script: &str) -> (Home, Text) {
    let home = Home::new();
    let told = home.path("told");
    mknodat(CWD, &told, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    // Open at both ends, so that opening and reading wait for nobody and meet no end.
    let reader = OpenOptions::new().read(true).write(true).open(&told).unwrap();
    let (run, program) = (home.path("run/unblink"), env!("CARGO_BIN_EXE_unblink"));
    let (run, told) = (run.display(), told.display());
    home.configure(&format!(
        "[sources.spy]\nkind = 'command'\ninterval = '10m'\ntimeout = '10m'\nshell = '''\n\
         exec > {told} 2>&1\nunblink={program}\nadmin={run}/admin.sock\nattach={run}/attach.sock\n{script}\n'''\n"
    ));
    (home, Text::of("what it was told", reader))
}

#[test]
fn a_command_of_a_source_is_refused_at_both_sockets_and_a_person_is_not() {
    let (home, told) = home(
        "$unblink status --admin-socket $admin; echo status=$?\n\
         $unblink reload --admin-socket $admin; echo reload=$?\n\
         $unblink push --socket $attach x 1; echo push=$?\n\
         echo over; exec sleep 1000",
    );
    let daemon = Daemon::start(&home);
    let text = told.wait_for("the outcome", |told| told.contains("over").then(|| told.to_owned()));
    for code in ["status=77", "reload=77", "push=77"] {
        assert!(text.contains(code), "{code} is not in\n{text}");
    }
    assert_eq!(text.matches(REFUSAL).count(), 3, "{text}");
    let refused = "refused a process that the daemon started";
    let log = daemon.log.wait_for("a line for each socket", |log| {
        let of = |socket: &str| log.lines().any(|line| line.contains(refused) && line.contains(socket));
        (of("socket=\"admin\"") && of("socket=\"attach\"")).then(|| log.to_owned())
    });
    // It tells of one a second at each.
    assert!((2..=3).contains(&log.matches(refused).count()), "{log}");
    assert!(!log.contains("viewer attached") && home.status().root.pushers == 0);
    assert_eq!(home.run(&["reload"]).status.code(), Some(0));
    assert_eq!(home.run(&["push", "x", "1"]).status.code(), Some(0));
}

#[test]
fn one_that_left_its_parents_and_its_session_is_refused_too() {
    // When it asks first, whoever started it is gone, and its keeper, which would end it, is held. When it asks again the
    // keeper is gone, too, unless the daemon has ended it before that.
    let (home, told) = home(
        "keeper=$PPID\n\
         kill -STOP $keeper\n\
         (setsid sh -c \"until read -r _ _ _ parent _ < /proc/\\$\\$/stat && [ \\$parent = $keeper ]; do :; done\n\
         $unblink status --admin-socket $admin; echo first=\\$?; kill -9 $keeper\n\
         $unblink status --admin-socket $admin; echo second=\\$?\" &)",
    );
    let daemon = Daemon::start(&home);
    let outcome = told.wait_for("the first outcome", |told| told.contains("first=").then(|| told.to_owned()));
    assert!(outcome.contains("first=77") && outcome.contains(REFUSAL), "{outcome}");
    let deadline = clock::mono() + PATIENCE;
    loop {
        let (told, log) = (told.so_far(), daemon.log.so_far());
        if log.contains("left running") || told.contains("second=") {
            assert!(!told.contains("second=") || told.contains("second=77"), "{told}");
            return;
        }
        assert!(clock::mono() < deadline, "it was neither answered nor ended: {told}\nthe log:\n{log}");
        // Takes its time.
        home.status();
    }
}

#[test]
fn what_was_there_before_the_daemon_is_let_in_and_its_orphans_are_reaped() {
    let home = Home::new();
    let (told, start) = (home.path("told"), home.path("start"));
    for path in [&told, &start] {
        mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }
    let open = |path| OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (heard, mut go) = (Text::of("what it was told", open(&told)), open(&start));
    let program = home.command(&["serve"]);
    let mut command = Command::new("sh");
    let script = format!(
        "(exec > {told} 2>&1; read -r _ < {start}; \"$0\" push x 1; echo push=$?\n\
         for i in 1 2 3 4 5; do (sh -c 'echo orphan $$' &); done; echo over; exec sleep 1000) &\n\
         echo $! > {helper}; exec \"$0\" serve",
        told = told.display(),
        start = start.display(),
        helper = home.path("helper").display(),
    );
    command.arg("-c").arg(script).arg(program.get_program()).env_clear().current_dir(home.path("."));
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let daemon = Daemon::start_as(&home, command);
    daemon.wait_for_drawing_workers(1);
    let log = daemon.log.so_far();
    assert!(log.contains("were there before it"), "{log}");
    let helper = fs::read_to_string(home.path("helper")).unwrap().trim().parse().unwrap();
    let _helper = Killed(Watched::open(helper).expect("it waits"));
    go.write_all(b"x\n").unwrap();
    let told = heard.wait_for("all of them", |told| {
        (told.contains("over") && told.matches("orphan").count() == 5).then(|| told.to_owned())
    });
    assert!(told.contains("push=0"), "{told}");
    for line in told.lines().filter_map(|line| line.strip_prefix("orphan ")) {
        if let Some(orphan) = Watched::open(line.parse().unwrap()) {
            orphan.wait_gone();
        }
    }
    // It looks when a worker has died.
    let worker = home.status().workers[0].pid.expect("it draws");
    Watched::open(worker).expect("it draws").signal(Signal::KILL);
    let deadline = clock::mono() + PATIENCE;
    while process::zombies(daemon.pid()) > 0 {
        assert!(clock::mono() < deadline, "nobody reaps orphans; the log:\n{}", daemon.log.so_far());
        // Takes its time.
        home.status();
    }
    daemon.wait_for_drawing_workers(2);
    assert!(!daemon.log.so_far().contains("left running"), "a stranger was ended");
}

/// Killed when this goes.
struct Killed(Watched);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.signal(Signal::KILL);
    }
}
