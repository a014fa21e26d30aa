//! Where a daemon's log goes: what stands in it, and what becomes of it and of the charts when a destination takes nothing.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use crate::asking::{counted, wait_until};
use crate::daemon::Daemon;
use crate::home::Home;
use crate::process;
use crate::terminal::Terminal;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// The one log file there is.
fn log_file(folder: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "log")).max()
}

/// Its whole lines: one may be on its way.
fn logged(folder: &Path) -> String {
    let mut text = log_file(folder).map_or(String::new(), |path| fs::read_to_string(path).unwrap());
    text.truncate(text.rfind('\n').map_or(0, |end| end + 1));
    text
}

/// Kills the worker once it has something to leave, so that the next one tells of it.
fn replace_worker(home: &Home, daemon: &Daemon) {
    wait_until("the worker to know something", || home.status().workers[0].series > 0);
    let worker = daemon.worker();
    worker.signal(Signal::KILL);
    worker.wait_gone();
}

/// Killed when dropped.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn programs_read_json_lines_which_name_tenant_and_life_of_a_worker() {
    let home = Home::new();
    home.configure("[sources.broken]\nkind = \"command\"\nargv = [\"/bin/false\"]\ninterval = \"1s\"\n");
    let mut command = home.command(&["serve"]);
    command.env_remove("UNBLINK_LOG_FORMAT");
    let daemon = Daemon::start_as(&home, command);
    daemon.wait_for_drawing_workers(1);
    replace_worker(&home, &daemon);
    daemon.wait_for_drawing_workers(2);
    // Said by the second worker itself.
    let log = daemon.log.wait_for("its source to fail", |log| {
        let second = log.split("worker draws").nth(2)?;
        let (complete, _) = second.rsplit_once('\n')?;
        complete.contains("source failed").then(|| log.to_owned())
    });
    let whole = &log[..=log.rfind('\n').unwrap()];
    let lines = lines(whole);
    for line in &lines {
        for key in ["time", "level", "message", "target"] {
            assert!(line[key].is_string(), "{key}: {line}");
        }
    }
    let of = |words: &str| lines.iter().find(|line| line["message"].as_str().unwrap().contains(words)).unwrap();
    assert_eq!(of("worker died")["tenant"], "default");
    let failed = lines.iter().rfind(|line| line["message"].as_str().unwrap().contains("source failed")).unwrap();
    for (key, expected) in [("tenant", "default"), ("source", "broken"), ("thread", "drawing")] {
        assert_eq!(failed[key], expected, "{failed}");
    }
    assert_eq!(failed["epoch"].as_u64(), Some(2), "{failed}");
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_log_that_nobody_reads_costs_its_lines_and_no_picture() {
    let home = Home::new();
    home.configure("");
    fs::create_dir(home.path("config/boards.d")).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let room = rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
    writer.write_all(&vec![b'.'; room]).unwrap();
    let mut command = home.command(&["serve"]);
    command.env("UNBLINK_LOG_FILES", home.path("log"));
    let mut daemon = Guard(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer).spawn().unwrap());
    // That the other destination has what this one does not take is the point.
    wait_until("the daemon to listen", || logged(&home.path("log")).contains("worker draws"));
    let terminal = Terminal::run(&home, &["attach", "host"], (80, 24));
    terminal.wait_for("CPU");
    // A hundred complaints at a time.
    let wrong: String = (0..200).map(|number| format!("[panel.wrong{number}]\nchart = \"none of ours\"\n")).collect();
    home.put("config/boards.d/wrong.toml", &wrong);
    wait_until("lines to be dropped", || {
        assert_ne!(home.run(&["reload"]).status.code(), Some(0), "the board is wrong");
        counted(&home.admin(), "unblink_log_dropped_total{process=\"root\",tenant=\"\",to=\"stderr\"}") > 0.0
    });
    let before = terminal.seen().frames();
    (0..3).for_each(|_| drop(terminal.wait_for_change()));
    assert!(terminal.seen().frames() > before);
    assert_eq!(home.status().workers[0].restarts, 0);
    let refusals = || logged(&home.path("log")).matches("configuration not applied").count();
    let refused = refusals();
    wait_until("the other destination to go on", || {
        home.run(&["reload"]);
        refusals() > refused
    });
    lines(&logged(&home.path("log")));
    process::signal(&daemon.0, Signal::TERM);
    assert_eq!(process::wait_end(&mut daemon.0, "the daemon").code(), Some(0));
    drop(reader);
}

