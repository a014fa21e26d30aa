//! `unblink doctor`: what is wrong with this installation, and the remedy for each.
//!
//! Invariant: nothing is changed, and nothing is waited for without an end.

mod installation;
mod sources;
mod storage;
mod surroundings;

use serde::Serialize;

use super::args::Doctor;
use super::failure::Failure;
use super::{bundle, output};
use crate::label::Label;

/// What the configuration is called among what was looked at.
const CONFIGURATION: &str = "configuration";

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Ok,
    /// It works, though not as it could.
    Warn,
    /// Something does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub name: String,
    pub verdict: Verdict,
    /// What was found, in a person's words.
    pub found: String,
    /// What to do about it; none where all is well.
    pub remedy: Option<String>,
}

/// Everything, as JSON.
#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
}

pub fn run(doctor: &Doctor) -> Result<(), Failure> {
    let findings = look(doctor)?;
    let text = if doctor.json {
        let mut text = serde_json::to_string_pretty(&Report { findings: &findings }).map_err(Failure::runtime)?;
        text.push('\n');
        text
    } else {
        told(&findings)
    };
    output::write(text.as_bytes())?;
    let bad = findings.iter().filter(|finding| finding.verdict == Verdict::Bad).count();
    match bad {
        0 => Ok(()),
        1 => Err(Failure::runtime("one thing does not work")),
        bad => Err(Failure::runtime(format!("{bad} things do not work"))),
    }
}

/// Looks at everything.
fn look(doctor: &Doctor) -> Result<Vec<Finding>, Failure> {
    let (loaded, mut findings) = installation::configuration(doctor.config.clone());
    findings.extend(installation::daemon(doctor.admin_socket.clone())?);
    findings.extend(installation::rights(&loaded.settings));
    findings.extend(storage::all(&loaded));
    findings.extend(installation::people(&loaded.settings));
    findings.extend(installation::devices(&loaded.settings.terminals));
    findings.extend(surroundings::all());
    findings.extend(sources::all(loaded)?);
    Ok(findings)
}

/// What was found, for others to read: a complaint about the configuration may quote a secret.
pub fn report(doctor: &Doctor) -> Result<String, Failure> {
    let mut findings = look(doctor)?;
    for finding in
        findings.iter_mut().filter(|finding| finding.name == CONFIGURATION && finding.verdict == Verdict::Bad)
    {
        finding.found = bundle::UNQUOTED.to_owned();
    }
    Ok(told(&findings))
}

/// A line for each, and its remedy below.
fn told(findings: &[Finding]) -> String {
    let safe = |text: &str| Label::plain(text).to_string();
    let width = findings.iter().map(|finding| Label::plain(&finding.name).columns()).max().unwrap_or(0);
    let mut text = String::new();
    for Finding { name, verdict, found, remedy } in findings {
        let gap = " ".repeat(usize::from(width - Label::plain(name).columns()));
        text.push_str(&format!("{}  {}{gap}  {}\n", verdict.word(), safe(name), safe(found)));
        if let Some(remedy) = remedy {
            text.push_str(&format!("{}-> {}\n", " ".repeat(usize::from(width) + 8), safe(remedy)));
        }
    }
    text
}

// === impl Verdict ===

impl Verdict {
    /// As wide as the others.
    fn word(self) -> &'static str {
        match self {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Bad => "BAD ",
        }
    }
}

// === impl Finding ===

impl Finding {
    pub fn ok(name: &str, found: impl Into<String>) -> Finding {
        Finding { name: name.to_owned(), verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    pub fn warn(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { name: name.to_owned(), verdict: Verdict::Warn, found: found.into(), remedy: Some(remedy.into()) }
    }

    pub fn bad(name: &str, found: impl Into<String>, remedy: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Bad, ..Finding::warn(name, found, remedy) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_its_remedy_another_and_neither_acts_on_the_terminal() {
        let findings = [
            Finding::ok("clock", "fine"),
            Finding::bad("source \x1b[2Jx", "it\nhangs", "mend it"),
            Finding::warn("terminal", "few colours", "set TERM"),
        ];
        assert_eq!(
            told(&findings),
            "ok    clock     fine\n\
             BAD   source x  it hangs\n\
             \x20               -> mend it\n\
             warn  terminal  few colours\n\
             \x20               -> set TERM\n"
        );
    }
}
