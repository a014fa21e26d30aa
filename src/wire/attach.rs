//! The attach protocol: what a viewer's client and root say to each other.
//!
//! One byte of kind, then the body: JSON for everything that is said rarely, so that fields may be
//! added (unknown ones are ignored, missing ones have defaults), raw bytes for frames.
//!
//! Versions: 2 is current. 1 is the version before and still accepted: it has no `Spec`, so a client
//! that speaks it starts over with the plain board after a reconnect, and no `Ping`, so it cannot tell
//! a daemon that hangs from one that has nothing to say.

mod push;

use std::collections::BTreeMap;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::framing;
use crate::base::{SessionId, Size, bounded, limits};
use crate::model::spec::Theme;
use crate::model::{Gesture, GlyphSet, Key, Palette, ViewSpec};

pub use push::{Chunk, PushFault, PushHello, PushLater, PushTaken, PushWelcome};

/// Spoken by this build.
pub const VERSION: u16 = 2;
/// The oldest version still accepted.
pub const VERSION_OLDEST: u16 = VERSION - 1;
/// The first version in which root sends `Spec`.
pub const VERSION_WITH_SPEC: u16 = 2;
/// The first version in which the client may ask `Ping` and root answers `Pong`.
pub const VERSION_WITH_PING: u16 = 2;

/// The client's first message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    pub version: u16,
    #[serde(default, deserialize_with = "bounded::text::<_, { limits::BUILD_BYTES_MAX }>")]
    pub build: String,
    /// `BOARD` or `TENANT/BOARD`; none for the first board there is.
    #[serde(default)]
    pub board: Option<String>,
    #[serde(
        default,
        deserialize_with = "bounded::texts_by_name::<_, { limits::PARAMS_MAX }, { limits::PARAM_BYTES_MAX }>"
    )]
    pub params: BTreeMap<String, String>,
    pub size: Size,
    #[serde(default)]
    pub palette: Palette,
    #[serde(default)]
    pub glyphs: GlyphSet,
    #[serde(default = "utc", deserialize_with = "bounded::text::<_, { limits::ZONE_BYTES_MAX }>")]
    pub timezone: String,
    /// Goes before the board's own.
    #[serde(default)]
    pub theme: Option<Theme>,
    /// The spec held from before a reconnect; goes before `board`, `params` and `theme`.
    #[serde(default)]
    pub resume: Option<ViewSpec>,
    /// Whether the client knows `Later`; one from before does not.
    #[serde(default)]
    pub waits: bool,
}

/// Why nothing comes of a `Repaint`, for a client that knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Later {
    pub after_ms: u32,
}

/// Client to root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToRoot {
    Hello(Box<Hello>),
    Key(Key),
    Resize(Size),
    /// The screen may be torn: send a keyframe.
    Repaint,
    Bye,
    /// Are you alive?
    Ping,
    /// For a root that takes gestures, see `Welcome`.
    Mouse(Gesture),
    /// A program says this instead of `Hello`, and then nothing but chunks, `Ping` and `Bye`.
    Push(PushHello),
    Chunk(Chunk),
}

/// Root's answer to `Hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// The version both will speak: the lower of the two.
    pub version: u16,
    #[serde(default, deserialize_with = "bounded::text::<_, { limits::BUILD_BYTES_MAX }>")]
    pub build: String,
    pub session: SessionId,
    /// Whether root takes `Mouse`; one from before does not know it.
    #[serde(default)]
    pub gestures: bool,
}

/// Why root ends a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FarewellCode {
    /// The daemon stops; it may come back.
    Stopping,
    /// The board, tenant or parameter does not exist; the text lists what does.
    NoSuchBoard,
    /// This principal may not see that.
    NotAllowed,
    /// The versions have nothing in common.
    Version,
    /// The client broke the protocol.
    Protocol,
    /// No room for another session.
    Full,
    /// The daemon cannot tell at the moment who asks; it may later.
    Unclear,
    /// The viewer asked to leave.
    Quit,
    /// A reason that only newer builds know; the text says it.
    #[serde(other)]
    Other,
}

