//! Servers that answer PromQL: asked by HTTP in a rhythm, what they answer becomes series.
//!
//! Each turn asks every query for now. With the first values, and with the first after an outage, the stretch in front
//! of them is fetched too and handed over before them, once for each gap: series take rising times only.
//!
//! Invariant: it all happens on the source's own thread, the looking up of names and the reading of answers included,
//! within a deadline and within caps; nobody else waits for it. What a server says reaches people as safe words without
//! our secrets in them. No proxy is used, whatever the environment says.

mod answer;
mod connection;
mod question;
mod series;
mod server;

use std::io;

use super::format::{Told, words};
use super::intake::{Intake, LeftOut};
use super::{Line, Name, Reading};
use crate::base::{Mono, Wall, limits};
use crate::event::{Event, PastFetched, ValuesLeftOut};
use crate::machine::backfill::{Backfill, Stretch};
use crate::model::Sample;
use crate::model::origin::{Origin, Prometheus, Query};
use crate::sys::clock;
use server::{Failure, Server};

/// The thread that asks whenever asked, until the line's `asks` is dropped.
pub fn reading_thread(origin: &Origin, prometheus: &Prometheus) -> io::Result<Line> {
    let (origin, prometheus) = (origin.clone(), prometheus.clone());
    let name = origin.name.clone();
    super::reading_on_runtime(&name, move || {
        let mut turns = Turns::new(&origin, &prometheus);
        move |runtime, now| runtime.block_on(turns.turn(now))
    })
}

/// What is kept from turn to turn.
#[derive(Debug)]
struct Turns {
    name: Name,
    timeout: std::time::Duration,
    server: Server,
    queries: Vec<(Query, Backfill)>,
    intake: Intake,
}

/// What went wrong with single queries.
#[derive(Debug, Default)]
struct Troubles(Vec<String>);

// === impl Turns ===

impl Turns {
    fn new(origin: &Origin, prometheus: &Prometheus) -> Turns {
        let backfill = Backfill::new(prometheus.range, origin.interval);
        Turns {
            name: origin.name.clone().into(),
            timeout: prometheus.timeout,
            server: Server::new(&origin.name, prometheus.clone()),
            queries: prometheus.queries.iter().map(|query| (query.clone(), backfill)).collect(),
            intake: Intake::new(origin.unit, origin.interval),
        }
    }

    async fn turn(&mut self, now: Wall) -> Result<Reading, String> {
        self.server.prepare()?;
        let mut troubles = Troubles::default();
        let (told, missing) = self.now(now, &mut troubles).await?;
        let mut left_out = LeftOut::default();
        let told_any = !told.values.is_empty() || told.strange > 0;
        self.intake.forget_absent(&told);
        let mut samples = self.intake.take(told, now, &mut left_out);
        let (past, past_left_out) = self.past(now, missing, &mut troubles).await;
        if !past.is_empty() {
            samples.splice(0..0, past);
        }
        let count = left_out.count() + past_left_out.count();
        if count > 0 {
            let why = left_out.words().or(past_left_out.words()).unwrap_or_default();
            ValuesLeftOut { source: &self.name, count, why: &why }.emit();
        }
        let nothing = (!told_any).then(|| "no query found a series".to_owned());
        Ok(Reading {
            samples,
            entries: Vec::new(),
            left_out: count,
            missing: troubles.words().or(left_out.words()).or(nothing),
        })
    }

    /// What there is now; and the stretches of the past that go in front of it.
    async fn now(&mut self, now: Wall, troubles: &mut Troubles) -> Result<(Told, Vec<(usize, Stretch)>), String> {
        let deadline = clock::mono() + self.timeout;
        let mut told = Told::default();
        let mut missing = Vec::new();
        let mut is_answered = false;
        for (index, (query, backfill)) in self.queries.iter_mut().enumerate() {
            let left = deadline.since(clock::mono());
            let form = question::now(&query.query, now, left);
            match self.server.ask(question::NOW_PATH, form, limits::SOURCE_SAMPLES_MAX, deadline).await {
                Ok(mut answer) => {
                    is_answered = true;
                    series::mask(&mut answer, |text| self.server.hide_credentials(text));
                    missing.extend(backfill.told(now, answer.series.len()).map(|stretch| (index, stretch)));
                    for warning in &answer.warnings {
                        troubles.add(query, &words(&self.server.hide(warning)));
                    }
                    series::tell(query, answer, &mut told);
                    let beyond = told.values.len().saturating_sub(limits::SOURCE_SAMPLES_MAX);
                    told.values.truncate(limits::SOURCE_SAMPLES_MAX);
                    told.beyond += beyond;
                }
                Err(Failure::Question(why)) => troubles.add(query, &why),
                Err(Failure::Server(why)) => {
                    if !is_answered {
                        return Err(why);
                    }
                    troubles.add(query, &why);
                    break;
                }
            }
        }
        match troubles.0.first() {
            Some(first) if !is_answered => Err(first.clone()),
            _ => Ok((told, missing)),
        }
    }

    /// What there was in the stretches that are missing, as far as the server tells it in time.
    async fn past(
        &mut self,
        now: Wall,
        missing: Vec<(usize, Stretch)>,
        troubles: &mut Troubles,
    ) -> (Vec<Sample>, LeftOut) {
        let deadline: Mono = clock::mono() + self.timeout;
        let mut told = Told::default();
        let mut left_out = LeftOut::default();
        for (index, stretch) in &missing {
            let Some((query, _)) = self.queries.get(*index) else { continue };
            let form = question::past(&query.query, stretch, deadline.since(clock::mono()));
            let room = limits::PAST_SAMPLES_MAX.saturating_sub(told.values.len());
            match self.server.ask(question::PAST_PATH, form, room, deadline).await {
                Ok(mut answer) => {
                    series::mask(&mut answer, |text| self.server.hide_credentials(text));
                    series::tell(query, answer, &mut told);
                }
                Err(Failure::Question(why)) => troubles.add(query, &format!("its past is missing: {why}")),
                Err(Failure::Server(why)) => {
                    troubles.add(query, &format!("its past is missing: {why}"));
                    break;
                }
            }
        }
        // Nothing of it may stand beside or behind what there is now.
        told.values.retain(|value| value.at.is_some_and(|at| at < now));
        told.values.truncate(limits::PAST_SAMPLES_MAX);
        let samples = self.intake.take(told, now, &mut left_out);
        if let (Some((_, stretch)), false) = (missing.first(), samples.is_empty()) {
            let span_s = now.since(stretch.from).as_secs();
            PastFetched { source: &self.name, samples: samples.len(), span_s }.emit();
        }
        (samples, left_out)
    }
}

// === impl Troubles ===

impl Troubles {
    fn add(&mut self, query: &Query, why: &str) {
        self.0.push(format!("{}: {why}", query.name));
    }

    /// The first of them, and how many there are besides.
    fn words(&self) -> Option<String> {
        let first = self.0.first()?;
        Some(match self.0.len() {
            1 => first.clone(),
            all => format!("{first} (and {} more)", all - 1),
        })
    }
}

#[cfg(test)]
mod tests;
