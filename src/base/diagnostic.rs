//! One complaint about something a person wrote: where, what, and what to do.

use serde::{Deserialize, Serialize};

use super::{bounded, limits};

/// A complaint about a file; line and column count from 1, both 0 when it concerns the whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    #[serde(deserialize_with = "bounded::cut::<_, { limits::COMPLAINT_BYTES_MAX }>")]
    pub file: String,
    pub line: u32,
    /// Counted in characters, as editors do.
    pub column: u32,
    /// What is wrong.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::COMPLAINT_BYTES_MAX }>")]
    pub message: String,
    /// What to do about it.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::COMPLAINT_BYTES_MAX }>")]
    pub remedy: String,
    /// The line as it stands in the file, without its line end, cut to a screen's width.
    #[serde(deserialize_with = "bounded::cut::<_, { limits::COMPLAINT_BYTES_MAX }>")]
    pub excerpt: String,
}

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 {
            write!(f, "{}: {}", self.file, self.message)?;
        } else {
            write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
            if !self.excerpt.is_empty() {
                let caret = " ".repeat(self.column.saturating_sub(1) as usize);
                write!(f, "\n    {}\n    {caret}^", self.excerpt)?;
            }
        }
        if !self.remedy.is_empty() {
            write!(f, "\n    {}", self.remedy)?;
        }
        Ok(())
    }
}
