use std::fs;
use std::os::unix::fs::PermissionsExt;

use tracing::Level;

use super::*;
use crate::runtime::log::record::{Draft, Kind, name};

fn rolling(folder: &Path, keep: Option<usize>) -> Rolling {
    Rolling::new(Files { folder: folder.to_owned(), keep })
}

thread_local! {
    static NOW: std::cell::Cell<i64> = const { std::cell::Cell::new(0) };
}

/// Root's on the date that this thread says it is.
fn dated(folder: &Path, keep: usize) -> Rolling {
    Rolling { now: || Wall(NOW.get()), ..rolling(folder, Some(keep)) }
}

/// The last moment of a day.
fn set_clock(date: &str) {
    NOW.set(format!("{date}T23:59:59.999Z").parse::<Timestamp>().unwrap().as_millisecond());
}

fn put(rolling: &mut Rolling, text: &str) -> io::Result<()> {
    let mut draft = Draft::new(clock::wall(), Level::INFO, 0);
    draft.add(Kind::Shown, name::MESSAGE, format_args!("{text}"));
    rolling.put(&draft.record().unwrap())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn text(folder: &Path) -> String {
    names(folder).iter().map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect()
}

#[test]
fn the_file_of_today_is_closed_to_others_and_shared_with_workers() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("made/for/it");
    let (mut root, mut worker) = (rolling(&folder, Some(3)), rolling(&folder, None));
    put(&mut root, "of root").unwrap();
    put(&mut worker, "of a worker").unwrap();
    put(&mut root, "of root again").unwrap();
    let all = text(&folder);
    let messages: Vec<String> = all
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(messages, ["of root", "of a worker", "of root again"]);
    let path = folder.join(&names(&folder)[0]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o137, 0, "nobody else may read it");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o027, 0);
}

#[test]
fn after_a_line_that_was_torn_the_next_daemon_begins_anew() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    set_clock("2026-03-01");
    fs::write(folder.join("unblink.2026-03-01.log"), "{\"message\":\"whole\"}\n{\"mess").unwrap();
    for text in ["first", "second"] {
        put(&mut dated(folder, 3), text).unwrap();
    }
    let text = text(folder);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 4 && lines[1] == "{\"mess" && lines[2].contains("first"), "{text}");
}

#[test]
fn zeroes_that_a_power_cut_left_at_the_end_are_blanked() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    set_clock("2026-03-01");
    for (left, lines) in [("{\"message\":\"whole\"}\n{\"mess", 3), ("{\"message\":\"whole\"}\n", 3), ("", 2)] {
        for zeroes in [1, 400, 4096, 70_000] {
            fs::write(folder.join("unblink.2026-03-01.log"), [left, &"\0".repeat(zeroes)].concat()).unwrap();
            put(&mut dated(folder, 3), "first").unwrap();
            let text = text(folder);
            assert!(text.starts_with(&[left, &" ".repeat(zeroes), "\n{"].concat()), "{text:?}");
            assert_eq!(text.lines().count(), lines, "{text:?}");
        }
    }
}

#[test]
fn a_new_day_has_a_new_file_and_the_oldest_go() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for day in 1..=5 {
        fs::write(folder.join(format!("unblink.2020-01-0{day}.log")), "old\n").unwrap();
    }
    fs::write(folder.join("somebody.else"), "").unwrap();
    fs::write(folder.join("unblink.audit.log"), "").unwrap();
    let mut root = rolling(folder, Some(3));
    put(&mut root, "today").unwrap();
    let left = names(folder);
    assert_eq!(left[..3], ["somebody.else", "unblink.2020-01-04.log", "unblink.2020-01-05.log"]);
    assert_eq!(left.last().unwrap(), "unblink.audit.log");
    assert_eq!(left.len(), 5, "{left:?}");
    // Again and again it stays so.
    put(&mut rolling(folder, Some(3)), "the daemon was started again").unwrap();
    assert_eq!(names(folder), left);
    // A worker takes nothing away.
    fs::write(folder.join("unblink.2020-01-06.log"), "").unwrap();
    put(&mut rolling(folder, None), "of a worker").unwrap();
    assert_eq!(names(folder).len(), 6);
}

#[test]
fn one_file_alone_may_be_kept_and_is_the_newest() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("unblink.2020-01-01.log"), "old\n").unwrap();
    put(&mut rolling(place.path(), Some(1)), "before").unwrap();
    put(&mut rolling(place.path(), Some(1)), "after").unwrap();
    assert_eq!(names(place.path()).len(), 1);
    assert_eq!(text(place.path()).lines().count(), 2);
}

#[test]
fn a_folder_that_cannot_be_had_is_tried_again_with_each_message() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    fs::write(&folder, "in the way").unwrap();
    let mut root = rolling(&folder, Some(3));
    assert!(put(&mut root, "lost").is_err());
    assert!(put(&mut root, "lost too").is_err());
    fs::remove_file(&folder).unwrap();
    put(&mut root, "back").unwrap();
    assert!(text(&folder).contains("back"));
}

