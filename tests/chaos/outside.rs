//! Faults that come from without: signals, storms, what is pushed, and what root's socket has to hear.
//!
//! Invariant: each ends by itself here; what is left is for the daemon to put right.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use unblink::base::Mono;
use unblink::model::fault::Mode;
use unblink::sys::clock;

use crate::board::Look;
use crate::inject::{self, Timing, timed, wait_gone, wait_next_worker, watchers};
use crate::plan::{Chance, Outside};
use crate::process::{self, Watched};
use crate::stage::{Pids, SIZES, Stage};
use crate::{PATIENCE, Trouble, pace};

/// Signals, or resizes, of a storm.
const STORM: u32 = 200;
/// Between two of a storm of signals.
const STORM_GAP: Duration = Duration::from_millis(2);
/// How long readers take nothing, and a slow message goes on.
const STALL: Duration = Duration::from_secs(1);
const ROOT_STOPPED: Duration = Duration::from_millis(500);
const ROOT_AWAY: Duration = Duration::from_secs(5);
const STALLED: usize = 5;
/// No whole picture for so long: what a storm asked for is done.
const QUIET: Duration = Duration::from_millis(500);
const HUGE: usize = 20_000;
const NO_NUMBERS: &str = "{\"series\":\"chaos_hi\",\"value\":NaN}\n{\"series\":\"chaos_lo\",\"value\":1e999}\n";

/// Brings it about and waits until the screens are as they should be.
pub fn bring_about(stage: &mut Stage, outside: Outside, pids: Pids, chance: &mut Chance) -> Result<Timing, Trouble> {
    let watchers = watchers(stage);
    let everybody: Vec<usize> = (0..stage.viewers.all.len()).collect();
    let mut turn = None;
    let ended = match outside {
        Outside::WorkerKilled => return inject::worker(stage, None, pids),
        Outside::WorkerStopped => stop_worker(stage, pids)?,
        Outside::PanelPoisoned => poison(stage, pids)?,
        Outside::PushedNan => push(stage, &NO_NUMBERS.repeat(50))?,
        Outside::PushedHuge => push(stage, &many_series())?,
        Outside::PushedWrong => push(stage, &wrong(chance))?,
        Outside::RootKilled => {
            stage.kill();
            stage.start_again()
        }
        Outside::RootAway => {
            stage.kill();
            pace::until(clock::mono() + ROOT_AWAY);
            turn = Some(inject::alone());
            stage.start_again()
        }
        Outside::RootStopped => {
            stage.signal(Signal::STOP);
            pause(stage, ROOT_STOPPED);
            stage.signal(Signal::CONT);
            clock::mono()
        }
        Outside::RootRepaints => {
            let begun = clock::mono();
            storm(stage, |stage, _| stage.signal(Signal::USR2));
            wait_whole(stage, begun, &everybody)?;
            clock::mono()
        }
        Outside::ViewersReconnect => {
            let (of, begun) = (watchers.clone(), clock::mono());
            storm(stage, |stage, number| stage.viewers.signal(of[number as usize % of.len()], Signal::USR2));
            wait_whole(stage, begun, &watchers)?;
            wait_all_back(stage)?;
            clock::mono()
        }
        Outside::ResizesSlow => resize(stage, 10, Duration::from_millis(100), chance),
        Outside::ResizesFast => resize(stage, STORM, Duration::from_millis(5), chance),
        Outside::ReadersStall => stall(stage, &watchers)?,
        Outside::RootHearsJunk => hear(stage, &junk(chance))?,
        Outside::RootHearsHuge => hear(stage, &[0xff; 16])?,
        Outside::RootHearsSlow => hear_slowly(stage)?,
    };
    stage.wait_sound(ended, &everybody, "a good picture")?;
    drop(turn);
    wait_quiet(stage)?;
    if matches!(outside, Outside::RootKilled | Outside::RootAway) {
        stage.alive_since = clock::mono();
        stage.deaths = 0;
    }
    let timing = timed(stage, ended, false);
    // The one who is looked at may not be among those who were held.
    Ok(match outside {
        Outside::ReadersStall => Timing { good_ms: timing.all_ms, ..timing },
        Outside::RootAway => Timing { first_ms: inject::first(stage, ended), ..timing },
        _ => timing,
    })
}

