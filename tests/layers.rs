//! Enforces the layers from the sources: imports go downward only, and the pure layers stay pure.
//!
//! Invariant: every path a file writes is checked, not only its `use` lines. The checker itself is
//! shown to fail on planted violations below.

#[expect(dead_code, reason = "tests/tidy.rs reads the text too, the layers only the syntax")]
#[path = "sources/files.rs"]
mod files;
#[path = "layers/table.rs"]
mod table;
#[expect(dead_code, reason = "tests/tidy.rs reads the method calls, the layers do not")]
#[path = "sources/walk.rs"]
mod walk;

use files::SourceFile;

/// Crates named anywhere in `Cargo.toml`, as they are written in sources.
fn dependencies() -> Vec<String> {
    fn collect(table: &toml::Table, names: &mut Vec<String>) {
        for (key, value) in table {
            let Some(inner) = value.as_table() else { continue };
            if key.ends_with("dependencies") {
                names.extend(inner.keys().map(|name| name.replace('-', "_")));
            } else {
                collect(inner, names);
            }
        }
    }
    let manifest: toml::Table = files::text("Cargo.toml").parse().expect("Cargo.toml is TOML");
    let mut names = ["std", "core", "alloc"].map(str::to_owned).to_vec();
    collect(&manifest, &mut names);
    names
}

fn layer(file: &SourceFile) -> String {
    match file.path.as_str() {
        "src/main.rs" => "main".to_owned(),
        _ => file.module().first().cloned().unwrap_or_default(),
    }
}

/// Every breach of the layers in one file, as `path:line: what`.
fn breaches(file: &SourceFile, dependencies: &[String]) -> Vec<String> {
    let own = layer(file);
    let is_root = own.is_empty();
    let own_rank = match table::rank(&own) {
        Some(rank) => rank,
        None if is_root => u8::MAX,
        None => {
            return vec![format!("{}: the module `{own}` is in no layer: add it to tests/layers/table.rs", file.path)];
        }
    };
    let mut breaches = Vec::new();
    for named in walk::walk(file).paths {
        let mut complain = |what: String| breaches.push(format!("{}:{}: {what}", file.path, named.line));
        let parts: Vec<&str> = named.segments.iter().map(String::as_str).collect();
        let [first, rest @ ..] = parts.as_slice() else { continue };
        if *first == "crate" {
            match rest.first() {
                None => {}
                Some(&"*") => complain("imports the whole crate, which hides what is used".to_owned()),
                Some(name) if *name == own || is_root => {}
                Some(name) => match table::rank(name) {
                    None => complain(format!("`crate::{name}` is in no layer: add it to tests/layers/table.rs")),
                    Some(rank) if rank >= own_rank => complain(format!(
                        "`{own}` (layer {own_rank}) uses `{name}` (layer {rank}): only lower layers may be used"
                    )),
                    Some(_) => {}
                },
            }
        } else if own_rank < table::IMPURE_RANK && !named.in_test {
            if dependencies.iter().any(|name| name == first) && !table::PURE_CRATES.contains(first) {
                complain(format!("`{own}` is a pure layer and may not use the crate `{first}`"));
            }
            if table::IMPURE_PATHS.iter().any(|path| parts.starts_with(path)) {
                complain(format!("`{own}` is a pure layer and may not use `{}`", parts.join("::")));
            }
            if parts.starts_with(&["std", "*"]) {
                complain("imports the whole of `std`, which hides what is used".to_owned());
            }
        }
    }
    breaches.sort();
    breaches.dedup();
    breaches
}

#[test]
fn every_module_imports_downward_only() {
    let dependencies = dependencies();
    let breaches: Vec<String> = files::rust(&["src"]).iter().flat_map(|file| breaches(file, &dependencies)).collect();
    assert!(breaches.is_empty(), "the layers are broken:\n{}", breaches.join("\n"));
}

#[test]
fn the_crate_root_declares_only_modules_of_the_table() {
    let root = SourceFile::parse("src/lib.rs", &files::text("src/lib.rs"));
    for item in &root.ast.items {
        if let syn::Item::Mod(module) = item {
            let name = module.ident.to_string();
            assert!(
                table::rank(&name).is_some(),
                "the module `{name}` is in no layer: add it to tests/layers/table.rs"
            );
        }
    }
}

/// Plants a source and compares the first complaint's words; an empty `expect` means it is allowed.
fn check(path: &str, source: &str, expect: &str) {
    let file = SourceFile::parse(path, source);
    let found = breaches(&file, &dependencies());
    match (expect, found.first()) {
        ("", None) => {}
        ("", Some(complaint)) => panic!("{source:?} in {path} should be allowed, but: {complaint}"),
        (_, None) => panic!("{source:?} in {path} was not noticed"),
        (_, Some(complaint)) => assert!(complaint.contains(expect), "{complaint:?} does not say {expect:?}"),
    }
}

