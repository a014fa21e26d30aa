//! The nodes of the second workload: names of many scripts, which take more than one column a letter.
//!
//! Invariant: the same step gives the same loads, on every machine.

/// Nodes of the board that has some, and how many of them change from one frame to the next.
pub const NODES: u64 = 60;
pub const NODES_CHANGING: u64 = 6;
const EMOJI: [&str; 10] = ["🔥", "🌊", "🚀", "🐳", "🍀", "⚡", "🧪", "📦", "🎯", "🔧"];
const PLACES: [&str; 6] = ["東京", "大阪", "上海", "서울", "北京", "札幌"];

/// A node at a step: the series of its table, its name, and its load in percent.
pub fn node(node: u64, step: u64) -> (&'static str, String, f64) {
    let (emoji, place) = (EMOJI[(node % 10) as usize], PLACES[(node % 6) as usize]);
    let series = ["bench_load_a", "bench_load_b", "bench_load_c"][(node % 3) as usize];
    (series, format!("{emoji} {place}-{node:02}"), 100.0 * ((step * 7 + node * 13) % 97) as f64 / 97.0)
}
