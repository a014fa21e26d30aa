//! Instructions that the parts of one frame take, counted by callgrind: the same on a busy machine and on an idle one.
//!
//! Fails when a part takes more than its bound in `benches/instructions.toml`. Each part runs in a process of its own
//! under valgrind, once without and once with its turns; the difference is what the turns took.

#[expect(dead_code, reason = "a whole frame is for the comparison with ratatui")]
#[path = "board/board.rs"]
mod board;
#[path = "board/parts.rs"]
mod parts;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail, ensure};

/// Turns counted of each part.
const TURNS: u64 = 64;
/// Turns before those: tables are filled, memory has its final size.
const TURNS_BEFORE: u64 = 8;
/// Tells this program that it runs under valgrind: which part, how many turns.
const COUNTED: &str = "--counted";

/// `benches/instructions.toml`.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    /// Most instructions of one turn.
    instructions_max: BTreeMap<String, u64>,
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
    let part = parts::PARTS.iter().find(|part| part.name == name).with_context(|| format!("no part {name}"))?;
    let mut work = (part.prepare)();
    for _ in 0..TURNS_BEFORE + turns {
        work();
    }
    Ok(())
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
    let mut is_over = false;
    for part in parts::PARTS {
        let bound = *bounds.instructions_max.get(part.name).with_context(|| format!("no bound for {}", part.name))?;
        let taken = (counted(part.name, TURNS)? - counted(part.name, 0)?) / TURNS;
        let mark = if taken > bound { "  OVER THE BOUND" } else { "" };
        println!("{:<16}{taken:>14}{bound:>14}{:>8.2}{mark}", part.name, taken as f64 / bound as f64);
        is_over |= taken > bound;
    }
    Ok(if is_over { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
