//! The sockets of a daemon: who may connect, and the tasks that accept.
//!
//! Invariant: in user mode nobody but that user and uid 0 gets in, whatever the file modes say. Others are told so once
//! and hear nothing else. Nothing that the daemon started gets in anywhere.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::chown;
use std::path::Path;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::RootError;
use super::service::Given;
use crate::admin::captures::Store;
use crate::admin::doorkeeper::{Doorkeeper, Refusal};
use crate::config::admin::{Credentials, PortSettings};
use crate::config::{self, Mode, Places, Settings};
use crate::event::{Event, GroupMissing};
use crate::runtime::timer;
use crate::sys::host;
use crate::sys::socket::{Listener, Peer};
use crate::wire::attach::{Farewell, FarewellCode, ToClient};

/// A daemon's sockets, held.
#[derive(Debug)]
pub struct Sockets {
    pub attach: Listener,
    pub admin: Listener,
    /// Over TCP, where that is configured.
    pub metrics: Option<TcpListener>,
    /// The admin API over TCP, where that is configured.
    pub port: Option<Port>,
    pub admits: fn(&Peer) -> bool,
    /// Where those who ask over the admin socket find captures that are kept.
    pub captures: Store,
}

/// A port at which the admin API is served to whoever has the token.
#[derive(Debug)]
pub struct Port {
    pub listener: TcpListener,
    pub settings: PortSettings,
    pub credentials: Credentials,
}

/// Members of these groups may use a system daemon's sockets.
const ATTACH_GROUP: &str = "unblink";
const ADMIN_GROUP: &str = "unblink-admin";
/// After an accept that failed for want of descriptors: trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

// === impl Sockets ===

impl Sockets {
    /// Takes all of them, or none. One that was handed over is there already, with the modes it should have.
    pub fn bind(settings: &Settings, places: &Places, given: Given) -> Result<Sockets, RootError> {
        let attach = settings.attach.socket.as_deref();
        let admin = settings.admin.socket.as_deref();
        let admits = if places.mode == Mode::System { everybody } else { ourselves };
        let bind = |given: Option<Listener>, configured, default, group| match given {
            Some(listener) => Ok(listener),
            None => bind(configured, default, places.mode, group),
        };
        Ok(Sockets {
            attach: bind(given.attach, attach, &places.attach, ATTACH_GROUP)?,
            admin: bind(given.admin, admin, &places.admin, ADMIN_GROUP)?,
            metrics: match given.metrics {
                Some(listener) => Some(listener),
                None => settings.metrics.listen.map(|at| listen(at, "metrics", "[metrics] listen")).transpose()?,
            },
            port: settings.admin_port.as_ref().map(Port::open).transpose()?,
            admits,
            captures: Store::new(&places.state),
        })
    }

    /// Where metrics are served over TCP.
    pub fn metrics_at(&self) -> Option<SocketAddr> {
        self.metrics.as_ref()?.local_addr().ok()
    }
}

// === impl Port ===

impl Port {
    fn open(settings: &PortSettings) -> Result<Port, RootError> {
        let credentials = Credentials::read(settings, config::environment)?;
        let listener = listen(settings.listen, "the admin API", "[admin] listen")?;
        Ok(Port { listener, settings: settings.clone(), credentials })
    }
}

fn listen(address: SocketAddr, what: &'static str, key: &'static str) -> Result<TcpListener, RootError> {
    let listening = TcpListener::bind(address);
    let ready = listening.and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    ready.map_err(|error| RootError::Port { what, key, address, error })
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
    let mut keeper = Doorkeeper::new("attach", admits);
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            timer::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let peer = match keeper.look(&stream) {
            Ok(peer) => peer,
            Err(refusal) => {
                turn_away(stream, refusal);
                keeper.rest().await;
                continue;
            }
        };
        if arrivals.send((stream, peer)).await.is_err() {
            return;
        }
    }
}

/// Tells somebody why, and whether trying again is of use. A few bytes fit into a fresh socket, or are lost.
fn turn_away(stream: UnixStream, refusal: Refusal) {
    // What cannot be told now may be told later: whoever was let in before shall not give up.
    let code = if matches!(refusal, Refusal::Untold(_)) { FarewellCode::Unclear } else { FarewellCode::NotAllowed };
    let farewell = ToClient::Farewell(Farewell { code, text: refusal.text() });
    let _ = stream.into_std().and_then(|mut stream| stream.write(&farewell.encode()));
}

#[cfg(test)]
mod tests {
    use super::super::tests::Log;
    use super::*;
    use crate::base::limits;
    use crate::sys::ancestry::Untold;
    use crate::wire::framing;

    #[tokio::test]
    async fn whoever_cannot_be_told_apart_may_come_again_and_nobody_else() {
        let lacking = Refusal::Untold(Untold::Unable(rustix::io::Errno::MFILE));
        for (refusal, expected) in [
            (Refusal::Other, FarewellCode::NotAllowed),
            (Refusal::Descendant, FarewellCode::NotAllowed),
            (Refusal::Untold(Untold::Ended), FarewellCode::Unclear),
            (lacking, FarewellCode::Unclear),
        ] {
            let (ours, theirs) = UnixStream::pair().unwrap();
            turn_away(ours, refusal);
            let mut reader = framing::Reader::new(theirs, limits::FEED_MESSAGE_BYTES_MAX);
            let body = reader.next().await.expect("it is told");
            let ToClient::Farewell(told) = ToClient::decode(&body).unwrap() else { panic!("no farewell") };
            assert_eq!((told.code, told.text), (expected, refusal.text()));
        }
        assert!(lacking.text().contains("ask again") && lacking.text().contains("open files"), "{}", lacking.text());
    }

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
