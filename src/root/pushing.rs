//! What programs push: who may, what waits for the worker, and what they are told.
//!
//! Invariant: of a chunk nothing is looked at but its length. Every chunk is answered once, those of one pusher in the
//! order they came; while no worker draws, each is put off, and after it all that the pusher had sent meanwhile, so that
//! no sample overtakes another of its series. What is held is bounded for each pusher and, with their number, in all.

use std::collections::VecDeque;

use bytes::Bytes;
use rustc_hash::{FxHashMap, FxHashSet};

use super::pusher::{Answers, Opening, Room};
use super::session::{Seat, Stranger};
use super::state::State;
use crate::base::{BUILD_ID, Mono, SessionId, limits};
use crate::event::{ChunksLost, Event, PusherClosed, PusherOpened};
use crate::wire::attach::{
    self, Farewell, FarewellCode, PushFault, PushHello, PushLater, PushTaken, PushWelcome, ToClient,
};
use crate::wire::feed::{Pushed, ToWorker};

/// All pushers of the daemon.
#[derive(Debug, Default)]
pub struct Pushing {
    pushers: FxHashMap<SessionId, Pusher>,
    /// Those with chunks that wait, in the order they are served.
    turns: VecDeque<SessionId>,
    /// What the worker was sent, in that order.
    under_way: VecDeque<UnderWay>,
    /// Those whose connection still has a farewell to write.
    ending: FxHashSet<SessionId>,
}

#[derive(Debug)]
struct Pusher {
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

/// Who may push. Everybody who may use the attach socket, for now: the socket's rights, and who is admitted there,
/// decide. This is the one place that says so.
fn may_push(_seat: &Seat) -> Result<(), String> {
    Ok(())
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

    /// The next chunk, of the pusher whose turn it is.
    fn next(&mut self) -> Option<(SessionId, Chunk)> {
        while let Some(id) = self.turns.pop_front() {
            let Some(pusher) = self.pushers.get_mut(&id) else { continue };
            let Some(chunk) = pusher.waiting.pop_front() else { continue };
            if !pusher.waiting.is_empty() {
                self.turns.push_back(id);
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

    /// Puts off all that was sent to a worker, and all that waits.
    fn put_off_all(&mut self, later: &PushLater) {
        if !self.under_way.is_empty() {
            ChunksLost { chunks: self.under_way.len() }.emit();
        }
        let unknown = PushLater { unknown: true, ..later.clone() };
        for UnderWay { pusher, number, room, .. } in std::mem::take(&mut self.under_way) {
            self.put_off(pusher, number, room, &unknown);
        }
        while let Some((id, chunk)) = self.next() {
            self.put_off(id, chunk.number, chunk.room, later);
        }
    }
}

// === impl State: coming and going ===

impl State {
    pub(super) fn push_hello(&mut self, id: SessionId, opening: Opening) {
        let Opening { hello, answers } = opening;
        let Some(stranger) = self.strangers.get(&id) else { return };
        if let Err((code, text)) = self.admits_pusher(stranger, &hello) {
            return self.turn_away(id, code, &text);
        }
        let Some(stranger) = self.strangers.remove(&id) else { return };
        let (uid, pid) = stranger.seat.credentials();
        PusherOpened { pusher: id, uid, pid }.emit();
        let cap = |cap: usize| u32::try_from(cap).expect("invariant: caps of a chunk are small");
        let welcome = PushWelcome {
            version: hello.version.min(attach::VERSION),
            credit: cap(limits::PUSH_CHUNKS_MAX),
            chunk_bytes_max: cap(limits::PUSH_CHUNK_BYTES_MAX),
            chunk_lines_max: cap(limits::PUSH_LINES_MAX),
        };
        answers.say(&ToClient::PushWelcome(welcome), None);
        let pusher = Pusher { answers, waiting: VecDeque::new(), expected: 1, highest: 0 };
        self.pushing.pushers.insert(id, pusher);
    }

    fn admits_pusher(&self, stranger: &Stranger, hello: &PushHello) -> Result<(), (FarewellCode, String)> {
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
        may_push(&stranger.seat).map_err(|text| (FarewellCode::NotAllowed, text))?;
        let own = self.worker.tenant();
        if !hello.tenant.is_empty() && hello.tenant != own {
            return Err((FarewellCode::NoSuchBoard, format!("there is no tenant {:?}; there is {own}", hello.tenant)));
        }
        if self.pushing.count() >= limits::PUSHERS_MAX {
            let text = format!("as many programs push as may at one time, {}", limits::PUSHERS_MAX);
            return Err((FarewellCode::Full, text));
        }
        Ok(())
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
    pub(super) fn chunk(&mut self, id: SessionId, number: u64, lines: Bytes, room: Room) {
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
        pusher.expected += 1;
        pusher.waiting.push_back(Chunk { number, lines, room });
        if pusher.waiting.len() == 1 {
            self.pushing.turns.push_back(id);
        }
    }

    /// Hands over as much as the worker may have at a time, each pusher in turn; puts everything off while none draws.
    pub(super) fn hand_over(&mut self, now: Mono) {
        while self.worker.draws() && self.pushing.under_way.len() < limits::PUSHES_UNDER_WAY_MAX {
            let Some((pusher, Chunk { number, lines, room })) = self.pushing.next() else { return };
            let bytes = lines.len();
            self.pushing.under_way.push_back(UnderWay { pusher, number, bytes, room });
            self.worker.send(&ToWorker::Push { pusher, number, lines: lines.into() }, now);
        }
        let nothing_waits = self.pushing.under_way.is_empty() && self.pushing.turns.is_empty();
        if nothing_waits || self.worker.draws() {
            return;
        }
        let after_ms = u32::try_from(self.worker.back_in(now).as_millis()).unwrap_or(u32::MAX);
        let why = self.worker.why_not_ready().unwrap_or_default();
        self.pushing.put_off_all(&PushLater { after_ms, why, ..PushLater::default() });
    }

    /// What the worker says of the chunk it was sent first.
    pub(super) fn pushed(&mut self, pushed: Pushed, now: Mono) {
        let next = self.pushing.under_way.front();
        if next.is_none_or(|next| (next.pusher, next.number) != (pushed.pusher, pushed.number)) {
            let why = format!("answered chunk {} of {}, which was not its turn", pushed.number, pushed.pusher.0);
            return self.worker_fault(why, now);
        }
        let Some(UnderWay { pusher, number, bytes, room }) = self.pushing.under_way.pop_front() else { return };
        // A line has a byte at least, and an end where another follows.
        let lines_max = bytes.div_ceil(2) as u64;
        let Pushed { accepted, rejected, faults, .. } = pushed;
        let counts = u64::from(accepted) + u64::from(rejected);
        let beyond = faults.iter().any(|fault| fault.line == 0 || u64::from(fault.line) > bytes as u64 + 1);
        if counts > lines_max || faults.len() as u64 > u64::from(rejected) || beyond {
            // What became of it is as unknown as if it had died.
            self.pushing.under_way.push_front(UnderWay { pusher, number, bytes, room });
            return self.worker_fault(format!("told of more lines than chunk {number} of {} has", pusher.0), now);
        }
        let Some(owner) = self.pushing.pushers.get(&pusher) else { return };
        let faults = faults.into_iter().map(|fault| PushFault { line: fault.line, why: fault.why }).collect();
        let taken = PushTaken { number, accepted, rejected, faults, credit: 1 };
        owner.answers.say(&ToClient::PushTaken(taken), Some(room));
    }
}