#[test]
fn a_file_that_was_taken_away_or_moved_is_made_anew() {
    let place = tempfile::tempdir().unwrap();
    let mut root = rolling(place.path(), Some(3));
    put(&mut root, "first").unwrap();
    let path = place.path().join(&names(place.path())[0]);
    fs::remove_file(&path).unwrap();
    put(&mut root, "second").unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("second"));
    fs::rename(&path, place.path().join("moved")).unwrap();
    fs::write(&path, "").unwrap();
    put(&mut root, "third").unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("third"), "{written}");
}

#[test]
fn nothing_but_a_file_is_written_to() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("log");
    put(&mut rolling(&folder, None), "names it").unwrap();
    let path = folder.join(&names(&folder)[0]);
    fs::remove_file(&path).unwrap();
    // One that nobody reads: opening it to write would wait for ever.
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert!(put(&mut rolling(&folder, None), "into a pipe").is_err());
    fs::remove_file(&path).unwrap();
    let elsewhere = place.path().join("elsewhere");
    fs::write(&elsewhere, "").unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(put(&mut rolling(&folder, None), "through a link").is_err());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "");
}

#[test]
fn the_clock_alone_says_which_file_and_one_set_back_costs_none_that_is_written_to() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let mut root = dated(folder, 2);
    for (date, text) in [("2031-05-01", "a"), ("2031-05-02", "b"), ("2031-05-01", "c"), ("2031-05-02", "d")] {
        set_clock(date);
        put(&mut root, text).unwrap();
        assert!(fs::read_to_string(folder.join(format!("unblink.{date}.log"))).unwrap().contains(text), "{date}");
    }
    assert_eq!(names(folder), ["unblink.2031-05-01.log", "unblink.2031-05-02.log"]);
    // Far ahead and back again, with as many files as are kept.
    for date in ["2040-01-01", "2040-01-02", "2031-05-03", "2031-05-04"] {
        set_clock(date);
        put(&mut root, date).unwrap();
        assert!(fs::read_to_string(folder.join(format!("unblink.{date}.log"))).unwrap().contains(date));
    }
    // Those of the future take nobody's place: of the past, today's and one more are left.
    let expected = ["2031-05-03", "2031-05-04", "2040-01-01", "2040-01-02"];
    assert_eq!(names(folder), expected.map(|date| format!("unblink.{date}.log")));
    put(&mut root, "and is written to").unwrap();
    assert_eq!(text(folder).lines().count(), 5);
}

#[test]
fn a_file_of_a_day_grows_to_its_cap_and_no_further() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let (mut root, mut worker) = (dated(folder, 3), dated(folder, 3));
    set_clock("2031-05-01");
    put(&mut root, "first").unwrap();
    put(&mut worker, "second").unwrap();
    let path = folder.join("unblink.2031-05-01.log");
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(b"\n", limits::LOG_FILE_BYTES_MAX - 1).unwrap();
    for writer in [&mut root, &mut worker, &mut dated(folder, 3)] {
        let error = put(writer, "too much").unwrap_err();
        assert_eq!(error.to_string(), format!("{} has its 64 MiB", path.display()));
    }
    assert_eq!(file.metadata().unwrap().len(), limits::LOG_FILE_BYTES_MAX);
    set_clock("2031-05-02");
    put(&mut root, "another day").unwrap();
    assert_eq!(names(folder).len(), 2);
}

#[test]
fn only_what_we_would_write_is_ours() {
    assert!(date_of("unblink.2031-05-01.log").is_some());
    for name in [
        "unblink.20310501.log",
        "unblink.2031-05-01T10:00.log",
        "unblink.2031-05-01[UTC].log",
        "unblink.2031-W18-4.log",
        "unblink.+002031-05-01.log",
        "unblink.2031-02-30.log",
        "unblink.2031-05-01.log.gz",
        "unblink..log",
    ] {
        assert_eq!(date_of(name), None, "{name}");
    }
}

#[test]
fn a_file_that_others_could_read_is_closed_to_them() {
    let place = tempfile::tempdir().unwrap();
    set_clock("2031-05-01");
    let path = place.path().join("unblink.2031-05-01.log");
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    put(&mut dated(place.path(), 3), "closed").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, FILE_MODE);
}

#[test]
fn old_files_go_though_no_new_one_can_be_made() {
    let place = tempfile::tempdir().unwrap();
    set_clock("2031-05-09");
    for date in ["2031-05-01", "2031-05-02", "2031-05-03"] {
        fs::write(place.path().join(format!("unblink.{date}.log")), "").unwrap();
    }
    // In the way.
    fs::create_dir(place.path().join("unblink.2031-05-09.log")).unwrap();
    assert!(put(&mut dated(place.path(), 2), "lost").is_err());
    assert_eq!(names(place.path()), ["unblink.2031-05-03.log", "unblink.2031-05-09.log"]);
}
