//! Asking a worker whether it is still there, and what follows from its answers and its silence.
//!
//! Invariant: what is to follow the machine decides; here it is only brought about.

use super::pulse::Answer;
use super::{News, Stage, Worker, remains};
use crate::base::Mono;
use crate::event::{Event as _, WorkerAnswers, WorkerHung, WorkerLate, WorkerSilent};
use crate::machine::heartbeat::Finding;
use crate::machine::incarnation;
use crate::model::Vitals;
use crate::wire::feed::ToWorker;

impl Worker {
    /// Asks whether it is still there, and tells it how root fares: with the next question where it owes an answer.
    pub fn ping(&mut self, vitals: Vitals, now: Mono) {
        self.vitals = Some(vitals);
        self.ask(now);
    }

    /// Whether somebody watches what it draws: then it is asked more often.
    pub fn watched(&mut self, is_watched: bool) {
        self.is_watched = is_watched;
    }

    /// It said anything.
    pub fn spoke(&mut self, now: Mono) {
        self.pulse.spoke(now);
    }

    pub fn said_pong(&mut self, nonce: u64, now: Mono) -> News {
        match self.pulse.answered(nonce, now) {
            Answer::Strange => self.fault(format!("answered ping {nonce}, which was not asked"), now),
            Answer::InTime => {}
            Answer::Late(after, viewers_were_told) => {
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                WorkerAnswers { tenant: &self.tenant, epoch: self.epoch, after_ms }.emit();
                if viewers_were_told {
                    return News::Answers;
                }
            }
        }
        News::Nothing
    }

    pub(super) fn ask(&mut self, now: Mono) {
        if self.link.is_none() || matches!(self.stage, Stage::Down | Stage::Greeting) || !self.listened_to() {
            return;
        }
        if let Some(nonce) = self.pulse.ask(now) {
            let vitals = self.vitals.take();
            self.send(&ToWorker::Ping { nonce, vitals }, now);
        }
    }

    /// Whether it is not ready in time for no fault of its own.
    pub(super) fn late_start_is_excused(&mut self) -> bool {
        let activity = remains::activity(self.pid(), &self.launcher);
        let before = std::mem::replace(&mut self.at_start, activity);
        let (Some(activity), Some(before)) = (activity, before) else { return false };
        let had_its_chance = activity.ran.saturating_sub(before.ran) >= incarnation::READY_DEADLINE / 2;
        let excuse = activity.excuse_since(&before, incarnation::READY_DEADLINE).filter(|_| !had_its_chance);
        if let Some(excuse) = excuse {
            let (pid, why) = (self.pid().unwrap_or(0), excuse.words());
            WorkerSilent { tenant: &self.tenant, epoch: self.epoch, pid, why }.emit();
        }
        excuse.is_some()
    }

    /// Draws conclusions from its silence.
    pub(super) fn look(&mut self, now: Mono) {
        if self.stage == Stage::Down || !self.listened_to() {
            return;
        }
        if self.link.as_ref().is_some_and(|link| link.may_have_answered(self.pulse.asked())) {
            // It did answer; what others said is dealt with before.
            return self.pulse.forgive(now);
        }
        let pid = self.pid();
        match self.pulse.look(|| remains::activity(pid, &self.launcher), now) {
            Some(Finding::Excused(excuse)) => {
                let why = excuse.words();
                WorkerSilent { tenant: &self.tenant, epoch: self.epoch, pid: pid.unwrap_or(0), why }.emit();
            }
            Some(Finding::Hung) => {
                let silence = self.pulse.silence();
                WorkerHung { tenant: &self.tenant, epoch: self.epoch, pid: pid.unwrap_or(0), silence }.emit();
                self.note_fault("does not answer, although it could".to_owned());
                self.go_down(now);
                self.step(now, incarnation::Event::Hung);
            }
            Some(Finding::Late) => {
                let is_told = self.pulse.note_late(now);
                let silent_ms = u64::try_from(self.pulse.silence().lasted.as_millis()).unwrap_or(u64::MAX);
                let (tenant, epoch, pid) = (&*self.tenant, self.epoch, pid.unwrap_or(0));
                WorkerLate { tenant, epoch, pid, silent_ms, is_told }.emit();
            }
            Some(Finding::Back(_)) | None => {}
        }
    }

    /// How often it owed an answer for so long that somebody may want to know.
    pub fn times_late(&self) -> u64 {
        self.pulse.times_late()
    }
}
