//! The sockets that are open, and the tasks that accept from them.
//!
//! Invariant: while the doors are open somebody accepts, or is about to again; closed, they stay closed.

use std::sync::{Arc, Weak};

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::listen::{self, Sockets};
use crate::admin;
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
            let (lent_too, asks) = (Weak::clone(&lent), asks.clone());
            doors.child(Spec::permanent("accept-admin"), move |_| {
                let (listener, asks) = (borrow(&lent_too, |sockets| &sockets.admin), asks.clone());
                async move {
                    admin::serve(listener?, admits, asks).await;
                    Ok(())
                }
            });
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

impl Drop for Doors {
    fn drop(&mut self) {
        self.close();
    }
}
