//! The feed: what root and a worker say to each other.
//!
//! Both ends are the same executable, so the body is postcard over these enums and the build id in
//! `Hello` must match. The worker is not trusted: root bounds, decodes and checks all it sends.
//!
//! Order of things: both sides send `Hello` first. `Prepare` is answered by `Prepared`; `Commit` makes
//! that generation the one that is drawn. `Subscribe` gives its view all credits ([`limits::FEED_CREDITS`]); each `Frame` with
//! a new version uses one up, `Credit` gives one back, `Hold` withholds those that are left until then. A keyframe for the version just sent (it replaces
//! the history root holds) rides on the same credit. Each `Push` is answered by its `Pushed`, one after the other.

mod status;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::framing;
use crate::base::{Diagnostic, Epoch, SessionId, Trace, Version, ViewId, bounded, limits};
use crate::machine::ledger::Step;
use crate::model::{Catalogue, Input, Profile, ViewSpec, Vitals};

pub use status::{CountRow, Figures, MemoryRow, SourceRow, TreeRow, WorkerStatus};

/// Changes with every incompatible change of this file and of `status`.
pub const VERSION: u16 = 9;

/// Who speaks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub version: u16,
    #[serde(deserialize_with = "bounded::text::<_, { limits::BUILD_BYTES_MAX }>")]
    pub build: String,
    /// Root tells the worker its epoch and tenant; the worker repeats both.
    pub epoch: Epoch,
    #[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
    pub tenant: String,
}

/// What a configuration file is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    /// `unblink.toml`, or one setting said elsewhere.
    Settings,
    /// A board, named after the file.
    Board,
    /// What variables of root's environment stand for that the settings name: never written anywhere.
    Secret,
    /// A board or chart whose file is wrong, without its bytes: it is not shown, but others may name it.
    LeftOut,
    /// A chart, named after the file, or a template of SQL that one names. The last one, since generations that are kept
    /// know these by their number.
    Chart,
}

/// One configuration file as root read it.
///
/// `Debug` tells its length only: a file may hold what is nobody's business. Whoever keeps files leaves out those of
/// [`FileKind::Secret`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigFile {
    pub kind: FileKind,
    /// Path as it is shown in diagnostics.
    #[serde(deserialize_with = "bounded::text::<_, { limits::COMPLAINT_BYTES_MAX }>")]
    pub name: String,
    #[serde(with = "bytes_as_slice")]
    pub bytes: Vec<u8>,
}

/// Root to worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    Hello(Hello),
    Prepare {
        generation: u64,
        #[serde(deserialize_with = "bounded::list::<_, _, { limits::CONFIG_FILES_MAX }>")]
        files: Vec<ConfigFile>,
    },
    Commit {
        generation: u64,
    },
    Subscribe {
        view: ViewId,
        spec: ViewSpec,
    },
    Unsubscribe {
        view: ViewId,
    },
    Credit {
        view: ViewId,
    },
    /// The view uses none of its credits before it gets one back: nobody has taken its newest frame.
    Hold {
        view: ViewId,
    },
    Input {
        session: SessionId,
        spec: ViewSpec,
        input: Input,
    },
    /// Once a second it carries what root tells of itself, so that nobody has to be woken for that alone.
    Ping {
        nonce: u64,
        vitals: Option<Vitals>,
    },
    /// How many sessions watch a board; 0 when nobody does any more.
    Viewers {
        #[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
        board: String,
        viewers: u32,
    },
    /// What a program pushes: whole lines, not looked at by root. Answered by `Pushed`, in the order they were sent.
    Push {
        pusher: SessionId,
        number: u64,
        #[serde(with = "bytes_as_slice")]
        lines: Vec<u8>,
    },
    /// What workers before this one died of, and it is not to do for a while; takes the place of what was said before.
    LeaveAlone(#[serde(deserialize_with = "bounded::list::<_, _, { limits::FAULT_STEPS_MAX }>")] Vec<Resting>),
    /// What is wrong with a configuration that is not drawn; takes the place of what was said before.
    Complaints(#[serde(deserialize_with = "bounded::list::<_, _, { limits::DIAGNOSTICS_MAX }>")] Vec<Complaint>),
    /// Have a profile taken; one that is under way is called off. Answered by `Profile`, unless that is called off.
    TakeProfile {
        number: u64,
        hz: u32,
        span_ms: u32,
    },
    CallOffProfile {
        number: u64,
    },
    /// Tell what the flight recorder found; answered by `Profile`, too. It takes the place of a profile that is under way.
    TellRecorded {
        number: u64,
        last_ms: u32,
    },
    /// Tell what memory is held; with a span, what more is held at its end. Answered by `Profile`, unless that is called off.
    TellHeap {
        number: u64,
        span_ms: u32,
    },
}

/// One thing that workers died of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    pub step: Step,
    pub deaths: u32,
    /// Since the last one.
    pub ago_ms: u64,
    /// From now on.
    pub for_ms: u64,
    /// Of the last time it was done.
    pub trace: Trace,
}

