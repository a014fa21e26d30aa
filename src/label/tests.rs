//! What becomes of texts, case by case, and the laws that hold for all of them.

use proptest::prelude::*;
use unicode_normalization::is_nfc;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cluster::{Lone, agreed_columns, lone};
use super::*;

mod attacks;

fn check(input: &str, expect: &str) {
    let verdict = Label::new(input);
    assert_eq!(verdict.label.as_str(), expect, "{input:?} -> {verdict:?}");
    laws(input, &verdict);
}

fn check_bytes(input: &[u8], expect: &str) {
    let verdict = Label::decode(input);
    assert_eq!(verdict.label.as_str(), expect, "{input:?} -> {verdict:?}");
    laws(&String::from_utf8_lossy(input), &verdict);
}

/// Independent of the filter's own tables where it can be: what must never reach a terminal.
fn is_hostile(c: char) -> bool {
    let code = u32::from(c);
    c.is_control()
        || (c.is_whitespace() && c != ' ')
        || code & 0xfffe == 0xfffe
        || (0xfdd0..=0xfdef).contains(&code)
        || (0xe000..=0xf8ff).contains(&code)
        || code >= 0xe0000
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{180e}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{ffa0}'
                | '\u{feff}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{fff9}'..='\u{fffb}')
}

/// Everything the invariant of a label promises.
fn laws(input: &str, verdict: &Verdict) {
    let label = &verdict.label;
    let text = label.as_str();
    assert!(!text.contains(is_hostile), "{input:?} -> {text:?} lets something hostile through");
    assert!(is_nfc(text), "{text:?} is not in NFC");
    assert!(text.len() <= limits::LABEL_BYTES_MAX, "{} bytes", text.len());

    let again = Label::new(text);
    assert_eq!(again.label, *label, "{input:?}: a label of a label is another");
    assert_eq!(again.action, Action::Allowed, "{input:?} -> {text:?} is not allowed: {:?}", again.removed);

    let mut columns = 0;
    let mut joined = String::new();
    for cluster in label.clusters() {
        assert!((1..=2).contains(&cluster.columns), "{cluster:?} in {text:?}");
        assert!(cluster.text.chars().count() <= limits::CLUSTER_CODE_POINTS_MAX, "{cluster:?} in {text:?}");
        let summed: usize = cluster.text.chars().map(|c| c.width().unwrap_or(0)).sum();
        let widest = summed.max(cluster.text.width());
        assert!(widest <= usize::from(cluster.columns), "{cluster:?} in {text:?} is {widest} columns to some");
        assert!(!cluster.text.starts_with(|c: char| c.width() == Some(0)), "{cluster:?} in {text:?} has no base");
        columns += cluster.columns;
        joined.push_str(cluster.text);
    }
    assert_eq!(label.columns(), columns, "{text:?}");
    assert_eq!(joined, text);
    assert_eq!(label.is_ascii(), text.is_ascii());

    let Removed { code_points, count, cut } = &verdict.removed;
    assert_eq!(code_points.len(), (*count).min(limits::REMOVED_LISTED_MAX));
    match verdict.action {
        Action::Allowed => assert!(*count == 0 && !cut),
        Action::Sanitized => assert!((*count > 0 || *cut) && !text.is_empty()),
        Action::Blocked => assert!((*count > 0 || *cut) && text.is_empty()),
    }
}

#[test]
fn plain_text_stays_as_it_is() {
    for text in [
        "",
        " ",
        "cpu 42.0 %",
        "% / + = < > [ ] ° µ € é 中文 かな 한글 😀",
        " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~",
        "Größe ≥ 10 µs → ∞",
        "Загрузка ЦП, Φορτίο",
        "שלום مرحبا",
        "สวัสดี नमस्ते",
        "│ ┌─┐ █▇▆ ⣿ ▲ ●",
        "🇩🇪 👍 ☀ ❤",
        "\u{fffd}",
    ] {
        check(text, text);
        assert_eq!(Label::new(text).action, Action::Allowed, "{text:?}");
    }
}

#[test]
fn whitespace_of_every_kind_becomes_a_space() {
    check("a\tb\nc\rd\u{b}e\u{c}f", "a b c d e f");
    check("a\r\nb", "a  b");
    check("a\u{85}b\u{a0}c\u{1680}d\u{2028}e\u{2029}f\u{202f}g\u{205f}h\u{3000}i", "a b c d e f g h i");
    check(
        "a\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}b",
        "a           b",
    );
    check("a\u{2800}b", "a b");
}

