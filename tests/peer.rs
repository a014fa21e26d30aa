//! The bytes of a board beside ratatui's for the same board and the same frames. Bytes are exact, so this is a test;
//! `benches/peer_ratatui.rs` has the time, `benches/instructions.rs` the instructions.

#[path = "../benches/board/board.rs"]
mod board;
#[expect(dead_code, reason = "the benches use the rest")]
#[path = "../benches/board/theirs.rs"]
mod theirs;

use board::data::Data;
use board::ours::Ours;
use theirs::Theirs;

/// Frames after the first, which paints everything.
const FRAMES: usize = 200;
/// Most of ratatui's bytes, in percent.
const SHARE_PERCENT_MAX: usize = 70;

#[test]
fn a_board_takes_far_fewer_bytes_than_ratatui_takes_for_it() {
    let (mut data, mut ours, mut theirs) = (Data::new(), Ours::new(), Theirs::new());
    let first = data.stepped();
    ours.frame(&first);
    theirs.frame(&first);
    let (mut our_bytes, mut their_bytes) = (0, 0);
    for _ in 0..FRAMES {
        let state = data.stepped();
        our_bytes += ours.frame(&state);
        their_bytes += theirs.frame(&state);
    }
    assert!(our_bytes > 100 * FRAMES, "{our_bytes} bytes: nothing was drawn");
    assert!(100 * our_bytes <= SHARE_PERCENT_MAX * their_bytes, "{our_bytes} bytes are too many beside {their_bytes}");
}
