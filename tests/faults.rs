//! Faults on purpose within one process: every mode that a ring of the worker holds, and a great many of them in a row.
//!
//! `UNBLINK_FAULTS` says how many, `UNBLINK_FAULTS_SEED` which; a failure names its seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage up fails right there")]

use std::sync::{Mutex, Once};
use std::time::Duration;

use unblink::base::{Mono, Rect, Size, Version, Wall};
use unblink::frame::Grid;
use unblink::model::fault::{Class, Holder, Mode, Ring};
use unblink::model::{Dataset, Kind, Sample, SeriesKey, Unit, ViewSpec};
use unblink::render::ledger::Ledger;
use unblink::runtime::{self, fault, mishap};
use unblink::scene::{Before, Boards, Circumstances, Memory, Stage, draw, draw_guarded, file};

const COUNT_DEFAULT: u64 = 10_000;
const WALL: Wall = Wall(1_789_000_000_000);
const SIZE: (u16, u16) = (96, 10);
const PANELS: u16 = 4;
/// Held by whoever counts what is held in this process.
static ALONE: Mutex<()> = Mutex::new(());
const BOARD: &str = r#"
layout = { row = ["a", "b", "c", "d"] }

[panel.a]
chart = "text"
text = "first"

[panel.b]
chart = "line"
lines = [{ name = "load", series = "host_load1" }]

[panel.c]
chart = "stat"
series = "host_load1"

[panel.d]
chart = "text"
text = "last"
"#;

struct Stand {
    boards: Boards,
    spec: ViewSpec,
    data: Dataset,
    ledger: Ledger,
    memory: Memory,
    shown: Grid,
    drawing: Grid,
    frames: u64,
}

impl Stand {
    fn new() -> Stand {
        hold_quietly();
        let size = Size::clamped(SIZE.0, SIZE.1);
        let board = file::read("test", "test.toml", BOARD.as_bytes()).unwrap();
        let mut data = Dataset::default();
        let key = SeriesKey::plain("host_load1");
        data.insert(Sample { key, kind: Kind::Gauge, unit: Unit::None, at: WALL, value: 1.0 }).unwrap();
        Stand {
            boards: Boards::new(vec![board]),
            spec: ViewSpec::new("default", "test", size),
            data,
            ledger: Ledger::default(),
            memory: Memory::default(),
            shown: Grid::new(size),
            drawing: Grid::new(size),
            frames: 0,
        }
    }

    /// A frame a second.
    fn now(&self) -> (Mono, Wall) {
        let passed = Duration::from_secs(self.frames);
        (Mono(1) + passed, WALL + passed)
    }

    fn draw(&mut self) {
        self.frames += 1;
        let (now, wall) = self.now();
        self.memory.distrust();
        let stage = Stage { boards: &self.boards, data: &self.data, now: wall };
        let before = Before { grid: &self.shown, memory: &mut self.memory, shared: None };
        let mut guard = self.ledger.guard("test", Version(self.frames), now, wall);
        draw_guarded(stage, &self.spec, Circumstances::default(), Some(before), &mut guard, &mut self.drawing);
        std::mem::swap(&mut self.shown, &mut self.drawing);
    }

    fn healthy(&self) -> Grid {
        let mut grid = Grid::new(self.spec.size);
        draw(&self.boards, &self.spec, &self.data, self.now().1, &mut grid);
        grid
    }

    /// Which panels look as they should.
    fn sound(&self) -> Vec<bool> {
        let healthy = self.healthy();
        let width = SIZE.0 / PANELS;
        let area = |panel| Rect::new(panel * width, 0, width, SIZE.1 - 1);
        (0..PANELS).map(|panel| self.shown.cut(area(panel)) == healthy.cut(area(panel))).collect()
    }
}

/// As a worker does.
fn hold_quietly() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !fault::note(info) {
                before(info);
            }
        }));
    });
}

fn count(ring: Ring) -> u64 {
    let counts = fault::counts().into_iter();
    counts.filter(|(held, class, _)| (*held, *class) == (ring, Class::Panic)).map(|(_, _, count)| count).sum()
}

fn held_by(holder: Holder) -> Vec<Mode> {
    Mode::ALL.into_iter().filter(|mode| mode.holder() == holder).collect()
}

