//! A profile: how often a processor was found in which calls, or what memory is held by which calls.
//!
//! Invariant: bounded in names, stacks and frames; a sample that finds no room is counted in `left_out`. No name holds
//! a control character or what the text forms of a profile separate names by.

use std::collections::BTreeMap;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::base::{bounded, limits};

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// Samples of processor time.
    #[default]
    Time,
    /// Memory that is held. One byte in `every` was noted, on average; what is told is what that stands for.
    Memory { every: u64 },
}

/// Of one process, or of several put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub kind: Kind,
    /// Samples asked for in each second of processor time.
    pub hz: u32,
    /// Time it was looked at.
    pub span_ms: u64,
    /// Stacks know them by their places.
    #[serde(
        deserialize_with = "bounded::texts::<_, { limits::PROFILE_NAMES_MAX }, { limits::PROFILE_NAME_BYTES_MAX }>"
    )]
    pub names: Vec<String>,
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::PROFILE_STACKS_MAX }>")]
    pub stacks: Vec<Stack>,
    /// Samples that found no room.
    pub left_out: u64,
    /// Of the time, what it was not looked at.
    pub gap_ms: u64,
    /// Where growth is told: bytes of those stacks that hold less than before, which are not among `stacks`.
    pub given_back: u64,
}

/// One way of calls, and how often it was found, or how many things are held by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stack {
    /// The outermost first, which is the name of the thread.
    #[serde(deserialize_with = "bounded::list::<_, _, { limits::PROFILE_DEPTH_MAX }>")]
    pub frames: Vec<u32>,
    pub count: u64,
    /// None where time is counted.
    pub bytes: u64,
}

/// Puts a profile together.
#[derive(Debug)]
pub struct Collector {
    profile: Profile,
    /// How often the room for one process is there.
    parts: usize,
    names: FxHashMap<String, u32>,
    stacks: FxHashMap<Vec<u32>, usize>,
    frames: usize,
}

// === impl Profile ===

impl Profile {
    /// How often anything was found.
    pub fn samples(&self) -> u64 {
        self.stacks.iter().fold(0, |sum, stack| sum.saturating_add(stack.count))
    }

    /// What a stack counts for: samples, or bytes.
    pub fn weight(&self, stack: &Stack) -> u64 {
        match self.kind {
            Kind::Time => stack.count,
            Kind::Memory { .. } => stack.bytes,
        }
    }

    /// All stacks together.
    pub fn total(&self) -> u64 {
        self.stacks.iter().fold(0, |sum, stack| sum.saturating_add(self.weight(stack)))
    }

    /// Whether every stack knows its names.
    pub fn is_sound(&self) -> bool {
        let known = |place: &u32| usize::try_from(*place).is_ok_and(|place| place < self.names.len());
        self.stacks.iter().all(|stack| !stack.frames.is_empty() && stack.frames.iter().all(known))
    }

    /// The calls of a stack, the outermost first; empty for a stack of another profile.
    pub fn calls<'a>(&'a self, stack: &'a Stack) -> impl DoubleEndedIterator<Item = &'a str> {
        let name = |place: &u32| self.names.get(usize::try_from(*place).ok()?).map(String::as_str);
        stack.frames.iter().filter_map(name)
    }

    /// A line for each stack as flame graphs are made of: calls separated by `;`, then what it counts
    /// for. In order.
    pub fn folded(&self) -> BTreeMap<String, u64> {
        let mut lines = BTreeMap::new();
        for stack in &self.stacks {
            let line = self.calls(stack).collect::<Vec<_>>().join(";");
            let count: &mut u64 = lines.entry(line).or_default();
            *count = count.saturating_add(self.weight(stack));
        }
        lines
    }

