//! When a view may be drawn next, and how fast it may go on.
//!
//! Invariant: nothing is drawn unless something would look different, never more often than the board's refresh rate (any
//! span holds as many frames as steps fit into it and one more for either end, and no two are less than half a step apart),
//! and never without credit or while it is held. While something changes all the time the ticks lie on a grid, the n-th at its origin plus
//! n steps, however late timers fire; after a rest the grid begins anew with the next change, so nothing waits that
//! need not. Data that comes once a step keeps the grid beside it: once it has been in step for long, what comes less than half a
//! step before its tick takes it, and what is late by less than a step is drawn at once and moves nothing (both together less than a
//! step, since the grid began); a clock is shown together with the next change instead of taking its tick, and where changes
//! that have been in step for long come to wait for their tick all the same, one waits for the next and the grid begins anew
//! there. A mere clock, nothing that moves, waits for a change that comes more seldom too, an eighth of a second at most.
//! A frame that begins a step or more behind its tick is late: the ticks it missed are skipped and counted.
//! Three late frames in a row halve the rate, ten seconds without one double it again, up to the board's.
//! This keeps no clock: `now` is handed in, and the wall clock matters only as a distance.

use std::time::Duration;

use crate::base::{Mono, Wall, limits};
use rhythm::Rhythm;

mod rhythm;
#[cfg(test)]
mod tests;

/// The pacing of one view.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    refresh_hz: f64,
    grid: Grid,
    /// The newest frame; none before the first.
    last: Option<Last>,
    /// The most that a frame was behind its tick, of all since the grid began or a tick was skipped.
    behind: Duration,
    /// How often the rate was halved.
    halvings: u32,
    /// Since when what is shown is out of date.
    dirty_since: Option<Mono>,
    /// Frames that the receiver can take, and those that it could if it did not wait.
    credits: usize,
    withheld: usize,
    /// Since when it can take one; none while it cannot.
    credit_since: Option<Mono>,
    /// When the view changes although nothing comes in.
    change_at: Option<Mono>,
    /// Something moves by itself: `change_at` is more than a clock's.
    moves: bool,
    rhythm: Rhythm,
    late_in_a_row: u32,
    /// The last late frame or change of the rate.
    trouble_at: Mono,
    missed: u64,
    /// No picture before then: there were as many as may be.
    held_until: Option<Mono>,
    /// When that was last so.
    held_at: Option<Mono>,
    /// Ticks that it cost.
    limited: u64,
}

/// Ticks at equal distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grid {
    origin: Mono,
    /// In parts of a nanosecond, `1 << FRACTION_BITS` of them: a year of ticks is off by less than a millisecond.
    step: u128,
}

/// The newest frame.
#[derive(Clone, Copy, Debug)]
struct Last {
    /// The tick it was drawn for.
    tick: u64,
    /// When drawing began.
    at: Mono,
}

/// What to do about a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    Draw,
    /// Ask again then, or after the next event.
    Until(Mono),
    /// Ask again after the next event.
    Idle,
}

/// Fastest refresh: beyond it no terminal shows more.
pub const REFRESH_HZ_MAX: f64 = 120.0;
/// Slowest refresh: a board whose rate is nonsense is still drawn once a minute.
const REFRESH_HZ_MIN: f64 = 1.0 / 60.0;
/// The rate is not halved below this: slower than its clock a board would look dead.
const LOWERED_HZ_MIN: f64 = 1.0;
/// So many late frames in a row are no accident any more.
const LATE_IN_A_ROW_MAX: u32 = 3;
/// As long without a late frame the machine has room for a faster rate; so long also that trying costs little.
const RECOVERED_AFTER: Duration = Duration::from_secs(10);
/// Steps after one that waited for the next change, until another does: few pictures are left out for being in time.
const JOINED_AGAIN: u32 = 128;
/// The same where none came: it is no rhythm, and trying costs the frame a part of a step.
const ALONE_AGAIN: u32 = 256;
/// A clock is not later than this for a change that comes less often than it could be drawn: nobody sees that, and where data comes
/// ten times a second one frame in eleven is saved.
const CLOCK_WAITS_MAX: Duration = Duration::from_millis(125);
const FRACTION_BITS: u32 = 32;

// === impl Pace ===

