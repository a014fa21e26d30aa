//! The pages under `/debug/pprof/`, in the manners of Go's `net/http/pprof`: profiles of the running daemon, and all it
//! runs.
//!
//! Invariant: reads only; [`super::captured`] has the pages of profiles.

use std::fmt::Write;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};

use super::reporting::{on_thread, refusal};
use super::status::TreeNode;
use super::{Ask, Caller, ask, gone, respond, threads, words};
use crate::base::limits;

pub const INDEX: &str = "/debug/pprof/";
pub const PROFILE: &str = "/debug/pprof/profile";
pub const FLAMEGRAPH: &str = "/debug/pprof/flamegraph";
pub const TASKS: &str = "/debug/pprof/tasks";
pub const CAPTURES: &str = "/debug/pprof/captures";
/// Of one of them, whose name follows.
pub const CAPTURE: &str = "/debug/pprof/captures/";
pub const HEAP: &str = "/debug/pprof/heap";

const PAGE: &str = "<!DOCTYPE html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>unblink: inside</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}code{background:#eee;padding:0 .2em}
td{padding:.2rem 1rem .2rem 0;vertical-align:top}</style></head><body>
<h1>Inside this daemon</h1>
<table>
<tr><td><a href=\"flamegraph?seconds=10\">flamegraph</a></td><td>where the processor is spent, for ten seconds, to click through</td></tr>
<tr><td><a href=\"flamegraph?seconds=10&amp;reverse\">flamegraph, reversed</a></td><td>the same by the innermost call</td></tr>
<tr><td><a href=\"flamegraph?last=600\">flamegraph of the past</a></td><td>the same of the last ten minutes, as the flight recorder found it</td></tr>
<tr><td><a href=\"profile?seconds=30\">profile</a></td><td>thirty seconds of it for <code>go tool pprof</code></td></tr>
<tr><td><a href=\"profile?seconds=10&amp;format=folded\">folded stacks</a></td><td>a line for each stack, for <code>grep</code> and other tools</td></tr>
<tr><td><a href=\"profile?seconds=10&amp;format=callgrind\">callgrind</a></td><td>for KCachegrind</td></tr>
<tr><td><a href=\"heap?format=flamegraph\">heap</a></td><td>who holds memory, to click through</td></tr>
<tr><td><a href=\"heap?seconds=30&amp;format=flamegraph\">heap, growth</a></td><td>who holds more of it than half a minute before</td></tr>
<tr><td><a href=\"heap\">heap for Go</a></td><td>the first for <code>go tool pprof</code></td></tr>
<tr><td><a href=\"captures\">captures</a></td><td>those that are kept, to look at again and to hold others against</td></tr>
<tr><td><a href=\"tasks\">tasks</a></td><td>every task, thread and process, with its state and its restarts</td></tr>
<tr><td><a href=\"tasks?debug=2\">tasks, with stacks</a></td><td>the same, and the calls each thread is in</td></tr>
</table>
<p>Captures take <code>seconds</code> (1 to 120, else 30) or <code>last</code> (1 to 600, of the past), <code>hz</code> (1 to 250, else 99), <code>target</code> (<code>all</code>,
<code>root</code> or a tenant's name), <code>filter</code> (a part of a function's name), <code>format</code>, <code>reverse</code> and
<code>inverted</code>; a flamegraph also <code>base</code>, the name of a capture it is held against. <code>heap</code> takes <code>seconds</code> for what grows
in them, else what is held now, <code>target</code>, <code>filter</code>, <code>format</code>, <code>reverse</code> and <code>inverted</code>. One is
taken at a time.</p>
</body></html>
";

pub fn index() -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "text/html; charset=utf-8", Bytes::from_static(PAGE.as_bytes()))
}

/// All that runs, a line each; with `debug=2` also the calls that each thread is in.
pub async fn tasks(query: Option<&str>, caller: &Caller) -> Response<Full<Bytes>> {
    let with_stacks = match query {
        None | Some("" | "debug=1") => false,
        Some("debug=2") => true,
        Some(_) => return words(StatusCode::BAD_REQUEST, "write ?debug=1, or ?debug=2 for the calls of threads too\n"),
    };
    let Some(status) = ask(&caller.asks, Ask::Status).await else { return gone() };
    let mut text = String::new();
    grow(&mut text, &status.tree, 0);
    if with_stacks {
        let place = match caller.reports.asking() {
            Ok(place) => place,
            Err(refused) => return refusal(refused),
        };
        let Some(processes) = ask(&caller.asks, Ask::Processes).await else { return gone() };
        caller.wait_for(limits::STACKS_DEADLINE + limits::CAPTURE_GRACE);
        match on_thread(&place, move || threads::text(&processes)).await {
            Ok(stacks) => text.extend(["\n", &stacks]),
            Err(refused) => return refusal(refused),
        }
    }
    words(StatusCode::OK, &text)
}

fn grow(text: &mut String, node: &TreeNode, depth: usize) {
    let TreeNode { name, kind, state, uptime_s, restarts, last_fault, next_retry_s, children } = node;
    write!(text, "{:indent$}{name}: {kind}, {state}", "", indent = 2 * depth).expect("invariant: a text takes all");
    let mut say = |what: std::fmt::Arguments<'_>| text.write_fmt(what).expect("invariant: a text takes all");
    if let Some(seconds) = uptime_s {
        say(format_args!(", up {seconds} s"));
    }
    if *restarts > 0 {
        say(format_args!(", restarted {restarts} times"));
    }
    if let Some(seconds) = next_retry_s {
        say(format_args!(", next try in {seconds} s"));
    }
    if let Some(fault) = last_fault {
        say(format_args!(", last fault: {fault}"));
    }
    text.push('\n');
    if depth < 2 * limits::TREE_DEPTH_MAX {
        children.iter().for_each(|child| grow(text, child, depth + 1));
    }
}
