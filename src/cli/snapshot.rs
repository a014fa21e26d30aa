//! `unblink snapshot`: a board drawn in this process, without a daemon; once, or again and again.

mod follow;

use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::args::{Format, Snapshot};
use super::failure::Failure;
use super::{output, places};
use crate::base::{Size, Wall};
use crate::config::{self, Asked, HostSettings, Loaded, TENANT_DEFAULT};
use crate::encode::{Encoding, export};
use crate::frame::Grid;
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::origin::{From, Origin};
use crate::model::{Dataset, GlyphSet, Palette, ViewSpec};
use crate::runtime::supervisor::Fault;
use crate::runtime::{self, Task, timer};
use crate::scene::{self, Board, Boards};
use crate::sink::capability::{Capabilities, Dumb, Environment};
use crate::source::asking::Rhythm;
use crate::source::{Update, host, own, push, synthetic};
use crate::sys::tty::{Tty, is_terminal};
use crate::sys::{clock, command};
use crate::worker::origins;

/// Columns and rows of a picture for a file.
const SIZE_DEFAULT: (u16, u16) = (120, 40);
/// Readings drawn: the second gives the first processor shares, the third a line.
const READINGS: usize = 3;
/// Time between them: a moment for a person, many ticks of the kernel's counters.
const INTERVAL: Duration = Duration::from_millis(250);
/// Time for all of them; what has come by then is drawn.
const DEADLINE: Duration = Duration::from_secs(3);

/// What is drawn, and as what.
struct Picture {
    boards: Boards,
    spec: ViewSpec,
    format: Format,
    grid: Grid,
}

/// What there is to draw, and where more comes from.
struct Sampling {
    data: Dataset,
    settings: HostSettings,
    /// Until when the synthetic source has told.
    made_up_to: Option<Wall>,
    updates: mpsc::Receiver<Update>,
    rhythm: watch::Sender<Option<Rhythm>>,
    /// Sources of a person's own that the board shows, and those of them that have not told anything yet.
    origins: watch::Sender<Vec<Origin>>,
    unheard: Vec<String>,
    host: Task<()>,
    sources: Task<Result<(), Fault>>,
}

pub fn run(snapshot: &Snapshot) -> Result<(), Failure> {
    let asked = Asked { config: snapshot.config.clone(), flags: Vec::new() };
    let loaded = config::load(&asked, places::environment, &places::own())
        .map_err(|complaints| Failure::configuration(&complaints))?;
    let (tenant, name) = snapshot.board.split_once('/').unwrap_or((TENANT_DEFAULT, &snapshot.board));
    let loaded = of_tenant(loaded, tenant)?;
    let boards = loaded.boards;
    let Some(board) = boards.get(name) else { return Err(no_such_board(&boards, &snapshot.board)) };
    let tab = snapshot.tab.as_deref().map_or(Ok(0), |tab| number_of_tab(board, tab))?;
    let in_place = follow::check(snapshot)?;
    let (seen, format) = capabilities(snapshot);
    let mut spec = ViewSpec::new(tenant, name, snapshot.size.unwrap_or_else(|| size(snapshot)));
    spec.params = snapshot.params.iter().cloned().collect();
    spec.tab = tab;
    // Text has no colours to tell things apart.
    spec.palette = if snapshot.format == Format::Text { Palette::Mono } else { seen.palette };
    spec.glyphs = seen.glyphs;
    spec.theme = snapshot.look.theme();
    spec.timezone = seen.timezone;
    spec.validate().map_err(Failure::usage)?;
    if let Some(board) = boards.catalogue().board(name) {
        board.check_params(&spec.params).map_err(Failure::usage)?;
    }

    let is_chart = boards.get(name).is_some_and(|board| board.asks.is_some());
    if is_chart && boards.origin(name, &spec.params, &loaded.settings.sources).is_none() {
        let why = format!("the chart {name:?} has no database to ask: unblink.toml names none");
        return Err(Failure::runtime(why));
    }
    let shown = shown_origins(loaded.settings.sources, &boards, &spec);
    let grid = Grid::new(spec.size);
    let mut picture = Picture { boards, spec, format, grid };
    let drawing = async {
        let mut sampling = Sampling::start(loaded.settings.host, picture.shows_processes(), shown);
        sampling.gather(snapshot.watch).await;
        if snapshot.follow {
            return follow::run(sampling, picture, snapshot.every, in_place).await;
        }
        sampling.make_up(picture.spec.range_ms);
        let bytes = picture.draw(&sampling.data);
        match &snapshot.output {
            Some(path) => write_file(path, &bytes),
            None => output::write(&bytes),
        }
    };
    runtime::block_on(drawing).map_err(Failure::runtime)?
}

