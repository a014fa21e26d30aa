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
    let others = loaded.others.into_iter().map(|(tenant, loaded)| (format!("{tenant}/"), loaded.settings.sources));
    let mut findings = Vec::new();
    // Equal names of two tenants are two sources.
    for (tenant, origins) in std::iter::once((String::new(), loaded.settings.sources)).chain(others) {
        if !origins.is_empty() {
            findings.extend(runtime::block_on(ask(&tenant, origins)).map_err(Failure::runtime)?);
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok("sources", "none of your own"));
    }
    Ok(findings)
}

async fn ask(tenant: &str, origins: Vec<Origin>) -> Vec<Finding> {
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
                findings.push(judged(&called(tenant, &unheard.swap_remove(place)), &update));
            }
        }
    };
    let _ = timer::timeout(patience, hear).await;
    asking.abort();
    drop(wanted_in);
    findings.extend(unheard.iter().map(|name| {
        let found = format!("it said nothing within {} s", patience.as_secs());
        Finding::bad(&called(tenant, name), found, "run its command, or read its file, by hand as the daemon's user")
    }));
    findings.sort_by(|left, right| left.name.cmp(&right.name));
    findings
}

fn judged(called: &str, update: &Update) -> Finding {
    let brought = format!("{} values, {} log entries", update.samples.len(), update.entries.len());
    match &update.health.state {
        SourceState::Failed { why, .. } => Finding::bad(
            called,
            why.clone(),
            "see docs/sources.md for what it may do, and try it by hand as the daemon's user",
        ),
        SourceState::Partial(missing) => Finding::warn(
            called,
            format!("{brought}; {missing}"),
            "have it tell less, or see docs/sources.md for its caps",
        ),
        SourceState::Absent(why) => {
            Finding::warn(called, why.clone(), "put it there, or take the source out of the configuration")
        }
        SourceState::Good | SourceState::Waiting | SourceState::Standby { .. } => Finding::ok(called, brought),
    }
}

fn called(tenant: &str, name: &str) -> String {
    format!("source {tenant}{name}")
}

fn patience(origin: &Origin) -> Duration {
    match &origin.from {
        From::Command(command) => command.timeout,
        From::Prometheus(prometheus) => 2 * prometheus.timeout,
        From::Sql(sql) => sql.timeout,
        From::File(_) => Duration::ZERO,
    }
}
