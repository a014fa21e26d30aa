//! Reads the files of `/proc` and `/sys`, each as often as it is worth it.
//!
//! Invariant: no file is read beyond a limit, no folder listed beyond one. Where files lie is a matter of the caller.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::frequency::{self, Frequencies};
use super::pressure;
use super::processes::{Measures, Process};
use super::reading::{Looked, More, Part, Slow, Texts};
use super::space::{self, Space, Spaces};
use super::temperature::{self, Sensor, Temperatures};
use crate::base::{Mono, limits};
use crate::sys;

/// Where a machine tells of itself.
#[derive(Clone, Debug)]
pub struct Roots {
    pub proc: PathBuf,
    pub sys: PathBuf,
}

/// One machine, and when its files were read.
#[derive(Debug)]
pub struct Machine {
    roots: Roots,
    names: Due,
    hostname: Option<String>,
    kernel: Option<String>,
    slow: Due,
    processes: Due,
    /// Processes were looked at once since somebody watches: shares need a second look soon.
    looked_once: bool,
}

/// Something that is done now and then.
#[derive(Clone, Copy, Debug)]
struct Due {
    every: Duration,
    last: Option<Mono>,
}

/// `/proc/stat` of the largest machines has some hundred KiB; what is longer is not read to its end.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Files of one line.
const LINE_BYTES_MAX: u64 = 4096;
/// The name of the machine and its kernel.
const NAMES_EVERY: Duration = Duration::from_secs(60);
/// Frequencies wake idle cores, sensors sit behind slow wires, and file systems fill in minutes.
const SLOW_EVERY: Duration = Duration::from_secs(5);
/// A process costs about 10 us to look at, and there are thousands.
const PROCESSES_EVERY: Duration = Duration::from_secs(3);
/// A chip has a few sensors; the folder of one holds many other files.
const FOLDER_ENTRIES_MAX: usize = 4096;

// === impl Roots ===

impl Default for Roots {
    fn default() -> Roots {
        Roots { proc: PathBuf::from("/proc"), sys: PathBuf::from("/sys") }
    }
}

// === impl Due ===

impl Due {
    fn every(every: Duration) -> Due {
        Due { every, last: None }
    }