/// Until each of these was sent a whole picture.
fn wait_whole(stage: &Stage, since: Mono, viewers: &[usize]) -> Result<(), Trouble> {
    let got = |viewer: &usize| stage.viewers.screen(*viewer).first(since, |shot| shot.is_whole).is_some();
    let all = || viewers.iter().all(got).then_some(());
    stage.viewers.wait(PATIENCE, all).ok_or_else(|| "some viewer was sent no whole picture".to_owned())
}

/// Until nobody is sent whole pictures any more: one that is repainted sees the last whole picture there was, which may be of
/// before, and then all that changed since.
fn wait_quiet(stage: &Stage) -> Result<(), Trouble> {
    let last =
        |viewer: usize| stage.viewers.screen(viewer).shots.iter().rev().find(|shot| shot.is_whole).map(|shot| shot.at);
    let is_quiet = || {
        let newest = (0..stage.viewers.all.len()).filter_map(last).max();
        newest.is_none_or(|at| clock::mono().since(at) > QUIET).then_some(())
    };
    stage.viewers.wait(PATIENCE, is_quiet).ok_or_else(|| "whole pictures without end".to_owned())
}

/// Until everybody is connected and stays so: after several in a row a viewer waits before the next attempt.
fn wait_all_back(stage: &Stage) -> Result<(), Trouble> {
    let deadline = clock::mono() + PATIENCE;
    let mut before = Vec::new();
    loop {
        let mut now: Vec<u64> = stage.status()?.sessions.iter().map(|row| row.id).collect();
        now.sort_unstable();
        if now.len() == stage.viewers.all.len() && now == before {
            return Ok(());
        }
        if clock::mono() > deadline {
            return Err(format!("{} of {} viewers are back", now.len(), stage.viewers.all.len()));
        }
        before = now;
        pause(stage, STALL / 4);
    }
}

/// Lets so much time pass.
fn pause(stage: &Stage, span: Duration) {
    let until = clock::mono() + span;
    stage.viewers.wait(span, || (clock::mono() >= until).then_some(()));
}

fn storm(stage: &Stage, each: impl Fn(&Stage, u32)) {
    let begun = clock::mono();
    for number in 0..STORM {
        each(stage, number);
        let until = begun + STORM_GAP * (number + 1);
        pace::until(until);
    }
}

fn stop_worker(stage: &mut Stage, pids: Pids) -> Result<Mono, Trouble> {
    let worker = Watched::open(pids.worker).ok_or("the worker is gone")?;
    let stopped = clock::mono();
    worker.signal(Signal::STOP);
    let told = stage.wait_look(stopped, &watchers(stage), "the banner", |look| look == Look::Banner);
    worker.signal(Signal::CONT);
    told.map(|()| clock::mono())
}

/// Two deaths of the panel; then it is at rest until the configuration changes.
fn poison(stage: &mut Stage, pids: Pids) -> Result<Mono, Trouble> {
    let key = Mode::Abort.key().to_string();
    stage.viewers.type_keys(0, &key);
    let died = wait_gone(pids.worker)?;
    wait_next_worker(stage, died)?;
    let second = stage.pids()?.ok_or("the second worker is down")?.worker;
    stage.viewers.type_keys(0, &key);
    let died = wait_gone(second)?;
    stage.wait_look(died, &watchers(stage), "the panel at rest", |look| look == Look::Tagged)?;
    stage.alive_since = clock::mono();
    stage.deaths += 1;
    stage.renew()
}

