//! The admin API over TCP: who came, and with what.

use std::net::SocketAddr;
use std::path::Path;

use tracing::{info, warn};

use super::Event;

/// Whoever reaches that port and has the token may ask and change everything.
#[derive(Debug)]
pub struct PortServed {
    pub address: SocketAddr,
    pub tls: bool,
}

/// Somebody came without the token.
#[derive(Debug)]
pub struct StrangerRefused {
    pub address: SocketAddr,
    /// How many there were since the last line; none where this one has none.
    pub since: Option<u64>,
}

/// Somebody with the token wants something changed.
#[derive(Debug)]
pub struct ChangeAsked<'a> {
    pub address: SocketAddr,
    pub page: &'a str,
    pub trace: &'a str,
}

/// Everybody on this machine may read the token.
#[derive(Debug)]
pub struct CredentialsOpenToAll<'a> {
    pub path: &'a Path,
}

/// Token or certificate cannot be read any more.
#[derive(Debug)]
pub struct CredentialsUnread<'a> {
    pub why: &'a str,
}

/// A file of the port is not there at the moment.
#[derive(Debug)]
pub struct CredentialsGone<'a> {
    pub what: &'a str,
}

impl Event for CredentialsGone<'_> {
    fn emit(self) {
        warn!("{}", self.what);
    }
}

impl Event for PortServed {
    fn emit(self) {
        info!(address = %self.address, tls = self.tls, "the admin API is served over TCP to whoever has the token");
    }
}

impl Event for StrangerRefused {
    fn emit(self) {
        if let Some(more) = self.since {
            warn!(address = %self.address, more, "refused somebody who asked over TCP without the token");
        }
    }
}

impl Event for ChangeAsked<'_> {
    fn emit(self) {
        info!(address = %self.address, page = self.page, trace = self.trace, "a change was asked for over TCP");
    }
}

impl Event for CredentialsOpenToAll<'_> {
    fn emit(self) {
        let path = self.path.display();
        warn!(%path, "everybody on this machine may read a secret of [admin] listen: chmod o= {path}");
    }
}

impl Event for CredentialsUnread<'_> {
    fn emit(self) {
        warn!(
            why = self.why,
            "token and certificate of [admin] listen cannot be read anew; those that were read before serve"
        );
    }
}
