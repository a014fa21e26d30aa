//! What programs push: what waits for their tenant's worker, and what they are told.
//!
//! Invariant: of a chunk nothing is looked at but its length. Every chunk is answered once, those of one pusher in the
//! order they came, and a worker is told of those of its own tenant alone; while it does not draw, each is put off, and after it all that the pusher had sent meanwhile, so that
//! no sample overtakes another of its series. What is held is bounded for each pusher and, with their number, in all.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use rustc_hash::{FxHashMap, FxHashSet};

use super::pusher::{Answers, Opening, Room};
use super::session::{Seat, Stranger};
use super::state::State;
use super::tenants::rights::Deed;
use super::tenants::{Name, Tenants};
use crate::base::{BUILD_ID, Mono, SessionId, limits};
use crate::event::{ChunksLost, Event, PusherClosed, PusherOpened};
use crate::machine::quota::{Quota, in_ms};
use crate::wire::attach::{
    self, Farewell, FarewellCode, PushFault, PushHello, PushLater, PushTaken, PushWelcome, ToClient,
};
use crate::wire::feed::{Pushed, ToWorker};

/// All pushers of the daemon.
#[derive(Debug, Default)]
pub struct Pushing {
    pushers: FxHashMap<SessionId, Pusher>,
    /// By tenant.
    lanes: BTreeMap<Name, Lane>,
    /// Those whose connection still has a farewell to write.
    ending: FxHashSet<SessionId>,
}

/// What is pushed into one tenant.
#[derive(Debug, Default)]
struct Lane {
    /// Those with chunks that wait, in the order they are served.
    turns: VecDeque<SessionId>,
    /// What the worker was sent, in that order.
    under_way: VecDeque<UnderWay>,
    /// Of all of them together; none where as many are taken as come.
    quota: Option<Quota>,
    /// Chunks that it put off.
    limited: u64,
}

#[derive(Debug)]
struct Pusher {
    seat: Seat,
    tenant: Name,
    answers: Answers,
    waiting: VecDeque<Chunk>,
    /// The number of the chunk that is taken next.
    expected: u64,
    /// The greatest number that came.
    highest: u64,
}

#[derive(Debug)]
struct Chunk {
    number: u64,
    lines: Bytes,
    room: Room,
}

#[derive(Debug)]
struct UnderWay {
    pusher: SessionId,
    number: u64,
    bytes: usize,
    room: Room,
}

// === impl Pushing ===

impl Pushing {
    /// Programs that push at present.
    pub fn count(&self) -> usize {
        self.pushers.len()
    }

    /// Whether nobody is left, not even to be told farewell.
    pub fn is_over(&self) -> bool {
        self.pushers.is_empty() && self.ending.is_empty()
    }

    pub fn ids(&self) -> Vec<SessionId> {
        self.pushers.keys().copied().collect()
    }

    /// Those whose tenant is not there for them any more, each with its name.
    pub fn unwelcome(&self, tenants: &Tenants) -> Vec<(SessionId, Name)> {
        let stays = |pusher: &Pusher| tenants.is_there_for(Deed::Push, &pusher.seat, &pusher.tenant);
        let out = self.pushers.iter().filter(|(_, pusher)| !stays(pusher));
        out.map(|(id, pusher)| (*id, Name::clone(&pusher.tenant))).collect()
    }

    /// Chunks put off because as many came as may be pushed into a tenant.
    pub fn limited(&self, tenant: &str) -> u64 {
        self.lanes.get(tenant).map_or(0, |lane| lane.limited)
    }

    /// Whether one more may be pushed into a tenant, at so many a second; or how long that is put off.
    fn admit(&mut self, tenant: &Name, hz: Option<u32>, now: Mono) -> Result<(), PushLater> {
        let lane = self.lanes.entry(Name::clone(tenant)).or_default();
        if lane.quota.as_ref().map(Quota::rate_hz) != hz {
            lane.quota = hz.map(Quota::of_rate);
        }
        let Some(quota) = &mut lane.quota else { return Ok(()) };
        quota.take(now, 0).map_err(|wait| {
            lane.limited += 1;
            let why = format!("more chunks a second than the {} that may be pushed into {tenant}", quota.rate_hz());
            PushLater { after_ms: in_ms(wait), why, ..PushLater::default() }
        })
    }

    /// The tenants that anything waits for or is under way to.
    fn busy(&self) -> Vec<Name> {
        let busy = |lane: &Lane| !lane.turns.is_empty() || !lane.under_way.is_empty();
        self.lanes.iter().filter(|(_, lane)| busy(lane)).map(|(name, _)| Name::clone(name)).collect()
    }

    fn under_way(&self, tenant: &str) -> usize {
        self.lanes.get(tenant).map_or(0, |lane| lane.under_way.len())
    }

