//! Series from texts of `/proc`, whole and broken.

mod more;

use super::*;
use crate::base::limits;

const STAT: &str = "cpu  100 0 100 800\ncpu0 100 0 100 800\nintr 1 2 3\nctxt 1\nbtime 2\nprocesses 3\n";
const STAT_LATER: &str = "cpu  150 0 100 850\ncpu0 150 0 100 850\nintr 1 2 3\nctxt 1\nbtime 2\nprocesses 3\n";
const MEMINFO: &str = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nBuffers: 1 kB\n\
    Cached: 2 kB\nHugePages_Total:       0\nSwapTotal:        50 kB\nSwapFree:         20 kB\nNewField: 1 furlong\n";

fn full() -> Texts {
    Texts {
        stat: Ok(STAT.to_owned()),
        meminfo: Ok(MEMINFO.to_owned()),
        loadavg: Ok("0.10 1.25 3.00 2/345 6789\n".to_owned()),
        uptime: Ok("1234.56 2000.00\n".to_owned()),
        hostname: Some("anvil\n".to_owned()),
        kernel: Some("6.12.0\n".to_owned()),
        more: More::default(),
    }
}

fn gone(file: &str) -> Result<String, String> {
    Err(format!("cannot read /proc/{file}: permission denied"))
}

/// Samples as lines: name, labels, value.
fn lines(samples: &[Sample]) -> Vec<String> {
    let label = |(name, value): &(String, String)| format!("{name}={value}");
    samples
        .iter()
        .map(|sample| {
            let labels: Vec<String> = sample.key.labels.iter().map(label).collect();
            format!("{}{{{}}} {}", sample.key.name, labels.join(","), sample.value)
        })
        .collect()
}

#[test]
fn a_full_machine_gives_every_series() {
    let mut digest = Digest::new();
    let first = digest.take(full(), Wall(1000), Mono(0)).expect("all is there");
    let expected = [
        "host_load1{} 0.1",
        "host_load5{} 1.25",
        "host_load15{} 3",
        "host_memory_total_bytes{} 1024000",
        "host_memory_available_bytes{} 409600",
        "host_memory_used_bytes{} 614400",
        "host_swap_total_bytes{} 51200",
        "host_swap_used_bytes{} 30720",
        "host_uptime_seconds{} 1234.56",
        "host_info{hostname=anvil,kernel=6.12.0} 1",
    ];
    assert_eq!(lines(&first), expected, "the first reading has no processor shares yet");
    assert!(first.iter().all(|sample| sample.at == Wall(1000)));
    let second =
        digest.take(Texts { stat: Ok(STAT_LATER.to_owned()), ..full() }, Wall(2000), Mono(0)).expect("all is there");
    assert_eq!(lines(&second)[..2], ["host_cpu_percent{} 50", "host_cpu_percent{cpu=0} 50"]);
    assert_eq!(lines(&second)[2..], expected);
}

#[test]
fn a_missing_file_costs_its_own_series_only() {
    let mut digest = Digest::new();
    let texts = Texts { meminfo: gone("meminfo"), stat: gone("stat"), ..full() };
    let names = lines(&digest.take(texts, Wall(0), Mono(0)).expect("the rest is there"));
    assert_eq!(names.len(), 5, "{names:?}");
    assert_eq!(digest.complaints(), [gone("stat").unwrap_err(), gone("meminfo").unwrap_err()]);
    digest.take(full(), Wall(1), Mono(0)).expect("all is there");
    assert!(digest.complaints().is_empty());
}

#[test]
fn nothing_readable_fails_and_says_why() {
    let texts = Texts {
        stat: gone("stat"),
        meminfo: gone("meminfo"),
        loadavg: Ok("rubbish".to_owned()),
        uptime: Ok(String::new()),
        ..full()
    };
    let why = Digest::new().take(texts, Wall(0), Mono(0)).expect_err("there is nothing");
    assert_eq!(
        why,
        "cannot read /proc/stat: permission denied; /proc/loadavg does not look as expected; \
         cannot read /proc/meminfo: permission denied; /proc/uptime does not look as expected"
    );
}

#[test]
fn a_container_without_an_estimate_of_available_memory_gets_one() {
    let text = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 200 kB\nSReclaimable: 30 kB\n";
    let memory = Memory::parse(text).expect("enough to estimate");
    let expected = Memory { total: 1000 * 1024, available: 340 * 1024, swap_total: 0, swap_used: 0 };
    assert_eq!(memory, expected);
}

#[test]
fn more_free_than_there_is_stays_within_the_machine() {
    let text = "MemTotal: 100 kB\nMemFree: 400 kB\nSwapTotal: 1 kB\nSwapFree: 9 kB\n";
    let memory = Memory::parse(text).expect("odd but readable");
    assert_eq!((memory.available, memory.swap_used), (100 * 1024, 0));
}

#[test]
fn memory_without_its_total_is_not_understood() {
    assert_eq!(Memory::parse("MemFree: 1 kB\n"), None);
    assert_eq!(Memory::parse("MemTotal: many kB\nMemFree: 1 kB\n"), None);
    assert_eq!(Memory::parse("MemTotal: 18446744073709551615 kB\nMemFree: 1 kB\n"), None);
}

#[test]
fn a_letter_of_several_bytes_where_a_number_belongs_is_no_number() {
    let memory =
        Memory::parse("MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable:\u{fffd}   4 kB\n").expect("the rest is there");
    assert_eq!(memory.available, 1024, "it is estimated");
}

#[test]
fn names_too_long_for_a_label_are_cut_at_a_character() {
    let mut texts = full();
    texts.hostname = Some("é".repeat(200));
    texts.kernel = Some("  \n".to_owned());
    let samples = Digest::new().take(texts, Wall(0), Mono(0)).expect("all is there");
    let info = samples.last().expect("the info comes last");
    assert_eq!(info.key.labels, vec![("hostname".to_owned(), "é".repeat(limits::SERIES_TEXT_BYTES_MAX / 2))]);
}

#[test]
fn the_machine_the_test_runs_on_is_understood() {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).map_err(|error| error.to_string());
    let texts = Texts {
        stat: read("stat"),
        meminfo: read("meminfo"),
        loadavg: read("loadavg"),
        uptime: read("uptime"),
        hostname: None,
        kernel: None,
        more: More::default(),
    };
    let mut digest = Digest::new();
    let samples = digest.take(texts, Wall(0), Mono(0)).expect("this is Linux");
    assert_eq!(digest.complaints(), &[] as &[String]);
    assert_eq!(samples.len(), 9);
}
