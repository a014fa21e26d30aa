use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::label;
use crate::runtime::log::record::Draft;

fn record(parts: &[(Kind, &str, &str)]) -> Draft {
    let mut draft = Draft::new(Wall(1_700_000_000_120), Level::WARN, 7);
    parts.iter().for_each(|(kind, name, value)| draft.add(*kind, name, format_args!("{value}")));
    draft
}

fn shown(parts: &[(Kind, &str, &str)], form: Form) -> String {
    line(&record(parts).record().unwrap(), form)
}

const DIED: [(Kind, &str, &str); 5] = [
    (Kind::Shown, name::MESSAGE, "worker died"),
    (Kind::Text, "tenant", "shop"),
    (Kind::Plain, "epoch", "3"),
    (Kind::Shown, "trace", "0000ab12"),
    (Kind::Shown, name::TARGET, "unblink::event::feed"),
];

#[test]
fn people_read_time_level_message_and_fields() {
    let expected = "2023-11-14T22:13:20.120Z  WARN worker died tenant=\"shop\" epoch=3 trace=0000ab12\n";
    assert_eq!(shown(&DIED, Form::Human { colour: false }), expected);
    let coloured = shown(&DIED, Form::Human { colour: true });
    assert!(coloured.contains("\x1b[33m WARN\x1b[0m worker died"), "{coloured:?}");
}

#[test]
fn programs_read_one_object_a_line() {
    let expected = concat!(
        r#"{"time":"2023-11-14T22:13:20.120Z","level":"WARN","message":"worker died","tenant":"shop","epoch":3,"#,
        r#""trace":"0000ab12","target":"unblink::event::feed"}"#,
        "\n"
    );
    assert_eq!(shown(&DIED, Form::Json), expected);
}

#[test]
fn a_field_cannot_pass_for_what_every_line_has() {
    let line = shown(&[(Kind::Text, "level", "INFO"), (Kind::Shown, name::MESSAGE, "m")], Form::Json);
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((read["level"].as_str(), read["level_"].as_str()), (Some("WARN"), Some("INFO")));
}

#[test]
fn hostile_text_forges_no_line_and_moves_no_cursor() {
    let hostile = "ok\n2023-11-14T22:13:20.120Z ERROR forged\x1b[2J\u{202e}\u{200b}\u{9b}31m";
    for form in Form::ALL.into_iter().filter(|form| *form != Form::Human { colour: true }) {
        let line = shown(&[(Kind::Shown, name::MESSAGE, hostile), (Kind::Text, "why", hostile)], form);
        assert_eq!(line.matches('\n').count(), 1, "{line:?}");
        let body = line.trim_end_matches('\n');
        assert!(body.chars().all(|c| c == ' ' || label::shown(c).is_some()), "{line:?}");
    }
}

#[test]
fn what_is_cut_says_so() {
    let long = "x".repeat(2 * crate::base::limits::LABEL_BYTES_MAX);
    assert!(safe(&long).ends_with("x…"));
    assert_eq!(safe("short"), "short");
}

/// Takes so many bytes, then fails once for each entry, then takes everything.
struct Disk {
    room: usize,
    failures: usize,
    written: Vec<u8>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            if self.failures == 0 {
                self.room = usize::MAX;
            } else {
                self.failures -= 1;
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        let taken = bytes.len().min(self.room);
        self.room -= taken;
        self.written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_torn_line_the_next_one_begins_anew() {
    let mut lines = Lines::new(Disk { room: 8, failures: 2, written: Vec::new() });
    assert!(lines.put("first\n").is_ok());
    assert_eq!(lines.put("second\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(lines.put("third\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(lines.put("fourth\n").is_ok());
    assert!(lines.put("fifth\n").is_ok());
    assert_eq!(String::from_utf8(lines.out.written).unwrap(), "first\nse\nfourth\nfifth\n");
}

proptest! {
    #[test]
    fn whatever_is_logged_is_one_object_on_one_line(
        parts in prop::collection::vec(("[a-z_]{1,9}", "\\PC*|.*"), 0..5), message in any::<String>()
    ) {
        let mut draft = record(&[(Kind::Shown, name::MESSAGE, &message)]);
        parts.iter().for_each(|(name, value)| draft.add_new(Kind::Text, name, format_args!("{value}")));
        let line = line(&draft.record().unwrap(), Form::Json);
        prop_assert_eq!(line.matches('\n').count(), 1);
        let read: serde_json::Map<String, Value> = serde_json::from_str(&line).unwrap();
        let level = read["level"].as_str();
        prop_assert_eq!(level, Some("WARN"));
    }
}
