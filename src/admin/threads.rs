//! The threads of all processes of the daemon, and the calls they are in, as text for people.
//!
//! Invariant: takes bounded time, whatever the threads do: each has a deadline, and so have all together. What a thread
//! or process calls itself is made harmless. Blocks: on a thread of its own.

use std::fmt::{Display, Write};
use std::time::Duration;

use crate::base::{Mono, limits};
use crate::notation;
use crate::sys::marker::MarkerFile;
use crate::sys::stacks::{self, Thread};
use crate::sys::symbols::Names;
use crate::sys::{clock, host};

/// A worker's process.
#[derive(Debug)]
pub struct Process {
    /// Such as `worker ops`.
    pub name: String,
    pub pid: u32,
    /// Where it notes its calls.
    pub page: Option<MarkerFile>,
}

/// Of this process and those.
pub fn text(processes: &[Process]) -> String {
    let deadline = clock::mono() + limits::STACKS_DEADLINE;
    let (mut text, names) = (String::new(), Names::open());
    tell(&mut text, &names, "root", host::pid(), deadline, stacks::of_own);
    for Process { name, pid, page } in processes {
        tell(&mut text, &names, name, *pid, deadline, |thread, patience| {
            stacks::of_worker(*pid, thread, page.as_ref()?, patience)
        });
    }
    text
}

fn tell(
    text: &mut String,
    names: &Names,
    name: &str,
    pid: u32,
    deadline: Mono,
    calls: impl Fn(u32, Duration) -> Option<Vec<i64>>,
) {
    let (threads, count) = stacks::threads(pid, limits::STACKS_THREADS_MAX);
    let beyond = count.saturating_sub(limits::STACKS_THREADS_MAX);
    let name = notation::harmless(name);
    say(text, 0, format_args!("{name}: process {pid}, {count} threads"));
    for Thread { id, name, state, waits_in } in threads {
        let place = waits_in.map(|place| format!(", in {}", notation::harmless(&place))).unwrap_or_default();
        say(text, 1, format_args!("{} ({id}): {state}{place}", notation::harmless(&name)));
        if id == stacks::current() {
            say(text, 2, "it asks");
            continue;
        }
        let patience = deadline.since(clock::mono()).min(limits::STACK_PATIENCE);
        if patience.is_zero() {
            say(text, 2, "it was not asked: too many others took their time");
            continue;
        }
        match calls(id, patience) {
            Some(calls) => names
                .lines(&calls, limits::STACK_NAMES_MAX)
                .into_iter()
                .for_each(|name| say(text, 2, notation::harmless(&name))),
            None => say(text, 2, format_args!("it did not answer within {} ms, or is gone", patience.as_millis())),
        }
    }
    if beyond > 0 {
        say(text, 1, format_args!("and {beyond} more that are not asked"));
    }
}

fn say(text: &mut String, depth: usize, what: impl Display) {
    writeln!(text, "{:indent$}{what}", "", indent = 2 * depth).expect("invariant: a text takes all");
}
