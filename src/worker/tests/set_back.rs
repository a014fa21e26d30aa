//! A wall clock that is set while a worker runs: by an operator, or by the time service.

use super::*;
use crate::runtime::profiling::Profiling;
use crate::worker::state::State;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A worker's state with one view, a screen that shows it, and a clock that can be set.
struct Bench {
    state: State,
    screen: Screen,
    now: Mono,
    wall: Wall,
    rejected: u64,
}

// === impl Bench ===

impl Bench {
    fn new() -> Bench {
        let (synthetic, _) = watch::channel(false);
        let (processes, _) = watch::channel(false);
        let (rhythm, _) = watch::channel(None);
        let (now, wall) = (Mono(1_000_000_000), Wall(WALL_START));
        let (own, _) = watch::channel(None);
        let controls = Controls {
            host: rhythm,
            processes,
            sources: watch::Sender::default(),
            synthetic,
            own,
            lying: watch::Sender::default(),
            faults: None,
        };
        let mut state = State::new(&hello(), controls, Dataset::default(), None, Profiling::new().0);
        let spec = ViewSpec::new("default", "host", Size::clamped(100, 30));
        let screen = Screen::new(spec.size);
        for message in [
            ToWorker::Prepare { generation: 1, files: Vec::new() },
            ToWorker::Commit { generation: 1 },
            ToWorker::Subscribe { view: VIEW, spec },
        ] {
            state.message(message, now, wall).expect("the messages are in order");
        }
        Bench { state, screen, now, wall, rejected: 0 }
    }

    /// A second passes; the source delivers this load, and whatever is due is drawn.
    fn sample(&mut self, load: f64) {
        self.now = self.now + SECOND;
        self.wall = self.wall + SECOND;
        let key = SeriesKey::plain("host_load1");
        // Read a little before it arrives.
        let at = self.wall - Duration::from_millis(20);
        let sample = Sample { key, kind: Kind::Gauge, unit: Unit::None, at, value: load };
        let health = SourceHealth { state: SourceState::Good, last_good: Some(at), interval_ms: 1000 };
        self.state.update(
            Update { source: "host".into(), samples: vec![sample], entries: Vec::new(), left_out: 0, health },
            self.now,
            self.wall,
        );
        self.rejected = self.state.take_status(self.wall).samples_rejected;
        self.state.message(ToWorker::Credit { view: VIEW }, self.now, self.wall).expect("a credit");
        while self.state.wants_to_draw() {
            for bytes in self.state.draw_next(self.now, self.wall) {
                let Ok(ToRoot::Frame(frame)) = ToRoot::decode(&bytes[framing::PREFIX_BYTES..]) else {
                    panic!("a frame")
                };
                self.screen.0.process(frame.bytes);
            }
        }
    }

    /// The newest sample must be what a live screen shows.
    #[track_caller]
    fn assert_shows(&self, load: &str) {
        let text = self.screen.text();
        assert!(text.contains("live") && text.contains(load), "no {load} in:\n{text}");
        assert_eq!(self.rejected, 0);
    }
}

#[test]
fn a_clock_set_back_by_an_hour_does_not_freeze_the_board() {
    let mut bench = Bench::new();
    (0..10).for_each(|_| bench.sample(1.11));
    bench.assert_shows("1.11");
    bench.wall = bench.wall - HOUR;
    bench.sample(2.22);
    bench.assert_shows("2.22");
    bench.sample(3.33);
    bench.assert_shows("3.33");
}

#[test]
fn a_clock_set_forward_by_a_day_and_back_shows_each_sample_at_once() {
    let mut bench = Bench::new();
    (0..10).for_each(|_| bench.sample(1.11));
    bench.wall = bench.wall + DAY;
    bench.sample(2.22);
    bench.assert_shows("2.22");
    bench.wall = bench.wall - DAY;
    bench.sample(3.33);
    bench.assert_shows("3.33");
}

#[test]
fn a_clock_set_back_into_the_kept_past_is_not_replayed() {
    let mut bench = Bench::new();
    (0..60).for_each(|_| bench.sample(1.11));
    for load in [2.22, 3.33, 4.44] {
        bench.wall = bench.wall - 20 * SECOND;
        bench.sample(load);
        bench.assert_shows(&load.to_string());
    }
}

#[test]
fn a_clock_that_another_source_finds_set_back_redraws_every_board() {
    let mut bench = Bench::new();
    (0..10).for_each(|_| bench.sample(1.11));
    (0..2).for_each(|_| bench.sample(2.22));
    bench.state.message(ToWorker::Credit { view: VIEW }, bench.now, bench.wall).expect("a credit");
    // Before the clock on the screen moves.
    let (now, wall) = (bench.now + SECOND * 3 / 10, bench.wall - 5 * SECOND);
    bench.state.woken(now);
    assert!(!bench.state.wants_to_draw());
    let update = Update {
        source: own::NAME.into(),
        samples: Vec::new(),
        entries: Vec::new(),
        left_out: 0,
        health: own::health(wall),
    };
    bench.state.update(update, now, wall);
    assert!(bench.state.wants_to_draw(), "what was measured later never was");
}
