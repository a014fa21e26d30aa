use std::time::Duration;

use super::*;
use crate::base::Wall;
use crate::config;
use crate::model::{Kind, Sample, SeriesKey, Unit};
use crate::wire::feed::{ConfigFile, FileKind};

const START: Mono = Mono(1_000_000_000_000);

fn files(database: &str, sql: &str) -> Vec<ConfigFile> {
    let file = |kind, name: &str, text: String| ConfigFile { kind, name: name.to_owned(), bytes: text.into_bytes() };
    vec![
        file(
            FileKind::Settings,
            "unblink.toml",
            format!("[sources.shop]\nkind = \"sqlite\"\npath = \"{database}\"\ninterval = \"10s\"\n"),
        ),
        file(FileKind::Chart, "charts.d/one.toml", format!("[query]\nsql = \"{sql}\"\n")),
    ]
}

struct Stage {
    charts: Charts,
    data: Dataset,
    boards: Boards,
    sources: Vec<Origin>,
    made_of: u64,
}

fn stage() -> Stage {
    let mut stage = Stage {
        charts: Charts::default(),
        data: Dataset::default(),
        boards: Boards::default(),
        sources: Vec::new(),
        made_of: 0,
    };
    configure(&mut stage, "/shop.db", "SELECT v FROM t WHERE a = {{.A}}");
    stage
}

fn configure(stage: &mut Stage, database: &str, sql: &str) {
    let (settings, boards) = config::understand(&files(database, sql)).expect("it is right");
    (stage.boards, stage.sources) = (boards, settings.sources);
    stage.made_of += 1;
}

fn asked(value: &str) -> Asked {
    ("one".to_owned(), [("A".to_owned(), value.to_owned())].into())
}

fn watch(stage: &mut Stage, values: &[&str], now: Mono) {
    let asked: Vec<Asked> = values.iter().map(|value| asked(value)).collect();
    let Stage { charts, data, boards, sources, made_of } = stage;
    charts.watch(asked.iter(), Configured { boards, sources, made_of: *made_of }, data, now);
}

/// What the running chart with this value is, and its series.
fn running<'a>(stage: &'a Stage, value: &str) -> Option<(&'a Origin, String)> {
    let identity = stage.boards.get("one")?.asks.as_ref()?.identity("one", &asked(value).1)?;
    Some((stage.charts.origins().find(|origin| origin.name == identity.source)?, identity.series))
}

fn tell(stage: &mut Stage, series: &str) {
    let sample = Sample {
        key: SeriesKey::plain(series),
        kind: Kind::Gauge,
        unit: Unit::None,
        at: Wall(1_789_000_000_000),
        value: 1.0,
    };
    stage.data.insert(sample).expect("there is room");
}

#[test]
fn each_set_of_parameters_asks_once_and_what_nobody_watches_ends_without_a_trace() {
    let mut stage = stage();
    watch(&mut stage, &["x", "y"], START);
    let (origin, series) = running(&stage, "x").expect("it runs");
    assert!(
        origin.interval == Duration::from_secs(10)
            && origin.name.starts_with("chart:")
            && origin.name.ends_with(":one")
    );
    let name = origin.name.clone();
    assert_ne!(running(&stage, "y").expect("it runs").1, series);
    tell(&mut stage, &series);
    watch(&mut stage, &["y"], START);
    assert_eq!(stage.charts.wake_at(), Some(START + limits::CHART_LINGER));
    let before = START + (limits::CHART_LINGER - Duration::from_millis(1));
    assert!(!stage.charts.expire(&mut stage.data, before));
    assert!(running(&stage, "x").is_some(), "who looks away for a moment comes back");
    watch(&mut stage, &["x", "y"], before);
    assert_eq!(stage.charts.wake_at(), None);
    watch(&mut stage, &["y"], before);
    assert!(stage.charts.expire(&mut stage.data, before + limits::CHART_LINGER));
    assert!(running(&stage, "x").is_none() && running(&stage, "y").is_some());
    assert_eq!((stage.data.series_count(), stage.data.source(&name)), (0, None));
    assert!(stage.charts.is_over(&name) && !stage.charts.is_over("shop"));
}

