//! Caps of what looks inside the daemon.

use std::time::Duration;

use super::{FEED_CONTROL_BYTES_MAX, TENANTS_MAX};

/// Of a profile: functions and threads, different stacks, calls of one stack, and calls of all stacks together. What is
/// beyond is counted.
pub const PROFILE_NAMES_MAX: usize = 8 * 1024;
/// A generic function's name can be pages.
pub const PROFILE_NAME_BYTES_MAX: usize = 200;
pub const PROFILE_STACKS_MAX: usize = 8 * 1024;
/// A sample has 128 calls at most, each of which may stand for some that were put into it.
pub const PROFILE_DEPTH_MAX: usize = 512;
pub const PROFILE_FRAMES_MAX: usize = 400 * 1024;
/// A machine has no more: what a process tells of itself beyond is not believed.
pub const PROCESSORS_MAX: u64 = 8192;
/// A capture takes no longer than this, in seconds.
pub const CAPTURE_SECONDS_MAX: u32 = 120;
/// Samples a second: the kernel does not come round oftener (`CONFIG_HZ`), whatever is asked for.
pub const CAPTURE_HZ_MAX: u32 = 250;
/// After its time is up, for names to be found and everything to be told; they take a second or two.
pub const CAPTURE_GRACE: Duration = Duration::from_secs(20);

/// Captures that are kept in the state folder, for how long, and what they take: of each some tens of kilobytes are usual.
pub const CAPTURES_KEPT_MAX: usize = 50;
pub const CAPTURE_AGE_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
pub const CAPTURES_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Of one of them, and what it is once it is unpacked.
pub const CAPTURE_BYTES_MAX: u64 = 16 * 1024 * 1024;
pub const CAPTURE_UNPACKED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Left on a disk that is written to; with less it is told of before it is full.
pub const DISK_ROOM_WANTED: u64 = 16 * 1024 * 1024;
/// The same of files: generations, captures and the log's, which take one each while others make room for them.
pub const DISK_FILES_WANTED: u64 = 100;
/// Processes in it: root, and a worker for each tenant.
pub const CAPTURE_PARTS_MAX: usize = TENANTS_MAX + 1;
/// Reports that are made at one time, each on a thread with some megabytes of a profile.
pub const REPORTS_MAX: usize = 4;
/// Whoever captured waits no longer than this for the disk.
pub const CAPTURE_STORE_DEADLINE: Duration = Duration::from_secs(5);
/// What SIGUSR1 captures.
pub const SIGNAL_CAPTURE_SECONDS: u64 = 30;
pub const SIGNAL_CAPTURE_HZ: u32 = 99;

/// The flight recorder: samples a second of processor time. Nineteen, so that it falls in with nothing that beats.
pub const RECORDER_HZ: u32 = 19;
/// How far back can be asked.
pub const RECORDED_SECONDS_MAX: u32 = 600;
pub const RECORDER_MINUTE: Duration = Duration::from_secs(60);
/// Ten whole ones, and the one that has begun.
pub const RECORDER_MINUTES: usize = RECORDED_SECONDS_MAX as usize / 60 + 1;
/// Of one minute: calls under the calls that made them, as many as four in each sample of a processor that is busy throughout
/// may be new. Samples beyond are counted.
pub const RECORDER_CALLS_MAX: usize = 4 * 1024;
/// Of one minute: threads that were seen to work.
pub const RECORDER_THREADS_MAX: usize = 128;
/// Of one sample, the innermost.
pub const RECORDER_DEPTH_MAX: usize = 128;
/// Stretches without samples that are told apart.
pub const RECORDER_GAPS_MAX: usize = 64;
/// What all of it takes at most, of each process; what was never needed is never touched.
pub const RECORDER_BYTES_MAX: usize = 800 * 1024;

/// What the allocator tells of the memory it gave out, as it writes it: one way of calls takes some hundred bytes, and some
/// thousand ways are there at most. What is beyond is not read, and counted.
pub const HEAP_DUMP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Calls of one way; the allocator notes 128.
pub const HEAP_CALLS_MAX: usize = 128;
/// Memory a process can have: addresses have 47 bits.
pub const HEAP_BYTES_MAX: u64 = 1 << 47;
/// Bytes of which one is noted, as a process may say.
pub const HEAP_EVERY_MAX: u64 = 1 << 40;
/// The allocator is asked no oftener for what it holds, which takes it some tenths of a millisecond.
pub const ALLOCATOR_LOOK_EVERY: Duration = Duration::from_secs(10);

/// Threads of one process that are asked for their calls. A worker has one for each source, and a handful.
pub const STACKS_THREADS_MAX: usize = 200;
/// How long each of them is waited for: one that can run answers within microseconds once it does.
pub const STACK_PATIENCE: Duration = Duration::from_millis(500);
/// And all of them together.
pub const STACKS_DEADLINE: Duration = Duration::from_secs(10);
/// Functions told of one thread: each call may stand for some that were put into it.
pub const STACK_NAMES_MAX: usize = 256;
/// The same in the log, where the further ones are those of the runtime, alike in every stack.
pub const STACK_NAMES_LOGGED_MAX: usize = 32;

/// Processes above one that connected which are looked at to tell whether the daemon started it; people's shells lie a dozen
/// deep.
pub const ANCESTRY_STEPS_MAX: usize = 64;
/// Those that are read in all, while some of them end and it is begun anew: two whole lines. 11 µs each.
pub const ANCESTRY_READS_MAX: u32 = 128;
/// Of those that are refused at a socket, as many in each second cost nothing but their look: more than people's mistakes.
pub const REFUSALS_HZ_MAX: u32 = 8;
/// Beyond that the socket rests for so long for each process that was read for one: looks at whoever is refused take root a
/// fiftieth of its time at most, whatever somebody does, and a queue that is full of them is through in ten seconds.
pub const REFUSAL_REST: Duration = Duration::from_micros(500);

// A place takes two bytes on the wire, or three where names are very many.
const _: () = assert!(
    PROFILE_NAMES_MAX * (PROFILE_NAME_BYTES_MAX + 2) + PROFILE_STACKS_MAX * 24 + PROFILE_FRAMES_MAX * 3
        < FEED_CONTROL_BYTES_MAX
);
// What is kept can be read again: a name has an entry as a string, a function and a location, a sample its values.
const _: () = assert!(
    CAPTURE_PARTS_MAX
        * (PROFILE_NAMES_MAX * (PROFILE_NAME_BYTES_MAX + 40) + PROFILE_STACKS_MAX * 40 + PROFILE_FRAMES_MAX * 3)
        < CAPTURE_UNPACKED_BYTES_MAX as usize
);

/// Of each thing in a support bundle as much: a few days of a log's words, or all of anything else.
pub const BUNDLE_MEMBER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Files looked at of a folder where captures or generations are kept; ours are far fewer.
pub const KEPT_ENTRIES_MAX: usize = 4096;

/// Pictures of one panel that views share: sizes, themes and scrolls that differ at the same time are few.
pub const SHARED_LOOKS_MAX: usize = 4;
