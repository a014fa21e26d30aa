//! Programs of people's own: run in a rhythm, what they print becomes series.
//!
//! Invariant: at most one run of a source at a time, what an earlier run left behind included. A run that takes too
//! long, prints too much or is wanted no more ends with everything it started. An exit status that is not zero fails the
//! source, with the first line of its standard error; where it is a check for Nagios, the status is its state.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use super::format::{self, nagios, words};
use super::intake::{Intake, LeftOut};
use super::{Line, Name, Reading};
use crate::base::{Wall, limits};
use crate::event::{Event, ValuesLeftOut};
use crate::label::Label;
use crate::model::log::{Entry, Severity};
use crate::model::origin::{Command, Origin, Output};
use crate::runtime::{self, Kind, Registration};
use crate::sys::clock;
use crate::sys::command::{self, End, Leftover, Outcome, Plan};
use crate::sys::keeper::Report;
use crate::sys::process::Exit;

/// The thread that runs it whenever asked, until the line's `asks` is dropped; a run under way ends when `stop` is
/// closed at its other end.
pub fn reading_thread(origin: &Origin, command: &Command, keeper: &Path, stop: OwnedFd) -> io::Result<Line> {
    let (origin, command, keeper) = (origin.clone(), command.clone(), keeper.to_owned());
    let (name, stop) = (origin.name.clone(), Arc::new(stop));
    super::reading_thread(&name, move || {
        let (mut runs, stop) = (Runs::new(&origin, &command, &keeper), Arc::clone(&stop));
        move |_| runs.once(&stop)
    })
}

/// What is kept from run to run.
struct Runs {
    name: Name,
    series: String,
    output: Output,
    plan: Plan,
    intake: Intake,
    leftover: Option<(Leftover, Registration)>,
}

// === impl Runs ===

impl Drop for Runs {
    /// Also after a panic, so that the next one starts nothing beside it.
    fn drop(&mut self) {
        self.leftover.take().into_iter().for_each(|(leftover, _row)| leftover.wait());
    }
}

impl Runs {
    fn new(origin: &Origin, command: &Command, keeper: &Path) -> Runs {
        let mut env = command::environment();
        env.extend(command.env.iter().map(|(name, value)| (name.into(), value.expose().into())));
        let plan = Plan {
            keeper: keeper.to_owned(),
            argv: command.argv.iter().map(Into::into).collect(),
            env,
            directory: command.directory.clone(),
            timeout: command.timeout,
            output_bytes_max: limits::COMMAND_OUTPUT_BYTES_MAX,
            errors_bytes_max: limits::COMMAND_ERRORS_BYTES_MAX,
        };
        Runs {
            name: origin.name.clone().into(),
            series: origin.series.clone(),
            output: command.output,
            plan,
            intake: Intake::new(origin.unit, origin.interval),
            leftover: None,
        }
    }

    fn once(&mut self, stop: &OwnedFd) -> Result<Reading, String> {
        // Nothing is started beside something that does not die; until then the source has no answer.
        if let Some((leftover, _row)) = self.leftover.take() {
            leftover.wait();
        }
        let row = runtime::register(format!("command {}", self.name), Kind::Process);
        let outcome = command::run(&self.plan, stop.as_fd()).map_err(|error| format!("cannot be run: {error}"))?;
        let Outcome { end, output, errors, leftover } = outcome;
        self.leftover = leftover.map(|leftover| (leftover, row));
        self.understand(&end, &output, &errors, clock::wall())
    }

    fn understand(&mut self, end: &End, output: &[u8], errors: &[u8], now: Wall) -> Result<Reading, String> {
        let code = match end {
            End::Reported(Report::Ended(Exit::Code(code))) => *code,
            End::Reported(Report::Ended(exit)) => return Err(with_words(exit.to_string(), errors)),
            End::Reported(Report::Refused(why)) => return Err(words(why)),
            End::TimedOut => return Err(with_words(format!("killed: not done in {:?}", self.plan.timeout), errors)),
            End::Flooded => return Err(format!("killed: printed more than {} KiB", self.plan.output_bytes_max / 1024)),
            End::Stopped => return Err("stopped".to_owned()),
            End::Lost => return Err("ended without saying how: who watched over it was killed".to_owned()),
        };
        let is_check = self.output == Output::Nagios && nagios::is_state(code);
        if code != 0 && !is_check {
            return Err(with_words(format!("exit status {code}"), errors));
        }
        let text = String::from_utf8_lossy(output);
        let told = format::read(self.output, &self.series, &text, code);
        let (understood, strange) = (!told.values.is_empty(), told.strange_first.clone());
        let mut left_out = LeftOut::default();
        let samples = self.intake.take(told, now, &mut left_out);
        if !understood {
            return Err(strange.unwrap_or_else(|| "printed nothing".to_owned()));
        }
        if left_out.count() > 0 {
            let why = left_out.words().unwrap_or_default();
            ValuesLeftOut { source: &self.name, count: left_out.count(), why: &why }.emit();
        }
        let entries = if is_check { vec![(self.name.clone(), check_entry(&text, code, now))] } else { Vec::new() };
        Ok(Reading { samples, entries, left_out: left_out.count(), missing: left_out.words() })
    }
}

