//! What not every machine tells: all of it at once, and in whatever shape.

use proptest::prelude::*;

use super::*;
use crate::source::host::space::Space;

const DISKS: &str = "   8       0 sda 100 0 800 50 10 0 80 5 0 40 55\n   8       1 sda1 9 0 8 7 6 5 4 3 2 1 0\n";
const DISKS_LATER: &str =
    "   8       0 sda 110 0 2848 90 12 0 144 9 0 540 55\n   8       1 sda1 9 0 8 7 6 5 4 3 2 1 0\n";
const NET: &str = "Inter-|   Receive\n face |bytes\n    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n\
    \x20 eth0: 1000 10 0 0 0 0 0 0 500 5 0 0 0 0 0 0\n";
const NET_LATER: &str = "Inter-|   Receive\n face |bytes\n    lo: 99 9 0 0 0 0 0 0 99 9 0 0 0 0 0 0\n\
    \x20 eth0: 3000 20 1 2 0 0 0 0 1500 9 3 4 0 0 0 0\n";
const SNMP: &str = "Ip: Forwarding\nIp: 1\nTcp: MaxConn CurrEstab RetransSegs\nTcp: -1 17 4\n";
const SNMP_LATER: &str = "Tcp: MaxConn CurrEstab RetransSegs\nTcp: -1 18 10\n";
const NETSTAT: &str = "TcpExt: SyncookiesSent ListenDrops\nTcpExt: 0 3\n";
const PRESSURE: &str =
    "some avg10=1.50 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=0\n";

fn more(disks: &str, net: &str, snmp: &str) -> More {
    let there = |text: &str| Some(Ok(text.to_owned()));
    let process = Process { pid: 7, name: "cc1".to_owned(), ticks: 100, started: 9, resident_pages: 2 };
    More {
        diskstats: there(disks),
        net_dev: there(net),
        snmp: there(snmp),
        netstat: there(NETSTAT),
        pressure: [None, None, there(PRESSURE)],
        slow: Some(Slow {
            frequencies: vec![(0, 2e9)],
            spaces: vec![("/".to_owned(), Space { total: 100, free: 75, available: 75 })],
            temperatures: vec![("nvme".to_owned(), 40.5)],
            complaints: Vec::new(),
        }),
        processes: Looked::At(vec![process], Measures { ticks_per_second: 100, page_bytes: 4096 }),
    }
}

fn at_second(second: u64) -> Mono {
    Mono(second * 1_000_000_000)
}

/// What a digest makes of two readings two seconds apart, by clocks of which one may be set meanwhile.
fn second_reading(wall: Wall) -> Vec<Sample> {
    let mut digest = Digest::new();
    digest.take(Texts { more: more(DISKS, NET, SNMP), ..full() }, Wall(1_000), at_second(1)).expect("all is there");
    let mut later = more(DISKS_LATER, NET_LATER, SNMP_LATER);
    if let Looked::At(processes, _) = &mut later.processes {
        processes[0].ticks += 150;
    }
    let samples = digest.take(Texts { more: later, ..full() }, wall, at_second(3)).expect("all is there");
    assert_eq!(digest.complaints(), &[] as &[String]);
    samples
}

#[test]
fn two_readings_make_rates_of_everything() {
    let found = lines(&second_reading(Wall(3_000)));
    let expected = [
        "host_disk_read_bytes_per_second{disk=sda} 524288",
        "host_disk_write_bytes_per_second{disk=sda} 16384",
        "host_disk_read_latency_seconds{disk=sda} 0.004",
        "host_disk_write_latency_seconds{disk=sda} 0.002",
        "host_disk_reads_per_second{disk=sda} 5",
        "host_disk_writes_per_second{disk=sda} 1",
        "host_disk_busy_percent{disk=sda} 25",
        "host_disk_read_bytes_per_second{} 524288",
        "host_disk_write_bytes_per_second{} 16384",
        "host_disk_read_latency_seconds{} 0.004",
        "host_disk_write_latency_seconds{} 0.002",
        "host_network_receive_bytes_per_second{interface=eth0} 1000",
        "host_network_receive_packets_per_second{interface=eth0} 5",
        "host_network_receive_errors_per_second{interface=eth0} 0.5",
        "host_network_receive_drops_per_second{interface=eth0} 1",
        "host_network_transmit_bytes_per_second{interface=eth0} 500",
        "host_network_transmit_packets_per_second{interface=eth0} 2",
        "host_network_transmit_errors_per_second{interface=eth0} 1.5",
        "host_network_transmit_drops_per_second{interface=eth0} 2",
        "host_network_receive_bytes_per_second{} 1000",
        "host_network_transmit_bytes_per_second{} 500",
        "host_tcp_established{} 18",
        "host_tcp_retransmits_per_second{} 3",
        "host_tcp_listen_drops_per_second{} 0",
        "host_pressure_some_percent{resource=io} 1.5",
        "host_pressure_full_percent{resource=io} 0.5",
        "host_cpu_frequency_hertz{cpu=0} 2000000000",
        "host_cpu_frequency_hertz{} 2000000000",
        "host_filesystem_total_bytes{mount=/} 100",
        "host_filesystem_used_bytes{mount=/} 25",
        "host_filesystem_used_percent{mount=/} 25",
        "host_temperature_celsius{sensor=nvme} 40.5",
        "host_process_cpu_percent{name=cc1} 75",
        "host_process_resident_bytes{name=cc1} 8192",
        "host_process_count{name=cc1} 1",
    ];
    let basic = lines(&Digest::new().take(full(), Wall(0), Mono(0)).expect("all is there")).len();
    assert_eq!(found[basic..], expected);
}