#[test]
fn text_is_put_into_nfc_without_a_complaint() {
    for (input, expect) in [
        ("e\u{301}", "é"),
        ("\u{212a}", "K"),
        ("\u{2126}", "Ω"),
        ("\u{1112}\u{1161}\u{11ab}", "한"),
        ("\u{f900}", "豈"),
    ] {
        check(input, expect);
        assert_eq!(Label::new(input).action, Action::Allowed, "{input:?}");
    }
    // What stood between the two is gone before they meet.
    check("e\u{200d}\u{301}", "é");
    check("e\u{1b}[0m\u{301}", "é");
}

#[test]
fn invisible_code_points_are_taken_out() {
    check("a\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{34f}b", "ab");
    check("user\u{202e}txt.exe\u{202c}", "usertxt.exe");
    check("\u{2066}a\u{2067}b\u{2068}c\u{2069}\u{200e}\u{200f}\u{61c}", "abc");
    check("\u{115f}\u{1160}\u{3164}\u{ffa0}x", "x");
    check("☀\u{fe0f}☀\u{fe0e}", "☀☀");
    check("葛\u{e0100}", "葛");
    check("a\u{e0001}\u{e0041}\u{e007f}b", "ab");
    check("a\u{e000}\u{f8ff}\u{f0000}\u{10fffd}b", "ab");
    check("a\u{fdd0}\u{fdef}\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}b", "ab");
    check("a\u{378}\u{e0fff}\u{30000}b", "a\u{30000}b");
    check("a\u{fff9}b\u{fffa}c\u{fffb}\u{fffc}", "abc");
    check("a\u{17d8}b", "ab");
    check("👨\u{200d}👩\u{200d}👧", "👨👩👧");
}

#[test]
fn a_mark_without_a_base_does_not_reach_for_its_neighbour() {
    check("\u{301}abc", "abc");
    check("\u{301}\u{301}", "");
    check("\u{20e3}1\u{20e3}", "1\u{20e3}");
    check("\n\u{301}x", " \u{301}x");
    check("\u{1161}a", "a");
}

#[test]
fn a_cluster_holds_four_code_points() {
    check("x\u{300}\u{316}\u{317}\u{318}\u{319}\u{31c}y", "x\u{316}\u{317}\u{318}y");
    let zalgo = format!("Z{}o", "\u{336}".repeat(500));
    check(&zalgo, "Z\u{336}\u{336}\u{336}o");
    assert_eq!(Label::new(&zalgo).removed.count, 497);
    assert_eq!(Label::new(&zalgo).label.columns(), 2);
}

#[test]
fn graphemes_of_more_than_two_columns_are_cut_up() {
    let columns =
        |text: &str| Label::plain(text).clusters().map(|c| (c.text.to_owned(), c.columns)).collect::<Vec<_>>();
    assert_eq!(columns("👍🏽"), [("👍".to_owned(), 2), ("🏽".to_owned(), 2)]);
    assert_eq!(columns("🇩🇪🇫"), [("🇩🇪".to_owned(), 2), ("🇫".to_owned(), 1)]);
    assert_eq!(columns("क्षि"), [("क्ष".to_owned(), 2), ("ि".to_owned(), 1)]);
    assert_eq!(columns("中a\u{301}x\u{301}"), [("中".to_owned(), 2), ("á".to_owned(), 1), ("x\u{301}".to_owned(), 1)]);
}

#[test]
fn only_what_terminals_agree_on_is_certain() {
    let certain = |text: &str| Label::plain(text).clusters().map(|c| c.certain).collect::<Vec<_>>();
    assert_eq!(certain("aé°µ€Ж中か한"), [true; 9]);
    assert_eq!(certain("😀☀©🇩🇪לحस"), [false; 7]);
    assert_eq!(certain("ax\u{301}b"), [true, false, true]);
}

#[test]
fn agreed_columns_are_what_every_model_says() {
    for c in (char::MIN..=char::MAX).filter(|c| agreed_columns(*c).is_some()) {
        let columns = agreed_columns(c).map(usize::from);
        let text = c.to_string();
        assert_eq!(c.width(), columns, "{c:?}");
        assert_eq!(Some(text.width()), columns, "{c:?}");
        assert!(unicode_normalization::char::is_public_assigned(c) && is_nfc(&text) && !is_hostile(c), "{c:?}");
        check(&text, &text);
        // Joins nothing certain that stands before or after it.
        for other in ['a', '中', '한', 'é', '°', '\u{fffd}'] {
            let pair = format!("{c}{other}{c}");
            assert_eq!(pair.graphemes(true).count(), 3, "{pair:?}");
        }
    }
}

