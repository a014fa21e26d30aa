//! What workers left, copied from a daemon that runs.
//!
//! Invariant: a copy is what stood in a history at one time: once all of it was read, all of it stands there still. The daemon and
//! this program do not look into it; what a worker was writing at that moment is its end.

use std::path::{Path, PathBuf};

use crate::admin::client::{self, AskError};
use crate::admin::status::Status;
use crate::base::limits;
use crate::notation::harmless;
use crate::runtime::{self, timer};
use crate::sys::clock;
use crate::wire::copied::Writer;

/// All that could be had.
#[derive(Debug, Default)]
pub struct Histories {
    /// By tenant, as they are kept in files.
    pub copied: Vec<(String, Vec<u8>)>,
    /// What is missing and why, a line for each.
    pub left_out: Vec<String>,
}

/// Where something stands, and its bytes.
type Piece = (u64, Vec<u8>);

/// Asks whoever answers there.
pub fn of_daemon(socket: &Path) -> Histories {
    let asked = runtime::block_on(gather(socket));
    let unasked = |why: String| Histories { left_out: vec![format!("no history: {why}")], ..Histories::default() };
    asked.unwrap_or_else(|error| Err(error.to_string())).unwrap_or_else(unasked)
}

/// Of all tenants; an error where none can be asked for.
async fn gather(socket: &Path) -> Result<Histories, String> {
    let shown = harmless(&socket.display().to_string());
    let said = client::get("/api/v1/status", socket).await;
    let said =
        said.map_err(|error| format!("it lies in the memory of a daemon, and none answers at {shown}: {error}"))?;
    let status: Option<Status> = (said.code == 200).then(|| serde_json::from_slice(&said.body).ok()).flatten();
    let status =
        status.ok_or_else(|| format!("the daemon at {shown} is not understood; restart it to run this program"))?;
    let mut histories = Histories::default();
    let mut room = limits::BACKUP_HISTORIES_BYTES_MAX;
    for tenant in status.workers.into_iter().map(|worker| worker.tenant).take(limits::TENANTS_MAX) {
        match copy(socket, &tenant, room).await {
            Ok(bytes) => {
                room -= bytes.len();
                histories.copied.push((tenant, bytes));
            }
            Err(why) => histories.left_out.push(format!("no history of {}: {why}", harmless(&tenant))),
        }
    }
    Ok(histories)
}

/// One of them, as it is kept in a file of no more than so many bytes.
async fn copy(socket: &Path, tenant: &str, room: usize) -> Result<Vec<u8>, String> {
    let source = Source { socket: socket.to_owned(), tenant: tenant.to_owned() };
    for _ in 0..limits::HISTORY_TRIES_MAX {
        let pieces = source.all(room).await?;
        if !source.has(&pieces).await? {
            continue;
        }
        return written(&pieces, room);
    }
    Err("it was begun anew each time it was read; try again in a minute".to_owned())
}

fn written(pieces: &[Piece], room: usize) -> Result<Vec<u8>, String> {
    let written = Writer::begin(Vec::new()).and_then(|mut writer| {
        pieces.iter().try_for_each(|(at, bytes)| writer.piece(*at, bytes))?;
        writer.finish()
    });
    written
        .map_err(|error| error.to_string())
        .and_then(|bytes| if bytes.len() <= room { Ok(bytes) } else { Err(no_room()) })
}

fn no_room() -> String {
    format!(
        "all together they are more than the {} bytes that a backup holds of them",
        limits::BACKUP_HISTORIES_BYTES_MAX
    )
}

/// Whether all that was read is still there: nothing was cleared or begun anew meanwhile. What was written since is more.
fn still_has(before: &[u8], now: &[u8]) -> bool {
    before.len() <= now.len() && before.iter().zip(now).all(|(before, now)| before == now || *before == 0)
}

/// One tenant's, at its daemon.
struct Source {
    socket: PathBuf,
    tenant: String,
}

// === impl Source ===

impl Source {
    async fn all(&self, room: usize) -> Result<Vec<Piece>, String> {
        let (mut pieces, mut from, mut taken): (Vec<Piece>, _, _) = (Vec::new(), 0, 0_usize);
        while let Some((at, bytes)) = self.piece(from).await? {
            taken += bytes.len();
            if taken > room {
                return Err(no_room());
            }
            if at < from || bytes.is_empty() {
                return Err("the daemon is not understood".to_owned());
            }
            from = at.saturating_add(bytes.len() as u64);
            pieces.push((at, bytes));
        }
        Ok(pieces)
    }

    async fn has(&self, pieces: &[Piece]) -> Result<bool, String> {
        for (at, before) in pieces {
            let now = self.piece(*at).await?;
            if !now.is_some_and(|(there, now)| there == *at && still_has(before, &now)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next one from there on.
    async fn piece(&self, from: u64) -> Result<Option<Piece>, String> {
        let page = format!("/api/v1/history?tenant={}&at={from}", self.tenant);
        let until = clock::mono() + limits::HISTORY_PATIENCE;
        let body = loop {
            let answer = client::get(&page, &self.socket).await.map_err(|error: AskError| error.to_string())?;
            match answer.code {
                200 => break answer.body,
                // Reports are made for others.
                429 if clock::mono() < until => timer::sleep(PAUSE).await,
                code => {
                    let said = String::from_utf8_lossy(&answer.body);
                    return Err(format!("HTTP {code}: {}", harmless(said.lines().next().unwrap_or_default())));
                }
            }
        };
        let Some((at, bytes)) = body.split_first_chunk() else { return Ok(None) };
        Ok(Some((u64::from_le_bytes(*at), bytes.to_vec())))
    }
}

/// Before a daemon that has no place is asked again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_still_there_where_only_more_was_written() {
        for (before, now, has) in [
            (&b"abc\0\0"[..], &b"abc\0\0"[..], true),
            (b"abc\0\0", b"abcde", true),
            (b"abc", b"abcde", true),
            (b"abc\0\0", b"\0\0\0\0\0", false),
            (b"abc\0\0", b"abd\0\0", false),
            (b"abc", b"ab", false),
        ] {
            assert_eq!(still_has(before, now), has, "{before:?} {now:?}");
        }
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        let pieces = vec![(0, vec![1; 100])];
        let whole = written(&pieces, 1_000).unwrap();
        assert!(written(&pieces, whole.len()).is_ok());
        assert!(written(&pieces, whole.len() - 1).unwrap_err().contains("more than the"));
    }
}
