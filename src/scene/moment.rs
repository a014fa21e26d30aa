//! What every part of a picture is drawn from: the spec, the data, the time, and the words for ages.
//!
//! Invariant: ages and clocks step on whole seconds of the wall clock, all together, so that a screen full of them
//! changes once a second and not once for each.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::base::Wall;
use crate::label::Label;
use crate::model::{Dataset, Unit, ViewSpec, spec};
use crate::widget::{Look, Theme, time_axis};

/// One picture's circumstances.
#[derive(Debug)]
pub struct Moment<'a> {
    pub spec: &'a ViewSpec,
    pub data: &'a Dataset,
    pub now: Wall,
    /// The right edge of all time axes: now, the moment of the pause, or that far before it.
    pub edge: Wall,
    pub zone: TimeZone,
    pub look: Look,
    pub circumstances: Circumstances<'a>,
}

/// What is told of a view beside its data; nothing of a picture that is nobody's view.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Circumstances<'a> {
    pub slowed: Option<Slowed>,
    /// Pictures a second that are allowed, where more were wanted a moment ago.
    pub limited: Option<u32>,
    /// Sessions that watch the board, in whatever size.
    pub viewers: Option<u32>,
    /// What is wrong with a configuration that is therefore not drawn.
    pub complaint: Option<&'a Label>,
    /// The worker obeys faults on purpose.
    pub faults: bool,
}

/// A view that is drawn less often than its board asks, for want of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowed {
    pub shown_hz: f64,
    pub board_hz: f64,
}

/// Gathers when a picture would change by itself, and whether other views would miss other series.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changes {
    /// Known to the second.
    second: Option<Wall>,
    /// Known to the millisecond: what moves.
    exact: Option<Wall>,
    /// A series is missed, and for how long it is goes by the span of time that the viewer chose.
    misses_by_range: bool,
}

/// The right edge of all time axes: now, the moment of the pause, or that far before it.
pub fn edge(spec: &ViewSpec, now: Wall) -> Wall {
    spec.paused_at.unwrap_or(now) - Duration::from_millis(spec.offset_ms)
}

/// The moment under the cursor, where it lies in the span that is shown.
pub fn cursor(spec: &ViewSpec, now: Wall) -> Option<Wall> {
    let edge = edge(spec, now);
    spec.cursor.filter(|at| (edge - Duration::from_millis(spec.range_ms)..=edge).contains(at))
}

// === impl Moment ===

impl<'a> Moment<'a> {
    /// `theme` is the board's; a viewer's own goes before it.
    pub fn new(spec: &'a ViewSpec, theme: spec::Theme, data: &'a Dataset, now: Wall) -> Moment<'a> {
        Moment {
            spec,
            data,
            now,
            edge: edge(spec, now),
            zone: time_axis::zone(&spec.timezone),
            look: Look { theme: Theme::of(spec.theme.unwrap_or(theme), spec.palette), glyphs: spec.glyphs },
            circumstances: Circumstances::default(),
        }
    }

    /// The moment under the cursor, where it lies in the span that is shown.
    pub fn cursor(&self) -> Option<Wall> {
        cursor(self.spec, self.now)
    }

    /// The time of day, after the day where that is not today.
    pub fn clock(&self, at: Wall) -> String {
        let (day, clock) = (time_axis::day(&self.zone, at), time_axis::clock(&self.zone, at));
        if day == time_axis::day(&self.zone, self.now) { clock.to_string() } else { format!("{day} {clock}") }
    }

    /// Whether the picture shows the present and moves with it.
    pub fn is_live(&self) -> bool {
        self.spec.paused_at.is_none() && self.spec.offset_ms == 0
    }

    /// The age of something in words, and when these words change.
    pub fn age(&self, since: Wall) -> (Label, Wall) {
        let seconds = self.seconds_since(since);
        (Label::plain(&Unit::Seconds.format(seconds as f64)), self.next_step(seconds))
    }

    /// The age as on a stop-watch, `02:13`; from an hour in words.
    pub fn stopwatch(&self, since: Wall) -> (Label, Wall) {
        let seconds = self.seconds_since(since);
        let text = match seconds {
            0..3_600 => format!("{:02}:{:02}", seconds / 60, seconds % 60),
            _ => Unit::Seconds.format(seconds as f64),
        };
        (Label::plain(&text), self.next_step(seconds))
    }

    /// The beginning of the next whole second.
    pub fn next_second(&self) -> Wall {
        Wall((self.now.0.div_euclid(1_000) + 1).saturating_mul(1_000))
    }

    fn seconds_since(&self, since: Wall) -> i64 {
        self.now.0.div_euclid(1_000).saturating_sub(since.0.div_euclid(1_000)).max(0)
    }

    /// Ages are written in seconds up to an hour, in minutes up to a day, in hours from there.
    fn next_step(&self, seconds: i64) -> Wall {
        let grain = match seconds {
            ..3_600 => 1,
            3_600..86_400 => 60,
            _ => 3_600,
        };
        Wall((self.now.0.div_euclid(1_000) + grain - seconds % grain).saturating_mul(1_000))
    }
}

// === impl Changes ===

impl Changes {
    /// Something will look different from `at` on.
    pub fn at(&mut self, at: Wall) {
        self.second = Some(self.second.map_or(at, |known| known.min(at)));
    }

    /// Something moves at `at`, which is no matter of seconds.
    pub fn exactly_at(&mut self, at: Wall) {
        self.exact = Some(self.exact.map_or(at, |known| known.min(at)));
    }

    /// A series ended: a view that spans more or less time misses it for longer, or not any more.
    pub fn miss_by_range(&mut self) {
        self.misses_by_range = true;
    }

    /// Whether a view of another span of time may miss other series than this one.
    pub fn misses_by_range(self) -> bool {
        self.misses_by_range
    }

    /// Whether something moves.
    pub fn moves(self) -> bool {
        self.exact.is_some()
    }

    /// What `other` announces too.
    pub fn merge(&mut self, other: Changes) {
        other.second.into_iter().for_each(|at| self.at(at));
        other.exact.into_iter().for_each(|at| self.exactly_at(at));
        self.misses_by_range |= other.misses_by_range;
    }

    /// The first change after `now`; not before the next whole second, but for what moves.
    pub fn next(self, now: Wall) -> Option<Wall> {
        let next_second = Wall((now.0.div_euclid(1_000) + 1).saturating_mul(1_000));
        let whole = |at: Wall| Wall(at.0.saturating_add(999).div_euclid(1_000).saturating_mul(1_000));
        let second = self.second.map(|at| whole(at).max(next_second));
        let exact = self.exact.map(|at| at.max(Wall(now.0.saturating_add(1))));
        second.into_iter().chain(exact).min()
    }
}
