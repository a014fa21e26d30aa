use proptest::prelude::*;

use super::*;

const KI: f64 = 1024.0;

#[track_caller]
fn check(unit: Unit, value: f64, text: &str) {
    assert_eq!(unit.format(value), text, "{unit:?} of {value}");
}

#[test]
fn bare_numbers_keep_three_digits() {
    for (value, text) in [
        (0.0, "0"),
        (-0.0, "0"),
        (3.0, "3"),
        (999.0, "999"),
        (0.42, "0.42"),
        (1.256, "1.26"),
        (9.999, "10.0"),
        (12.34, "12.3"),
        (123.4, "123"),
        (999.7, "1.00k"),
        (1000.0, "1.00k"),
        (1234.0, "1.23k"),
        (-56_789.0, "-56.8k"),
        (1.5e9, "1.50G"),
        (2.0e18, "2.00E"),
        (1e30, "1.0e30"),
        (0.000_12, "1.2e-4"),
        (-1e-300, "-1.0e-300"),
        (f64::MAX, "1.8e308"),
        (f64::NAN, "n/a"),
        (f64::NEG_INFINITY, "n/a"),
    ] {
        check(Unit::None, value, text);
    }
}

#[test]
fn percentages_show_one_decimal_until_they_are_full() {
    for (value, text) in [
        (0.0, "0.0%"),
        (7.34, "7.3%"),
        (42.0, "42.0%"),
        (99.94, "99.9%"),
        (99.96, "100%"),
        (250.0, "250%"),
        (-0.01, "0.0%"),
    ] {
        check(Unit::Percent, value, text);
    }
}

#[test]
fn bytes_go_in_powers_of_1024_and_carry_over() {
    for (value, text) in [
        (0.0, "0 B"),
        (512.0, "512 B"),
        (0.5, "0.5 B"),
        (1023.0, "1023 B"),
        (1023.7, "1.0 KiB"),
        (KI, "1.0 KiB"),
        (1.5 * KI, "1.5 KiB"),
        (99.99 * KI, "100 KiB"),
        (1023.9 * KI, "1.0 MiB"),
        (31.2 * KI * KI * KI, "31.2 GiB"),
        (-2.0 * KI * KI, "-2.0 MiB"),
        (1e30, "1.0e30 B"),
    ] {
        check(Unit::Bytes, value, text);
    }
    check(Unit::BytesPerSecond, 2.5 * KI * KI, "2.5 MiB/s");
}

#[test]
fn seconds_become_spans() {
    for (value, text) in [
        (0.0, "0 s"),
        (1e-12, "1.0e-12 s"),
        (2.5e-9, "2.5 ns"),
        (0.000_85, "850 us"),
        (0.0125, "12.5 ms"),
        (0.9999, "1.0 s"),
        (4.25, "4.3 s"),
        (12.0, "12 s"),
        (60.0, "1m 00s"),
        (65.0, "1m 05s"),
        (3_599.0, "59m 59s"),
        (3_600.0, "1h 00m"),
        (7_500.0, "2h 05m"),
        (86_400.0 * 3.0 + 4.0 * 3_600.0, "3d 04h"),
        (86_400.0 * 12_345.0, "12.3k d"),
        (-65.0, "-1m 05s"),
    ] {
        check(Unit::Seconds, value, text);
    }
}

#[test]
fn a_fixed_number_of_decimals_keeps_the_width() {
    assert_eq!(Unit::None.format_fixed(1.0, 2), "1.00");
    assert_eq!(Unit::None.format_fixed(-0.001, 2), "0.00");
    assert_eq!(Unit::None.format_fixed(-0.25, 2), "-0.25");
    assert_eq!(Unit::None.format_fixed(4321.0, 2), "4.32k");
    assert_eq!(Unit::Percent.format_fixed(12.0, 2), "12.0%");
}

#[test]
fn steps_are_the_ones_people_count_in() {
    for (unit, rough, step) in [
        (Unit::Percent, 20.0, 20.0),
        (Unit::Percent, 21.0, 25.0),
        (Unit::Percent, 33.0, 50.0),
        (Unit::None, 0.03, 0.05),
        (Unit::None, 700.0, 1000.0),
        (Unit::Bytes, 5.0 * KI * KI, 8.0 * KI * KI),
        (Unit::Bytes, 0.3, 0.5),
        (Unit::Seconds, 0.02, 0.02),
        (Unit::Seconds, 40.0, 60.0),
        (Unit::Seconds, 7_000.0, 7_200.0),
        (Unit::Seconds, 30.0 * 86_400.0, 50.0 * 86_400.0),
    ] {
        let got = unit.step(rough);
        assert!((got - step).abs() < 1e-9 * step, "{unit:?} {rough}: {got} is not {step}");
    }
}

