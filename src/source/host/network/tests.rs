//! Rates of interfaces and of TCP from texts of `/proc/net`.

use super::*;
use crate::base::Wall;

const SECOND: u64 = 1_000_000_000;
const HEAD: &str = "Inter-|   Receive                                                |  Transmit\n \
    face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

fn line(name: &str, received: u64, sent: u64) -> String {
    format!("{name:>6}: {received} 3 0 0 0 0 0 0 {sent} 4 0 0 0 0 0 0\n")
}

fn names(text: &str) -> Vec<String> {
    parse(text).expect("they are counters of interfaces").into_keys().collect()
}

#[test]
fn interfaces_are_told_apart_and_the_loop_is_left_out() {
    let names = names(
        &[
            HEAD,
            &line("lo", 5, 5),
            &line("eth0", 1, 1),
            &line("eth0:1", 1, 1),
            "wlan0:7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n",
        ]
        .concat(),
    );
    assert_eq!(names, ["eth0", "eth0:1", "wlan0"]);
}

#[test]
fn an_interface_that_never_carried_anything_is_left_out() {
    let idle = "  ifb0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    assert_eq!(names(&[HEAD, idle].concat()), Vec::<String>::new());
}

#[test]
fn interfaces_that_lead_outside_come_first_where_there_are_many() {
    let mut text = HEAD.to_owned();
    for number in 0..500 {
        text += &line(&format!("veth{number:x}"), 9, 9);
    }
    text += &line("zlast0", 1, 1);
    let names = names(&text);
    assert_eq!(names.len(), limits::HOST_INTERFACES_MAX);
    assert!(names.contains(&"zlast0".to_owned()));
}

#[test]
fn traffic_within_the_machine_is_not_counted_twice() {
    let within = ["veth1a", "docker0", "br-12ab", "br0", "virbr0", "wg0", "bond0", "eth0.12"];
    let outside = ["eth0", "enp3s0", "brother", "wlan0", "ppp0", "ib0"];
    let is_one = |name: &&str| is_virtual(name);
    assert!(within.iter().all(is_one) && !outside.iter().any(is_one));
    let mut network = Network::new();
    let mut out = Out::new(Wall(0), 0);
    let text = |count| [HEAD, &line("eth0", count, count), &line("veth0", count, count)].concat();
    network.interfaces(&text(1), Mono(SECOND), &mut out).expect("they are counters");
    network.interfaces(&text(6), Mono(2 * SECOND), &mut out).expect("they are counters");
    let total = out.samples.iter().find(|sample| sample.key.labels.is_empty()).expect("all are told of together");
    assert_eq!((total.key.name.as_str(), total.value), ("host_network_receive_bytes_per_second", 5.0));
}

#[test]
fn an_interface_that_was_made_anew_gives_no_rate_but_a_baseline() {
    let mut network = Network::new();
    let mut take = |second: u64, received| {
        let mut out = Out::new(Wall(0), 0);
        network.interfaces(&line("eth0", received, 1), Mono(second * SECOND), &mut out).expect("it is one");
        out.samples.first().map(|sample| sample.value)
    };
    assert_eq!([take(1, 500), take(2, 20), take(3, 30)], [None, None, Some(10.0)]);
}

#[test]
fn numbers_are_found_by_their_names() {
    let snmp = "Ip: A B\nIp: 1 2\nTcp: RtoAlgorithm MaxConn CurrEstab\nTcp: 1 -1 20\nUdp: CurrEstab\nUdp: 5\n";
    assert_eq!(field(snmp, "Tcp:", "CurrEstab"), Some(20));
    assert_eq!(field(snmp, "Tcp:", "MaxConn"), None, "it is no count");
    for (text, why) in [("", "nothing"), ("Tcp: CurrEstab\n", "no values"), ("Tcp: A CurrEstab\nTcp: 1\n", "too few")] {
        assert_eq!(field(text, "Tcp:", "CurrEstab"), None, "{why}");
    }
    let mut network = Network::new();
    let mut out = Out::new(Wall(0), 0);
    assert_eq!(network.tcp("Tcp: CurrEstab\nTcp: 4\n", Mono(0), &mut out), None, "without retransmits it is odd");
    assert_eq!(out.samples[0].value, 4.0, "but what is there is told");
}

#[test]
fn what_is_no_list_of_interfaces_is_refused() {
    for text in ["", "eth0", "eth0: 1 2 3\n", "eth0: a b c d e f g h i j k l\n", "Inter-|\n"] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}