impl Pace {
    /// A view nobody has drawn yet, with all its credits.
    pub fn new(refresh_hz: f64) -> Pace {
        let refresh_hz = sound(refresh_hz);
        Pace {
            refresh_hz,
            grid: Grid::new(Mono(0), refresh_hz),
            last: None,
            behind: Duration::ZERO,
            halvings: 0,
            dirty_since: Some(Mono(0)),
            credits: limits::FEED_CREDITS,
            withheld: 0,
            credit_since: Some(Mono(0)),
            change_at: None,
            moves: false,
            rhythm: Rhythm::default(),
            late_in_a_row: 0,
            trouble_at: Mono(0),
            missed: 0,
            held_until: None,
            held_at: None,
            limited: 0,
        }
    }

    /// The board is another one from now on: it is drawn as soon as there is credit, not at a tick of the one before.
    pub fn begin_anew(&mut self, refresh_hz: f64, now: Mono) {
        let Pace { credits, withheld, credit_since, missed, held_until, held_at, limited, .. } = *self;
        let anew = Pace::new(refresh_hz);
        let kept = Pace { credits, withheld, credit_since, missed, held_until, held_at, limited, ..anew };
        *self = Pace { dirty_since: Some(now), ..kept };
    }

    /// Data, health or catalogue changed.
    pub fn changed(&mut self, now: Mono) {
        // As it was until now: the change moves the next beat.
        let put_off_until = self.put_off();
        self.rhythm.note(now, self.step());
        if self.dirty_since.is_some() {
            self.join(now);
        } else {
            // Until now, or until it waited no more and nobody had drawn it yet.
            self.rhythm.clock_waited_until = put_off_until.map(|until| until.min(now));
            self.dirty_since = Some(now);
            self.wait_for_the_next(now);
        }
    }

    /// The receiver can take one more frame.
    pub fn credited(&mut self, now: Mono) {
        self.credits = (self.credits + 1 + std::mem::take(&mut self.withheld)).min(limits::FEED_CREDITS);
        self.credit_since.get_or_insert(now);
    }

    /// The receiver takes nothing before it gives a credit back: those that are left count again then.
    pub fn withhold(&mut self) {
        self.withheld += std::mem::take(&mut self.credits);
        self.credit_since = None;
    }

    /// There were as many pictures as may be: none of this one before then. That is no lateness of ours, and what is drawn
    /// then is as it looks then.
    pub fn hold(&mut self, now: Mono, until: Mono) {
        self.held_until = Some(until);
        self.held_at = Some(now);
    }

    /// Whether something in the picture drawn next moves by itself, more finely than a clock: it does not wait for seldom data.
    pub fn moves(&mut self, moves: bool) {
        self.moves = moves;
    }

    /// The view was drawn as it looked at `now`, which was `wall`. `sent` says whether a frame went out: one that
    /// equals the frame before does not, and leaves its credit.
    pub fn drawn(&mut self, now: Mono, wall: Wall, next_change_at: Option<Wall>, sent: bool) {
        let missed = self.count(now);
        self.rest_from_waiting(now);
        self.dirty_since = None;
        self.held_until = None;
        if sent {
            self.credits = self.credits.saturating_sub(1);
            self.credit_since = self.credit_since.filter(|_| self.credits > 0);
        }
        // Kept as a distance: a wall clock that is set back must not put the next change off.
        self.change_at = next_change_at.map(|at| now + at.since(wall));
        self.judge(now, missed);
    }

    /// Whether to draw now, or when to ask again.
    pub fn ask(&self, now: Mono) -> Ask {
        let Some(wanted) = self.put_off() else { return Ask::Idle };
        // At least half a step apart, so that a late frame is not followed by a burst.
        let due = match &self.last {
            None => wanted,
            Some(last) => self.turn_of(last, wanted).max(last.at + self.step() / 2),
        };
        if due <= now { Ask::Draw } else { Ask::Until(due) }
    }

    /// When what is wanted since then takes the tick after a frame: there, or before it where it is data in step that comes just
    /// before. What is out of step would make the next change wait for longer than a step; what moves by itself moves evenly.
    fn turn_of(&self, last: &Last, wanted: Mono) -> Mono {
        let tick = self.grid.tick(last.tick + self.stride());
        let early = (self.step() / 2).min(self.step().saturating_sub(self.behind));
        let is_in_step = self.dirty_since.is_some() && !self.moves && self.rhythm.is_steady();
        if is_in_step && wanted + early >= tick { wanted } else { wanted.max(tick) }
    }

