//! The section `[[terminal]]`: devices on which the daemon shows a board by itself.
//!
//! Invariant: a device is named once, so that no two pictures fight for one screen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::TENANT_DEFAULT;
use super::schema::{Wrong, kind, text, wrong};
use super::tenants::TenantSettings;
use crate::base::{Diagnostic, limits};
use crate::model::{GlyphSet, Palette};
use crate::notation::{Document, harmless, remedy_for};
use crate::scene::Boards;

/// One device that shows a board.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalSettings {
    pub device: PathBuf,
    /// None for the first board there is.
    pub board: Option<String>,
    /// None for what the device is found to have.
    pub color: Option<Palette>,
    /// None for what the device is found to have.
    pub glyphs: Option<GlyphSet>,
    /// Whether its keyboard counts.
    pub input: bool,
    /// What the device is, as TERM would say; none for what fits the device.
    pub term: Option<String>,
}

pub const SECTION: &str = "terminal";

const KEYS: [&str; 6] = ["device", "board", "color", "glyphs", "input", "term"];
const COLORS: [(&str, Option<Palette>); 5] = [
    ("auto", None),
    ("truecolor", Some(Palette::Truecolor)),
    ("256", Some(Palette::Indexed)),
    ("16", Some(Palette::Ansi)),
    ("mono", Some(Palette::Mono)),
];
const GLYPHS: [(&str, Option<GlyphSet>); 4] = [
    ("auto", None),
    ("braille", Some(GlyphSet::Braille)),
    ("block", Some(GlyphSet::Block)),
    ("ascii", Some(GlyphSet::Ascii)),
];
const EXAMPLE: &str = "/dev/tty8";

/// Reads the whole list, behind what other files said, and collects what is wrong with it.
pub fn read(
    document: &Document<'_>,
    value: &Spanned<DeValue<'_>>,
    terminals: &mut Vec<TerminalSettings>,
    complaints: &mut Vec<Diagnostic>,
) {
    let DeValue::Array(list) = value.get_ref() else {
        let message = "terminal is a list, as there may be many";
        return complaints.push(document.complain(value.span(), message, "write [[terminal]] on a line of its own"));
    };
    for entry in list.iter() {
        let DeValue::Table(table) = entry.get_ref() else {
            let message = format!("{} stands where a [[terminal]] belongs", kind(entry.get_ref()));
            complaints.push(document.complain(entry.span(), message, "write [[terminal]] on a line of its own"));
            continue;
        };
        if terminals.len() == limits::TERMINALS_MAX {
            let message = format!("there are more than {} terminals", limits::TERMINALS_MAX);
            return complaints.push(document.complain(entry.span(), message, "show the others with `unblink attach`"));
        }
        let before = complaints.len();
        let settings = read_one(document, entry.span(), table, terminals, complaints);
        if complaints.len() == before {
            terminals.push(settings);
        }
    }
}

/// Complaints about boards that are on no list, not even left out of it. Only where the rest was found right.
///
/// Of another tenant nothing is known here but whether there is one.
pub fn unknown_boards(
    document: &Document<'_>,
    boards: &Boards,
    left_out: &[&str],
    tenants: &BTreeMap<String, TenantSettings>,
) -> Vec<Diagnostic> {
    let (tables, _) = document.tables();
    let Some(DeValue::Array(list)) = tables.get_ref().get(SECTION).map(Spanned::get_ref) else { return Vec::new() };
    let asked = list.iter().filter_map(|entry| match entry.get_ref() {
        DeValue::Table(table) => table.get("board"),
        _ => None,
    });
    let names: Vec<String> = boards.catalogue().boards.into_iter().map(|board| board.name).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    let complain = |value: &Spanned<DeValue<'_>>| {
        let name = value.get_ref().as_str()?;
        if let Some((tenant, _)) = name.split_once('/').filter(|(tenant, _)| *tenant != TENANT_DEFAULT) {
            if tenants.contains_key(tenant) {
                return None;
            }
            let message = format!("tenants: terminal.board: there is no tenant {:?}", harmless(tenant));
            let known: Vec<&str> = tenants.keys().map(String::as_str).chain([TENANT_DEFAULT]).collect();
            return Some(document.complain(value.span(), message, remedy_for(tenant, &known, "tenants")));
        }
        let of_tenant = name.strip_prefix(TENANT_DEFAULT).and_then(|rest| rest.strip_prefix('/'));
        let board = of_tenant.unwrap_or(name);
        let wanted = boards
            .get(board)
            .and_then(|board| board.asks.as_ref()?.params.iter().find(|param| param.default.is_none()));
        if let Some(param) = wanted {
            let message =
                format!("terminal.board: nobody tells the chart {board:?} its parameter {:?} here", param.name);
            let remedy = format!("give it a default in its file: [params.{}]", param.name);
            return Some(document.complain(value.span(), message, remedy));
        }
        if boards.get(board).is_some() || left_out.contains(&board) {
            return None;
        }
        let message = format!("terminal.board: there is no board {:?}", harmless(name));
        Some(document.complain(value.span(), message, remedy_for(board, &known, "boards")))
    };
    asked.filter_map(complain).collect()
}