/// What is configured for one tenant.
fn of_tenant(mut loaded: Loaded, tenant: &str) -> Result<Loaded, Failure> {
    if tenant == TENANT_DEFAULT {
        return Ok(loaded);
    }
    loaded.others.remove(tenant).ok_or_else(|| {
        let known: Vec<&str> = [TENANT_DEFAULT].into_iter().chain(loaded.others.keys().map(String::as_str)).collect();
        Failure::runtime(format!("there is no tenant {tenant:?}; there is {}", known.join(", ")))
    })
}

fn number_of_tab(board: &Board, name: &str) -> Result<u16, Failure> {
    let found = board.tabs.iter().position(|tab| tab.title.as_str() == name);
    found.and_then(|index| u16::try_from(index).ok()).ok_or_else(|| {
        let names: Vec<&str> = board.tabs.iter().map(|tab| tab.title.as_str()).collect();
        let there = if names.len() > 1 { format!("there are: {}", names.join(", ")) } else { "it has none".to_owned() };
        Failure::usage(format!("the board {:?} has no tab {name:?}; {there}", board.name))
    })
}

fn no_such_board(boards: &Boards, name: &str) -> Failure {
    let known: Vec<String> = boards.catalogue().boards.into_iter().map(|board| board.name).collect();
    Failure::runtime(format!("there is no board {name:?}; there is {}", known.join(", ")))
}

