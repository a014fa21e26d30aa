//! What is known of boards outside the scene: names for lists, counts for keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::param::{self, ParamFacts, Uuid};
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
    /// The parameters it takes.
    #[serde(default, deserialize_with = "bounded::list::<_, _, { limits::PARAMS_MAX }>")]
    pub params: Vec<ParamFacts>,
    /// Of a chart: a UUID that stays the same while its name does, or the one its file gives it.
    #[serde(default)]
    pub uuid: Option<Uuid>,
}

/// All boards of one tenant, in the order Tab goes through them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::BOARDS_MAX }>")]
    pub boards: Vec<BoardFacts>,
}

// === impl BoardFacts ===

impl BoardFacts {
    /// Says in words everything that is wrong with the parameters asked for.
    pub fn check_params(&self, asked: &BTreeMap<String, String>) -> Result<(), String> {
        let mut wrong: Vec<String> = Vec::new();
        for unknown in asked.keys().filter(|name| self.params.iter().all(|known| known.name != **name)) {
            let names: Vec<&str> = self.params.iter().map(|known| known.name.as_str()).collect();
            let takes = match names.is_empty() {
                true => "it takes none".to_owned(),
                false => format!("it takes: {}", names.join(", ")),
            };
            wrong.push(format!("the board {:?} has no parameter {unknown:?}; {takes}", self.name));
        }
        if let Err(others) = param::values(&self.params, asked) {
            wrong.extend(others.into_iter().map(|why| format!("the board {:?}: {why}", self.name)));
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }
}

// === impl Catalogue ===

impl Catalogue {
    pub fn board(&self, name: &str) -> Option<&BoardFacts> {
        self.boards.iter().find(|board| board.name == name)
    }
}
