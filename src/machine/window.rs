//! Chunks on their way to a daemon: which to send, which were answered, which to send again and when.
//!
//! Invariant: a chunk leaves only with its own answer, and the chunks go out in their order every time: when one is put
//! off, nothing goes out until all answers that are owed have come, and then all that is left goes out again from it on.
//! So no sample overtakes another, and none is lost that was not answered. It touches no socket.

use std::collections::VecDeque;
use std::time::Duration;

use super::backoff::Backoff;
use super::cutter::Chunk;
use crate::base::Mono;

/// First pause of a chunk that was put off; a worker that died is back sooner.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Put off so many times in a row, after about a second, somebody should be told.
const PUT_OFF_OFTEN: u32 = 5;

#[derive(Debug)]
pub struct Window {
    /// Not answered yet, in order; at most `credit`.
    waiting: VecDeque<Chunk>,
    /// Number of the first of them on the present connection.
    first: u64,
    /// So many of them are on their way.
    sent: usize,
    /// Answers that are owed.
    owed: usize,
    /// How many may be on their way, as the daemon said; one before it said anything.
    credit: usize,
    /// One was put off since all owed answers came: nothing is sent meanwhile.
    put_off: Option<PutOff>,
    resume_at: Option<Mono>,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug)]
struct PutOff {
    after: Duration,
}

/// An answer to no chunk that was sent: the daemon is none, or broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chunk {0} was answered, which was not its turn")]
pub struct Unasked(pub u64);

// === impl Window ===

impl Default for Window {
    fn default() -> Window {
        Window {
            waiting: VecDeque::new(),
            first: 1,
            sent: 0,
            owed: 0,
            credit: 1,
            put_off: None,
            resume_at: None,
            backoff: Backoff::new(PAUSE_FIRST, PAUSE_MAX),
        }
    }
}

impl Window {
    pub fn has_room(&self) -> bool {
        self.waiting.len() < self.credit
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Lines that nobody has answered for.
    pub fn lines(&self) -> u64 {
        self.waiting.iter().map(|chunk| u64::from(chunk.lines)).sum()
    }

    /// Lines of the chunk with that number; none of one that is not held.
    pub fn lines_of(&self, number: u64) -> u64 {
        let index = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.waiting.get(index)).map_or(0, |chunk| u64::from(chunk.lines))
    }

    /// Whether it was put off so often that it is worth a word.
    pub fn is_put_off_for_long(&self) -> bool {
        self.backoff.attempts() >= PUT_OFF_OFTEN
    }

    pub fn push(&mut self, chunk: Chunk) {
        self.waiting.push_back(chunk);
    }

    /// A daemon welcomed us on a new connection, and takes so many at a time.
    pub fn welcomed(&mut self, credit: usize) {
        self.lost();
        self.credit = credit.max(1);
    }

    /// The connection is gone, and with it all answers that were owed.
    pub fn lost(&mut self) {
        (self.first, self.sent, self.owed) = (1, 0, 0);
        (self.put_off, self.resume_at) = (None, None);
    }

    /// The chunk to send now, with its number; it counts as sent once `sent` is told.
    pub fn next(&self, now: Mono) -> Option<(u64, &Chunk)> {
        let waits = self.put_off.is_some() || self.resume_at.is_some_and(|at| now < at) || self.owed >= self.credit;
        let chunk = self.waiting.get(self.sent).filter(|_| !waits)?;
        Some((self.first + self.sent as u64, chunk))
    }

    pub fn sent(&mut self) {
        self.sent += 1;
        self.owed += 1;
        self.resume_at = None;
    }

    /// The first chunk was taken, and is handed back.
    pub fn taken(&mut self, number: u64, now: Mono, random: u64) -> Result<Chunk, Unasked> {
        if number != self.first || self.sent == 0 {
            return Err(Unasked(number));
        }
        let chunk = self.waiting.pop_front().ok_or(Unasked(number))?;
        self.first += 1;
        self.sent -= 1;
        self.owed -= 1;
        self.backoff.reset();
        self.go_back(now, random);
        Ok(chunk)
    }

    /// A chunk is to be sent again after that time.
    pub fn put_off(&mut self, number: u64, after: Duration, now: Mono, random: u64) -> Result<(), Unasked> {
        let sent = self.first..self.first + self.sent as u64;
        if !sent.contains(&number) || self.owed == 0 {
            return Err(Unasked(number));
        }
        self.owed -= 1;
        let longest = self.put_off.map_or(after, |put_off| put_off.after.max(after));
        self.put_off = Some(PutOff { after: longest });
        self.go_back(now, random);
        Ok(())
    }

