//! `unblink boards` and `unblink status`: asks the daemon over its admin socket.

mod tree;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::args::Asking;
use super::failure::Failure;
use super::places::{self, Door, Sockets};
use super::table::Table;
use super::{attach, output};
use crate::admin::client::{self, Answer, AskError};
use crate::admin::status::{BoardList, RootStatus, Status, WorkerRow};
use crate::client::Attempt;
use crate::label::Label;
use crate::model::{ParamFacts, Unit};
use crate::runtime;

/// What can be shown.
pub fn boards(listing: Asking) -> Result<(), Failure> {
    list("/api/v1/boards", listing, boards_text)
}

/// How the daemon fares.
pub fn status(listing: Asking) -> Result<(), Failure> {
    list("/api/v1/status", listing, status_text)
}

fn list<T: DeserializeOwned>(page: &str, listing: Asking, text: fn(&T) -> String) -> Result<(), Failure> {
    let body = get(page, listing.admin_socket)?;
    if listing.json {
        return output::write(&body);
    }
    output::write(text(&understand(&body)?).as_bytes())
}

/// One page of the first daemon that answers.
fn get(page: &str, flag: Option<PathBuf>) -> Result<Bytes, Failure> {
    let (path, answer) = first_answer(flag, |path| runtime::block_on(client::get(page, path)))?;
    if answer.code == 200 {
        return Ok(answer.body);
    }
    Err(unexpected(&path, &answer))
}

/// What the first daemon that is there says, and where it is.
pub fn first_answer(
    flag: Option<PathBuf>,
    ask: impl Fn(&Path) -> std::io::Result<Result<Answer, AskError>>,
) -> Result<(PathBuf, Answer), Failure> {
    let Sockets { paths, refused: mut attempts } = places::sockets(Door::Admin, flag);
    for path in paths {
        match ask(&path).map_err(Failure::runtime)? {
            Ok(answer) => return Ok((path, answer)),
            Err(AskError::Connect(error)) => attempts.push(Attempt { path, error }),
            Err(error) => return Err(Failure::runtime(format!("{}: {error}", path.display()))),
        }
    }
    Err(attach::unreachable(Door::Admin, attempts))
}

/// An answer that is none to what was asked.
pub fn unexpected(path: &Path, answer: &Answer) -> Failure {
    let words = Label::decode(&answer.body).label;
    let text = format!("{}: {words} (HTTP {})", path.display(), answer.code);
    if answer.code == 403 { Failure::not_allowed(text) } else { Failure::runtime(text) }
}

/// What the JSON of an answer says.
pub fn understand<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::runtime(format!("the daemon's answer is not understood ({error}); is it another version? try --json"))
    })
}

fn boards_text(list: &BoardList) -> String {
    let mut tenants: Vec<&str> = list.boards.iter().map(|row| row.tenant.as_str()).collect();
    tenants.dedup();
    let has_params = list.boards.iter().any(|row| !row.facts.params.is_empty());
    let head: &[&str] =
        if has_params { &["BOARD", ">PANELS", "TITLE", "PARAMETERS"] } else { &["BOARD", ">PANELS", "TITLE"] };
    let mut table = Table::new(head);
    for row in &list.boards {
        // `TENANT/` may be left out where there is one.
        let name =
            if tenants.len() > 1 { format!("{}/{}", row.tenant, row.facts.name) } else { row.facts.name.clone() };
        let params: Vec<String> = row.facts.params.iter().map(param_text).collect();
        let [name, panels, title] = [name, row.facts.panels.to_string(), row.facts.title.clone()].map(Some);
        match has_params {
            true => table.row([name, panels, title, (!params.is_empty()).then(|| params.join(", "))]),
            false => table.row([name, panels, title]),
        }
    }
    table.to_text()
}

/// A parameter as a person says it: `App=text`, `Variant=a|b [a]` where a is the default.
fn param_text(param: &ParamFacts) -> String {
    let values = if param.one_of.is_empty() { param.kind.word().to_owned() } else { param.one_of.join("|") };
    let default = param.default.as_ref().map(|default| format!(" [{default}]")).unwrap_or_default();
    format!("{}={values}{default}", param.name)
}

