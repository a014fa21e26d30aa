//! A worker over a pipe in memory, on a clock that only tests move; the test plays root and the sources.

mod boards;
mod faults;
mod order;
mod pushes;
mod quotas;
mod resting;
mod set_back;
mod viewers;
mod views;

use std::cell::Cell;

use tokio::io::{AsyncWriteExt, DuplexStream};

use super::*;
use crate::base::{Epoch, SessionId, Size, Version, ViewId};
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::{Catalogue, Input, Key, Kind, Profile, Sample, SeriesKey, Unit, ViewSpec, Vitals};
use crate::runtime::Task;
use crate::source::asking::Rhythm;
use crate::source::own::{self, Report};
use crate::sys::memory_file::MemoryFile;
use crate::wire::feed::{ConfigFile, Outcome, Pushed, WorkerStatus};

const EPOCH: Epoch = Epoch(7);
const VIEW: ViewId = ViewId(1);
const SECOND: Duration = Duration::from_secs(1);
/// A Thursday in 2026; wall time goes with the tests' own clock from here.
const WALL_START: i64 = 1_789_000_000_000;
/// Longer than anything a worker does at once.
const A_MOMENT: Duration = Duration::from_millis(5);

/// Root's side of the feed and the sources' side of the updates.
struct Root {
    feed: DuplexStream,
    updates: mpsc::Sender<Update>,
    rhythm: watch::Receiver<Option<Rhythm>>,
    /// Whether processes are watched.
    processes: watch::Receiver<bool>,
    reports: watch::Receiver<Option<Report>>,
    worker: Task<Result<(), WorkerError>>,
    board: String,
    refresh: Duration,
    /// The last one heard; it comes when it likes, so `hear` keeps it aside.
    status: Option<WorkerStatus>,
    statuses: u32,
}

/// What the worker said, without the status.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    Hello(Hello),
    Prepared { generation: u64, outcome: Outcome },
    Spec { session: SessionId, spec: ViewSpec },
    Frame(Drawn),
    Pong(u64),
    Pushed(Pushed),
    Profile(u64, Result<Profile, feed::Why>),
}

#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    view: ViewId,
    version: Version,
    base: Version,
    bytes: Vec<u8>,
}

/// A terminal that shows what it is sent.
struct Screen(vt100::Parser);

