//! Brings a fault about, waits until it is over, and says what came of it.
//!
//! Invariant: nothing is judged by the time it took; whatever does not come within a long patience was not recovered.

use std::fs;
use std::path::Path;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use unblink::base::Mono;
use unblink::model::fault::mode::HEAL_KEY;
use unblink::model::fault::{Lie, Mode};
use unblink::sys::{activity, clock};

use crate::board::{self, Look};
use crate::plan::{Chance, Company, Fault, Outside, Planned};
use crate::process::Watched;
use crate::stage::{Pids, Stage};
use crate::viewers::{Gap, Shot};
use crate::{HEALTHY_AFTER, PATIENCE, Trouble};

/// What came of one fault.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub planned: Planned,
    /// The one that was seen to hold it: by the processes that lived on, and by what the screens said.
    pub held_by: u8,
    pub timing: Timing,
    pub equal: bool,
    /// Ticks that some neighbour's screen never showed, the most in a row, and the longest it stood still; the ticks that
    /// the daemon without faults lost at the same time.
    pub lost: u64,
    pub stood_ms: f64,
    pub twin_lost: u64,
}

/// When one viewer, chosen beforehand, saw what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// From the end of the cause to the next good picture; from the fault where it has no end of its own.
    pub good_ms: f64,
    /// The same for the last viewer of all.
    pub all_ms: f64,
    /// To the first picture, which may have no numbers yet: of a root that begins with none.
    pub first_ms: Option<f64>,
    /// From the key to the panel's fallback, and whether no other picture came in between.
    pub fallback_ms: Option<f64>,
    pub same_frame: Option<bool>,
    /// Of the time that it took: for so long one that hung wanted to run and had no processor.
    pub kept_ms: f64,
}

/// After so many deaths in a row a worker is left to become healthy: pauses double from a tenth of a second.
const DEATHS_MAX: u32 = 4;
/// A source is asked once a second, and the worker tells of itself once a second.
const QUIET_LIE: Duration = Duration::from_millis(2_500);
/// Between two looks at a worker that hangs.
const LOOK: Duration = Duration::from_millis(20);
/// The viewer who presses the keys and is looked at.
const FIRST: usize = 0;
/// One who watches the same in another size.
const SECOND: usize = 2;

/// Daemons share the machine to save time, and none is to be blamed for another's fault: what ends a worker or root, stops one or
/// keeps the machine busy is alone, the rest goes on beside each other.
static TURN: RwLock<()> = RwLock::new(());

