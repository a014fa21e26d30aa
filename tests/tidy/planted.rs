//! Sources that break one rule each, and sources that come close and are allowed.

/// A source that lies nowhere on the disk.
pub struct Planted {
    pub rule: &'static str,
    pub path: &'static str,
    pub source: &'static str,
}

// === impl Planted ===

impl Planted {
    /// The whole file: opened as every module is, unless the opening is what is missing.
    pub fn text(&self) -> String {
        match self.rule {
            "purpose" => self.source.to_owned(),
            "length" => format!("//! Counts its own lines.\n{}", "const A: u8 = 0;\n".repeat(500)),
            _ => format!("//! A planted source.\n{}\n", self.source),
        }
    }
}

const fn planted(rule: &'static str, path: &'static str, source: &'static str) -> Planted {
    Planted { rule, path, source }
}

pub const VIOLATIONS: &[Planted] = &[
    planted("spawn", "src/worker.rs", "fn f() { tokio::spawn(async {}); }"),
    planted("spawn", "src/worker.rs", "use tokio::task; fn f() { task::spawn_blocking(|| ()); }"),
    planted("spawn", "src/worker.rs", "use tokio::task::{JoinSet as Set};"),
    planted("spawn", "src/root.rs", "use std::thread as t; fn f() { t::spawn(|| ()); }"),
    planted("spawn", "tests/e2e.rs", "fn f() { std::thread::Builder::new(); }"),
    planted("unwrap", "src/root.rs", "fn f(a: Option<u8>) -> u8 { a.unwrap() }"),
    planted("unwrap", "src/root.rs", "fn f(a: Option<u8>) { format!(\"{}\", a.unwrap()); }"),
    planted("unwrap", "src/root.rs", "fn f(a: Result<u8, u8>) -> u8 { a.unwrap_err() }"),
    planted("expect", "src/root.rs", "fn f(a: Option<u8>) -> u8 { a.expect(\"should work\") }"),
    planted("length", "src/root.rs", ""),
    planted("unsafe", "src/root.rs", "// SAFETY: none\nunsafe fn f() {}"),
    planted("unsafe", "tests/e2e.rs", "macro_rules! m { () => { unsafe { f() } } }"),
    planted("safety", "src/sys/fd.rs", "fn f() { unsafe { g() } }"),
    planted("safety", "src/sys/fd.rs", "// SAFETY: far away\nfn f() {\n    unsafe { g() }\n}"),
    planted("clock", "src/worker.rs", "use std::time::Instant; fn f() { Instant::now(); }"),
    planted("clock", "src/worker.rs", "fn f() { tokio::time::Instant::now(); }"),
    planted("clock", "src/worker.rs", "use std::time::SystemTime as Clock; fn f() { Clock::now(); }"),
    planted("clock", "tests/e2e.rs", "fn f() { assert!(jiff::Timestamp::now() > x); }"),
    planted("clock", "src/worker.rs", "use rustix::time::clock_gettime;"),
    planted("randomness", "src/worker.rs", "fn f() { rand::random(); }"),
    planted("randomness", "src/worker.rs", "use rustix::rand::getrandom;"),
    planted("randomness", "src/worker.rs", "use std::hash::RandomState;"),
    planted("purpose", "src/worker.rs", "fn f() {}\n"),
    planted("purpose", "src/worker/tests/laws.rs", "fn f() {}\n"),
    planted("purpose", "src/worker.rs", "//!\n//! Later.\nfn f() {}\n"),
    planted("mod-rs", "src/worker/mod.rs", "fn f() {}"),
    planted("allow", "src/worker.rs", "#[allow(dead_code)] fn f() {}"),
    planted("allow", "src/worker.rs", "#![allow(dead_code)]"),
    planted("allow", "src/worker.rs", "#[cfg_attr(test, allow(dead_code))] fn f() {}"),
    planted("ignore", "tests/e2e.rs", "#[test] #[ignore = \"slow\"] fn f() {}"),
    planted("ignore", "tests/e2e.rs", "proptest! { #[test] #[ignore] fn f(a in 0..9) {} }"),
    planted("root", "src/sys/fd.rs", "#[test]\nfn f() {\n    testing::need_root();\n}"),
    planted("root", "src/sys/fd.rs", "#[test]\nfn as_root_f() {\n    g();\n}"),
    planted("root", "src/sys/fd.rs", "#[test]\nfn f() {\n    if !geteuid().is_root() {\n        return;\n    }\n}"),
    planted("unfinished", "src/worker.rs", "fn f() { todo!() }"),
    planted("unfinished", "src/worker.rs", "fn f() { vec![unimplemented!()]; }"),
    planted("unfinished", "src/worker.rs", concat!("// FIX", "ME: later")),
    planted("sleep", "tests/e2e.rs", "fn f() { std::thread::sleep(D); }"),
    planted("sleep", "tests/e2e.rs", "use tokio::time; async fn f() { time::sleep_until(T).await }"),
    planted("sleep", "src/root.rs", "#[cfg(test)] mod tests { use crate::runtime::timer::sleep; }"),
    planted("names", "src/utils.rs", ""),
    planted("names", "src/root/helpers.rs", ""),
    planted("names", "src/root.rs", "mod manager { }"),
];

pub const ALLOWED: &[Planted] = &[
    planted("", "src/worker.rs", "use crate::runtime::spawn; fn f() { spawn(\"draws\", async {}); }"),
    planted("", "src/runtime/tasks.rs", "fn f() { tokio::spawn(async {}); }"),
    planted("", "src/sys/signal.rs", "fn f() { std::thread::Builder::new(); }"),
    planted("", "src/root.rs", "fn f(a: Option<u8>) -> u8 { a.unwrap_or(1) }"),
    planted("", "src/root.rs", "fn f(a: Option<u8>) -> u8 { a.expect(\"invariant: set above\") }"),
    planted("", "src/root.rs", "fn f(a: &mut P) { a.expect(b'x'); }"),
    planted("", "src/root.rs", "#[cfg(test)] mod tests { #[test] fn f() { g().unwrap() } }"),
    planted("", "src/root/tests.rs", "#[test] fn f() { g().expect(\"opens\").unwrap() }"),
    planted("", "src/sys/fd.rs", "fn f() {\n    // SAFETY: g has no contract.\n    unsafe { g() }\n}"),
    planted("", "src/sys/clock.rs", "fn f() { std::time::Instant::now(); }"),
    planted("", "src/worker.rs", "#[expect(dead_code, reason = \"shown\")] fn f() {}"),
    planted("", "src/worker.rs", "// unsafe words in a comment, \"todo!\" in words\nconst A: &str = \"todo!()\";"),
    planted("", "src/worker.rs", "async fn f() { crate::runtime::timer::sleep(D).await }"),
    planted("", "tests/e2e.rs", "fn f() { Command::new(\"sleep\"); }"),
];

/// In two parts, so that this file does not name them itself.
pub const MACHINE_PATHS: &[[&str; 2]] = &[["/ro", "ot/x"], ["`/Us", "ers/someone"], ["(/wo", "rk/tree"]];
