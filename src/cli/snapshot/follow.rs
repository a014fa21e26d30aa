//! `unblink snapshot --follow`: one picture after the other, until somebody ends it or nobody reads any more.
//!
//! Invariant: on a terminal each picture takes the place of the one before, with nothing but lines, the cursor up and
//! erasing to the end of a line; elsewhere pictures are appended. A reader that takes nothing holds up no signal.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Picture, Sampling};
use crate::base::Size;
use crate::cli::args::{Format, Snapshot};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::runtime::{self, timer};
use crate::sink::capability::Environment;
use crate::sys::clock;
use crate::sys::signal::{Signal, Signals};
use crate::sys::tty::{Tty, is_terminal};

/// How long a picture under way is waited for at the end.
const PATIENCE: Duration = Duration::from_millis(300);
/// More often is what `attach` is for.
const EVERY_MIN: Duration = Duration::from_millis(100);

/// Refuses what cannot be followed; says whether pictures take each other's place.
pub fn check(snapshot: &Snapshot) -> Result<bool, Failure> {
    if !snapshot.follow {
        return Ok(false);
    }
    if snapshot.every < EVERY_MIN {
        return Err(Failure::usage(format!("--every must be {} ms or more", EVERY_MIN.as_millis())));
    }
    match snapshot.format {
        Format::Svg => Err(Failure::usage("--follow writes one picture after the other, which no SVG file holds")),
        Format::Json => Ok(false),
        Format::Ansi | Format::Text => {
            let understands = Environment::read().capabilities(snapshot.look.wishes()).is_ok();
            Ok(understands && is_terminal(std::io::stdout()))
        }
    }
}

/// Writes a picture now and one at every interval after it.
pub async fn run(mut sampling: Sampling, mut picture: Picture, every: Duration, in_place: bool) -> Result<(), Failure> {
    let mut signals = Signals::listen(&[Signal::Interrupt, Signal::Terminate, Signal::Hangup])
        .map_err(|error| Failure::runtime(format!("cannot listen for signals: {error}")))?;
    let (pages, mut waiting) = mpsc::channel::<Vec<u8>>(1);
    let (tell, mut told) = oneshot::channel();
    let write = move || {
        let mut written = Ok(());
        while written.is_ok()
            && let Some(page) = waiting.blocking_recv()
        {
            written = output::write(&page);
        }
        // Nobody listens any more once a signal came.
        let _ = tell.send(written);
    };
    runtime::spawn_thread("pages", write).map_err(Failure::runtime)?;
    sampling.look_every(sampling.settings.interval);
    let (asked, mut shown) = (picture.spec.size, None);
    let mut next_at = clock::mono();
    loop {
        tokio::select! {
            biased;
            _ = signals.next() => break,
            written = &mut told => return written.unwrap_or(Ok(())),
            Some(update) = sampling.updates.recv() => sampling.take(update),
            // A page the reader has no room for yet is not drawn before there is.
            Ok(permit) = page_due(&pages, next_at) => {
                if in_place {
                    picture.spec.size = fitting(asked);
                }
                sampling.make_up(picture.spec.range_ms);
                let page = picture.draw(&sampling.data);
                permit.send(if in_place { over(&page, shown.replace(picture.spec.size), picture.spec.size) } else { page });
                // On the grid of intervals; those that were missed are left out.
                let now = clock::mono();
                next_at = next_at + every;
                if next_at < now {
                    next_at = now + every;
                }
            }
        }
    }
    // The rest of a picture under way, so that no sequence stays open.
    drop(pages);
    let _ = timer::timeout(PATIENCE, told).await;
    Ok(())
}

async fn page_due(
    pages: &mpsc::Sender<Vec<u8>>,
    at: crate::base::Mono,
) -> Result<mpsc::Permit<'_, Vec<u8>>, mpsc::error::SendError<()>> {
    timer::sleep_until(at).await;
    pages.reserve().await
}

/// What of a size the terminal has room for, with a row to spare for the cursor.
fn fitting(asked: Size) -> Size {
    let terminal = Tty::open_behind(std::io::stdout()).and_then(|tty| tty.size()).unwrap_or(Size::FALLBACK);
    Size::clamped(asked.cols().min(terminal.cols()), asked.rows().min(terminal.rows().saturating_sub(1)))
}

/// The page in the place of the one before, if that had the same size; where a terminal put the lines of another size
/// nobody knows, so they stay.
fn over(page: &[u8], before: Option<Size>, size: Size) -> Vec<u8> {
    let mut out = b"\x1b[?2026h".to_vec();
    if before == Some(size) {
        out.extend_from_slice(format!("\x1b[{}A\r", size.rows()).as_bytes());
    }
    for line in page.split_inclusive(|byte| *byte == b'\n') {
        // Before the line: after one as wide as the terminal, some would erase its last cell.
        out.extend_from_slice(b"\x1b[K");
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b"\x1b[?2026l");
    out
}
