//! What happens to viewers.

use tracing::{debug, info, warn};

use super::{COUNTERS, Event};
use crate::base::SessionId;

/// A viewer was admitted.
#[derive(Debug)]
pub struct SessionOpened<'a> {
    pub session: SessionId,
    pub tenant: &'a str,
    pub board: &'a str,
    pub uid: u32,
    pub pid: i32,
    /// What it draws on, when that is a device of the daemon's.
    pub device: Option<&'a str>,
}

/// A viewer is gone.
#[derive(Debug)]
pub struct SessionClosed<'a> {
    pub session: SessionId,
    pub why: &'a str,
}

/// A viewer was not admitted.
#[derive(Debug)]
pub struct SessionRefused<'a> {
    pub uid: u32,
    pub why: &'a str,
}

/// A viewer does not read what it is sent. The others notice nothing.
#[derive(Debug)]
pub struct SessionStalled {
    pub session: SessionId,
    pub stalled_ms: u64,
}

/// Versions a slow viewer never saw because newer ones came first.
#[derive(Debug)]
pub struct FrameDropped {
    pub session: SessionId,
    pub versions: u64,
}

/// A key that came while too many were waiting for the worker.
#[derive(Debug)]
pub struct InputDropped {
    pub session: SessionId,
}

impl Event for SessionOpened<'_> {
    fn emit(self) {
        COUNTERS.sessions_opened.add(1);
        let SessionOpened { session, tenant, board, uid, pid, device } = self;
        info!(session = session.0, tenant, board, uid, pid, device, "viewer attached");
    }
}

impl Event for SessionClosed<'_> {
    fn emit(self) {
        COUNTERS.sessions_closed.add(1);
        info!(session = self.session.0, why = self.why, "viewer left");
    }
}

impl Event for SessionRefused<'_> {
    fn emit(self) {
        COUNTERS.sessions_refused.add(1);
        warn!(uid = self.uid, why = self.why, "viewer refused");
    }
}

impl Event for SessionStalled {
    fn emit(self) {
        COUNTERS.sessions_stalled.add(1);
        info!(session = self.session.0, stalled_ms = self.stalled_ms, "viewer does not read");
    }
}

impl Event for FrameDropped {
    fn emit(self) {
        COUNTERS.frames_dropped.add(self.versions);
        debug!(session = self.session.0, versions = self.versions, "frames dropped for a slow viewer");
    }
}

/// A viewer asked for keyframes more often than it may, and was told when to ask again.
#[derive(Debug)]
pub struct RepaintPutOff {
    pub session: SessionId,
    pub after_ms: u32,
}

impl Event for RepaintPutOff {
    fn emit(self) {
        COUNTERS.repaints_put_off.add(1);
        debug!(session = self.session.0, after_ms = self.after_ms, "keyframe put off: it was asked for too often");
    }
}

/// USR2 came more often than all screens are repainted: it is done later, once for all that came.
#[derive(Debug)]
pub struct RepaintAllPutOff;

impl Event for RepaintAllPutOff {
    fn emit(self) {
        COUNTERS.repaints_put_off.add(1);
        debug!("a repaint of all screens was put off: it was asked for too often");
    }
}

impl Event for InputDropped {
    fn emit(self) {
        COUNTERS.inputs_dropped.add(1);
        debug!(session = self.session.0, "key or gesture dropped: too many wait for the worker");
    }
}
