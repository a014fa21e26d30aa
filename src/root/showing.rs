//! Which view a session sees, and whether it may.
//!
//! Invariant: a view goes with its last viewer, unless nothing can be drawn anew: then the last frame is kept for whoever
//! comes back. Nobody sees a view of a tenant that is not there for them.

use super::session::Session;
use super::state::State;
use super::tenants::Tenant;
use super::tenants::rights::Deed;
use crate::base::{Mono, SessionId, ViewId, limits};
use crate::model::{Catalogue, ViewSpec};
use crate::wire::attach::FarewellCode;
use crate::wire::feed::ToWorker;

// === impl State: which view a session sees ===

impl State {
    pub(super) fn show(&mut self, id: SessionId, spec: ViewSpec, now: Mono) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.spec == spec {
            return;
        }
        let before = session.view;
        if let Err(text) = self.check_room(&spec, Some(before)) {
            return self.dismiss(id, FarewellCode::Full, &text, now);
        }
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.spec = spec.clone();
        let view = self.open_view(&spec, now);
        self.fanout.inherit(view, before);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.view = view;
        }
        if let Some(notice) = self.spec_notice(id) {
            self.fanout.tell(id, notice, now);
        }
        self.fanout.move_to(id, view, now);
        self.lay_banner(view, now);
        self.release(before, now);
    }

    /// Whether a view of this spec may be opened by somebody who leaves that other one.
    pub(super) fn check_room(&mut self, spec: &ViewSpec, leaves: Option<ViewId>) -> Result<(), String> {
        if self.views.find(spec).is_some() {
            return Ok(());
        }
        let fits = |state: &State| {
            let alone = leaves.filter(|view| state.fanout.viewer_count(*view) == 1);
            let freed = alone.and_then(|view| state.views.spec(view)).map_or(0, |spec| spec.size.cells());
            state.views.cells() - freed + spec.size.cells() <= limits::CELLS_MAX
        };
        if !fits(self) {
            // Views that outlived their viewers are worth less than one that somebody wants.
            self.sweep();
        }
        let too_many = || {
            format!(
                "the daemon shows as much as it may, {} cells over all views; try a smaller terminal",
                limits::CELLS_MAX
            )
        };
        if fits(self) { Ok(()) } else { Err(too_many()) }
    }

    /// The view of a spec; a new one is subscribed to where the worker draws.
    pub(super) fn open_view(&mut self, spec: &ViewSpec, now: Mono) -> ViewId {
        if let Some(view) = self.views.find(spec) {
            return view;
        }
        if self.views.len() >= limits::VIEWS_MAX {
            // Only views that outlived their viewers can be so many.
            self.sweep();
        }
        let view = self.views.add(spec);
        self.fanout.open(view);
        if self.draws(&spec.tenant) {
            self.send(&spec.tenant, &ToWorker::Subscribe { view, spec: spec.clone() }, now);
        }
        view
    }

    /// Lets a view go that has lost its last viewer. While nothing can be drawn anew it stays: whoever comes back
    /// gets the last frame there was.
    pub(super) fn release(&mut self, view: ViewId, now: Mono) {
        let Some(owner) = self.views.spec(view).map(|spec| spec.tenant.clone()) else { return };
        let is_over = self.tenants.get(&owner).is_none_or(Tenant::draws);
        if self.fanout.viewer_count(view) == 0 && is_over {
            self.views.remove(view);
            self.fanout.close(view);
            self.send(&owner, &ToWorker::Unsubscribe { view }, now);
        }
    }

    fn sweep(&mut self) {
        let idle = |spec: &ViewSpec| !self.draws(&spec.tenant);
        let all = self.views.all().into_iter().filter(|(_, spec)| idle(spec));
        let all: Vec<ViewId> = all.map(|(view, _)| view).collect();
        for view in all {
            if self.fanout.viewer_count(view) == 0 {
                self.views.remove(view);
                self.fanout.close(view);
            }
        }
    }
}

// === impl State: who may not stay ===

impl State {
    /// Tenants or rights are others than before: ends what they do not allow any more.
    pub(super) fn enforce_rights(&mut self, now: Mono) {
        let text = |tenant: &str| format!("the tenant {tenant} is not there for you any more");
        let stays = |session: &Session| self.tenants.is_there_for(Deed::View, &session.seat, &session.spec.tenant);
        let out = self.sessions.iter().filter(|(_, session)| !stays(session));
        let out: Vec<(SessionId, String)> = out.map(|(id, session)| (*id, text(&session.spec.tenant))).collect();
        for (id, text) in out {
            self.dismiss(id, FarewellCode::NoSuchBoard, &text, now);
        }
        for (id, tenant) in self.pushing.unwelcome(&self.tenants) {
            self.dismiss_pusher(id, FarewellCode::NoSuchBoard, &text(&tenant));
        }
    }
}

/// Looks the board and its parameters up; an empty name is the first one there is.
pub fn resolve(spec: &mut ViewSpec, catalogue: &Catalogue) -> Result<(), String> {
    if spec.board.is_empty()
        && let Some(first) = catalogue.boards.first()
    {
        spec.board.clone_from(&first.name);
    }
    if let Some(board) = catalogue.board(&spec.board) {
        return board.check_params(&spec.params);
    }
    let names: Vec<&str> = catalogue.boards.iter().map(|board| board.name.as_str()).collect();
    Err(format!("there is no board {:?}; there are: {}", spec.board, names.join(", ")))
}
