//! The sockets of a daemon: who may connect, and the tasks that accept.
//!
//! Invariant: in user mode nobody but that user and uid 0 gets in, whatever the file modes say. Others are told so once
//! and hear nothing else.

use std::io::{self, Write};
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::RootError;
use crate::config::{self, Mode, Places, Settings};
use crate::event::{Event, GroupMissing};
use crate::runtime::timer;
use crate::sys::host;
use crate::sys::socket::{self, Listener, Peer};
use crate::wire::attach::{Farewell, FarewellCode, ToClient};

/// A daemon's two sockets, held.
#[derive(Debug)]
pub struct Sockets {
    pub attach: Listener,
    pub admin: Listener,
    pub admits: fn(&Peer) -> bool,
}

/// Members of these groups may use a system daemon's sockets.
const ATTACH_GROUP: &str = "unblink";
const ADMIN_GROUP: &str = "unblink-admin";
/// After an accept that failed for want of descriptors: trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// === impl Sockets ===

impl Sockets {
    /// Takes both paths, or neither.
    pub fn bind(settings: &Settings, places: &Places) -> Result<Sockets, RootError> {
        let attach = settings.attach.socket.as_deref();
        let admin = settings.admin.socket.as_deref();
        let admits = if places.mode == Mode::System { everybody } else { ourselves };
        Ok(Sockets {
            attach: bind(attach, &places.attach, places.mode, ATTACH_GROUP)?,
            admin: bind(admin, &places.admin, places.mode, ADMIN_GROUP)?,
            admits,
        })
    }
}

fn bind(configured: Option<&Path>, default: &Path, mode: Mode, group: &str) -> Result<Listener, RootError> {
    // A folder that somebody chose is that person's business.
    if configured.is_none() {
        config::prepare_directory(default, mode, host::uid())?;
    }
    let path = configured.unwrap_or(default);
    let bits = if mode == Mode::System { 0o660 } else { 0o600 };
    let listener = Listener::bind(path, bits)?;
    if mode == Mode::System {
        // Without such a group the socket is for uid 0 alone.
        match host::group_id(group) {
            Some(gid) => {
                let failed = |error| RootError::Group { group: group.to_owned(), path: path.to_owned(), error };
                chown(path, None, Some(gid)).map_err(failed)?;
            }
            None => GroupMissing { group, socket: path }.emit(),
        }
    }
    Ok(listener)
}

/// The modes of the sockets decide, which the kernel has checked already.
fn everybody(_: &Peer) -> bool {
    true
}

fn ourselves(peer: &Peer) -> bool {
    peer.uid == host::uid() || peer.uid == 0
}

/// A listening socket for the runtime.
pub fn on_runtime(listener: &Listener) -> io::Result<UnixListener> {
    UnixListener::from_std(listener.handle()?)
}

/// Hands viewers to the loop for ever.
pub async fn accept(listener: UnixListener, admits: fn(&Peer) -> bool, arrivals: mpsc::Sender<(UnixStream, Peer)>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            timer::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Some(peer) = socket::peer(&stream).ok().filter(admits) else {
            turn_away(stream);
            continue;
        };
        if arrivals.send((stream, peer)).await.is_err() {
            return;
        }
    }
}

/// Tells a stranger that trying again is of no use. A few bytes fit into a fresh socket, or are lost.
fn turn_away(stream: UnixStream) {
    let text = "this daemon is for the user who started it".to_owned();
    let farewell = ToClient::Farewell(Farewell { code: FarewellCode::NotAllowed, text });
    let _ = stream.into_std().and_then(|mut stream| stream.write(&farewell.encode()));
}

#[cfg(test)]
mod tests {
    use super::super::tests::Log;
    use super::*;

    #[test]
    fn a_group_that_is_missing_is_told_of_with_what_to_do_about_it() {
        let (log, _guard) = Log::listen();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.sock");
        let bind = |mode, group| drop(bind(Some(&path), &path, mode, group).unwrap());
        bind(Mode::System, "unblink-test-nobody");
        let text = log.text();
        assert!(text.contains("groupadd --system unblink-test-nobody") && text.contains("WARN"), "{text}");
        bind(Mode::User, "unblink-test-nobody");
        assert_eq!(log.count("groupadd"), 1, "a user's daemon needs no groups");
    }
}
