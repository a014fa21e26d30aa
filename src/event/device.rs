//! What happens to the devices the daemon draws on by itself.

use tracing::{debug, info, warn};

use super::{COUNTERS, Event};

/// A device was opened and set up.
#[derive(Debug)]
pub struct DeviceOpened<'a> {
    pub device: &'a str,
    /// What it was found to be, in words.
    pub what: &'a str,
    /// It was so a moment ago, and did not last.
    pub again: bool,
}

/// A device is gone, cannot be opened, or its viewer has ended; it is tried again.
#[derive(Debug)]
pub struct DeviceGone<'a> {
    pub device: &'a str,
    pub why: &'a str,
    pub retry_in_ms: u64,
    /// This was said before and nothing has changed.
    pub again: bool,
}

/// A device was given back at the daemon's end.
#[derive(Debug)]
pub struct DeviceReleased<'a> {
    pub device: &'a str,
}

impl Event for DeviceOpened<'_> {
    fn emit(self) {
        COUNTERS.devices_opened.add(1);
        let DeviceOpened { device, what, again } = self;
        if again {
            debug!(device, what, "terminal opened again");
        } else {
            info!(device, what, "terminal opened");
        }
    }
}

impl Event for DeviceGone<'_> {
    fn emit(self) {
        COUNTERS.devices_gone.add(1);
        let DeviceGone { device, why, retry_in_ms, again } = self;
        // A screen that is unplugged for a week shall not fill a log.
        if again {
            debug!(device, why, retry_in_ms, "terminal still shows nothing");
        } else {
            warn!(device, why, retry_in_ms, "terminal shows nothing; it is tried until it does");
        }
    }
}

impl Event for DeviceReleased<'_> {
    fn emit(self) {
        info!(device = self.device, "terminal given back");
    }
}
