//! journald as a destination, natively: message, priority, place in the program, and fields of a list.
//!
//! Invariant: of an event's fields only those of the list become fields of the journal, so that none passes for one of
//! journald's own; the message has all of them. A journald that takes nothing holds up this destination alone.

use std::io;
use std::os::unix::net::UnixDatagram;

use log_facade::kv::{Error, Key, Source, Value, VisitSource};
use systemd_journal_logger::JournalLog;
use tracing::Level;

use super::queue::Destination;
use super::record::{Record, name};
use super::text::{safe, sentence};

/// Connected once there is something to say.
#[derive(Default)]
pub struct Journal {
    client: Option<JournalLog>,
}

/// Where journald listens, by its own documentation.
const SOCKET: &str = "/run/systemd/journal/socket";
/// As `journalctl -t` knows all processes of the daemon.
const IDENTIFIER: &str = "unblink";

/// Fields that become fields of the journal.
pub const FIELDS: [(&str, &str); 9] = [
    ("tenant", "UNBLINK_TENANT"),
    ("board", "UNBLINK_BOARD"),
    ("panel", "UNBLINK_PANEL"),
    ("chart", "UNBLINK_CHART"),
    ("source", "UNBLINK_SOURCE"),
    ("epoch", "UNBLINK_EPOCH"),
    ("trace", "UNBLINK_TRACE"),
    ("session", "UNBLINK_SESSION"),
    ("view", "UNBLINK_VIEW"),
];

/// Why it cannot be reached; it is sent nothing.
pub fn missing() -> Option<String> {
    let connected = UnixDatagram::unbound().and_then(|socket| socket.connect(SOCKET));
    connected.err().map(|error| format!("no journald at {SOCKET}: {error}"))
}

/// What a message has of the list.
struct Listed(Vec<(&'static str, String)>);

// === impl Journal ===

impl Destination for Journal {
    fn put(&mut self, record: &Record<'_>) -> io::Result<()> {
        let client = match &mut self.client {
            Some(client) => client,
            none => none.insert(JournalLog::empty()?.with_syslog_identifier(IDENTIFIER.to_owned())),
        };
        let fields = Listed::of(record);
        let level = match record.level {
            Level::ERROR => log_facade::Level::Error,
            Level::WARN => log_facade::Level::Warn,
            Level::INFO => log_facade::Level::Info,
            Level::DEBUG => log_facade::Level::Debug,
            Level::TRACE => log_facade::Level::Trace,
        };
        client.journal_send(
            &log_facade::Record::builder()
                .level(level)
                .target(record.part(name::TARGET).unwrap_or(IDENTIFIER))
                .file(record.part(name::FILE))
                .module_path(record.part(name::MODULE))
                .line((record.line > 0).then_some(record.line))
                .key_values(&fields)
                .args(format_args!("{}", sentence(record)))
                .build(),
        )
    }
}

// === impl Listed ===

impl Listed {
    fn of(record: &Record<'_>) -> Listed {
        let listed = |part: super::record::Part<'_>| {
            let (_, name) = FIELDS.into_iter().find(|(field, _)| *field == part.name)?;
            Some((name, safe(part.value)))
        };
        Listed(record.fields().filter_map(listed).collect())
    }
}

impl Source for Listed {
    fn visit<'kvs>(&'kvs self, visitor: &mut dyn VisitSource<'kvs>) -> Result<(), Error> {
        self.0.iter().try_for_each(|(name, value)| visitor.visit_pair(Key::from_str(name), Value::from(value.as_str())))
    }
}

#[cfg(test)]
mod tests;
