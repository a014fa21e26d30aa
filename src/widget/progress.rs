//! Progress: many jobs with a bar each, their rate and the time they still take.
//!
//! Invariant: every job is shown or counted, one that ended or stands still says so in a word at any width that has
//! room for one; nothing unfinished looks finished. It must not know the time: what moves goes by the number of the frame.

use super::Level;
use crate::label::Label;
use crate::model::Unit;

mod paint;
#[cfg(test)]
mod tests;

pub use paint::paint;

/// What became of a job. Whether it has stalled is for the caller to say, who knows for how long nothing came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Running,
    Stalled,
    Done,
    Failed,
}

/// One job as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub name: Label,
    pub done: f64,
    /// None when nobody knows how much there is to do.
    pub total: Option<f64>,
    pub unit: Unit,
    /// Of the unit, each second.
    pub rate: Option<f64>,
    pub state: State,
}

/// Everything a painter needs to know of some jobs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgressPlan {
    pub bars: Vec<Bar>,
}

/// One job in words, and how far its bar goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    pub name: Label,
    /// From 0 to 1; none when nobody knows.
    pub share: Option<f32>,
    pub state: State,
    /// Each may be empty.
    pub percent: Label,
    pub amount: Label,
    pub rate: Label,
    /// The time that is left, or the word for a state.
    pub left: Label,
}

/// A rest longer than this is not worth a guess.
const LEFT_S_MAX: f64 = 100.0 * 86_400.0;

// === impl State ===

impl State {
    /// The word for a state; nothing for a job that simply runs.
    fn word(self) -> &'static str {
        match self {
            State::Running => "",
            State::Stalled => "stalled",
            State::Done => "done",
            State::Failed => "failed",
        }
    }

    /// How bad the state is; none while it runs.
    fn level(self) -> Option<Level> {
        match self {
            State::Running => None,
            State::Stalled => Some(Level::High),
            State::Done => Some(Level::Good),
            State::Failed => Some(Level::Critical),
        }
    }
}

// === impl ProgressPlan ===

impl ProgressPlan {
    pub fn new(jobs: &[Job]) -> ProgressPlan {
        ProgressPlan { bars: jobs.iter().map(Bar::new).collect() }
    }
}

// === impl Bar ===

impl Bar {
    fn new(job: &Job) -> Bar {
        let share = job.share();
        let text = |text: String| Label::plain(&text);
        // Rounded down, so that only what is finished says so.
        let percent = share
            .map_or(String::new(), |share| Unit::Percent.ticks(100.0, 1.0).format((f64::from(share) * 100.0).floor()));
        let amount = match job.total.filter(|total| total.is_finite()) {
            Some(total) if job.state == State::Done => job.unit.format(total),
            Some(total) => format!("{} / {}", job.unit.format(job.done), job.unit.format(total)),
            None => job.unit.format(job.done),
        };
        let moves = matches!(job.state, State::Running | State::Stalled);
        let rate = job.rate.filter(|rate| moves && rate.is_finite() && *rate >= 0.0);
        let left = match (job.state, job.left_s()) {
            (State::Running, Some(left_s)) => Unit::Seconds.format(left_s),
            (state, _) => state.word().to_owned(),
        };
        Bar {
            name: job.name.clone(),
            share,
            state: job.state,
            percent: text(percent),
            amount: text(amount),
            rate: text(rate.map_or(String::new(), |rate| per_second(job.unit, rate))),
            left: text(left),
        }
    }
}

// === impl Job ===

impl Job {
    /// A running job of which only its name is known.
    pub fn new(name: Label, unit: Unit) -> Job {
        Job { name, done: 0.0, total: None, unit, rate: None, state: State::Running }
    }

    /// How much is done, from 0 to 1; 1 only when it is done.
    fn share(&self) -> Option<f32> {
        if self.state == State::Done {
            return Some(1.0);
        }
        let total = self.total.filter(|total| total.is_finite())?;
        let share = (self.done / total) as f32;
        match share {
            _ if !self.done.is_finite() => None,
            // Of nothing to do nothing is done.
            share if share.is_nan() || total <= 0.0 => Some(0.0),
            share => Some(share.clamp(0.0, 1.0)),
        }
    }

    /// Seconds that are left at this rate.
    fn left_s(&self) -> Option<f64> {
        let left_s = (self.total? - self.done) / self.rate.filter(|rate| *rate > 0.0)?;
        // Tenths of a second would only flicker.
        (left_s <= LEFT_S_MAX).then(|| left_s.max(0.0).ceil())
    }
}

fn per_second(unit: Unit, rate: f64) -> String {
    match unit {
        Unit::Bytes => Unit::BytesPerSecond.format(rate),
        Unit::BytesSi => Unit::BytesSiPerSecond.format(rate),
        unit => format!("{}/s", unit.format(rate)),
    }
}