#[test]
fn beyond_the_cap_a_chart_says_so_and_begins_when_there_is_room() {
    let mut stage = stage();
    let values: Vec<String> = (0..=limits::CHARTS_RUNNING_MAX).map(|number| format!("{number:03}")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    watch(&mut stage, &values[..limits::CHARTS_RUNNING_MAX], START);
    watch(&mut stage, &values, START);
    assert_eq!(stage.charts.origins().count(), limits::CHARTS_RUNNING_MAX);
    let last = values[limits::CHARTS_RUNNING_MAX];
    assert!(running(&stage, last).is_none(), "those that run go on");
    let identity = stage.boards.get("one").and_then(|board| board.asks.as_ref()?.identity("one", &asked(last).1));
    let name = identity.expect("it fits").source;
    let said = stage.data.source(&name).expect("it is said").state.clone();
    assert!(matches!(&said, SourceState::Absent(why) if why.contains("32 charts")), "{said:?}");
    // One that nobody watches any more makes room at once.
    watch(&mut stage, &values[1..], START);
    assert!(running(&stage, last).is_some() && running(&stage, values[0]).is_none());
    assert_eq!(stage.data.source(&name), None);
    watch(&mut stage, &values, START);
    watch(&mut stage, &values[1..], START);
    let first = stage.boards.get("one").and_then(|board| board.asks.as_ref()?.identity("one", &asked(values[0]).1));
    assert_eq!(stage.data.source(&first.expect("it fits").source), None, "nothing is left of what waited");
}

#[test]
fn another_statement_or_another_database_begins_anew() {
    let mut stage = stage();
    watch(&mut stage, &["x"], START);
    let (_, series) = running(&stage, "x").expect("it runs");
    tell(&mut stage, &series);
    configure(&mut stage, "/other.db", "SELECT v FROM t WHERE a = {{.A}}");
    watch(&mut stage, &["x"], START);
    assert_eq!(stage.data.series_count(), 0, "what another database told is gone");
    assert_eq!(running(&stage, "x").expect("it runs").1, series);
    configure(&mut stage, "/other.db", "SELECT w FROM t WHERE a = {{.A}}");
    watch(&mut stage, &["x"], START);
    assert_ne!(running(&stage, "x").expect("it runs").1, series);
}

#[test]
fn a_chart_without_its_database_says_so_and_what_lingers_of_before_ends_at_once() {
    let mut stage = stage();
    watch(&mut stage, &["x", "y"], START);
    watch(&mut stage, &["x"], START);
    let (name, series) = running(&stage, "x").map(|(origin, series)| (origin.name.clone(), series)).expect("it runs");
    tell(&mut stage, &series);
    stage.sources.clear();
    stage.made_of += 1;
    watch(&mut stage, &["x"], START);
    assert_eq!((stage.charts.origins().count(), stage.data.series_count()), (0, 0));
    let said = stage.data.source(&name).expect("it is said").state.clone();
    assert!(matches!(&said, SourceState::Absent(why) if why.contains("no source")), "{said:?}");
    configure(&mut stage, "/shop.db", "SELECT v FROM t WHERE a = {{.A}}");
    watch(&mut stage, &["x"], START);
    assert!(running(&stage, "x").is_some() && stage.data.source(&name).is_none());
}

#[test]
fn what_an_earlier_worker_left_waits_for_its_viewers_and_goes_without_them() {
    let mut stage = stage();
    let series = |stage: &Stage, value: &str| {
        let asks = stage.boards.get("one").and_then(|board| board.asks.clone()).expect("it is a chart");
        asks.identity("one", &asked(value).1).expect("it fits").series
    };
    for value in ["x", "y"] {
        let series = series(&stage, value);
        tell(&mut stage, &series);
    }
    tell(&mut stage, "shop_orders");
    stage.charts.adopt(&stage.data, START);
    watch(&mut stage, &["x"], START);
    let end = stage.charts.wake_at().expect("the other one waits");
    stage.charts.expire(&mut stage.data, end);
    let kept = |stage: &Stage, name: &str| stage.data.named(name).count();
    assert_eq!((kept(&stage, &series(&stage, "x")), kept(&stage, &series(&stage, "y"))), (1, 0));
    assert_eq!(kept(&stage, "shop_orders"), 1);
}