    /// Ticks at which there was something to draw and nothing was drawn, since ever.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// The rate in force, if it is not the board's.
    pub fn lowered_hz(&self) -> Option<f64> {
        (self.halvings > 0).then(|| self.refresh_hz / self.stride() as f64)
    }

    /// Ticks at which there was something to draw, and too much had been drawn, since ever.
    pub fn limited(&self) -> u64 {
        self.limited
    }

    /// Whether that was so a moment ago.
    pub fn is_limited(&self, now: Mono) -> bool {
        self.held_at.is_some_and(|at| now.since(at) < RECOVERED_AFTER)
    }

    /// Since when there is something to draw and room for it, and it may be. Waiting for credit is no lateness of ours.
    fn wanted(&self) -> Option<Mono> {
        Some(self.possible()?.max(self.held_until.unwrap_or_default()))
    }

    /// The same whether it may be or not.
    fn possible(&self) -> Option<Mono> {
        let changed = self.dirty_since.into_iter().chain(self.change_at).min()?;
        Some(changed.max(self.credit_since?))
    }

    /// Enters a frame that begins now; returns how many ticks it missed.
    fn count(&mut self, now: Mono) -> u64 {
        let wanted = self.wanted().unwrap_or(now).min(now);
        let Some(last) = self.last else {
            // Nobody can have waited for a view that was not there.
            self.grid.origin = now;
            self.last = Some(Last { tick: 0, at: now });
            self.limited += u64::from(self.held_until.is_some());
            return 0;
        };
        // What it waited for by itself is no cap's.
        let possible = self.possible().unwrap_or(now).max(self.rhythm.clock_waited_until.unwrap_or_default()).min(now);
        let (grid, due) = self.due(last, wanted);
        // Before it was wanted nobody waited for it.
        let waited_for = self.put_off().unwrap_or(now).max(grid.tick(due));
        let missed = grid.steps(now.since(waited_for)) / self.stride();
        let passed = grid.steps(now.since(grid.tick(due))) / self.stride();
        if self.held_until.is_some() {
            let (grid, due) = self.due(last, possible);
            let all = grid.steps(now.since(possible.max(grid.tick(due)))) / self.stride();
            self.limited = self.limited.saturating_add(all.saturating_sub(missed));
        }
        let tick = due + passed * self.stride();
        // Where the grid began anew, frames before are so much less behind it; a tick that is skipped is a whole step.
        let moved = grid.tick(due).since(self.grid.tick(last.tick + self.stride()));
        let before = if passed > 0 { Duration::ZERO } else { self.behind.saturating_sub(moved) };
        self.behind = before.max(now.since(grid.tick(tick)));
        self.grid = grid;
        self.last = Some(Last { tick, at: now });
        self.missed = self.missed.saturating_add(missed);
        missed
    }

    /// The tick after a frame for what is wanted since then, and its grid: after a rest that begins anew. What comes less
    /// than a step after its tick is no rest: those after it would wait for as long as it was late.
    fn due(&self, last: Last, wanted: Mono) -> (Grid, u64) {
        let due = last.tick + self.stride();
        let tick = self.grid.tick(due);
        let anew = |origin| (Grid { origin, ..self.grid }, 0);
        match self.rhythm.joined_at {
            Some(joined_at) if joined_at > tick => anew(joined_at.max(wanted)),
            _ if wanted > tick + self.step() => anew(wanted),
            _ => (self.grid, due),
        }
    }

    /// [`Pace::wanted`] and what waits for the next change: where it was said to, and a clock, which would take the tick
    /// of a change that is about to come, and that one the next, and so on for ever.
    fn put_off(&self) -> Option<Mono> {
        let wanted = self.wanted()?;
        let until = self.rhythm.until.or_else(|| self.clock_waits_for(wanted));
        Some(wanted.max(until.unwrap_or_default()).max(self.rhythm.clock_waited_until.unwrap_or_default()))
    }

    /// The change that a clock that is due waits for, where only a clock is to be drawn.
    fn clock_waits_for(&self, wanted: Mono) -> Option<Mono> {
        if self.dirty_since.is_some() {
            return None;
        }
        let in_step = self.rhythm.next_beat(self.step(), self.step() / 2);
        let in_step = in_step.filter(|beat_at| *beat_at < wanted + 2 * self.step());
        in_step.or_else(|| {
            let second_at = self.change_at.filter(|_| !self.moves)?;
            self.rhythm.next_beat_of_its_own().filter(|beat_at| *beat_at < second_at + CLOCK_WAITS_MAX)
        })
    }

