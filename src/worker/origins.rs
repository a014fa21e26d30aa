//! Runs the sources of a person's own: those that should run and no others.
//!
//! Invariant: a source that did not change runs on when others do; one that changed or is gone ends at once,
//! with everything it started. When this task is dropped, so are all of them.

use std::io::{self, PipeWriter};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::base::limits;
use crate::machine::breaker::{self, Breaker};
use crate::machine::supervise::{Plan, Spec, Strategy};
use crate::model::dataset::{SourceHealth, SourceState};
use crate::model::origin::{From, Origin};
use crate::runtime::supervisor::{self, Added, Fault, Supervisor};
use crate::source::asking::Rhythm;
#[cfg(feature = "sql")]
use crate::source::sql;
use crate::source::{self, Line, Update, command, file, prometheus};

/// Beyond a command's own timeout: what it started is killed meanwhile.
const KILLING: Duration = Duration::from_secs(2);
/// A look at a file takes some milliseconds; a file system that takes longer is away.
const FILE_DEADLINE: Duration = Duration::from_secs(5);
/// Beyond a server's own timeouts: a resolver that is slow, and an answer that is long to read.
const LOOKING_UP: Duration = Duration::from_secs(2);
/// Failures in a row after which a source is left alone for a while.
const FAILURES_MAX: u32 = 3;
/// A command that keeps failing is tried this often at least.
const COMMAND_PAUSE_MAX: Duration = Duration::from_secs(300);
/// A missing file costs next to nothing to look for, and is wanted as soon as it is there.
const FILE_PAUSE_MAX: Duration = Duration::from_secs(5);
/// One request is little, and a server that is back is wanted soon.
const SERVER_PAUSE_MAX: Duration = Duration::from_secs(30);

/// One source that runs; dropping it ends it.
#[derive(Debug)]
struct Running {
    origin: Origin,
    kept: Option<Added>,
}

/// Sources do not need each other, and one that cannot be asked at all is looked after again within half a minute. All of
/// them at once may fail twice in a second, for a reason that is none of theirs, and none does so oftener, by the pauses.
pub const PLAN: Plan = Plan {
    pause_first: Duration::from_secs(2),
    ..Plan::new(Strategy::OneForOne)
        .bearing(2 * (limits::SOURCES_MAX + limits::CHARTS_RUNNING_MAX) as u32, Duration::from_secs(1))
};

/// Runs what is wanted, until nobody wants or listens any more.
pub async fn run(
    mut wanted: watch::Receiver<Vec<Origin>>,
    keeper: PathBuf,
    updates: mpsc::Sender<Update>,
) -> Result<(), Fault> {
    let supervisor = Supervisor::new(PLAN);
    let mut keeping = pin!(supervisor.clone().run(supervisor::Line::unheard()));
    let mut running: Vec<Running> = Vec::new();
    loop {
        let origins = wanted.borrow_and_update().clone();
        let gone: Vec<String> = running.iter().map(|running| running.origin.name.clone()).collect();
        running.retain(|running| origins.contains(&running.origin));
        for origin in &origins {
            if running.iter().all(|running| running.origin != *origin) {
                running.push(start(&supervisor, origin.clone(), &keeper, &updates));
            }
        }
        for name in gone.into_iter().filter(|name| origins.iter().all(|origin| origin.name != *name)) {
            let state = SourceState::Absent("no longer configured".to_owned());
            let health = SourceHealth { state, last_good: None, interval_ms: 0 };
            let update = Update { source: name.into(), samples: Vec::new(), entries: Vec::new(), left_out: 0, health };
            if updates.send(update).await.is_err() {
                return Ok(());
            }
        }
        tokio::select! {
            changed = wanted.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            kept = &mut keeping => return kept,
        }
    }
}

fn start(supervisor: &Supervisor, origin: Origin, keeper: &Path, updates: &mpsc::Sender<Update>) -> Running {
    let (own, keeper, updates) = (origin.clone(), keeper.to_owned(), updates.clone());
    let kept = supervisor.child(Spec::permanent(format!("source-{}", origin.name)), move |_| {
        let (name, own, keeper, told) = (own.name.clone(), own.clone(), keeper.clone(), updates.clone());
        let run = move || once(own.clone(), keeper.clone(), told.clone());
        let kept = source::keep::keep(name.into(), updates.clone(), run);
        async move {
            kept.await;
            Ok(())
        }
    });
    Running { origin, kept }
}

/// One life of a source, which a panic of its task may end: everything that it keeps is its own.
async fn once(origin: Origin, keeper: PathBuf, updates: mpsc::Sender<Update>) {
    // Nothing is ever sent: the source keeps its rhythm for life.
    let (_rhythm, heard) = watch::channel(Some(rhythm(&origin)));
    // Closed with this, which ends a run under way.
    let (line, _stop) = match line(&origin, &keeper) {
        Ok((line, stop)) => (Ok(line), stop),
        Err(error) => (Err(error), None),
    };
    let breaker = Some(Breaker::new(patience(&origin)));
    source::ask(origin.name.into(), heard, breaker, line, updates).await;
}

fn line(origin: &Origin, keeper: &Path) -> io::Result<(Line, Option<PipeWriter>)> {
    match &origin.from {
        From::Command(command) => {
            let (stopped, stop) = io::pipe()?;
            Ok((command::reading_thread(origin, command, keeper, stopped.into())?, Some(stop)))
        }
        From::File(file) => Ok((file::reading_thread(origin, file)?, None)),
        From::Prometheus(asked) => Ok((prometheus::reading_thread(origin, asked)?, None)),
        #[cfg(feature = "sql")]
        From::Sql(asked) => Ok((sql::reading_thread(origin, asked)?, None)),
        // Refused where it is read.
        #[cfg(not(feature = "sql"))]
        From::Sql(_) => Err(io::Error::other("this program was built without the feature sql")),
    }
}

fn rhythm(origin: &Origin) -> Rhythm {
    let deadline = match &origin.from {
        From::Command(command) => command.timeout + KILLING,
        From::File(_) => FILE_DEADLINE,
        // Once for now and once for the past; it says by itself what took too long.
        From::Prometheus(asked) => 2 * asked.timeout + LOOKING_UP,
        From::Sql(asked) => asked.timeout + LOOKING_UP,
    };
    Rhythm { interval: origin.interval, warm_up: None, deadline }
}

fn patience(origin: &Origin) -> breaker::Config {
    let max = match &origin.from {
        From::Command(_) => COMMAND_PAUSE_MAX,
        From::File(_) => FILE_PAUSE_MAX,
        From::Prometheus(_) | From::Sql(_) => SERVER_PAUSE_MAX,
    };
    let pause_first = 2 * origin.interval;
    breaker::Config { failures_max: FAILURES_MAX, pause_first, pause_max: max.max(pause_first) }
}

// === impl Running ===

impl Drop for Running {
    fn drop(&mut self) {
        self.kept.iter().for_each(Added::remove);
    }
}
