//! Captures of root and its workers. Where a report is made, which takes a thread its time, the time is the real one.

use std::time::Duration;

use super::harness::{Puppet, World, patiently};
use crate::admin::client::{self, Answer};
use crate::model::Profile;
use crate::model::profile::Collector;
use crate::runtime::{self, Task};
use crate::wire::feed::{ToRoot, ToWorker, Why};

fn ask(world: &World, query: &'static str) -> Task<Answer> {
    ask_for(world, "profile", query)
}

fn ask_for(world: &World, page: &'static str, query: &'static str) -> Task<Answer> {
    let socket = world.admin();
    runtime::spawn("asking", async move {
        let page = format!("/debug/pprof/{page}?format=folded&{query}");
        client::get_within(&page, &socket, Duration::from_secs(600)).await.unwrap()
    })
}

async fn answer(asked: Task<Answer>) -> (u16, String) {
    let answer = patiently("an answer", asked).await.unwrap();
    (answer.code, String::from_utf8(answer.body.to_vec()).unwrap())
}

/// The same while the worker goes on answering pings.
async fn answer_meanwhile(worker: &mut Puppet, asked: Task<Answer>) -> (u16, String) {
    let mut answering = std::pin::pin!(answer(asked));
    loop {
        tokio::select! {
            answer = &mut answering => return answer,
            said = worker.try_next() => match said {
                Some(ToWorker::Ping { nonce, .. }) => worker.say(&ToRoot::Pong { nonce }).await,
                Some(other) => worker.keep(other),
                None => panic!("root hung up"),
            },
        }
    }
}

fn profile(calls: &str) -> Profile {
    let mut collector = Collector::new(99, 1000);
    collector.add(calls.split(' '), 5);
    collector.finish()
}

async fn asked_for(worker: &mut Puppet) -> (u64, u32, u32) {
    match worker.next().await {
        ToWorker::TakeProfile { number, hz, span_ms } => (number, hz, span_ms),
        other => panic!("a profile was to be taken, not {other:?}"),
    }
}

#[tokio::test]
async fn a_tenants_worker_is_asked_and_what_it_says_is_the_answer() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let asked = ask(&world, "target=default&seconds=7&hz=50");
    let (number, hz, span_ms) = asked_for(&mut worker).await;
    assert_eq!((hz, span_ms), (50, 7_000));
    // Of one that is long over.
    worker.say(&ToRoot::Profile { number: number + 9, outcome: Ok(profile("old")) }).await;
    worker.say(&ToRoot::Profile { number, outcome: Ok(profile("drawing scene::draw")) }).await;
    assert_eq!(answer_meanwhile(&mut worker, asked).await, (200, "worker default;drawing;scene::draw 5\n".to_owned()));
    // Said twice: nobody waits for it, which is no fault.
    worker.say(&ToRoot::Profile { number, outcome: Ok(profile("again")) }).await;
    let asked = ask(&world, "target=default&seconds=1");
    let (number, ..) = asked_for(&mut worker).await;
    worker.say(&ToRoot::Profile { number, outcome: Err(Why("it cannot".to_owned())) }).await;
    let (code, text) = answer_meanwhile(&mut worker, asked).await;
    assert_eq!((code, text.as_str()), (503, "nothing was captured: worker default: it cannot\n"));
    world.stop().await;
}

#[tokio::test]
async fn what_was_recorded_is_asked_for_and_believed_as_far_as_it_can_be() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let asked = ask(&world, "target=default&last=600");
    let (number, last_ms) = match worker.next().await {
        ToWorker::TellRecorded { number, last_ms } => (number, last_ms),
        other => panic!("the past was to be told, not {other:?}"),
    };
    assert_eq!(last_ms, 600_000);
    let mut told = profile("drawing scene::draw");
    told.stacks[0].count = u64::MAX;
    (told.hz, told.gap_ms) = (1_000, u64::MAX);
    worker.say(&ToRoot::Profile { number, outcome: Ok(told) }).await;
    let (code, text) = answer_meanwhile(&mut worker, asked).await;
    let count: u64 = text.rsplit_once(' ').unwrap().1.trim().parse().unwrap();
    // Ten minutes, those of a minute that had begun, and the grace, at 19 Hz on every processor there can be.
    assert!(code == 200 && (600 * 19 * 8192..=680 * 19 * 8192).contains(&count), "{text}");
    world.stop().await;
}