/// What came of a `Push`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    pub pusher: SessionId,
    pub number: u64,
    pub accepted: u32,
    pub rejected: u32,
    /// The first of the rejected ones.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::PUSH_FAULTS_MAX }>")]
    pub faults: Vec<Fault>,
}

/// One line that was not taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Within its chunk, counted from 1.
    pub line: u32,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::PUSH_WHY_BYTES_MAX }>")]
    pub why: String,
}

/// One line for the screens concerned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// Whose viewers are told; none for everybody.
    pub board: Option<String>,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::COMPLAINT_LINE_BYTES_MAX }>")]
    pub text: String,
}

/// What came of a `Prepare`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Accepted(Catalogue),
    Refused(#[serde(deserialize_with = "bounded::list::<_, _, { limits::DIAGNOSTICS_MAX }>")] Vec<Diagnostic>),
}

/// One version of one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame<'a> {
    pub view: ViewId,
    pub epoch: Epoch,
    pub version: Version,
    /// The version these bytes stand on; `Version::NONE` for a keyframe.
    pub base: Version,
    #[serde(serialize_with = "bytes_as_slice::serialize")]
    pub bytes: &'a [u8],
}

/// Worker to root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToRoot<'a> {
    Hello(Hello),
    Prepared {
        generation: u64,
        outcome: Outcome,
    },
    /// The new spec of a session after an input.
    Spec {
        session: SessionId,
        spec: ViewSpec,
    },
    #[serde(borrow)]
    Frame(Frame<'a>),
    Pong {
        nonce: u64,
    },
    Status(WorkerStatus),
    Pushed(Pushed),
    Profile {
        number: u64,
        outcome: Result<Profile, Why>,
    },
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why(#[serde(deserialize_with = "bounded::cut::<_, { limits::COMPLAINT_BYTES_MAX }>")] pub String);

/// Where `Frame` stands among the messages to root: postcard writes that number first.
const FRAME_INDEX: u8 = 3;
/// The same of `Pong`.
const PONG_INDEX: u8 = 4;
/// Memory beyond its length, and a quarter of that, that a message may keep.
const SPARE_BYTES: usize = 64 * 1024;

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("not a feed message: {0}")]
    Malformed(String),
    #[error("{0} bytes are left over after the message")]
    Trailing(usize),
    #[error("the message breaks a cap: {0}")]
    Cap(String),
}

/// The question that a message to root answers; none where it says something else.
pub fn answer(body: &[u8]) -> Option<u64> {
    if body.first() != Some(&PONG_INDEX) {
        return None;
    }
    match ToRoot::decode(body) {
        Ok(ToRoot::Pong { nonce }) => Some(nonce),
        _ => None,
    }
}

// === impl ConfigFile ===

impl std::fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ConfigFile { kind, name, bytes } = self;
        write!(f, "ConfigFile {{ {kind:?} {name:?}, {} bytes }}", bytes.len())
    }
}

// === impl ToWorker ===

impl ToWorker {
    /// The message with its length prefix, ready to be written.
    pub fn encode(&self) -> Bytes {
        encode(self, if let ToWorker::Push { lines, .. } = self { lines.len() } else { 0 })
    }