/// Root's last message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Farewell {
    pub code: FarewellCode,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::FAREWELL_BYTES_MAX }>")]
    pub text: String,
}

/// Root to client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToClient {
    Welcome(Welcome),
    /// Bytes for the terminal, of the encoder's closed grammar.
    Frame(Bytes),
    /// The session's spec changed; the client holds it for a reconnect.
    Spec(ViewSpec),
    Farewell(Farewell),
    /// Yes.
    Pong,
    /// What was asked for came too soon after others: ask again when that time has passed.
    Later(Later),
    PushWelcome(PushWelcome),
    PushTaken(PushTaken),
    PushLater(PushLater),
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("an empty message")]
    Empty,
    #[error("a message of unknown kind {0}")]
    UnknownKind(u8),
    #[error("a message of kind {kind} is malformed: {why}")]
    Malformed { kind: u8, why: String },
    #[error("the message breaks a cap: {0}")]
    Cap(String),
}

/// Kept of the reason why a message is malformed.
const WHY_CHARS_MAX: usize = 200;

const KIND_HELLO: u8 = 1;
const KIND_KEY: u8 = 2;
const KIND_RESIZE: u8 = 3;
const KIND_REPAINT: u8 = 4;
const KIND_BYE: u8 = 5;
const KIND_PING: u8 = 6;
const KIND_MOUSE: u8 = 7;
const KIND_PUSH: u8 = 8;
const KIND_CHUNK: u8 = 9;
const KIND_WELCOME: u8 = 64;
const KIND_FRAME: u8 = 65;
const KIND_SPEC: u8 = 66;
const KIND_FAREWELL: u8 = 67;
const KIND_PONG: u8 = 68;
const KIND_PUSH_WELCOME: u8 = 69;
const KIND_PUSH_TAKEN: u8 = 70;
const KIND_PUSH_LATER: u8 = 71;
const KIND_LATER: u8 = 72;

// === impl ToRoot ===

impl ToRoot {
    /// The message with its length prefix, ready to be written.
    pub fn encode(&self) -> Bytes {
        match self {
            ToRoot::Hello(hello) => json(KIND_HELLO, hello),
            ToRoot::Key(key) => json(KIND_KEY, key),
            ToRoot::Resize(size) => json(KIND_RESIZE, size),
            ToRoot::Repaint => raw(KIND_REPAINT, &[]),
            ToRoot::Bye => raw(KIND_BYE, &[]),
            ToRoot::Ping => raw(KIND_PING, &[]),
            ToRoot::Mouse(gesture) => json(KIND_MOUSE, gesture),
            ToRoot::Push(hello) => json(KIND_PUSH, hello),
            ToRoot::Chunk(chunk) => raw(KIND_CHUNK, &chunk.encode()),
        }
    }

    /// One message without its prefix; caps are checked.
    pub fn decode(message: &[u8]) -> Result<ToRoot, DecodeError> {
        let (&kind, body) = message.split_first().ok_or(DecodeError::Empty)?;
        match kind {
            KIND_HELLO => {
                let hello: Box<Hello> = parse(kind, body)?;
                hello.check()?;
                Ok(ToRoot::Hello(hello))
            }
            KIND_KEY => Ok(ToRoot::Key(parse(kind, body)?)),
            KIND_RESIZE => Ok(ToRoot::Resize(parse(kind, body)?)),
            KIND_REPAINT => Ok(ToRoot::Repaint),
            KIND_BYE => Ok(ToRoot::Bye),
            KIND_PING => Ok(ToRoot::Ping),
            KIND_MOUSE => Ok(ToRoot::Mouse(parse(kind, body)?)),
            KIND_PUSH => Ok(ToRoot::Push(parse(kind, body)?)),
            KIND_CHUNK => Ok(ToRoot::Chunk(Chunk::decode(body)?)),
            unknown => Err(DecodeError::UnknownKind(unknown)),
        }
    }
}

