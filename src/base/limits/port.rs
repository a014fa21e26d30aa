//! Caps of the admin API over TCP.

use std::time::Duration;

/// Those who have not shown a token yet, at one time: the oldest makes room for a new one. It takes milliseconds to show one.
pub const PORT_STRANGERS_MAX: usize = 32;
/// So long nobody makes room: whoever comes meanwhile waits in the kernel.
pub const PORT_STRANGER_AGE_MIN: Duration = Duration::from_millis(250);
/// Who begin with TLS a second, and at once: each costs a millisecond of the thread on which root does everything.
pub const PORT_HANDSHAKES_HZ_MAX: u32 = 50;
/// Those who have, at one time; the next is told to come again.
pub const PORT_CALLERS_MAX: usize = 8;
/// Time for what TLS begins with.
pub const TLS_DEADLINE: Duration = Duration::from_secs(5);
/// A token that nobody guesses: half of what `openssl rand -hex 16` makes would do.
pub const TOKEN_BYTES_MIN: usize = 16;
/// Token and certificate are read anew by whoever comes later than this, so that renewed ones are taken.
pub const CREDENTIALS_AGE_MAX: Duration = Duration::from_secs(10);
/// Whoever waits for that waits no longer: those that were read before serve.
pub const CREDENTIALS_DEADLINE: Duration = Duration::from_secs(1);
/// Of a request that is refused before it was read to its end: as much is still taken, for so long, that the refusal arrives.
pub const LINGER_BYTES_MAX: usize = 64 * 1024;
pub const LINGER_MAX: Duration = Duration::from_secs(1);
