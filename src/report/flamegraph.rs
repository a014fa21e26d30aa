//! A flame graph, by inferno: each call is a box as wide as its share of all samples, or bytes, upon the one that called it.

use inferno::flamegraph::{Direction, Options, from_lines};

use super::ReportError;
use crate::model::Profile;
use crate::model::profile::Kind;

/// How it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// What it is of, such as `unblink, 30 s`.
    pub title: String,
    /// What else there is to say, such as what is missing.
    pub notes: String,
    /// Stacks are merged from their innermost call on, so that one function stands together whoever called it.
    pub reverse: bool,
    /// It hangs from above.
    pub inverted: bool,
}

pub fn report(profile: &Profile, look: &Look) -> Result<Vec<u8>, ReportError> {
    let lines: Vec<String> = profile.folded().into_iter().map(|(line, count)| format!("{line} {count}")).collect();
    drawn(&lines, look, unit(profile))
}

/// What is counted.
pub fn unit(profile: &Profile) -> &'static str {
    match profile.kind {
        Kind::Time => "samples",
        Kind::Memory { .. } => "bytes",
    }
}

/// Of lines with one count, or with two, which are compared.
pub fn drawn(lines: &[String], look: &Look, unit: &str) -> Result<Vec<u8>, ReportError> {
    let mut options = Options::default();
    options.title.clone_from(&look.title);
    options.subtitle = (!look.notes.is_empty()).then(|| look.notes.clone());
    unit.clone_into(&mut options.count_name);
    options.hash = true;
    options.reverse_stack_order = look.reverse;
    options.direction = if look.inverted { Direction::Inverted } else { Direction::Straight };
    let mut svg = Vec::new();
    from_lines(&mut options, lines.iter().map(String::as_str), &mut svg)
        .map_err(|error| ReportError::Drawing(error.to_string()))?;
    Ok(svg)
}
