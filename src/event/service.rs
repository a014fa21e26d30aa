//! What passes between the daemon and the service manager that started it.

use std::io;
use std::path::Path;
use std::time::Duration;

use tracing::{info, warn};

use super::Event;
use crate::base::limits;

/// A descriptor that was handed over is not what it should be; it was closed.
#[derive(Debug)]
pub struct HandedRefused<'a> {
    pub name: &'a str,
    pub error: &'a io::Error,
}

/// What workers of an earlier daemon left is there.
#[derive(Debug)]
pub struct HistoriesReturned {
    pub count: usize,
}

/// What `unblink restore` put there of a tenant's past is what its first worker begins with.
#[derive(Debug)]
pub struct HistoryRestored<'a> {
    pub tenant: &'a str,
    pub bytes: u64,
}

/// An earlier daemon had begun to take it and ended before it was done.
#[derive(Debug)]
pub struct HistoryTried<'a> {
    pub path: &'a Path,
}

/// It cannot be read for a reason of this machine; it stays.
#[derive(Debug)]
pub struct HistoryPutOff<'a> {
    pub path: &'a Path,
    pub error: &'a io::Error,
}

/// It cannot be: the charts of that tenant begin without it.
#[derive(Debug)]
pub struct HistoryUnrestored<'a> {
    pub path: &'a Path,
    pub why: &'a str,
}

/// The service manager does not hold a history; it is asked again.
#[derive(Debug)]
pub struct HistoryUnkept<'a> {
    pub name: &'a str,
    pub error: &'a io::Error,
}

/// The service manager cannot be told how the daemon fares.
#[derive(Debug)]
pub struct ManagerUntold<'a> {
    pub error: &'a io::Error,
}

/// The service manager bears less silence than a healthy daemon may keep.
#[derive(Debug)]
pub struct WatchdogShort {
    pub span: Duration,
}

impl Event for HandedRefused<'_> {
    fn emit(self) {
        warn!(name = self.name, error = %self.error, "a descriptor that the service manager handed over is of no use, and closed");
    }
}

impl Event for HistoriesReturned {
    fn emit(self) {
        info!(histories = self.count, "histories came back from the service manager");
    }
}

impl Event for HistoryRestored<'_> {
    fn emit(self) {
        info!(tenant = self.tenant, bytes = self.bytes, "the charts begin with the past that was restored");
    }
}

impl Event for HistoryTried<'_> {
    fn emit(self) {
        let path = self.path.display();
        warn!(%path, "an earlier daemon ended while it took this past; where charts lack it, restore the backup again");
    }
}

impl Event for HistoryPutOff<'_> {
    fn emit(self) {
        let path = self.path.display();
        warn!(%path, error = %self.error, "a past that was restored cannot be read now; it stays for the next start");
    }
}

impl Event for HistoryUnrestored<'_> {
    fn emit(self) {
        let (path, why) = (self.path.display(), self.why);
        warn!(%path, why, "a past that was restored is of no use, and the charts begin without it; the backup has it still");
    }
}

impl Event for HistoryUnkept<'_> {
    fn emit(self) {
        warn!(name = self.name, error = %self.error, "the service manager does not take a history yet; it is asked each second");
    }
}

impl Event for WatchdogShort {
    fn emit(self) {
        let at_least = limits::WATCHDOG_AT_LEAST;
        warn!(watchdog = ?self.span, "a healthy daemon may be ended by its watchdog; give it {at_least:?} or more (WatchdogSec=)");
    }
}

impl Event for ManagerUntold<'_> {
    fn emit(self) {
        warn!(error = %self.error, "the service manager cannot be told how the daemon fares");
    }
}
