//! Every format on what it is made for and on what it is not.

use proptest::prelude::*;

use super::*;

fn shown(told: &Told) -> Vec<String> {
    let show = |value: &Value| {
        let labels: Vec<String> = value.key.labels.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let unit = value.unit.map_or(String::new(), |unit| format!(" {unit}"));
        let at = value.at.map_or(String::new(), |at| format!(" @{}", at.0));
        let kind = if value.kind == Kind::Counter { " counter" } else { "" };
        format!("{}{labels} {}{unit}{kind}{at}", value.key.name, value.value)
    };
    told.values.iter().map(show).collect()
}

fn check(output: Output, text: &str, expect: &[&str], strange: &str) {
    let told = read(output, "it", text, 0);
    assert_eq!(shown(&told), expect, "{text:?}");
    assert_eq!(told.strange_first.as_deref().unwrap_or(""), strange, "{text:?}");
}

#[test]
fn one_number() {
    check(Output::Auto, "42\n", &["it 42"], "");
    check(Output::Auto, "\n -1.5e3 \n", &["it -1500"], "");
    check(Output::Number, "up\n", &[], "this is no number: up");
    check(Output::Number, "", &[], "this is no number");
    check(Output::Auto, "1\n2\n", &[], "more than one line stands where one number belongs: 1");
}

#[test]
fn names_with_values() {
    let text =
        "# a comment\nusers 3\nload=0.5\ndepth: 7\njobs_total 9\n\nqueue{name=\"a b\",host=\"x\"} 4 1700000000000\n";
    let expect = [
        "it_users 3",
        "it_load 0.5",
        "it_depth 7",
        "it_jobs_total 9 counter",
        "it_queue{host=x,name=a b} 4 @1700000000000",
    ];
    check(Output::Auto, text, &expect, "");
    check(Output::Pairs, "a-b.c 1\n", &["it_a_b_c 1"], "");
    check(Output::Pairs, "a 1\nhello\nb 2\n", &["it_a 1", "it_b 2"], "this is no name with a number: hello");
    check(Output::Pairs, "a{x=\"1\",x=\"2\"} 1", &[], "a label stands there twice: a{x=\"1\",x=\"2\"} 1");
    check(Output::Pairs, "a{x=\"\\\"} 1", &[], "the labels are not written as name=\"value\": a{x=\"\\\"} 1");
    check(Output::Pairs, "a{x=\"q\\\"}\"} 1", &["it_a{x=q\"}} 1"], "");
    let told = read(Output::Pairs, "it", "a nan", 0);
    assert!(told.values[0].value.is_nan(), "that it is not taken is said by who takes it");
}

#[test]
fn lines_of_json() {
    let text =
        r#"{"cpu": 3, "name": "x", "disk": {"free": 7, "deep": {"a": {"b": {"c": 1}}}}, "up": true, "list": [1]}"#;
    check(Output::Auto, text, &["it_cpu 3", "it_disk_free 7", "it_up 1"], "");
    let text = r#"{"series": "q", "value": 2, "labels": {"b": "y", "a": 1}, "kind": "counter", "unit": "bytes", "at": 1700000000}"#;
    check(Output::Auto, text, &["it_q{a=1,b=y} 2 bytes counter @1700000000000"], "");
    check(Output::Ndjson, r#"{"value": 1, "at": "2026-11-25T18:00:00Z"}"#, &["it 1 @1795629600000"], "");
    check(Output::Ndjson, r#"{"value": "x"}"#, &[], r#"its value is no number: {"value": "x"}"#);
    check(Output::Ndjson, r#"{"value": 1, "unit": "ms"}"#, &[], r#""ms" is no unit: {"value": 1, "unit": "ms"}"#);
    check(Output::Ndjson, "[1]", &[], "this is no JSON object: [1]");
    check(Output::Ndjson, "{", &[], "this is no JSON: {");
    let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    assert_eq!(read(Output::Ndjson, "it", &deep, 0).strange, 1);
}

#[test]
fn checks_for_nagios() {
    let text = "DISK OK - free | /=2643MB;5948;5958;0;5968 'my disk'=12%;80;90 time=3ms c=7c load=0.5 U=U rpm=9rpm\n";
    let expect = [
        "it_state 0 none",
        "it__ 2771386368 bytes",
        "it_my_disk 12 percent",
        "it_time 0.003 seconds",
        "it_c 7 counter",
        "it_load 0.5",
        "it_rpm 9 rpm",
    ];
    check(Output::Auto, text, &expect, "");
    let told = read(Output::Nagios, "it", "DISK CRITICAL", 2);
    assert_eq!(shown(&told), ["it_state 2 none"]);
    assert!(read(Output::Nagios, "it", "", 127).values.is_empty(), "no state of a check");
    check(Output::Nagios, "x | a=b\n", &["it_state 0 none"], "this is no performance data: a=b");
}

#[test]
fn ten_million_labels_are_capped() {
    let text: String = (0..20_000).map(|number| format!("a{{x=\"{number}\"}} 1\n")).collect();
    let told = read(Output::Pairs, "it", &text, 0);
    assert_eq!((told.values.len(), told.beyond), (limits::SOURCE_SAMPLES_MAX, 20_000 - limits::SOURCE_SAMPLES_MAX));
    let long = format!("{} 1", "x".repeat(limits::SOURCE_LINE_BYTES_MAX));
    let told = read(Output::Pairs, "it", &long, 0);
    assert!((told.strange, told.strange_first.unwrap().len() < 500) == (1, true));
}

#[test]
fn what_is_not_understood_is_told_in_harmless_words() {
    let told = read(Output::Pairs, "it", "\x1b[31mred\x07\u{202e}", 0);
    assert_eq!(told.strange_first.as_deref(), Some("this is no name with a number: red"));
}

#[test]
fn times_are_seconds_milliseconds_or_words() {
    assert_eq!(time("1700000000"), Some(Wall(1_700_000_000_000)));
    assert_eq!(time("1700000000.5"), Some(Wall(1_700_000_000_500)));
    assert_eq!(time("1700000000123"), Some(Wall(1_700_000_000_123)));
    assert_eq!(time("2026-11-25T18:00:00+01:00"), Some(Wall(1_795_626_000_000)));
    assert_eq!((time("yesterday"), time("nan"), time("1e300")), (None, None, None));
}

const OUTPUTS: [Output; 5] = [Output::Auto, Output::Number, Output::Pairs, Output::Ndjson, Output::Nagios];

proptest! {
    #[test]
    fn any_bytes_are_understood_or_counted(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}\"=:,|;' \n0123.eE-aB%".as_slice())], 0..400),
        which in 0_usize..OUTPUTS.len(),
        code in any::<i32>(),
    ) {
        let text = String::from_utf8_lossy(&bytes);
        let told = read(OUTPUTS[which], "it", &text, code);
        prop_assert!(told.values.len() <= limits::SOURCE_SAMPLES_MAX);
        prop_assert!((told.strange == 0) == told.strange_first.is_none());
        for value in &told.values {
            prop_assert!(value.key.name.starts_with("it"));
            prop_assert!(value.key.labels.len() <= limits::SERIES_LABELS_MAX);
            prop_assert!(value.key.labels.windows(2).all(|two| two[0].0 < two[1].0));
        }
        let words = told.strange_first.unwrap_or_default();
        prop_assert!(words.chars().all(|c| !c.is_control()), "{words:?}");
    }
}
