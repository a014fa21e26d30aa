//! Answers to the admin API's questions, made from the state as it is.

use super::state::{Course, State};
use super::tenants::{Name, Tenant};
use super::worker::Worker;
use crate::admin::Ask;
use crate::admin::status::{
    BoardList, BoardRow, CountRow, MemoryRow, Readiness, RootStatus, SessionRow, Status, ViewRow, WorkerRow,
};
use crate::base::{BUILD_ID, Mono};
use crate::config::TENANT_DEFAULT;
use crate::machine::reload::Cause;
use crate::sys::host;

impl State {
    pub fn answer(&mut self, ask: Ask, now: Mono) -> Course {
        // Whoever asked may have gone meanwhile.
        match ask {
            Ask::Reload(reply) => return self.reload(Cause::Command, Some(reply), now),
            Ask::Recycle(tenant, reply) => {
                self.recycle(tenant.as_deref().unwrap_or(TENANT_DEFAULT), Some(reply));
                return self.settle(now);
            }
            Ask::Rollback(number, reply) => return self.roll_back(number, reply, now),
            Ask::Capture(wish, reply) => {
                self.capture(&wish, reply, now);
                return self.settle(now);
            }
            Ask::Fault(reply, _) => drop(reply.send(self.configuration.faults())),
            Ask::Status(reply) => drop(reply.send(self.status(now))),
            Ask::Processes(reply) => drop(reply.send(self.tenants.processes())),
            Ask::Metrics(reply) => drop(reply.send(self.page(now))),
            Ask::Boards(reply) => drop(reply.send(self.boards())),
            Ask::History(tenant, reply) => {
                let tenant = self.tenants.get(&tenant);
                drop(reply.send(tenant.and_then(|tenant| tenant.worker.history())));
            }
            Ask::Ready(reply) => drop(reply.send(match self.why_not_ready() {
                None => Readiness::Ready,
                Some(why) => Readiness::NotYet(why),
            })),
        }
        Course::On
    }

    fn boards(&self) -> BoardList {
        let rows = |(name, tenant): (&Name, &Tenant)| {
            let boards = tenant.worker.catalogue().map_or(&[][..], |catalogue| &catalogue.boards);
            let row = |facts: &crate::model::BoardFacts| BoardRow { tenant: name.to_string(), facts: facts.clone() };
            boards.iter().map(row).collect::<Vec<_>>()
        };
        BoardList { boards: self.tenants.all().flat_map(rows).collect() }
    }

    /// Why no tenant's boards can be drawn. What is wrong with one of them is no reason to take the others away.
    fn why_not_ready(&self) -> Option<String> {
        let whys: Option<Vec<String>> = self.tenants.all().map(|(_, tenant)| tenant.worker.why_not_ready()).collect();
        whys.map(|whys| whys.join("; "))
    }

    fn status(&self, now: Mono) -> Status {
        let root = RootStatus {
            pid: host::pid(),
            build: BUILD_ID.to_owned(),
            uptime_s: now.since(self.started_at).as_secs(),
            generation: self.generation(),
            pushers: self.pushing.count(),
            configuration: self.configuration.status(),
        };
        let views = self.views.all().into_iter().map(|(view, spec)| ViewRow {
            id: view.0,
            board: spec.board.clone(),
            tenant: spec.tenant.clone(),
            size: spec.size.to_string(),
            version: self.fanout.newest(view).map_or(0, |newest| newest.version.0),
            viewers: self.fanout.viewer_count(view),
        });
        Status {
            root,
            workers: self
                .tenants
                .all()
                .map(|(name, tenant)| worker_row(&tenant.worker, self.pushing.limited(name)))
                .collect(),
            views: views.collect(),
            sessions: self.session_rows(now),
            tree: self.tree(now),
            watchdogs: Vec::new(),
        }
    }

    fn session_rows(&self, now: Mono) -> Vec<SessionRow> {
        let mut rows: Vec<SessionRow> = self
            .sessions
            .iter()
            .map(|(id, session)| {
                let standing = self.fanout.standing(*id);
                let stalled = standing.and_then(|standing| standing.stalled_since).map(|since| now.since(since));
                SessionRow {
                    id: id.0,
                    kind: session.seat.kind().to_owned(),
                    device: session.seat.device().map(str::to_owned),
                    view: session.view.0,
                    lag_versions: standing.map_or(0, |standing| standing.lag_versions),
                    stalled_ms: stalled.map_or(0, |stalled| u64::try_from(stalled.as_millis()).unwrap_or(u64::MAX)),
                }
            })
            .collect();
        rows.sort_unstable_by_key(|row| row.id);
        rows
    }
}

fn worker_row(worker: &Worker, chunks_limited: u64) -> WorkerRow {
    let said = worker.status();
    WorkerRow {
        tenant: worker.tenant().to_owned(),
        pid: worker.pid(),
        epoch: worker.epoch().0,
        state: worker.state().to_owned(),
        restarts: worker.restarts(),
        recycled: worker.recycled(),
        last_fault: worker.last_fault().map(str::to_owned),
        series: said.series,
        frames_drawn: said.frames_drawn,
        frames_late: said.frames_late,
        frames_limited: said.frames_limited,
        limited: said.limited.iter().map(|count| (count.name.clone(), count.count)).collect(),
        chunks_limited,
        samples: said.samples,
        samples_rejected: said.samples_rejected,
        rejected: said.rejected.iter().map(|row| CountRow { name: row.name.clone(), count: row.count }).collect(),
        memory: said
            .memory
            .iter()
            .map(|row| MemoryRow { name: row.name.clone(), bytes: row.bytes, bytes_max: row.bytes_max })
            .collect(),
        faults: said.faults.iter().map(|count| (count.name.clone(), count.count)).collect(),
        limits: worker.limit_rows(),
        throttled_ms: worker.counts().map(|counts| u64::try_from(counts.throttled.as_millis()).unwrap_or(u64::MAX)),
        push_rejected: said.push_rejected.iter().map(|count| (count.name.clone(), count.count)).collect(),
    }
}
