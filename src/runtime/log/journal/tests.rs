use log_facade::kv::VisitSource;

use super::*;
use crate::base::Wall;
use crate::runtime::log::record::{Draft, Kind};

#[derive(Default)]
struct Seen(Vec<(String, String)>);

impl<'kvs> VisitSource<'kvs> for Seen {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), Error> {
        self.0.push((key.as_str().to_owned(), value.to_string()));
        Ok(())
    }
}

#[test]
fn only_fields_of_the_list_reach_the_journal_and_none_passes_for_its_own() {
    let mut draft = Draft::new(Wall(0), Level::INFO, 0);
    for name in ["priority", "PRIORITY", "message_id", "_PID", "unblink_trace", "why"] {
        draft.add(Kind::Text, name, format_args!("0"));
    }
    for (field, _) in FIELDS {
        draft.add(Kind::Text, field, format_args!("of\n{field}"));
    }
    let mut seen = Seen::default();
    Listed::of(&draft.record().unwrap()).visit(&mut seen).unwrap();
    let expected: Vec<(String, String)> =
        FIELDS.iter().map(|(field, name)| ((*name).to_owned(), format!("of {field}"))).collect();
    assert_eq!(seen.0, expected);
    for (_, name) in FIELDS {
        assert!(name.starts_with("UNBLINK_") && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'));
    }
}
