//! How warm parts of the machine are.
//!
//! Invariant: a sensor keeps its name from one reading to the next, and no two have the same.

use std::collections::BTreeSet;

use super::out::{self, Out};
use crate::base::limits;
use crate::model::Unit;

/// One sensor as `/sys` tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sensor {
    /// The chip it belongs to, such as `k10temp`.
    pub chip: String,
    /// What the chip calls it, such as `Tctl`; few have a name.
    pub label: String,
    /// Thousandths of a degree, as text.
    pub reading: String,
}

/// Degrees Celsius by the name of the sensor.
pub type Temperatures = Vec<(String, f64)>;

/// Nothing is colder, and what is called warmer is a sensor that is not connected.
const PLAUSIBLE: std::ops::RangeInclusive<f64> = -273.15..=1_000.0;

/// Sensors in the order of `/sys`: those of a name that is taken are numbered.
pub fn named(sensors: &[Sensor]) -> Temperatures {
    let mut taken = BTreeSet::new();
    let mut found = Temperatures::new();
    for sensor in sensors.iter().take(limits::HOST_SENSORS_MAX) {
        let parts = [sensor.chip.trim(), sensor.label.trim()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let name = if parts.is_empty() { "sensor".to_owned() } else { parts.join(" ") };
        // Taken also where it says nothing now, or its neighbour would get its name.
        let numbers = (1..=limits::HOST_SENSORS_MAX).map(|number| numbered(&name, number));
        let Some(name) = numbers.into_iter().find(|name| !taken.contains(name)) else { continue };
        taken.insert(name.clone());
        let celsius = sensor.reading.trim().parse::<i64>().ok().map(|milli| milli as f64 / 1_000.0);
        if let Some(celsius) = celsius.filter(|celsius| PLAUSIBLE.contains(celsius)) {
            found.push((name, celsius));
        }
    }
    found
}

/// The first of a name has no number.
fn numbered(name: &str, number: usize) -> String {
    let mut name = name.to_owned();
    if number > 1 {
        // Room for the number.
        name.truncate(name.floor_char_boundary(limits::SERIES_TEXT_BYTES_MAX - 4));
        name = format!("{name} {number}");
    }
    out::bound(&mut name);
    name
}

pub fn tell(temperatures: &Temperatures, out: &mut Out) {
    for (sensor, celsius) in temperatures {
        out.add_of("host_temperature_celsius", ("sensor", sensor), Unit::Celsius, *celsius);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sensor(chip: &str, label: &str, reading: &str) -> Sensor {
        Sensor { chip: chip.to_owned(), label: label.to_owned(), reading: reading.to_owned() }
    }

    #[test]
    fn sensors_of_one_name_are_numbered_and_silent_ones_keep_their_number() {
        let sensors = [
            sensor("k10temp\n", "Tctl\n", "45125\n"),
            sensor("nvme", "Composite", ""),
            sensor("nvme", "Composite", "38850"),
            sensor("acpitz", "", "-5000"),
            sensor("", "", "1000"),
            sensor("nct6775", "AUXTIN", "99999999999"),
            sensor("nct6775", "SYSTIN", "warm"),
        ];
        let found = named(&sensors);
        let found: Vec<_> = found.iter().map(|(name, celsius)| (name.as_str(), *celsius)).collect();
        assert_eq!(found, [("k10temp Tctl", 45.125), ("nvme Composite 2", 38.85), ("acpitz", -5.0), ("sensor", 1.0)]);
    }

    #[test]
    fn a_thousand_sensors_are_cut_at_the_cap() {
        let many: Vec<Sensor> = (0..1_000).map(|_| sensor("x", "y", "1")).collect();
        assert_eq!(named(&many).len(), limits::HOST_SENSORS_MAX);
    }

    #[test]
    fn no_two_sensors_have_one_name_however_long_it_is() {
        let long = "ü".repeat(300);
        let sensors = [sensor(&long, "", "1"), sensor(&long, "", "2"), sensor("a", "", "3"), sensor("a", "", "4")];
        let mut names: Vec<String> =
            named(&[&sensors[..], &[sensor("a 2", "", "5")]].concat()).into_iter().map(|(name, _)| name).collect();
        assert!(names.iter().all(|name| name.len() <= limits::SERIES_TEXT_BYTES_MAX));
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 5);
    }
}
