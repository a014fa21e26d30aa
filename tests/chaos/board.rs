//! The boards that are watched, and what to think of a picture of them.
//!
//! Invariant: but for the panel whose source lies, what they show is a pure function of the number that was pushed last,
//! the tick, so that two daemons that were pushed the same show the same.

use std::fmt::Write;

/// Of what is pushed: one a period.
pub const TICK_MS: u64 = 100;
/// The tenant whose worker fails is `default`; this is the other one.
pub const NEIGHBOUR: &str = "ops";

const HIT: &str = "this one is hit";
const LIAR: &str = "a source that lies";
/// Two numbers of three digits make a tick, as no more are shown of any.
const DIGITS: u64 = 900;
const QUEUES: [&str; 3] = ["in", "out", "late"];

/// What a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// All its panels, and no complaint.
    Sound,
    /// A panel stands under a tag; the others are there.
    Tagged,
    /// The source that lies complains; the rest is sound.
    Complaining,
    /// Under a banner that says that it is not live; the panels are there.
    Banner,
    /// All its panels, which have no numbers yet.
    Empty,
    /// Anything else: a panel is missing.
    Torn,
}

/// The board `faults` of the tenant with faults. Its number is all that is new in it.
pub fn faults(number: u64) -> String {
    format!(
        r#"# {number}
title = "faults on purpose"
refresh_hz = 60

[panel.target]
title = "{HIT}"
chart = "facts"
source = "push"
rows = [{{ name = "hi", value = "chaos_hi" }}, {{ name = "lo", value = "chaos_lo" }}]

[panel.neighbour]
title = "its neighbour"
chart = "bars"
source = "push"
by = "queue"
series = "chaos_queue"

[panel.rows]
title = "another one"
chart = "table"
source = "push"
by = "queue"
name = "queue"
columns = [{{ title = "waiting", series = "chaos_queue", full_at = 1000 }}]

[panel.liar]
title = "{LIAR}"
chart = "facts"
source = "synthetic-faults"
rows = [{{ name = "value", value = "demo_fault_value" }}]

[layout]
column = [
  {{ ratio = 3, row = ["target", "neighbour", "rows"] }},
  {{ ratio = 2, panel = "liar" }},
]
"#
    )
}

/// The board of the other tenant.
pub fn neighbour() -> String {
    r#"title = "next door"
refresh_hz = 60

[panel.target]
title = "next door"
chart = "facts"
source = "push"
rows = [{ name = "hi", value = "chaos_hi" }, { name = "lo", value = "chaos_lo" }]

[layout]
column = ["target"]
"#
    .to_owned()
}

/// What is pushed to both tenants at a tick. Ticks without end begin anew after a day.
pub fn pushed(tick: u64, at_ms: i64) -> String {
    let mut lines = String::new();
    let mut tell = |name: &str, queue: Option<&str>, value: u64| {
        let labels = queue.map_or(String::new(), |queue| format!(",\"labels\":{{\"queue\":\"{queue}\"}}"));
        let written = writeln!(lines, "{{\"series\":\"{name}\",\"value\":{value},\"at\":{at_ms}{labels}}}");
        written.expect("a text takes all");
    };
    // Everything at every tick: then a picture of a tick never shows something of another one.
    tell("chaos_hi", None, 100 + tick / DIGITS % DIGITS);
    tell("chaos_lo", None, 100 + tick % DIGITS);
    for (number, queue) in (1..).zip(QUEUES) {
        tell("chaos_queue", Some(queue), 100 + (tick / 10 * 37 * number) % DIGITS);
    }
    lines
}

/// The three digits that stand in the row of this name.
fn digits(text: &str, name: &str) -> Option<u64> {
    text.match_indices(name).find_map(|(at, _)| {
        let line = text[at + name.len()..].lines().next()?;
        let rest = line.trim_start_matches([' ', '.', ':', '─']);
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        (number.len() == 3 && rest.len() < line.len()).then(|| number.parse().ok()).flatten()
    })
}

