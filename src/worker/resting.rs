//! What earlier workers died of and this one leaves alone for a while, because root says so.
//!
//! Invariant: a panel that rests is not drawn and a source that rests does not run, from before the first drawing on;
//! both say so where their data would be. It ends when root says so; this process decides nothing.

use std::time::Duration;

use super::state::State;
use crate::base::{Mono, Wall};
use crate::machine::ledger::Step;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::fault::Class;
use crate::model::origin::Origin;
use crate::runtime::context::Word;
use crate::scene::guard::Trouble;
use crate::source::{Update, host, lying, own, synthetic};
use crate::wire::feed::Resting;

/// A source that rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RestingSource {
    /// As the page could hold it.
    name: Word,
    health: SourceHealth,
}

impl State {
    /// Takes the place of what was said before.
    pub(super) fn leave_alone(&mut self, resting: Vec<Resting>, now: Mono, wall: Wall) {
        let mut panels = Vec::new();
        self.resting.clear();
        for Resting { step, deaths, ago_ms, for_ms, trace } in resting {
            let since = wall - Duration::from_millis(ago_ms);
            let next_try = wall + Duration::from_millis(for_ms);
            match step {
                Step::Panel { board, panel } => {
                    let trouble = Trouble { class: Class::Death, since, next_try, quarantined: true, trace };
                    panels.push((Word::new(&board), usize::from(panel), trouble));
                }
                Step::Source(name) => {
                    let why = format!("left alone: {deaths} workers died of it, trace {trace}");
                    let state = SourceState::Failed { since, why, class: Class::Death, next_try: Some(next_try) };
                    let health = SourceHealth { state, last_good: None, interval_ms: 0 };
                    self.resting.push(RestingSource { name: Word::new(&name), health });
                }
            }
        }
        self.ledger.leave_alone(panels);
        self.watch_sources(now);
        if let Some(ready) = &self.committed {
            self.views.boards_changed(&ready.boards, |_| true, now);
        }
    }

    /// Runs the sources of what is committed and the charts that are watched, but for those that rest.
    pub(super) fn run_sources(&mut self) {
        let Some(committed) = &self.committed else { return };
        let settings = &committed.settings;
        let rests = |name: &str| self.resting.iter().find(|one| one.name == Word::new(name));
        let host = &settings.host;
        let rhythm = rests(host::NAME).is_none().then(|| host::rhythm(host.interval, host.deadline));
        let lying = rests(lying::NAME).is_none().then_some(lying::RHYTHM);
        for (control, rhythm) in [(&self.controls.host, rhythm), (&self.controls.lying, lying)] {
            control.send_if_modified(|known| std::mem::replace(known, rhythm) != rhythm);
        }
        let all: Vec<&Origin> =
            settings.sources.iter().filter(|origin| origin.asks()).chain(self.charts.origins()).collect();
        let awake: Vec<Origin> =
            all.iter().filter(|origin| rests(&origin.name).is_none()).map(|origin| (*origin).clone()).collect();
        let names =
            all.iter().map(|origin| origin.name.as_str()).chain([host::NAME, synthetic::NAME, own::NAME, lying::NAME]);
        let asleep: Vec<(String, SourceHealth)> =
            names.filter_map(|name| Some((name.to_owned(), rests(name)?.health.clone()))).collect();
        self.controls.sources.send_if_modified(|known| {
            let differs = *known != awake;
            *known = awake;
            differs
        });
        for (name, mut health) in asleep {
            health.last_good = self.data.source(&name).and_then(|before| before.last_good);
            let since = match &health.state {
                SourceState::Failed { since, .. } => *since,
                _ => Wall::default(),
            };
            // Another one may stand by for it.
            let source = name.clone().into();
            let mut update = Update { source, samples: Vec::new(), entries: Vec::new(), left_out: 0, health };
            let beside = self.standbys.pass(&mut update, since);
            debug_assert!(beside.is_empty(), "only what a standby delivers is told beside");
            self.data.set_source(&name, update.health);
        }
    }

    /// Whether what this source says still counts: its last word may be that it was let go.
    pub(super) fn is_resting(&self, source: &str) -> bool {
        self.resting.iter().any(|one| one.name == Word::new(source))
    }
}
