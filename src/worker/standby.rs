//! Sources that stand by for others: what they deliver is told under the other's names while that has failed.
//!
//! Invariant: what a standby delivers as itself is never changed. What it delivers for another is told as such on every
//! panel, and takes that one's last good data on.

use crate::base::Wall;
use crate::event::{Event as _, StandbyTakesOver, StandbyYields};
use crate::machine::standby::{Event, Shown, Standby};
use crate::model::Dataset;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::origin::Origin;
use crate::source::Update;

/// All pairs of a configuration.
#[derive(Debug, Default)]
pub struct Standbys {
    links: Vec<Link>,
}

/// A source and the one that stands by for it.
#[derive(Debug)]
struct Link {
    first: Side,
    standby: Side,
    pair: Standby,
    /// Since the standby is shown.
    since: Option<Wall>,
    /// How both fare by themselves, as far as they said.
    own: Option<SourceHealth>,
    of_standby: Option<SourceHealth>,
}

#[derive(Debug)]
struct Side {
    name: String,
    series: String,
}

// === impl Standbys ===

impl Standbys {
    /// The pairs of these sources; what is known of them already counts.
    pub fn new(origins: &[Origin], data: &Dataset) -> Standbys {
        let side = |origin: &Origin| Side { name: origin.name.clone(), series: origin.series.clone() };
        let link = |origin: &Origin| {
            let named = origin.standby.as_ref()?;
            let standby = origins.iter().find(|other| other.name == *named)?;
            let mut pair = Standby::default();
            for (name, is_first) in [(&standby.name, false), (&origin.name, true)] {
                data.source(name).and_then(|health| event(&health.state, is_first)).into_iter().for_each(|event| {
                    pair.step(event);
                });
            }
            let of_standby = data.source(&standby.name).cloned();
            let own =
                data.source(&origin.name).filter(|own| !matches!(own.state, SourceState::Standby { .. })).cloned();
            Some(Link { first: side(origin), standby: side(standby), pair, since: None, own, of_standby })
        };
        Standbys { links: origins.iter().filter_map(link).collect() }
    }

    /// Looks at what a source tells, before anybody else does; what is to be told beside it.
    pub fn pass(&mut self, update: &mut Update, wall: Wall) -> Vec<Update> {
        let mut beside = Vec::new();
        for link in &mut self.links {
            if update.source == link.first.name {
                link.own = Some(update.health.clone());
                link.heard(&update.health.state, true, wall);
                update.health = link.told(&update.health, wall);
            } else if update.source == link.standby.name {
                link.of_standby = Some(update.health.clone());
                let changed = link.heard(&update.health.state, false, wall);
                beside.extend(link.beside(update, changed, wall));
            }
        }
        beside
    }
}

// === impl Link ===

impl Link {
    /// Whether another one is shown after.
    fn heard(&mut self, state: &SourceState, is_first: bool, wall: Wall) -> bool {
        let Some(event) = event(state, is_first) else { return false };
        let (first, standby) = (&self.first.name, &self.standby.name);
        match (self.pair.step(event), self.since) {
            (Shown::Standby, None) => {
                self.since = Some(wall);
                StandbyTakesOver { first, standby }.emit();
                true
            }
            (Shown::First, Some(_)) => {
                self.since = None;
                StandbyYields { first, standby }.emit();
                true
            }
            _ => false,
        }
    }

    /// How the first fares, as its panels are told: by what they are shown.
    fn told(&self, own: &SourceHealth, wall: Wall) -> SourceHealth {
        let (Some(since), Some(of_standby)) = (self.since, &self.of_standby) else { return own.clone() };
        let state = SourceState::Standby { by: self.standby.name.clone(), since: since.min(wall) };
        SourceHealth { state, ..of_standby.clone() }
    }

    /// What the first would have delivered; when the standby yields, how the first fares by itself.
    fn beside(&self, update: &Update, changed: bool, wall: Wall) -> Option<Update> {
        let source = self.first.name.clone().into();
        if self.since.is_none() {
            let health = self.own.clone().filter(|_| changed)?;
            return Some(Update { source, samples: Vec::new(), entries: Vec::new(), left_out: 0, health });
        }
        let mut beside = Update { source, left_out: 0, health: self.told(&update.health, wall), ..update.clone() };
        beside.samples.retain_mut(|sample| {
            let rest = sample.key.name.strip_prefix(&self.standby.series);
            let name = rest.map(|rest| format!("{}{rest}", self.first.series));
            name.map(|name| sample.key.name = name).is_some()
        });
        beside.entries.retain_mut(|(stream, _)| {
            let is_own = *stream == self.standby.name;
            *stream = self.first.name.clone().into();
            is_own
        });
        Some(beside)
    }
}

/// What a state means for the pair, if anything.
fn event(state: &SourceState, is_first: bool) -> Option<Event> {
    let good = match state {
        SourceState::Good | SourceState::Partial(_) => true,
        SourceState::Failed { .. } | SourceState::Absent(_) | SourceState::Standby { .. } => false,
        SourceState::Waiting => return None,
    };
    Some(match state {
        _ if !is_first => Event::Standby { good },
        _ if good => Event::Good,
        SourceState::Failed { class, next_try: None, .. } if !class.policy().hands_over => Event::Failing,
        _ => Event::Failed,
    })
}

#[cfg(test)]
mod tests;
