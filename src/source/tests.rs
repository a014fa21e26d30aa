//! The task that asks, with the test in the place of the reading thread.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};

use super::*;
use crate::model::dataset::SourceState;
use crate::model::{Kind, SeriesKey, Unit};
use crate::runtime::Task;

fn rhythm() -> Rhythm {
    host::rhythm(Duration::from_secs(1), Duration::from_millis(500))
}

/// A machine that lies in a folder.
fn roots(folder: &Path) -> host::Roots {
    host::Roots { proc: folder.to_owned(), sys: folder.to_owned() }
}

/// Nobody looks at processes.
fn unwatched() -> watch::Receiver<bool> {
    watch::channel(false).1
}

struct Bench {
    rhythm: watch::Sender<Option<Rhythm>>,
    asked: std::sync::mpsc::Receiver<()>,
    answer: Sender<Answer>,
    updates: Receiver<Update>,
    task: Task<()>,
}

impl Bench {
    fn start() -> Bench {
        let (asks, asked) = std::sync::mpsc::sync_channel(1);
        let (answer, answers) = mpsc::channel(1);
        let (updates_in, updates) = mpsc::channel(4);
        let (rhythm, heard) = watch::channel(Some(rhythm()));
        let task = runtime::spawn("asking", ask("host".into(), heard, None, Ok(Line { asks, answers }), updates_in));
        Bench { rhythm, asked, answer, updates, task }
    }

    async fn pass(&self, millis: u64) {
        for _ in 0..millis {
            tokio::time::advance(Duration::from_millis(1)).await;
            settle().await;
        }
    }

    async fn answered(&mut self, outcome: Result<Vec<Sample>, String>) -> Update {
        self.answered_at(Wall(7), outcome).await
    }

    async fn answered_at(&mut self, at: Wall, outcome: Result<Vec<Sample>, String>) -> Update {
        self.answer
            .send(Answer { at, outcome: outcome.map(Reading::from).map_err(Failure::from) })
            .await
            .expect("the task listens");
        self.updates.recv().await.expect("every answer is told")
    }

    fn asks(&self) -> usize {
        self.asked.try_iter().count()
    }
}

fn failed(since: i64, why: &str) -> SourceState {
    SourceState::Failed { since: Wall(since), why: why.to_owned(), class: Class::Error, next_try: None }
}

async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

fn sample() -> Sample {
    Sample { key: SeriesKey::plain("x"), kind: Kind::Gauge, unit: Unit::None, at: Wall(7), value: 1.0 }
}