    /// What it is, for whoever tells of a fault in handling it.
    pub fn kind(&self) -> &'static str {
        match self {
            ToWorker::Hello(_) => "Hello",
            ToWorker::Prepare { .. } => "Prepare",
            ToWorker::Commit { .. } => "Commit",
            ToWorker::Subscribe { .. } => "Subscribe",
            ToWorker::Unsubscribe { .. } => "Unsubscribe",
            ToWorker::Credit { .. } => "Credit",
            ToWorker::Hold { .. } => "Hold",
            ToWorker::Input { .. } => "Input",
            ToWorker::Ping { .. } => "Ping",
            ToWorker::Viewers { .. } => "Viewers",
            ToWorker::Push { .. } => "Push",
            ToWorker::Complaints(_) => "Complaints",
            ToWorker::LeaveAlone(_) => "LeaveAlone",
            ToWorker::TakeProfile { .. } => "TakeProfile",
            ToWorker::CallOffProfile { .. } => "CallOffProfile",
            ToWorker::TellRecorded { .. } => "TellRecorded",
            ToWorker::TellHeap { .. } => "TellHeap",
        }
    }

    /// One message without its prefix; caps of specs and files are checked.
    pub fn decode(body: &[u8]) -> Result<ToWorker, DecodeError> {
        let message: ToWorker = decode(body)?;
        match &message {
            ToWorker::Subscribe { spec, .. } | ToWorker::Input { spec, .. } => check_spec(spec)?,
            ToWorker::Complaints(complaints) => {
                let long = |complaint: &&Complaint| {
                    complaint.board.as_ref().is_some_and(|board| board.len() > limits::NAME_BYTES_MAX)
                };
                if let Some(complaint) = complaints.iter().find(long) {
                    return Err(DecodeError::Cap(format!(
                        "the name of a board of {} bytes",
                        complaint.board.as_ref().map_or(0, String::len)
                    )));
                }
            }
            ToWorker::Prepare { files, .. } => {
                if let Some(file) = files.iter().find(|file| file.bytes.len() > limits::CONFIG_FILE_BYTES_MAX) {
                    return Err(DecodeError::Cap(format!("the file {} is too long", file.name)));
                }
            }
            ToWorker::Push { lines, .. } if lines.len() > limits::PUSH_CHUNK_BYTES_MAX => {
                return Err(DecodeError::Cap(format!("a chunk of {} bytes", lines.len())));
            }
            _ => {}
        }
        Ok(message)
    }
}

// === impl ToRoot ===

impl<'a> ToRoot<'a> {
    /// The message with its length prefix, ready to be written.
    pub fn encode(&self) -> Bytes {
        encode(self, if let ToRoot::Frame(frame) = self { frame.bytes.len() } else { 0 })
    }

    /// One message without its prefix; a frame's bytes are borrowed from `body`.
    pub fn decode(body: &'a [u8]) -> Result<ToRoot<'a>, DecodeError> {
        if body.len() > limits::FEED_CONTROL_BYTES_MAX && body.first() != Some(&FRAME_INDEX) {
            return Err(DecodeError::Cap(format!("{} bytes that are no frame", body.len())));
        }
        let message: ToRoot<'a> = decode(body)?;
        match &message {
            ToRoot::Spec { spec, .. } => check_spec(spec)?,
            ToRoot::Profile { outcome: Ok(profile), .. } if !profile.is_sound() => {
                return Err(DecodeError::Cap("a profile of names that are not there".to_owned()));
            }
            ToRoot::Frame(frame) if frame.bytes.len() > limits::FRAME_BYTES_MAX => {
                return Err(DecodeError::Cap(format!("a frame of {} bytes", frame.bytes.len())));
            }
            _ => {}
        }
        Ok(message)
    }
}

fn encode<T: Serialize>(message: &T, carried: usize) -> Bytes {
    // Behind room for the prefix: the body is written once, where it stays.
    let mut out = Vec::with_capacity(framing::PREFIX_BYTES + size_of::<Frame<'_>>() + carried);
    out.resize(framing::PREFIX_BYTES, 0);
    let mut out = postcard::to_extend(message, out).expect("invariant: feed messages always serialize");
    let length = u32::try_from(out.len() - framing::PREFIX_BYTES);
    let length = length.expect("invariant: message caps lie far below 4 GiB");
    out[..framing::PREFIX_BYTES].copy_from_slice(&length.to_le_bytes());
    // It waits for its turn, and counts by its length meanwhile.
    if out.capacity() > out.len() + out.len() / 4 + SPARE_BYTES {
        out.shrink_to_fit();
    }
    out.into()
}

fn decode<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, DecodeError> {
    let (message, rest) = postcard::take_from_bytes(body).map_err(|error| DecodeError::Malformed(error.to_string()))?;
    if rest.is_empty() { Ok(message) } else { Err(DecodeError::Trailing(rest.len())) }
}

fn check_spec(spec: &ViewSpec) -> Result<(), DecodeError> {
    spec.validate().map_err(|error| DecodeError::Cap(error.to_string()))
}

/// Bytes as one string of them instead of a sequence of numbers, which is the same on the wire.
mod bytes_as_slice {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let bytes: &'de [u8] = Deserialize::deserialize(deserializer)?;
        Ok(bytes.to_vec())
    }
}