#[test]
fn a_folder_that_takes_no_log_is_counted_and_told_and_written_to_once_it_does() {
    let home = Home::new();
    home.configure("");
    let folder = home.path("log");
    File::create(&folder).unwrap();
    let mut command = home.command(&["serve"]);
    command.env("UNBLINK_LOG_FILES", &folder);
    let daemon = Daemon::start_as(&home, command);
    let told = "the log does not get there; its messages are lost until it does to=\"files\"";
    daemon.wait_for_drawing_workers(1);
    replace_worker(&home, &daemon);
    // By root and by its worker.
    daemon.log.wait_for("both to tell of it", |log| (log.matches(told).count() >= 2).then_some(()));
    for labels in ["process=\"root\",tenant=\"\",to=\"files\"", "process=\"worker\",tenant=\"default\",to=\"files\""] {
        let series = format!("unblink_log_errors_total{{{labels}}}");
        wait_until("the errors to be counted", || counted(&home.admin(), &series) > 0.0);
    }
    fs::remove_file(&folder).unwrap();
    wait_until("the log to be written again", || {
        assert_eq!(home.run(&["reload"]).status.code(), Some(0));
        logged(&folder).contains("nothing changed")
    });
    daemon.log.wait_for("the recovery", |log| log.contains("the log gets there again to=\"files\"").then_some(()));
    let text = logged(&folder);
    assert!(
        text.lines().next().unwrap().contains("log messages are missing here: they could not be written"),
        "{text}"
    );
    lines(&text);
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn files_hold_what_root_and_workers_log_and_the_oldest_go() {
    let home = Home::new();
    let folder = home.path("log");
    fs::create_dir(&folder).unwrap();
    for day in 1..=4 {
        fs::write(folder.join(format!("unblink.2020-01-0{day}.log")), "").unwrap();
    }
    home.configure("[log]\nkeep = 2\n");
    let mut command = home.command(&["serve"]);
    // As systemd says where a unit's logs belong.
    command.env("LOGS_DIRECTORY", format!("{}:/nowhere", folder.display()));
    let daemon = Daemon::start_as(&home, command);
    daemon.wait_for_drawing_workers(1);
    replace_worker(&home, &daemon);
    wait_until("both to have logged", || {
        let text = logged(&folder);
        text.contains("worker died") && text.contains("worker has the data")
    });
    let mut names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[0], "unblink.2020-01-04.log");
    let text = logged(&folder);
    lines(&text);
    assert_eq!(text.matches("daemon started").count(), 1);
    assert_eq!(daemon.stop().code(), Some(0));
    assert!(logged(&folder).lines().last().unwrap().contains("daemon stopped"), "{}", logged(&folder));
}

/// Ends a daemon in order, and returns all that it and its workers said.
fn whole_log(mut daemon: Daemon) -> String {
    daemon.signal(Signal::TERM);
    assert_eq!(daemon.wait_end().code(), Some(0));
    daemon.log.wait_for_end("the end of the log")
}

/// Has the worker say something that only matters at the level `debug`.
fn push_nonsense(home: &Home) {
    let mut command = home.command(&["push", "--stdin"]);
    let mut push = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    push.stdin.take().unwrap().write_all(b"nonsense\n").unwrap();
    assert_eq!(process::wait_end(&mut push, "push").code(), Some(1));
}

#[test]
fn the_level_changes_at_run_time_in_all_processes() {
    let home = Home::new();
    home.configure("[log]\nlevel = \"info\"\n");
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    push_nonsense(&home);
    home.configure("[log]\nlevel = \"debug\"\n");
    assert_eq!(home.run(&["reload"]).status.code(), Some(0));
    push_nonsense(&home);
    // It sees the end of a program in its own time: before the level changes again.
    daemon.log.wait_for("root's line", |log| log.contains("a program pushes no more").then_some(()));
    home.configure("[log]\nlevel = \"warn\"\n");
    assert_eq!(home.run(&["reload"]).status.code(), Some(0));
    push_nonsense(&home);
    // Its last words are out when it has ended, and so are its worker's.
    let log = whole_log(daemon);
    // Before the first reload and after the second one nothing of it was worth a line.
    let told: Vec<&str> = log.lines().filter(|line| line.contains("pushed lines rejected")).collect();
    assert!(told.len() == 1 && told[0].contains("DEBUG"), "{told:?} of\n{log}");
}