/// The same about boards of other tenants, where they are known.
pub fn unknown_boards_elsewhere<'a>(
    document: &Document<'_>,
    boards: &impl Fn(&str) -> Option<&'a Boards>,
) -> Vec<Diagnostic> {
    let (tables, _) = document.tables();
    let Some(DeValue::Array(list)) = tables.get_ref().get(SECTION).map(Spanned::get_ref) else { return Vec::new() };
    let complain = |entry: &Spanned<DeValue<'_>>| {
        let DeValue::Table(table) = entry.get_ref() else { return None };
        let value = table.get("board")?;
        let (tenant, board) = value.get_ref().as_str()?.split_once('/')?;
        let boards = boards(tenant)?;
        if board.is_empty() || boards.get(board).is_some() {
            return None;
        }
        let names: Vec<String> = boards.catalogue().boards.into_iter().map(|board| board.name).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!("tenants: terminal.board: {tenant} has no board {:?}", harmless(board));
        Some(document.complain(value.span(), message, remedy_for(board, &known, "boards")))
    };
    list.iter().filter_map(complain).collect()
}

fn read_one(
    document: &Document<'_>,
    whole: std::ops::Range<usize>,
    table: &DeTable<'_>,
    others: &[TerminalSettings],
    complaints: &mut Vec<Diagnostic>,
) -> TerminalSettings {
    let mut settings = TerminalSettings::default();
    for (name, value) in table {
        let word: &str = name.get_ref();
        let read = match word {
            "device" => device(value.get_ref(), others).map(|device| settings.device = device),
            "board" => board(value.get_ref()).map(|board| settings.board = Some(board)),
            "color" => one_of(value.get_ref(), &COLORS, "colours").map(|color| settings.color = color),
            "glyphs" => one_of(value.get_ref(), &GLYPHS, "glyphs").map(|glyphs| settings.glyphs = glyphs),
            "input" => flag(value.get_ref()).map(|input| settings.input = input),
            "term" => term(value.get_ref()).map(|term| settings.term = Some(term)),
            _ => {
                let message = format!("there is no key {:?} in [[terminal]]", harmless(word));
                complaints.push(document.complain(name.span(), message, remedy_for(word, &KEYS, "keys")));
                continue;
            }
        };
        if let Err(Wrong { message, remedy }) = read {
            complaints.push(document.complain(value.span(), format!("terminal.{word}: {message}"), remedy));
        }
    }
    if table.keys().all(|name| name.get_ref() != "device") {
        let remedy = format!("add device = \"{EXAMPLE}\"");
        complaints.push(document.complain(whole, "this [[terminal]] names no device", remedy));
    }
    settings
}

fn device(value: &DeValue<'_>, others: &[TerminalSettings]) -> Result<PathBuf, Wrong> {
    let text = text(value, EXAMPLE)?;
    if !text.starts_with('/') {
        return Err(wrong("the path is not absolute", format!("write it as \"{EXAMPLE}\"")));
    }
    if text.len() > limits::DEVICE_BYTES_MAX || text.contains(char::is_control) {
        let message = format!("the path of {} bytes cannot name a device", text.len());
        return Err(wrong(message, format!("use at most {} bytes, none of them a control", limits::DEVICE_BYTES_MAX)));
    }
    let path = PathBuf::from(text);
    if others.iter().any(|other| other.device == path) {
        return Err(wrong(
            format!("{} shows something already", harmless(text)),
            "name each device once; one board may be on many devices",
        ));
    }
    Ok(path)
}

fn board(value: &DeValue<'_>) -> Result<String, Wrong> {
    let text = text(value, "host")?;
    // A tenant's name may stand before the board's.
    if text.is_empty() || text.len() > 2 * limits::NAME_BYTES_MAX + 1 {
        return Err(wrong("this is no name of a board", "`unblink boards` lists those there are"));
    }
    Ok(text.to_owned())
}

fn term(value: &DeValue<'_>) -> Result<String, Wrong> {
    let text = text(value, "xterm-256color")?;
    if text.is_empty() || text.len() > limits::NAME_BYTES_MAX || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("this is no name of a terminal", "write it as TERM would say, such as \"xterm-256color\""));
    }
    if text == "dumb" {
        return Err(wrong("a dumb terminal cannot place its cursor", "name what the device is, or leave it out"));
    }
    Ok(text.to_owned())
}

fn flag(value: &DeValue<'_>) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| {
        wrong(
            format!("{} stands where true or false belongs", kind(value)),
            "write true, without quotes, to let its keyboard count",
        )
    })
}

fn one_of<T: Copy>(value: &DeValue<'_>, known: &[(&str, T)], what: &str) -> Result<T, Wrong> {
    let text = text(value, "auto")?;
    match known.iter().find(|(name, _)| *name == text) {
        Some((_, one)) => Ok(*one),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(wrong(format!("{:?} names no {what}", harmless(text)), remedy_for(text, &names, what)))
        }
    }
}

#[cfg(test)]
mod tests;