#[test]
fn a_clock_that_is_set_moves_no_rate() {
    let rates = |wall| lines(&second_reading(Wall(wall)));
    assert_eq!(rates(-90_000_000), rates(3_000));
    assert_eq!(rates(90_000_000), rates(3_000));
}

#[test]
fn what_was_not_read_this_time_stands_and_what_nobody_watches_is_gone() {
    let mut digest = Digest::new();
    let mut take = |more: More, second: u64| {
        lines(&digest.take(Texts { more, ..full() }, Wall(0), at_second(second)).expect("it is there"))
    };
    take(more(DISKS, NET, SNMP), 1);
    take(more(DISKS, NET, SNMP), 2);
    let has = |lines: &[String], name: &str| lines.iter().any(|line| line.starts_with(name));
    let between = take(More { processes: Looked::Before, ..More::default() }, 3);
    assert!(has(&between, "host_temperature_celsius") && has(&between, "host_process_count"));
    assert!(!has(&between, "host_disk"), "what is not there any more is not told");
    let unwatched = take(More::default(), 4);
    assert!(has(&unwatched, "host_filesystem_used_bytes") && !has(&unwatched, "host_process_count"));
    let again = take(more(DISKS, NET, SNMP), 5);
    assert!(!has(&again, "host_process_count"), "who watches again begins anew");
}

#[test]
fn what_is_missing_is_no_matter_and_what_is_strange_is_named() {
    let mut digest = Digest::new();
    let strange = |text: &str| Some(Ok(text.to_owned()));
    let more = More {
        diskstats: strange("no disks here"),
        net_dev: Some(Err("cannot read /proc/net/dev: permission denied".to_owned())),
        snmp: strange("Tcp: CurrEstab\n"),
        pressure: [None, strange(""), None],
        slow: Some(Slow { complaints: vec!["mounts are odd".to_owned()], ..Slow::default() }),
        ..More::default()
    };
    let whole = digest.take(full(), Wall(0), Mono(0)).expect("all is there").len();
    let found = digest.take(Texts { more, ..full() }, Wall(1), at_second(1)).expect("the rest is there");
    assert_eq!(found.len(), whole);
    assert_eq!(
        digest.complaints(),
        [
            "/proc/diskstats does not look as expected",
            "cannot read /proc/net/dev: permission denied",
            "/proc/net/snmp does not look as expected",
            "/proc/pressure/memory does not look as expected",
            "mounts are odd",
        ]
    );
}

/// Texts that look like those of the kernel but for a few bytes, and texts that do not.
fn texts() -> impl Strategy<Value = String> {
    let real = prop::sample::select(vec![STAT, MEMINFO, DISKS_LATER, NET_LATER, SNMP, NETSTAT, PRESSURE]);
    let spoilt =
        (real, prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8)).prop_map(|(text, changes)| {
            let mut bytes = text.as_bytes().to_vec();
            for (index, byte) in changes {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            String::from_utf8_lossy(&bytes).into_owned()
        });
    let bytes = prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![4 => spoilt, 1 => bytes.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())]
}

proptest! {
    #[test]
    fn any_texts_give_sound_samples_or_words(readings in prop::collection::vec((prop::collection::vec(texts(), 11), 0..5_u64), 1..4)) {
        let mut digest = Digest::new();
        let mut now = 0;
        for (texts, seconds) in readings {
            now += seconds;
            let there = |index: usize| Some(Ok(texts[index].clone()));
            let texts = Texts {
                stat: Ok(texts[0].clone()),
                meminfo: Ok(texts[1].clone()),
                loadavg: Ok(texts[2].clone()),
                uptime: Ok(texts[3].clone()),
                hostname: Some(texts[4].clone()),
                kernel: None,
                more: More {
                    diskstats: there(5),
                    net_dev: there(6),
                    snmp: there(7),
                    netstat: there(8),
                    pressure: [there(9), None, there(10)],
                    ..More::default()
                },
            };
            match digest.take(texts, Wall(0), at_second(now)) {
                Ok(samples) => for sample in samples {
                    prop_assert!(sample.value.is_finite() && sample.value >= 0.0, "{:?}", sample);
                    prop_assert!(sample.key.labels.iter().all(|(_, text)| text.len() <= limits::SERIES_TEXT_BYTES_MAX));
                },
                Err(why) => prop_assert!(!why.is_empty()),
            }
        }
    }
}