    /// Whether it is time, which it then was. Readings come a little early or late: half of one does not count.
    fn is_due(&mut self, now: Mono) -> bool {
        let is_due = self.last.is_none_or(|last| now.since(last) + Duration::from_millis(500) >= self.every);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

// === impl Machine ===

impl Machine {
    pub fn new(roots: Roots) -> Machine {
        Machine {
            roots,
            names: Due::every(NAMES_EVERY),
            hostname: None,
            kernel: None,
            slow: Due::every(SLOW_EVERY),
            processes: Due::every(PROCESSES_EVERY),
            looked_once: false,
        }
    }

    /// Everything that is worth reading now.
    pub fn read(&mut self, now: Mono, watched: bool) -> Texts {
        if self.names.is_due(now) {
            self.hostname = self.proc("sys/kernel/hostname").ok();
            self.kernel = self.proc("sys/kernel/osrelease").ok();
        }
        Texts {
            stat: self.proc("stat"),
            meminfo: self.proc("meminfo"),
            loadavg: self.proc("loadavg"),
            uptime: self.proc("uptime"),
            hostname: self.hostname.clone(),
            kernel: self.kernel.clone(),
            more: More {
                diskstats: self.part("diskstats"),
                net_dev: self.part("net/dev"),
                snmp: self.part("net/snmp"),
                netstat: self.part("net/netstat"),
                pressure: pressure::RESOURCES.map(|resource| self.part(&format!("pressure/{resource}"))),
                slow: self.slow.is_due(now).then(|| self.slowly()),
                processes: self.look(now, watched),
            },
        }
    }

    fn proc(&self, name: &str) -> Result<String, String> {
        let path = self.roots.proc.join(name);
        text(&path, FILE_BYTES_MAX).map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    fn part(&self, name: &str) -> Part {
        let path = self.roots.proc.join(name);
        match text(&path, FILE_BYTES_MAX) {
            Ok(text) => Some(Ok(text)),
            // Kernels that could tell of pressure and are told not to say so by the second.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::Unsupported) => None,
            Err(error) => Some(Err(format!("cannot read {}: {error}", path.display()))),
        }
    }

    fn slowly(&self) -> Slow {
        let mut complaints = Vec::new();
        let spaces = self.spaces(&mut complaints);
        Slow { frequencies: self.frequencies(), spaces, temperatures: self.temperatures(), complaints }
    }

    fn frequencies(&self) -> Frequencies {
        let cores = entries(&self.roots.sys.join("devices/system/cpu"));
        let number = |name: &str| name.strip_prefix("cpu")?.parse::<u16>().ok();
        let mut numbers: Vec<u16> = cores.iter().filter_map(|name| number(name)).collect();
        numbers.sort_unstable();
        let of_core = |core: u16| {
            let path = self.roots.sys.join(format!("devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"));
            Some((core, frequency::of_scaling(&text(&path, LINE_BYTES_MAX).ok()?)?))
        };
        let scaled: Frequencies = numbers.into_iter().filter_map(of_core).take(limits::CORES_MAX).collect();
        if !scaled.is_empty() {
            return scaled;
        }
        text(&self.roots.proc.join("cpuinfo"), FILE_BYTES_MAX)
            .map_or_else(|_| Vec::new(), |text| frequency::of_cpuinfo(&text))
    }

    fn spaces(&self, complaints: &mut Vec<String>) -> Spaces {
        let points = match self.part("self/mounts") {
            None => return Spaces::new(),
            Some(read) => read.and_then(|text| {
                space::points(&text).ok_or_else(|| "/proc/self/mounts does not look as expected".to_owned())
            }),
        };
        let points = points.unwrap_or_else(|why| {
            complaints.push(why);
            Vec::new()
        });
        let mut spaces = Spaces::new();
        for point in points {
            // A place that may not be looked at, or was taken away since, is left out.
            if let Ok(found) = sys::host::file_system(Path::new(&point)) {
                let sys::host::FileSystem { total, free, available, .. } = found;
                spaces.push((point, Space { total, free, available }));
            }
        }
        spaces
    }

    /// Of the chips that tell; where there are none, of the zones that the firmware watches.
    fn temperatures(&self) -> Temperatures {
        let chips = self.roots.sys.join("class/hwmon");
        let mut sensors = Vec::new();
        for chip in entries(&chips) {
            let chip = chips.join(chip);
            let mut inputs: Vec<String> = entries(&chip);
            inputs.retain(|name| name.starts_with("temp") && name.ends_with("_input"));
            let name = line(&chip.join("name"));
            for input in inputs {
                let label = line(&chip.join(input.replace("_input", "_label")));
                sensors.push(Sensor { chip: name.clone(), label, reading: line(&chip.join(&input)) });
                if sensors.len() == limits::HOST_SENSORS_MAX {
                    return temperature::named(&sensors);
                }
            }
        }
        if sensors.is_empty() {
            let zones = self.roots.sys.join("class/thermal");
            let names = entries(&zones).into_iter().filter(|name| name.starts_with("thermal_zone"));
            for zone in names.take(limits::HOST_SENSORS_MAX) {
                let (chip, reading) = (line(&zones.join(&zone).join("type")), line(&zones.join(&zone).join("temp")));
                sensors.push(Sensor { chip, label: String::new(), reading });
            }
        }
        temperature::named(&sensors)
    }

    fn look(&mut self, now: Mono, watched: bool) -> Looked {
        if !watched {
            self.processes.last = None;
            self.looked_once = false;
            return Looked::Unwatched;
        }
        let is_first = self.processes.last.is_none();
        if !self.processes.is_due(now) && !self.looked_once {
            return Looked::Before;
        }
        self.processes.last = Some(now);
        self.looked_once = is_first;
        let (ticks_per_second, page_bytes) = sys::host::measures();
        Looked::At(processes(&self.roots.proc), Measures { ticks_per_second, page_bytes })
    }
}

/// All processes there are; one that ends meanwhile is left out.
fn processes(proc: &Path) -> Vec<Process> {
    let Ok(folder) = std::fs::read_dir(proc) else { return Vec::new() };
    let mut found = Vec::new();
    let mut bytes = Vec::with_capacity(1024);
    for entry in folder.filter_map(Result::ok) {
        let name = entry.file_name();
        if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        bytes.clear();
        let file = File::open(proc.join(name).join("stat"));
        if file.and_then(|file| file.take(LINE_BYTES_MAX).read_to_end(&mut bytes)).is_ok() {
            found.extend(Process::parse(&bytes));
        }
        if found.len() == limits::HOST_PROCESSES_MAX {
            break;
        }
    }
    found
}

/// Names in a folder, in the order people count in; none where there is no folder.
fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.take(FOLDER_ENTRIES_MAX).collect();
    // `temp10_input` after `temp9_input`.
    names.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    names
}

fn line(path: &Path) -> String {
    text(path, LINE_BYTES_MAX).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn text(path: &Path, bytes_max: u64) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(4096);
    File::open(path)?.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
