//! Where the daemon's log goes, by what is configured and where its standard error leads.
//!
//! Invariant: nothing is logged twice to the journal, and never nowhere.

use std::io::{self, IsTerminal};
use std::path::Path;

use crate::config::{Format, Journal, LogSettings};
use crate::runtime::log::{self, Files, Form, Outcome, Plan};
use crate::sink::hold;

/// What there is.
#[derive(Clone, Debug, Default)]
struct Seen {
    stderr_is_journal: bool,
    stderr_is_terminal: bool,
    /// By `NO_COLOR`.
    colour_is_refused: bool,
    /// Why journald cannot be reached.
    journal_missing: Option<String>,
}

/// Logs from now on. `folder` is where files go unless the configuration names another one.
pub fn start(settings: &LogSettings, folder: Option<&Path>) {
    let seen = Seen {
        stderr_is_journal: log::stderr_is_journal(),
        stderr_is_terminal: io::stderr().is_terminal(),
        colour_is_refused: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        journal_missing: log::journal_missing(),
    };
    let plan = plan(settings, folder, &seen);
    let lacks_journal = is_journal_wanted(settings, &seen) && !plan.journal;
    log::start(plan);
    if let Some(why) = seen.journal_missing.filter(|_| lacks_journal) {
        tracing::warn!("{why}; the log goes to the standard error instead");
    }
}

/// Says a line that is no event, in the log where there is one. What that does not take, the standard error may.
pub fn say(line: &str) {
    match log::say(line) {
        Outcome::Taken => {}
        Outcome::Lost => hold::say_now(line),
        Outcome::NoLog => hold::say(line),
    }
}

fn is_journal_wanted(settings: &LogSettings, seen: &Seen) -> bool {
    match settings.journal {
        Journal::Auto => seen.stderr_is_journal,
        Journal::Yes => true,
        Journal::No => false,
    }
}

fn plan(settings: &LogSettings, folder: Option<&Path>, seen: &Seen) -> Plan {
    let journal = is_journal_wanted(settings, seen) && seen.journal_missing.is_none();
    let colour = seen.stderr_is_terminal && !seen.colour_is_refused;
    let form = match settings.format {
        Format::Auto if seen.stderr_is_terminal => Form::Human { colour },
        Format::Human => Form::Human { colour },
        Format::Auto | Format::Json => Form::Json,
    };
    let folder = settings.files.as_deref().or(folder);
    Plan {
        level: settings.level.filter(),
        stderr: (!(journal && seen.stderr_is_journal)).then_some(form),
        files: folder.map(|folder| Files { folder: folder.to_owned(), keep: Some(settings.keep) }),
        journal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(journal: Journal, seen: &Seen) -> (bool, Option<Form>) {
        let plan = plan(&LogSettings { journal, ..LogSettings::default() }, None, seen);
        (plan.journal, plan.stderr)
    }

    #[test]
    fn what_ends_in_the_journal_anyway_goes_there_natively_and_once() {
        let service = Seen { stderr_is_journal: true, ..Seen::default() };
        assert_eq!(of(Journal::Auto, &service), (true, None));
        assert_eq!(of(Journal::Yes, &service), (true, None));
        assert_eq!(of(Journal::No, &service), (false, Some(Form::Json)));
        let pipe = Seen::default();
        assert_eq!(of(Journal::Auto, &pipe), (false, Some(Form::Json)));
        assert_eq!(of(Journal::Yes, &pipe), (true, Some(Form::Json)));
    }

    #[test]
    fn without_a_journal_the_log_goes_to_the_standard_error() {
        let missing = Some("none".to_owned());
        let container = Seen { stderr_is_journal: true, journal_missing: missing, ..Seen::default() };
        for journal in [Journal::Auto, Journal::Yes, Journal::No] {
            assert_eq!(of(journal, &container), (false, Some(Form::Json)), "{journal:?}");
        }
    }

    #[test]
    fn people_get_text_and_colour_unless_they_refuse_it() {
        let terminal = Seen { stderr_is_terminal: true, ..Seen::default() };
        assert_eq!(of(Journal::Auto, &terminal).1, Some(Form::Human { colour: true }));
        let plain = Seen { colour_is_refused: true, ..terminal };
        assert_eq!(of(Journal::Auto, &plain).1, Some(Form::Human { colour: false }));
        let json = LogSettings { format: Format::Json, ..LogSettings::default() };
        assert_eq!(plan(&json, None, &plain).stderr, Some(Form::Json));
        let human = LogSettings { format: Format::Human, ..LogSettings::default() };
        assert_eq!(plan(&human, None, &Seen::default()).stderr, Some(Form::Human { colour: false }));
    }

    #[test]
    fn a_folder_of_the_service_manager_is_used_unless_another_one_is_named() {
        let seen = Seen::default();
        let folder = |files: Option<&str>, given: Option<&str>| {
            let settings = LogSettings { files: files.map(Into::into), ..LogSettings::default() };
            plan(&settings, given.map(Path::new), &seen).files.map(|files| files.folder)
        };
        assert_eq!(folder(None, None), None);
        assert_eq!(folder(None, Some("/given")), Some("/given".into()));
        assert_eq!(folder(Some("/named"), Some("/given")), Some("/named".into()));
    }
}