/// Held while a fault lasts.
#[expect(dead_code, reason = "what counts is that it is held")]
pub enum Turn {
    Alone(RwLockWriteGuard<'static, ()>),
    Beside(RwLockReadGuard<'static, ()>),
}

pub fn alone() -> Turn {
    Turn::Alone(TURN.write().unwrap_or_else(PoisonError::into_inner))
}

fn beside() -> Turn {
    Turn::Beside(TURN.read().unwrap_or_else(PoisonError::into_inner))
}

pub fn ms(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e5).round() / 100.0
}

/// Brings `planned` about.
pub fn inject(stage: &mut Stage, twin: &Stage, planned: Planned, chance: &mut Chance) -> Result<Outcome, Trouble> {
    let fault = planned.fault;
    wait_health(stage, fault)?;
    let turn = match fault.company() {
        Company::Alone => Some(alone()),
        Company::AloneLater => None,
        Company::Beside => Some(beside()),
    };
    take_health(stage, fault)?;
    let before = stage.pids()?.ok_or("a worker was down before the fault")?;
    stage.viewers.forget();
    let begun = clock::mono();
    let timing = match fault {
        Fault::Mode { number, .. } if fault.ring() == 2 => panel(stage, Fault::mode(number))?,
        Fault::Mode { number, .. } if fault.ring() == 1 => task(stage, Fault::mode(number))?,
        Fault::Mode { number, .. } => worker(stage, Some(Fault::mode(number)), before)?,
        Fault::Lie(place) => lie(stage, Lie::ALL[usize::from(place)])?,
        Fault::Outside(Outside::WorkerKilled) => worker(stage, None, before)?,
        Fault::Outside(outside) => crate::outside::bring_about(stage, outside, before, chance)?,
    };
    let healed = clock::mono();
    drop(turn);
    wait_neighbours(stage, healed)?;
    let after = stage.pids()?.ok_or("a worker is down after the fault")?;
    let equal = equals(stage, twin, &[FIRST, SECOND])?;
    let is_tagged = timing.same_frame.is_some();
    let held_by = match () {
        () if after.root != before.root => 4,
        () if after.neighbour != before.neighbour => return Err("the other tenant's worker died".to_owned()),
        () if after.worker != before.worker => 3,
        () if is_tagged => 2,
        () if fault.ring() >= 3 => fault.ring(),
        () => 1,
    };
    let (lost, stood) = worst(stage, begun, healed);
    let (twin_lost, _) = worst(twin, begun, healed);
    if lost > twin_lost + 1 && planned.fault.ring() < 4 {
        tell_lost(stage, planned, begun, healed);
    }
    Ok(Outcome { planned, held_by, timing, equal, lost, stood_ms: ms(stood), twin_lost })
}

fn is_soon(fault: Fault) -> bool {
    matches!(fault, Fault::Mode { soon: true, .. })
}

/// A worker that is to be healthy is waited for.
fn wait_health(stage: &mut Stage, fault: Fault) -> Result<(), Trouble> {
    let healthy_at = stage.alive_since + HEALTHY_AFTER;
    let is_weary = stage.deaths >= DEATHS_MAX && (is_soon(fault) || fault == Fault::Outside(Outside::PanelPoisoned));
    if fault.wants_health() || is_weary {
        let is_healthy = || (clock::mono() >= healthy_at).then_some(());
        stage.viewers.wait(HEALTHY_AFTER + PATIENCE, is_healthy).ok_or("it never became healthy")?;
    }
    Ok(())
}

/// One that is not to be healthy any more is made so.
fn take_health(stage: &mut Stage, fault: Fault) -> Result<(), Trouble> {
    if clock::mono() >= stage.alive_since + HEALTHY_AFTER {
        stage.deaths = 0;
        if is_soon(fault) {
            let pids = stage.pids()?.ok_or("a worker was down before the fault")?;
            stage.viewers.forget();
            worker(stage, None, pids)?;
        }
    }
    Ok(())
}

/// The most ticks in a row that were lost, and the longest stand, of any neighbour's screen.
fn worst(stage: &Stage, from: Mono, to: Mono) -> (u64, Duration) {
    let gaps = stage.viewers.gaps(from, to);
    let lost = gaps.iter().map(|(_, gap)| gap.lost).max().unwrap_or(0);
    (lost, gaps.iter().map(|(_, gap)| gap.span).max().unwrap_or_default())
}

/// Tells whose screens lost ticks.
#[expect(clippy::print_stderr, reason = "whoever looks for the reason needs it")]
fn tell_lost(stage: &Stage, planned: Planned, from: Mono, to: Mono) {
    for (viewer, Gap { at, span, lost }) in stage.viewers.gaps(from, to).into_iter().filter(|(_, gap)| gap.lost > 0) {
        let (span_ms, over_ms) = (ms(span), ms(at.since(from)));
        eprintln!(
            "{planned:?}: viewer {viewer} lost {lost} in {span_ms:.0} ms, over {over_ms:.0} ms after the fault began"
        );
    }
}

/// Until every neighbour's screen went on.
fn wait_neighbours(stage: &Stage, since: Mono) -> Result<(), Trouble> {
    let neighbours: Vec<usize> = stage.viewers.of(true).collect();
    stage.wait_sound(since, &neighbours, "the next tick")
}

pub fn watchers(stage: &Stage) -> Vec<usize> {
    stage.viewers.of(false).collect()
}

/// When one and when all of the viewers saw a good picture, counted from then; of the next worker's where that is asked.
pub fn timed(stage: &Stage, since: Mono, of_next: bool) -> Timing {
    let first = |viewer: usize| {
        let screen = stage.viewers.screen(viewer);
        let shot =
            if of_next { screen.next_worker(since) } else { screen.first(since, |shot| shot.look == Look::Sound) };
        shot.map_or(0.0, |shot| ms(shot.at.since(since)))
    };
    let all = watchers(stage).into_iter().map(first).fold(0.0, f64::max);
    Timing { good_ms: first(FIRST), all_ms: all, ..Timing::default() }
}

/// When whoever is looked at had the first picture of another root: it begins with no numbers, and those that are pushed come
/// ten times a second.
pub fn first(stage: &Stage, since: Mono) -> Option<f64> {
    let is_drawn = |shot: &Shot| shot.is_whole && matches!(shot.look, Look::Empty | Look::Complaining | Look::Sound);
    stage.viewers.screen(FIRST).first(since, is_drawn).map(|shot| ms(shot.at.since(since)))
}

/// Held by the panel: a tag in the same frame, until the healing key.
fn panel(stage: &mut Stage, mode: Mode) -> Result<Timing, Trouble> {
    let watchers = watchers(stage);
    let pressed = clock::mono();
    stage.viewers.type_keys(FIRST, &mode.key().to_string());
    stage.wait_look(pressed, &watchers, "the tag", |look| look == Look::Tagged)?;
    let tagged = stage.viewers.screen(FIRST).first(pressed, |shot| shot.look == Look::Tagged);
    let fallback_ms = tagged.map(|shot| ms(shot.at.since(pressed)));
    let is_whole = |viewer: &usize| {
        let screen = stage.viewers.screen(*viewer);
        screen.shots.iter().all(|shot| matches!(shot.look, Look::Sound | Look::Tagged | Look::Banner))
    };
    let same_frame = Some(watchers.iter().all(is_whole));
    let healed = clock::mono();
    stage.viewers.forget();
    stage.viewers.type_keys(FIRST, &HEAL_KEY.to_string());
    stage.wait_sound(healed, &watchers, "the healed panel")?;
    Ok(Timing { fallback_ms, same_frame, ..timed(stage, healed, false) })
}

/// Held by a task or thread of its own: nothing is to be seen.
fn task(stage: &mut Stage, mode: Mode) -> Result<Timing, Trouble> {
    let held = stage.log.panics_held();
    let begun = stage.viewers.screen(FIRST).tick();
    let pressed = clock::mono();
    stage.viewers.type_keys(FIRST, &mode.key().to_string());
    stage.log.wait_panics_held(held)?;
    stage.wait_sound(clock::mono(), &watchers(stage), "the next picture")?;
    for viewer in watchers(stage) {
        let screen = stage.viewers.screen(viewer);
        // A machine that is full may well earn a banner that says so.
        if let Some(odd) = screen.first(pressed, |shot| !matches!(shot.look, Look::Sound | Look::Banner)) {
            let all: Vec<String> =
                screen.shots.iter().map(|shot| format!("{:?} {}", shot.look, shot.is_whole)).collect();
            return Err(format!("{odd:?} of viewer {viewer} in between, all since {begun:?}: {all:?}\n{}", screen.odd));
        }
    }
    Ok(timed(stage, pressed, false))
}

/// Ends a worker, by a mode or by a signal, and waits for the next one.
pub fn worker(stage: &mut Stage, mode: Option<Mode>, pids: Pids) -> Result<Timing, Trouble> {
    let watched = Watched::open(pids.worker).ok_or("the worker is gone already")?;
    let pressed = clock::mono();
    match mode {
        Some(mode) => stage.viewers.type_keys(FIRST, &mode.key().to_string()),
        None => watched.signal(Signal::KILL),
    }
    let (died, kept) = wait_gone_kept(pids.worker)?;
    let hangs = mode.is_some_and(|mode| Fault::Mode { number: mode.number(), soon: false }.hangs());
    wait_next_worker(stage, died)?;
    let since = if hangs { pressed } else { died };
    let timing = Timing { kept_ms: ms(kept), ..timed(stage, since, true) };
    // So that the next death is no second one of the same panel.
    let renewed = stage.renew()?;
    stage.wait_sound(renewed, &watchers(stage), "a picture of the board anew")?;
    Ok(timing)
}

/// Until all viewers have a picture of a worker that was not there then.
pub fn wait_next_worker(stage: &mut Stage, died: Mono) -> Result<(), Trouble> {
    let watchers = watchers(stage);
    let drew = |viewer: usize| stage.viewers.screen(viewer).next_worker(died).is_some();
    let mut left = watchers.clone();
    let all = || {
        while left.last().is_some_and(|viewer| drew(*viewer)) {
            left.pop();
        }
        left.is_empty().then_some(())
    };
    if stage.viewers.wait(PATIENCE, all).is_none() {
        let viewer = left.last().copied().unwrap_or_default();
        let screen = stage.viewers.screen(viewer);
        let last: Vec<_> = screen.shots.iter().filter(|shot| shot.at >= died).take(5).collect();
        return Err(format!("no picture of the next worker for viewer {viewer}: {last:?}\n{}", screen.odd));
    }
    stage.alive_since = clock::mono();
    stage.deaths += 1;
    for viewer in watchers {
        let screen = stage.viewers.screen(viewer);
        if screen.shots.iter().any(|shot| matches!(shot.look, Look::Torn | Look::Empty)) {
            return Err(format!("viewer {viewer} saw a picture without the board:\n{}", screen.odd));
        }
    }
    Ok(())
}

/// Answers when it was gone.
pub fn wait_gone(pid: u32) -> Result<Mono, Trouble> {
    wait_gone_kept(pid).map(|(at, _)| at)
}

/// The same, and for how long of that the thread that draws wanted to run and had no processor, as far as was seen.
fn wait_gone_kept(pid: u32) -> Result<(Mono, Duration), Trouble> {
    let waited = drawing(pid).and_then(|thread| Some((thread, activity::read(pid, thread)?.waited)));
    let mut kept = Duration::ZERO;
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("no process has this number")?;
    let Ok(pidfd) = pidfd_open(raw, PidfdFlags::empty()) else { return Ok((clock::mono(), kept)) };
    let deadline = clock::mono() + PATIENCE;
    loop {
        let left = deadline.since(clock::mono());
        let timeout = Timespec::try_from(left.min(LOOK)).map_err(|error| error.to_string())?;
        match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&timeout)) {
            Ok(1..) => return Ok((clock::mono(), kept)),
            Ok(0) if left.is_zero() => return Err(format!("process {pid} lives on")),
            _ => {}
        }
        // Nobody can tell once it is gone.
        let now = waited.and_then(|(thread, before)| Some(activity::read(pid, thread)?.waited.saturating_sub(before)));
        kept = now.unwrap_or(kept);
    }
}