/// The sources that panels of the board name, and what a chart asks. A file is shown with what stands in it, as nobody followed it so far.
fn shown_origins(mut origins: Vec<Origin>, boards: &Boards, spec: &ViewSpec) -> Vec<Origin> {
    let of_chart = boards.origin(&spec.board, &spec.params, &origins);
    let panels = boards.get(&spec.board).map(|board| &board.panels);
    origins.retain(|origin| panels.is_some_and(|panels| panels.iter().any(|panel| panel.source == origin.name)));
    origins.retain(Origin::asks);
    origins.extend(of_chart);
    for origin in &mut origins {
        if let From::File(file) = &mut origin.from {
            file.from_start = true;
        }
    }
    origins
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

// === impl Picture ===

impl Picture {
    /// Of the processes of this machine, which nobody looks at otherwise.
    fn shows_processes(&self) -> bool {
        let board = self.boards.get(&self.spec.board);
        board.is_some_and(|board| host::processes::SERIES.iter().any(|one| board.shows_series(self.spec.tab, one)))
    }

    /// As it looks now.
    fn draw(&mut self, data: &Dataset) -> Vec<u8> {
        let Picture { boards, spec, format, grid } = self;
        scene::draw(boards, spec, data, clock::wall(), grid);
        let ascii = spec.glyphs == GlyphSet::Ascii;
        match format {
            Format::Ansi => export::ansi(grid, Encoding { palette: spec.palette, ascii }),
            Format::Text => export::text(grid, ascii).into_bytes(),
            Format::Json => export::json(grid).into_bytes(),
            Format::Svg => export::svg(grid, &spec.board).into_bytes(),
        }
    }
}

// === impl Sampling ===

impl Sampling {
    fn start(settings: HostSettings, processes: bool, shown: Vec<Origin>) -> Sampling {
        let (updates_in, updates) = mpsc::channel::<Update>(1);
        let (rhythm, heard) = watch::channel(None);
        let (_, watched) = watch::channel(processes);
        let unheard = shown.iter().map(|origin| origin.name.clone()).collect();
        let (origins, wanted) = watch::channel(shown);
        let keeper = command::own_executable().to_owned();
        let machine = host::run(host::Roots::default(), heard, watched, updates_in.clone());
        let host = runtime::spawn("source-host", machine);
        let sources = runtime::spawn("sources", origins::run(wanted, keeper, updates_in));
        let mut data = Dataset::default();
        host::bound(&mut data);
        data.set_source(own::NAME, no_daemon("a snapshot has no daemon to tell of; attach to one instead"));
        data.set_source(
            push::NAME,
            no_daemon("programs push to a daemon, which a snapshot has not; attach to one instead"),
        );
        Sampling { data, settings, made_up_to: None, updates, rhythm, origins, unheard, host, sources }
    }

    /// Readings of this machine: a few in a hurry, or for as long as asked in the rhythm of a daemon.
    async fn gather(&mut self, watch_for: Option<Duration>) {
        let (interval, readings_max, deadline) = match watch_for {
            None => (INTERVAL, READINGS, DEADLINE + self.patience()),
            Some(span) => (self.settings.interval, usize::MAX, span),
        };
        self.look_every(interval);
        let gather = async {
            let mut readings = 0;
            while (readings < readings_max || !self.unheard.is_empty())
                && let Some(update) = self.updates.recv().await
            {
                readings += usize::from(update.source == host::NAME && !update.samples.is_empty());
                self.take(update);
            }
        };
        // Too slow a machine still gets a picture of what there is, and of what is missing.
        let _ = timer::timeout(deadline, gather).await;
    }

    /// What the slowest command may take: until then its panels would only say that they wait.
    fn patience(&self) -> Duration {
        let timeout = |origin: &Origin| match &origin.from {
            From::Command(command) => command.timeout,
            From::File(_) => Duration::ZERO,
            From::Prometheus(asked) => 2 * asked.timeout,
            From::Sql(asked) => asked.timeout,
        };
        self.origins.borrow().iter().map(timeout).max().unwrap_or_default()
    }

    fn look_every(&self, interval: Duration) {
        self.rhythm.send_replace(Some(host::rhythm(interval, self.settings.deadline.min(interval))));
    }

    fn take(&mut self, update: Update) {
        let mut health = update.health;
        if update.source == host::NAME {
            // The picture tells of the rhythm a daemon would have, not of this hurry.
            health.interval_ms = u64::try_from(self.settings.interval.as_millis()).unwrap_or(u64::MAX);
        }
        // What comes in parts is there once it says how it went.
        if health.state != SourceState::Waiting {
            self.unheard.retain(|name| *name != update.source);
        }
        self.data.set_source(&update.source, health);
        for (stream, entry) in update.entries {
            let _ = self.data.append(&stream, entry);
        }
        for sample in update.samples {
            // What is not taken is missing in the picture; a daemon counts it.
            let _ = self.data.insert(sample);
        }
    }

    /// What a daemon would have made up while the range shown went by.
    fn make_up(&mut self, range_ms: u64) {
        let now = clock::wall();
        let from = self.made_up_to.replace(now).unwrap_or(now - Duration::from_millis(range_ms));
        let synthetic::Moment { samples, entries } = synthetic::between(from, now);
        for sample in samples {
            // As above.
            let _ = self.data.insert(sample);
        }
        for (stream, entry) in entries {
            let _ = self.data.append(&stream, entry);
        }
        self.data.set_source(synthetic::NAME, synthetic::health(now));
    }
}

/// A picture has no daemon to tell of, whether or not one runs elsewhere.
fn no_daemon(why: &str) -> SourceHealth {
    SourceHealth { state: SourceState::Absent(why.to_owned()), last_good: None, interval_ms: 0 }
}

impl Drop for Sampling {
    fn drop(&mut self) {
        self.host.abort();
        self.sources.abort();
    }
}

pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::runtime(format!("cannot write {}: {error}", path.display())))
}
