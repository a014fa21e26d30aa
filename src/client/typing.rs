//! What a viewer types and does with the mouse: told to the daemon, but for what has to work without one.
//!
//! Invariant: what is typed on a device whose keyboard does not count is read and forgotten.

use super::{Client, ClientError};
use crate::machine::reconnect::Event;
use crate::machine::session;
use crate::model::{Input, Key};
use crate::sys::clock;
use crate::wire::attach::ToRoot;

// === impl Client: keys and mouse ===

impl Client {
    pub(super) fn typed(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        // It is read all the same: what nobody reads fills up, and a device that went tells so to its readers.
        if !self.bidding.heeds_keys() {
            return Ok(());
        }
        let mut inputs = Vec::new();
        self.decoder.push(bytes, &mut inputs);
        self.flush_at = self.decoder.patience().map(|patience| clock::mono() + patience);
        inputs.into_iter().try_for_each(|input| match input {
            Input::Key(key) => self.key(key),
            Input::Mouse(gesture) => {
                if self.gestures {
                    self.tell(&ToRoot::Mouse(gesture));
                }
                Ok(())
            }
        })
    }

    pub(super) fn key(&mut self, key: Key) -> Result<(), ClientError> {
        // Known here, not only at the other end: it has to work when there is no other end.
        if session::is_quit(key) {
            return self.step(Event::Quit);
        }
        if session::is_repaint(key) {
            self.screen.make_sure()?;
            return self.repaint();
        }
        self.tell(&ToRoot::Key(key));
        Ok(())
    }
}