    /// What may be true of a process that was looked at so often and so long: no more samples than all processors of a
    /// machine could give, the rest is left out.
    pub fn believed(mut self, hz: u32, span: Duration) -> Profile {
        let seconds = span.as_secs().saturating_add(limits::CAPTURE_GRACE.as_secs());
        let mut room = u64::from(hz).saturating_mul(seconds).saturating_mul(limits::PROCESSORS_MAX);
        (self.hz, self.span_ms) = (hz, u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        (self.kind, self.given_back) = (Kind::Time, 0);
        self.gap_ms = self.gap_ms.min(self.span_ms);
        for stack in &mut self.stacks {
            let beyond = stack.count.saturating_sub(room);
            stack.count -= beyond;
            stack.bytes = 0;
            room -= stack.count;
            self.left_out = self.left_out.saturating_add(beyond);
        }
        self.stacks.retain(|stack| stack.count > 0);
        self
    }

    /// What may be true of the memory of a process: no more than one can have, the rest is left out.
    pub fn believed_of_memory(mut self, span: Duration) -> Profile {
        let every = match self.kind {
            Kind::Memory { every } => every.clamp(1, limits::HEAP_EVERY_MAX),
            Kind::Time => 1,
        };
        (self.kind, self.hz, self.gap_ms) = (Kind::Memory { every }, 0, 0);
        self.span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.given_back = self.given_back.min(limits::HEAP_BYTES_MAX);
        let mut room = limits::HEAP_BYTES_MAX;
        let mut left_out: u64 = 0;
        self.stacks.retain(|stack| {
            // Nothing that is held has no byte.
            let fits = stack.bytes > 0 && stack.bytes <= room && stack.count <= stack.bytes;
            match fits {
                true => room -= stack.bytes,
                false => left_out = left_out.saturating_add(stack.count.max(1)),
            }
            fits
        });
        self.left_out = self.left_out.saturating_add(left_out);
        self
    }

    /// Several as one, each under its own outermost frame. There is room for each as if it were alone.
    pub fn merged(parts: &[(String, Profile)]) -> Profile {
        let mut collector = Collector { parts: parts.len().max(1), ..Collector::default() };
        for (name, part) in parts {
            collector.profile.hz = collector.profile.hz.max(part.hz);
            collector.profile.span_ms = collector.profile.span_ms.max(part.span_ms);
            collector.profile.kind = part.kind;
            collector.profile.given_back = collector.profile.given_back.saturating_add(part.given_back);
            collector.leave_out(part.left_out);
            for stack in &part.stacks {
                collector.hold(std::iter::once(name.as_str()).chain(part.calls(stack)), stack.count, stack.bytes);
            }
        }
        collector.finish()
    }

    /// Only the stacks one of whose calls has `wanted` in its name.
    pub fn filtered(self, wanted: &str) -> Profile {
        let fits = |stack: &Stack| self.calls(stack).any(|name| name.contains(wanted));
        let stacks = self.stacks.iter().filter(|stack| fits(stack)).cloned().collect();
        Profile { stacks, ..self }
    }
}

// === impl Collector ===

impl Default for Collector {
    fn default() -> Collector {
        let (names, stacks) = (FxHashMap::default(), FxHashMap::default());
        Collector { profile: Profile::default(), parts: 1, names, stacks, frames: 0 }
    }
}

impl Collector {
    pub fn new(hz: u32, span_ms: u64) -> Collector {
        Collector { profile: Profile { hz, span_ms, ..Profile::default() }, ..Collector::default() }
    }

    /// For memory, of which one byte in so many was noted.
    pub fn of_memory(every: u64, span_ms: u64) -> Collector {
        let profile = Profile { kind: Kind::Memory { every }, span_ms, ..Profile::default() };
        Collector { profile, ..Collector::default() }
    }

    /// With room for so many processes.
    pub fn with_room(parts: usize, hz: u32, span_ms: u64) -> Collector {
        Collector { parts: parts.max(1), ..Collector::new(hz, span_ms) }
    }

    /// So many samples of these calls, the outermost first.
    pub fn add<'a>(&mut self, calls: impl Iterator<Item = &'a str>, count: u64) {
        self.hold(calls, count, 0);
    }

