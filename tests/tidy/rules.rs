//! The rules: each takes one source file and answers with lines and what is wrong there.

use proc_macro2::TokenStream;

use crate::files::SourceFile;
use crate::tokens;
use crate::walk::{self, Named};

/// Longest file; a longer one holds more than one idea.
const LINES_MAX: usize = 500;

/// Names that say nothing of what a module is for.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "stuff", "util", "utilities", "utils"];

pub type Complaint = (usize, String);
pub type Rule = fn(&SourceFile) -> Vec<Complaint>;

pub const RULES: &[(&str, Rule)] = &[
    ("spawn", spawn),
    ("unwrap", unwrap),
    ("expect", expect),
    ("length", length),
    ("unsafe", unsafe_code),
    ("safety", safety),
    ("clock", clock),
    ("randomness", randomness),
    ("purpose", purpose),
    ("mod-rs", mod_rs),
    ("allow", allow),
    ("ignore", ignore),
    ("unfinished", unfinished),
    ("sleep", sleep),
    ("names", names),
    ("root", root),
];

fn tokens_of(file: &SourceFile) -> TokenStream {
    file.text.parse().expect("the file was parsed once already")
}

fn at(lines: Vec<usize>, what: &str) -> Vec<Complaint> {
    lines.into_iter().map(|line| (line, what.to_owned())).collect()
}

fn within(file: &SourceFile, module: &str) -> bool {
    file.path == format!("src/{module}.rs") || file.path.starts_with(&format!("src/{module}/"))
}

/// Complaints about every path that `wrong` picks.
fn paths(file: &SourceFile, what: &str, wrong: impl Fn(&Named, &[&str]) -> bool) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for named in walk::walk(file).paths {
        let parts: Vec<&str> = named.segments.iter().map(String::as_str).collect();
        if wrong(&named, &parts) {
            complaints.push((named.line, format!("`{}`: {what}", parts.join("::"))));
        }
    }
    complaints.sort();
    complaints.dedup();
    complaints
}

/// Tasks and threads start in `runtime`, which names and counts them; `sys` lies below it and names its own.
fn spawn(file: &SourceFile) -> Vec<Complaint> {
    const SPAWNERS: &[&[&str]] = &[
        &["std", "thread", "spawn"],
        &["std", "thread", "scope"],
        &["tokio", "spawn"],
        &["tokio", "task", "spawn"],
        &["tokio", "task", "spawn_blocking"],
        &["tokio", "task", "spawn_local"],
        &["tokio", "task", "JoinSet"],
        &["tokio", "task", "LocalSet"],
        &["tokio", "runtime", "Handle"],
    ];
    if within(file, "runtime") {
        return Vec::new();
    }
    let builds_threads = within(file, "sys");
    paths(file, "use runtime::spawn or runtime::spawn_thread", |_, parts| {
        SPAWNERS.iter().any(|path| parts.starts_with(path))
            || (parts.starts_with(&["std", "thread", "Builder"]) && !builds_threads)
    })
}

fn unwrap(file: &SourceFile) -> Vec<Complaint> {
    let calls = walk::walk(file).methods.into_iter();
    let bare = calls.filter(|call| !call.in_test && ["unwrap", "unwrap_err"].contains(&call.name.as_str()));
    at(bare.map(|call| call.line).collect(), "unwrap says nothing: use expect(\"invariant: ...\") or handle it")
}

fn expect(file: &SourceFile) -> Vec<Complaint> {
    let calls = walk::walk(file).methods.into_iter();
    let vague = calls.filter(|call| {
        let says_why = call.literal.as_ref().is_none_or(|text| text.starts_with("invariant"));
        !call.in_test && ["expect", "expect_err"].contains(&call.name.as_str()) && !says_why
    });
    at(vague.map(|call| call.line).collect(), "expect states the invariant: expect(\"invariant: ...\")")
}

fn length(file: &SourceFile) -> Vec<Complaint> {
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        vec![(LINES_MAX + 1, format!("{lines} lines, at most {LINES_MAX}: split it by idea"))]
    } else {
        Vec::new()
    }
}

fn unsafe_code(file: &SourceFile) -> Vec<Complaint> {
    if within(file, "sys") {
        return Vec::new();
    }
    at(tokens::identifiers(&tokens_of(file), "unsafe"), "unsafe code belongs into src/sys/")
}

/// Every `unsafe` in `sys` has its reason in the comment right above it.
fn safety(file: &SourceFile) -> Vec<Complaint> {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let explained = |line: usize| {
        let above = lines[..line - 1].iter().rev();
        let mut comments = above.skip_while(|text| text.starts_with("#[")).take_while(|text| text.starts_with("//"));
        lines[line - 1].contains("// SAFETY:") || comments.any(|text| text.starts_with("// SAFETY:"))
    };
    let mut found = tokens::identifiers(&tokens_of(file), "unsafe");
    found.retain(|line| !explained(*line));
    at(found, "say why this is sound in a `// SAFETY:` comment right above")
}

