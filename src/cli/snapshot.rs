//! `unblink snapshot`: a board drawn once, in this process, without a daemon.

use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::args::{Format, Snapshot};
use super::failure::Failure;
use super::{output, places};
use crate::base::Size;
use crate::config::{self, Asked, HostSettings, TENANT_DEFAULT};
use crate::encode::{Encoding, export};
use crate::frame::Grid;
use crate::model::dataset::SourceHealth;
use crate::model::{Dataset, GlyphSet, Palette, ViewSpec};
use crate::runtime::{self, timer};
use crate::scene::{self, Boards};
use crate::sink::capability::{Capabilities, Dumb, Environment};
use crate::source::{Update, host, synthetic};
use crate::sys::clock;
use crate::sys::tty::{Tty, is_terminal};

/// Columns and rows of a picture for a file.
const SIZE_DEFAULT: (u16, u16) = (120, 40);
/// Readings drawn: the second gives the first processor shares, the third a line.
const READINGS: usize = 3;
/// Time between them: a moment for a person, many ticks of the kernel's counters.
const INTERVAL: Duration = Duration::from_millis(250);
/// Time for all of them; what has come by then is drawn.
const DEADLINE: Duration = Duration::from_secs(3);

pub fn run(snapshot: &Snapshot) -> Result<(), Failure> {
    let asked = Asked { config: snapshot.config.clone(), flags: Vec::new() };
    let loaded = config::load(&asked, places::environment, &places::own())
        .map_err(|complaints| Failure::configuration(&complaints))?;
    let boards = loaded.boards;
    let name = snapshot.board.strip_prefix(TENANT_DEFAULT).and_then(|rest| rest.strip_prefix('/'));
    let name = name.unwrap_or(&snapshot.board);
    if boards.get(name).is_none() {
        return Err(no_such_board(&boards, &snapshot.board));
    }
    let (seen, format) = capabilities(snapshot);
    let mut spec = ViewSpec::new(TENANT_DEFAULT, name, snapshot.size.unwrap_or_else(|| size(snapshot)));
    spec.params = snapshot.params.iter().cloned().collect();
    // Text has no colours to tell things apart.
    spec.palette = if snapshot.format == Format::Text { Palette::Mono } else { seen.palette };
    spec.glyphs = seen.glyphs;
    spec.timezone = seen.timezone;
    spec.validate().map_err(Failure::usage)?;
    if let Some(board) = boards.catalogue().board(name) {
        board.check_params(&spec.params).map_err(Failure::usage)?;
    }

    let mut data = runtime::block_on(sample(&loaded.settings.host, snapshot.watch)).map_err(Failure::runtime)?;
    make_up(&mut data, spec.range_ms);
    let mut grid = Grid::new(spec.size);
    scene::draw(&boards, &spec, &data, clock::wall(), &mut grid);
    let bytes = match format {
        Format::Ansi => export::ansi(&grid, Encoding { palette: spec.palette, ascii: spec.glyphs == GlyphSet::Ascii }),
        Format::Text => export::text(&grid, spec.glyphs == GlyphSet::Ascii).into_bytes(),
        Format::Json => export::json(&grid).into_bytes(),
        Format::Svg => export::svg(&grid, name).into_bytes(),
    };
    match &snapshot.output {
        Some(path) => write_file(path, &bytes),
        None => output::write(&bytes),
    }
}

fn no_such_board(boards: &Boards, name: &str) -> Failure {
    let known: Vec<String> = boards.catalogue().boards.into_iter().map(|board| board.name).collect();
    Failure::runtime(format!("there is no board {name:?}; there is {}", known.join(", ")))
}

/// What a terminal can show where there is one, else what a file can hold; and the format that suits it.
fn capabilities(snapshot: &Snapshot) -> (Capabilities, Format) {
    let environment = Environment::read();
    let wishes = snapshot.look.wishes();
    let on_screen = snapshot.format == Format::Ansi && snapshot.output.is_none() && is_terminal(std::io::stdout());
    if !on_screen {
        return (environment.for_a_file(wishes), snapshot.format);
    }
    match environment.capabilities(wishes) {
        Ok(seen) => (seen, Format::Ansi),
        // It would print the escape sequences as they are.
        Err(Dumb) => (environment.for_a_file(wishes), Format::Text),
    }
}

fn size(snapshot: &Snapshot) -> Size {
    let terminal = match &snapshot.output {
        None => Tty::open_behind(std::io::stdout()).and_then(|tty| tty.size()).ok(),
        Some(_) => None,
    };
    // The prompt takes a row of its own.
    let fits = terminal.map(|size| Size::clamped(size.cols(), size.rows().saturating_sub(1)));
    fits.unwrap_or(Size::clamped(SIZE_DEFAULT.0, SIZE_DEFAULT.1))
}

/// Readings of this machine: a few in a hurry, or for as long as asked in the rhythm of a daemon.
async fn sample(settings: &HostSettings, watch_for: Option<Duration>) -> Dataset {
    let (updates_in, mut updates) = mpsc::channel::<Update>(1);
    let (interval, readings_max, deadline) = match watch_for {
        None => (INTERVAL, READINGS, DEADLINE),
        Some(span) => (settings.interval, usize::MAX, span),
    };
    let rhythm = host::rhythm(interval, settings.deadline.min(interval));
    let (_steady, rhythm) = watch::channel(Some(rhythm));
    let sampling = runtime::spawn("source-host", host::run("/proc".into(), rhythm, updates_in));
    let interval_ms = u64::try_from(settings.interval.as_millis()).unwrap_or(u64::MAX);
    let mut data = Dataset::default();
    let gather = async {
        let mut readings = 0;
        while readings < readings_max
            && let Some(update) = updates.recv().await
        {
            readings += usize::from(!update.samples.is_empty());
            // The picture tells of the rhythm a daemon would have, not of this hurry.
            let health = SourceHealth { interval_ms, ..update.health };
            data.set_source(update.source, health);
            for sample in update.samples {
                // What is not taken is missing in the picture; a daemon counts it.
                let _ = data.insert(sample);
            }
        }
    };
    // Too slow a machine still gets a picture of what there is, and of what is missing.
    let _ = timer::timeout(deadline, gather).await;
    sampling.abort();
    data
}

/// What a daemon would have made up while the range shown went by.
fn make_up(data: &mut Dataset, range_ms: u64) {
    let now = clock::wall();
    let synthetic::Moment { samples, entries } = synthetic::between(now - Duration::from_millis(range_ms), now);
    for sample in samples {
        // As above.
        let _ = data.insert(sample);
    }
    for (stream, entry) in entries {
        let _ = data.append(stream, entry);
    }
    data.set_source(synthetic::NAME, synthetic::health(now));
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))
}