fn status_text(status: &Status) -> String {
    let root = &status.root;
    let head = Label::plain(&format!(
        "unblink serves as process {} for {}, generation {}, build {}",
        root.pid,
        span(root.uptime_s),
        root.generation,
        root.build
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
    let mut memory = Table::new(&["MEMORY", ">TAKEN", ">MOST", ">PART"]);
    let mut rejected = Table::new(&["NOT TAKEN", ">SAMPLES"]);
    let mut held = Table::new(&["FAULTS HELD", ">TIMES"]);
    for worker in &status.workers {
        for row in &worker.memory {
            let bytes = |bytes: u64| Some(Unit::Bytes.format(bytes as f64));
            let part = row.bytes as f64 / row.bytes_max.max(1) as f64 * 100.0;
            let name = Some(format!("{} {}", worker.tenant, row.name));
            memory.row([name, bytes(row.bytes), bytes(row.bytes_max), Some(Unit::Percent.format(part))]);
        }
        for row in worker.rejected.iter().filter(|row| row.count > 0 && row.name != "pushed") {
            rejected.row([Some(format!("{} {}", worker.tenant, row.name)), number(row.count)]);
        }
        for (name, count) in &worker.faults {
            held.row([Some(format!("{} {name}", worker.tenant)), number(*count)]);
        }
        for (name, count) in &worker.push_rejected {
            rejected.row([Some(format!("{} pushed, {name}", worker.tenant)), number(*count)]);
        }
    }
    let mut limits = Table::new(&["LIMIT", ">MOST", "HELD BY", "NOTE"]);
    for worker in &status.workers {
        for row in &worker.limits {
            let held_back = worker.throttled_ms.filter(|ms| row.name == "cpu" && *ms > 0);
            let held_back = held_back.map(|ms| format!("held back for {} s in all", ms.div_ceil(1000)));
            let name = Some(format!("{} {}", worker.tenant, row.name));
            limits.row([name, Some(row.limit.clone()), Some(row.held_by.clone()), row.note.clone().or(held_back)]);
        }
    }
    let mut limited = Table::new(&["LEFT OUT", ">PICTURES"]);
    for worker in &status.workers {
        for (board, count) in &worker.limited {
            limited.row([Some(format!("{}/{board}", worker.tenant)), number(*count)]);
        }
        if worker.chunks_limited > 0 {
            limited.row([Some(format!("{} chunks put off", worker.tenant)), number(worker.chunks_limited)]);
        }
    }
    let has = |rows: fn(&WorkerRow) -> bool| status.workers.iter().any(rows);
    let mut views = Table::new(&[">VIEW", "BOARD", ">SIZE", ">VERSION", ">VIEWERS"]);
    for row in &status.views {
        let board = format!("{}/{}", row.tenant, row.board);
        let viewers = u64::try_from(row.viewers).unwrap_or(u64::MAX);
        views.row([number(row.id), Some(board), Some(row.size.clone()), number(row.version), number(viewers)]);
    }
    let mut sessions = Table::new(&[">SESSION", "KIND", ">VIEW", ">LAG", ">STALLED", "DEVICE"]);
    for row in &status.sessions {
        let stalled = (row.stalled_ms > 0).then(|| format!("{} s", row.stalled_ms.div_ceil(1000)));
        let (kind, device) = (Some(row.kind.clone()), row.device.clone());
        sessions.row([number(row.id), kind, number(row.view), number(row.lag_versions), stalled, device]);
    }
    let mut tree = Table::new(&["PART", "KIND", "STATE", ">UP", ">RESTARTS", ">NEXT TRY", "LAST FAULT"]);
    tree::grow(&mut tree, &status.tree, 0);
    let parts = [
        (&workers, true),
        (&memory, has(|worker| !worker.memory.is_empty())),
        (&rejected, has(|worker| worker.rejected.iter().any(|row| row.count > 0))),
        (&held, has(|worker| !worker.faults.is_empty())),
        (&limits, has(|worker| !worker.limits.is_empty())),
        (&limited, has(|worker| !worker.limited.is_empty() || worker.chunks_limited > 0)),
        (&views, !status.views.is_empty()),
        (&sessions, !status.sessions.is_empty()),
    ];
    let mut text = format!("{head}\n{}", configuration_text(root));
    for (table, _) in parts.into_iter().filter(|(_, shown)| *shown).chain([(&tree, true)]) {
        text.push('\n');
        text.push_str(&table.to_text());
    }
    text
}

/// Which configuration is drawn, and what is wrong with what is not.
fn configuration_text(root: &RootStatus) -> String {
    let configuration = &root.configuration;
    let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
    let mut lines = Vec::new();
    if let Some(cause) = configuration.cause {
        let content = configuration.content_of.map_or(String::new(), |number| format!(", as generation {number} was"));
        let at = at(configuration.accepted_at_ms);
        lines.push(format!("generation {} was accepted at {at} by {}{content}", root.generation, cause.words()));
    }
    lines.extend(configuration.at_restart.iter().cloned());
    let said = [
        ("changes of files are not noticed", &configuration.unwatched),
        ("generations are not kept", &configuration.unkept),
    ];
    lines.extend(said.into_iter().filter_map(|(what, why)| Some(format!("{what}: {}", why.as_ref()?))));
    if let Some(refused) = &configuration.refused {
        lines.push(format!("not applied at {} by {}: {}", at(refused.at_ms), refused.cause.words(), refused.why));
        for complaint in &refused.complaints {
            lines.extend(complaint.to_string().lines().map(str::to_owned));
        }
    }
    lines.iter().map(|line| format!("{}\n", Label::plain(line))).collect()
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::admin::status::{BoardRow, CountRow, LimitRow, MemoryRow, RootStatus, SessionRow, TreeNode, ViewRow};
    use crate::model::BoardFacts;

    fn node(name: &str, children: Vec<TreeNode>) -> TreeNode {
        TreeNode {
            name: name.to_owned(),
            kind: "task".to_owned(),
            state: "running".to_owned(),
            children,
            ..TreeNode::default()
        }
    }

    #[test]
    fn the_status_is_told_in_tables() {
        let status = Status {
            root: RootStatus {
                pid: 7,
                build: "1.0".to_owned(),
                uptime_s: 3_725,
                generation: 1,
                pushers: 0,
                configuration: Default::default(),
            },
            workers: vec![WorkerRow {
                tenant: "default".to_owned(),
                pid: None,
                epoch: 2,
                state: "waiting".to_owned(),
                restarts: 1,
                recycled: 0,
                last_fault: Some("was killed by signal 9 (SIGKILL)".to_owned()),
                series: 13,
                frames_drawn: 12,
                frames_late: 0,
                frames_limited: 7,
                limited: BTreeMap::from([("host".to_owned(), 7)]),
                chunks_limited: 0,
                samples: 62,
                samples_rejected: 3,
                push_rejected: [("malformed".to_owned(), 2)].into(),
                faults: [("panel panic".to_owned(), 4)].into(),
                rejected: vec![
                    CountRow { name: "not-finite".to_owned(), count: 0 },
                    CountRow { name: "not-newer".to_owned(), count: 3 },
                ],
                limits: vec![LimitRow {
                    name: "cpu".to_owned(),
                    limit: "1200m".to_owned(),
                    held_by: "cgroup".to_owned(),
                    note: None,
                }],
                throttled_ms: Some(2_100),
                memory: vec![MemoryRow { name: "points".to_owned(), bytes: 4096, bytes_max: 65_536 }],
            }],
            views: vec![ViewRow {
                id: 1,
                board: "host".to_owned(),
                tenant: "default".to_owned(),
                size: "80x24".to_owned(),
                version: 6,
                viewers: 2,
            }],
            sessions: vec![
                SessionRow {
                    id: 1,
                    kind: "attach".to_owned(),
                    device: None,
                    view: 1,
                    lag_versions: 0,
                    stalled_ms: 1_200,
                },
                SessionRow {
                    id: 2,
                    kind: "tty".to_owned(),
                    device: Some("/dev/tty8".to_owned()),
                    view: 1,
                    lag_versions: 0,
                    stalled_ms: 0,
                },
            ],
            tree: node(
                "root",
                vec![node("viewer", vec![]), node("viewer", vec![]), node("tenant", vec![node("a", vec![])])],
            ),
            watchdogs: Vec::new(),
        };
        assert_eq!(
            status_text(&status),
            "unblink serves as process 7 for 1 h 2 min, generation 1, build 1.0\n\
             \n\
             WORKER   STATE    PID  RESTARTS  SERIES  FRAMES  LAST FAULT\n\
             default  waiting    -         1      13      12  was killed by signal 9 (SIGKILL)\n\
             \n\
             MEMORY            TAKEN      MOST  PART\n\
             default points  4.0 KiB  64.0 KiB  6.3%\n\
             \n\
             NOT TAKEN                  SAMPLES\n\
             default not-newer                3\n\
             default pushed, malformed        2\n\
             \n\
             FAULTS HELD          TIMES\n\
             default panel panic      4\n\
             \n\
             LIMIT         MOST  HELD BY  NOTE\n\
             default cpu  1200m  cgroup   held back for 3 s in all\n\
             \n\
             LEFT OUT      PICTURES\n\
             default/host         7\n\
             \n\
             VIEW  BOARD          SIZE  VERSION  VIEWERS\n\
             \x20  1  default/host  80x24        6        2\n\
             \n\
             SESSION  KIND    VIEW  LAG  STALLED  DEVICE\n\
             \x20     1  attach     1    0      2 s  -\n\
             \x20     2  tty        1    0        -  /dev/tty8\n\
             \n\
             PART          KIND  STATE    UP  RESTARTS  NEXT TRY  LAST FAULT\n\
             root          task  running   -         -         -  -\n\
             \x20 viewer (2)  task  running   -         -         -  -\n\
             \x20 tenant      task  running   -         -         -  -\n\
             \x20   a         task  running   -         -         -  -\n"
        );
    }

    #[test]
    fn charts_are_listed_with_what_they_take() {
        let param = ParamFacts { name: "App".to_owned(), ..ParamFacts::default() };
        let variant = ParamFacts {
            name: "Variant".to_owned(),
            one_of: vec!["a".to_owned(), "b".to_owned()],
            default: Some("a".to_owned()),
            ..ParamFacts::default()
        };
        let row = |name: &str, params: Vec<ParamFacts>| BoardRow {
            tenant: "default".to_owned(),
            facts: BoardFacts {
                name: name.to_owned(),
                title: "t".to_owned(),
                panels: 1,
                theme: Default::default(),
                params,
                uuid: None,
            },
        };
        let list = BoardList { boards: vec![row("p95", vec![param, variant]), row("host", Vec::new())] };
        assert_eq!(
            boards_text(&list),
            "BOARD  PANELS  TITLE  PARAMETERS\np95         1  t      App=text, Variant=a|b [a]\nhost        1  t      -\n"
        );
    }

    #[test]
    fn boards_are_named_with_their_tenant_only_where_there_are_several() {
        let row = |tenant: &str| BoardRow {
            tenant: tenant.to_owned(),
            facts: BoardFacts {
                name: "host".to_owned(),
                title: "this machine".to_owned(),
                panels: 6,
                theme: Default::default(),
                params: Vec::new(),
                uuid: None,
            },
        };
        let one = BoardList { boards: vec![row("default")] };
        assert_eq!(boards_text(&one), "BOARD  PANELS  TITLE\nhost        6  this machine\n");
        let two = BoardList { boards: vec![row("a"), row("b")] };
        assert!(boards_text(&two).contains("a/host") && boards_text(&two).contains("b/host"));
    }
}
