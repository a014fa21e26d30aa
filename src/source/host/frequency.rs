//! How fast processors run.
//!
//! Invariant: a frequency is that of one core, by the number the core has in `/proc/stat` too.

use super::out::Out;
use crate::base::limits;
use crate::model::Unit;

/// Frequencies in hertz, by core.
pub type Frequencies = Vec<(u16, f64)>;

/// No processor runs faster than this; what says so is no frequency.
const HERTZ_MAX: f64 = 1e11;

/// What `/proc/cpuinfo` says: most machines of the PC kind, and some others.
pub fn of_cpuinfo(text: &str) -> Frequencies {
    let mut found = Frequencies::new();
    let mut core = None;
    for line in text.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name.trim() {
            "processor" => core = value.parse().ok(),
            "cpu MHz" | "clock" => {
                let hertz = value.trim_end_matches("MHz").parse::<f64>().ok().map(|mega| mega * 1e6);
                // Once for each core, also where a line stands twice.
                found.extend(core.take().zip(hertz.filter(plausible)));
            }
            _ => {}
        }
        if found.len() == limits::CORES_MAX {
            break;
        }
    }
    found
}

/// What a core's `scaling_cur_freq` says, in hertz.
pub fn of_scaling(text: &str) -> Option<f64> {
    text.trim().parse::<u64>().ok().map(|kilo| kilo as f64 * 1e3).filter(plausible)
}

/// Puts each core's, and the mean of all.
pub fn tell(frequencies: &Frequencies, out: &mut Out) {
    let mut sum = 0.0;
    for (core, hertz) in frequencies {
        sum += hertz;
        out.add_of("host_cpu_frequency_hertz", ("cpu", &core.to_string()), Unit::Hertz, *hertz);
    }
    if !frequencies.is_empty() {
        out.add("host_cpu_frequency_hertz", Unit::Hertz, sum / frequencies.len() as f64);
    }
}

fn plausible(hertz: &f64) -> bool {
    (0.0..=HERTZ_MAX).contains(hertz)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Wall;

    #[test]
    fn cores_keep_their_numbers_and_strange_lines_are_left_out() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\ncpu MHz\t\t: 2596.146\nflags\t\t: fpu\n\n\
            processor\t: 5\ncpu MHz\t\t: 800.000\ncpu MHz\t\t: 900.000\n\nprocessor\t: 6\ncpu MHz\t\t: fast\n\
            processor\t: x\ncpu MHz\t\t: 1.0\nprocessor\t: 7\ncpu MHz\t\t: -1\nprocessor\t: 8\ncpu MHz : 1e99\n";
        assert_eq!(of_cpuinfo(text), [(0, 2_596_146_000.0), (5, 800e6)]);
        assert_eq!(of_cpuinfo("processor\t: 3\ncpu\t\t: POWER9\nclock\t\t: 3425.000000MHz\n"), [(3, 3_425e6)]);
        for nothing in ["", ":", "cpu MHz : 5\n", "processor : 70000\ncpu MHz : 5\n", "processor: 1"] {
            assert_eq!(of_cpuinfo(nothing), [], "{nothing:?}");
        }
    }

    #[test]
    fn a_scaled_frequency_is_in_kilohertz() {
        assert_eq!(of_scaling("3400000\n"), Some(3.4e9));
        for nothing in ["", "<unknown>\n", "-1", "18446744073709551615", "1.5"] {
            assert_eq!(of_scaling(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn the_mean_of_all_cores_is_told_beside_each() {
        let mut out = Out::new(Wall(0), 0);
        tell(&vec![(0, 1e9), (1, 3e9)], &mut out);
        tell(&Vec::new(), &mut out);
        let found: Vec<_> = out.samples.iter().map(|sample| (sample.key.label("cpu"), sample.value)).collect();
        assert_eq!(found, [(Some("0"), 1e9), (Some("1"), 3e9), (None, 2e9)]);
    }
}