/// The way of text that is no case of its own, for one that is.
fn slowly(text: &str) -> Verdict {
    let mut removed = Removed::default();
    let packed = cluster::pack(&filter::strip(text, &mut removed), &mut removed);
    assert!(is_nfc(&packed), "{text:?}");
    Verdict { label: Label::from_settled(packed), action: Action::Allowed, removed }
}

#[test]
fn what_is_a_cluster_by_itself_is_one_beside_any_other() {
    let others = ['a', '\u{e9}', '\u{416}', '\u{4e2d}', '\u{d55c}', '\u{2502}', '\u{28ff}', '\u{1f525}', '\u{26a1}'];
    let mut emoji = 0;
    for c in (char::MIN..=char::MAX).filter(|c| !c.is_ascii()) {
        let Some(Lone { columns, certain }) = lone(c) else { continue };
        emoji += usize::from(!certain);
        assert!(unicode_normalization::char::is_public_assigned(c) && !is_hostile(c), "{c:?}");
        assert_eq!(c.width(), Some(usize::from(columns)), "{c:?}");
        for other in others {
            let text = format!("{c}{other}{c}{c}");
            assert_eq!(text.graphemes(true).count(), 4, "{text:?}");
            let verdict = Label::new(&text);
            assert_eq!(verdict, slowly(&text), "{text:?}");
            let clusters: Vec<Cluster<'_>> = verdict.label.clusters().collect();
            assert_eq!(clusters.len(), 4, "{clusters:?}");
            assert_eq!((clusters[0].columns, clusters[0].certain), (columns, certain), "{c:?}");
            assert_eq!(clusters[0].columns, u16::try_from(clusters[0].text.width()).expect("few"), "{c:?}");
        }
    }
    assert!(emoji > 700, "{emoji}");
}

#[test]
fn each_code_point_alone_keeps_the_laws() {
    for c in char::MIN..=char::MAX {
        let text = c.to_string();
        let verdict = Label::new(&text);
        laws(&text, &verdict);
    }
}

#[test]
fn malformed_utf8_becomes_replacement_characters() {
    check_bytes(b"a\xffb", "a\u{fffd}b");
    check_bytes(b"\xc0\xaf", "\u{fffd}\u{fffd}");
    check_bytes(b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}");
    check_bytes(b"\xf0\x9f\x98", "\u{fffd}");
    check_bytes(b"\xf4\x90\x80\x80x", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}x");
    check_bytes(b"\x9b31mred", "\u{fffd}31mred");
    check_bytes("中文".as_bytes(), "中文");
    check_bytes(b"", "");
    let verdict = Label::decode(b"a\xffb\x1b[0m");
    assert_eq!(verdict.action, Action::Sanitized);
    assert_eq!(verdict.removed.code_points, [0xfffd, 0x1b, 0x5b, 0x30, 0x6d]);
}

#[test]
fn the_verdict_says_what_was_taken_out() {
    let verdict = Label::new("a\u{1b}[1mb\u{200b}\tc");
    assert_eq!(verdict.action, Action::Sanitized);
    assert_eq!(verdict.removed.code_points, [0x1b, 0x5b, 0x31, 0x6d, 0x200b, 0x9]);
    assert_eq!(verdict.removed.count, 6);
    assert_eq!(Label::new("\u{200b}\u{1b}]0;title\u{7}").action, Action::Blocked);
    let many = Label::new(&"\u{200b}".repeat(1000));
    assert_eq!(many.removed.count, 1000);
    assert_eq!(many.removed.code_points.len(), limits::REMOVED_LISTED_MAX);
}

#[test]
fn long_text_is_cut_between_clusters() {
    for unit in ["a", "é", "中", "😀", "x\u{301}\u{302}", "👍🏽", "क्षि"] {
        let raw = unit.repeat(limits::LABEL_RAW_BYTES_MAX);
        let verdict = Label::new(&raw);
        laws(&raw, &verdict);
        assert!(verdict.removed.cut && verdict.action == Action::Sanitized, "{unit:?}");
        let whole = Label::plain(unit);
        let (text, unit) = (verdict.label.as_str(), whole.as_str());
        let first = whole.clusters().next().map_or(0, |cluster| cluster.text.len());
        let rest = text.trim_start_matches(unit);
        assert!(rest.is_empty() || rest == &unit[..first], "{unit:?} is cut in the midst of a cluster: {rest:?}");
        assert!(text.len() > limits::LABEL_BYTES_MAX - 16, "{unit:?}");
        assert!(Label::decode(raw.as_bytes()).label.as_str().len() > limits::LABEL_BYTES_MAX - 16, "{unit:?}");
    }
    let exact = "a".repeat(limits::LABEL_BYTES_MAX);
    assert_eq!(Label::new(&exact).action, Action::Allowed);
    assert_eq!(Label::new(&exact).label.columns(), 8192);
}

