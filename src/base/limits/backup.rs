//! Caps of `unblink backup` and `unblink restore`.

use super::{CONFIG_BYTES_MAX, CONFIG_FILES_MAX, GENERATIONS_BYTES_MAX, GENERATIONS_MAX};

/// Files in one backup, but for the list of them.
pub const BACKUP_FILES_MAX: usize = CONFIG_FILES_MAX + GENERATIONS_MAX;
/// The list of them: a path, a checksum and some numbers for each.
pub const BACKUP_MANIFEST_BYTES_MAX: usize = BACKUP_FILES_MAX * 1024;
/// All of it, packed or not: what does not get smaller by packing gets hardly larger.
pub const BACKUP_BYTES_MAX: usize = 160 * 1024 * 1024;

// Twice as much as there may be, for the heads of files.
const _: () = assert!(
    CONFIG_BYTES_MAX + GENERATIONS_BYTES_MAX as usize + BACKUP_MANIFEST_BYTES_MAX + BACKUP_FILES_MAX * 2048
        < BACKUP_BYTES_MAX
);