thread_local! {
    /// How often somebody looked at the wall's clock: whoever draws does so for each picture.
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

fn wall() -> Wall {
    LOOKS.set(LOOKS.get() + 1);
    Wall(WALL_START + i64::try_from(clock::mono().0 / 1_000_000).expect("tests are short"))
}

/// Moves the tests' clock.
async fn pass(span: Duration) {
    let never = std::future::pending::<()>();
    timer::timeout(span, never).await.expect_err("never is later");
}

fn hello() -> Hello {
    Hello { version: feed::VERSION, build: BUILD_ID.to_owned(), epoch: EPOCH, tenant: "default".to_owned() }
}

// === impl Root ===

impl Root {
    /// A worker nobody has said hello to.
    fn silent() -> Root {
        Root::over(1024 * 1024)
    }

    /// The same over a pipe that takes this many bytes.
    fn over(pipe_bytes: usize) -> Root {
        Root::heir(pipe_bytes, None)
    }

    /// The same of one that may know what others left.
    fn heir(pipe_bytes: usize, history: Option<MemoryFile>) -> Root {
        let (feed, other) = tokio::io::duplex(pipe_bytes);
        let (updates, updates_out) = mpsc::channel(UPDATES_QUEUED_MAX);
        let (rhythm_in, rhythm) = watch::channel(None);
        let (processes_in, processes) = watch::channel(false);
        let (synthetic, _) = watch::channel(false);
        let (own, reports) = watch::channel(None);
        let controls = Controls {
            host: rhythm_in,
            processes: processes_in,
            sources: watch::Sender::default(),
            synthetic,
            own,
            lying: watch::Sender::default(),
            faults: None,
        };
        let sources = Sources { updates: updates_out, controls };
        let worker = runtime::spawn("worker", serve(other, sources, history, wall));
        let (board, refresh) = (String::new(), SECOND);
        Root { feed, updates, rhythm, processes, reports, worker, board, refresh, status: None, statuses: 0 }
    }

    /// A worker that draws its boards and has heard from its source once.
    async fn ready() -> Root {
        Root::silent().made_ready().await
    }

    async fn made_ready(mut self) -> Root {
        self.send(ToWorker::Hello(hello())).await;
        assert_eq!(self.hear().await, Heard::Hello(hello()));
        let catalogue = self.commit(1, &[]).await;
        let first = catalogue.boards.first().expect("there is a board");
        self.board.clone_from(&first.name);
        let boards = crate::scene::Boards::shipped();
        self.refresh = Duration::from_secs_f64(1.0 / boards.get(&self.board).expect("it is listed").refresh_hz);
        self.sample(1.0).await;
        self
    }

    async fn commit(&mut self, generation: u64, files: &[ConfigFile]) -> Catalogue {
        self.send(ToWorker::Prepare { generation, files: files.to_vec() }).await;
        let Heard::Prepared { generation: answered, outcome: Outcome::Accepted(catalogue) } = self.hear().await else {
            panic!("the files are fine")
        };
        assert_eq!(answered, generation);
        self.send(ToWorker::Commit { generation }).await;
        catalogue
    }

    async fn send(&mut self, message: ToWorker) {
        framing::write(&mut self.feed, &message.encode()).await.expect("the worker listens");
    }

    /// The next thing the worker says, however long it takes.
    async fn hear(&mut self) -> Heard {
        loop {
            let body = framing::read(&mut self.feed, limits::FEED_MESSAGE_BYTES_MAX).await.expect("the worker speaks");
            let message = ToRoot::decode(&body).expect("the worker keeps to the feed");
            return match message {
                ToRoot::Hello(hello) => Heard::Hello(hello),
                ToRoot::Prepared { generation, outcome } => Heard::Prepared { generation, outcome },
                ToRoot::Spec { session, spec } => Heard::Spec { session, spec },
                ToRoot::Pong { nonce } => Heard::Pong(nonce),
                ToRoot::Pushed(pushed) => Heard::Pushed(pushed),
                ToRoot::Profile { number, outcome } => Heard::Profile(number, outcome),
                ToRoot::Frame(frame) => {
                    assert_eq!(frame.epoch, EPOCH);
                    let feed::Frame { view, version, base, bytes, .. } = frame;
                    Heard::Frame(Drawn { view, version, base, bytes: bytes.to_vec() })
                }
                ToRoot::Status(status) => {
                    self.status = Some(status);
                    self.statuses += 1;
                    continue;
                }
            };
        }
    }

    /// What the worker says within that time; none when it says nothing.
    async fn hear_within(&mut self, span: Duration) -> Option<Heard> {
        timer::timeout(span, self.hear()).await.ok()
    }

    async fn frame(&mut self) -> Drawn {
        match self.hear().await {
            Heard::Frame(frame) => frame,
            other => panic!("a frame was due, not {other:?}"),
        }
    }

    /// The end of the worker.
    async fn end(self) -> Result<(), WorkerError> {
        let ended = timer::timeout(60 * SECOND, self.worker).await.expect("the worker ends by itself");
        let ended = ended.expect("a worker never panics");
        assert!(self.updates.is_closed(), "its sources are let go");
        ended
    }

    fn spec(&self) -> ViewSpec {
        ViewSpec::new("default", &self.board, Size::clamped(100, 30))
    }

    async fn subscribe(&mut self, view: ViewId) {
        let spec = self.spec();
        self.send(ToWorker::Subscribe { view, spec }).await;
    }

    /// A reading of the host, now.
    async fn sample(&mut self, value: f64) {
        let at = wall();
        let sample =
            |name: &str, unit, value| Sample { key: SeriesKey::plain(name), kind: Kind::Gauge, unit, at, value };
        let samples = vec![
            sample("host_cpu_percent", Unit::Percent, value % 100.0),
            sample("host_load1", Unit::None, value),
            sample("host_memory_used_bytes", Unit::Bytes, value * 1e6),
            sample("host_memory_total_bytes", Unit::Bytes, 1e9),
        ];
        let health = SourceHealth { state: SourceState::Good, last_good: Some(at), interval_ms: 1000 };
        self.updates
            .send(Update { source: "host".into(), samples, entries: Vec::new(), left_out: 0, health })
            .await
            .expect("the worker takes samples");
    }

    /// Lets that much time pass; what the worker says meanwhile waits in the pipe.
    async fn pass(&self, span: Duration) {
        pass(span).await;
    }
}

// === impl Screen ===

impl Screen {
    fn new(size: Size) -> Screen {
        let one_or_more = |count| std::num::NonZeroU16::new(count).expect("a size is never zero");
        Screen(vt100::Parser::new(one_or_more(size.rows()), one_or_more(size.cols()), 0))
    }

    fn take(&mut self, frame: &Drawn) {
        self.0.process(&frame.bytes);
    }

    /// Fails with the first cells that differ.
    fn assert_shows(&self, other: &Screen, why: &str) {
        let (mine, theirs) = (self.cells(), other.cells());
        let differing = mine.iter().zip(&theirs).filter(|(mine, theirs)| mine != theirs);
        let first: Vec<_> = differing.take(5).collect();
        assert!(first.is_empty() && mine.len() == theirs.len(), "{why}: {first:#?}");
    }

    /// What every cell shows, one line each.
    fn cells(&self) -> Vec<String> {
        let screen = self.0.screen();
        let (rows, cols) = screen.size();
        let cell = |row, col| {
            let cell = screen.cell(row, col).expect("within the screen");
            let text = if cell.has_contents() { cell.contents() } else { " " };
            // On a blank only these are seen.
            let ground = (cell.bgcolor(), cell.underline(), cell.inverse());
            if text == " " && !cell.underline() && !cell.inverse() {
                return format!("{row},{col}: blank on {ground:?}");
            }
            let marks = (cell.bold(), cell.dim(), cell.italic());
            format!("{row},{col}: {text:?} {:?} on {ground:?} {marks:?}", cell.fgcolor())
        };
        (0..rows.get()).flat_map(|row| (0..cols.get()).map(move |col| cell(row, col))).collect()
    }

    fn text(&self) -> String {
        self.0.screen().contents()
    }
}
