//! What a campaign of faults came to: as JSON, which is kept, and as the table that `docs/reliability.md` has of it.
//!
//! Invariant: the table is a pure function of the JSON. Nothing is concluded from faults that were chosen so that each comes
//! at all, nor from one ring for another.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// All of it. Times are in milliseconds; a quantile of no faults is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What the fields mean, for whoever finds the file.
    pub schema: Vec<String>,
    pub date: String,
    pub build: String,
    pub profile: String,
    pub kernel: String,
    pub seed: u64,
    pub faults: usize,
    pub daemons: usize,
    pub viewers_each: usize,
    pub took_s: u64,
    pub noise: Noise,
    pub rows: Vec<Row>,
    pub rings: Vec<RingRow>,
    pub leftovers: Vec<Leftover>,
    pub bounds: Vec<Bound>,
    /// Why faults were not recovered, with their place in the plan.
    pub troubles: Vec<String>,
}

/// What the machine did to whoever only wanted to be woken in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    pub cores: usize,
    pub load_before: f64,
    pub load_after: f64,
    /// How much too late a thread was that slept for ten milliseconds again and again.
    pub late_ms: Quantiles,
    /// Ticks that were never shown by the daemon without faults, the most in a row, and the longest it stood still.
    pub twin_lost_most: u64,
    pub twin_stood_ms: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub most: Option<f64>,
}

/// One kind of fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub fault: String,
    /// That is to hold it.
    pub ring: u8,
    pub injected: u64,
    /// Of those.
    pub at_random: u64,
    /// By the ring that was seen to hold them.
    pub held_by: Vec<(u8, u64)>,
    pub recovered: u64,
    pub unrecovered: u64,
    pub good_ms: Quantiles,
    pub all_ms: Quantiles,
    /// Of panels: from the key to the fallback, and how often no other picture came in between.
    pub fallback_ms: Quantiles,
    pub same_frame: Option<u64>,
    /// Ticks that the other tenant's viewers never showed: the most in a row, and faults by which more than one in a row was
    /// lost, and those of them by which two or more were lost beyond what the daemon without faults lost at that time.
    pub lost_most: u64,
    pub lost_beyond: u64,
    pub lost_beyond_noise: u64,
    pub stood_ms: f64,
    /// None where there was nobody to compare with.
    pub equal: Option<u64>,
}

/// What may be said of a ring.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RingRow {
    pub ring: u8,
    /// Drawn at random.
    pub faults: u64,
    pub unrecovered: u64,
    /// With 95% confidence at least this share is recovered: `1 - 3/N` where none was not.
    pub bound: Option<f64>,
}

/// Of a daemon, at the start and at the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leftover {
    pub daemon: usize,
    /// Descriptors, processes, threads and tasks.
    pub before: [usize; 4],
    pub after: [usize; 4],
}

/// What has to hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bound {
    pub what: String,
    pub bound: f64,
    pub measured: f64,
    pub holds: bool,
}

pub const SCHEMA: &[&str] = &[
    "good_ms: from the end of the cause (the death of a worker, the key that heals, SIGCONT, the socket of a new root) to the next good picture on the screen of one viewer who was chosen beforehand; of what hangs, and of what a task or thread holds, from the key",
    "all_ms: the same for the last of all viewers of that tenant",
    "a daemon's return is judged by the first picture of the new one, which begins with no numbers: the next good one, which good_ms tells of, waits for what is pushed ten times a second",
    "held_by: pairs of a ring and how many faults it was seen to hold: 1 source, task or thread, 2 panel, 3 worker, 4 root and viewers",
    "lost_most: ticks in a row, one each 100 ms, that some viewer of the other tenant never showed while the fault lasted",
    "stood_ms: the longest time for which some viewer of the other tenant was shown no tick",
    "lost_beyond: faults by which more than one tick in a row was lost; lost_beyond_noise: those where it was two or more beyond what the daemon without faults lost at that time",
    "equal: faults after which two viewers in two sizes came to show, cell by cell, what those of the daemon without faults showed for the same tick",
    "at_random: drawn by the seed; the rest was chosen so that each fault comes at all, and nothing is concluded from it",
    "leftovers: descriptors, processes, threads and tasks of a daemon and its workers",
];

/// How the bound begins that is nothing without the noise of the machine.
pub const DEATHS: &str = "death of a healthy worker";

pub const BEGIN: &str = "<!-- made by `make faults`; begin -->\n";
pub const END: &str = "<!-- made by `make faults`; end -->\n";

// === impl Quantiles ===

impl Quantiles {
    pub fn of(mut all: Vec<f64>) -> Quantiles {
        all.sort_by(f64::total_cmp);
        let at = |share: f64| {
            // The smallest that so many are not above.
            let rank = (share * all.len() as f64).ceil() as usize;
            all.get(rank.saturating_sub(1).min(all.len().saturating_sub(1))).copied()
        };
        Quantiles { p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1.0) }
    }
}

