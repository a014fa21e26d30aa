use proptest::prelude::*;

use super::*;
use crate::base::{Epoch, Version};
use crate::model::param::Uuid;
use crate::runtime::context::{self, Context};
use crate::runtime::log::said::Said;

fn draft() -> Draft {
    Draft::new(Wall(1_700_000_000_123), Level::WARN, 77)
}

#[test]
fn lines_that_are_no_events_read_like_events_of_what_is_worked_on() {
    context::belong_to("shop", Epoch(4));
    let board = "b".repeat(limits::NAME_BYTES_MAX);
    let work = Context::panel(&board, 3, Version(9)).of_chart(Some(Uuid([0xab; 16])));
    let _work = context::enter(work);
    let long = "ä".repeat(limits::LOG_VALUE_BYTES_MAX);
    let bytes =
        [Said::new(Wall(5), "it broke").pieces().concat(), Said::new(Wall(6), &long).pieces().concat()].concat();
    let all: Vec<Record<'_>> = records(&bytes).collect();
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].at, all[0].level), (Wall(5), Level::ERROR));
    assert_eq!(all[0].part(name::SAID), Some("it broke"));
    assert_eq!(all[1].part(name::SAID).unwrap().len(), limits::LOG_VALUE_BYTES_MAX);
    for record in all {
        assert_eq!(record.part("board"), Some(board.as_str()));
        assert_eq!(record.part("panel"), Some("3"));
        assert_eq!(record.part("chart"), Some("abababab-abab-abab-abab-abababababab"));
        assert_eq!(record.part("trace"), Some(work.trace.to_string().as_str()));
        // Another test of this process may have said first whose worker this is.
        assert_eq!(record.part("tenant"), Some(context::tenant()));
    }
}

#[test]
fn what_does_not_fit_is_cut_and_the_rest_stays_readable() {
    let mut draft = draft();
    let long = "x".repeat(limits::LOG_RECORD_BYTES_MAX);
    for number in 0..2 * limits::LOG_FIELDS_MAX {
        draft.add(Kind::Text, &format!("field{number}"), format_args!("{long}"));
    }
    let bytes = draft.finish();
    assert!(bytes.len() <= limits::LOG_RECORD_BYTES_MAX, "{}", bytes.len());
    let record = records(&bytes).next().unwrap();
    let first = record.part("field0").unwrap();
    assert_eq!(first.len(), limits::LOG_VALUE_BYTES_MAX);
    assert!(first.ends_with("x…"));
    assert!(record.parts().count() >= 4);
}

#[test]
fn what_was_said_first_stays() {
    let mut draft = draft();
    draft.add(Kind::Text, "tenant", format_args!("shop"));
    draft.add_new(Kind::Text, "tenant", format_args!("default"));
    draft.add_new(Kind::Plain, "epoch", format_args!("3"));
    let bytes = draft.finish();
    let record = records(&bytes).next().unwrap();
    assert_eq!(record.part("tenant"), Some("shop"));
    assert_eq!(record.part("epoch"), Some("3"));
    assert_eq!(record.parts().count(), 2);
}

#[test]
fn half_a_number_is_none() {
    let mut draft = draft();
    let long = "7".repeat(limits::LOG_VALUE_BYTES_MAX);
    draft.add(Kind::Plain, "long", format_args!("{long}"));
    let mut fills = 0;
    while draft.bytes.len() + 64 < draft.bytes_max {
        let room = draft.bytes_max - draft.bytes.len();
        draft.add(
            Kind::Text,
            &format!("fill{fills}"),
            format_args!("{}", "x".repeat(room.saturating_sub(40).min(4000))),
        );
        fills += 1;
    }
    draft.add(Kind::Plain, "late", format_args!("{}", u128::MAX));
    draft.add(Kind::Plain, "short", format_args!("5"));
    let record = draft.record().unwrap();
    assert_eq!((record.part("long"), record.part("late"), record.part("short")), (None, None, Some("5")));
    assert_eq!(record.parts().count(), fills + 1);
}

#[test]
fn what_is_known_around_an_event_has_room_whatever_the_event_says() {
    context::belong_to("shop", Epoch(4));
    let board = "b".repeat(limits::NAME_BYTES_MAX);
    let work = Context::panel(&board, usize::MAX, Version(9)).of_chart(Some(Uuid([0xab; 16])));
    let _work = context::enter(work);
    let place = "p".repeat(150);
    for (count, bytes) in [(limits::LOG_FIELDS_MAX, 1), (5, limits::LOG_VALUE_BYTES_MAX)] {
        let mut draft = draft();
        for number in 0..count {
            draft.add(Kind::Text, &format!("field{number}"), format_args!("{}", "x".repeat(bytes)));
        }
        draft.add_around(&place, Some(&place), Some(&place));
        assert!(draft.bytes.len() <= limits::LOG_RECORD_BYTES_MAX);
        let record = draft.record().unwrap();
        let around = [
            ("board", board.as_str()),
            ("chart", "abababab-abab-abab-abab-abababababab"),
            ("panel", "65535"),
            ("trace", &work.trace.to_string()),
            (name::TARGET, &place),
            (name::FILE, &place),
            (name::MODULE, &place),
            // Another test of this process may have said first whose worker this is.
            ("tenant", context::tenant()),
        ];
        for (name, value) in around {
            assert_eq!(record.part(name), Some(value), "{name}");
        }
        assert!(record.part("epoch").is_some());
    }
}

proptest! {
    #[test]
    fn messages_come_out_as_they_went_in(
        messages in prop::collection::vec(prop::collection::vec((0..3usize, "[a-z_]{1,12}", ".{0,40}"), 0..6), 0..5)
    ) {
        let kinds = [Kind::Text, Kind::Shown, Kind::Plain];
        let mut bytes = Vec::new();
        for parts in &messages {
            let mut draft = draft();
            for (kind, name, value) in parts {
                draft.add(kinds[*kind], name, format_args!("{value}"));
            }
            bytes.extend(draft.finish());
        }
        let read: Vec<Vec<(usize, String, String)>> = records(&bytes)
            .map(|record| {
                prop_assert_eq!((record.at, record.level, record.line), (Wall(1_700_000_000_123), Level::WARN, 77));
                Ok(record.parts().map(|part| (part.kind as usize, part.name.to_owned(), part.value.to_owned())).collect())
            })
            .collect::<Result<_, TestCaseError>>()?;
        prop_assert_eq!(read, messages);
    }

    #[test]
    fn any_bytes_end_it_and_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for record in records(&bytes) {
            record.parts().for_each(drop);
        }
    }
}
