//! How much time work lost waiting for a resource, from `/proc/pressure`.
//!
//! Invariant: shares lie in 0..=100; they are means over ten seconds, which the kernel makes.

use super::out::Out;
use crate::model::Unit;

/// What work waits for; the names of the files.
pub const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];

/// Puts the shares of a resource: of time in which some work waited, and all of it; none when the text has neither.
pub fn take(resource: &str, text: &str, out: &mut Out) -> Option<()> {
    let mut found = None;
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let series = match words.next() {
            Some("some") => "host_pressure_some_percent",
            Some("full") => "host_pressure_full_percent",
            _ => continue,
        };
        let share = words.find_map(|word| word.strip_prefix("avg10=")?.parse::<f64>().ok());
        if let Some(share) = share.filter(|share| share.is_finite()) {
            out.add_of(series, ("resource", resource), Unit::Percent, share.clamp(0.0, 100.0));
            found = Some(());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Wall;

    fn check(text: &str, expected: &[(&str, f64)]) {
        let mut out = Out::new(Wall(0), 0);
        let taken = take("io", text, &mut out);
        let found: Vec<_> = out.samples.iter().map(|sample| (sample.key.name.as_str(), sample.value)).collect();
        assert_eq!(found, expected, "{text:?}");
        assert_eq!(taken.is_some(), !expected.is_empty());
        assert!(out.samples.iter().all(|sample| sample.key.label("resource") == Some("io")));
    }

    #[test]
    fn both_shares_are_told_and_what_is_none_is_not() {
        let (some, full) = ("host_pressure_some_percent", "host_pressure_full_percent");
        let whole = "some avg10=58.13 avg60=41.14 avg300=50.90 total=33\nfull avg10=0.25 avg60=0.00 total=0\n";
        check(whole, &[(some, 58.13), (full, 0.25)]);
        check("some avg10=1.00 avg60=2\n", &[(some, 1.0)]);
        check("some avg60=2 avg10=99999\n", &[(some, 100.0)]);
        check("some avg10=-5\nfull avg10=\n", &[(some, 0.0)]);
        for nothing in ["", "some\n", "most avg10=3\n", "some avg10=NaN\n", "some avg10=inf", "some avg10=1,5\n"] {
            check(nothing, &[]);
        }
    }
}
