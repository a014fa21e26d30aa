//! Faults on purpose: which keys of the board `faults` bring about what.
//!
//! Invariant: only a worker that was started with `--faults` has one of these; no other obeys.

use tokio::sync::watch;

use crate::model::fault::mode::HEAL_KEY;
use crate::model::fault::{Holder, Lie, Mode};
use crate::model::{Input, Key, ViewSpec};
use crate::render::ledger::Ledger;
use crate::scene::{FAULTS_BOARD, FAULTS_TARGET};

/// What is wrong on purpose just now.
#[derive(Debug)]
pub struct Mishaps {
    planted: Option<Mode>,
    lie: watch::Sender<Option<Lie>>,
}

// === impl Mishaps ===

impl Mishaps {
    pub fn new(lie: watch::Sender<Option<Lie>>) -> Mishaps {
        Mishaps { planted: None, lie }
    }

    /// Takes a key for itself. False of one that means something else, or nothing.
    pub fn press(&mut self, spec: &ViewSpec, input: Input, ledger: &mut Ledger) -> bool {
        let Input::Key(Key::Char(key)) = input else { return false };
        if spec.board != FAULTS_BOARD || spec.overlay.is_some() {
            return false;
        }
        if key == HEAL_KEY {
            self.plant(None, ledger);
            self.lie.send_replace(None);
        } else if let Some(mode) = Mode::of_key(key) {
            self.plant(Some(mode).filter(|mode| self.planted != Some(*mode)), ledger);
        } else if let Some(lie) = Lie::of_key(key) {
            self.lie.send_modify(|told| *told = Some(lie).filter(|lie| *told != Some(*lie)));
        } else {
            return false;
        }
        true
    }

    fn plant(&mut self, mode: Option<Mode>, ledger: &mut Ledger) {
        ledger.heal();
        // What happens beside the panel happens once.
        self.planted = mode.filter(|mode| mode.holder() == Holder::Panel);
        if let Some(mode) = mode {
            tracing::warn!(mode = mode.number(), "a fault on purpose: {}", mode.name());
            ledger.plant(FAULTS_BOARD, FAULTS_TARGET, mode);
        }
    }
}