/// What a check says, at the level of its state.
fn check_entry(text: &str, code: i32, now: Wall) -> Entry {
    let severity = [Severity::Info, Severity::Warn, Severity::Error, Severity::Warn];
    let severity = usize::try_from(code).ok().and_then(|code| severity.get(code).copied()).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let said = line.split('|').next().unwrap_or_default();
    Entry::new(now, severity, Label::plain(said.trim()).as_str())
}

/// What happened, and the first line of the command's own complaint.
fn with_words(what: String, errors: &[u8]) -> String {
    let said = words(&String::from_utf8_lossy(errors));
    if said.is_empty() { what } else { format!("{what}: {said}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::Unit;
    use crate::model::origin::From;

    const NOW: Wall = Wall(1_789_000_000_000);

    fn runs(output: Output) -> Runs {
        let command = Command {
            argv: vec!["x".to_owned()],
            timeout: Duration::from_secs(5),
            output,
            env: Vec::new(),
            directory: "/".into(),
        };
        let origin = Origin {
            name: "it".to_owned(),
            series: "it".to_owned(),
            unit: Unit::None,
            interval: Duration::from_secs(10),
            standby: None,
            from: From::Command(command.clone()),
        };
        Runs::new(&origin, &command, Path::new("/nowhere"))
    }

    fn ended(code: i32) -> End {
        End::Reported(Report::Ended(Exit::Code(code)))
    }

    fn fails(end: &End, output: &str, errors: &[u8], expect: &str) {
        assert_eq!(runs(Output::Auto).understand(end, output.as_bytes(), errors, NOW), Err(expect.to_owned()));
    }

    #[test]
    fn every_end_but_a_good_one_fails_in_words() {
        fails(&ended(3), "1", b"", "exit status 3");
        fails(&ended(2), "1", b"\n  no such \x1b[31mhost\x1b[0m\nmore\n", "exit status 2: no such host");
        fails(&End::Reported(Report::Ended(Exit::Signal(11))), "", b"", "was killed by signal 11 (SIGSEGV)");
        fails(&End::TimedOut, "1", b"asking", "killed: not done in 5s: asking");
        fails(&End::Flooded, "", b"", "killed: printed more than 256 KiB");
        fails(&End::Lost, "", b"", "ended without saying how: who watched over it was killed");
        fails(&End::Reported(Report::Refused("cannot run x: No".to_owned())), "", b"", "cannot run x: No");
        fails(&ended(0), "", b"warned", "printed nothing");
        fails(&ended(0), "\u{0}\u{1}\u{fffd}", b"", "this is no name with a number: \u{fffd}");
    }

    #[test]
    fn what_is_good_is_taken_and_what_is_not_is_said() {
        let reading = runs(Output::Auto).understand(&ended(0), b"a 1\n\xff\xfe\nb 2\n", b"", NOW).unwrap();
        assert_eq!(reading.samples.len(), 2);
        assert!(reading.missing.as_deref().is_some_and(|words| words.starts_with("this is no name with a number")));
    }

    #[test]
    fn the_status_of_a_check_is_its_state() {
        let reading = runs(Output::Nagios).understand(&ended(2), b"DISK CRITICAL | free=1MB\n", b"", NOW).unwrap();
        assert_eq!(reading.samples.len(), 2);
        let (stream, entry) = &reading.entries[0];
        assert_eq!((&**stream, entry.severity, entry.lines[0].as_str()), ("it", Severity::Error, "DISK CRITICAL"));
        assert!(runs(Output::Nagios).understand(&ended(127), b"", b"not found", NOW).is_err());
    }
}
