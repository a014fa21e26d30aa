//! Restarts and upgrades, one after the other, under the eyes of many who zoomed and went to another board before.
//!
//! Invariant: nobody is refused, nobody loses the board and the range they had, nothing that was pushed is missing, and nothing
//! is left where systemd keeps it. How long a picture stood is told rather than judged, but for what no machine makes of it: one
//! that does other things is not the daemon's.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{Timespec, poll};
use unblink::base::Mono;
use unblink::runtime;
use unblink::sys::clock;

use crate::crowd::Crowd;
use crate::lab::{Lab, TRIXIE};
use crate::making;

#[derive(Clone, Copy)]
pub struct Counts {
    pub restarts: usize,
    pub upgrades: usize,
    pub viewers: usize,
}

/// No gap that anybody would call hardly seen, on whatever machine.
const GAP_AT_MOST_MS: i64 = 15_000;
/// What is promised on a machine that has nothing else to do.
const GAP_PROMISED_MS: i64 = 500;
/// Where everybody begins, and where they go. Boards come in the order of their names.
const BOARDS: [(&str, &str); 2] = [("wall-a", "words-of-the-first"), ("wall-b", WORDS)];
const WORDS: &str = "words-of-the-second";
const SERIES: &str = "pushed";
/// What half of them zoom to, and the others: from five minutes.
const RANGES: [(&str, &str); 2] = [("+++", " 30 s "), ("-", " 15 min ")];
/// Between two that knock.
const KNOCK_AFTER: Duration = Duration::from_millis(5);

/// Somebody who connects, and again, for as long as it is held, and is never to be refused.
struct Knocking {
    is_over: Arc<AtomicBool>,
    knocker: runtime::Thread<Knocked>,
}

#[derive(Default)]
struct Knocked {
    count: usize,
    refused: Vec<std::io::Error>,
    /// By how much it woke too late, which tells how busy the machine is.
    late: Vec<Duration>,
}

// === impl Knocking ===

impl Knocking {
    fn at(socket: PathBuf) -> Knocking {
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let knock = move || {
            let mut knocked = Knocked::default();
            let wait = Timespec::try_from(KNOCK_AFTER).expect("it is short");
            while !ends.load(Ordering::Relaxed) && knocked.refused.len() < 10 {
                match UnixStream::connect(&socket) {
                    Ok(_) => knocked.count += 1,
                    Err(error) => knocked.refused.push(error),
                }
                // It leaves the machine to others meanwhile.
                let begun = clock::mono();
                let _ = poll(&mut [], Some(&wait));
                knocked.late.push(clock::mono().since(begun).saturating_sub(KNOCK_AFTER));
            }
            knocked
        };
        Knocking { is_over, knocker: runtime::spawn_thread("knocker", knock).expect("a thread") }
    }

    fn end(self) -> Knocked {
        self.is_over.store(true, Ordering::Relaxed);
        self.knocker.join().expect("it ends")
    }
}

/// When the daemon said last that it stops, in milliseconds since 1970.
fn told_stopping_ms(lab: &Lab) -> i64 {
    let lines = lab.run("journalctl --sync; journalctl --no-pager -o short-unix -u unblink.service | grep 'daemon stopping' | tail -n 1");
    let seconds = lines.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).expect("a time");
    (seconds * 1000.0) as i64
}

fn board(words: &str) -> String {
    format!(
        "[panel.a]\nchart = \"text\"\ntext = \"{words}\"\n[panel.b]\nchart = \"bars\"\nsource = \"push\"\nseries = \"{SERIES}\"\n\
         fn = \"count\"\nover = \"6h\"\n[layout]\ncolumn = [\"a\", \"b\"]\n"
    )
}

/// Runs so many through it and prints what it was like.
pub fn run(counts: Counts) {
    let Counts { restarts, upgrades, viewers } = counts;
    // Without upgrades no package is made, for which a tool would be needed.
    let versions = if upgrades > 0 { making::packages().as_slice() } else { &[] };
    let lab = match versions.first() {
        Some((package, version)) => {
            let lab = Lab::booted(TRIXIE, "lasting");
            making::install(&lab, package, version);
            lab
        }
        None => Lab::installed(TRIXIE, "lasting"),
    };
    lab.run("systemctl enable --now unblink.service");
    for (name, words) in BOARDS {
        lab.write(&format!("/etc/unblink/boards.d/{name}.toml"), &board(words));
    }
    lab.run("systemctl reload unblink.service");
    let crowd = gathered(&lab, viewers);
    let knocking = Knocking::at(lab.door());
    let mut gaps = [Vec::new(), Vec::new()];
    for time in 0..restarts + upgrades {
        lab.run(&format!("unblink push {SERIES} {time}"));
        crowd.wait_all("what was pushed is counted", |_, screen| has_counted(screen, time + 1));
        let before = lab.main_pid();
        crowd.forget();
        if time < restarts {
            lab.run("systemctl restart unblink.service");
        } else {
            let (package, version) = &versions[(time - restarts + 1) % versions.len()];
            making::install(&lab, package, version);
        }
        let live = crowd.wait_live();
        assert_ne!(lab.main_pid(), before, "another one draws");
        gaps[usize::from(time >= restarts)].extend(since_stopping(&lab, &live));
        // All that was pushed before it, and the range that each had.
        crowd.wait_all("all is as it was", |who, screen| is_as_it_was(who, screen, time + 1));
    }
    for (gaps, what) in gaps.iter().zip([
        format!("daemon restarted {restarts} times, until each of {viewers} viewers is live"),
        format!("package upgraded or taken back {upgrades} times, until each of {viewers} viewers is live"),
    ]) {
        tell(gaps, &what);
    }
    let all: Vec<i64> = gaps.concat();
    left_behind(&lab, counts, &knocking.end(), &all);
}

