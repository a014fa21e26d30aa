//! The sockets that are open, and the tasks that accept from them.
//!
//! Invariant: while the doors are open somebody accepts, or is about to again; closed, they stay closed.

use std::sync::{Arc, Weak};

use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::listen::{self, Sockets};
use crate::admin::port::Keyring;
use crate::admin::{self, Reports};
use crate::machine::supervise::{Plan, Spec};
use crate::runtime::supervisor::{Added, Fault, Supervisor};
use crate::sys::socket::{Listener, Peer};

/// Closed for good when this goes.
#[derive(Debug, Default)]
pub struct Doors {
    /// Their paths go with this; whoever accepts only borrows them.
    sockets: Option<Arc<Sockets>>,
    accepting: Option<Added>,
}

/// Each socket is accepted from by a task that fails by itself.
const PLAN: Plan = super::PLAN;

// === impl Doors ===

impl Doors {
    pub fn open(
        top: &Supervisor,
        sockets: Option<Sockets>,
        arrivals: mpsc::Sender<(UnixStream, Peer)>,
        asks: mpsc::Sender<admin::Ask>,
    ) -> Doors {
        let Some(sockets) = sockets.map(Arc::new) else { return Doors::default() };
        let (scraped, asks_of_scrapes) = (sockets.metrics.is_some(), asks.clone());
        let (has_port, reports) = (sockets.port.is_some(), Reports::new());
        let captures = sockets.captures.clone();
        let (admits, lent) = (sockets.admits, Arc::downgrade(&sockets));
        let accepting = top.supervisor("doors", PLAN, move |doors| {
            let (lent_too, arrivals) = (Weak::clone(&lent), arrivals.clone());
            doors.child(Spec::permanent("accept-attach"), move |_| {
                let (listener, arrivals) = (borrow(&lent_too, |sockets| &sockets.attach), arrivals.clone());
                async move {
                    listen::accept(listener?, admits, arrivals).await;
                    Ok(())
                }
            });
            if has_port {
                let (lent_too, asks) = (Weak::clone(&lent), asks.clone());
                let (captures, reports) = (captures.clone(), reports.clone());
                doors.child(Spec::permanent("accept-admin-port"), move |_| {
                    let (port, asks) = (borrow_port(&lent_too), asks.clone());
                    let (captures, reports) = (captures.clone(), reports.clone());
                    async move {
                        let (listener, keyring) = port?;
                        admin::port::serve(listener, keyring, asks, captures, reports).await;
                        Ok(())
                    }
                });
            }
            let (lent_too, asks, captures) = (Weak::clone(&lent), asks.clone(), captures.clone());
            let reports = reports.clone();
            doors.child(Spec::permanent("accept-admin"), move |_| {
                let (listener, asks) = (borrow(&lent_too, |sockets| &sockets.admin), asks.clone());
                let (captures, reports) = (captures.clone(), reports.clone());
                async move {
                    admin::serve(listener?, admits, asks, captures, reports).await;
                    Ok(())
                }
            });
            if scraped {
                let (lent_too, asks) = (Weak::clone(&lent), asks_of_scrapes.clone());
                doors.child(Spec::permanent("accept-metrics"), move |_| {
                    let (listener, asks) = (borrow_metrics(&lent_too), asks.clone());
                    async move {
                        admin::scrape::serve(listener?, asks).await;
                        Ok(())
                    }
                });
            }
        });
        Doors { sockets: Some(sockets), accepting }
    }

    pub fn close(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.remove();
        }
        self.sockets = None;
    }
}

/// A handle of its own on one of the sockets.
fn borrow(lent: &Weak<Sockets>, which: fn(&Sockets) -> &Listener) -> Result<UnixListener, Fault> {
    let sockets = lent.upgrade().ok_or("the doors are closed")?;
    listen::on_runtime(which(&sockets)).map_err(|error| Fault(format!("cannot accept connections: {error}")))
}

/// The same of the port on which metrics are served.
fn borrow_metrics(lent: &Weak<Sockets>) -> Result<TcpListener, Fault> {
    let sockets = lent.upgrade().ok_or("the doors are closed")?;
    on_runtime(sockets.metrics.as_ref().ok_or("no port is open")?)
}

/// The same of the port on which the admin API is served, with what was read at the start.
fn borrow_port(lent: &Weak<Sockets>) -> Result<(TcpListener, Keyring), Fault> {
    let sockets = lent.upgrade().ok_or("the doors are closed")?;
    let port = sockets.port.as_ref().ok_or("no port is open")?;
    Ok((on_runtime(&port.listener)?, Keyring::new(port.settings.clone(), port.credentials.clone())))
}

fn on_runtime(listener: &std::net::TcpListener) -> Result<TcpListener, Fault> {
    let listener = listener.try_clone().and_then(TcpListener::from_std);
    listener.map_err(|error| Fault(format!("cannot accept connections: {error}")))
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.close();
    }
}