#[test]
fn planted_upward_imports_are_found() {
    let upward = "only lower layers may be used";
    check("src/frame/grid.rs", "use crate::scene::Board;", upward);
    check("src/frame/grid.rs", "use crate::{base::Size, scene::Board};", upward);
    check("src/frame/grid.rs", "use crate::{base::{self, Size}, scene::{self as s}};", upward);
    check("src/frame/grid.rs", "use super::super::scene::Board;", upward);
    check("src/frame.rs", "use super::scene::Board;", upward);
    check("src/frame.rs", "mod inner { use super::super::scene; }", upward);
    check("src/frame/grid.rs", "use super::super as root; fn f() { root::scene::draw() }", upward);
    check("src/frame/grid.rs", "use crate as whole; fn f() { whole::scene::draw() }", upward);
    check("src/frame/grid.rs", "fn f() { crate::scene::draw() }", upward);
    check("src/frame/grid.rs", "fn f(_: &unblink::scene::Board) {}", upward);
    check("src/frame/grid.rs", "fn f(_: Vec<crate::scene::Board>) {}", upward);
    check("src/frame/grid.rs", "fn f() { println!(\"{}\", crate::scene::NAME) }", upward);
    check("src/frame/grid.rs", "macro_rules! m { () => { use $crate::{base, scene}; } }", upward);
    check(
        "src/frame/grid.rs",
        "#[derive(Serialize)] struct S { #[serde(with = \"crate::scene::form\")] a: u8 }",
        upward,
    );
    check("src/frame/grid.rs", "#[cfg(test)] mod tests { use crate::scene::Board; }", upward);
    check("src/widget/line.rs", "use crate::encode::Encoder;", upward);
    check("src/source/host.rs", "use crate::sink::tty;", upward);
    check("src/worker.rs", "use crate::root::Root;", upward);
    check("src/main.rs", "use unblink::cli; fn main() { cli::main() }", "");
}

#[test]
fn planted_impurity_below_the_system_layer_is_found() {
    let pure = "is a pure layer and may not use";
    check("src/machine/pace.rs", "use tokio::sync::mpsc;", pure);
    check("src/machine/pace.rs", "async fn f() { tokio::task::yield_now().await }", pure);
    check("src/machine/pace.rs", "use std::fs;", pure);
    check("src/machine/pace.rs", "use std::{fmt, net::TcpStream};", pure);
    check("src/machine/pace.rs", "use std::time::{Duration, Instant};", pure);
    check("src/machine/pace.rs", "use std::time; fn f() { time::Instant::now(); }", pure);
    check("src/machine/pace.rs", "use std as s; fn f() { s::process::abort() }", pure);
    check("src/machine/pace.rs", "fn f() { std::process::exit(1) }", pure);
    check("src/machine/pace.rs", "fn f() { ::std::thread::yield_now() }", pure);
    check("src/machine/pace.rs", "fn f() { dbg!(std::env::args()); }", pure);
    check("src/scene/board.rs", "use jiff::Timestamp; fn f() { Timestamp::now(); }", pure);
    check("src/label.rs", "use rustix::fs;", pure);
    check("src/label.rs", "use std::*;", "hides what is used");
    check("src/sys/clock.rs", "use std::time::Instant;", "");
}

#[test]
fn planted_ways_around_the_table_are_found() {
    check("src/chores.rs", "pub fn f() {}", "add it to tests/layers/table.rs");
    check("src/chores/deep.rs", "pub fn f() {}", "add it to tests/layers/table.rs");
    check("src/frame.rs", "use crate::chores::f;", "add it to tests/layers/table.rs");
    check("src/frame.rs", "use crate::Shortcut;", "add it to tests/layers/table.rs");
    check("src/frame.rs", "use crate::*;", "hides what is used");
    check("src/frame.rs", "use super::*;", "hides what is used");
    check("src/frame.rs", "extern crate self as whole;", "hides what is used");
}

#[test]
fn downward_imports_are_allowed() {
    check("src/frame/grid.rs", "use crate::base::Size; use super::cell::Cell; use self::deep::X;", "");
    check("src/frame/grid.rs", "#[cfg(test)] mod tests { use super::*; use std::fs; }", "");
    check("src/frame/tests.rs", "use std::fs; use super::*; use proptest::prelude::*;", "");
    check("src/frame.rs", "pub mod scene { pub fn f() {} } fn g() { scene::f() }", "");
    check("src/lib.rs", "pub mod base; pub use base::Size;", "");
    check("src/wire/feed.rs", "use tokio::io; use crate::model::Key;", "");
}

#[test]
fn the_architecture_page_shows_the_same_layers() {
    let page = files::text("ARCHITECTURE.md");
    let mut shown = Vec::new();
    for line in page.lines() {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let Some(Ok(rank)) = cells.next().map(str::parse::<u8>) else { continue };
        let modules = cells.next().unwrap_or_default().split_whitespace();
        shown.extend(modules.map(|name| (name.trim_matches('`').to_owned(), rank)));
    }
    let mut wanted: Vec<(String, u8)> = table::LAYERS.iter().map(|(name, rank)| ((*name).to_owned(), *rank)).collect();
    shown.sort();
    wanted.sort();
    assert_eq!(shown, wanted, "ARCHITECTURE.md and tests/layers/table.rs disagree");
}
