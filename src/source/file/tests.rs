//! Real files, cut, moved and replaced while they are read.

use std::fs;
use std::io::Write;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;
use crate::model::Unit;
use crate::model::log::Severity;
use crate::model::origin::From;

const NOW: Wall = Wall(1_789_000_000_000);

struct Bench {
    folder: TempDir,
    follow: Follow,
    now: Wall,
}

fn bench(lines: Format, from_start: bool) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let file = File { path: folder.path().join("app.log"), lines, from_start, fields: Fields::default() };
    let origin = Origin {
        name: "app".to_owned(),
        series: "app".to_owned(),
        unit: Unit::None,
        interval: Duration::from_secs(1),
        standby: None,
        from: From::File(file.clone()),
    };
    Bench { follow: Follow::new(&origin, &file).unwrap(), folder, now: NOW }
}

// === impl Bench ===

impl Bench {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn turn(&mut self) -> Result<Reading, String> {
        self.now = self.now + Duration::from_secs(1);
        self.follow.turn(self.now)
    }

    /// The lines of the next turn.
    fn lines(&mut self) -> Vec<String> {
        let reading = self.turn().unwrap();
        assert_eq!(reading.missing, None);
        texts(&reading)
    }

    fn fails(&mut self, expect: &str) {
        let why = self.turn().unwrap_err();
        assert!(why.ends_with(expect), "{why:?} is not {expect:?}");
    }
}

fn texts(reading: &Reading) -> Vec<String> {
    reading.entries.iter().map(|(_, entry)| entry.lines[0].as_str().to_owned()).collect()
}

#[test]
fn only_what_is_new_is_told_and_a_line_waits_for_its_end() {
    let mut bench = bench(Format::Words, false);
    bench.append("app.log", "old\n");
    assert!(bench.lines().is_empty());
    bench.append("app.log", "one\nERROR: two\nthr");
    let reading = bench.turn().unwrap();
    assert_eq!(texts(&reading), ["one", "ERROR: two"]);
    assert_eq!(reading.entries[1].1.severity, Severity::Error);
    assert!(reading.entries[0].1.at < reading.entries[1].1.at, "spread over the turn");
    bench.append("app.log", "ee\n");
    assert_eq!(bench.lines(), ["three"]);
    assert!(bench.lines().is_empty());
}

#[test]
fn a_rotated_file_loses_nothing() {
    let mut bench = bench(Format::Words, true);
    bench.append("app.log", "one\n");
    assert_eq!(bench.lines(), ["one"]);
    bench.append("app.log", "two\nlast without an end");
    fs::rename(bench.path("app.log"), bench.path("app.log.1")).unwrap();
    bench.append("app.log", "three\n");
    assert_eq!(bench.lines(), ["two", "last without an end", "three"]);
    fs::remove_file(bench.path("app.log.1")).unwrap();
    bench.append("app.log", "four\n");
    assert_eq!(bench.lines(), ["four"]);
}

#[test]
fn a_file_that_is_cut_starts_over() {
    let mut bench = bench(Format::Words, true);
    bench.append("app.log", "a long line to begin with\nand half a");
    assert_eq!(bench.lines(), ["a long line to begin with"]);
    fs::write(bench.path("app.log"), "new\n").unwrap();
    assert_eq!(bench.lines(), ["new"]);
}

#[test]
fn a_file_that_goes_is_missed_in_words_and_read_from_its_start_once_it_is_back() {
    let mut bench = bench(Format::Words, false);
    bench.fails("app.log does not exist");
    bench.append("app.log", "one\n");
    assert_eq!(bench.lines(), ["one"]);
    bench.append("app.log", "two\n");
    fs::rename(bench.path("app.log"), bench.path("away")).unwrap();
    let reading = bench.turn().unwrap();
    assert_eq!(texts(&reading), ["two"], "its last lines are told");
    assert!(reading.missing.is_some_and(|why| why.ends_with("does not exist")));
    bench.fails("app.log does not exist");
    bench.append("app.log", "three\n");
    assert_eq!(bench.lines(), ["three"]);
}

#[test]
fn what_is_no_file_is_refused_and_never_waited_for() {
    let mut bench = bench(Format::Words, true);
    bench.append("app.log", "one\n");
    assert_eq!(bench.lines(), ["one"]);
    let path = bench.path("app.log");
    fs::remove_file(&path).unwrap();
    mknodat(CWD, &path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    bench.fails("app.log is a pipe, not a file");
    assert!(open(&path).unwrap_err().ends_with("is a pipe, not a file"), "also when it came a moment ago");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    bench.fails("app.log is a folder, not a file");
    fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink("/dev/null", &path).unwrap();
    bench.fails("app.log is a device, not a file");
    fs::remove_file(&path).unwrap();
    bench.append("current", "two\n");
    std::os::unix::fs::symlink("current", &path).unwrap();
    assert_eq!(bench.lines(), ["two"], "a link to a file is followed");
}

#[test]
fn a_flood_is_skipped_and_said() {
    let mut bench = bench(Format::Words, false);
    bench.append("app.log", "");
    assert!(bench.lines().is_empty());
    bench.append("app.log", &"0123456789012345678901234567890\n".repeat(64 * 1024));
    let reading = bench.turn().unwrap();
    assert_eq!(reading.missing.as_deref(), Some("grows too fast: 1.0 MiB skipped"));
    assert_eq!(reading.entries.len(), limits::LOG_ENTRIES_MAX);
    assert!(texts(&reading).iter().all(|line| line.len() == 31), "no half line");
    bench.append("app.log", "calm\n");
    assert_eq!(bench.lines(), ["calm"]);
}

#[test]
fn values_of_lines_are_spread_over_the_turn() {
    let mut bench = bench(Format::Regex("took (?<value>[0-9.]+)".to_owned()), true);
    bench.append("app.log", "took 1\nother\ntook 2\ntook 3\n");
    let reading = bench.turn().unwrap();
    let points: Vec<(i64, f64)> = reading.samples.iter().map(|one| (one.at.0 - bench.now.0, one.value)).collect();
    assert_eq!(points, [(-750, 1.0), (-250, 2.0), (0, 3.0)]);
    assert_eq!(reading.entries.len(), 4);
}

#[test]
fn binary_is_told_in_harmless_words() {
    let mut bench = bench(Format::Json, true);
    fs::write(bench.path("app.log"), b"\x1b[2J\xff\x00\x07\n").unwrap();
    let reading = bench.turn().unwrap();
    assert!(texts(&reading)[0].chars().all(|c| !c.is_control()));
    assert!(reading.missing.is_some_and(|why| why.starts_with("this is no JSON")));
}