// === impl RingRow ===

impl RingRow {
    pub fn new(ring: u8, faults: u64, unrecovered: u64) -> RingRow {
        let bound = (faults > 3 && unrecovered == 0).then(|| 1.0 - 3.0 / faults as f64);
        RingRow { ring, faults, unrecovered, bound }
    }
}

// === impl Leftover ===

impl Leftover {
    pub fn told(&self) -> String {
        let Leftover { daemon, before, after } = self;
        format!("daemon {daemon}: descriptors, processes, threads and tasks were {before:?} and are {after:?}")
    }
}

// === impl Report ===

impl Report {
    /// As the page has it, between `BEGIN` and `END`.
    pub fn page(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).expect("a text takes all");
        page
    }

    fn write(&self, page: &mut String) -> std::fmt::Result {
        writeln!(
            page,
            "{} faults on {}, seed {}, build {} ({}), Linux {}: {} daemons with {} viewers each, in {} minutes.\n",
            self.faults,
            self.date,
            self.seed,
            self.build,
            self.profile,
            self.kernel,
            self.daemons,
            self.viewers_each,
            self.took_s.div_ceil(60),
        )?;
        writeln!(
            page,
            "| fault | injected | held by ring | recovered | unrecovered | p50 ms | p95 ms | p99 ms | last viewer, p95 ms | \
             frames lost by others | others stood still, most ms | screen equal |"
        )?;
        writeln!(page, "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for row in &self.rows {
            let held: Vec<String> = row.held_by.iter().map(|(ring, count)| format!("{ring}: {count}")).collect();
            // What is brought about beside the daemons has nobody else to lose a frame, and no other ring.
            let is_beside = row.equal.is_none();
            let or_none = |told: String| if is_beside { "-".to_owned() } else { told };
            writeln!(
                page,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                row.fault,
                row.injected,
                or_none(held.join(", ")),
                row.recovered,
                row.unrecovered,
                shown(row.good_ms.p50),
                shown(row.good_ms.p95),
                shown(row.good_ms.p99),
                or_none(shown(row.all_ms.p95)),
                or_none(row.lost_most.to_string()),
                or_none(shown(Some(row.stood_ms))),
                row.equal.map_or("-".to_owned(), |equal| equal.to_string()),
            )?;
        }
        writeln!(
            page,
            "\n| ring | faults drawn at random | unrecovered | recovered at 95% confidence, at least |\n|---|---:|---:|---:|"
        )?;
        for ring in &self.rings {
            let bound = ring.bound.map_or("-".to_owned(), |bound| format!("{:.2}%", bound * 100.0));
            writeln!(page, "| {} | {} | {} | {bound} |", ring_name(ring.ring), ring.faults, ring.unrecovered)?;
        }
        let noise = &self.noise;
        writeln!(page, "\n| what has to hold | bound | measured | holds |\n|---|---:|---:|---|")?;
        for bound in &self.bounds {
            let holds = if bound.holds { "yes" } else { "no" };
            writeln!(page, "| {} | {} | {} | {holds} |", bound.what, bound.bound, bound.measured)?;
            if bound.what.starts_with(DEATHS) {
                let late = shown(noise.late_ms.p99);
                writeln!(
                    page,
                    "| beside it, the noise: a thread that slept for 10 ms was late, p99 ms | - | {late} | - |"
                )?;
            }
        }
        writeln!(
            page,
            "\nThe machine meanwhile: {} cores, load {} before and {} after; a thread that slept for 10 ms again and again was {} ms late \
             at p50, {} at p99 and {} at most; the daemon without faults lost {} ticks in a row at most and stood still for {} ms.",
            noise.cores,
            noise.load_before,
            noise.load_after,
            shown(noise.late_ms.p50),
            shown(noise.late_ms.p99),
            shown(noise.late_ms.most),
            noise.twin_lost_most,
            noise.twin_stood_ms.round(),
        )
    }

    /// A page with what stands between the marks exchanged.
    pub fn put_into(&self, page: &str) -> Option<String> {
        let (before, rest) = page.split_once(BEGIN)?;
        let (_, after) = rest.split_once(END)?;
        Some(format!("{before}{BEGIN}\n{}\n{END}{after}", self.page().trim_end()))
    }
}

fn shown(ms: Option<f64>) -> String {
    ms.map_or("-".to_owned(), |ms| if ms < 9.95 { format!("{ms:.1}") } else { format!("{ms:.0}") })
}

pub fn ring_name(ring: u8) -> &'static str {
    match ring {
        1 => "1, source, task or thread",
        2 => "2, panel",
        3 => "3, worker",
        _ => "4, root and viewers",
    }
}
