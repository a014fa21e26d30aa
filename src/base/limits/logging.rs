//! Caps of what the daemon logs.

/// Lines for the standard error that are kept while a terminal shows charts.
pub const KEPT_LINES_MAX: usize = 100;
/// Log messages that wait for one destination that does not take them: some thousand.
pub const LOG_WAITING_BYTES_MAX: usize = 256 * 1024;
/// The standard error, files and journald.
pub const LOG_DESTINATIONS: usize = 3;
/// One log message with all of its fields: the calls that a worker hung in fit.
pub const LOG_RECORD_BYTES_MAX: usize = 16 * 1024;
/// One of its values.
pub const LOG_VALUE_BYTES_MAX: usize = 4 * 1024;
/// Fields of one log message; no event has half as many.
pub const LOG_FIELDS_MAX: usize = 32;
/// Of those, kept free for what is known around an event: whose worker, what is worked on, where in the program.
pub const LOG_FIELDS_AROUND: usize = 9;
/// Kept free for them.
pub const LOG_AROUND_BYTES: usize = 1024;
/// Log files that may be kept, one for each day: a year.
pub const LOG_FILES_MAX: usize = 366;
/// The log file of one day, whoever writes to it: two weeks of full ones take less than a gigabyte.
pub const LOG_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
