//! What is marked on a line chart: entries of logs, and moments a board names.
//!
//! Invariant: at most `limits::ANNOTATIONS_MAX` marks, the newest; what a log says again and again is marked where it
//! begins, or where the span does, and that does not change while the span slides on, as long as the log keeps the
//! beginning.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{Wall, limits};
use crate::label::Label;
use crate::model::log::Severity;
use crate::scene::chart::Annotation;
use crate::scene::moment::Moment;
use crate::widget::line::Annotation as Mark;
use crate::widget::{Role, TimeScale};

/// An entry that says the same as one less than this part of the span before it goes on with that one.
const REPEAT_PARTS: u32 = 10;

/// The marks within a span.
pub fn found(annotations: &[Annotation], moment: &Moment<'_>, scale: TimeScale) -> Vec<Mark> {
    let mut marks = Vec::new();
    for annotation in annotations {
        match annotation {
            Annotation::Entries { stream, level, name } => {
                entries(stream, *level, name.as_ref(), moment, scale, &mut marks);
            }
            Annotation::Moment { at, name } => marks.push(Mark { at: *at, label: name.clone(), role: Role::Strong }),
        }
    }
    marks.retain(|mark| scale.bin(mark.at).is_some());
    if marks.len() > limits::ANNOTATIONS_MAX {
        marks.sort_by_key(|mark| mark.at);
        marks.drain(..marks.len() - limits::ANNOTATIONS_MAX);
    }
    marks
}

fn entries(
    stream: &str,
    level: Severity,
    name: Option<&Label>,
    moment: &Moment<'_>,
    scale: TimeScale,
    marks: &mut Vec<Mark>,
) {
    let Some(stream) = moment.data.log(stream) else { return };
    let repeated_within = Duration::from_millis(moment.spec.range_ms) / REPEAT_PARTS;
    // Before the span too: whether an entry is a repeat must not depend on what has slid out. Of each text when it was
    // said last, and whether its run has a mark.
    let mut said: BTreeMap<&str, (Wall, bool)> = BTreeMap::new();
    for entry in stream.until(moment.edge).filter(|entry| entry.severity >= level) {
        let Some(line) = entry.lines.first() else { continue };
        let before = said.get(line.as_str()).copied();
        let run = before.filter(|(then, _)| entry.at <= *then + repeated_within);
        let is_seen = scale.bin(entry.at).is_some();
        let is_marked = run.is_some_and(|(_, is_marked)| is_marked);
        said.insert(line.as_str(), (entry.at, is_marked || is_seen));
        if is_seen && !is_marked {
            // What went on when the span began stands at its beginning.
            let at = if run.is_some() { scale.from() } else { entry.at };
            let label = name.unwrap_or(line).clone();
            marks.push(Mark { at, label, role: role(entry.severity) });
        }
    }
}

fn role(severity: Severity) -> Role {
    match severity {
        Severity::Error => Role::Failure,
        Severity::Warn => Role::Warning,
        Severity::Info => Role::Title,
        Severity::Debug | Severity::Trace => Role::Muted,
    }
}