    /// When `next` may have something although nothing else happened.
    pub fn wake_at(&self) -> Option<Mono> {
        self.resume_at
    }

    /// Everything goes out anew once no answer is owed any more.
    fn go_back(&mut self, now: Mono, random: u64) {
        if self.owed > 0 {
            return;
        }
        let Some(PutOff { after }) = self.put_off.take() else { return };
        self.sent = 0;
        self.resume_at = Some(now + after.min(PAUSE_MAX).max(self.backoff.next(random)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono(1_000_000_000);

    fn chunk(line: u64) -> Chunk {
        Chunk { bytes: b"x\n".to_vec(), lines: 1, first_line: line }
    }

    /// A window of four with four chunks, all on their way.
    fn under_way() -> Window {
        let mut window = Window::default();
        window.welcomed(4);
        for line in 1..=4 {
            assert!(window.has_room());
            window.push(chunk(line));
        }
        assert!(!window.has_room());
        assert_eq!(send_all(&mut window, NOW), [(1, 1), (2, 2), (3, 3), (4, 4)]);
        window
    }

    /// The number and the first line of everything that goes out.
    fn send_all(window: &mut Window, now: Mono) -> Vec<(u64, u64)> {
        let mut out = Vec::new();
        while let Some((number, chunk)) = window.next(now) {
            out.push((number, chunk.first_line));
            window.sent();
        }
        out
    }

    #[test]
    fn each_answer_makes_room_for_one_more() {
        let mut window = under_way();
        assert_eq!(window.taken(1, NOW, 0).map(|chunk| chunk.first_line), Ok(1));
        assert!(window.has_room());
        window.push(chunk(5));
        assert_eq!(send_all(&mut window, NOW), [(5, 5)]);
        for number in 2..=5 {
            window.taken(number, NOW, 0).unwrap();
        }
        assert!(window.is_empty());
    }

    #[test]
    fn what_was_put_off_goes_out_again_in_order_once_all_answers_came_and_the_time_is_up() {
        let mut window = under_way();
        window.taken(1, NOW, 0).unwrap();
        let after = Duration::from_millis(700);
        window.put_off(2, after, NOW, 0).unwrap();
        window.push(chunk(5));
        assert_eq!(send_all(&mut window, NOW), [], "an answer is owed");
        window.put_off(3, Duration::ZERO, NOW, 0).unwrap();
        window.put_off(4, Duration::ZERO, NOW, 0).unwrap();
        assert_eq!(send_all(&mut window, NOW), [], "too early");
        assert_eq!(window.wake_at(), Some(NOW + after));
        assert_eq!(send_all(&mut window, NOW + after), [(2, 2), (3, 3), (4, 4), (5, 5)]);
    }

    #[test]
    fn a_daemon_that_puts_off_again_and_again_is_asked_less_and_less_often() {
        let mut window = Window::default();
        window.welcomed(4);
        window.push(chunk(1));
        let (mut now, mut last) = (NOW, Duration::ZERO);
        for _ in 0..20 {
            assert_eq!(send_all(&mut window, now), [(1, 1)]);
            window.put_off(1, Duration::ZERO, now, 0).unwrap();
            let at = window.wake_at().unwrap();
            assert!(at.since(now) >= last);
            last = at.since(now);
            now = at;
        }
        assert_eq!(last, PAUSE_MAX);
    }

    #[test]
    fn a_new_connection_gets_all_that_was_not_answered_under_new_numbers() {
        let mut window = under_way();
        window.taken(1, NOW, 0).unwrap();
        window.lost();
        assert_eq!(window.lines(), 3);
        window.welcomed(2);
        assert_eq!(send_all(&mut window, NOW), [(1, 2), (2, 3)], "as many as this one takes");
        window.taken(1, NOW, 0).unwrap();
        assert_eq!(send_all(&mut window, NOW), [(3, 4)]);
    }

    #[test]
    fn answers_that_nobody_asked_for_are_told_from_those_that_are_owed() {
        let mut window = under_way();
        assert_eq!(window.taken(2, NOW, 0), Err(Unasked(2)), "out of its turn");
        assert_eq!(window.put_off(5, Duration::ZERO, NOW, 0), Err(Unasked(5)));
        let mut window = Window::default();
        window.push(chunk(1));
        assert_eq!(window.taken(1, NOW, 0), Err(Unasked(1)), "it was not sent");
    }
}
