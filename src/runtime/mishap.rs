//! Brings a fault about on purpose: for tests, and for workers that were started to obey faults.
//!
//! Invariant: nothing here happens unless it is called, and nothing calls it in a worker without `--faults`.

use std::alloc::{Layout, handle_alloc_error};
use std::cell::RefCell;
use std::future::Future;
use std::hint::black_box;
use std::panic::{panic_any, resume_unwind, set_hook};
use std::sync::Mutex;

use rustix::process::{Resource, Rlimit, Signal, getpid, getrlimit, kill_process, setrlimit};

use super::context::Context;
use super::fault::{Contained, contain};
use super::{spawn, spawn_thread};
use crate::model::fault::Mode;
use crate::sys::cgroup;

/// What every panic here says; it belongs to the log and to no screen.
pub const SAID: &str = "on purpose";
/// As the table of what runs has it.
const NAME: &str = "mishap";

/// Panics while it is dropped.
struct Bomb;

/// Panics while it is dropped, unless a panic is under way already.
struct Fuse;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{SAID}, in a drop");
    }
}

impl Drop for Fuse {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("{SAID}, in a drop");
        }
    }
}

thread_local! {
    static AT_THE_END: RefCell<Option<Bomb>> = const { RefCell::new(None) };
}

/// Does it. What happens in a task or thread of its own happens after this returns, or before, or both.
pub fn commit(mode: Mode) {
    match mode {
        Mode::Panic => panic!("{SAID}"),
        Mode::IndexOutOfBounds => drop(black_box([0_u8; 4].as_slice())[black_box(4)]),
        Mode::ResumeUnwind => resume_unwind(Box::new(SAID)),
        Mode::PanicInDrop => drop(Fuse),
        Mode::DoublePanic => double_panic(),
        Mode::TwoPanickingDrops => drop(vec![Bomb, Bomb]),
        Mode::PayloadPanicsInDrop => panic_any(Bomb),
        Mode::PanicOutOfC => out_of_c(),
        Mode::PanicOutOfCUnwind => out_of_c_unwind(),
        Mode::Abort => std::process::abort(),
        Mode::Exit => std::process::exit(3),
        Mode::StackOverflow => {
            black_box(deeper(0));
        }
        Mode::InvalidMemoryAccess => signalled(Signal::SEGV),
        Mode::AllocationError => handle_alloc_error(Layout::new::<u64>()),
        Mode::CapacityOverflow => drop(black_box(Vec::<u8>::with_capacity(black_box(usize::MAX)))),
        Mode::ImpossibleAllocation => drop(black_box(Vec::<u8>::with_capacity(black_box(isize::MAX as usize)))),
        Mode::MemoryLimit => all_memory(),
        Mode::PanicInHook => {
            set_hook(Box::new(|_| panic!("{SAID}, in the hook")));
            panic!("{SAID}");
        }
        Mode::EndlessLoop => endless(),
        Mode::SelfDeadlock => deadlock(),
        Mode::PanicInThreadLocal => {
            let run = || AT_THE_END.with(|bomb| *bomb.borrow_mut() = Some(Bomb));
            spawn_thread(NAME, run).into_iter().for_each(|thread| drop(thread.join()));
        }
        Mode::PanicInThread => {
            let run = || contain(Context::source(NAME), || panic!("{SAID}"));
            spawn_thread(NAME, run).into_iter().for_each(|thread| drop(thread.join()));
        }
        Mode::Terminate => signalled(Signal::TERM),
        Mode::PanicInTask => in_task(async { panic!("{SAID}") }),
        Mode::DoublePanicInTask => in_task(async { double_panic() }),
        Mode::PanicInFutureDrop => {
            let bomb = Fuse;
            let endless = async move {
                let _bomb = bomb;
                std::future::pending::<()>().await;
            };
            spawn(NAME, Contained::new(Context::source(NAME), endless)).abort();
        }
        Mode::BlockedTask => in_task(async { endless() }),
        Mode::StackOverflowInTask => in_task(async {
            black_box(deeper(0));
        }),
    }
}

fn in_task(future: impl Future<Output = ()> + Send + 'static) {
    drop(spawn(NAME, Contained::new(Context::source(NAME), future)));
}

fn double_panic() {
    let _bomb = Bomb;
    panic!("{SAID}, first");
}

extern "C" fn out_of_c() {
    panic!("{SAID}");
}

extern "C-unwind" fn out_of_c_unwind() {
    panic!("{SAID}");
}

/// Never comes to an end that anybody sees.
fn deeper(depth: u64) -> u64 {
    let mut room = [depth; 64];
    black_box(&mut room);
    if black_box(depth) == u64::MAX { depth } else { deeper(depth + 1) + room[63] }
}

/// Until it has worked: std looks at the first SIGSEGV itself, and then lets go.
fn signalled(signal: Signal) {
    loop {
        if kill_process(getpid(), signal).is_err() {
            return;
        }
        std::thread::yield_now();
    }
}

fn all_memory() {
    // Where its tenant has a limit that one is reached, and nobody else's.
    if getrlimit(Resource::Data).current.is_none() && !cgroup::limits_memory() {
        let limit = getrlimit(Resource::As);
        // A process that may lower no limit still runs into the machine's.
        let _ = setrlimit(Resource::As, Rlimit { current: Some(1 << 20), maximum: limit.maximum });
    }
    let mut taken: Vec<Box<[u8; 1 << 16]>> = Vec::new();
    loop {
        taken.push(Box::new([1; 1 << 16]));
        black_box(&mut taken);
    }
}

#[expect(clippy::empty_loop, reason = "whoever walks the stack while a call begins or ends misses who made it")]
fn endless() {
    loop {}
}

fn deadlock() {
    let lock = Mutex::new(());
    let first = lock.lock();
    let second = lock.lock();
    black_box((first.is_ok(), second.is_ok()));
}
