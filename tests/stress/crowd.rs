//! Hundreds of viewers of one daemon, in this one process: real clients on real terminals and sockets.
//!
//! Invariant: what is measured is what a person at the terminal sees: the first frame of the own board that comes out of
//! it. Reading the terminals costs this process time, which counts.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::Interest;
use unblink::base::Mono;
use unblink::client::{self, Daemon as Door, Options};
use unblink::model::{GlyphSet, Palette};
use unblink::runtime;
use unblink::sink::capability::Capabilities;
use unblink::sink::terminal::Terminal;
use unblink::sys::lookout::Lookout;
use unblink::sys::pty::Pty;
use unblink::sys::tty::Tty;
use unblink::sys::{clock, fd};

use crate::daemon::Daemon;
use crate::home::Home;

const BOARDS: usize = 8;
const SIZES: [(u16, u16); 4] = [(120, 40), (80, 24), (100, 30), (60, 16)];
/// How long the daemon is away.
const CUT: Duration = Duration::from_secs(5);
/// A bucket of arrivals.
const BUCKET_US: u64 = 10_000;

/// One terminal's output since it was last forgotten.
#[derive(Default)]
struct Tape {
    bytes: Vec<u8>,
    /// When its own board came.
    came: Option<Mono>,
}

struct Viewer {
    words: String,
    size: (u16, u16),
    tape: Recording,
}

type Recording = Arc<(Mutex<Tape>, Condvar)>;

/// What came of one cut.
pub struct Cut {
    /// From the socket's being there to each viewer's first frame.
    pub spans_us: Vec<u64>,
    /// Arrivals in the fullest hundredth of a second.
    pub arrivals_most: usize,
    /// Connections that the daemon took and no viewer came of.
    pub refused: usize,
    /// Processor time of the daemon and its worker from their start until the last viewer had its picture.
    pub cpu_ms: u64,
}

/// A home with boards that say which they are.
pub fn home() -> Home {
    let home = Home::new();
    fs::create_dir_all(home.path("config/boards.d")).unwrap();
    for board in 0..BOARDS {
        let text = format!("[panel.a]\nchart = 'text'\ntext = '{}'\n[layout]\ncolumn = ['a']\n", words(board));
        home.put(&format!("config/boards.d/board-{board}.toml"), &text);
    }
    home.configure("");
    home
}

/// Lets time pass, which is all that is waited for.
fn pass(span: Duration) {
    let (_never, told) = mpsc::channel::<()>();
    let _ = told.recv_timeout(span);
}

fn words(board: usize) -> String {
    format!("words-of-board-{board}")
}

/// Runs so many viewers through so many cuts.
pub fn run(home: &Home, viewers: usize, cuts: usize) -> Vec<Cut> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
    let mut daemon = Daemon::start(home);
    daemon.wait_for_drawing_workers(1);
    let crowd: Vec<Viewer> = (0..viewers)
        .map(|number| Viewer { words: words(number % BOARDS), size: SIZES[number % SIZES.len()], tape: Arc::default() })
        .collect();
    let threads = start(home, &crowd);
    crowd.iter().for_each(Viewer::wait);
    let mut results = Vec::new();
    for _ in 0..cuts {
        // Before the viewers do so: a user may have a hundred of these.
        let seen = look_out(home);
        daemon.kill();
        pass(CUT);
        crowd.iter().for_each(|viewer| *viewer.tape.0.lock().unwrap() = Tape::default());
        daemon = Daemon::start(home);
        let back = seen.join().unwrap();
        crowd.iter().for_each(Viewer::wait);
        let cpu_ms = cpu_ms(daemon.pid()) + cpu_ms(daemon.worker().pid);
        let spans_us = crowd.iter().map(|viewer| viewer.came().since(back).as_micros() as u64).collect();
        crowd.iter().for_each(Viewer::check);
        check_sizes(home, &crowd);
        assert_eq!(home.status().root.configuration.unwatched, None, "the viewers left it nothing to watch by");
        let log = daemon.log.so_far();
        assert_eq!(log.matches("viewer attached").count(), viewers, "each comes once");
        let refused = log.matches("viewer refused").count();
        results.push(Cut { spans_us, arrivals_most: fullest(&log), refused, cpu_ms });
        // A connection that held for long enough is tried again at once when it is lost.
        pass(2 * CUT);
    }
    drop(threads);
    results
}

/// Tells when there is another socket than now.
fn look_out(home: &Home) -> runtime::Thread<Mono> {
    let (path, (ready, is_ready)) = (home.socket(), mpsc::channel());
    let wait = async move {
        let mut lookout = Lookout::new(&path).unwrap();
        ready.send(()).unwrap();
        lookout.seen().await.unwrap();
        clock::mono()
    };
    let thread = runtime::spawn_thread("lookout", move || runtime::block_on(wait).unwrap()).unwrap();
    is_ready.recv().unwrap();
    thread
}