    /// A change came that is to be drawn: where those before it waited for their tick too, it waits for the next one.
    fn wait_for_the_next(&mut self, now: Mono) {
        let Some(last) = self.last else { return };
        let waits = self.turn_of(&last, now).since(now);
        let is_due = self.rhythm.resume_at.is_none_or(|at| now >= at);
        // What changes as soon as it was drawn has no rhythm of its own.
        if waits > self.step() / 8 && now > last.at && is_due && self.rhythm.is_steady() {
            self.rhythm.until = self.rhythm.next_beat(self.step(), self.step() / 16);
        }
    }

    /// Another change came before the one before it was drawn.
    fn join(&mut self, now: Mono) {
        let Some(last) = self.last else { return };
        // One that comes sooner belongs to the same beat.
        if self.rhythm.until.is_some() && now >= self.grid.tick(last.tick + self.stride()) {
            self.rhythm.until = None;
            self.rhythm.joined_at = Some(now);
        }
    }

    fn rest_from_waiting(&mut self, now: Mono) {
        self.rhythm.clock_waited_until = None;
        let steps = match (self.rhythm.joined_at.take(), self.rhythm.until.take()) {
            (Some(_), _) => JOINED_AGAIN,
            (None, Some(_)) => ALONE_AGAIN,
            (None, None) => return,
        };
        self.rhythm.resume_at = Some(now + self.step() * steps);
    }

    /// Lowers or raises the rate after a frame that missed so many ticks.
    fn judge(&mut self, now: Mono, missed: u64) {
        let halvings = self.halvings;
        if missed > 0 {
            self.trouble_at = now;
            self.late_in_a_row += 1;
            if self.late_in_a_row >= LATE_IN_A_ROW_MAX {
                self.late_in_a_row = 0;
                let lower = self.refresh_hz / (2 * self.stride()) as f64;
                self.halvings += u32::from(lower >= LOWERED_HZ_MIN);
            }
        } else {
            self.late_in_a_row = 0;
            if self.halvings > 0 && now.since(self.trouble_at) >= RECOVERED_AFTER {
                self.halvings -= 1;
                self.trouble_at = now;
                self.pass_ticks();
            }
        }
        if self.halvings != halvings {
            // The rate is part of the picture.
            self.changed(now);
        }
    }

    /// The rate rose with a frame that may have passed ticks of the rate that is in force now: those are not drawn, too. Frames before
    /// it were two steps apart.
    fn pass_ticks(&mut self) {
        let (stride, step) = (self.stride(), self.step());
        if let Some(last) = &mut self.last {
            let passed = self.grid.steps(last.at.since(self.grid.tick(last.tick))) / stride;
            last.tick += passed * stride;
            self.behind = self.behind.saturating_sub(step).max(last.at.since(self.grid.tick(last.tick)));
        }
    }

    /// Ticks of the board's rate to one of the rate in force.
    fn stride(&self) -> u64 {
        1 << self.halvings
    }

    fn step(&self) -> Duration {
        self.grid.span(self.stride())
    }
}

// === impl Grid ===

impl Grid {
    fn new(origin: Mono, refresh_hz: f64) -> Grid {
        let part = (1u64 << FRACTION_BITS) as f64;
        Grid { origin, step: (1e9 / refresh_hz * part) as u128 }
    }

    fn tick(&self, index: u64) -> Mono {
        self.origin + self.span(index)
    }

    fn span(&self, steps: u64) -> Duration {
        let nanos = (u128::from(steps) * self.step) >> FRACTION_BITS;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Whole steps in a span.
    fn steps(&self, span: Duration) -> u64 {
        u64::try_from((span.as_nanos() << FRACTION_BITS) / self.step).unwrap_or(u64::MAX)
    }
}

fn sound(refresh_hz: f64) -> f64 {
    // `clamp` alone would pass a NaN on.
    if refresh_hz.is_nan() { REFRESH_HZ_MIN } else { refresh_hz.clamp(REFRESH_HZ_MIN, REFRESH_HZ_MAX) }
}
