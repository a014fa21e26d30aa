//! Caps of what passes between the daemon and the service manager that runs it.

use std::time::Duration;

use super::TENANTS_MAX;

/// Descriptors a manager may hand over at the start: three sockets, a history for each tenant, and as much again for what
/// is none of ours. What lies beyond is closed unseen.
pub const HANDED_MAX: usize = 64;
/// The name of one of them; a manager takes no longer ones.
pub const HANDED_NAME_BYTES_MAX: usize = 255;
/// Time until some board can be drawn. After that the daemon says it is up, and what is wrong: viewers see more of that than
/// of a service that is started again and again. A worker is ready within a second, on a loaded machine within some.
pub const READY_DEADLINE: Duration = Duration::from_secs(10);
/// A daemon that cannot start ends no sooner than this after its beginning: its manager starts it again at once, as it should
/// where one that ran for long has ended.
pub const START_TAKES_AT_LEAST: Duration = Duration::from_secs(2);
/// Silence that a manager has to bear before it takes the daemon for hung (`WatchdogSec=`): a picture of its own comes once a
/// second, and two may be late.
pub const WATCHDOG_AT_LEAST: Duration = Duration::from_secs(3);
/// A picture of the daemon's own that did not get through for so long gets another way.
pub const LOOPBACK_PATIENCE: Duration = Duration::from_secs(1);

const _: () = assert!(TENANTS_MAX + 3 <= HANDED_MAX / 2);
