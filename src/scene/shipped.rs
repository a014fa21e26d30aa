//! The boards that come with the program.

use super::board::{Board, Chart, GaugeSource, LineSource, Node, PanelSpec, Share, Shown, TextRow};
use crate::label::Label;
use crate::model::{SeriesKey, Unit};

/// Twice the rate of the source: data and the clock may each move in a second of their own.
const HOST_REFRESH_HZ: f64 = 4.0;

const SOURCE: &str = "host";

/// This machine: processor, memory, load.
pub fn host() -> Board {
    let row = |panels: [usize; 2]| {
        Node::Row(vec![
            Share { ratio: 5, node: Node::Panel(panels[0]) },
            Share { ratio: 3, node: Node::Panel(panels[1]) },
        ])
    };
    Board {
        name: "host".to_owned(),
        title: "this machine".to_owned(),
        refresh_hz: HOST_REFRESH_HZ,
        layout: Node::Column(vec![
            Share { ratio: 4, node: row([0, 1]) },
            Share { ratio: 3, node: row([2, 3]) },
            Share { ratio: 3, node: row([4, 5]) },
        ]),
        panels: vec![cpu(), cores(), memory(), memory_gauges(), load(), machine()],
    }
}

fn panel(title: &str, min: (u16, u16), priority: u8, chart: Chart) -> PanelSpec {
    PanelSpec { title: Label::plain(title), source: SOURCE.to_owned(), min, priority, chart }
}

fn line(name: &str, series: &str) -> LineSource {
    LineSource { name: Label::plain(name), shown: Shown::Series(SeriesKey::plain(series)) }
}

fn cpu() -> PanelSpec {
    let busiest = Shown::Largest { name: "host_cpu_percent".to_owned(), label: "cpu".to_owned() };
    let lines =
        vec![line("all", "host_cpu_percent"), LineSource { name: Label::plain("busiest core"), shown: busiest }];
    let chart = Chart::Line {
        unit: Unit::Percent,
        decimals: 1,
        lines,
        filled: true,
        include: vec![0.0, 100.0],
        include_series: None,
    };
    panel("CPU", (20, 4), 9, chart)
}

fn cores() -> PanelSpec {
    let each = GaugeSource::Each { name: "host_cpu_percent".to_owned(), label: "cpu".to_owned() };
    panel("cores", (20, 3), 5, Chart::Gauges(vec![each]))
}

fn memory() -> PanelSpec {
    let chart = Chart::Line {
        unit: Unit::Bytes,
        decimals: 1,
        lines: vec![line("used", "host_memory_used_bytes")],
        filled: true,
        include: vec![0.0],
        include_series: Some(SeriesKey::plain("host_memory_total_bytes")),
    };
    panel("memory", (20, 4), 4, chart)
}

fn memory_gauges() -> PanelSpec {
    let share = |name: &str, part: &str, whole: &str, none: &str| GaugeSource::Share {
        name: Label::plain(name),
        part: SeriesKey::plain(part),
        whole: SeriesKey::plain(whole),
        none: Label::plain(none),
    };
    let gauges = vec![
        share("RAM", "host_memory_used_bytes", "host_memory_total_bytes", "none"),
        share("swap", "host_swap_used_bytes", "host_swap_total_bytes", "none"),
    ];
    panel("memory now", (20, 3), 8, Chart::Gauges(gauges))
}

fn load() -> PanelSpec {
    let chart = Chart::Line {
        unit: Unit::None,
        decimals: 2,
        lines: vec![line("1m", "host_load1"), line("5m", "host_load5"), line("15m", "host_load15")],
        filled: false,
        include: vec![0.0, 1.0],
        include_series: None,
    };
    panel("load", (20, 4), 6, chart)
}

fn machine() -> PanelSpec {
    let fact = |key: &str, label: &str| TextRow::Fact {
        key: Label::plain(key),
        name: "host_info".to_owned(),
        label: label.to_owned(),
    };
    let rows = vec![
        fact("host", "hostname"),
        fact("kernel", "kernel"),
        TextRow::Value { key: Label::plain("up"), series: SeriesKey::plain("host_uptime_seconds") },
        TextRow::Age { key: Label::plain("data") },
        TextRow::Count { key: Label::plain("cores"), name: "host_cpu_percent".to_owned(), label: "cpu".to_owned() },
        TextRow::Value { key: Label::plain("memory"), series: SeriesKey::plain("host_memory_total_bytes") },
    ];
    panel("machine", (20, 4), 7, Chart::Text(rows))
}