    /// The next chunk for a tenant, of the pusher whose turn it is.
    fn next(&mut self, tenant: &str) -> Option<(SessionId, Chunk)> {
        let lane = self.lanes.get_mut(tenant)?;
        while let Some(id) = lane.turns.pop_front() {
            let Some(pusher) = self.pushers.get_mut(&id) else { continue };
            let Some(chunk) = pusher.waiting.pop_front() else { continue };
            if !pusher.waiting.is_empty() {
                lane.turns.push_back(id);
            }
            return Some((id, chunk));
        }
        None
    }

    /// Answers that a chunk is to be sent again, and everything after it.
    fn put_off(&mut self, id: SessionId, number: u64, room: Room, later: &PushLater) {
        let Some(pusher) = self.pushers.get_mut(&id) else { return };
        pusher.expected = pusher.expected.min(number);
        let later = PushLater { number, credit: 1, ..later.clone() };
        pusher.answers.say(&ToClient::PushLater(later), Some(room));
    }

    /// Puts off all that was sent to a worker, and all that waits for it.
    fn put_off_all(&mut self, tenant: &str, later: &PushLater) {
        let Some(lane) = self.lanes.get_mut(tenant) else { return };
        let under_way = std::mem::take(&mut lane.under_way);
        if !under_way.is_empty() {
            ChunksLost { chunks: under_way.len() }.emit();
        }
        let unknown = PushLater { unknown: true, ..later.clone() };
        for UnderWay { pusher, number, room, .. } in under_way {
            self.put_off(pusher, number, room, &unknown);
        }
        while let Some((id, chunk)) = self.next(tenant) {
            self.put_off(id, chunk.number, chunk.room, later);
        }
    }
}

// === impl State: coming and going ===

impl State {
    pub(super) fn push_hello(&mut self, id: SessionId, opening: Opening) {
        let Opening { hello, answers } = opening;
        let Some(stranger) = self.strangers.get(&id) else { return };
        let tenant = match self.admits_pusher(stranger, &hello) {
            Ok(tenant) => tenant,
            Err((code, text)) => return self.turn_away(id, code, &text),
        };
        let Some(stranger) = self.strangers.remove(&id) else { return };
        let (uid, pid) = stranger.seat.credentials();
        PusherOpened { pusher: id, tenant: &tenant, uid, pid }.emit();
        let cap = |cap: usize| u32::try_from(cap).expect("invariant: caps of a chunk are small");
        let welcome = PushWelcome {
            version: hello.version.min(attach::VERSION),
            credit: cap(limits::PUSH_CHUNKS_MAX),
            chunk_bytes_max: cap(limits::PUSH_CHUNK_BYTES_MAX),
            chunk_lines_max: cap(limits::PUSH_LINES_MAX),
        };
        answers.say(&ToClient::PushWelcome(welcome), None);
        let (seat, waiting) = (stranger.seat, VecDeque::new());
        let pusher = Pusher { seat, tenant, answers, waiting, expected: 1, highest: 0 };
        self.pushing.pushers.insert(id, pusher);
    }

    /// Into which tenant.
    fn admits_pusher(&self, stranger: &Stranger, hello: &PushHello) -> Result<Name, (FarewellCode, String)> {
        if hello.version < attach::VERSION_OLDEST {
            let text = format!(
                "this daemon (build {BUILD_ID}) speaks versions {} to {} of the attach protocol, the program that \
                 pushes speaks {}",
                attach::VERSION_OLDEST,
                attach::VERSION,
                hello.version
            );
            return Err((FarewellCode::Version, text));
        }
        let named = Some(hello.tenant.as_str()).filter(|name| !name.is_empty());
        let chosen = self.tenants.choose(Deed::Push, &stranger.seat, named);
        let tenant = chosen.map_err(|text| (FarewellCode::NoSuchBoard, text))?;
        if self.pushing.count() >= limits::PUSHERS_MAX {
            let text = format!("as many programs push as may at one time, {}", limits::PUSHERS_MAX);
            return Err((FarewellCode::Full, text));
        }
        Ok(tenant)
    }

    /// Says farewell to a pusher; what it sent and was not answered is not taken.
    pub(super) fn dismiss_pusher(&mut self, id: SessionId, code: FarewellCode, text: &str) {
        let Some(pusher) = self.pushing.pushers.remove(&id) else { return };
        self.pushing.ending.insert(id);
        PusherClosed { pusher: id, why: text }.emit();
        pusher.answers.farewell(&ToClient::Farewell(Farewell { code, text: text.to_owned() }));
    }

    /// Its connection is over. What a worker has of it stays under way: the answer comes, to nobody.
    pub(super) fn pusher_left(&mut self, id: SessionId, why: &str) {
        self.pushing.ending.remove(&id);
        if self.pushing.pushers.remove(&id).is_some() {
            PusherClosed { pusher: id, why }.emit();
        }
    }
}