/// What a picture is, and its tick where one is shown.
pub fn judge(text: &str, is_neighbour: bool) -> (Look, Option<u64>) {
    let tick = digits(text, "hi").zip(digits(text, "lo")).and_then(|(hi, lo)| {
        let (hi, lo) = (hi.checked_sub(100)?, lo.checked_sub(100)?);
        Some(hi * DIGITS + lo)
    });
    let titles: &[&str] =
        if is_neighbour { &["next door"] } else { &[HIT, "its neighbour", "another one", LIAR, "faults on"] };
    // A banner tells of a next try, too.
    let of_panels = |line: &&str| !["worker died", "worker ran out of memory"].iter().any(|one| line.contains(one));
    let is_tagged = text
        .lines()
        .filter(of_panels)
        .any(|line| [", trace ", "next try", "worker death"].iter().any(|one| line.contains(one)));
    let is_banner = [
        "worker died",
        "worker was",
        "worker has",
        "worker ran out of memory",
        "worker waits",
        "worker starting",
        "reconnecting",
        "does not answer",
    ]
    .iter()
    .any(|one| text.contains(one));
    // A banner takes the status line's place.
    let titles_there =
        titles.iter().filter(|title| !(is_banner && **title == "faults on")).all(|one| text.contains(one));
    let look = match () {
        () if !titles_there => Look::Torn,
        () if is_banner && !is_tagged => Look::Banner,
        () if text.contains("ago: ") || text.contains("not reported") => Look::Complaining,
        () if is_tagged => Look::Tagged,
        () if tick.is_none() => Look::Empty,
        () => Look::Sound,
    };
    (look, tick)
}

/// A picture as two daemons have to agree upon it: rows with their colours, without what the lying source's panel says and
/// with clocks and counts left out of the status line.
pub fn comparable(rows: &[String], text: &str) -> Vec<String> {
    let liar = text.lines().position(|line| line.contains(LIAR)).unwrap_or(rows.len());
    let mut kept: Vec<String> = rows.iter().take(liar).cloned().collect();
    kept.extend(text.lines().nth(rows.len() - 1).map(without_numbers));
    kept
}

/// Neither times nor how many look on.
fn without_numbers(line: &str) -> String {
    let words =
        line.split_whitespace().map(|word| word.trim_matches(|char: char| char.is_ascii_digit() || char == ':'));
    words.map(|word| word.trim_end_matches('s')).filter(|word| !word.is_empty()).collect::<Vec<&str>>().join(" ")
}

#[test]
fn a_tick_is_read_from_what_is_shown_of_it() {
    let shown = |hi: u64, lo: u64| format!("next door\n│hi        {hi} │\n│lo   {lo} │");
    for tick in [0, 1, 899, 900, 123_456] {
        let (hi, lo) = (100 + tick / DIGITS, 100 + tick % DIGITS);
        assert!(pushed(tick, 5).starts_with(&format!("{{\"series\":\"chaos_hi\",\"value\":{hi},\"at\":5}}\n")));
        assert_eq!(judge(&shown(hi, lo), true), (Look::Sound, Some(tick)));
    }
    assert_eq!(judge("next door\nhi 10\nlo 100", true).0, Look::Empty);
    assert_eq!(judge("hi 100\nlo 100", true).0, Look::Torn);
    let under = |banner: &str| judge(&format!("{}\n {banner}, restarting", shown(100, 100)), true).0;
    assert_eq!(under("worker ran out of memory: 64.0 KiB could not be had"), Look::Banner);
    assert_eq!(under("worker died"), Look::Banner);
    assert_eq!(under("worker died, next try in 2 s · last frame 3 s old · trace 0000ab12"), Look::Banner);
    let tag = "worker death 2 s ago, quarantined, next try in 5m 0s";
    assert_eq!(judge(&format!("{tag}\n{}", shown(100, 100)), true).0, Look::Tagged);
}