#[tokio::test(start_paused = true)]
async fn asks_at_once_then_after_the_warm_up_then_on_every_beat() {
    let mut bench = Bench::start();
    settle().await;
    assert_eq!(bench.asks(), 1, "at once");
    let update = bench.answered(Ok(vec![sample()])).await;
    assert_eq!((update.health.state, update.samples.len()), (SourceState::Good, 1));
    bench.pass(149).await;
    assert_eq!(bench.asks(), 0);
    bench.pass(2).await;
    assert_eq!(bench.asks(), 1, "the warm-up");
    // An answer that takes 300 ms does not move the rhythm.
    bench.pass(300).await;
    bench.answered(Ok(vec![])).await;
    bench.pass(540).await;
    assert_eq!(bench.asks(), 0);
    bench.pass(10).await;
    assert_eq!(bench.asks(), 1, "one second after the start");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_read_fails_the_source_and_is_never_asked_twice() {
    let mut bench = Bench::start();
    settle().await;
    assert_eq!(bench.asks(), 1);
    bench.answered(Ok(vec![sample()])).await;
    bench.pass(151).await;
    assert_eq!(bench.asks(), 1);
    bench.pass(501).await;
    let update = bench.updates.try_recv().expect("the deadline is told");
    let SourceState::Failed { why, .. } = &update.health.state else { panic!("{update:?}") };
    assert_eq!(why, "no answer in 500 ms");
    assert_eq!(update.health.last_good, Some(Wall(7)), "what came before stands");
    bench.pass(5000).await;
    assert_eq!(bench.asks(), 0, "the thread is still out");
    assert!(bench.updates.try_recv().is_err(), "one failure is told once");

    let update = bench.answered(Ok(vec![sample()])).await;
    assert_eq!((update.health.state, update.samples.len()), (SourceState::Good, 1), "late is better than never");
    bench.pass(1000).await;
    assert_eq!(bench.asks(), 1, "the rhythm goes on");
}

#[tokio::test(start_paused = true)]
async fn a_failing_read_keeps_its_first_reason_until_it_recovers() {
    let mut bench = Bench::start();
    settle().await;
    assert_eq!(bench.asks(), 1);
    bench.answered(Err("first".to_owned())).await;
    bench.pass(200).await;
    let update = bench.answered(Err("second".to_owned())).await;
    assert_eq!(update.health.state, failed(7, "first"));
    bench.pass(1000).await;
    assert_eq!(bench.answered(Ok(vec![])).await.health.state, SourceState::Good);
}

#[tokio::test(start_paused = true)]
async fn a_failure_before_the_clock_was_set_back_is_as_old_as_the_clock_allows() {
    let mut bench = Bench::start();
    bench.answered_at(Wall(90_000), Ok(vec![])).await;
    bench.answered_at(Wall(91_000), Err("first".to_owned())).await;
    let health = bench.answered_at(Wall(2_000), Err("second".to_owned())).await.health;
    assert_eq!((health.state, health.last_good), (failed(2_000, "first"), Some(Wall(2_000))));
    let health = bench.answered_at(Wall(3_000), Err("third".to_owned())).await.health;
    assert_eq!((health.state, health.last_good), (failed(2_000, "first"), Some(Wall(2_000))));
}

#[tokio::test(start_paused = true)]
async fn a_thread_that_ended_fails_the_source_for_good() {
    let Bench { rhythm: _rhythm, asked: _asked, answer, mut updates, task } = Bench::start();
    drop(answer);
    let update = updates.recv().await.expect("the end is told");
    assert!(matches!(update.health.state, SourceState::Failed { .. }));
    task.await.expect("the task ends");
}

#[tokio::test(start_paused = true)]
async fn the_task_ends_when_nobody_listens() {
    let Bench { rhythm: _rhythm, asked, answer: _answer, updates, task } = Bench::start();
    settle().await;
    drop(updates);
    task.await.expect("the task ends");
    assert_eq!(asked.iter().count(), 1, "and lets the thread go");
}

#[tokio::test(start_paused = true)]
async fn a_new_rhythm_counts_from_the_moment_it_is_given() {
    let mut bench = Bench::start();
    settle().await;
    assert_eq!(bench.asks(), 1);
    bench.answered(Ok(vec![])).await;
    bench.pass(200).await;
    assert_eq!(bench.asks(), 1);
    bench.answered(Ok(vec![])).await;
    bench.rhythm.send_replace(Some(rhythm()));
    settle().await;
    assert_eq!(bench.asks(), 0, "nothing new in the same rhythm");
    let slow = Rhythm { interval: Duration::from_secs(10), warm_up: None, ..rhythm() };
    bench.rhythm.send_replace(Some(slow));
    settle().await;
    assert_eq!(bench.asks(), 1);
    assert_eq!(bench.answered(Ok(vec![])).await.health.interval_ms, 10_000);
    bench.pass(9_900).await;
    assert_eq!(bench.asks(), 0);
    bench.pass(200).await;
    assert_eq!(bench.asks(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_there_is_a_rhythm() {
    let bench = Bench::start();
    bench.rhythm.send_replace(None);
    bench.pass(100).await;
    assert_eq!(bench.asks(), 0);
    bench.rhythm.send_replace(Some(rhythm()));
    settle().await;
    assert_eq!(bench.asks(), 1);
}

#[tokio::test]
async fn the_host_answers_from_a_thread_of_its_own() {
    let (updates_in, mut updates) = mpsc::channel(4);
    let (_rhythm, heard) = watch::channel(Some(rhythm()));
    let task = runtime::spawn("asking", host::run(host::Roots::default(), heard, unwatched(), updates_in));
    let first = updates.recv().await.expect("the machine is read");
    assert!(first.samples.iter().any(|sample| sample.key.name == "host_load1"), "{first:?}");
    assert!(!first.samples.iter().any(|sample| sample.key.name == "host_cpu_percent"), "rates need two readings");
    let second = updates.recv().await.expect("and read again");
    assert!(second.samples.iter().any(|sample| sample.key.name == "host_cpu_percent"), "{second:?}");
    drop(updates);
    task.await.expect("the task ends");
}

#[tokio::test]
async fn a_proc_that_is_not_there_fails_with_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let (updates_in, mut updates) = mpsc::channel(4);
    let (_rhythm, heard) = watch::channel(Some(rhythm()));
    let _task = runtime::spawn("asking", host::run(roots(folder.path()), heard, unwatched(), updates_in));
    let update = updates.recv().await.expect("a failure is told");
    let SourceState::Failed { why, .. } = &update.health.state else { panic!("{update:?}") };
    assert!(why.contains(&folder.path().join("stat").display().to_string()), "{why}");
}

#[tokio::test]
async fn a_read_that_hangs_fails_the_host_in_time_and_delivers_late() {
    let folder = tempfile::tempdir().expect("a folder");
    let stat = folder.path().join("stat");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &stat, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe with a name");
    let (updates_in, mut updates) = mpsc::channel(4);
    let rhythm = Rhythm { deadline: Duration::from_millis(20), warm_up: None, ..rhythm() };
    let (_rhythm, heard) = watch::channel(Some(rhythm));
    let _task = runtime::spawn("asking", host::run(roots(folder.path()), heard, unwatched(), updates_in));
    let update = updates.recv().await.expect("the deadline is told");
    let SourceState::Failed { why, .. } = &update.health.state else { panic!("{update:?}") };
    assert_eq!(why, "no answer in 20 ms");
    // Opening the other end lets the thread go on.
    std::fs::write(&stat, "cpu  1 1 1 1\n").expect("the thread reads");
    let update = updates.recv().await.expect("the late answer is told");
    assert_eq!(update.health.state, SourceState::Good);
}

/// Writes files below a folder, with the folders they lie in.
fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

const DISKS: &str = "8 0 sda 100 0 800 50 10 0 80 5 0 40 55\n";
const DISKS_LATER: &str = "8 0 sda 900 0 9000 99 10 0 80 5 0 60 55\n8 16 sdb 5 0 5 5 5 0 5 5 0 5 5\n";

fn value(update: &Update, series: &str, label: &str) -> Option<f64> {
    let is_it = |sample: &&Sample| {
        sample.key.name == series && sample.key.labels.first().map_or("", |(_, value)| value.as_str()) == label
    };
    update.samples.iter().find(is_it).map(|sample| sample.value)
}

#[tokio::test]
async fn a_machine_made_of_files_is_told_in_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let mount = folder.path().display().to_string();
    let mounts = format!("/dev/made-up {mount} ext4 rw 0 0\nsrv:/x /nowhere nfs4 rw 0 0\n");
    write(
        folder.path(),
        &[
            ("stat", "cpu  1 1 1 1\n"),
            ("loadavg", "0.50 0.25 0.10 1/2 3\n"),
            ("diskstats", DISKS),
            ("self/mounts", &mounts),
            ("pressure/io", "some avg10=2.00 avg60=0.00 avg300=0.00 total=0\n"),
            ("net/snmp", "Tcp: CurrEstab RetransSegs\nTcp: 3 4\n"),
            ("7/stat", "7 (postgres) S 1 1 1 0 -1 0 9 9 9 9 30 12 7 7 20 0 1 0 5 999 77 0\n"),
            ("7/cmdline", "postgres\0--password=hunter2"),
            ("8/stat", "gone while it was read"),
            ("devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n"),
            ("devices/system/cpu/cpufreq/boost", "1\n"),
            ("class/hwmon/hwmon3/name", "k10temp\n"),
            ("class/hwmon/hwmon3/temp1_label", "Tctl\n"),
            ("class/hwmon/hwmon3/temp1_input", "45500\n"),
            ("class/hwmon/hwmon3/temp1_crit", "99000\n"),
        ],
    );
    let (updates_in, mut updates) = mpsc::channel(4);
    let rhythm = Rhythm { interval: Duration::from_millis(100), ..rhythm() };
    let (_rhythm, heard) = watch::channel(Some(rhythm));
    let (watch, watched) = watch::channel(true);
    let _task = runtime::spawn("asking", host::run(roots(folder.path()), heard, watched, updates_in));

    let first = updates.recv().await.expect("the machine is read");
    assert_eq!(first.health.state, SourceState::Good);
    let expected = [
        ("host_load1", "", 0.5),
        ("host_tcp_established", "", 3.0),
        ("host_pressure_some_percent", "io", 2.0),
        ("host_cpu_frequency_hertz", "0", 1.8e9),
        ("host_temperature_celsius", "k10temp Tctl", 45.5),
    ];
    for (series, label, expected) in expected {
        assert_eq!(value(&first, series, label), Some(expected), "{series} in {first:?}");
    }
    assert!(value(&first, "host_filesystem_total_bytes", &mount).is_some_and(|bytes| bytes > 0.0), "{first:?}");
    let file_systems = first.samples.iter().filter(|sample| sample.key.name == "host_filesystem_total_bytes");
    assert_eq!(file_systems.count(), 1, "no server is asked");

    write(folder.path(), &[("diskstats", DISKS_LATER)]);
    let mut seen = Vec::new();
    // A disk comes in, and another one works.
    while !seen.iter().any(|update| value(update, "host_disk_reads_per_second", "sdb").is_some()) {
        seen.push(updates.recv().await.expect("it goes on"));
    }
    let read = |update: &Update| value(update, "host_disk_read_bytes_per_second", "sda").unwrap_or(0.0);
    assert!(seen.iter().any(|update| read(update) > 0.0));
    let resident = seen.last().and_then(|update| value(update, "host_process_resident_bytes", "postgres"));
    assert_eq!(resident, Some(77.0 * crate::sys::host::measures().1 as f64));
    let all = format!("{first:?}{seen:?}");
    assert!(!all.contains("hunter2"), "arguments are nobody's business");

    watch.send_replace(false);
    loop {
        let update = updates.recv().await.expect("it goes on");
        if value(&update, "host_process_count", "postgres").is_none() {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_past_is_handed_over_in_parts_and_how_it_went_comes_with_the_last() {
    let mut bench = Bench::start();
    settle().await;
    let count = 2 * limits::SOURCE_SAMPLES_MAX + 1;
    let all = (0..count).map(|number| Sample { value: number as f64, ..sample() }).collect();
    let mut updates = vec![bench.answered(Ok(all)).await];
    while updates.last().is_some_and(|update| update.health.state == SourceState::Waiting) {
        updates.push(bench.updates.recv().await.expect("there is more"));
    }
    let sizes: Vec<usize> = updates.iter().map(|update| update.samples.len()).collect();
    assert_eq!(sizes, [limits::SOURCE_SAMPLES_MAX, limits::SOURCE_SAMPLES_MAX, 1]);
    assert_eq!(updates[2].health.state, SourceState::Good);
    let values = updates.iter().flat_map(|update| &update.samples).map(|sample| sample.value as usize);
    assert!(values.eq(0..count), "in the order they came");
}
