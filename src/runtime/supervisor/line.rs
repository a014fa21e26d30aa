//! What a life and its supervisor say to each other.
//!
//! Invariant: nobody waits for the other; what is said waits in a place of its own, three times for each life at most, so that
//! a task may tell of its end from wherever it is dropped.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use super::super::registry::{self, NodeId};
use super::super::task::Ended;
use super::Fault;
use crate::machine::supervise::{End, Life};

/// A life's ends of what it and its supervisor say to each other.
#[derive(Clone, Debug)]
pub struct Line {
    stop: watch::Receiver<bool>,
    force: watch::Receiver<bool>,
    told: Option<(Life, Arc<Post>)>,
    node: Option<NodeId>,
}

/// What lives say, until the supervisor takes it: that it is ready, that it was given up, and that it has ended.
#[derive(Default)]
pub(super) struct Post {
    said: Mutex<Vec<Said>>,
    /// Also when it is to look at the time again.
    pub(super) ring: Notify,
}

pub(super) enum Said {
    Ready(Life),
    Ended(Life, End),
}

// === impl Line ===

impl Line {
    pub(super) fn new(
        told: (Life, Arc<Post>),
        node: NodeId,
        stop: watch::Receiver<bool>,
        force: watch::Receiver<bool>,
    ) -> Line {
        Line { stop, force, told: Some(told), node: Some(node) }
    }

    /// The row of what this is the line of.
    pub(super) fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// Of something that nobody supervises: it is never told to end.
    pub fn unheard() -> Line {
        let ((_, stop), (_, force)) = (watch::channel(false), watch::channel(false));
        Line { stop, force, told: None, node: registry::current() }
    }

    /// It is ready, where that is waited for.
    pub fn ready(&self) {
        if let Some((life, post)) = &self.told {
            post.say(Said::Ready(*life));
        }
    }

    /// Waits until it is told to end.
    pub async fn stopped(&self) {
        Line::wait(self.stop.clone()).await;
    }

    pub(super) async fn forced(&self) {
        Line::wait(self.force.clone()).await;
    }

    /// For what waits on more than this.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    async fn wait(mut told: watch::Receiver<bool>) {
        if told.wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}

// === impl Post ===

impl Post {
    pub(super) fn take(&self) -> Vec<Said> {
        std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn say(&self, said: Said) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(said);
        self.ring.notify_one();
    }

    pub(super) fn ended(&self, life: Life, ended: Result<Result<(), Fault>, Ended>) {
        let end = match ended {
            Ok(Ok(())) => End::Normal,
            Ok(Err(Fault(fault))) => End::Fault(fault),
            Err(Ended::Panicked { message, .. }) => End::Fault(format!("panicked: {message}")),
            Err(Ended::Aborted { .. }) => End::Fault("was aborted".to_owned()),
        };
        self.say(Said::Ended(life, end));
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Post")
    }
}
