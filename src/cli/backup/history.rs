//! What workers left, copied from a daemon that runs.
//!
//! Invariant: a copy is what stood in a history at one time: once all of it was read, all of it stands there still. The daemon and
//! this program do not look into it; what a worker was writing at that moment is its end.

use std::fs;
use std::path::{Path, PathBuf};

use crate::admin::client::{self, AskError};
use crate::admin::status::{ConfigurationStatus, Status};
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

/// What a history reads as: the version of what workers wrote, and all of it.
type Read = (u16, Vec<Piece>);

/// Whose histories are wanted: those of a daemon of this configuration, which keeps its generations below this folder.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub main: &'a Path,
    pub state: &'a Path,
}

/// Asks whoever answers there.
pub fn of_daemon(socket: &Path, wanted: Wanted<'_>) -> Histories {
    let asked = runtime::block_on(gather(socket, wanted));
    let unasked = |why: String| Histories { left_out: vec![format!("no history: {why}")], ..Histories::default() };
    asked.unwrap_or_else(|error| Err(error.to_string())).unwrap_or_else(unasked)
}

/// Of all tenants; an error where none can be asked for.
async fn gather(socket: &Path, wanted: Wanted<'_>) -> Result<Histories, String> {
    let shown = harmless(&socket.display().to_string());
    let said = client::get("/api/v1/status", socket).await;
    let said =
        said.map_err(|error| format!("it lies in the memory of a daemon, and none answers at {shown}: {error}"))?;
    let status: Option<Status> = (said.code == 200).then(|| serde_json::from_slice(&said.body).ok()).flatten();
    let status =
        status.ok_or_else(|| format!("the daemon at {shown} is not understood; restart it to run this program"))?;
    let mut histories = Histories::default();
    histories.left_out.extend(wanted.fits(&status.root.configuration, &shown)?);
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
        match source.all(room).await? {
            Some(read) if source.has(&read).await? => return written(&read, room),
            _ => {}
        }
    }
    Err("it was begun anew each time it was read; try again in a minute".to_owned())
}