/// Two threads carry all of them.
fn start(home: &Home, crowd: &[Viewer]) -> Vec<runtime::Thread<()>> {
    let socket = home.socket();
    let mut threads = Vec::new();
    for half in crowd.chunks(crowd.len().div_ceil(2)) {
        let socket = socket.clone();
        let viewers: Vec<_> =
            half.iter().map(|viewer| (viewer.words.clone(), viewer.size, Arc::clone(&viewer.tape))).collect();
        let carry = move || {
            runtime::block_on(async move {
                for (words, (cols, rows), tape) in viewers {
                    let pty = Pty::open(cols, rows).unwrap();
                    fd::set_nonblocking(&pty).unwrap();
                    let terminal = Terminal::on(Tty::open(&pty.path().unwrap()).unwrap()).unwrap();
                    let board = format!("board-{}", words.rsplit('-').next().unwrap());
                    runtime::spawn("tape", record(pty, words, tape));
                    runtime::spawn(
                        "viewer",
                        client::run_on(terminal, options(board), Door::Sockets(vec![socket.clone()])),
                    );
                }
                std::future::pending::<()>().await;
            })
            .unwrap();
        };
        threads.push(runtime::spawn_thread("crowd", carry).unwrap());
    }
    threads
}

fn options(board: String) -> Options {
    Options {
        board: Some(board),
        params: BTreeMap::new(),
        theme: None,
        terminal: Capabilities { palette: Palette::Truecolor, glyphs: GlyphSet::Braille, timezone: "UTC".to_owned() },
        inline: None,
        mouse: false,
    }
}

async fn record(pty: Pty, words: String, tape: Recording) {
    let pty = fd::watch(pty, Interest::READABLE).unwrap();
    let mut piece = [0; 16 * 1024];
    loop {
        let mut guard = pty.readable().await.unwrap();
        match guard.try_io(|pty| {
            let mut pty = pty.get_ref();
            pty.read(&mut piece)
        }) {
            Ok(Ok(0)) => return,
            Ok(Ok(count)) => {
                let mut recorded = tape.0.lock().unwrap();
                recorded.bytes.extend_from_slice(&piece[..count]);
                if recorded.came.is_none()
                    && recorded.bytes.windows(words.len()).any(|window| window == words.as_bytes())
                {
                    recorded.came = Some(clock::mono());
                    tape.1.notify_all();
                }
            }
            Ok(Err(error)) => panic!("a terminal broke: {error}"),
            Err(_would_block) => {}
        }
    }
}

// === impl Viewer ===

impl Viewer {
    fn came(&self) -> Mono {
        self.tape.0.lock().unwrap().came.expect("it was waited for")
    }

    fn wait(&self) {
        let tape = self.tape.0.lock().unwrap();
        let (tape, _) = self.tape.1.wait_timeout_while(tape, crate::PATIENCE, |tape| tape.came.is_none()).unwrap();
        assert!(tape.came.is_some(), "{} did not come", self.words);
    }

    /// Its own board and no other, in its own size.
    fn check(&self) {
        let (cols, rows) = self.size;
        let mut parser = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
        parser.process(&self.tape.0.lock().unwrap().bytes);
        let text = parser.screen().contents();
        assert!(text.contains(&self.words), "{} is not on\n{text}", self.words);
        assert_eq!(text.matches("words-of-board").count(), 1, "{text}");
    }
}

fn check_sizes(home: &Home, crowd: &[Viewer]) {
    let (mut wanted, mut found) = (BTreeMap::<_, usize>::new(), BTreeMap::<_, usize>::new());
    for viewer in crowd {
        let board = viewer.words.replace("words-of-", "");
        *wanted.entry((board, format!("{}x{}", viewer.size.0, viewer.size.1))).or_default() += 1;
    }
    for view in home.status().views {
        *found.entry((view.board, view.size)).or_default() += view.viewers;
    }
    assert_eq!(found, wanted);
}

/// The most viewers that attached within a hundredth of a second, by the log's times.
fn fullest(log: &str) -> usize {
    let mut times: Vec<u64> = log.lines().filter(|line| line.contains("viewer attached")).filter_map(micros).collect();
    times.sort_unstable();
    (0..times.len())
        .map(|first| times[first..].iter().take_while(|at| **at < times[first] + BUCKET_US).count())
        .max()
        .unwrap_or(0)
}

/// The time of a line within its day.
fn micros(line: &str) -> Option<u64> {
    let time = line.split_once('T')?.1.split_once('Z')?.0;
    let mut parts = time.split([':', '.']).map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds, millis) = (parts.next()??, parts.next()??, parts.next()??, parts.next()??);
    Some((((hours * 60 + minutes) * 60 + seconds) * 1_000 + millis) * 1_000)
}

/// Processor time of a process so far.
fn cpu_ms(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    ticks * 1_000 / rustix::param::clock_ticks_per_second()
}
