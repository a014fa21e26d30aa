//! What is said about the data of a panel.
//!
//! Invariant: data that is late, missing or failing never looks like data that is fine.

use std::time::Duration;

use super::board::{Chart, PanelSpec};
use super::moment::{Changes, Moment};
use super::panel::pace_ms;
use super::query::When;
use crate::base::Wall;
use crate::label::Label;
use crate::model::Unit;
use crate::model::dataset::SourceState;
use crate::widget::Role;
use crate::widget::panel::Notice;

/// How the data of a panel stands at the right edge.
#[derive(Clone, Debug, PartialEq)]
pub enum Health {
    Good,
    /// There is nothing to draw; these words stand in its place.
    Nothing(Notice),
    /// What there is is drawn dimmed, under these words.
    Late(Notice),
    /// What there is is good, but these words belong to it.
    Told(Notice),
}

/// Data older than this many intervals is stale, and a series that others of its source are ahead of by more is gone.
const STALE_INTERVALS: u64 = 2;
/// The interval of a source that does not tell.
const INTERVAL_MS_DEFAULT: u64 = 5_000;

/// The interval of a panel whose source is not asked, and of which no series has two points: as good as any guess.
const PACE_MS_DEFAULT: u64 = 60_000;

/// Judges the source of a panel by what it says of itself, or in the past by what it delivered: `newest` is the time of
/// the panel's newest point not after the right edge, `oldest` that of the oldest one kept, by which only the past is
/// judged. `interval_ms` is what [`interval_ms`] says: that may take a look at every series of the panel.
pub fn judge(
    panel: &PanelSpec,
    newest: Option<Wall>,
    oldest: Option<Wall>,
    interval_ms: u64,
    moment: &Moment<'_>,
    changes: &mut Changes,
) -> Health {
    if moment.is_live() {
        live(panel, newest, interval_ms, moment, changes)
    } else {
        past(panel, newest, oldest, interval_ms, moment)
    }
}

/// How often the source of a panel delivers; where it is not asked, how often the slowest series of the panel comes.
pub fn interval_ms(panel: &PanelSpec, moment: &Moment<'_>) -> u64 {
    told_interval_ms(panel, moment).unwrap_or_else(|| interval_of_pace_ms(pace_ms(&panel.chart, moment)))
}

/// The same as far as it does not take a look at every series; none of a source that is not asked.
pub fn told_interval_ms(panel: &PanelSpec, moment: &Moment<'_>) -> Option<u64> {
    let told_ms = moment.data.source(&panel.source).map_or(INTERVAL_MS_DEFAULT, |health| health.interval_ms);
    Some(told_ms).filter(|told_ms| *told_ms > 0)
}

/// The interval of a source that is not asked, by the pace of the slowest series.
pub fn interval_of_pace_ms(pace_ms: Option<u64>) -> u64 {
    pace_ms.unwrap_or(PACE_MS_DEFAULT).max(INTERVAL_MS_DEFAULT)
}

/// Which values count at the right edge: those that are not far behind what the source delivered last, or in the past
/// behind the panel's newest point. A source that is late as a whole keeps its values, under words that say so.
pub fn when(panel: &PanelSpec, newest: Option<Wall>, interval_ms: u64, moment: &Moment<'_>) -> When {
    let told = moment.data.source(&panel.source).and_then(|health| health.last_good).filter(|_| moment.is_live());
    let delivered = newest.max(told).unwrap_or(moment.edge);
    let allowed_ms = interval_ms.saturating_mul(STALE_INTERVALS);
    When { at: moment.edge, since: delivered - Duration::from_millis(allowed_ms) }
}

/// Whether what the source of a panel delivered last is late by now.
pub fn is_late(panel: &PanelSpec, delivered: Wall, moment: &Moment<'_>) -> bool {
    // No interval of a source that is not asked is shorter: where that alone tells, no series is looked at.
    let is_asked = moment.data.source(&panel.source).is_none_or(|health| health.interval_ms > 0);
    (is_asked || is_stale(delivered, INTERVAL_MS_DEFAULT, moment))
        && is_stale(delivered, interval_ms(panel, moment), moment)
}

fn is_stale(delivered: Wall, interval_ms: u64, moment: &Moment<'_>) -> bool {
    moment.now > stale_from(delivered, interval_ms)
}

