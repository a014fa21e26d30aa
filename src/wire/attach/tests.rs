//! Every message there and back, the version before, and clients that mean harm.

use proptest::prelude::*;

use super::super::samples::{gesture, glyphs, key, palette, params, size, spec};
use super::*;

prop_compose! {
    fn hello()(
        version in any::<u16>(),
        texts in (".{0,30}", "[A-Z][a-z/]{0,20}"),
        board in prop::option::of(".{0,30}"),
        params in params(),
        size in size(),
        palette in palette(),
        glyphs in glyphs(),
        theme in prop::option::of(prop::sample::select(Theme::ALL.to_vec())),
        resume in prop::option::of(spec()),
    ) -> ToRoot {
        let (build, timezone) = texts;
        let waits = version % 2 == 0;
        let hello =
            Hello { version, build, board, params, size, palette, glyphs, timezone, theme, resume, waits };
        ToRoot::Hello(Box::new(hello))
    }
}

fn to_root() -> impl Strategy<Value = ToRoot> {
    prop_oneof![
        hello(),
        key().prop_map(ToRoot::Key),
        size().prop_map(ToRoot::Resize),
        Just(ToRoot::Repaint),
        Just(ToRoot::Bye),
        Just(ToRoot::Ping),
        gesture().prop_map(ToRoot::Mouse),
        (any::<u16>(), ".{0,30}", "[a-z]{0,20}").prop_map(|(version, build, tenant)| ToRoot::Push(PushHello {
            version,
            build,
            tenant
        })),
        (any::<u64>(), prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(number, lines)| ToRoot::Chunk(Chunk { number, lines: lines.into() })),
    ]
}

fn to_client() -> impl Strategy<Value = ToClient> {
    let codes = vec![
        FarewellCode::Stopping,
        FarewellCode::NoSuchBoard,
        FarewellCode::NotAllowed,
        FarewellCode::Version,
        FarewellCode::Protocol,
        FarewellCode::Full,
        FarewellCode::Unclear,
        FarewellCode::Quit,
        FarewellCode::Other,
    ];
    prop_oneof![
        (any::<u16>(), ".{0,30}", any::<u64>(), any::<bool>()).prop_map(|(version, build, id, gestures)| {
            ToClient::Welcome(Welcome { version, build, session: SessionId(id), gestures })
        }),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| ToClient::Frame(bytes.into())),
        spec().prop_map(ToClient::Spec),
        (prop::sample::select(codes), ".{0,60}").prop_map(|(code, text)| ToClient::Farewell(Farewell { code, text })),
        Just(ToClient::Pong),
        any::<u32>().prop_map(|after_ms| ToClient::Later(Later { after_ms })),
        any::<(u16, u32, u32, u32)>().prop_map(|(version, credit, chunk_bytes_max, chunk_lines_max)| {
            ToClient::PushWelcome(PushWelcome { version, credit, chunk_bytes_max, chunk_lines_max })
        }),
        (any::<u64>(), any::<[u32; 4]>(), ".{0,60}").prop_map(|(number, [accepted, rejected, line, credit], why)| {
            let faults = vec![PushFault { line, why }];
            ToClient::PushTaken(PushTaken { number, accepted, rejected, faults, credit })
        }),
        (any::<u64>(), any::<[u32; 2]>(), any::<bool>(), ".{0,60}").prop_map(
            |(number, [after_ms, credit], unknown, why)| {
                ToClient::PushLater(PushLater { number, after_ms, unknown, why, credit })
            }
        ),
    ]
}

/// The message alone, after a look at its prefix.
fn unframed(message: &Bytes) -> Bytes {
    let length = u32::from_le_bytes(message[..framing::PREFIX_BYTES].try_into().unwrap());
    assert_eq!(length as usize, message.len() - framing::PREFIX_BYTES);
    message.slice(framing::PREFIX_BYTES..)
}

