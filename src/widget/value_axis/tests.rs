use proptest::prelude::*;

use super::*;

fn axis(values: &[f64], include: &[f64], unit: Unit, ticks_max: u16) -> ValueAxis {
    let mut extent = Extent::default();
    for value in values {
        extent.take(*value);
    }
    ValueAxis::new(extent, include, unit, ticks_max)
}

#[track_caller]
fn check(axis: &ValueAxis, ends: (f64, f64), labels: &[&str]) {
    let got: Vec<&str> = axis.ticks.iter().map(|tick| tick.label.as_str()).collect();
    assert_eq!(got, labels);
    assert_eq!(axis.ends(), ends);
}

#[test]
fn a_percentage_stays_from_0_to_100_whatever_the_data() {
    for values in [&[][..], &[0.0], &[3.0, 4.0], &[100.0]] {
        check(&axis(values, &[0.0, 100.0], Unit::Percent, 5), (0.0, 100.0), &["0%", "25%", "50%", "75%", "100%"]);
    }
}

#[test]
fn fewer_rows_mean_fewer_ticks() {
    check(&axis(&[], &[0.0, 100.0], Unit::Percent, 3), (0.0, 100.0), &["0%", "50%", "100%"]);
    check(&axis(&[], &[0.0, 100.0], Unit::Percent, 2), (0.0, 100.0), &["0%", "100%"]);
    check(&axis(&[], &[0.0, 100.0], Unit::Percent, 1), (0.0, 100.0), &["0%"]);
    check(&axis(&[], &[0.0, 100.0], Unit::Percent, 0), (0.0, 100.0), &[]);
}

#[test]
fn data_above_what_is_included_raises_the_axis_to_a_tick() {
    check(&axis(&[0.2, 3.4], &[0.0, 1.0], Unit::None, 5), (0.0, 4.0), &["0", "1", "2", "3", "4"]);
}

#[test]
fn an_odd_total_is_the_top_of_the_axis_and_ticks_stay_round() {
    let gib = 1024.0 * 1024.0 * 1024.0;
    let total = 31.2 * gib;
    check(&axis(&[5.0 * gib], &[0.0, total], Unit::Bytes, 5), (0.0, total), &["0", "8 GiB", "16 GiB", "24 GiB"]);
}

#[test]
fn constant_data_gets_room_around_it() {
    check(&axis(&[40.0, 40.0], &[], Unit::None, 5), (20.0, 60.0), &["20", "30", "40", "50", "60"]);
    check(&axis(&[0.0], &[], Unit::None, 3), (0.0, 1.0), &["0", "0.5", "1.0"]);
    check(&axis(&[-8.0], &[], Unit::None, 3), (-12.0, -4.0), &["-10.0", "-7.5", "-5.0"]);
}

#[test]
fn a_small_chart_wastes_no_height_on_round_ends() {
    check(&axis(&[60.0], &[0.0], Unit::None, 2), (0.0, 60.0), &["0", "50"]);
}

#[test]
fn negative_data_is_not_lifted_to_zero() {
    check(&axis(&[-30.0, 10.0], &[], Unit::None, 5), (-30.0, 10.0), &["-30", "-20", "-10", "0", "10"]);
}

#[test]
fn values_beyond_the_ends_stand_at_them() {
    let axis = axis(&[], &[0.0, 100.0], Unit::Percent, 5);
    assert_eq!([-5.0, 0.0, 50.0, 100.0, 900.0].map(|value| axis.at(value)), [0.0, 0.0, 0.5, 1.0, 1.0]);
}

proptest! {
    #[test]
    fn any_data_has_a_sane_axis(
        bits in proptest::collection::vec(any::<u64>(), 0..4),
        zero in any::<bool>(),
        ticks_max in 0u16..12,
        unit in 0..5usize,
    ) {
        let unit = [Unit::None, Unit::Percent, Unit::Bytes, Unit::BytesPerSecond, Unit::Seconds][unit];
        let values: Vec<f64> = bits.into_iter().map(f64::from_bits).filter(|value| value.is_finite()).collect();
        let include: &[f64] = if zero { &[0.0] } else { &[] };
        let axis = axis(&values, include, unit, ticks_max);
        let (low, high) = axis.ends();
        prop_assert!(low < high && low.is_finite() && high.is_finite(), "{low} to {high}");
        prop_assert!(axis.ticks.len() <= usize::from(ticks_max));
        prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].at < pair[1].at), "{:?}", axis.ticks);
        for value in values {
            prop_assert!((0.0..=1.0).contains(&axis.at(value)));
        }
    }
}