fn stale_from(delivered: Wall, interval_ms: u64) -> Wall {
    let allowed_ms = interval_ms.saturating_mul(STALE_INTERVALS);
    Wall(delivered.0.saturating_add(i64::try_from(allowed_ms).unwrap_or(i64::MAX)))
}

fn live(
    panel: &PanelSpec,
    newest: Option<Wall>,
    interval_ms: u64,
    moment: &Moment<'_>,
    changes: &mut Changes,
) -> Health {
    let notice = |text: &str, role| Notice { text: Label::plain(text), role };
    let source = &panel.source;
    let Some(health) = moment.data.source(source) else {
        let waiting = notice(&format!("waiting for {source}"), Role::Muted);
        // What an earlier worker knew is shown until the source is heard of.
        return match newest {
            None => Health::Nothing(waiting),
            Some(newest) if is_stale(newest, interval_ms, moment) => Health::Late(waiting),
            // Silence of a log is no failure: what it shows does not get late.
            Some(_) if matches!(panel.chart, Chart::Log(_)) => Health::Good,
            Some(newest) => {
                changes.at(Wall(stale_from(newest, interval_ms).0.saturating_add(1)));
                Health::Good
            }
        };
    };
    if let SourceState::Failed { since, why, next_try, .. } = &health.state {
        let (age, next) = moment.age(*since);
        changes.at(next);
        let rests = next_try.filter(|next_try| *next_try > moment.now).map(|next_try| {
            changes.at(moment.next_second());
            let wait_s = next_try.since(moment.now).as_millis().div_ceil(1_000);
            format!(", next try in {}", Unit::Seconds.format(wait_s as f64))
        });
        let text = format!("failed {age} ago: {why}{}", rests.unwrap_or_default());
        let notice = notice(&text, Role::Failure);
        return if newest.is_some() { Health::Late(notice) } else { Health::Nothing(notice) };
    }
    if let SourceState::Absent(why) = &health.state {
        return Health::Nothing(notice(why, Role::Muted));
    }
    let Some(delivered) = health.last_good.or(newest) else {
        return Health::Nothing(notice(&format!("waiting for {source}"), Role::Muted));
    };
    if is_stale(delivered, interval_ms, moment) {
        let (age, next) = moment.age(delivered);
        changes.at(next);
        return Health::Late(notice(&format!("stale {age}"), Role::Warning));
    }
    changes.at(Wall(stale_from(delivered, interval_ms).0.saturating_add(1)));
    let Some(newest) = newest else {
        return Health::Nothing(match &health.state {
            SourceState::Partial(missing) => notice(missing, Role::Warning),
            _ => notice(&format!("{source} does not report this"), Role::Muted),
        });
    };
    if newest < when(panel, Some(newest), interval_ms, moment).since {
        let (age, next) = moment.age(newest);
        changes.at(next);
        return Health::Late(notice(&format!("not reported for {age}"), Role::Warning));
    }
    match &health.state {
        SourceState::Partial(missing) => Health::Late(notice(missing, Role::Warning)),
        SourceState::Standby { by, since } => {
            let (age, next) = moment.age(*since);
            changes.at(next);
            Health::Told(notice(&format!("shows {by}, as {source} failed {age} ago"), Role::Warning))
        }
        _ => Health::Good,
    }
}

fn past(
    panel: &PanelSpec,
    newest: Option<Wall>,
    oldest: Option<Wall>,
    interval_ms: u64,
    moment: &Moment<'_>,
) -> Health {
    let notice = |text: &str, role| Notice { text: Label::plain(text), role };
    let Some(newest) = newest else {
        let text = match oldest {
            Some(_) => "nothing is kept from then".to_owned(),
            None => format!("waiting for {}", panel.source),
        };
        return Health::Nothing(notice(&text, Role::Muted));
    };
    let age_ms = moment.edge.since(newest).as_millis() as u64;
    if age_ms > interval_ms.saturating_mul(STALE_INTERVALS) {
        // At the edge of a pause this does not grow.
        let seconds = (age_ms / 1_000) as f64;
        let age = Unit::Seconds.format(seconds);
        return Health::Late(notice(&format!("stale {age} then"), Role::Warning));
    }
    Health::Good
}
