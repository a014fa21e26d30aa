//! Of jemalloc itself: the tests' own allocator is another one, so what is held here is asked for by name.

#![expect(unsafe_code, reason = "the allocator is asked for memory as nobody else here asks it")]

use super::*;

const THINGS: usize = 64;
/// Nobody writes to them, so they take no memory.
const BYTES: usize = 2 * 1024 * 1024;

#[inline(never)]
fn holds_much() -> Vec<*mut std::ffi::c_void> {
    // SAFETY: it is asked for memory, which is given back below.
    (0..THINGS).map(|_| unsafe { tikv_jemalloc_sys::malloc(BYTES) }).collect()
}

fn of(profile: &Profile, function: &str) -> (u64, u64) {
    let stacks = profile.stacks.iter().filter(|stack| profile.calls(stack).any(|call| call.contains(function)));
    stacks.fold((0, 0), |sum, stack| (sum.0 + stack.count, sum.1 + stack.bytes))
}

/// One test, since what is held is held by the whole process.
#[test]
fn who_holds_memory_is_told_by_name_and_what_is_given_back_is_not() {
    let (keep, called_off) = std::sync::mpsc::channel();
    let nothing = capture(Duration::ZERO, &called_off).unwrap().named();
    assert_eq!(of(&nothing, "holds_much"), (0, 0));
    let before = allocator().unwrap();
    let earlier = look().unwrap();
    let held = holds_much();
    let profile = capture(Duration::ZERO, &called_off).unwrap().named();
    assert!(profile.is_sound() && profile.kind == crate::model::profile::Kind::Memory { every: 1 << 19 });
    let (things, bytes) = of(&profile, "holds_much");
    // Of things four times as large as the stretch of which a byte is noted, one in fifty-five is not seen.
    let near = |number: u64, real: usize| (real as u64 / 2..=real as u64 * 2).contains(&number);
    assert!(near(things, THINGS) && near(bytes, THINGS * BYTES), "{things} things of {bytes} bytes");
    // The allocator's own calls, which lie upon all others, are none of them.
    let innermost: Vec<&str> = profile.stacks.iter().filter_map(|stack| profile.calls(stack).next_back()).collect();
    assert!(innermost.iter().all(|name| !name.contains("rjem") && !name.contains("prof_")), "{innermost:?}");
    let (grown, _) = look().unwrap().grown_since(earlier);
    let grown: u64 = grown.ways.iter().map(|way| way.bytes).sum();
    assert!(near(grown, THINGS * BYTES), "{grown} bytes more");
    assert!(before.resident > 0 && before.mapped >= before.active && before.active >= before.allocated, "{before:?}");

    // SAFETY: each of them came from there and is given back once.
    held.into_iter().for_each(|thing| unsafe { tikv_jemalloc_sys::free(thing) });
    let profile = capture(Duration::ZERO, &called_off).unwrap().named();
    assert_eq!(of(&profile, "holds_much"), (0, 0));
    drop(keep);
    assert_eq!(capture(Duration::from_secs(3600), &called_off).unwrap_err(), HeapError::CalledOff);
}
