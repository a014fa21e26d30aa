//! Captures: profiles of this process and of workers, taken at the same time and put together.
//!
//! Invariant: one at a time, over by its deadline whatever the processes do; whoever asked is answered, with what there is
//! and why the rest is missing, and one who has gone is not worked for. A worker is not believed more samples than there
//! can be.

use std::time::Duration;

use super::link::LifeId;
use super::state::State;
use super::tenants::Tenants;
use crate::admin::capture::{Capture, Declined, Of, Reply, Target, Wish};
use crate::base::{Mono, limits};
use crate::model::Profile;
use crate::runtime::profiling::{Profiled, Profiling};
use crate::sys::recorder;
use crate::wire::feed::ToWorker;

/// What is under way, if anything.
#[derive(Debug)]
pub struct Capturing {
    own: Profiling,
    last: u64,
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    number: u64,
    reply: Reply,
    waits_for: Vec<Part>,
    capture: Capture,
    of: Of,
    hz: u32,
    span: Duration,
    deadline: Mono,
}

/// A process whose profile is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Root,
    Worker(String, LifeId),
}

const ROOT: &str = "root";
const ENDED: &str = "its process ended meanwhile";

// === impl Part ===

impl Part {
    /// As the frame below all of its frames is called.
    fn name(&self) -> String {
        match self {
            Part::Root => ROOT.to_owned(),
            Part::Worker(tenant, _) => worker_name(tenant),
        }
    }
}

fn worker_name(tenant: &str) -> String {
    format!("worker {tenant}")
}

// === impl Current ===

impl Current {
    fn took(&mut self, part: &Part, outcome: Result<Profile, String>) {
        let before = self.waits_for.len();
        self.waits_for.retain(|waited| waited != part);
        // One that was not asked, or said so already.
        if self.waits_for.len() == before {
            return;
        }
        match outcome {
            Ok(profile) => {
                let believed = match self.of {
                    Of::Present | Of::Past => profile.believed(self.hz, self.span),
                    Of::Heap => profile.believed_of_memory(self.span),
                };
                self.capture.parts.push((part.name(), believed));
            }
            Err(why) => self.capture.missing.push((part.name(), why)),
        }
    }
}

// === impl Capturing ===

impl Capturing {
    pub fn new(own: Profiling) -> Capturing {
        Capturing { own, last: 0, current: None }
    }

    pub fn wake_at(&self) -> Option<Mono> {
        Some(self.current.as_ref()?.deadline)
    }
}

// === impl State ===

impl State {
    pub(super) fn capture(&mut self, wish: &Wish, reply: Reply, now: Mono) {
        self.note_captures(now);
        if let Some(current) = &self.capturing.current {
            drop(reply.send(Err(Declined::Busy(current.deadline.since(now)))));
            return;
        }
        if let Target::Tenant(name) = &wish.target
            && self.tenants.get(name).is_none()
        {
            let names = self.tenants.names().iter().map(ToString::to_string).collect();
            drop(reply.send(Err(Declined::Unknown(names))));
            return;
        }
        self.capturing.last += 1;
        let number = self.capturing.last;
        // What is recorded comes at once, and of the whole minutes that it lies in.
        let span = if wish.of == Of::Past { recorder::span(wish.span, now) } else { wish.span };
        let mut current = Current {
            number,
            reply,
            waits_for: Vec::new(),
            capture: Capture::default(),
            of: wish.of,
            hz: wish.hz,
            span,
            deadline: now + wish.takes() + limits::CAPTURE_GRACE,
        };
        if matches!(wish.target, Target::All | Target::Root) {
            match wish.of {
                Of::Present => self.capturing.own.begin(number, wish.hz, wish.span),
                Of::Past => self.capturing.own.look_back(number, wish.span),
                Of::Heap => self.capturing.own.look_at_heap(number, wish.span),
            }
            current.waits_for.push(Part::Root);
        }
        let span_ms = u32::try_from(wish.span.as_millis()).unwrap_or(u32::MAX);
        let take = match wish.of {
            Of::Present => ToWorker::TakeProfile { number, hz: wish.hz, span_ms },
            Of::Past => ToWorker::TellRecorded { number, last_ms: span_ms },
            Of::Heap => ToWorker::TellHeap { number, span_ms },
        };
        for (name, tenant) in self.tenants.all_mut() {
            let is_meant = match &wish.target {
                Target::All => true,
                Target::Root => false,
                Target::Tenant(meant) => **name == **meant,
            };
            if !is_meant {
                continue;
            }
            let worker = &mut tenant.worker;
            if worker.draws() && worker.listened_to() {
                worker.send(&take, now);
                current.waits_for.push(Part::Worker(name.to_string(), worker.life()));
            } else {
                current.capture.missing.push((worker_name(name), format!("it is {}", worker.state())));
            }
        }
        self.capturing.current = Some(current);
    }

    pub(super) fn root_profiled(&mut self, profiled: Profiled) {
        self.took(&Part::Root, profiled);
    }

    pub(super) fn worker_profiled(&mut self, tenant: &str, profiled: Profiled) {
        let Some(life) = self.tenants.get(tenant).map(|tenant| tenant.worker.life()) else { return };
        self.took(&Part::Worker(tenant.to_owned(), life), profiled);
    }

    fn took(&mut self, part: &Part, (number, outcome): Profiled) {
        if let Some(current) = self.capturing.current.as_mut().filter(|current| current.number == number) {
            current.took(part, outcome);
        }
    }

    /// Sees who can be waited for no longer, and answers when nobody is left.
    pub(super) fn note_captures(&mut self, now: Mono) {
        let Some(current) = &mut self.capturing.current else { return };
        let (is_gone, is_late) = (current.reply.is_closed(), now >= current.deadline);
        let given_up = |part: &Part| {
            let why = match () {
                () if is_gone => "nobody waits for it",
                () if has_ended(&self.tenants, part) => ENDED,
                () if is_late => "it did not answer",
                () => return None,
            };
            Some((part.clone(), why))
        };
        let given_up: Vec<(Part, &str)> = current.waits_for.iter().filter_map(given_up).collect();
        for (part, why) in given_up {
            current.took(&part, Err(why.to_owned()));
            let number = current.number;
            match &part {
                _ if why == ENDED => {}
                Part::Root => self.capturing.own.call_off(number),
                Part::Worker(tenant, life) => {
                    let tenant = self.tenants.get_mut(tenant).filter(|tenant| tenant.worker.life() == *life);
                    if let Some(tenant) = tenant {
                        tenant.worker.send(&ToWorker::CallOffProfile { number }, now);
                    }
                }
            }
        }
        if let Some(Current { reply, capture, .. }) = self.capturing.current.take_if(|it| it.waits_for.is_empty()) {
            // Whoever asked may have gone meanwhile.
            drop(reply.send(Ok(capture)));
        }
    }
}

fn has_ended(tenants: &Tenants, part: &Part) -> bool {
    let Part::Worker(tenant, life) = part else { return false };
    let worker = tenants.get(tenant).map(|tenant| &tenant.worker);
    !worker.is_some_and(|worker| worker.life() == *life && worker.listened_to() && worker.is_up())
}
