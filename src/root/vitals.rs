//! How root itself fares, for the worker that draws it.

use std::time::Duration;

use super::state::State;
use crate::base::Mono;
use crate::event::COUNTERS;
use crate::model::Vitals;
use crate::runtime;
use crate::sys::usage;

/// A viewer that has taken nothing for so long is said to have stalled: less is a terminal that scrolls.
pub(super) const STALLED_AFTER: Duration = Duration::from_secs(1);

impl State {
    /// Read anew: the kernel is asked, and nothing waits.
    pub(super) fn vitals(&self, tenant: &str, now: Mono) -> Vitals {
        let usage = usage::read();
        let sent = self.fanout.sent();
        Vitals {
            uptime_ms: u64::try_from(now.since(self.started_at).as_millis()).unwrap_or(u64::MAX),
            cpu_us: u64::try_from(usage.cpu.as_micros()).unwrap_or(u64::MAX),
            resident_bytes: usage.resident_bytes,
            tasks: count(runtime::running()),
            viewers: count(self.sessions.values().filter(|session| session.spec.tenant == tenant).count()),
            viewers_stalled: count(self.fanout.stalled_for(STALLED_AFTER, now)),
            views: count(self.views.count_of(tenant)),
            sessions_opened: COUNTERS.sessions_opened.get(),
            frames_sent: sent.frames,
            bytes_sent: sent.bytes,
            frames_dropped: COUNTERS.frames_dropped.get(),
            inputs_dropped: COUNTERS.inputs_dropped.get(),
            worker_restarts: self.tenants.get(tenant).map_or(0, |tenant| tenant.worker.restarts()),
        }
    }
}

fn count(things: usize) -> u32 {
    u32::try_from(things).unwrap_or(u32::MAX)
}
