//! All rounds as one table, for people, and as JSON.
//!
//! Invariant: a bound that is missed is said to be missed.

use std::fmt::Write;

use serde_json::{Value, json};

use super::cell::Reading;
use super::options::Options;
use super::plan::{Cell, Metric, Row};
use super::usage;

pub struct Report<'a> {
    pub options: &'a Options,
    pub cells: &'a [Cell],
    pub rows: &'a [Row],
    /// Of each round, in the order of `cells`.
    pub rounds: Vec<Vec<Reading>>,
    /// The load when it began, and the commit that was checked out.
    pub load: f64,
    pub commit: Option<String>,
}

/// A median and how far the rounds lie apart.
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

// === impl Spread ===

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Spread { median, least: sorted[0], most: sorted[sorted.len() - 1] }
    }

    fn json(&self) -> Value {
        json!({ "median": self.median, "least": self.least, "most": self.most })
    }
}

// === impl Report ===

impl Report<'_> {
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.bound.holds(self.value(row).median))
    }

    pub fn table(&self) -> String {
        let mut out = String::new();
        let Options { rounds, seconds, .. } = self.options;
        let lines = [
            format!("{}; load {:.1} before, {:.1} after", usage::machine(), self.load, usage::load()),
            format!("medians of {rounds} rounds of {seconds} s; in brackets the least and the most of them\n"),
            format!(
                "{:<42}{:>22}{:>11}{:>8}{:>8}{:>8}{:>8}{:>9}{:>9}",
                "viewers x fps",
                "CPU us/terminal-frame",
                "delivered",
                "p50 ms",
                "p95 ms",
                "p99 ms",
                "bytes",
                "KiB each",
                "clients"
            ),
        ];
        let mut say = |line: String| writeln!(out, "{line}").expect("a string takes text");
        lines.into_iter().for_each(&mut say);
        for (index, cell) in self.cells.iter().enumerate() {
            let of = |get: fn(&Reading) -> f64| self.spread(index, get);
            let cpu = of(|reading| reading.cpu_us);
            let clients = of(|reading| reading.with_clients_us).median - cpu.median;
            say(format!(
                "{:<42}{:>7.2} [{:>5.2}, {:>5.2}]{:>10.1}%{:>8.2}{:>8.2}{:>8.2}{:>8.0}{:>9.1}{:>9.1}",
                cell.name(),
                cpu.median,
                cpu.least,
                cpu.most,
                100.0 * of(|reading| reading.delivered).median,
                of(|reading| reading.p50_ms).median,
                of(|reading| reading.p95_ms).median,
                of(|reading| reading.p99_ms).median,
                of(|reading| reading.bytes).median,
                of(|reading| reading.kib_per_viewer).median,
                clients,
            ));
        }
        say(String::new());
        say(format!("{:<44}{:>9}{:>21}{:>15}{:>9}", "row", "value", "of the rounds", "bound", "aim"));
        for row in self.rows {
            let value = self.value(row);
            let verdict = if row.bound.holds(value.median) { "" } else { "  MISSED" };
            let spread = format!("[{:.3}, {:.3}]", value.least, value.most);
            let bound = row.bound.text();
            say(format!("{:<44}{:>9.3}{spread:>21}{bound:>15}{:>9.3}{verdict}", row.what, value.median, row.aim));
        }
        out
    }

    pub fn json(&self) -> String {
        let reading = |reading: &Reading| {
            json!({
                "cpu_us": reading.cpu_us, "with_clients_us": reading.with_clients_us, "delivered": reading.delivered,
                "p50_ms": reading.p50_ms, "p95_ms": reading.p95_ms, "p99_ms": reading.p99_ms,
                "healthy_p95_ms": reading.healthy_p95_ms, "bytes": reading.bytes,
                "frames_per_tick": reading.frames_per_tick, "kib_per_viewer": reading.kib_per_viewer,
                "ticked": reading.ticked,
            })
        };
        let cells = self.cells.iter().enumerate().map(|(index, cell)| {
            let rounds: Vec<Value> = self.rounds.iter().map(|round| reading(&round[index])).collect();
            json!({ "cell": cell.name(), "rounds": rounds })
        });
        let rows = self.rows.iter().map(|row| {
            let value = self.value(row);
            json!({
                "what": row.what, "value": value.json(), "unit": row.against.map_or(row.metric.unit(), |_| ""),
                "bound": row.bound.text(), "aim": row.aim, "holds": row.bound.holds(value.median),
            })
        });
        let report = json!({
            "commit": self.commit, "machine": usage::machine(), "load_before": self.load, "load_after": usage::load(),
            "viewers": self.options.viewers, "rounds": self.options.rounds, "seconds": self.options.seconds,
            "rows": rows.collect::<Vec<_>>(), "cells": cells.collect::<Vec<_>>(),
        });
        format!("{report:#}\n")
    }

    fn spread(&self, cell: usize, get: fn(&Reading) -> f64) -> Spread {
        Spread::of(self.rounds.iter().map(|round| get(&round[cell])))
    }

    fn value(&self, row: &Row) -> Spread {
        let place =
            |cell: &Cell| self.cells.iter().position(|one| one == cell).expect("every row's cells are measured");
        let of = place(&row.of);
        let against = row.against.as_ref().map(place);
        Spread::of(self.rounds.iter().map(|round| {
            let value = metric(&round[of], row.metric);
            against.map_or(value, |against| value / metric(&round[against], row.metric))
        }))
    }
}

fn metric(reading: &Reading, metric: Metric) -> f64 {
    match metric {
        Metric::Cpu => reading.cpu_us,
        Metric::Delivered => reading.delivered,
        Metric::P95 => reading.p95_ms,
        Metric::HealthyP95 => reading.healthy_p95_ms,
        Metric::Bytes => reading.bytes,
        Metric::Memory => reading.kib_per_viewer,
    }
}
