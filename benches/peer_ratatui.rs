//! The same board drawn by this project and by ratatui, round by round in the same process: CPU time and bytes.
//!
//! Fails when ours takes more than a sixth of ratatui's CPU or more than 0.70 of its bytes for the same picture. What
//! ratatui takes without our ground colour is shown beside it. `--json` adds the result as one line.

#[path = "board/board.rs"]
mod board;
#[path = "board/theirs.rs"]
mod theirs;

use std::process::ExitCode;
use std::time::Duration;

use board::data::Data;
use board::ours::Ours;
use rustix::time::{ClockId, clock_gettime};
use theirs::Theirs;

/// Rounds of each side; the median counts.
const ROUNDS: usize = 21;
/// Frames of one round.
const FRAMES: usize = 200;
/// Bounds on ours as a share of theirs.
const CPU_SHARE_MAX: f64 = 1.0 / 6.0;
const BYTES_SHARE_MAX: f64 = 0.70;

/// One side's rounds.
#[derive(Default)]
struct Readings {
    cpu_us: Vec<f64>,
    bytes: Vec<f64>,
}

// === impl Readings ===

impl Readings {
    /// Draws the frames of one round; what is measured is `frame` alone.
    fn round(&mut self, states: &[Data], mut frame: impl FnMut(&Data) -> usize) {
        let before = cpu_time();
        let bytes: usize = states.iter().map(&mut frame).sum();
        let spent = cpu_time() - before;
        self.cpu_us.push(spent.as_secs_f64() * 1e6 / states.len() as f64);
        self.bytes.push(bytes as f64 / states.len() as f64);
    }
}

/// CPU time of this thread so far.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("invariant: below a second"))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

#[expect(clippy::print_stdout, reason = "the result is for a person at a terminal")]
fn main() -> ExitCode {
    let (mut ours, mut theirs, mut plain) = (Ours::new(), Theirs::new(), Theirs::on_default_ground());
    let mut readings: [Readings; 3] = Default::default();
    let mut data = Data::new();
    for round in 0..=ROUNDS {
        let states: Vec<Data> = (0..FRAMES).map(|_| data.stepped()).collect();
        // Who goes first changes from round to round.
        for turn in 0..3 {
            match (round + turn) % 3 {
                0 => readings[0].round(&states, |data| ours.frame(data)),
                1 => readings[1].round(&states, |data| theirs.frame(data)),
                _ => readings[2].round(&states, |data| plain.frame(data)),
            }
        }
        if round == 0 {
            // The first round warms caches and paints from nothing.
            readings = Default::default();
        }
    }
    let cpu = readings.each_ref().map(|side| median(&side.cpu_us));
    let bytes = readings.each_ref().map(|side| median(&side.bytes));
    let (cpu_share, bytes_share) = (cpu[0] / cpu[1], bytes[0] / bytes[1]);
    println!("one frame of the board, {}x{}, median of {ROUNDS} rounds of {FRAMES} frames", board::COLS, board::ROWS);
    println!(
        "{:<8}{:>12}{:>12}{:>10}{:>10}{:>24}",
        "", "unblink", "ratatui", "share", "at most", "ratatui without ground"
    );
    println!(
        "{:<8}{:>9.1} us{:>9.1} us{cpu_share:>10.3}{CPU_SHARE_MAX:>10.3}{:>21.1} us",
        "CPU", cpu[0], cpu[1], cpu[2]
    );
    println!(
        "{:<8}{:>10.0} B{:>10.0} B{bytes_share:>10.3}{BYTES_SHARE_MAX:>10.3}{:>22.0} B",
        "bytes", bytes[0], bytes[1], bytes[2]
    );
    if std::env::args().any(|argument| argument == "--json") {
        let side = |index: usize| serde_json::json!({ "cpu_us": cpu[index], "bytes": bytes[index] });
        let result = serde_json::json!({
            "unblink": side(0), "ratatui": side(1), "ratatui_without_ground": side(2),
            "cpu_share": cpu_share, "cpu_share_max": CPU_SHARE_MAX,
            "bytes_share": bytes_share, "bytes_share_max": BYTES_SHARE_MAX,
        });
        println!("{result}");
    }
    if cpu_share <= CPU_SHARE_MAX && bytes_share <= BYTES_SHARE_MAX {
        return ExitCode::SUCCESS;
    }
    println!("peer_ratatui: over the bound");
    ExitCode::FAILURE
}