#[test]
fn ticks_of_one_axis_share_prefix_and_decimals() {
    let cases: [(Unit, f64, f64, &[&str]); 8] = [
        (Unit::Percent, 100.0, 25.0, &["0%", "25%", "50%", "75%", "100%"]),
        (Unit::None, 1.0, 0.25, &["0", "0.25", "0.50", "0.75", "1.00"]),
        (Unit::None, 10_000.0, 2_500.0, &["0", "2.5k", "5.0k", "7.5k", "10.0k"]),
        (Unit::Bytes, 31.2 * KI * KI * KI, 8.0 * KI * KI * KI, &["0", "8 GiB", "16 GiB", "24 GiB"]),
        (Unit::Bytes, 1.1 * KI, 512.0, &["0", "0.5 KiB", "1.0 KiB"]),
        (Unit::Seconds, 0.3, 0.1, &["0", "100 ms", "200 ms", "300 ms"]),
        (Unit::Seconds, 60.0, 15.0, &["0", "15 s", "30 s", "45 s", "60 s"]),
        (Unit::Seconds, 7_200.0, 1_800.0, &["0", "0.5 h", "1.0 h", "1.5 h", "2.0 h"]),
    ];
    for (unit, extent, step, texts) in cases {
        let format = unit.ticks(extent, step);
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(format.format(index as f64 * step), *text, "{unit:?} in steps of {step}");
        }
    }
}

#[track_caller]
fn unit(word: &str) -> Unit {
    word.parse().unwrap()
}

#[test]
fn decimal_bytes_bits_and_hertz_go_in_powers_of_1000() {
    for (unit, value, text) in [
        (Unit::BytesSi, 0.0, "0 B"),
        (Unit::BytesSi, 999.0, "999 B"),
        (Unit::BytesSi, 999.7, "1.0 kB"),
        (Unit::BytesSi, 1.5e6, "1.5 MB"),
        (Unit::BytesSi, 99.96e9, "100 GB"),
        (Unit::BytesSi, 999.7e9, "1.0 TB"),
        (Unit::BytesSi, 1e30, "1.0e30 B"),
        (Unit::BytesSiPerSecond, 42e6, "42.0 MB/s"),
        (Unit::BitsPerSecond, 940e6, "940 Mbit/s"),
        (Unit::Hertz, 50.0, "50 Hz"),
        (Unit::Hertz, 0.25, "0.25 Hz"),
        (Unit::Hertz, 3.6e9, "3.60 GHz"),
        (Unit::Hertz, 1e-6, "1.0e-6 Hz"),
    ] {
        check(unit, value, text);
    }
}

#[test]
fn temperatures_keep_one_decimal_and_their_sign() {
    for (value, text) in [
        (0.0, "0.0 °C"),
        (-0.01, "0.0 °C"),
        (21.46, "21.5 °C"),
        (-40.0, "-40.0 °C"),
        (99.96, "100 °C"),
        (15_000_000.0, "15.0M °C"),
        (f64::NAN, "n/a"),
    ] {
        check(Unit::Celsius, value, text);
    }
    assert_eq!(Unit::Celsius.format_fixed(21.0, 2), "21.00 °C");
}

#[test]
fn units_of_ones_own_count_scale_or_stay_plain() {
    for (word, value, text) in [
        ("orders", 3.0, "3 orders"),
        ("orders", 1234.0, "1.23k orders"),
        ("orders/s", 0.5, "0.50 orders/s"),
        ("/s", 1234.0, "1.23k/s"),
        ("/s", -0.001, "0.00/s"),
        ("si:W", 230.0, "230 W"),
        ("si:W", 1234.0, "1.23 kW"),
        ("si:W", 0.0125, "12.5 mW"),
        ("si:W", 0.9999, "1.00 W"),
        ("si:W", 2.5e-6, "2.50 uW"),
        ("si:W", 1e-15, "1.0e-15 W"),
        ("si:W", 1e30, "1.0e30 W"),
        ("si:req/s", 12_300.0, "12.3 kreq/s"),
        ("plain:rpm", 7_200.0, "7200 rpm"),
        ("plain:rpm", 123_456.7, "123457 rpm"),
        ("plain:rpm", 1e6, "1.0e6 rpm"),
        ("plain:km/h", 12.34, "12.3 km/h"),
        ("€", 42.0, "42 €"),
    ] {
        check(unit(word), value, text);
    }
    assert_eq!(unit("orders/s").format_fixed(1.0, 2), "1.00 orders/s");
    assert_eq!(unit("si:W").format_fixed(1.0, 2), "1 W");
}