// === impl State: chunks ===

impl State {
    pub(super) fn chunk(&mut self, id: SessionId, number: u64, lines: Bytes, room: Room, now: Mono) {
        let Some(pusher) = self.pushing.pushers.get_mut(&id) else { return };
        if number < pusher.expected || number > pusher.highest.saturating_add(1) {
            let why = format!("chunk {number} came, where {} was to follow", pusher.expected);
            return self.dismiss_pusher(id, FarewellCode::Protocol, &why);
        }
        pusher.highest = pusher.highest.max(number);
        if number > pusher.expected {
            // Sent before it heard that one before was put off.
            let why = "a chunk before it was not taken".to_owned();
            return self.pushing.put_off(id, number, room, &PushLater { why, ..PushLater::default() });
        }
        let tenant = Name::clone(&pusher.tenant);
        if let Err(later) = self.pushing.admit(&tenant, self.tenants.rights.push_hz(&tenant), now) {
            return self.pushing.put_off(id, number, room, &later);
        }
        let Some(pusher) = self.pushing.pushers.get_mut(&id) else { return };
        pusher.expected += 1;
        pusher.waiting.push_back(Chunk { number, lines, room });
        if pusher.waiting.len() == 1 {
            self.pushing.lanes.entry(Name::clone(&pusher.tenant)).or_default().turns.push_back(id);
        }
    }

    /// Hands over as much as each worker may have at a time, each pusher in turn; puts off what is for one that does not
    /// draw.
    pub(super) fn hand_over(&mut self, now: Mono) {
        for name in self.pushing.busy() {
            match self.tenants.get(&name).map(|tenant| &tenant.worker) {
                Some(worker) if worker.draws() => self.hand_over_to(&name, now),
                Some(worker) => {
                    let after_ms = u32::try_from(worker.back_in(now).as_millis()).unwrap_or(u32::MAX);
                    let why = worker.why_not_ready().unwrap_or_default();
                    self.pushing.put_off_all(&name, &PushLater { after_ms, why, ..PushLater::default() });
                }
                // Those who pushed into it are told farewell.
                None => drop(self.pushing.lanes.remove(&name)),
            }
        }
    }

    fn hand_over_to(&mut self, name: &Name, now: Mono) {
        while self.pushing.under_way(name) < limits::PUSHES_UNDER_WAY_MAX {
            let Some((pusher, Chunk { number, lines, room })) = self.pushing.next(name) else { return };
            let bytes = lines.len();
            if let Some(lane) = self.pushing.lanes.get_mut(name) {
                lane.under_way.push_back(UnderWay { pusher, number, bytes, room });
            }
            self.send(name, &ToWorker::Push { pusher, number, lines: lines.into() }, now);
            if !self.tenants.get(name).is_some_and(|tenant| tenant.worker.draws()) {
                // It does not read: that was its end.
                return self.hand_over(now);
            }
        }
    }

    /// What a worker says of the chunk it was sent first.
    pub(super) fn pushed(&mut self, name: &Name, pushed: Pushed, now: Mono) {
        let next = self.pushing.lanes.get(name).and_then(|lane| lane.under_way.front());
        if next.is_none_or(|next| (next.pusher, next.number) != (pushed.pusher, pushed.number)) {
            let why = format!("answered chunk {} of {}, which was not its turn", pushed.number, pushed.pusher.0);
            return self.worker_fault(name, why, now);
        }
        let Some(lane) = self.pushing.lanes.get_mut(name) else { return };
        let Some(UnderWay { pusher, number, bytes, room }) = lane.under_way.pop_front() else { return };
        // A line has a byte at least, and an end where another follows.
        let lines_max = bytes.div_ceil(2) as u64;
        let Pushed { accepted, rejected, faults, .. } = pushed;
        let counts = u64::from(accepted) + u64::from(rejected);
        let beyond = faults.iter().any(|fault| fault.line == 0 || u64::from(fault.line) > bytes as u64 + 1);
        if counts > lines_max || faults.len() as u64 > u64::from(rejected) || beyond {
            // What became of it is as unknown as if it had died.
            lane.under_way.push_front(UnderWay { pusher, number, bytes, room });
            return self.worker_fault(name, format!("told of more lines than chunk {number} of {} has", pusher.0), now);
        }
        let Some(owner) = self.pushing.pushers.get(&pusher) else { return };
        let faults = faults.into_iter().map(|fault| PushFault { line: fault.line, why: fault.why }).collect();
        let taken = PushTaken { number, accepted, rejected, faults, credit: 1 };
        owner.answers.say(&ToClient::PushTaken(taken), Some(room));
    }
}
