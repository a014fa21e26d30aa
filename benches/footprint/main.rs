//! What the daemon costs while nothing happens, what a viewer adds, and how soon the demo shows something: the real
//! binary, real processes, a real terminal. Fails above the bounds, so that it can guard them.
//!
//! `make bench-footprint`, or with other lengths:
//! `cargo bench --profile quick --bench footprint -- --seconds 30 --runs 20 --json FILE`
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is for whoever runs this")]

mod daemon;
mod processes;
mod report;
mod sampling;
mod serving;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use daemon::Daemon;
use processes::Usage;
use report::{Figure, Report};
use terminal::Viewer;
use unblink::runtime::{self, timer};
use unblink::sys::clock;

/// Of one core, over root and worker, nobody watching.
const IDLE_CPU_PERCENT_MAX: f64 = 0.2;
/// Over root and worker, nobody watching; shared pages are split between those who map them.
const IDLE_PSS_MB_MAX: f64 = 30.0;
/// Of one core, over root and worker, one viewer of the board `host`.
const VIEWER_CPU_PERCENT_MAX: f64 = 0.5;
/// From starting `unblink demo` to the end of its first frame.
const FIRST_FRAME_MS_MAX: f64 = 150.0;
/// A viewer of a living board gets at least this many frames a second.
const FRAMES_PER_SECOND_MIN: f64 = 0.9;
/// Of one core, over root and worker, one viewer of the board `demo`, on which something moves sixty times a second.
const SIXTY_CPU_PERCENT_MAX: f64 = 3.0;
/// What such a viewer gets at least; on a busy machine a frame may come too late for its beat.
const SIXTY_FRAMES_PER_SECOND_MIN: f64 = 55.0;
/// Of a processor that is busy all the time, while the flight recorder runs; less of one that is not.
const RECORDER_PERCENT_MAX: f64 = 0.5;
/// The same while a capture at 99 Hz is taken.
const CAPTURE_PERCENT_MAX: f64 = 2.0;
/// Until start-up is over and what it needed is given back.
const SETTLE: Duration = Duration::from_secs(3);

struct Options {
    seconds: u64,
    runs: usize,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: footprint [--seconds N] [--runs N] [--json FILE]");
        return ExitCode::from(2);
    };
    let report = runtime::block_on(measure(&options)).expect("a runtime");
    print!("{}", report.table());
    serving::keep(&report.json(), options.json.as_ref());
    if report.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn measure(options: &Options) -> Report {
    let span = Duration::from_secs(options.seconds);
    let mut report = Report::new(options.seconds, options.runs);

    let daemon = Daemon::start();
    pass(SETTLE).await;
    let idle = cpu_percent(&daemon.pids(), span).await;
    report.add(Figure::at_most("idle: root + worker, CPU", idle, "% of a core", IDLE_CPU_PERCENT_MAX));
    let pss = Usage::pss_mb(&daemon.pids());
    report.add(Figure::at_most("idle: root + worker, PSS", pss, "MB", IDLE_PSS_MB_MAX));

    let viewer = Viewer::start(daemon.attach("host"), 120, 40);
    pass(SETTLE).await;
    let frames_before = viewer.frames();
    let client_before = Usage::of(&[viewer.pid()]);
    let busy = cpu_percent(&daemon.pids(), span).await;
    let client = client_before.cpu_percent_until(&Usage::of(&[viewer.pid()]));
    let frames = (viewer.frames() - frames_before) as f64 / span.as_secs_f64();
    report.add(Figure::at_most("one viewer: root + worker, CPU", busy, "% of a core", VIEWER_CPU_PERCENT_MAX));
    report.add(Figure::at_least("one viewer: frames", frames, "per s", FRAMES_PER_SECOND_MIN));
    report.add(Figure::told("one viewer: the client, CPU", client, "% of a core"));
    report.add(Figure::told("one viewer: root + worker, PSS", Usage::pss_mb(&daemon.pids()), "MB"));
    drop(viewer);

    let viewer = Viewer::start(daemon.attach("demo"), 120, 40);
    pass(SETTLE).await;
    let frames_before = viewer.frames();
    let busy = cpu_percent(&daemon.pids(), span).await;
    let frames = (viewer.frames() - frames_before) as f64 / span.as_secs_f64();
    report.add(Figure::at_most("demo at 60 fps: root + worker, CPU", busy, "% of a core", SIXTY_CPU_PERCENT_MAX));
    report.add(Figure::at_least("demo at 60 fps: frames", frames, "per s", SIXTY_FRAMES_PER_SECOND_MIN));
    drop(viewer);
    drop(daemon);

    let shares = sampling::measure();
    let what = "flight recorder, of a busy processor";
    report.add(Figure::at_most(what, shares.recorder, "%", RECORDER_PERCENT_MAX));
    report.add(Figure::at_most("capture, of a busy processor", shares.capture, "%", CAPTURE_PERCENT_MAX));

    let mut first_frames = Vec::with_capacity(options.runs);
    for _ in 0..options.runs {
        first_frames.push(first_frame_ms().await);
    }
    first_frames.sort_by(f64::total_cmp);
    let (median, worst) = (first_frames[first_frames.len() / 2], first_frames[first_frames.len() - 1]);
    report.add(Figure::at_most("demo: start to first frame, median", median, "ms", FIRST_FRAME_MS_MAX));
    report.add(Figure::told("demo: start to first frame, worst", worst, "ms"));
    report
}

async fn cpu_percent(pids: &[u32], span: Duration) -> f64 {
    let before = Usage::of(pids);
    pass(span).await;
    before.cpu_percent_until(&Usage::of(pids))
}

/// What is measured here is time itself.
async fn pass(span: Duration) {
    let never = std::future::pending::<()>();
    timer::timeout(span, never).await.expect_err("never is later");
}

async fn first_frame_ms() -> f64 {
    let start = clock::mono();
    let viewer = Viewer::start(daemon::demo(), 120, 40);
    let shown = viewer.first_frame().await;
    shown.since(start).as_secs_f64() * 1000.0
}

fn options() -> Option<Options> {
    let mut options = Options { seconds: 30, runs: 20, json: None };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo tells every bench that it is one.
            "--bench" => {}
            "--seconds" => options.seconds = arguments.next()?.parse().ok().filter(|seconds| *seconds > 0)?,
            "--runs" => options.runs = arguments.next()?.parse().ok().filter(|runs| *runs > 0)?,
            "--json" => options.json = Some(PathBuf::from(arguments.next()?)),
            _ => return None,
        }
    }
    Some(options)
}
