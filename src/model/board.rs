//! What is known of boards outside the scene: names for lists, counts for keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::spec::Theme;
use crate::base::{bounded, limits};

/// One board as a list shows it and as session keys need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardFacts {
    #[serde(deserialize_with = "bounded::text::<_, { limits::NAME_BYTES_MAX }>")]
    pub name: String,
    #[serde(deserialize_with = "bounded::cut::<_, { limits::TITLE_BYTES_MAX }>")]
    pub title: String,
    /// Panels in reading order; at least one.
    pub panels: u16,
    /// The theme of viewers who chose none.
    #[serde(default)]
    pub theme: Theme,
    /// Names of the parameters it takes.
    #[serde(
        default,
        deserialize_with = "bounded::texts::<_, { limits::PARAMS_MAX }, { limits::PARAM_NAME_BYTES_MAX }>"
    )]
    pub params: Vec<String>,
}

/// All boards of one tenant, in the order Tab goes through them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::BOARDS_MAX }>")]
    pub boards: Vec<BoardFacts>,
}

// === impl BoardFacts ===

impl BoardFacts {
    /// Says in words which of the parameters asked for the board does not take.
    pub fn check_params(&self, asked: &BTreeMap<String, String>) -> Result<(), String> {
        let Some(unknown) = asked.keys().find(|name| !self.params.contains(name)) else { return Ok(()) };
        let takes = if self.params.is_empty() {
            "it takes none".to_owned()
        } else {
            format!("it takes: {}", self.params.join(", "))
        };
        Err(format!("the board {:?} has no parameter {unknown:?}; {takes}", self.name))
    }
}

// === impl Catalogue ===

impl Catalogue {
    pub fn board(&self, name: &str) -> Option<&BoardFacts> {
        self.boards.iter().find(|board| board.name == name)
    }
}