proptest! {
    #[test]
    fn what_a_client_says_is_understood(message in to_root()) {
        let wire = message.encode();
        prop_assert!(wire.len() <= limits::ATTACH_MESSAGE_BYTES_MAX);
        prop_assert_eq!(ToRoot::decode(&unframed(&wire)), Ok(message));
    }

    #[test]
    fn what_root_says_is_understood(message in to_client()) {
        prop_assert_eq!(ToClient::decode(&unframed(&message.encode())), Ok(message));
    }

    #[test]
    fn any_bytes_are_a_message_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in 0_u8..70) {
        let mut bytes = bytes;
        let _ = ToRoot::decode(&bytes);
        let _ = ToClient::decode(&Bytes::from(bytes.clone()));
        bytes.insert(0, kind);
        let _ = ToRoot::decode(&bytes);
        let _ = ToClient::decode(&Bytes::from(bytes));
    }

    #[test]
    fn a_bent_message_is_a_message_or_an_error(message in to_root(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut wire = unframed(&message.encode()).to_vec();
        let at = at.index(wire.len());
        wire[at] = to;
        if let Ok(ToRoot::Hello(hello)) = ToRoot::decode(&wire) {
            prop_assert!(hello.resume.is_none_or(|spec| spec.validate().is_ok()));
        }
    }
}

fn hello_of(json: &str) -> Result<Box<Hello>, DecodeError> {
    let mut message = vec![KIND_HELLO];
    message.extend(json.as_bytes());
    match ToRoot::decode(&message)? {
        ToRoot::Hello(hello) => Ok(hello),
        other => panic!("{other:?} came of a hello"),
    }
}