    /// So many things of so many bytes together that are held by these calls.
    pub fn hold<'a>(&mut self, calls: impl Iterator<Item = &'a str>, count: u64, bytes: u64) {
        let frames: Option<Vec<u32>> = calls.take(limits::PROFILE_DEPTH_MAX).map(|name| self.name(name)).collect();
        let Some(frames) = frames.filter(|frames| !frames.is_empty()) else {
            self.leave_out(count);
            return;
        };
        if let Some(place) = self.stacks.get(&frames) {
            let stack = &mut self.profile.stacks[*place];
            stack.count = stack.count.saturating_add(count);
            stack.bytes = stack.bytes.saturating_add(bytes);
            return;
        }
        let is_full = self.profile.stacks.len() >= limits::PROFILE_STACKS_MAX * self.parts
            || self.frames + frames.len() > limits::PROFILE_FRAMES_MAX * self.parts;
        if is_full {
            self.leave_out(count);
            return;
        }
        self.frames += frames.len();
        self.stacks.insert(frames.clone(), self.profile.stacks.len());
        self.profile.stacks.push(Stack { frames, count, bytes });
    }

    /// Where growth is told: so many bytes fewer are held elsewhere.
    pub fn give_back(&mut self, bytes: u64) {
        self.profile.given_back = self.profile.given_back.saturating_add(bytes);
    }

    /// So many samples found no room.
    pub fn leave_out(&mut self, count: u64) {
        self.profile.left_out = self.profile.left_out.saturating_add(count);
    }

    pub fn finish(self) -> Profile {
        self.profile
    }

    /// Its place; none where there is no room for another one.
    fn name(&mut self, name: &str) -> Option<u32> {
        if let Some(place) = self.names.get(name) {
            return Some(*place);
        }
        let clean = |char: char| if char.is_control() || char == ';' { '_' } else { char };
        let name: String = bounded::beginning(name, limits::PROFILE_NAME_BYTES_MAX).chars().map(clean).collect();
        // It may have become one that is known.
        if let Some(place) = self.names.get(&name) {
            return Some(*place);
        }
        let place = u32::try_from(self.profile.names.len()).ok();
        let place = place.filter(|_| self.profile.names.len() < limits::PROFILE_NAMES_MAX * self.parts)?;
        self.profile.names.push(name.clone());
        self.names.insert(name, place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stacks: &[(&str, u64)]) -> Profile {
        let mut collector = Collector::new(99, 1000);
        for (calls, count) in stacks {
            collector.add(calls.split(' '), *count);
        }
        collector.finish()
    }

    #[test]
    fn the_same_calls_are_one_stack() {
        let profile = of(&[("main draw", 2), ("main encode", 1), ("main draw", 3)]);
        assert_eq!((profile.samples(), profile.stacks.len(), profile.names.len()), (6, 2, 3));
        assert!(profile.is_sound());
        let folded: Vec<(String, u64)> = profile.folded().into_iter().collect();
        assert_eq!(folded, [("main;draw".to_owned(), 5), ("main;encode".to_owned(), 1)]);
    }

    #[test]
    fn several_processes_stand_under_their_names() {
        let parts = [("root".to_owned(), of(&[("main a", 1)])), ("worker ops".to_owned(), of(&[("drawing a", 2)]))];
        let merged = Profile::merged(&parts);
        let folded: Vec<String> = merged.folded().into_keys().collect();
        assert_eq!(folded, ["root;main;a", "worker ops;drawing;a"]);
        assert_eq!((merged.hz, merged.span_ms, merged.samples()), (99, 1000, 3));
    }

    #[test]
    fn one_process_takes_no_other_ones_room() {
        let mut greedy = Collector::new(99, 1000);
        for number in 0..limits::PROFILE_NAMES_MAX {
            greedy.add(std::iter::once(number.to_string().as_str()), 1);
        }
        let parts = [("worker ops".to_owned(), greedy.finish()), ("root".to_owned(), of(&[("main a", 3)]))];
        let merged = Profile::merged(&parts);
        assert_eq!(merged.folded().get("root;main;a"), Some(&3));
    }

    #[test]
    fn nobody_is_believed_more_than_there_can_be() {
        let mut profile = of(&[("main a", u64::MAX), ("main b", u64::MAX)]);
        (profile.hz, profile.span_ms, profile.gap_ms) = (u32::MAX, u64::MAX, u64::MAX);
        let believed = profile.believed(99, Duration::from_secs(2));
        assert_eq!((believed.hz, believed.span_ms, believed.stacks.len()), (99, 2_000, 1));
        assert_eq!(believed.gap_ms, 2_000);
        assert!(believed.samples() < 1 << 32, "{}", believed.samples());
        assert_eq!(believed.left_out, u64::MAX);
        let honest = of(&[("main a", 190), ("main b", 3)]);
        assert_eq!(honest.clone().believed(99, Duration::from_secs(1)), honest);
    }

    fn held(stacks: &[(&str, u64, u64)]) -> Profile {
        let mut collector = Collector::of_memory(1 << 17, 0);
        for (calls, count, bytes) in stacks {
            collector.hold(calls.split(' '), *count, *bytes);
        }
        collector.finish()
    }

    #[test]
    fn memory_is_told_in_bytes_and_put_together_as_time_is() {
        let mut growing = held(&[("main a", 2, 300), ("main a", 1, 50)]);
        assert_eq!((growing.samples(), growing.total(), growing.stacks.len()), (3, 350, 1));
        growing.given_back = 7;
        let merged = Profile::merged(&[("root".to_owned(), growing), ("worker ops".to_owned(), held(&[("b", 1, 9)]))]);
        assert_eq!((merged.kind, merged.given_back), (Kind::Memory { every: 1 << 17 }, 7));
        let folded: Vec<(String, u64)> = merged.folded().into_iter().collect();
        assert_eq!(folded, [("root;main;a".to_owned(), 350), ("worker ops;b".to_owned(), 9)]);
    }

    #[test]
    fn nobody_is_believed_more_memory_than_a_process_can_have() {
        let span = Duration::from_secs(2);
        let honest = held(&[("main a", 2, 300), ("main b", 1, 1)]);
        let believed = honest.clone().believed_of_memory(span);
        assert_eq!(believed, Profile { span_ms: 2_000, ..honest });
        let mut lying =
            held(&[("a", 1, u64::MAX), ("b", 9, 8), ("c", 0, 0), ("d", 1, limits::HEAP_BYTES_MAX), ("e", 1, 1)]);
        (lying.kind, lying.given_back, lying.hz, lying.gap_ms) = (Kind::Memory { every: 0 }, u64::MAX, 9, 9);
        let believed = lying.believed_of_memory(span);
        assert_eq!(believed.folded().into_iter().collect::<Vec<_>>(), [("d".to_owned(), limits::HEAP_BYTES_MAX)]);
        assert_eq!((believed.left_out, believed.given_back), (12, limits::HEAP_BYTES_MAX));
        assert_eq!((believed.kind, believed.hz, believed.gap_ms), (Kind::Memory { every: 1 }, 0, 0));
        // One that tells time where memory was asked for, or the other way round.
        assert_eq!(of(&[("main", 3)]).believed_of_memory(span).total(), 0);
        let believed = held(&[("main a", 2, 300)]).believed(99, span);
        assert_eq!((believed.kind, believed.total(), believed.stacks[0].bytes), (Kind::Time, 2, 0));
    }

    #[test]
    fn a_filter_keeps_whole_stacks() {
        let profile = of(&[("main scene::draw", 2), ("main encode", 1)]).filtered("scene");
        assert_eq!(profile.folded().into_iter().collect::<Vec<_>>(), [("main;scene::draw".to_owned(), 2)]);
    }

    #[test]
    fn names_hold_nothing_that_separates_them_and_no_more_than_their_room() {
        let long = "x".repeat(10 * limits::PROFILE_NAME_BYTES_MAX);
        let hostile = format!("a;b\u{1b}[2J\nc {long}");
        let mut collector = Collector::new(99, 1000);
        collector.add([hostile.as_str(), "a;b", "a_b"].into_iter(), 1);
        let profile = collector.finish();
        assert!(profile.names[0].starts_with("a_b_[2J_c xx"), "{}", profile.names[0]);
        assert!(profile.names[0].len() <= limits::PROFILE_NAME_BYTES_MAX);
        assert_eq!(profile.names.len(), 2);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let mut collector = Collector::new(99, 1000);
        for number in 0..limits::PROFILE_STACKS_MAX + 7 {
            let digits: Vec<String> = number.to_string().chars().map(String::from).collect();
            collector.add(digits.iter().map(String::as_str), 1);
        }
        collector.add(std::iter::empty(), 1);
        let profile = collector.finish();
        assert_eq!(profile.stacks.len(), limits::PROFILE_STACKS_MAX);
        assert_eq!(profile.left_out, 8);
        let mut collector = Collector::new(99, 1000);
        for number in 0..=limits::PROFILE_NAMES_MAX {
            collector.add(std::iter::once(number.to_string().as_str()), 1);
        }
        assert!(collector.finish().left_out > 0);
    }

    #[test]
    fn a_stack_of_names_that_are_not_there_is_not_sound() {
        let mut profile = of(&[("main draw", 1)]);
        profile.stacks.push(Stack { frames: vec![0, 9], count: 1, bytes: 0 });
        assert!(!profile.is_sound());
        assert_eq!(profile.calls(&profile.stacks[1]).collect::<Vec<_>>(), ["main"]);
        profile.stacks[1].frames.clear();
        assert!(!profile.is_sound());
    }
}
