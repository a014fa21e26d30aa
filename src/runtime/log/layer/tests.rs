use std::io;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::base::{Epoch, Version};
use crate::model::param::Uuid;
use crate::runtime::context::{self, Context};
use crate::runtime::log::To;
use crate::runtime::log::queue::Destination;
use crate::runtime::log::record::Record;
use crate::runtime::log::text::{Form, line};

struct Told(mpsc::Sender<Value>);

impl Destination for Told {
    fn put(&mut self, record: &Record<'_>) -> io::Result<()> {
        let _ = self.0.send(serde_json::from_str(&line(record, Form::Json)).expect("JSON"));
        Ok(())
    }
}

/// What is logged meanwhile.
fn logged(act: impl FnOnce()) -> Vec<Value> {
    let (tell, told) = mpsc::channel();
    let make = move || -> Box<dyn Destination> { Box::new(Told(tell.clone())) };
    let queue = Queue::start(To::Stderr, make).unwrap();
    let subscriber = tracing_subscriber::registry().with(Fanout::over(vec![Arc::clone(&queue)]));
    tracing::subscriber::with_default(subscriber, act);
    assert!(queue.flush(Duration::from_secs(30)));
    told.try_iter().collect()
}

#[test]
fn an_event_has_what_its_thread_works_on_and_the_spans_around_it() {
    // With a single subscriber, tracing remembers what the first thread that comes by says of an event, for all.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    context::belong_to("shop", Epoch(4));
    let work = Context::panel("sales", 3, Version(9)).of_chart(Some(Uuid([0xab; 16])));
    let told = logged(|| {
        let outer = tracing::info_span!("task", name = "viewer-7", session = 1);
        let _outer = outer.enter();
        let _inner = tracing::info_span!("thread", name = "drawing", session = 7).entered();
        let _work = context::enter(work);
        tracing::warn!(panel = 5, why = "no reason", ratio = 0.5, fine = false, "it broke");
    });
    assert_eq!(told.len(), 1);
    let told = &told[0];
    for (key, expected) in [
        ("message", "it broke"),
        ("level", "WARN"),
        ("why", "no reason"),
        ("board", "sales"),
        ("chart", "abababab-abab-abab-abab-abababababab"),
        ("task", "viewer-7"),
        ("thread", "drawing"),
        ("target", "unblink::runtime::log::layer::tests"),
    ] {
        assert_eq!(told[key].as_str(), Some(expected), "{key}: {told}");
    }
    assert_eq!(told["trace"].as_str(), Some(work.trace.to_string().as_str()));
    // Said by the event itself, and by the inner span before the outer one.
    assert_eq!((told["panel"].as_u64(), told["session"].as_u64()), (Some(5), Some(7)));
    assert_eq!((told["ratio"].as_f64(), told["fine"].as_bool()), (Some(0.5), Some(false)));
    // Another test of this process may have said first whose worker this is.
    assert_eq!(told["tenant"].as_str(), Some(context::tenant()));
    assert_eq!(told["epoch"].as_u64(), Some(context::epoch().0));
}

#[test]
fn each_kind_of_work_is_named_as_what_it_is() {
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let told = logged(|| {
        for work in [Context::source("s"), Context::input("b"), Context::message("Commit")] {
            let _work = context::enter(work);
            tracing::error!("at work");
        }
        tracing::error!("at rest");
    });
    assert_eq!(told.len(), 4);
    assert_eq!(told[0]["source"].as_str(), Some("s"));
    assert_eq!(told[1]["board"].as_str(), Some("b"));
    assert_eq!(told[2]["work"].as_str(), Some("Commit"));
    assert!(told[..3].iter().all(|told| told["trace"].is_string()));
    assert!(told[3].get("trace").is_none(), "{}", told[3]);
}

#[test]
fn a_message_of_the_longest_loses_nothing_of_what_is_known_around_it() {
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let long = "x".repeat(2 * crate::base::limits::LOG_VALUE_BYTES_MAX);
    let work = Context::panel("sales", 3, Version(9)).of_chart(Some(Uuid([0xab; 16])));
    let told = logged(|| {
        let _span = tracing::info_span!("task", name = %long, a = %long, b = %long).entered();
        let _work = context::enter(work);
        tracing::warn!(c = %long, d = %long, e = %long, f = %long, big = u64::MAX, "{long}");
    });
    let told = &told[0];
    assert_eq!(told["trace"].as_str(), Some(work.trace.to_string().as_str()));
    assert_eq!((told["board"].as_str(), told["panel"].as_u64()), (Some("sales"), Some(3)));
    assert_eq!(told["chart"].as_str(), Some("abababab-abab-abab-abab-abababababab"));
    assert_eq!(told["target"].as_str(), Some("unblink::runtime::log::layer::tests"));
}
