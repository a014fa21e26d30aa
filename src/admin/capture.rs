//! What a capture is asked for with, and what comes of it.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::limits;
use crate::model::Profile;

/// A profile somebody wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub of: Of,
    pub target: Target,
    /// None of memory.
    pub hz: u32,
    pub span: Duration,
}

/// What it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Where the processor is in the span that begins now.
    Present,
    /// Where it was in the span that ends now, as the flight recorder found it.
    Past,
    /// Who holds memory; in a span that begins now, who holds more at its end.
    Heap,
}

// === impl Wish ===

impl Wish {
    /// How long it takes until there is something to tell.
    pub fn takes(&self) -> Duration {
        if self.of == Of::Past { Duration::ZERO } else { self.span }
    }
}

// === impl Of ===

impl Of {
    pub fn word(self) -> &'static str {
        match self {
            Of::Present => "present",
            Of::Past => "past",
            Of::Heap => "heap",
        }
    }
}

/// Which processes are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Root and all workers.
    All,
    Root,
    Tenant(String),
}

// === impl Target ===

impl Target {
    pub fn parse(word: &str) -> Option<Target> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        match word {
            "all" => Some(Target::All),
            "root" => Some(Target::Root),
            name if !name.is_empty() && name.len() <= limits::NAME_BYTES_MAX && name.bytes().all(fits) => {
                Some(Target::Tenant(name.to_owned()))
            }
            _ => None,
        }
    }

    pub fn word(&self) -> &str {
        match self {
            Target::All => "all",
            Target::Root => "root",
            Target::Tenant(name) => name,
        }
    }
}

/// Profiles by the process, and why others are missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capture {
    pub parts: Vec<(String, Profile)>,
    pub missing: Vec<(String, String)>,
}

/// Why nothing is captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declined {
    /// One is under way, which takes so long at most.
    Busy(Duration),
    /// There is no such tenant, but those.
    Unknown(Vec<String>),
}

pub type Reply = oneshot::Sender<Result<Capture, Declined>>;