/// The thread of a worker that draws.
fn drawing(pid: u32) -> Option<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let draws = |path: &Path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "drawing");
    let mut paths = threads.filter_map(|thread| Some(thread.ok()?.path()));
    paths.find(|path| draws(path))?.file_name()?.to_str()?.parse().ok()
}

/// The source goes wrong until the healing key.
fn lie(stage: &mut Stage, lie: Lie) -> Result<Timing, Trouble> {
    let watchers = watchers(stage);
    // As the worker counts what it does not take; what was pushed is counted by itself.
    let why = match lie {
        Lie::Wrong => Some("changed"),
        Lie::Huge => Some("too-many-series"),
        Lie::NotANumber => Some("not-finite"),
        Lie::Fail | Lie::Hang | Lie::Panic | Lie::Slow | Lie::Abort => None,
    };
    let told = |stage: &Stage| -> Result<u64, Trouble> {
        let row = stage.status()?.workers.into_iter().find(|row| row.tenant == "default");
        let row = row.ok_or("the tenant is gone")?;
        Ok(row.rejected.iter().filter(|row| Some(row.name.as_str()) == why).map(|row| row.count).sum())
    };
    let mut before = told(stage)?;
    let pressed = clock::mono();
    stage.viewers.type_keys(FIRST, &lie.key().to_string());
    if why.is_some() {
        // The worker tells of itself once a second.
        let deadline = clock::mono() + PATIENCE;
        let mut now = before;
        while now <= before {
            // Of a worker that came since, which begins to count anew.
            before = before.min(now);
            if clock::mono() > deadline {
                return Err(format!("nothing is seen of what {lie:?} tells"));
            }
            stage.wait_look(clock::mono(), &[FIRST], "the next picture", |_| true)?;
            now = told(stage)?;
        }
    } else {
        stage.wait_look(pressed, &watchers, "a complaint", |look| look == Look::Complaining)?;
    }
    let healed = clock::mono();
    stage.viewers.forget();
    stage.viewers.type_keys(FIRST, &HEAL_KEY.to_string());
    stage.wait_sound(healed, &watchers, "the source's good data")?;
    let timing = timed(stage, healed, false);
    // Where the screen was good all along, that it is over is seen by what is not rejected any more.
    if why.is_some() {
        let (mut last, mut since) = (told(stage)?, clock::mono());
        while clock::mono().since(since) < QUIET_LIE {
            stage.wait_look(clock::mono(), &[FIRST], "the next picture", |_| true)?;
            let now = told(stage)?;
            if now != last {
                (last, since) = (now, clock::mono());
            }
            if clock::mono().since(healed) > PATIENCE {
                return Err(format!("{lie:?} goes on after it was healed"));
            }
        }
    }
    Ok(timing)
}

