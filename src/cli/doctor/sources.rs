//! Every source that is configured, asked once.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::Finding;
use crate::cli::failure::Failure;
use crate::config::Loaded;
use crate::model::dataset::SourceState;
use crate::model::origin::{From, Origin};
use crate::runtime::{self, timer};
use crate::source::Update;
use crate::sys::command;
use crate::worker::origins;

/// What a source may take that names no time of its own.
const PATIENCE: Duration = Duration::from_secs(5);

pub fn all(loaded: Loaded) -> Result<Vec<Finding>, Failure> {
    let origins = loaded.settings.sources;
    if origins.is_empty() {
        return Ok(vec![Finding::ok("sources", "none of your own")]);
    }
    runtime::block_on(ask(origins)).map_err(Failure::runtime)
}

async fn ask(origins: Vec<Origin>) -> Vec<Finding> {
    let mut unheard: Vec<String> = origins.iter().map(|origin| origin.name.clone()).collect();
    let patience = PATIENCE + origins.iter().map(patience).max().unwrap_or_default();
    let (wanted_in, wanted) = watch::channel(origins);
    let (updates_in, mut updates) = mpsc::channel::<Update>(1);
    let keeper = command::own_executable().to_owned();
    let asking = runtime::spawn("sources", origins::run(wanted, keeper, updates_in));
    let mut findings = Vec::new();
    let hear = async {
        while !unheard.is_empty()
            && let Some(update) = updates.recv().await
        {
            // The first thing it says is what counts.
            if let Some(place) = unheard.iter().position(|name| *name == update.source) {
                findings.push(judged(&unheard.swap_remove(place), &update));
            }
        }
    };
    let _ = timer::timeout(patience, hear).await;
    asking.abort();
    drop(wanted_in);
    findings.extend(unheard.iter().map(|name| {
        let found = format!("it said nothing within {} s", patience.as_secs());
        Finding::bad(&called(name), found, "run its command, or read its file, by hand as the daemon's user")
    }));
    findings.sort_by(|left, right| left.name.cmp(&right.name));
    findings
}

fn judged(name: &str, update: &Update) -> Finding {
    let called = called(name);
    let brought = format!("{} values, {} log entries", update.samples.len(), update.entries.len());
    match &update.health.state {
        SourceState::Failed { why, .. } => Finding::bad(
            &called,
            why.clone(),
            "see docs/sources.md for what it may do, and try it by hand as the daemon's user",
        ),
        SourceState::Partial(missing) => Finding::warn(
            &called,
            format!("{brought}; {missing}"),
            "have it tell less, or see docs/sources.md for its caps",
        ),
        SourceState::Absent(why) => {
            Finding::warn(&called, why.clone(), "put it there, or take the source out of the configuration")
        }
        SourceState::Good | SourceState::Waiting => Finding::ok(&called, brought),
    }
}

fn called(name: &str) -> String {
    format!("source {name}")
}

fn patience(origin: &Origin) -> Duration {
    match &origin.from {
        From::Command(command) => command.timeout,
        From::Prometheus(prometheus) => 2 * prometheus.timeout,
        From::Sql(sql) => sql.timeout,
        From::File(_) => Duration::ZERO,
    }
}
