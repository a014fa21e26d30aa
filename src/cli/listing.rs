//! `unblink boards` and `unblink status`: asks the daemon over its admin socket.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::args::Listing;
use super::failure::Failure;
use super::places::{self, Door, Sockets};
use super::table::Table;
use super::{attach, output};
use crate::admin::client::{self, AskError};
use crate::admin::status::{BoardList, Status, TreeNode};
use crate::client::Attempt;
use crate::label::Label;
use crate::runtime;

/// What can be shown.
pub fn boards(listing: Listing) -> Result<(), Failure> {
    list("/api/v1/boards", listing, boards_text)
}

/// How the daemon fares.
pub fn status(listing: Listing) -> Result<(), Failure> {
    list("/api/v1/status", listing, status_text)
}

fn list<T: DeserializeOwned>(page: &str, listing: Listing, text: fn(&T) -> String) -> Result<(), Failure> {
    let body = get(page, listing.admin_socket)?;
    if listing.json {
        return output::write(&body);
    }
    let value = serde_json::from_slice(&body).map_err(|error| {
        Failure::runtime(format!("the daemon's answer is not understood ({error}); is it another version? try --json"))
    })?;
    output::write(text(&value).as_bytes())
}

/// One page of the first daemon that answers.
fn get(page: &str, flag: Option<std::path::PathBuf>) -> Result<Bytes, Failure> {
    let Sockets { paths, refused: mut attempts } = places::sockets(Door::Admin, flag);
    for path in paths {
        let asked = runtime::block_on(client::get(page, &path)).map_err(Failure::runtime)?;
        match asked {
            Ok(answer) if answer.code == 200 => return Ok(answer.body),
            Ok(answer) => {
                let words = Label::decode(&answer.body).label;
                return Err(Failure::runtime(format!("{}: {words} (HTTP {})", path.display(), answer.code)));
            }
            Err(AskError::Connect(error)) => attempts.push(Attempt { path, error }),
            Err(error) => return Err(Failure::runtime(format!("{}: {error}", path.display()))),
        }
    }
    Err(attach::unreachable(attempts))
}

fn boards_text(list: &BoardList) -> String {
    let mut tenants: Vec<&str> = list.boards.iter().map(|row| row.tenant.as_str()).collect();
    tenants.dedup();
    let mut table = Table::new(&["BOARD", ">PANELS", "TITLE"]);
    for row in &list.boards {
        // `TENANT/` may be left out where there is one.
        let name =
            if tenants.len() > 1 { format!("{}/{}", row.tenant, row.facts.name) } else { row.facts.name.clone() };
        table.row([Some(name), Some(row.facts.panels.to_string()), Some(row.facts.title.clone())]);
    }
    table.to_text()
}

fn status_text(status: &Status) -> String {
    let root = &status.root;
    let head = Label::plain(&format!(
        "unblink {} serves as process {}, for {}, generation {}",
        root.build,
        root.pid,
        span(root.uptime_s),
        root.generation
    ));
    let number = |number: u64| Some(number.to_string());
    let mut workers = Table::new(&["WORKER", "STATE", ">PID", ">RESTARTS", ">SERIES", ">FRAMES", "LAST FAULT"]);
    for row in &status.workers {
        workers.row([
            Some(row.tenant.clone()),
            Some(row.state.clone()),
            row.pid.map(|pid| pid.to_string()),
            number(row.restarts),
            number(u64::from(row.series)),
            number(row.frames_drawn),
            row.last_fault.clone(),
        ]);
    }
    let mut views = Table::new(&[">VIEW", "BOARD", ">SIZE", ">VERSION", ">VIEWERS"]);
    for row in &status.views {
        let board = format!("{}/{}", row.tenant, row.board);
        let viewers = u64::try_from(row.viewers).unwrap_or(u64::MAX);
        views.row([number(row.id), Some(board), Some(row.size.clone()), number(row.version), number(viewers)]);
    }
    let mut sessions = Table::new(&[">SESSION", "KIND", ">VIEW", ">LAG", ">STALLED"]);
    for row in &status.sessions {
        let stalled = (row.stalled_ms > 0).then(|| format!("{} s", row.stalled_ms.div_ceil(1000)));
        sessions.row([number(row.id), Some(row.kind.clone()), number(row.view), number(row.lag_versions), stalled]);
    }
    let mut tree = Table::new(&["PART", "KIND", "STATE", ">RESTARTS"]);
    grow(&mut tree, &status.tree, 0);
    let parts = [(&workers, true), (&views, !status.views.is_empty()), (&sessions, !status.sessions.is_empty())];
    let mut text = format!("{head}\n");
    for (table, _) in parts.into_iter().filter(|(_, shown)| *shown).chain([(&tree, true)]) {
        text.push('\n');
        text.push_str(&table.to_text());
    }
    text
}

/// Deeper than any tree of ours; a daemon that says otherwise is not followed.
const DEPTH_MAX: usize = 16;

fn grow(table: &mut Table, node: &TreeNode, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    // A label would take leading blanks for what they are; a drawn branch shows the depth.
    let branch = if depth == 0 { String::new() } else { format!("{}└ ", "│ ".repeat(depth - 1)) };
    let name = format!("{branch}{}", node.name);
    let restarts = (node.restarts > 0).then(|| node.restarts.to_string());
    table.row([Some(name), Some(node.kind.clone()), Some(node.state.clone()), restarts]);
    for child in &node.children {
        grow(table, child, depth + 1);
    }
}

/// A span as people say it, in its two largest units.
fn span(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}