fn written((version, pieces): &Read, room: usize) -> Result<Vec<u8>, String> {
    let written = Writer::begin(Vec::new(), *version).and_then(|mut writer| {
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

/// What one answer says; none where it is none of ours. A part that was cleared while it was read has no bytes.
fn understood(body: &[u8]) -> Option<(u16, Option<Piece>)> {
    let (version, rest) = body.split_first_chunk()?;
    let piece = match rest.split_first_chunk() {
        None if rest.is_empty() => None,
        None => return None,
        Some((at, bytes)) => Some((u64::from_le_bytes(*at), bytes.to_vec())),
    };
    Some((u16::from_le_bytes(*version), piece))
}

/// Whether both lead to the same.
fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let real = |path: &Path| fs::canonicalize(path).ok();
    whole(one) == whole(other) || real(one).is_some_and(|one| real(other) == Some(one))
}

/// One tenant's, at its daemon.
struct Source {
    socket: PathBuf,
    tenant: String,
}

// === impl Source ===

impl Source {
    /// None where it was begun anew meanwhile, or by another daemon.
    async fn all(&self, room: usize) -> Result<Option<Read>, String> {
        let (mut pieces, mut from, mut taken): (Vec<Piece>, _, _) = (Vec::new(), 0, 0_usize);
        let (version, mut next) = self.piece(from).await?;
        while let Some((at, bytes)) = next {
            taken += bytes.len();
            if taken > room {
                return Err(no_room());
            }
            if at < from {
                return Err(NOT_UNDERSTOOD.to_owned());
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            from = at.saturating_add(bytes.len() as u64);
            pieces.push((at, bytes));
            let (now, piece) = self.piece(from).await?;
            if now != version {
                return Ok(None);
            }
            next = piece;
        }
        Ok(Some((version, pieces)))
    }

    async fn has(&self, (version, pieces): &Read) -> Result<bool, String> {
        for (at, before) in pieces {
            let (now, piece) = self.piece(*at).await?;
            if now != *version || !piece.is_some_and(|(there, now)| there == *at && still_has(before, &now)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next one from there on, with the version.
    async fn piece(&self, from: u64) -> Result<(u16, Option<Piece>), String> {
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
        understood(&body).ok_or_else(|| NOT_UNDERSTOOD.to_owned())
    }
}

// === impl Wanted ===

impl Wanted<'_> {
    /// Whether it is a daemon of this configuration. Gives what is to be told all the same.
    fn fits(self, told: &ConfigurationStatus, shown: &str) -> Result<Option<String>, String> {
        let restart = "restart it to run this program";
        let file = told.file.as_deref();
        let file = file.ok_or_else(|| format!("the daemon at {shown} does not tell whose they are; {restart}"))?;
        if !is_same(Path::new(file), self.main) {
            let (theirs, ours) = (harmless(file), harmless(&self.main.display().to_string()));
            return Err(format!(
                "the daemon at {shown} runs with {theirs}, and not with {ours}; say which one is meant with --instance or \
                 --config, or where it answers with --admin-socket"
            ));
        }
        let state = told.state.as_deref().filter(|state| !is_same(Path::new(state), self.state));
        Ok(state.map(|state| {
            let (theirs, ours) = (harmless(state), harmless(&self.state.display().to_string()));
            format!(
                "generations are those in {ours}, but that daemon has its own in {theirs}; set STATE_DIRECTORY={theirs}"
            )
        }))
    }
}

const NOT_UNDERSTOOD: &str = "the daemon is not understood; restart it to run this program";

/// Before a daemon that has no place is asked again.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::copied::{self, Unfit};
    use crate::wire::history::VERSION;

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
        let read = (VERSION, vec![(0, vec![1; 100])]);
        let whole = written(&read, 1_000).unwrap();
        assert!(written(&read, whole.len()).is_ok());
        assert!(written(&read, whole.len() - 1).unwrap_err().contains("more than the"));
    }

    /// The daemon may be of another program than this one, as it is until it is restarted after an upgrade.
    #[test]
    fn the_version_is_that_of_the_daemon() {
        let body = [&(VERSION + 7).to_le_bytes()[..], &4_096_u64.to_le_bytes(), b"past"].concat();
        let (version, piece) = understood(&body).unwrap();
        assert_eq!(piece, Some((4_096, b"past".to_vec())));
        let kept = written(&(version, piece.into_iter().collect()), 1_000).unwrap();
        let read = copied::read(kept.as_slice(), |_, _| Ok(()));
        assert!(matches!(&read, Err(Unfit::Version(is)) if *is == (VERSION + 7).to_string()), "{read:?}");
        assert_eq!(understood(&body[..2]), Some((VERSION + 7, None)), "its end");
        assert_eq!(understood(&body[..10]), Some((VERSION + 7, Some((4_096, Vec::new())))), "cleared meanwhile");
        for short in [0, 1, 3, 9] {
            assert_eq!(understood(&body[..short]), None, "{short} bytes");
        }
    }

    #[test]
    fn histories_of_a_daemon_of_another_configuration_are_not_taken() {
        let told = |file: Option<&str>, state: &str| ConfigurationStatus {
            file: file.map(str::to_owned),
            state: Some(state.to_owned()),
            ..ConfigurationStatus::default()
        };
        let wanted = Wanted { main: Path::new("/none/lab.toml"), state: Path::new("/none/lab") };
        assert_eq!(wanted.fits(&told(Some("/none/lab.toml"), "/none/lab"), "s"), Ok(None));
        let other = wanted.fits(&told(Some("/none/unblink.toml"), "/none/lab"), "s").unwrap_err();
        assert!(other.contains("with /none/unblink.toml, and not with /none/lab.toml; say"), "{other}");
        assert!(wanted.fits(&told(None, "/none/lab"), "s").unwrap_err().contains("restart it"));
        let note = wanted.fits(&told(Some("/none/lab.toml"), "/none/x"), "s").unwrap().unwrap();
        assert!(note.contains("STATE_DIRECTORY=/none/x"), "{note}");
    }
}
