//! The charts among the files of a configuration.
//!
//! Invariant: a chart has a name no board of a person's own has, and a source that asks a database; a template that lies
//! there is named by a chart.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use super::gather::TERMS;
use super::{TENANT_DEFAULT, board_name};
use crate::base::Diagnostic;
use crate::model::origin::Origin;
use crate::notation::{Document, harmless};
use crate::scene::file::chart::{self, Given, TEMPLATE_ENDS};
use crate::scene::{Board, Boards};
use crate::wire::feed::{ConfigFile, FileKind};

/// Whether a file is a chart, and no template that one names.
pub fn is_chart(file: &ConfigFile) -> bool {
    file.kind == FileKind::Chart && !file.name.ends_with(TEMPLATE_ENDS)
}

/// All charts that are right; what is wrong with the others goes to `complaints`.
pub fn read(files: &[ConfigFile], boards: &[Board], complaints: &mut Vec<Diagnostic>) -> Vec<Board> {
    let mut charts = Vec::new();
    let named: RefCell<BTreeSet<&str>> = RefCell::default();
    let before = complaints.len();
    let tenant = files.iter().find_map(|file| file.name.strip_prefix(TERMS)).unwrap_or(TENANT_DEFAULT);
    for file in files.iter().filter(|file| is_chart(file)) {
        let beside = |name: &str| {
            let path = Path::new(&file.name).with_file_name(name);
            let found = files.iter().find(|other| other.kind == FileKind::Chart && Path::new(&other.name) == path)?;
            named.borrow_mut().insert(&found.name);
            Some((found.name.as_str(), found.bytes.as_slice()))
        };
        let name = board_name(&file.name);
        let given = Given { tenant, name, file: &file.name, bytes: &file.bytes, beside: &beside };
        match chart::read(given) {
            Ok(_) if boards.iter().any(|board| board.name == name) => {
                let message = format!("a board is called {:?} too", harmless(name));
                complaints.push(whole(file, message, "rename one of the two files"));
            }
            Ok(board) => charts.push(board),
            Err(found) => complaints.extend(found),
        }
    }
    // What a chart names that is wrong, left out or looked at alone, nobody knows.
    let is_whole = files.iter().any(|file| file.kind == FileKind::Settings)
        && files.iter().all(|file| file.kind != FileKind::LeftOut)
        && complaints.len() == before;
    let named = named.into_inner();
    let is_unnamed =
        |file: &&ConfigFile| file.kind == FileKind::Chart && !is_chart(file) && !named.contains(file.name.as_str());
    for file in files.iter().filter(|_| is_whole).filter(is_unnamed) {
        let remedy = "name it in a chart: [query] with sql_file = \"...\", or move it elsewhere";
        complaints.push(whole(file, "no chart names this template".to_owned(), remedy));
    }
    charts
}

/// Complaints about a chart whose source is on no list. Only where the rest was found right.
pub fn unknown_sources(file: &ConfigFile, boards: &Boards, sources: &[Origin]) -> Vec<Diagnostic> {
    let document = Document::new(&file.name, &file.bytes).ok();
    let board = boards.get(board_name(&file.name));
    document
        .zip(board)
        .and_then(|(document, board)| chart::unknown_source(&document, board, sources))
        .into_iter()
        .collect()
}

fn whole(file: &ConfigFile, message: String, remedy: &str) -> Diagnostic {
    let (file, remedy) = (harmless(&file.name), remedy.to_owned());
    Diagnostic { file, line: 0, column: 0, message, remedy, excerpt: String::new() }
}

#[cfg(all(test, feature = "sql"))]
mod tests;
#[cfg(all(test, not(feature = "sql")))]
mod without;