#[test]
fn the_version_before_is_accepted_without_the_newer_fields() {
    let hello = hello_of(r#"{"version":1,"size":{"cols":80,"rows":24}}"#).unwrap();
    assert_eq!(hello.version, VERSION_OLDEST);
    assert_eq!((hello.board, hello.theme, hello.resume), (None, None, None));
    assert_eq!((hello.palette, hello.glyphs, hello.timezone.as_str()), (Palette::Truecolor, GlyphSet::Braille, "UTC"));
}

#[test]
fn a_spec_from_before_viewers_chose_themes_is_resumed_in_the_colours_of_the_board() {
    let spec = r#"{"tenant":"t","board":"b","size":{"cols":80,"rows":24},"theme":"dark"}"#;
    let hello = hello_of(&format!(r#"{{"version":2,"size":{{"cols":80,"rows":24}},"resume":{spec}}}"#)).unwrap();
    assert_eq!(hello.resume.map(|spec| spec.theme), Some(None));
    let mut chosen = ViewSpec::new("t", "b", Size::FALLBACK);
    chosen.theme = Some(Theme::HighContrast);
    let json = serde_json::to_value(&chosen).unwrap();
    assert_eq!(json["chosen_theme"], "high-contrast");
    assert!(json.get("theme").is_none(), "a daemon from before knows but one `theme`, and would not take ours");
}

#[test]
fn fields_of_a_newer_version_are_ignored() {
    let json =
        r#"{"version":9,"size":{"cols":80,"rows":24,"pixels":[1,2]},"mouse":{"deep":[{"er":null}]},"board":"b"}"#;
    assert_eq!(hello_of(json).unwrap().board.as_deref(), Some("b"));
    let farewell = [&[KIND_FAREWELL][..], br#"{"code":"moved-house","text":"to the other socket"}"#].concat();
    let Ok(ToClient::Farewell(farewell)) = ToClient::decode(&Bytes::from(farewell)) else { panic!("not understood") };
    assert_eq!((farewell.code, farewell.text.as_str()), (FarewellCode::Other, "to the other socket"));
}

#[test]
fn a_size_from_outside_is_clamped() {
    let hello = hello_of(r#"{"version":2,"size":{"cols":0,"rows":65535}}"#).unwrap();
    assert_eq!(hello.size, Size::clamped(0, u16::MAX));
}

#[test]
fn what_breaks_a_cap_is_refused() {
    let with = |field: &str| hello_of(&format!(r#"{{"version":2,"size":{{"cols":80,"rows":24}},{field}}}"#));
    let long = |bytes: usize| "x".repeat(bytes);
    let many: Vec<String> = (0..=limits::PARAMS_MAX).map(|index| format!(r#""p{index}":"1""#)).collect();
    with(&format!(r#""board":"{}""#, long(limits::NAME_BYTES_MAX))).unwrap();
    for field in [
        format!(r#""board":"{}""#, long(2 * limits::NAME_BYTES_MAX + 2)),
        format!(r#""build":"{}""#, long(limits::BUILD_BYTES_MAX + 1)),
        format!(r#""timezone":"{}""#, long(limits::ZONE_BYTES_MAX + 1)),
        format!(r#""params":{{{}}}"#, many.join(",")),
        format!(r#""params":{{"{}":"1"}}"#, long(limits::PARAM_BYTES_MAX + 1)),
        format!(r#""params":{{"a":"{}"}}"#, long(limits::PARAM_BYTES_MAX + 1)),
        r#""resume":{"tenant":"a","board":"b","range_ms":0,"size":{"cols":1,"rows":1}}"#.to_owned(),
        format!(
            r#""resume":{{"tenant":"{}","board":"b","size":{{"cols":1,"rows":1}}}}"#,
            long(limits::NAME_BYTES_MAX + 1)
        ),
    ] {
        assert!(with(&field).is_err(), "accepted: {field}");
    }
}

#[test]
fn a_chunk_has_a_number_and_no_more_bytes_than_it_may() {
    let chunk = |bytes: usize| ToRoot::Chunk(Chunk { number: 7, lines: vec![b'x'; bytes].into() });
    let longest = unframed(&chunk(limits::PUSH_CHUNK_BYTES_MAX).encode());
    assert!(longest.len() <= limits::ATTACH_MESSAGE_BYTES_MAX);
    assert!(ToRoot::decode(&longest).is_ok());
    let longer = unframed(&chunk(limits::PUSH_CHUNK_BYTES_MAX + 1).encode());
    assert!(matches!(ToRoot::decode(&longer), Err(DecodeError::Cap(_))));
    assert!(matches!(ToRoot::decode(&[KIND_CHUNK, 1, 2, 3]), Err(DecodeError::Cap(_))));
}

#[test]
fn what_root_tells_of_lines_is_cut_to_its_caps() {
    let fault = PushFault { line: 1, why: "\u{1}".repeat(10_000) };
    let taken = |count| PushTaken { faults: vec![fault.clone(); count], ..PushTaken::default() };
    let Ok(ToClient::PushTaken(cut)) = ToClient::decode(&unframed(&ToClient::PushTaken(taken(1)).encode())) else {
        panic!("words are cut, not refused")
    };
    assert_eq!(cut.faults[0].why.len(), limits::PUSH_WHY_BYTES_MAX);
    let many = ToClient::PushTaken(taken(limits::PUSH_FAULTS_MAX + 1)).encode();
    assert!(ToClient::decode(&unframed(&many)).is_err());
}

#[test]
fn json_nested_without_end_is_refused_and_does_not_overflow_the_stack() {
    for open in ["[", "{\"a\":"] {
        let json = format!(r#"{{"version":2,"size":{{"cols":80,"rows":24}},"x":{}"#, open.repeat(10_000));
        assert!(matches!(hello_of(&json), Err(DecodeError::Malformed { .. })));
    }
}

#[test]
fn the_reason_of_a_refusal_stays_short_whatever_came() {
    let json = format!(r#"{{"version":2,"size":{{"cols":80,"rows":24}},"palette":"{}"}}"#, "x".repeat(60_000));
    let Err(DecodeError::Malformed { why, .. }) = hello_of(&json) else { panic!("accepted") };
    assert!(why.chars().count() <= WHY_CHARS_MAX, "{} characters", why.chars().count());
}

#[test]
fn the_largest_hello_that_the_caps_allow_fits_into_a_message() {
    // The worst case of JSON: every byte becomes a six-byte escape.
    let worst = |bytes: usize| "\u{1}".repeat(bytes);
    let params: BTreeMap<String, String> = (0..limits::PARAMS_MAX)
        .map(|index| {
            let name = format!("{}{index:02}", worst(limits::PARAM_BYTES_MAX - 2));
            (name, worst(limits::PARAM_BYTES_MAX))
        })
        .collect();
    let mut spec = ViewSpec::new(&worst(limits::NAME_BYTES_MAX), &worst(limits::NAME_BYTES_MAX), Size::FALLBACK);
    spec.params.clone_from(&params);
    let hello = Hello {
        version: VERSION,
        build: worst(limits::BUILD_BYTES_MAX),
        board: Some(worst(2 * limits::NAME_BYTES_MAX + 1)),
        params,
        size: Size::FALLBACK,
        palette: Palette::Truecolor,
        glyphs: GlyphSet::Braille,
        timezone: worst(limits::ZONE_BYTES_MAX),
        theme: Some(Theme::HighContrast),
        resume: Some(spec),
        waits: true,
    };
    let message = ToRoot::Hello(Box::new(hello));
    let wire = unframed(&message.encode());
    assert!(wire.len() <= limits::ATTACH_MESSAGE_BYTES_MAX, "{} bytes", wire.len());
    assert_eq!(ToRoot::decode(&wire), Ok(message));
}