#[cfg(feature = "jemalloc")]
#[tokio::test]
async fn a_worker_tells_of_its_memory_and_is_believed_as_far_as_it_can_be() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    for (query, page_says) in [("target=default", 0), ("target=default&seconds=7", 7_000)] {
        let asked = ask_for(&world, "heap", query);
        let (number, span_ms) = match worker.next().await {
            ToWorker::TellHeap { number, span_ms } => (number, span_ms),
            other => panic!("memory was to be told, not {other:?}"),
        };
        assert_eq!(span_ms, page_says);
        let mut collector = Collector::of_memory(1 << 17, 0);
        collector.hold("drawing keep".split(' '), 2, 2_000);
        collector.hold("drawing lie".split(' '), 1, u64::MAX);
        worker.say(&ToRoot::Profile { number, outcome: Ok(collector.finish()) }).await;
        let (code, text) = answer_meanwhile(&mut worker, asked).await;
        assert_eq!((code, text.as_str()), (200, "worker default;drawing;keep 2000\n"));
    }
    // Time where memory was asked for is nothing that is held.
    let asked = ask_for(&world, "heap", "target=default");
    let ToWorker::TellHeap { number, .. } = worker.next().await else { panic!("memory was to be told") };
    worker.say(&ToRoot::Profile { number, outcome: Ok(profile("drawing scene::draw")) }).await;
    assert_eq!(answer_meanwhile(&mut worker, asked).await.0, 422);
    world.stop().await;
}

#[tokio::test]
async fn the_next_one_has_to_wait_and_a_tenant_that_is_not_there_is_said_so() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let first = ask(&world, "target=default&seconds=10");
    let (number, ..) = asked_for(&mut worker).await;
    let (code, text) = answer_meanwhile(&mut worker, ask(&world, "target=default")).await;
    assert_eq!(code, 429, "{text}");
    worker.say(&ToRoot::Profile { number, outcome: Ok(profile("a b")) }).await;
    assert_eq!(answer_meanwhile(&mut worker, first).await.0, 200);
    let (code, text) = answer_meanwhile(&mut worker, ask(&world, "target=ops")).await;
    assert_eq!((code, text.as_str()), (404, "there is no tenant of that name; there are: default\n"));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_dies_or_says_nothing_is_missing() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let asked = ask(&world, "target=default&seconds=10");
    asked_for(&mut worker).await;
    worker.die("was killed by signal 9");
    let (code, text) = answer(asked).await;
    assert_eq!((code, text.as_str()), (503, "nothing was captured: worker default: its process ended meanwhile\n"));

    let mut next = world.live_worker().await;
    let asked = ask(&world, "target=default&seconds=10");
    let (number, ..) = asked_for(&mut next).await;
    let said = async {
        loop {
            if let ToWorker::CallOffProfile { number: called_off } = next.next().await {
                break called_off;
            }
        }
    };
    assert_eq!(patiently("it is called off", said).await, number);
    let (code, text) = answer(asked).await;
    assert_eq!((code, text.as_str()), (503, "nothing was captured: worker default: it did not answer\n"));
    world.stop().await;
}

#[tokio::test]
async fn nobody_works_for_a_client_that_has_gone() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let asked = ask(&world, "target=default&seconds=100");
    let (number, ..) = asked_for(&mut worker).await;
    asked.abort();
    let ToWorker::CallOffProfile { number: called_off } = worker.next().await else { panic!("it goes on") };
    assert_eq!(called_off, number);
    let next = ask(&world, "target=default&seconds=1");
    let (number, ..) = asked_for(&mut worker).await;
    worker.say(&ToRoot::Profile { number, outcome: Ok(profile("a")) }).await;
    assert_eq!(answer_meanwhile(&mut worker, next).await.0, 200);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_profile_of_names_that_are_not_there_is_a_fault_of_its_worker() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let asked = ask(&world, "target=default&seconds=10");
    let (number, ..) = asked_for(&mut worker).await;
    let mut broken = profile("a b");
    broken.names.clear();
    worker.say(&ToRoot::Profile { number, outcome: Ok(broken) }).await;
    while let Some(said) = worker.try_next().await {
        assert!(matches!(said, ToWorker::Ping { .. }), "{said:?}");
    }
    assert_eq!(answer(asked).await.0, 503);
    worker.die("was killed");
    world.stop().await;
}