#[test]
fn words_are_units_and_back() {
    for (word, unit, shown) in [
        ("bytes", Unit::Bytes, "bytes"),
        ("Bytes", Unit::Bytes, "bytes"),
        ("bytes-per-second", Unit::BytesPerSecond, "bytes/s"),
        ("bytes-si", Unit::BytesSi, "bytes-si"),
        ("bits/s", Unit::BitsPerSecond, "bits/s"),
        ("%", Unit::Percent, "percent"),
        ("Hz", Unit::Hertz, "hertz"),
        ("°C", Unit::Celsius, "celsius"),
    ] {
        assert_eq!(word.parse(), Ok(unit), "{word}");
        assert_eq!(unit.to_string(), shown);
    }
    for word in ["orders", "orders/s", "/s", "si:W", "si:req/s", "plain:rpm", "km/h", "plain:€/s", "abcdefghijkl/s"] {
        let unit = unit(word);
        assert_eq!(unit.to_string(), word);
        assert_eq!(serde_json::to_string(&unit).unwrap(), format!("{word:?}"));
        assert_eq!(serde_json::from_str::<Unit>(&format!("{word:?}")).unwrap(), unit);
        assert_eq!(postcard::from_bytes::<Unit>(&postcard::to_stdvec(&unit).unwrap()).unwrap(), unit);
    }
}

#[test]
fn what_is_no_unit_is_refused_with_the_remedy() {
    let long = "x".repeat(100_000);
    for (word, part) in [
        ("", "write one of none, percent, bytes"),
        ("two words", "without blanks"),
        ("abcdefghijklm", "at most 12 bytes"),
        ("a\u{1b}[1m", "`a` is no unit"),
        ("a\u{202e}b", "write one of"),
        ("1x", "write one of"),
        ("-x", "write one of"),
        ("si:", "write one of"),
        ("si:/s", "write one of"),
        ("a/s/s", "write one of"),
        ("iec:B", "begins with `si:` (1.2 kW) or `plain:`"),
        ("ms", "write `seconds`"),
        ("MB", "write `bytes`"),
        ("KiB", "write `bytes`"),
        (&long, "at most 12 bytes"),
    ] {
        let complaint = word.parse::<Unit>().unwrap_err().to_string();
        assert!(complaint.contains(part), "{complaint:?} does not say {part:?}");
        assert!(complaint.len() < 300, "{complaint:?}");
        assert!(complaint.chars().all(|c| !c.is_control()), "{complaint:?}");
        assert!(serde_json::from_str::<Unit>(&serde_json::to_string(word).unwrap()).is_err());
    }
}

#[test]
fn a_counter_of_things_is_shown_as_things_a_second() {
    for (of, rate) in [("bytes", "bytes/s"), ("bytes-si", "bytes-si/s"), ("orders", "orders/s"), ("none", "/s")] {
        assert_eq!(unit(of).per_second(), unit(rate));
    }
    assert_eq!(unit("si:J").per_second(), unit("si:J/s"));
    assert_eq!(unit("bit").per_second(), Unit::BitsPerSecond);
    for own in [Unit::Seconds, Unit::Percent, Unit::BytesPerSecond, unit("orders/s")] {
        assert_eq!(own.per_second(), Unit::None);
    }
}

#[test]
fn long_suffixes_are_left_off_the_ticks() {
    let cases: [(&str, f64, f64, &[&str]); 7] = [
        ("orders/s", 5_000.0, 2_500.0, &["0", "2.5k", "5.0k"]),
        ("/s", 50.0, 25.0, &["0", "25/s", "50/s"]),
        ("si:W", 5_000.0, 2_500.0, &["0", "2.5 kW", "5.0 kW"]),
        ("plain:V", 240.0, 120.0, &["0", "120 V", "240 V"]),
        ("bytes-si", 5e6, 2.5e6, &["0", "2.5 MB", "5.0 MB"]),
        ("celsius", 40.0, 20.0, &["0", "20 °C", "40 °C"]),
        ("si:W", 1e30, 5e29, &["0", "5.0e29 W", "1.0e30 W"]),
    ];
    for (word, extent, step, texts) in cases {
        let format = unit(word).ticks(extent, step);
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(format.format(index as f64 * step), *text, "{word} in steps of {step}");
        }
    }
}

const WORDS: [&str; 18] = [
    "none",
    "percent",
    "bytes",
    "bytes/s",
    "bytes-si",
    "bytes-si/s",
    "bits/s",
    "seconds",
    "hertz",
    "celsius",
    "orders",
    "orders/s",
    "/s",
    "si:W",
    "si:req/s",
    "plain:rpm",
    "plain:€",
    "abcdefghijkl/s",
];

fn any_unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(WORDS.to_vec()).prop_map(unit)
}

