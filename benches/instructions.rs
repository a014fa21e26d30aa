//! Instructions that the parts of one frame take, counted by callgrind: the same on a busy machine and on an idle one.
//!
//! Fails when a part takes more than its bound in `benches/instructions.toml`, or a whole frame more than its share of
//! what ratatui takes for the same board. Each part runs in a process of its own
//! under valgrind, once without and once with its turns; the difference is what the turns took.

#[path = "board/board.rs"]
mod board;
#[path = "ingest/lines.rs"]
mod lines;
#[path = "board/parts.rs"]
mod parts;
#[expect(dead_code, reason = "only the picture that is the same as ours is counted here")]
#[path = "board/theirs.rs"]
mod theirs;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};
use parts::Part;
use theirs::Theirs;

/// Turns counted of each part.
const TURNS: u64 = 64;
/// Turns before those: tables are filled, memory has its final size.
const TURNS_BEFORE: u64 = 8;
/// Tells this program that it runs under valgrind: which part, how many turns.
const COUNTED: &str = "--counted";
/// The part that ratatui's frame is compared with.
const OURS: &str = "frame";
/// The same by ratatui.
const THEIRS: Part = Part { name: "ratatui", prepare: ratatui };

/// Lines that programs push, taken into series.
const PUSH: Part = Part { name: "push", prepare: push };
/// The same bytes, only parsed.
const PLAIN: Part = Part { name: "serde_json", prepare: plain };

/// `benches/instructions.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    /// Most instructions of one turn.
    instructions_max: BTreeMap<String, u64>,
    /// Most of ratatui's instructions for one frame.
    share_max: f64,
    /// Most of a plain parse's instructions for taking the same lines.
    push_ratio_max: f64,
}

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == COUNTED) {
        let [part, turns] = &arguments[at + 1..] else { bail!("{COUNTED} PART TURNS") };
        run(part, turns.parse()?)?;
        return Ok(ExitCode::SUCCESS);
    }
    guard()
}

/// The part's turns, under valgrind.
fn run(name: &str, turns: u64) -> Result<()> {
    let mut all = parts::PARTS.iter().chain([&THEIRS, &PUSH, &PLAIN]);
    let part = all.find(|part| part.name == name).with_context(|| format!("no part {name}"))?;
    let mut work = (part.prepare)();
    for _ in 0..TURNS_BEFORE + turns {
        work();
    }
    Ok(())
}

fn ratatui() -> Box<dyn FnMut()> {
    let states = parts::states();
    let mut theirs = Theirs::new();
    let mut turn = 0;
    Box::new(move || {
        black_box(theirs.frame(black_box(&states[turn % parts::STATES])));
        turn += 1;
    })
}

/// A chunk for each turn, all made beforehand.
fn chunks() -> Vec<(i64, String)> {
    (0..(TURNS_BEFORE + TURNS) as i64).map(lines::chunk).collect()
}

fn push() -> Box<dyn FnMut()> {
    let (chunks, mut taking) = (chunks(), lines::Taking::new());
    let mut turn = 0;
    Box::new(move || {
        taking.take(black_box(&chunks[turn]));
        turn += 1;
    })
}

fn plain() -> Box<dyn FnMut()> {
    let chunks = chunks();
    let mut turn = 0;
    Box::new(move || {
        lines::parse(black_box(&chunks[turn]));
        turn += 1;
    })
}

#[expect(clippy::print_stdout, reason = "the result is for a person at a terminal")]
fn guard() -> Result<ExitCode> {
    let text = include_str!("instructions.toml");
    let bounds: Bounds = toml::from_str(text).context("benches/instructions.toml")?;
    let known: Vec<&str> = parts::PARTS.iter().map(|part| part.name).collect();
    for name in bounds.instructions_max.keys() {
        ensure!(known.contains(&name.as_str()), "benches/instructions.toml bounds {name}, which is no part");
    }
    println!("{:<16}{:>14}{:>14}{:>8}", "one turn", "instructions", "at most", "share");
    let (mut is_over, mut ours) = (false, 0);
    for part in parts::PARTS {
        let bound = *bounds.instructions_max.get(part.name).with_context(|| format!("no bound for {}", part.name))?;
        let taken = of_one_turn(part.name)?;
        ours = if part.name == OURS { taken } else { ours };
        let mark = if taken > bound { "  OVER THE BOUND" } else { "" };
        println!("{:<16}{taken:>14}{bound:>14}{:>8.2}{mark}", part.name, taken as f64 / bound as f64);
        is_over |= taken > bound;
    }
    let theirs = of_one_turn(THEIRS.name)?;
    let share = ours as f64 / theirs as f64;
    let mark = if share > bounds.share_max { "  OVER THE BOUND" } else { "" };
    println!("{:<16}{theirs:>14}{:>14}", THEIRS.name, "");
    println!("{:<16}{share:>14.3}{:>14.3}{:>8.2}{mark}", "frame / ratatui", bounds.share_max, share / bounds.share_max);
    is_over |= share > bounds.share_max;
    let (push, plain) = (of_one_turn(PUSH.name)?, of_one_turn(PLAIN.name)?);
    let ratio = push as f64 / plain as f64;
    let mark = if ratio > bounds.push_ratio_max { "  OVER THE BOUND" } else { "" };
    println!("{:<16}{push:>14}", PUSH.name);
    println!("{:<16}{plain:>14}", PLAIN.name);
    println!(
        "{:<16}{ratio:>14.3}{:>14.3}{:>8.2}{mark}",
        "push / parse",
        bounds.push_ratio_max,
        ratio / bounds.push_ratio_max
    );
    is_over |= ratio > bounds.push_ratio_max;
    Ok(if is_over { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn of_one_turn(part: &str) -> Result<u64> {
    Ok((counted(part, TURNS)? - counted(part, 0)?) / TURNS)
}

/// All instructions of a process that does this many turns.
fn counted(part: &str, turns: u64) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--"])
        .arg(std::env::current_exe()?)
        .args([COUNTED, part, &turns.to_string()])
        .output()
        .context("cannot run valgrind; apt-get install valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "valgrind failed on {part}: {said}");
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.with_context(|| format!("valgrind did not say what it collected: {said}"))?;
    count.trim().parse().with_context(|| format!("not a count: {count:?}"))
}