/// All of them have gone to the other board, and zoomed.
fn gathered(lab: &Lab, viewers: usize) -> Crowd {
    let program = Path::new(env!("CARGO_BIN_EXE_unblink"));
    let crowd = Crowd::start(program, &lab.door(), BOARDS[0].0, WORDS, viewers);
    crowd.wait_all("the first board", |_, screen| screen.contains(BOARDS[0].1));
    crowd.press("\t");
    crowd.wait_all("the second board", |_, screen| screen.contains(WORDS));
    for (which, (keys, _)) in RANGES.iter().enumerate() {
        crowd.press_by(keys, |who| who % RANGES.len() == which);
    }
    crowd.wait_all("their own range", |who, screen| screen.contains(RANGES[who % RANGES.len()].1));
    crowd
}

fn has_counted(screen: &str, count: usize) -> bool {
    let line = screen.lines().find(|line| line.contains(SERIES));
    line.is_some_and(|line| line.split_whitespace().any(|word| word == count.to_string()))
}

fn is_as_it_was(who: usize, screen: &str, count: usize) -> bool {
    screen.contains(WORDS) && screen.contains(RANGES[who % RANGES.len()].1) && has_counted(screen, count)
}

fn since_stopping(lab: &Lab, live: &[Mono]) -> Vec<i64> {
    let stopped_ms = told_stopping_ms(lab);
    // Both clocks at one moment.
    let (wall_ms, mono) = (clock::wall().0, clock::mono());
    let gap = |at: &Mono| wall_ms - i64::try_from(mono.since(*at).as_millis()).expect("a short time") - stopped_ms;
    live.iter().map(gap).collect()
}

fn at<T: Copy + Ord>(all: &[T], share: usize) -> T {
    let mut all = all.to_vec();
    all.sort_unstable();
    all[(all.len() - 1) * share / 100]
}

fn tell(gaps_ms: &[i64], what: &str) {
    if gaps_ms.is_empty() {
        return;
    }
    println!(
        "result: | {what} | {} | {} | {} | {} |",
        gaps_ms.len(),
        at(gaps_ms, 50),
        at(gaps_ms, 99),
        at(gaps_ms, 100)
    );
    assert!(at(gaps_ms, 100) < GAP_AT_MOST_MS, "{} ms", at(gaps_ms, 100));
}

fn left_behind(lab: &Lab, counts: Counts, knocked: &Knocked, gaps_ms: &[i64]) {
    let Counts { restarts, upgrades, viewers } = counts;
    let Knocked { count, refused, late } = knocked;
    assert!(refused.is_empty() && *count > restarts + upgrades, "{count} came in, others not: {refused:?}");
    // Who came to one that was on its way out was told so, and comes again.
    let others = "grep 'viewer refused' | grep -v 'the daemon is stopping' || true";
    let told = lab.run(&format!("journalctl --sync; journalctl --no-pager -o json -u unblink.service | {others}"));
    assert_eq!(told, "");
    assert_eq!(lab.property("NRestarts"), "0", "each was asked for");
    assert_eq!(lab.property("NFileDescriptorStore"), "1", "one history, and nothing else");
    let within = gaps_ms.iter().filter(|gap| **gap <= GAP_PROMISED_MS).count();
    println!(
        "note: {count} connections were made meanwhile and none was refused. Each of {viewers} viewers had the board it had gone to and \
         the range it had zoomed to, and saw all {} values that were pushed before, one before each end. systemd kept one \
         history afterwards, and nothing else.",
        restarts + upgrades
    );
    println!(
        "note: {within} of {} gaps were within {GAP_PROMISED_MS} ms, and the p99 of all is {} ms. Noise: a thread that sleeps for 5 ms woke \
         late by {:?} (p50), {:?} (p99) and {:?} at most meanwhile.",
        gaps_ms.len(),
        at(gaps_ms, 99),
        at(late, 50),
        at(late, 99),
        at(late, 100),
    );
}
