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
    let cases: [(Unit, f64, f64, &[&str]); 7] = [
        (Unit::Percent, 100.0, 25.0, &["0%", "25%", "50%", "75%", "100%"]),
        (Unit::None, 1.0, 0.25, &["0", "0.25", "0.50", "0.75", "1.00"]),
        (Unit::None, 10_000.0, 2_500.0, &["0", "2.5k", "5.0k", "7.5k", "10.0k"]),
        (Unit::Bytes, 31.2 * KI * KI * KI, 8.0 * KI * KI * KI, &["0", "8 GiB", "16 GiB", "24 GiB"]),
        (Unit::Bytes, 1.1 * KI, 512.0, &["0", "0.5 KiB", "1.0 KiB"]),
        (Unit::Seconds, 0.3, 0.1, &["0", "100 ms", "200 ms", "300 ms"]),
        (Unit::Seconds, 7_200.0, 1_800.0, &["0", "0.5 h", "1.0 h", "1.5 h", "2.0 h"]),
    ];
    for (unit, extent, step, texts) in cases {
        let format = unit.ticks(extent, step);
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(format.format(index as f64 * step), *text, "{unit:?} in steps of {step}");
        }
    }
}

proptest! {
    #[test]
    fn any_number_has_a_short_ascii_text(bits in any::<u64>(), unit in 0..5usize) {
        let value = f64::from_bits(bits);
        let unit = [Unit::None, Unit::Percent, Unit::Bytes, Unit::BytesPerSecond, Unit::Seconds][unit];
        let text = unit.format(value);
        prop_assert!(text.is_ascii() && !text.is_empty() && text.len() <= 16, "{text:?}");
        prop_assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
    }

    #[test]
    fn a_step_is_never_below_what_was_asked_nor_ten_times_it(exponent in -280f64..280.0, unit in 0..5usize) {
        let unit = [Unit::None, Unit::Percent, Unit::Bytes, Unit::BytesPerSecond, Unit::Seconds][unit];
        let rough = 10f64.powf(exponent);
        let step = unit.step(rough);
        prop_assert!(step >= rough * 0.999_999 && step <= rough * 10.0, "{step} for {rough}");
    }
}
