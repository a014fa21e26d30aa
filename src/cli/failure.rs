//! What went wrong, as exit code and words.

use std::fmt::Display;
use std::process::ExitCode;

use super::logging;
use crate::base::Diagnostic;

/// A verb failed.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    /// None when it was told already, or is nobody's business.
    message: Option<String>,
}

/// Something failed while it ran.
const RUNTIME: u8 = 1;
/// The command line makes no sense; clap uses it too.
const USAGE: u8 = 2;
/// The configuration is wrong.
const CONFIGURATION: u8 = 64;
/// No daemon.
const UNREACHABLE: u8 = 69;
/// There is one, but not for this user.
const NOT_ALLOWED: u8 = 77;

// === impl Failure ===

impl Failure {
    pub fn runtime(message: impl Display) -> Failure {
        Failure { code: RUNTIME, message: Some(message.to_string()) }
    }

    pub fn usage(message: impl Display) -> Failure {
        Failure { code: USAGE, message: Some(message.to_string()) }
    }

    pub fn unreachable(message: impl Display) -> Failure {
        Failure { code: UNREACHABLE, message: Some(message.to_string()) }
    }

    pub fn not_allowed(message: impl Display) -> Failure {
        Failure { code: NOT_ALLOWED, message: Some(message.to_string()) }
    }

    /// Every complaint about the configuration, one after the other.
    pub fn configuration(complaints: &[Diagnostic]) -> Failure {
        let lines: Vec<String> = complaints.iter().map(Diagnostic::to_string).collect();
        Failure { code: CONFIGURATION, message: Some(lines.join("\n")) }
    }

    /// It did not go well, and that was said already.
    pub fn silent() -> Failure {
        Failure { code: RUNTIME, message: None }
    }

    /// It panicked, and the hook has told.
    pub fn told() -> Failure {
        Failure { code: RUNTIME, message: None }
    }

    /// Nobody reads what we write any more: an end like any other.
    pub fn unread() -> Failure {
        Failure { code: 0, message: None }
    }

    /// What went wrong, for somebody who tells it elsewhere.
    pub fn words(self) -> String {
        self.message.unwrap_or_else(|| "it failed".to_owned())
    }

    /// Tells it on the standard error, before the program ends.
    pub fn report_now(mut self) -> Failure {
        self.tell();
        self
    }

    /// Tells it on the standard error.
    pub fn report(mut self) -> ExitCode {
        self.tell();
        ExitCode::from(self.code)
    }

    /// Once.
    fn tell(&mut self) {
        if let Some(message) = self.message.take() {
            let message = if self.code == CONFIGURATION { message } else { format!("unblink: {message}") };
            logging::say(&message);
        }
    }
}
