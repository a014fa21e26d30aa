//! Which charts ask their databases: those that somebody watches, each with its parameters once.
//!
//! Invariant: at most [`limits::CHARTS_RUNNING_MAX`] at one time; what is beyond says so. One that nobody watches goes on
//! for [`limits::CHART_LINGER`], and then nothing of it is left: no series, no health.

use std::collections::{BTreeMap, BTreeSet};

use super::views::Asked;
use crate::base::{Mono, limits};
use crate::model::Dataset;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::origin::{CHART, Origin};
use crate::scene::Boards;
use crate::scene::asks::Identity;

/// The charts of one tenant.
#[derive(Debug, Default)]
pub struct Charts {
    /// By the names of their sources.
    running: BTreeMap<String, Running>,
    /// Watched, and not asked for want of room.
    refused: BTreeSet<String>,
    /// Series of charts that an earlier worker left, and how long they are kept for whom they are of.
    left: BTreeMap<String, Mono>,
}

#[derive(Debug)]
struct Running {
    origin: Origin,
    /// The generation of the configuration it was looked up in.
    made_of: u64,
    series: String,
    /// Since when nobody watches.
    idle_since: Option<Mono>,
}

/// What is configured, and the number of that.
#[derive(Clone, Copy, Debug)]
pub struct Configured<'a> {
    pub boards: &'a Boards,
    pub sources: &'a [Origin],
    pub made_of: u64,
}

// === impl Charts ===

impl Charts {
    /// What asks now.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.running.values().map(|running| &running.origin)
    }

    /// Whether what a source tells is meant for nobody any more.
    pub fn is_over(&self, source: &str) -> bool {
        source.starts_with(CHART) && !self.running.contains_key(source)
    }

    /// Takes over what an earlier worker left: whoever watched its charts comes back soon.
    pub fn adopt(&mut self, data: &Dataset, now: Mono) {
        self.left = data.names_from(CHART).map(|name| (name.to_owned(), now + limits::CHART_LINGER)).collect();
    }

    /// These are watched now; `made_of` is the number of the configuration. Charts whose file or source is another one
    /// begin anew.
    pub fn watch<'a>(
        &mut self,
        asked: impl Iterator<Item = &'a Asked>,
        Configured { boards, sources, made_of }: Configured<'_>,
        data: &mut Dataset,
        now: Mono,
    ) {
        let mut wanted: BTreeMap<String, (Identity, &'a Asked)> = BTreeMap::new();
        for one in asked {
            let identity = boards.get(&one.0).and_then(|board| board.asks.as_ref()?.identity(&one.0, &one.1));
            if let Some(identity) = identity {
                wanted.insert(identity.source.clone(), (identity, one));
            }
        }
        // Nobody watches what was configured otherwise, and its source may be gone.
        let of_before = |(name, running): (&String, &Running)| {
            (running.made_of != made_of && !wanted.contains_key(name)).then(|| name.clone())
        };
        let over: Vec<String> = self.running.iter().filter_map(of_before).collect();
        over.iter().for_each(|name| self.end(name, data));
        for (name, running) in &mut self.running {
            match wanted.contains_key(name) {
                true => running.idle_since = None,
                false => running.idle_since = running.idle_since.or(Some(now)),
            }
        }
        let before = std::mem::take(&mut self.refused);
        for (name, (identity, (board, params))) in wanted {
            if self.running.get(&name).is_some_and(|running| running.made_of == made_of) {
                continue;
            }
            let before = self.running.remove(&name);
            if before.is_none() && !self.make_room(data) {
                let max = limits::CHARTS_RUNNING_MAX;
                let why = format!("{max} charts are watched already, each with its own parameters: there is no room");
                self.refuse(name, why, data);
                continue;
            }
            let origin = boards.origin(board, params, sources);
            if before.as_ref().map(|before| &before.origin) != origin.as_ref() {
                // What was said while there was no room. And of another database under the same name nothing is shown
                // as this one's.
                data.forget_source(&name);
                if before.is_some() {
                    data.forget_named(&identity.series);
                }
            }
            let Some(origin) = origin else {
                // Where there is an unblink.toml, this is refused before it gets here.
                self.refuse(name, "no source of unblink.toml is the database it asks".to_owned(), data);
                continue;
            };
            self.left.remove(&identity.series);
            data.bound(&identity.series, limits::CHART_SERIES_MAX);
            self.running.insert(name, Running { origin, made_of, series: identity.series, idle_since: None });
        }
        for name in before.iter().filter(|name| !self.refused.contains(*name) && !self.running.contains_key(*name)) {
            data.forget_source(name);
        }
    }

    /// Lets go what nobody has watched for long enough; whether anything was.
    pub fn expire(&mut self, data: &mut Dataset, now: Mono) -> bool {
        let is_due = |running: &Running| running.idle_since.is_some_and(|since| now >= since + limits::CHART_LINGER);
        let due: Vec<String> =
            self.running.iter().filter(|(_, running)| is_due(running)).map(|(name, _)| name.clone()).collect();
        due.iter().for_each(|name| self.end(name, data));
        self.left.retain(|series, until| {
            let is_kept = now < *until;
            if !is_kept {
                data.forget_named(series);
            }
            is_kept
        });
        !due.is_empty()
    }

    /// When `expire` wants to be called.
    pub fn wake_at(&self) -> Option<Mono> {
        let idle = self.running.values().filter_map(|running| Some(running.idle_since? + limits::CHART_LINGER));
        idle.chain(self.left.values().copied()).min()
    }

    /// Whether one more may run; one that nobody watches makes room for it, the one longest unwatched first.
    fn make_room(&mut self, data: &mut Dataset) -> bool {
        if self.running.len() < limits::CHARTS_RUNNING_MAX {
            return true;
        }
        let idle = self.running.iter().filter_map(|(name, running)| Some((running.idle_since?, name)));
        let Some(name) = idle.min().map(|(_, name)| name.clone()) else { return false };
        self.end(&name, data);
        true
    }

    /// Says why a chart that is watched asks nothing.
    fn refuse(&mut self, name: String, why: String, data: &mut Dataset) {
        let state = SourceState::Absent(why);
        data.set_source(&name, SourceHealth { state, last_good: None, interval_ms: 0 });
        self.refused.insert(name);
    }

    fn end(&mut self, name: &str, data: &mut Dataset) {
        if let Some(running) = self.running.remove(name) {
            data.forget_named(&running.series);
            data.forget_source(name);
        }
    }
}

#[cfg(all(test, feature = "sql"))]
mod tests;
