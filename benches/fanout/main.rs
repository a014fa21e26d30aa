//! What one daemon with many viewers costs, beside the floor and beside what people would use instead: real processes, the
//! same drain for all, and a marker in every picture by which it is known when a change could be read where.
//!
//! `make bench-fanout`, or `cargo bench --bench fanout -- --viewers 50 --rounds 1 --seconds 2`. Each round measures all cells
//! once; with whom it begins changes from round to round. Fails when a bound is missed.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for whoever runs this")]

#[expect(dead_code, reason = "the daemon draws what `ours` draws elsewhere")]
#[path = "../board/board.rs"]
mod board;
mod cell;
mod daemon;
mod decode;
mod drain;
mod nodes;
mod options;
mod pace;
mod peers;
mod plan;
mod report;
mod samples;
#[path = "../footprint/serving.rs"]
mod serving;
mod sides;
#[expect(dead_code, reason = "one ground is enough here")]
#[path = "../board/theirs.rs"]
mod theirs;
mod tmux;
mod trouble;
mod usage;

use std::process::ExitCode;

use cell::{Reading, Recordings};
use options::Options;
use report::Report;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if_eq("--peer").is_some() {
        peers::run(arguments);
        return ExitCode::SUCCESS;
    }
    let Some(options) = Options::read(arguments) else {
        eprintln!("{}", options::USAGE);
        return ExitCode::from(2);
    };
    // A descriptor for each viewer, here and there.
    let limit = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: limit, maximum: limit }).expect("as many as we may have");
    let (load, commit, rows) = (usage::load(), usage::commit(), plan::rows(&options));
    let cells = plan::cells(&rows);
    let mut recordings = Recordings::default();
    cells.iter().for_each(|cell| recordings.prepare(cell));
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        let mut readings = vec![Reading::default(); cells.len()];
        for turn in 0..cells.len() {
            let index = (turn + round * cells.len() / options.rounds) % cells.len();
            // Neighbours are compared with each other: who of them is first changes, too.
            let index = if round % 2 == 1 { cells.len() - 1 - index } else { index };
            readings[index] = cell::measure(&cells[index], options.seconds, &recordings);
            let Reading { cpu_us, delivered, p95_ms, frames_per_tick, ticked, .. } = readings[index];
            eprintln!(
                "round {} {:<44} {cpu_us:>7.2} us {:>5.1} % p95 {p95_ms:>7.2} ms, {frames_per_tick:.2} frames a tick, {:.0} % of ticks given",
                round + 1,
                cells[index].name(),
                100.0 * delivered,
                100.0 * ticked
            );
        }
        rounds.push(readings);
    }
    let report = Report { options: &options, cells: &cells, rows: &rows, rounds, load, commit };
    print!("{}", report.table());
    serving::keep(&report.json(), options.json.as_ref());
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
