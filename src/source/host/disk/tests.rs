//! Rates of disks from texts of `/proc/diskstats`, as kernels of all ages write it.

use super::*;
use crate::base::Wall;

const SECOND: u64 = 1_000_000_000;

/// `name` with these reads, sectors and milliseconds of them, writes, sectors and milliseconds, and busy milliseconds.
fn line(name: &str, counts: [u64; COUNTERS]) -> String {
    let [reads, read_sectors, read_ms, writes, written_sectors, write_ms, busy_ms] = counts;
    format!("   8  0 {name} {reads} 0 {read_sectors} {read_ms} {writes} 0 {written_sectors} {write_ms} 0 {busy_ms} 9\n")
}

fn names(text: &str) -> Vec<String> {
    parse(text).expect("they are counters of disks").into_keys().collect()
}

/// Values of a series after two readings a second apart, with the disk in front.
fn rates(before: &str, after: &str, series: &str) -> Vec<(String, f64)> {
    let mut disks = Disks::new();
    let mut out = Out::new(Wall(0), 0);
    disks.take(before, Mono(SECOND), &mut out).expect("they are counters");
    assert_eq!(out.samples.len(), 0, "the first reading is a baseline only");
    disks.take(after, Mono(2 * SECOND), &mut out).expect("they are counters");
    let of_series = out.samples.iter().filter(|sample| sample.key.name == series);
    of_series.map(|sample| (sample.key.label("disk").unwrap_or("all").to_owned(), sample.value)).collect()
}

#[test]
fn only_whole_devices_are_told_of() {
    let one = [1; COUNTERS];
    let all = [
        "sda",
        "sda1",
        "sda15",
        "sdaa",
        "sdaa2",
        "nvme0n1",
        "nvme0n1p1",
        "nvme1n1",
        "mmcblk0",
        "mmcblk0p2",
        "mmcblk0boot0",
        "loop0",
        "loop12",
        "ram3",
        "zram0",
        "sr0",
        "fd0",
        "dm-1",
        "dm-10",
        "md127",
        "md127p1",
        "xvda1",
        "vda",
        "vda1p1",
        "fdisk",
    ];
    let text: String = all.iter().map(|name| line(name, one)).collect();
    let expected = [
        "dm-1",
        "dm-10",
        "fdisk",
        "md127",
        "mmcblk0",
        "mmcblk0boot0",
        "nvme0n1",
        "nvme1n1",
        "sda",
        "sdaa",
        "vda",
        "vda1p1",
        // The only name its device has.
        "xvda1",
    ];
    assert_eq!(names(&text), expected);
    assert_eq!(names(&line("sdz", [0; COUNTERS])), Vec::<String>::new(), "one that never did anything");
}

#[test]
fn a_thousand_disks_are_cut_at_the_cap() {
    let text: String = (0..1_000).map(|number| line(&format!("disk{number}x"), [1; COUNTERS])).collect();
    assert_eq!(names(&text).len(), limits::HOST_DISKS_MAX);
}

#[test]
fn devices_made_of_others_are_not_counted_twice() {
    let text = |sectors| ["sda", "sdb", "dm-0", "md0"].map(|name| line(name, [sectors; COUNTERS])).concat();
    let found = rates(&text(10), &text(12), "host_disk_read_bytes_per_second");
    let of = |name: &str, bytes| (name.to_owned(), bytes);
    assert_eq!(found, [of("dm-0", 1024.0), of("md0", 1024.0), of("sda", 1024.0), of("sdb", 1024.0), of("all", 2048.0)]);
}

#[test]
fn latency_is_the_mean_of_what_happened_and_nothing_took_no_time() {
    let before = line("sda", [100, 0, 1_000, 50, 0, 900, 0]);
    let after = line("sda", [104, 0, 1_010, 50, 0, 900, 2_000]);
    let of = |series| rates(&before, &after, series)[0].1;
    assert_eq!(of("host_disk_read_latency_seconds"), 0.0025);
    assert_eq!(of("host_disk_write_latency_seconds"), 0.0);
    assert_eq!(of("host_disk_busy_percent"), 100.0, "no device is busy for longer than there was time");
}

#[test]
fn milliseconds_start_over_after_fifty_days_and_a_new_disk_is_no_wrap() {
    let end = u64::from(u32::MAX);
    let before = line("sda", [100, 800, end, 50, 400, end - 1, end - 99]);
    let after = line("sda", [101, 800, 9, 52, 400, 18, 150]);
    let of = |series| rates(&before, &after, series);
    assert_eq!(of("host_disk_read_latency_seconds")[0].1, 0.01);
    assert_eq!(of("host_disk_write_latency_seconds")[0].1, 0.01);
    assert_eq!(of("host_disk_busy_percent")[0].1, 25.0);
    assert_eq!(rates(&before, &line("sda", [3; COUNTERS]), "host_disk_busy_percent"), [], "pulled out and put in");
}

#[test]
fn lines_of_all_kernels_are_understood_and_others_left_out() {
    let text = "   8       0 sda 100 0 800 50 10 0 80 5 0 40 55 1 2 3 4 5 6\n   8  1 hda1 9 8 7 6\n 8 2 sdb 1 2 3 x 5 6 7 8 9 10\n\
        8\n\n 8 3 sdc 1 2 3 4 5 6 7 8 9 99999999999999999999999 11\n";
    assert_eq!(names(text), ["sda"]);
    assert_eq!(names("\n"), Vec::<String>::new(), "a container without disks");
    assert_eq!(parse("no disks"), None);
}
