//! What is known of boards outside the scene: names for lists, counts for keys.

use serde::{Deserialize, Serialize};

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
}

/// All boards of one tenant, in the order Tab goes through them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::BOARDS_MAX }>")]
    pub boards: Vec<BoardFacts>,
}

// === impl Catalogue ===

impl Catalogue {
    pub fn board(&self, name: &str) -> Option<&BoardFacts> {
        self.boards.iter().find(|board| board.name == name)
    }
}