#[test]
fn every_mode_that_a_panel_holds_costs_that_panels_picture_and_nothing_else() {
    let modes = held_by(Holder::Panel);
    assert_eq!(modes.iter().map(|mode| mode.number()).collect::<Vec<u8>>(), [1, 2, 3, 4, 7, 9, 15]);
    for mode in modes {
        for panel in 0..PANELS {
            let mut stand = Stand::new();
            stand.draw();
            assert!(stand.sound().iter().all(|sound| *sound), "{mode:?}");
            stand.ledger.plant("test", panel.into(), mode);
            stand.draw();
            let expected: Vec<bool> = (0..PANELS).map(|other| other != panel).collect();
            let text = stand.shown.to_text();
            assert_eq!(stand.sound(), expected, "{mode:?}:\n{text}");
            assert!(text.contains("panic") && !text.contains(mishap::SAID), "{mode:?}:\n{text}");
            stand.ledger.heal();
            stand.draw();
            assert!(stand.sound().iter().all(|sound| *sound), "{mode:?}");
        }
    }
}

#[test]
fn every_mode_that_a_task_or_thread_of_its_own_holds_costs_no_picture_at_all() {
    let modes = held_by(Holder::Task);
    let _alone = ALONE.lock().unwrap();
    assert_eq!(modes.iter().map(|mode| mode.number()).collect::<Vec<u8>>(), [22, 24, 26]);
    runtime::block_on(async {
        for mode in modes {
            let mut stand = Stand::new();
            stand.ledger.plant("test", 1, mode);
            let before = count(Ring::Source);
            stand.draw();
            // The task has its turn; it is counted when it was held.
            while count(Ring::Source) == before {
                tokio::task::yield_now().await;
            }
            assert!(stand.sound().iter().all(|sound| *sound), "{mode:?}");
            stand.draw();
            assert!(stand.sound().iter().all(|sound| *sound), "{mode:?}");
        }
    })
    .unwrap();
}

/// Any number by chance, the same for the same seed.
fn chance(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// How many, and drawn by which seed.
fn asked() -> (u64, u64) {
    let said = |name: &str| std::env::var(name).ok().map(|said| said.parse::<u64>().unwrap());
    (said("UNBLINK_FAULTS").unwrap_or(COUNT_DEFAULT), said("UNBLINK_FAULTS_SEED").unwrap_or(1))
}

/// Where none of N was not held, the share that is held is at least 1 - 3/N at 95% confidence; of this ring alone.
#[expect(clippy::print_stdout, reason = "tests/stress/run gathers these lines")]
fn tell(ring: &str, done: u64, seed: u64) {
    let share = 100.0 * (1.0 - 3.0 / done as f64);
    println!(
        "faults: ring {ring}: {done} held in one process, seed {seed}; at 95% confidence at least {share:.4}% are"
    );
}

#[test]
fn a_great_many_faults_in_a_row_are_all_held_and_all_heal() {
    let (wanted, seed) = asked();
    let modes = held_by(Holder::Panel);
    let (mut stand, mut state) = (Stand::new(), seed);
    stand.draw();
    for done in 0..wanted {
        let panel = chance(&mut state) % u64::from(PANELS);
        let mode = modes[usize::try_from(chance(&mut state)).unwrap() % modes.len()];
        stand.ledger.plant("test", usize::try_from(panel).unwrap(), mode);
        stand.draw();
        let expected: Vec<bool> = (0..u64::from(PANELS)).map(|other| other != panel).collect();
        assert_eq!(stand.sound(), expected, "{mode:?}, fault {done} of seed {seed}:\n{}", stand.shown.to_text());
        stand.ledger.heal();
        // Now and then all heal together.
        if chance(&mut state).is_multiple_of(16) {
            stand.draw();
            assert!(stand.sound().iter().all(|sound| *sound), "after fault {done} of seed {seed}");
        }
    }
    tell(Holder::Panel.words(), wanted, seed);
}

#[test]
fn a_great_many_faults_of_tasks_and_threads_of_their_own_cost_no_picture() {
    let (wanted, seed) = asked();
    let modes = held_by(Holder::Task);
    let mut state = seed;
    // One at a time counts what is held in this process.
    let _alone = ALONE.lock().unwrap();
    runtime::block_on(async {
        let mut stand = Stand::new();
        for done in 0..wanted {
            let panel = chance(&mut state) % u64::from(PANELS);
            let mode = modes[usize::try_from(chance(&mut state)).unwrap() % modes.len()];
            stand.ledger.plant("test", usize::try_from(panel).unwrap(), mode);
            let before = count(Ring::Source);
            stand.draw();
            while count(Ring::Source) == before {
                tokio::task::yield_now().await;
            }
            assert!(stand.sound().iter().all(|sound| *sound), "{mode:?}, fault {done} of seed {seed}");
        }
    })
    .unwrap();
    tell(Holder::Task.words(), wanted, seed);
}