#[test]
fn a_level_of_the_command_line_stays_and_whoever_changes_the_file_is_told() {
    let home = Home::new();
    home.configure("");
    let daemon = Daemon::start_as(&home, home.command(&["serve", "--log", "info"]));
    daemon.wait_for_drawing_workers(1);
    home.configure("[log]\nlevel = \"trace\"\n");
    let told = "[log] level = \"trace\" applies when the daemon is started again without --log";
    let reload = home.run(&["reload"]);
    assert!(said(&reload).contains(told), "{}", said(&reload));
    push_nonsense(&home);
    let log = whole_log(daemon);
    assert!(log.contains(told), "{log}");
    assert!(!log.contains("DEBUG") && !log.contains("TRACE"), "{log}");
}

/// The level that a worker was started with.
fn level_at_start(worker: &process::Watched) -> Option<String> {
    let arguments = fs::read_to_string(format!("/proc/{}/cmdline", worker.pid)).ok()?;
    let mut arguments = arguments.split('\0').skip_while(|argument| *argument != "--log");
    arguments.nth(1).map(str::to_owned)
}

#[test]
fn a_worker_that_is_started_later_begins_at_the_level_in_force() {
    let home = Home::new();
    home.configure("[log]\nlevel = \"info\"\n");
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    assert_eq!(level_at_start(&daemon.worker()).as_deref(), Some("info"));
    home.configure("[log]\nlevel = \"debug\"\n");
    assert_eq!(home.run(&["reload"]).status.code(), Some(0));
    // One that waited already would begin at the level it was started with.
    let begins_at_debug = |worker: &process::Watched| level_at_start(worker).as_deref() == Some("debug");
    wait_until("a spare worker of that level", || process::spares(daemon.pid()).iter().any(begins_at_debug));
    replace_worker(&home, &daemon);
    daemon.wait_for_drawing_workers(2);
    assert_eq!(level_at_start(&daemon.worker()).as_deref(), Some("debug"));
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn where_logs_go_waits_for_the_next_start() {
    let home = Home::new();
    home.configure("");
    let daemon = Daemon::start(&home);
    home.configure(&format!("[log]\nfiles = \"{}\"\nkeep = 3\n", home.path("log").display()));
    let reload = home.run(&["reload"]);
    let told = "[log] journal, files, keep or format applies when the daemon is started again";
    assert!(said(&reload).contains(told), "{}", said(&reload));
    assert!(!home.path("log").exists());
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn hostile_text_reaches_the_log_without_what_moves_a_cursor() {
    let home = Home::new();
    home.configure(
        "[sources.rude]\nkind = \"command\"\nargv = [\"/bin/printf\", \"\\\\033[2J\\\\342\\\\200\\\\256forged\"]\ninterval = \"1s\"\n",
    );
    fs::create_dir(home.path("config/boards.d")).unwrap();
    home.put(
        "config/boards.d/rude.toml",
        "[panel.a]\nchart = \"time\"\nsource = \"rude\"\nseries = \"x\"\n[layout]\ncolumn = [\"a\"]\n",
    );
    let mut command = home.command(&["serve", "--log", "trace"]);
    command.env("UNBLINK_LOG_FILES", home.path("log"));
    let daemon = Daemon::start_as(&home, command);
    let log = daemon.log.wait_for("the source to be told of", |log| {
        log.lines().any(|line| line.contains("source=\"rude\"")).then(|| log.to_owned())
    });
    wait_until("the same in the file", || logged(&home.path("log")).contains("\"source\":\"rude\""));
    for text in [log, logged(&home.path("log"))] {
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
        assert!(text.contains("forged"), "{text}");
    }
    assert_eq!(daemon.stop().code(), Some(0));
}
