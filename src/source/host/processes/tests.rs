//! Processes from texts of `/proc/PID/stat`, and who is busiest.

use proptest::prelude::*;

use super::*;
use crate::base::Wall;

const SECOND: u64 = 1_000_000_000;
const MEASURES: Measures = Measures { ticks_per_second: 100, page_bytes: 4096 };

fn stat(pid: u32, name: &str, flags: u64, ticks: (u64, u64), started: u64, pages: u64) -> String {
    let (user, system) = ticks;
    format!(
        "{pid} ({name}) S 1 1 1 0 -1 {flags} 9 9 9 9 {user} {system} 7 7 20 0 1 0 {started} 999 {pages} 18446744073709551615 1 1\n"
    )
}

fn process(pid: u32, name: &str, ticks: u64, started: u64) -> Process {
    Process { pid, name: name.to_owned(), ticks, started, resident_pages: 10 }
}

/// Names and shares after two looks, two seconds apart.
fn busiest(before: &[Process], after: &[Process]) -> Vec<(String, f64)> {
    let mut processes = Processes::default();
    processes.take(before, MEASURES, Mono(SECOND));
    assert_eq!(processes.told, [], "the first look is a baseline only");
    processes.take(after, MEASURES, Mono(3 * SECOND));
    processes.told.iter().map(|one| (one.name.clone(), one.cpu_percent)).collect()
}

#[test]
fn a_process_is_read_whatever_it_calls_itself() {
    let check = |name: &str, flags, expected: &str| {
        let found = Process::parse(stat(42, name, flags, (30, 12), 5, 77).as_bytes()).expect("it is one");
        let name = expected.to_owned();
        assert_eq!(found, Process { pid: 42, name, ticks: 42, started: 5, resident_pages: 77 });
    };
    check("bash", 0, "bash");
    check("a) S 1 (b", 0, "a) S 1 (b");
    check("", 0, "");
    check("\u{1b}[2J\n", 0, "\u{1b}[2J\n");
    check("kworker/3:1-events", KERNEL_THREAD | 64, "kworker");
    check("a/b", 0, "a/b");
    check("/x", KERNEL_THREAD, "/x");
    let odd = stat(1, "xx", 0, (1, 1), 1, 1).into_bytes();
    let odd: Vec<u8> = odd.into_iter().map(|byte| if byte == b'x' { 0xff } else { byte }).collect();
    assert_eq!(Process::parse(&odd).expect("it is one").name, "\u{fffd}\u{fffd}");
}

#[test]
fn what_is_no_process_is_refused() {
    for text in ["", "1", "1 (x", "1 x) S", ") 1 (", "x (y) S 1", "1 (x) S 1 1 1 0 -1 0 9 9 9 9 a 1 7 7 20 0 1 0 5 9 9"]
    {
        assert_eq!(Process::parse(text.as_bytes()), None, "{text:?}");
    }
    let negative = stat(1, "x", 0, (1, 1), 1, 1).replace(" 999 1 ", " 999 -1 ");
    assert_eq!(Process::parse(negative.as_bytes()), None);
}

#[test]
fn those_of_one_name_count_together_and_the_busiest_comes_first() {
    let before = [process(1, "db", 0, 1), process(2, "web", 50, 2), process(3, "web", 50, 3), process(4, "idle", 9, 4)];
    let after =
        [process(1, "db", 60, 1), process(2, "web", 100, 2), process(3, "web", 100, 3), process(4, "idle", 9, 4)];
    let of = |name: &str, share| (name.to_owned(), share);
    assert_eq!(busiest(&before, &after), [of("web", 50.0), of("db", 30.0), of("idle", 0.0)]);
    let mut processes = Processes::default();
    processes.take(&before, MEASURES, Mono(0));
    processes.take(&after, MEASURES, Mono(SECOND));
    assert_eq!((processes.told[0].count, processes.told[0].resident_bytes), (2, 20.0 * 4096.0));
}

#[test]
fn a_process_that_started_meanwhile_took_all_of_its_time_since() {
    let before = [process(10, "shell", 5, 100)];
    let young = process(11, "cc1", 40, 150);
    let reused = process(10, "ld", 20, 160);
    let unseen = process(9, "hidden", 9_999, 50);
    let of = |name: &str, share| (name.to_owned(), share);
    assert_eq!(busiest(&before, &[young, reused, unseen]), [of("cc1", 20.0), of("ld", 10.0), of("hidden", 0.0)]);
}

#[test]
fn counters_that_went_back_took_no_time() {
    assert_eq!(busiest(&[process(1, "x", 500, 1)], &[process(1, "x", 4, 1)]), [("x".to_owned(), 0.0)]);
}

#[test]
fn the_list_is_cut_and_equals_go_by_memory() {
    let many: Vec<Process> = (0..1_000)
        .map(|pid| Process { resident_pages: u64::from(pid), ..process(pid, &format!("p{pid}"), 1, 1) })
        .collect();
    let names: Vec<String> = busiest(&many, &many).into_iter().map(|(name, _)| name).collect();
    assert_eq!((names.len(), names[0].as_str()), (limits::HOST_PROCESS_NAMES_MAX, "p999"));
}

#[test]
fn names_of_months_do_not_fill_a_tenant() {
    let mut data = crate::model::Dataset::default();
    crate::source::host::bound(&mut data);
    let mut processes = Processes::default();
    for second in 0..200_u32 {
        // Another ten names every time.
        let running: Vec<Process> =
            (0..10).map(|index| process(index, &format!("job-{second}-{index}"), 1, 1)).collect();
        processes.take(&running, MEASURES, Mono(u64::from(second) * SECOND));
        let mut out = Out::new(Wall(i64::from(second) * 1_000), 0);
        processes.tell(&mut out);
        for sample in out.samples {
            data.insert(sample).expect("there is room for every one of the busiest");
        }
    }
    assert_eq!(data.series_count(), SERIES.len() * limits::HOST_PROCESS_SERIES_MAX);
}

proptest! {
    #[test]
    fn any_bytes_are_a_process_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200), spoil in any::<(prop::sample::Index, u8)>()) {
        let _ = Process::parse(&bytes);
        let mut real = stat(1, "name", 0, (u64::MAX, u64::MAX), u64::MAX, u64::MAX).into_bytes();
        let index = spoil.0.index(real.len());
        real[index] = spoil.1;
        if let Some(found) = Process::parse(&real) {
            let mut processes = Processes::default();
            processes.take(std::slice::from_ref(&found), MEASURES, Mono(1));
            processes.take(&[found.clone(), found], MEASURES, Mono(2));
            let mut out = Out::new(Wall(0), 0);
            processes.tell(&mut out);
            prop_assert!(out.samples.iter().all(|sample| sample.value >= 0.0));
        }
    }
}