/// Hands lines to the tenant with faults, and waits until each was answered for.
fn push(stage: &Stage, lines: &str) -> Result<Mono, Trouble> {
    let mut command = stage.home.command(&["push", "--stdin", "--tenant", "default"]);
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = streams.spawn().map_err(|error| error.to_string())?;
    let written = child.stdin.take().expect("it is piped").write_all(lines.as_bytes());
    let status = process::wait_end(&mut child, "a pusher");
    written.map_err(|error| error.to_string())?;
    if status.code() == Some(1) { Ok(clock::mono()) } else { Err(format!("none of the lines was rejected: {status}")) }
}

fn many_series() -> String {
    (0..HUGE).map(|number| format!("{{\"series\":\"chaos_many_{number}\",\"value\":{number}}}\n")).collect()
}

fn wrong(chance: &mut Chance) -> String {
    let junk: String = (0..2000).map(|_| char::from(32 + chance.below(90) as u8)).collect();
    let kinds = "{\"series\":\"chaos_hi\",\"value\":5,\"kind\":\"counter\"}\n{\"series\":\"chaos_lo\",\"value\":5,\"unit\":\"bytes\"}\n";
    format!("{kinds}{junk}\n{{\"series\":\"chaos_lo\",\"value\":\"9\",\"at\":12}}\n{kinds}")
}

/// One viewer of each size, who drags a corner of the window and ends where it was.
fn resize(stage: &Stage, count: u32, gap: Duration, chance: &mut Chance) -> Mono {
    let begun = clock::mono();
    for number in 0..count {
        let size = (20 + chance.below(140) as u16, 5 + chance.below(40) as u16);
        for (viewer, last) in [(0, SIZES[0]), (2, SIZES[1])] {
            stage.viewers.resize(viewer, if number + 1 == count { last } else { size });
        }
        pace::until(begun + gap * (number + 1));
    }
    clock::mono()
}

fn stall(stage: &Stage, watchers: &[usize]) -> Result<Mono, Trouble> {
    let held: Vec<usize> = watchers.iter().rev().take(STALLED).copied().collect();
    held.iter().for_each(|viewer| stage.viewers.hold(*viewer, true));
    // As many pictures as root allows are more bytes than any buffer in between takes.
    storm(stage, |stage, _| stage.signal(Signal::USR2));
    pause(stage, STALL);
    let stalled = stage.status().map(|status| status.sessions.iter().filter(|row| row.stalled_ms > 0).count());
    held.iter().for_each(|viewer| stage.viewers.hold(*viewer, false));
    if stalled? == 0 {
        Err("root had room for all it had to say to those who took nothing".to_owned())
    } else {
        Ok(clock::mono())
    }
}

fn junk(chance: &mut Chance) -> Vec<u8> {
    (0..4096).map(|_| chance.below(256) as u8).collect()
}

/// Says it to root's socket and waits until root hangs up.
fn hear(stage: &Stage, bytes: &[u8]) -> Result<Mono, Trouble> {
    let mut stream = UnixStream::connect(stage.home.socket()).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    // Root may have hung up before all of it was said.
    let _ = stream.write_all(bytes);
    let mut answer = [0; 4096];
    loop {
        match stream.read(&mut answer) {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return Err("root listens to junk without end".to_owned());
            }
            Ok(0) | Err(_) => return Ok(clock::mono()),
        }
    }
}

fn hear_slowly(stage: &Stage) -> Result<Mono, Trouble> {
    let mut stream = UnixStream::connect(stage.home.socket()).map_err(|error| error.to_string())?;
    let begun = clock::mono();
    // A length that is allowed, and the first bytes of that many.
    for (number, byte) in (1..).zip([64, 0, 0, 0, 1, 1, 1, 1, 1, 1]) {
        let _ = stream.write_all(&[byte]);
        pace::until(begun + STALL / 10 * number);
    }
    Ok(clock::mono())
}
