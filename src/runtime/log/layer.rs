//! What tracing hands its events to: notes each of them once, with the spans around it and what its thread works on.
//!
//! Invariant: every event has the tenant, board, panel, epoch and trace that are known where it happens, each once,
//! however long it is; what the event says itself goes before what surrounds it.

use std::sync::Arc;

use tracing::span::{Attributes, Id, Record as Values};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context as Surroundings;
use tracing_subscriber::registry::LookupSpan;

use super::queue::Queue;
use super::record::Draft;
use crate::base::Wall;
use crate::sys::clock;

/// Hands each event to every queue.
#[derive(Debug)]
pub struct Fanout {
    queues: Vec<Arc<Queue>>,
}

/// Fields of a span.
struct Noted(Draft);

// === impl Fanout ===

impl Fanout {
    pub fn over(queues: Vec<Arc<Queue>>) -> Fanout {
        Fanout { queues }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Fanout {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, around: Surroundings<'_, S>) {
        let mut noted = Draft::new(Wall(0), Level::INFO, 0);
        attributes.record(&mut noted);
        if let Some(span) = around.span(id) {
            span.extensions_mut().insert(Noted(noted));
        }
    }

    fn on_record(&self, id: &Id, values: &Values<'_>, around: Surroundings<'_, S>) {
        if let Some(span) = around.span(id)
            && let Some(Noted(noted)) = span.extensions_mut().get_mut()
        {
            values.record(noted);
        }
    }

    fn on_event(&self, event: &Event<'_>, around: Surroundings<'_, S>) {
        let metadata = event.metadata();
        let mut draft = Draft::new(clock::wall(), *metadata.level(), metadata.line().unwrap_or(0));
        event.record(&mut draft);
        draft.add_around(metadata.target(), metadata.file(), metadata.module_path());
        // The innermost first.
        for span in around.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            let Some(Noted(noted)) = extensions.get() else { continue };
            for part in noted.record().iter().flat_map(|record| record.parts()) {
                // `task{name=x}` is the task x.
                let name = if part.name == "name" { span.name() } else { part.name };
                draft.add_new(part.kind, name, format_args!("{}", part.value));
            }
        }
        let bytes = draft.finish();
        self.queues.iter().for_each(|queue| queue.push(&bytes));
    }
}

#[cfg(test)]
mod tests;