#[test]
fn clipping_ends_in_an_ellipsis_and_never_in_half_a_cluster() {
    let clip = |text: &str, columns: u16| Label::plain(text).clip(columns).as_str().to_owned();
    assert_eq!(clip("abcdef", 6), "abcdef");
    assert_eq!(clip("abcdef", 5), "abcd…");
    assert_eq!(clip("abcdef", 1), "…");
    assert_eq!(clip("abcdef", 0), "");
    assert_eq!(clip("中文字", 5), "中文…");
    assert_eq!(clip("中文字", 4), "中…");
    assert_eq!(clip("中文字", 6), "中文字");
    assert_eq!(clip("👍🏽x", 4), "👍…");
    assert_eq!(clip("", 0), "");
}

#[test]
fn published_naughty_strings_keep_the_laws() {
    assert!(naughty_strings::BLNS.len() > 500, "the list is there");
    for text in naughty_strings::BLNS {
        laws(text, &Label::new(text));
        laws(text, &Label::decode(text.as_bytes()));
    }
}

/// Text made of what the rules are about: plain, hostile, joining and wide code points.
fn hostile_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        "[ -~]{1,3}",
        "[\u{0}-\u{1f}\u{7f}-\u{9f}]{1,2}",
        "[\u{300}-\u{36f}\u{483}-\u{489}\u{1ab0}-\u{1aff}\u{20d0}-\u{20f0}]{1,6}",
        "[\u{900}-\u{97f}]{1,4}",
        "[\u{1100}-\u{11ff}\u{a960}-\u{a97c}\u{d7b0}-\u{d7fb}]{1,4}",
        "[\u{ac00}-\u{d7a3}\u{3040}-\u{30ff}\u{4e00}-\u{9fff}]{1,2}",
        "[\u{1f1e6}-\u{1f1ff}\u{1f3fb}-\u{1f3ff}\u{1f466}-\u{1f469}\u{200d}\u{fe0f}\u{20e3}]{1,4}",
        "[\u{d4e}\u{111c2}\u{111c3}\u{600}-\u{605}\u{903}\u{93e}]{1,2}",
        "[\u{200b}-\u{200f}\u{2028}-\u{202f}\u{2060}-\u{206f}\u{e0000}-\u{e01ef}]",
        prop::sample::select(attacks::FRAGMENTS).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_keeps_the_laws(text in hostile_text()) {
        laws(&text, &Label::new(&text));
    }

    #[test]
    fn any_bytes_keep_the_laws(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        laws(&String::from_utf8_lossy(&bytes), &Label::decode(&bytes));
    }

    #[test]
    fn printable_ascii_is_never_touched(text in "[ -~]{0,80}") {
        let label = Label::plain(&text);
        prop_assert_eq!(label.as_str(), text);
    }

    #[test]
    fn a_clipped_label_is_a_label_and_fits(text in hostile_text(), columns in 0_u16..40) {
        let whole = Label::plain(&text);
        let clipped = whole.clip(columns);
        prop_assert!(clipped.columns() <= columns);
        prop_assert!(clipped == whole || columns == 0 || clipped.as_str().ends_with('…'));
        prop_assert_eq!(&Label::plain(clipped.as_str()), &clipped);
    }

    #[test]
    fn decoding_valid_text_is_the_same_as_taking_it(text in hostile_text()) {
        prop_assert_eq!(Label::decode(text.as_bytes()), Label::new(&text));
    }
}

#[test]
fn only_long_text_takes_memory_of_its_own() {
    assert_eq!(["", "cpu", &"x".repeat(23)].map(|text| Label::plain(text).heap_bytes()), [0; 3]);
    assert!((24..=64).contains(&Label::plain(&"x".repeat(24)).heap_bytes()));
    assert!(Label::plain(&"é".repeat(100)).heap_bytes() >= 200, "bytes, not columns");
}
