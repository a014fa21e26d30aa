//! Servers that sources ask: reached by name, and by TLS where they are.
//!
//! Invariant: it happens on the source's own thread, within a deadline.

pub mod tls;

use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use tokio::net::TcpStream;

use super::format::words;
use crate::base::{Mono, limits};
use crate::runtime::timer;
use crate::sys::clock;

/// Looks a server up anew and connects to the first of its addresses that answers.
pub async fn connect(host: &str, port: u16, deadline: Mono) -> Result<TcpStream, String> {
    // On this thread, which is the source's own: whatever the resolver does, only this source waits for it.
    let found = (host, port).to_socket_addrs();
    let found = found.map_err(|error| format!("cannot be looked up: {}", words(&error.to_string())))?;
    let addresses: Vec<SocketAddr> = found.take(limits::ADDRESSES_MAX).collect();
    let mut last = "has no address".to_owned();
    for (index, address) in addresses.iter().enumerate() {
        let left = addresses.len() - index;
        // Each gets its share of the time, so that one that swallows everything does not hide the next.
        let share = deadline.since(clock::mono()) / u32::try_from(left).unwrap_or(1);
        match timer::timeout(share.max(Duration::from_millis(1)), TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = format!("cannot be reached: {error}"),
            Err(_) => last = "cannot be reached: no answer".to_owned(),
        }
    }
    Err(last)
}