// === impl ToClient ===

impl ToClient {
    /// The message with its length prefix, ready to be written.
    pub fn encode(&self) -> Bytes {
        match self {
            ToClient::Welcome(welcome) => json(KIND_WELCOME, welcome),
            ToClient::Frame(bytes) => frame(bytes),
            ToClient::Spec(spec) => json(KIND_SPEC, spec),
            ToClient::Farewell(farewell) => json(KIND_FAREWELL, farewell),
            ToClient::Pong => raw(KIND_PONG, &[]),
            ToClient::Later(later) => json(KIND_LATER, later),
            ToClient::PushWelcome(welcome) => json(KIND_PUSH_WELCOME, welcome),
            ToClient::PushTaken(taken) => json(KIND_PUSH_TAKEN, taken),
            ToClient::PushLater(later) => json(KIND_PUSH_LATER, later),
        }
    }

    /// One message without its prefix; a frame shares the memory of `message`.
    pub fn decode(message: &Bytes) -> Result<ToClient, DecodeError> {
        let (&kind, body) = message.split_first().ok_or(DecodeError::Empty)?;
        match kind {
            KIND_WELCOME => Ok(ToClient::Welcome(parse(kind, body)?)),
            KIND_FRAME => Ok(ToClient::Frame(message.slice(1..))),
            KIND_SPEC => Ok(ToClient::Spec(parse(kind, body)?)),
            KIND_FAREWELL => Ok(ToClient::Farewell(parse(kind, body)?)),
            KIND_PONG => Ok(ToClient::Pong),
            KIND_LATER => Ok(ToClient::Later(parse(kind, body)?)),
            KIND_PUSH_WELCOME => Ok(ToClient::PushWelcome(parse(kind, body)?)),
            KIND_PUSH_TAKEN => Ok(ToClient::PushTaken(parse(kind, body)?)),
            KIND_PUSH_LATER => Ok(ToClient::PushLater(parse(kind, body)?)),
            unknown => Err(DecodeError::UnknownKind(unknown)),
        }
    }
}

// === impl Hello ===

impl Hello {
    fn check(&self) -> Result<(), DecodeError> {
        let mut spec = ViewSpec::new("", self.board.as_deref().unwrap_or(""), self.size);
        // `TENANT/BOARD` is two names and a slash.
        if spec.board.len() > 2 * limits::NAME_BYTES_MAX + 1 {
            return Err(DecodeError::Cap("the board's name is too long".to_owned()));
        }
        spec.board.clear();
        spec.params.clone_from(&self.params);
        spec.timezone.clone_from(&self.timezone);
        for spec in [Some(&spec), self.resume.as_ref()].into_iter().flatten() {
            spec.validate().map_err(|error| DecodeError::Cap(error.to_string()))?;
        }
        Ok(())
    }
}

/// A frame's bytes as a message: made once per version, shared by all viewers.
pub fn frame(bytes: &[u8]) -> Bytes {
    raw(KIND_FRAME, bytes)
}

fn json<T: Serialize>(kind: u8, body: &T) -> Bytes {
    let body = serde_json::to_vec(body).expect("invariant: attach messages always serialize");
    raw(kind, &body)
}

fn raw(kind: u8, body: &[u8]) -> Bytes {
    let length = u32::try_from(body.len() + 1).expect("invariant: message caps lie far below 4 GiB");
    let mut out = BytesMut::with_capacity(framing::PREFIX_BYTES + 1 + body.len());
    out.put_u32_le(length);
    out.put_u8(kind);
    out.put_slice(body);
    out.freeze()
}

fn parse<'a, T: Deserialize<'a>>(kind: u8, body: &'a [u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(body).map_err(|error| {
        // An error may quote what came, however long that is; the beginning tells enough.
        let why = error.to_string().chars().take(WHY_CHARS_MAX).collect();
        DecodeError::Malformed { kind, why }
    })
}

fn utc() -> String {
    "UTC".to_owned()
}

#[cfg(test)]
mod tests;
