//! Caps of `unblink backup` and `unblink restore`.

use std::time::Duration;

use super::{
    ADMIN_ANSWER_BYTES_MAX, CONFIG_BYTES_MAX, CONFIG_FILES_MAX, GENERATIONS_BYTES_MAX, GENERATIONS_MAX,
    HISTORY_BYTES_MAX, TENANTS_MAX,
};

/// Files in one backup, but for the list of them.
pub const BACKUP_FILES_MAX: usize = CONFIG_FILES_MAX + GENERATIONS_MAX + TENANTS_MAX;
/// The list of them: a path, a checksum, names and some numbers for each.
pub const BACKUP_MANIFEST_BYTES_MAX: usize = BACKUP_FILES_MAX * 1024;
/// All histories in it: some megabytes each are usual, two that have grown to their most fit. Those that do not are left out by
/// name. Whoever makes or reads a backup holds up to three times that in memory.
pub const BACKUP_HISTORIES_BYTES_MAX: usize = 520 * 1024 * 1024;
/// All of it, packed or not: what does not get smaller by packing gets hardly larger.
pub const BACKUP_BYTES_MAX: usize = 160 * 1024 * 1024 + BACKUP_HISTORIES_BYTES_MAX;
/// Of a history, in one answer: root holds no more of it, whoever asks for how much.
pub const HISTORY_PIECE_BYTES_MAX: usize = 1024 * 1024;
/// What a history that is kept in a file takes beside what was written: some bytes for each piece. Parts that were never written
/// make more of them; of the smallest there are as many as pages.
pub const HISTORY_COPIED_BYTES_MAX: u64 = HISTORY_BYTES_MAX + HISTORY_BYTES_MAX / 4096 * 16 + 4096;
/// A history that is begun anew while it is read is read again, so often.
pub const HISTORY_TRIES_MAX: u32 = 5;
/// How long one is asked for whose daemon makes reports for others meanwhile.
pub const HISTORY_PATIENCE: Duration = Duration::from_secs(30);
/// A daemon that is being ended, or the child it forked a moment before, lets go of the state folder within this.
pub const STATE_LET_GO_DEADLINE: Duration = Duration::from_secs(2);
/// A daemon that is started while something is restored waits so long for the end of that.
pub const RESTORE_AWAITED_MAX: Duration = Duration::from_secs(30);

// Twice as much as there may be, for the heads of files.
const _: () = assert!(
    CONFIG_BYTES_MAX
        + GENERATIONS_BYTES_MAX as usize
        + BACKUP_HISTORIES_BYTES_MAX
        + BACKUP_MANIFEST_BYTES_MAX
        + BACKUP_FILES_MAX * 2048
        < BACKUP_BYTES_MAX
);
const _: () = assert!(2 * HISTORY_COPIED_BYTES_MAX as usize <= BACKUP_HISTORIES_BYTES_MAX);
const _: () = assert!(HISTORY_PIECE_BYTES_MAX + 10 <= ADMIN_ANSWER_BYTES_MAX);
