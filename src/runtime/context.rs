//! What a thread works on just now, for whoever has to tell of a fault: it travels with the work.
//!
//! Invariant: plain copies of fixed size, so entering, leaving and reading allocate nothing and take no lock; a panic
//! hook reads it.

use std::cell::Cell;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::base::{Epoch, Trace, Version, limits};
use crate::model::fault::Ring;
use crate::model::param::Uuid;
use crate::sys::marker::{self, Doing, Kind};

/// A name, cut where it is longer than this holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Word {
    bytes: [u8; Word::BYTES_MAX],
    len: u8,
}

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// What holds a fault of it.
    pub ring: Ring,
    /// Of a panel or an input the board, of a source its name, of a message its kind.
    pub what: Word,
    /// Of a board that is a chart.
    pub chart: Option<Uuid>,
    /// The panel's number on its board.
    pub panel: Option<u16>,
    /// Of the view that is drawn: the version this is going to be.
    pub version: Version,
    pub trace: Trace,
}

/// Puts back what was worked on before.
#[derive(Debug)]
pub struct Entered {
    before: Option<Context>,
    /// For whoever finds this process dead.
    _doing: Option<Doing>,
}

thread_local! {
    static CURRENT: Cell<Option<Context>> = const { Cell::new(None) };
}

static TENANT: OnceLock<String> = OnceLock::new();
static EPOCH: AtomicU64 = AtomicU64::new(0);
static TRACES: AtomicU32 = AtomicU32::new(0);

/// Whose worker this process is, and which of them: said once, when root has greeted.
pub fn belong_to(tenant: &str, epoch: Epoch) {
    // In a test several workers may live in one process: then the first is named.
    let _ = TENANT.set(tenant.to_owned());
    EPOCH.store(epoch.0, Ordering::Relaxed);
}

/// Whose worker this is; empty where it is nobody's.
pub fn tenant() -> &'static str {
    TENANT.get().map_or("", String::as_str)
}

pub fn epoch() -> Epoch {
    Epoch(EPOCH.load(Ordering::Relaxed))
}

/// A number no other work of this process has. Consecutive ones look nothing alike, so that people do not mix them up.
pub fn next_trace() -> Trace {
    // Odd, so no two of 2^32 are equal.
    const SPREAD: u32 = 0x9e37_79b1;
    Trace(TRACES.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(SPREAD))
}

/// What this thread works on; none between two pieces of work, and at the very end of a thread.
pub fn current() -> Option<Context> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// From now on this thread works on that, until what is returned is dropped.
pub fn enter(context: Context) -> Entered {
    let before = CURRENT.try_with(|current| current.replace(Some(context))).ok().flatten();
    let trace = u64::from(context.trace.0);
    let doing = match context.ring {
        Ring::Panel => {
            let which = (context.panel.unwrap_or(0), context.version.0);
            Some(marker::begin(Kind::Panel, trace, context.what.as_str(), which))
        }
        Ring::Source => Some(marker::begin(Kind::Source, trace, context.what.as_str(), (0, 0))),
        _ => None,
    };
    Entered { before, _doing: doing }
}

// === impl Entered ===

impl Drop for Entered {
    fn drop(&mut self) {
        // At the very end of a thread there is nothing to put back.
        let _ = CURRENT.try_with(|current| current.set(self.before));
    }
}

// === impl Context ===

impl Context {
    pub fn source(name: &str) -> Context {
        Context::of(Ring::Source, name)
    }

    pub fn input(board: &str) -> Context {
        Context::of(Ring::Input, board)
    }

    /// Something that no ring within the worker holds.
    pub fn message(kind: &str) -> Context {
        Context::of(Ring::Worker, kind)
    }

    pub fn panel(board: &str, panel: usize, version: Version) -> Context {
        let panel = Some(u16::try_from(panel).unwrap_or(u16::MAX));
        Context { panel, version, ..Context::of(Ring::Panel, board) }
    }

    /// The same of a chart that has an identity of its own.
    pub fn of_chart(self, chart: Option<Uuid>) -> Context {
        Context { chart, ..self }
    }

    /// What is named by `what`.
    pub fn subject(&self) -> &'static str {
        match self.ring {
            Ring::Source => "source",
            Ring::Worker => "work",
            Ring::Panel | Ring::Input => "board",
        }
    }

    fn of(ring: Ring, what: &str) -> Context {
        Context { ring, what: Word::new(what), chart: None, panel: None, version: Version::NONE, trace: next_trace() }
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { ring, what, chart, panel, version, trace } = self;
        write!(f, "trace={trace} ring={} tenant={} epoch={}", ring.word(), tenant(), epoch().0)?;
        match ring {
            Ring::Source => write!(f, " source={what}"),
            Ring::Worker => write!(f, " message={what}"),
            Ring::Panel | Ring::Input => write!(f, " board={what}"),
        }?;
        if let Some(chart) = chart {
            write!(f, " chart={chart}")?;
        }
        if let Some(panel) = panel {
            write!(f, " panel={panel} frame={}", version.0)?;
        }
        Ok(())
    }
}

// === impl Word ===

impl Word {
    /// No name of a board or source is longer; what stands for a parameterised chart is told apart by its beginning.
    const BYTES_MAX: usize = limits::NAME_BYTES_MAX;

    pub fn new(text: &str) -> Word {
        let end = text.floor_char_boundary(Word::BYTES_MAX);
        let mut bytes = [0; Word::BYTES_MAX];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        Word { bytes, len: end as u8 }
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_worked_on_is_put_back_in_order_also_by_a_panic() {
        assert_eq!(current(), None);
        let outer = Context::source("host");
        let _entered = enter(outer);
        let inner = Context::panel("board", 3, Version(9));
        let panicked = std::panic::catch_unwind(|| {
            let _entered = enter(inner);
            assert_eq!(current(), Some(inner));
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(panicked.is_err());
        assert_eq!(current(), Some(outer));
    }

    #[test]
    fn a_chart_is_told_by_its_identity() {
        let panel = Context::panel("latency", 0, Version(4));
        assert!(!panel.to_string().contains("chart="));
        let told = panel.of_chart(Some(Uuid([0xab; 16]))).to_string();
        assert!(told.contains(" chart=abababab-abab-abab-abab-abababababab panel=0 "), "{told}");
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(Word::new("short").as_str(), "short");
        let long = "ä".repeat(40);
        assert_eq!(Word::new(&long).as_str(), "ä".repeat(32));
    }

    #[test]
    fn no_two_traces_are_equal() {
        let traces: std::collections::HashSet<Trace> = (0..10_000).map(|_| next_trace()).collect();
        assert_eq!(traces.len(), 10_000);
        assert_eq!(Trace(0xab).to_string(), "000000ab");
    }
}