/// Whether these viewers come to show the same as those of the daemon without faults who watch in the same sizes.
pub fn equals(stage: &Stage, twin: &Stage, viewers: &[usize]) -> Result<bool, Trouble> {
    for viewer in viewers {
        let of_twin = *viewer % 4;
        let mut last = None;
        let mut twins: Vec<(u64, Vec<String>)> = Vec::new();
        let mut ours: Vec<(u64, Vec<String>)> = Vec::new();
        let found = stage.viewers.wait(PATIENCE, || {
            for (seen, stage, viewer) in [(&mut ours, stage, *viewer), (&mut twins, twin, of_twin)] {
                let screen = stage.viewers.screen(viewer);
                let Some((_, tick)) = screen.tick() else { continue };
                let is_neighbour = stage.viewers.all[viewer].is_neighbour;
                let text = screen.text();
                if seen.last().is_none_or(|(last, _)| *last != tick)
                    && board::judge(&text, is_neighbour).0 == Look::Sound
                {
                    seen.push((tick, board::comparable(&screen.rows(), &text)));
                }
            }
            let newest = |seen: &[(u64, Vec<String>)], tick: u64| seen.iter().rev().find(|one| one.0 == tick).cloned();
            let both = ours.iter().rev().find_map(|our| newest(&twins, our.0).map(|twin| (our.1.clone(), twin.1)));
            let equal = both.as_ref().is_some_and(|(our, twin)| our == twin);
            last = both.or(last.take());
            equal.then_some(())
        });
        if found.is_none() {
            let screens = format!("{}\n{}", stage.viewers.screen(*viewer).text(), twin.viewers.screen(of_twin).text());
            let shown = last.map(|(our, twin)| differing(&our, &twin)).unwrap_or("no tick in common".to_owned());
            return Err(format!("viewer {viewer} does not come to show what the twin shows: {shown}\n{screens}"));
        }
    }
    Ok(true)
}

/// Cells without their colours.
fn seen(row: &str) -> String {
    row.lines().map(|cell| cell.split("Some((").next().unwrap_or(" ").chars().next().unwrap_or(' ')).collect()
}

fn differing(our: &[String], twin: &[String]) -> String {
    let pairs = our.iter().zip(twin).enumerate().filter(|(_, (our, twin))| our != twin);
    let words = pairs.map(|(row, (our, twin))| format!("row {row}: {:?} instead of {:?}", seen(our), seen(twin)));
    words.take(3).collect::<Vec<String>>().join("\n")
}
