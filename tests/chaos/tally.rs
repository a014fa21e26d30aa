//! Makes a report of what came of all faults.
//!
//! Invariant: every fault that was planned is counted, those that were never reached as not recovered.

use std::collections::BTreeMap;

use crate::PATIENCE;
use crate::inject::{Outcome, ms};
use crate::plan::{Fault, Outside, Planned};
use crate::report::{Bound, DEATHS, Quantiles, RingRow, Row};

/// What is known of the faults of one kind.
#[derive(Default)]
struct Kind {
    row: Row,
    good: Vec<f64>,
    all: Vec<f64>,
    fallback: Vec<f64>,
    held: BTreeMap<u8, u64>,
}

/// All faults that were brought about, and what came of them.
pub struct Tally {
    kinds: BTreeMap<(u8, usize, String), Kind>,
    /// By ring: drawn at random, and not recovered of those.
    rings: BTreeMap<u8, (u64, u64)>,
    deaths: Vec<f64>,
    hangs: Vec<f64>,
    /// The same without the time in which the kernel kept it from running.
    own: Vec<f64>,
    /// Of a root that was away.
    cuts: Vec<f64>,
}

// === impl Tally ===

impl Tally {
    pub fn new() -> Tally {
        Tally {
            kinds: BTreeMap::new(),
            rings: BTreeMap::new(),
            deaths: Vec::new(),
            hangs: Vec::new(),
            own: Vec::new(),
            cuts: Vec::new(),
        }
    }

    fn kind(&mut self, fault: Fault) -> &mut Kind {
        let place = Fault::all().iter().position(|one| one.name() == fault.name()).unwrap_or(usize::MAX);
        self.kinds.entry((fault.ring(), place, fault.name())).or_default()
    }

    fn begin(&mut self, planned: Planned, recovered: bool) -> &mut Kind {
        if planned.at_random {
            let ring = self.rings.entry(planned.fault.ring()).or_default();
            ring.0 += 1;
            ring.1 += u64::from(!recovered);
        }
        let kind = self.kind(planned.fault);
        kind.row.fault = planned.fault.name();
        kind.row.ring = planned.fault.ring();
        kind.row.injected += 1;
        kind.row.at_random += u64::from(planned.at_random);
        kind.row.recovered += u64::from(recovered);
        kind.row.unrecovered += u64::from(!recovered);
        kind
    }

    pub fn unrecovered(&mut self, planned: Planned) {
        self.begin(planned, false);
    }

    pub fn recovered(&mut self, outcome: &Outcome) {
        let fault = outcome.planned.fault;
        if fault.wants_health() {
            let list = if fault.hangs() { &mut self.hangs } else { &mut self.deaths };
            list.push(outcome.timing.good_ms);
            let own = (outcome.timing.good_ms - outcome.timing.kept_ms).max(0.0);
            self.own.extend(fault.hangs().then_some(own));
        }
        if fault == Fault::Outside(Outside::RootAway) {
            // One that was not seen is as late as can be.
            self.cuts.push(outcome.timing.first_ms.unwrap_or(ms(PATIENCE)));
        }
        let kind = self.begin(outcome.planned, true);
        kind.good.push(outcome.timing.good_ms);
        kind.all.push(outcome.timing.all_ms);
        kind.fallback.extend(outcome.timing.fallback_ms);
        *kind.held.entry(outcome.held_by).or_default() += 1;
        let row = &mut kind.row;
        if let Some(same) = outcome.timing.same_frame {
            *row.same_frame.get_or_insert(0) += u64::from(same);
        }
        row.lost_most = row.lost_most.max(outcome.lost);
        row.lost_beyond += u64::from(outcome.lost > 1);
        row.lost_beyond_noise += u64::from(outcome.lost > outcome.twin_lost + 1);
        row.stood_ms = row.stood_ms.max(outcome.stood_ms);
        *row.equal.get_or_insert(0) += u64::from(outcome.equal);
    }

    /// A fault that is in no plan, so often, and how long each took to be over.
    pub fn add(&mut self, name: &str, ring: u8, injected: usize, good: Vec<f64>) {
        let kind = self.kinds.entry((ring, usize::MAX, name.to_owned())).or_default();
        let recovered = good.len() as u64;
        kind.row = Row {
            fault: name.to_owned(),
            ring,
            injected: injected as u64,
            recovered,
            unrecovered: injected as u64 - recovered,
            ..Row::default()
        };
        kind.held.insert(ring, recovered);
        kind.good = good;
    }

    pub fn rows(&self) -> Vec<Row> {
        let row = |kind: &Kind| Row {
            held_by: kind.held.iter().map(|(ring, count)| (*ring, *count)).collect(),
            good_ms: Quantiles::of(kind.good.clone()),
            all_ms: Quantiles::of(kind.all.clone()),
            fallback_ms: Quantiles::of(kind.fallback.clone()),
            ..kind.row.clone()
        };
        self.kinds.values().map(row).collect()
    }

    pub fn rings(&self) -> Vec<RingRow> {
        self.rings.iter().map(|(ring, (faults, unrecovered))| RingRow::new(*ring, *faults, *unrecovered)).collect()
    }

    /// What has to hold, beside that nothing is left over.
    pub fn bounds(&self, leftovers: u64) -> Vec<Bound> {
        let rows = self.rows();
        let sum = |of: &dyn Fn(&Row) -> u64| rows.iter().map(of).sum::<u64>() as f64;
        // What stops root stops everybody.
        let stops_all = [Outside::RootKilled, Outside::RootAway, Outside::RootStopped]
            .map(|outside| Fault::Outside(outside).name());
        let apart = |row: &Row| !stops_all.contains(&row.fault);
        let torn = sum(&|row| row.same_frame.map_or(0, |same| row.recovered - same));
        let most = |what: &str, bound: f64, measured: f64| Bound {
            what: what.to_owned(),
            bound,
            measured,
            holds: measured <= bound,
        };
        let deaths = Quantiles::of(self.deaths.clone()).p99.unwrap_or(0.0);
        let hangs = Quantiles::of(self.hangs.clone()).most.unwrap_or(0.0);
        let cuts = Quantiles::of(self.cuts.clone()).p95.unwrap_or(0.0);
        let own = Quantiles::of(self.own.clone()).most.unwrap_or(0.0);
        let beyond = sum(&|row| if apart(row) { row.lost_beyond_noise } else { 0 });
        vec![
            most("faults not recovered", 0.0, sum(&|row| row.unrecovered)),
            most("faults held by another ring than is said", 0.0, sum(&|row| misheld(row))),
            most(
                "screens that did not become equal to the undisturbed one's",
                0.0,
                sum(&|row| row.equal.map_or(0, |equal| row.recovered - equal)),
            ),
            most("panels whose fallback did not come in the same frame", 0.0, torn),
            most(
                "faults that leave root alone, by which another tenant lost two frames more than the undisturbed daemon",
                0.0,
                beyond,
            ),
            most(&format!("{DEATHS} to the next good picture, p99 ms"), 50.0, deaths),
            most("hang of a healthy worker to the next good picture, most ms", 1200.0, hangs),
            most(
                "the same less the time in which that worker wanted to run and had no processor, most ms",
                1200.0,
                (own * 100.0).round() / 100.0,
            ),
            most("a daemon's return after five seconds to its first picture, p95 ms", 100.0, cuts),
            most("descriptors, processes, threads and tasks left over", 0.0, leftovers as f64),
        ]
    }
}

fn misheld(row: &Row) -> u64 {
    row.held_by.iter().filter(|(ring, _)| *ring != row.ring).map(|(_, count)| count).sum()
}