/// Values that are not negative and have their prefix.
fn everyday() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (-3f64..4.0).prop_map(|exponent| 10f64.powf(exponent)), (0..10_000u32).prop_map(f64::from)]
}

/// The number a text shows; spans of two units have none.
fn read(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(text.len());
    let prefix = text[end..].trim_start();
    let scale = match prefix.as_bytes() {
        [b'e', ..] => {
            let power = prefix[1..].find([' ', '%', '/']).map_or(&prefix[1..], |end| &prefix[1..=end]);
            10f64.powi(power.parse().ok()?)
        }
        [b'k', b'i', ..] => return None,
        [b'K', b'i', ..] => KI,
        [b'M', b'i', ..] => KI * KI,
        [b'G', b'i', ..] => KI * KI * KI,
        [b'm', b'W', ..] => 1e-3,
        [b'u', b'W', ..] => 1e-6,
        [b'k', ..] => 1e3,
        [b'M', ..] => 1e6,
        [b'G', ..] => 1e9,
        _ => 1.0,
    };
    Some(text[..end].parse::<f64>().ok()? * scale)
}

proptest! {
    #[test]
    fn any_number_has_a_short_clean_text(bits in any::<u64>(), unit in any_unit()) {
        let value = f64::from_bits(bits);
        let text = unit.format(value);
        let label = crate::label::Label::plain(&text);
        prop_assert_eq!(label.as_str(), &text);
        prop_assert!(!text.is_empty() && label.columns() <= unit.columns() + Unit::OUTLIER_COLUMNS, "{:?}", text);
    }

    #[test]
    fn an_everyday_value_is_never_wider_than_its_column(value in everyday(), large in 1f64..1e12, unit in any_unit()) {
        let prefixed = !matches!(unit, Unit::Percent | Unit::Celsius) && !unit.to_string().starts_with("plain:");
        let value = if prefixed { value * large } else { value };
        prop_assume!(unit != Unit::Seconds || value < 1_000.0 * 86_400.0);
        let text = unit.format(value);
        prop_assert!(crate::label::Label::plain(&text).columns() <= unit.columns(), "{:?}", text);
        let negative = crate::label::Label::plain(&unit.format(-value));
        prop_assert!(negative.columns() <= unit.columns() + 1, "{:?}", negative);
    }

    #[test]
    fn a_larger_value_never_reads_as_a_smaller_one(value in everyday(), factor in 1f64..1.2, large in 1f64..1e6, unit in any_unit()) {
        prop_assume!(unit != Unit::Seconds);
        let (small, large) = (value * large, value * large * factor);
        let (small, large) = (unit.format(small), unit.format(large));
        let (Some(low), Some(high)) = (read(&small), read(&large)) else { return Err(TestCaseError::fail(small)) };
        prop_assert!(low <= high * (1.0 + 1e-9), "{small:?} {large:?}");
    }

    #[test]
    fn ticks_in_human_steps_fit_their_gutter(rough in 0f64..9.0, count in 2..6u32, unit in any_unit()) {
        let step = unit.step(10f64.powf(rough));
        let extent = step * f64::from(count);
        prop_assume!(extent < 1e4 || !unit.to_string().starts_with("plain:") && !matches!(unit, Unit::Celsius | Unit::Percent));
        // A percentage is an axis from 0 to 100 nearly always, a span of days hardly ever.
        prop_assume!(unit != Unit::Percent || extent <= 100.0 && step >= 1.0 && step != 2.5);
        // Quarters of a prefix take one more: four steps in a power of two are rare.
        prop_assume!(!matches!(unit, Unit::Bytes | Unit::BytesPerSecond) || count < 4);
        prop_assume!(unit != Unit::Seconds || extent < 1_000.0 * 86_400.0);
        let format = unit.ticks(extent, step);
        for index in 0..=count {
            let text = format.format(step * f64::from(index));
            prop_assert!(crate::label::Label::plain(&text).columns() <= unit.tick_columns(), "{text:?} {unit}");
        }
    }

    #[test]
    fn a_word_that_is_a_unit_reads_back(word in "(si:|plain:)?[a-zA-Z€µ°%/]{0,12}(/s)?") {
        if let Ok(unit) = word.parse::<Unit>() {
            prop_assert_eq!(unit.to_string().parse(), Ok(unit));
        }
    }

    #[test]
    fn a_step_is_never_below_what_was_asked_nor_ten_times_it(exponent in -280f64..280.0, unit in any_unit()) {
        let rough = 10f64.powf(exponent);
        let step = unit.step(rough);
        prop_assert!(step >= rough * 0.999_999 && step <= rough * 10.0, "{step} for {rough}");
    }
}
