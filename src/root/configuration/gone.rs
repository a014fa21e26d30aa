//! What of the port's files was not there when a configuration was read, until it is there again.
//!
//! Invariant: nothing watches those files, so while something is noted they are looked at once in a while, by the thread that
//! reads. There is one look at a time: a disk that does not answer is not asked again.

use crate::base::{Diagnostic, Mono, limits};
use crate::event::{CredentialsGone, Event as _};

/// What is noted, and when it is looked at next.
#[derive(Debug, Default)]
pub(super) struct Gone {
    /// With its place in the configuration.
    messages: Vec<String>,
    /// The same for people, one for each.
    words: Vec<String>,
    /// None for at once.
    look_at: Option<Mono>,
    is_looked_at: bool,
}

// === impl Gone ===

impl Gone {
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Found while a configuration was read; nothing where nothing is missing.
    pub fn note(&mut self, gone: Vec<Diagnostic>) {
        let words = |complaint: &Diagnostic| {
            let Diagnostic { file, line, column, message, .. } = complaint;
            format!(
                "{file}:{line}:{column}: {message}; what was read of it last serves, but no daemon would start without it"
            )
        };
        let words: Vec<String> = gone.iter().map(words).collect();
        for what in words.iter().filter(|what| !self.words.contains(what)) {
            CredentialsGone { what }.emit();
        }
        self.messages = gone.into_iter().map(|complaint| complaint.message).collect();
        self.words = words;
        self.look_at = None;
    }

    /// When somebody should look; never while nothing is noted, or somebody does.
    pub fn wake_at(&self) -> Option<Mono> {
        let is_wanted = !self.words.is_empty() && !self.is_looked_at;
        is_wanted.then(|| self.look_at.unwrap_or(Mono(0)))
    }

    /// Somebody looks now, where that could be asked for.
    pub fn look(&mut self, is_asked_for: bool, now: Mono) {
        self.is_looked_at = is_asked_for;
        self.look_at = Some(now + limits::CREDENTIALS_AGE_MAX);
    }

    /// What was found, or what is wrong. It may have been noted meanwhile that nothing is missing any more.
    pub fn looked(&mut self, outcome: Result<(), String>) {
        self.is_looked_at = false;
        let is_as_noted = |why: &str| self.messages.iter().any(|message| why.starts_with(message));
        match outcome {
            Ok(()) => self.set(Vec::new(), Vec::new()),
            Err(why) if self.words.is_empty() || is_as_noted(&why) => {}
            Err(why) => {
                let words = format!("{why}; what was read before serves, but no daemon would start like this");
                self.set(vec![why], vec![words]);
            }
        }
    }

    fn set(&mut self, messages: Vec<String>, words: Vec<String>) {
        (self.messages, self.words) = (messages, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing() -> Diagnostic {
        let message = "admin.token_file: /t cannot be read: No such file".to_owned();
        let (file, remedy, excerpt) = ("unblink.toml".to_owned(), "put it there".to_owned(), String::new());
        Diagnostic { file, line: 3, column: 14, message, remedy, excerpt }
    }

    #[test]
    fn what_is_there_again_is_noted_no_longer_and_is_looked_at_one_at_a_time() {
        let (now, age) = (Mono(5_000_000_000), limits::CREDENTIALS_AGE_MAX);
        let mut gone = Gone::default();
        assert_eq!(gone.wake_at(), None);
        gone.note(vec![missing()]);
        assert!(gone.wake_at().is_some_and(|at| at <= now), "at once");
        gone.look(true, now);
        assert_eq!(gone.wake_at(), None, "somebody looks");
        gone.looked(Err(format!("{}; {}", missing().message, missing().remedy)));
        assert!(gone.words()[0].starts_with("unblink.toml:3:14: admin.token_file: "), "{:?}", gone.words());
        assert_eq!(gone.wake_at(), Some(now + age));
        gone.look(false, now + age);
        assert_eq!(gone.wake_at(), Some(now + age + age), "nobody could be asked");
        gone.look(true, now + age + age);
        gone.looked(Ok(()));
        assert_eq!((gone.words(), gone.wake_at()), (&[][..], None));
    }

    /// It came back, and is not what it should be.
    #[test]
    fn what_is_wrong_otherwise_takes_the_place_of_what_was_noted() {
        let mut gone = Gone::default();
        gone.note(vec![missing()]);
        gone.looked(Err("admin.token_file: the token has fewer than 16 characters; make one".to_owned()));
        assert_eq!(gone.words().len(), 1);
        assert!(gone.words()[0].contains("fewer than 16") && gone.words()[0].contains("no daemon would start"));
        assert!(gone.wake_at().is_some(), "it is looked at again");
        gone.note(Vec::new());
        gone.looked(Err("admin.token_file: too late".to_owned()));
        assert_eq!(gone.words(), &[] as &[String], "a reading found it meanwhile");
    }
}
