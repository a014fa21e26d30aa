use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const TEXT: &str = "heap_v2/131072
  t*: 4: 1048576 [0: 0]
  t0: 4: 1048576 [0: 0]
@ 0x10 0x20 0x30
  t*: 2: 524288 [0: 0]
  t0: 1: 262144 [0: 0]
  t5: 1: 262144 [0: 0]
@ 0xffffffffffffffff
  t*: 1: 64 [0: 0]
@ 0x10 0x40
  t*: 0: 0 [3: 4096]

MAPPED_LIBRARIES:
@ 0x50
  t*: 1: 100 [0: 0]
";

fn held(ways: &[(&[usize], u64, u64)]) -> Held {
    let way =
        |(calls, things, bytes): &(&[usize], u64, u64)| Way { calls: calls.to_vec(), things: *things, bytes: *bytes };
    Held { every: 131_072, ways: ways.iter().map(way).collect(), left_out: 0 }
}

#[test]
fn what_was_noted_is_told_as_what_it_stands_for() {
    // A thing twice as large as the stretch of which a byte is noted is seen in 1 - 1/e^2 of all cases; one of 64 bytes in
    // 1 of 2048.5.
    let expected = held(&[(&[0x10, 0x20, 0x30], 2, 606_348), (&[usize::MAX], 2_049, 131_104)]);
    assert_eq!(Held::parse(TEXT.as_bytes()), Ok(expected));
}

#[test]
fn what_is_not_understood_is_counted_and_other_forms_are_refused() {
    let broken =
        "heap_v2/8\n@ 0x1 nonsense\n t*: 1: 8 [0: 0]\n@ 0x2\n@ 0x3\n t*: 1: x [0: 0]\n@ 0x4\n t*: 1: 80 [0: 0]\n@ 0x5";
    let Held { ways, left_out, .. } = Held::parse(broken.as_bytes()).unwrap();
    assert_eq!((ways.len(), &ways[0].calls, left_out), (1, &vec![4], 4));
    for strange in
        ["", "heap_v2/", "heap_v2/0\n", "heap_v2/-1\n", "heap_v1/8\n", "heap_v2/99999999999999\n", "\0\u{fe0f}"]
    {
        assert!(Held::parse(strange.as_bytes()).is_err(), "{strange:?}");
    }
    assert!(Held::parse(b"\xff\xfe").is_err());
    let deep = format!("heap_v2/8\n@{}\n t*: 1: 8 [0: 0]\n", " 0x7".repeat(9 * limits::HEAP_CALLS_MAX));
    assert_eq!(Held::parse(deep.as_bytes()).unwrap().ways[0].calls.len(), limits::HEAP_CALLS_MAX);
}

#[test]
fn only_what_grew_is_told_and_how_much_went_elsewhere() {
    let before = held(&[(&[1], 5, 500), (&[2], 5, 500), (&[3], 5, 500), (&[4], 9, 900)]);
    let after = held(&[(&[1], 7, 700), (&[2], 5, 500), (&[3], 2, 200), (&[5], 1, 100), (&[6], 0, 0)]);
    let (grown, given_back) = after.grown_since(before);
    assert_eq!(grown, held(&[(&[1], 2, 200), (&[5], 1, 100)]));
    assert_eq!(given_back, 300 + 900);
}

proptest! {
    #[test]
    fn any_bytes_are_read_to_the_end(noise in vec(any::<u8>(), 0..500), cut in 0..TEXT.len()) {
        let _ = Held::parse(&noise);
        let mut text = TEXT.as_bytes()[..cut].to_vec();
        text.extend_from_slice(&noise);
        if let Ok(held) = Held::parse(&text) {
            for way in held.ways {
                prop_assert!(way.bytes <= limits::HEAP_BYTES_MAX && way.things <= way.bytes);
                prop_assert!(way.calls.len() <= limits::HEAP_CALLS_MAX);
            }
        }
    }

    #[test]
    fn growth_and_what_went_make_up_the_difference(
        before in vec((0_usize..9, 1_u64..1000), 0..9),
        after in vec((0_usize..9, 1_u64..1000), 0..9),
    ) {
        let once = |list: Vec<(usize, u64)>| {
            let list: std::collections::BTreeMap<usize, u64> = list.into_iter().collect();
            let way = |(call, bytes)| Way { calls: vec![call], things: 1, bytes };
            Held { every: 1, ways: list.into_iter().map(way).collect(), left_out: 0 }
        };
        let sum = |held: &Held| held.ways.iter().map(|way| way.bytes).sum::<u64>();
        let (before, after) = (once(before), once(after));
        let (was, is) = (sum(&before), sum(&after));
        let (grown, given_back) = after.grown_since(before);
        prop_assert_eq!(was + sum(&grown), is + given_back);
    }
}