fn clock(file: &SourceFile) -> Vec<Complaint> {
    const CLOCKS: &[&[&str]] = &[&["Instant", "now"], &["SystemTime", "now"], &["Timestamp", "now"], &["Zoned", "now"]];
    if within(file, "sys") || file.path.starts_with("benches/") {
        return Vec::new();
    }
    paths(file, "time is handed in; sys::clock reads it", |_, parts| {
        CLOCKS.iter().any(|clock| parts.ends_with(clock))
            || parts.iter().any(|part| ["clock_gettime", "gettimeofday"].contains(part))
    })
}

fn randomness(file: &SourceFile) -> Vec<Complaint> {
    const SOURCES: &[&str] = &["getrandom", "thread_rng", "RandomState"];
    if within(file, "sys") {
        return Vec::new();
    }
    paths(file, "randomness is handed in; sys::random makes it", |_, parts| {
        ["rand", "fastrand"].contains(&parts[0]) || parts.iter().any(|part| SOURCES.contains(part))
    })
}

/// `x/tests.rs` is for testing `x`; every other file says what it is for.
fn purpose(file: &SourceFile) -> Vec<Complaint> {
    if file.path.starts_with("src/") && file.path.ends_with("/tests.rs") {
        return Vec::new();
    }
    let said = file.text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 12);
    if said { Vec::new() } else { vec![(1, "a module opens with `//!`: what it is for".to_owned())] }
}

fn mod_rs(file: &SourceFile) -> Vec<Complaint> {
    let old = file.path.ends_with("/mod.rs");
    if old { vec![(1, "write area.rs beside area/, not area/mod.rs".to_owned())] } else { Vec::new() }
}

fn allow(file: &SourceFile) -> Vec<Complaint> {
    at(
        tokens::attributes(&tokens_of(file), "allow"),
        "use #[expect(lint, reason = \"...\")], which notices when it is no longer needed",
    )
}

fn ignore(file: &SourceFile) -> Vec<Complaint> {
    at(tokens::attributes(&tokens_of(file), "ignore"), "a test that does not run tests nothing")
}

fn unfinished(file: &SourceFile) -> Vec<Complaint> {
    let stream = tokens_of(file);
    let macros = ["todo", "unimplemented"].into_iter().flat_map(|name| tokens::macros(&stream, name));
    let mut complaints = at(macros.collect(), "unfinished code does not land");
    for (index, line) in file.text.lines().enumerate() {
        let marks = [concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X")];
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        if marks.iter().any(|mark| comment.contains(mark)) {
            complaints.push((index + 1, "an unfinished marker: finish it, or write an issue".to_owned()));
        }
    }
    complaints
}

/// What needs root says so by its name, by which it is left out or run, and does not pass where it cannot be run.
fn root(file: &SourceFile) -> Vec<Complaint> {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let mut complaints = Vec::new();
    let mut is_named = false;
    for (index, line) in lines.iter().enumerate() {
        if let Some(name) = line.trim_start_matches("async ").strip_prefix("fn ") {
            is_named = name.starts_with("as_root_");
            if is_named && lines.get(index + 1) != Some(&"testing::need_root();") {
                complaints.push((index + 1, "`as_root_`: it begins with `testing::need_root()`".to_owned()));
            }
        }
        if *line == "testing::need_root();" && !is_named {
            complaints.push((index + 1, "what needs root is named `as_root_...`".to_owned()));
        }
        if *line == "return;" && index > 0 && lines[index - 1].ends_with("is_root() {") {
            complaints.push((index + 1, "without root it would pass: see `testing::need_root`".to_owned()));
        }
    }
    complaints
}

/// Tests wait for the thing itself. The timer's own tests need its sleep.
fn sleep(file: &SourceFile) -> Vec<Complaint> {
    if within(file, "runtime") {
        return Vec::new();
    }
    let is_sleep = |name: &str| name == "sleep" || name.starts_with("sleep_") || name == "nanosleep";
    paths(file, "a test waits on the thing itself", |named, parts| {
        named.in_test && parts.last().is_some_and(|last| is_sleep(last)) && parts != ["sleep"]
    })
}

fn names(file: &SourceFile) -> Vec<Complaint> {
    let stem = file.path.trim_end_matches(".rs");
    let mut complaints = Vec::new();
    if let Some(name) = stem.split('/').find(|part| EMPTY_NAMES.contains(part)) {
        complaints.push((1, format!("`{name}` says nothing: name the idea")));
    }
    for item in &file.ast.items {
        if let syn::Item::Mod(module) = item
            && EMPTY_NAMES.contains(&module.ident.to_string().as_str())
        {
            let line = module.ident.span().start().line;
            complaints.push((line, format!("`{}` says nothing: name the idea", module.ident)));
        }
    }
    complaints
}

/// Folders that exist on one person's machine only.
pub fn machine_paths(text: &str) -> Vec<Complaint> {
    let homes = [concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/")];
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(home) = homes.iter().find(|home| {
            line.match_indices(*home).any(|(start, _)| {
                let before = line[..start].chars().next_back();
                !before.is_some_and(|before| before.is_alphanumeric() || before == '.' || before == '-')
            })
        }) {
            complaints.push((index + 1, format!("a path below {home} exists on one machine only")));
        }
    }
    complaints
}
