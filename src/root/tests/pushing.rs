//! Programs that push: their credit, workers that are away or die or lie, and pushers that mean harm.

use super::harness::{Puppet, Viewer, World};
use super::*;
use crate::base::{Epoch, SessionId, limits};
use crate::wire::attach::{self, Chunk, PushFault, PushHello, PushLater, PushTaken};
use crate::wire::feed::{Fault, Pushed};

const CREDIT: u64 = limits::PUSH_CHUNKS_MAX as u64;

fn push_hello() -> ToRoot {
    ToRoot::Push(PushHello { version: attach::VERSION, build: "test".to_owned(), tenant: String::new() })
}

/// A pusher that was welcomed.
async fn pusher(world: &World) -> Viewer {
    let mut pusher = world.connect().await;
    pusher.say(&push_hello()).await;
    let ToClient::PushWelcome(welcome) = pusher.next().await else { panic!("no welcome") };
    assert_eq!((welcome.version, u64::from(welcome.credit)), (attach::VERSION, CREDIT));
    assert_eq!(welcome.chunk_bytes_max as usize, limits::PUSH_CHUNK_BYTES_MAX);
    pusher
}

fn chunk(number: u64, lines: &str) -> ToRoot {
    ToRoot::Chunk(Chunk { number, lines: lines.to_owned().into() })
}

/// The next chunk that the worker is sent.
async fn pushed(worker: &mut Puppet) -> (SessionId, u64, String) {
    match worker.next().await {
        ToWorker::Push { pusher, number, lines } => (pusher, number, String::from_utf8(lines).expect("text")),
        other => panic!("instead of a chunk: {other:?}"),
    }
}

async fn answer(worker: &mut Puppet, pusher: SessionId, number: u64) {
    let pushed = Pushed { pusher, number, accepted: 1, rejected: 0, faults: Vec::new() };
    worker.say(&feed::ToRoot::Pushed(pushed)).await;
}

async fn taken(pusher: &mut Viewer) -> PushTaken {
    match pusher.next().await {
        ToClient::PushTaken(taken) => taken,
        other => panic!("instead of an answer: {other:?}"),
    }
}

async fn later(pusher: &mut Viewer) -> PushLater {
    match pusher.next().await {
        ToClient::PushLater(later) => later,
        other => panic!("instead of being put off: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_has_a_credit_left_gets_the_other_back_with_the_next_chunk() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
    let (view, _) = worker.subscribed().await;
    let mut pusher = pusher(&world).await;
    worker.show(view, size(), "one").await;
    viewer.until("one").await;
    let said = timer::timeout(Duration::from_millis(50), worker.next()).await;
    assert!(said.is_err(), "it is not woken for that alone: {said:?}");
    pusher.say(&chunk(1, "two\n")).await;
    worker.expect_credit(view).await;
    pushed(&mut worker).await;
    // Where it has none left it is.
    for text in ["two", "three"] {
        worker.show(view, size(), text).await;
        viewer.until(text).await;
    }
    let given_back = async {
        worker.expect_credit(view).await;
        worker.expect_credit(view).await;
    };
    timer::timeout(Duration::from_millis(50), given_back).await.expect("at once");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_chunk_reaches_the_worker_as_it_is_and_the_answer_comes_back() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut pusher = pusher(&world).await;
    pusher.say(&chunk(1, "any \u{1b}[2J bytes\n")).await;
    let (id, number, lines) = pushed(&mut worker).await;
    assert_eq!((number, lines.as_str()), (1, "any \u{1b}[2J bytes\n"));
    let faults = vec![Fault { line: 1, why: "no".to_owned() }];
    worker.say(&feed::ToRoot::Pushed(Pushed { pusher: id, number, accepted: 0, rejected: 1, faults })).await;
    let faults = vec![PushFault { line: 1, why: "no".to_owned() }];
    assert_eq!(taken(&mut pusher).await, PushTaken { number: 1, accepted: 0, rejected: 1, faults, credit: 1 });
    pusher.say(&ToRoot::Ping).await;
    assert_eq!(pusher.next().await, ToClient::Pong);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_sends_more_than_its_credit_is_told_and_let_go() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut pusher = pusher(&world).await;
    for number in 1..=CREDIT + 1 {
        pusher.say(&chunk(number, "x\n")).await;
    }
    let (code, text) = pusher.farewell().await;
    assert_eq!(code, FarewellCode::Protocol);
    assert!(text.contains("more than 4 chunks"), "{text}");
    // What was on its way is answered to nobody, and harms nobody.
    let (id, number, _) = pushed(&mut worker).await;
    answer(&mut worker, id, number).await;
    let mut other = self::pusher(&world).await;
    other.say(&chunk(1, "y\n")).await;
    loop {
        let (id, number, lines) = pushed(&mut worker).await;
        answer(&mut worker, id, number).await;
        if lines == "y\n" {
            break;
        }
    }
    assert_eq!(taken(&mut other).await.number, 1);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_worker_is_sent_few_chunks_at_a_time_and_each_pusher_in_turn() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut greedy = pusher(&world).await;
    let mut modest = pusher(&world).await;
    for number in 1..=CREDIT {
        greedy.say(&chunk(number, "greedy\n")).await;
    }
    greedy.say(&ToRoot::Ping).await;
    assert_eq!(greedy.next().await, ToClient::Pong);
    let mut under_way = Vec::new();
    for _ in 0..limits::PUSHES_UNDER_WAY_MAX {
        under_way.push(pushed(&mut worker).await);
    }
    modest.say(&chunk(1, "modest\n")).await;
    modest.say(&ToRoot::Ping).await;
    assert_eq!(modest.next().await, ToClient::Pong);
    // A viewer's subscription shows that no more chunks come before an answer.
    let _viewer = world.viewer(SIZE.0, SIZE.1).await;
    worker.subscribed().await;
    let (id, number, _) = under_way.remove(0);
    answer(&mut worker, id, number).await;
    assert_eq!(taken(&mut greedy).await.number, 1);
    greedy.say(&chunk(CREDIT + 1, "greedy\n")).await;
    assert_eq!(pushed(&mut worker).await.2, "modest\n", "the one that waits, not the one that comes again");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn while_no_worker_draws_chunks_are_put_off_with_a_time_and_a_reason() {
    let mut world = World::new();
    let mut pusher = pusher(&world).await;
    pusher.say(&chunk(1, "x\n")).await;
    let put_off = later(&mut pusher).await;
    assert!(put_off.number == 1 && !put_off.unknown && put_off.after_ms > 0, "{put_off:?}");
    assert!(put_off.why.contains("the worker of tenant default is starting"), "{put_off:?}");
    let mut worker = world.live_worker().await;
    pusher.say(&chunk(1, "x\n")).await;
    let (id, number, _) = pushed(&mut worker).await;
    answer(&mut worker, id, number).await;
    assert_eq!(taken(&mut pusher).await.number, 1);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn chunks_that_a_worker_died_with_are_unknown_and_nothing_overtakes_them() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let mut pusher = pusher(&world).await;
    for number in 1..=3 {
        pusher.say(&chunk(number, "x\n")).await;
    }
    let (id, number, _) = pushed(&mut worker).await;
    answer(&mut worker, id, number).await;
    assert_eq!(taken(&mut pusher).await.number, 1);
    assert_eq!(pushed(&mut worker).await.1, 2);
    assert_eq!(pushed(&mut worker).await.1, 3);
    worker.die("was killed by signal 9");
    for number in [2, 3] {
        let put_off = later(&mut pusher).await;
        assert!(put_off.number == number && put_off.unknown, "{put_off:?}");
    }
    let mut worker = world.live_worker().await;
    // Sent before it heard of that.
    pusher.say(&chunk(4, "overtakes\n")).await;
    let put_off = later(&mut pusher).await;
    assert_eq!((put_off.number, put_off.unknown), (4, false));
    for number in 2..=4 {
        pusher.say(&chunk(number, "again\n")).await;
    }
    for expected in 2..=4 {
        let (id, number, lines) = pushed(&mut worker).await;
        assert_eq!((number, lines.as_str()), (expected, "again\n"));
        answer(&mut worker, id, number).await;
        assert_eq!(taken(&mut pusher).await.number, expected);
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_answers_for_chunks_it_was_not_sent_is_ended() {
    type Lie = fn(SessionId) -> Pushed;
    let honest = |pusher| Pushed { pusher, number: 1, accepted: 1, rejected: 0, faults: Vec::new() };
    let lies: [(&str, Lie); 5] = [
        ("another number", |pusher| Pushed { pusher, number: 2, accepted: 0, rejected: 0, faults: Vec::new() }),
        ("another pusher", |_| Pushed { pusher: SessionId(99), number: 1, accepted: 0, rejected: 0, faults: vec![] }),
        ("more lines than there are", |pusher| Pushed { pusher, number: 1, accepted: 9, rejected: 0, faults: vec![] }),
        ("a line that is not there", |pusher| {
            let faults = vec![Fault { line: 9, why: String::new() }];
            Pushed { pusher, number: 1, accepted: 0, rejected: 1, faults }
        }),
        ("reasons for lines that it took", |pusher| {
            let faults = vec![Fault { line: 1, why: String::new() }];
            Pushed { pusher, number: 1, accepted: 1, rejected: 0, faults }
        }),
    ];
    for (lie, pushed_by) in lies {
        let mut world = World::new();
        let mut worker = world.live_worker().await;
        let mut pusher = pusher(&world).await;
        pusher.say(&chunk(1, "x\n")).await;
        let (id, _, _) = pushed(&mut worker).await;
        worker.say(&feed::ToRoot::Pushed(pushed_by(id))).await;
        let put_off = later(&mut pusher).await;
        assert!(put_off.number == 1 && put_off.unknown, "after {lie}: {put_off:?}");
        let mut next = world.live_worker().await;
        assert_eq!(next.epoch, Epoch(2), "after {lie}");
        pusher.say(&chunk(1, "x\n")).await;
        let (id, _, _) = pushed(&mut next).await;
        next.say(&feed::ToRoot::Pushed(honest(id))).await;
        assert_eq!(taken(&mut pusher).await.accepted, 1, "after {lie}");
        // An answer that was given already is one too many.
        next.say(&feed::ToRoot::Pushed(honest(id))).await;
        assert_eq!(world.live_worker().await.epoch, Epoch(3), "after {lie}");
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_takes_no_answers_is_let_go_and_holds_no_more_than_its_chunks() {
    let mut world = World::new();
    let mut worker = world.live_worker().await;
    let (log, _guard) = Log::listen();
    let mut deaf = pusher(&world).await;
    // Each answer is as long as it may be; the connection takes a few of them.
    let why = "x".repeat(limits::PUSH_WHY_BYTES_MAX);
    let lines = "x\n".repeat(limits::PUSH_FAULTS_MAX);
    let rejected = limits::PUSH_FAULTS_MAX as u32;
    let faults: Vec<Fault> = (1..=rejected).map(|line| Fault { line, why: why.clone() }).collect();
    let mut sent = 1;
    deaf.say(&chunk(sent, &lines)).await;
    while !log.text().contains("it did not take its answers") {
        match worker.try_next().await.expect("root has not hung up on the worker") {
            ToWorker::Push { pusher, number, .. } => {
                let faults = faults.clone();
                worker.say(&feed::ToRoot::Pushed(Pushed { pusher, number, accepted: 0, rejected, faults })).await;
                sent += 1;
                assert!(sent < 1_000, "it was let push for ever");
                deaf.say(&chunk(sent, &lines)).await;
            }
            ToWorker::Ping { nonce, .. } => worker.say(&feed::ToRoot::Pong { nonce }).await,
            other => panic!("{other:?}"),
        }
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_is_too_much_of_another_version_or_of_no_tenant_is_refused_with_words() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    let mut all = Vec::new();
    for _ in 0..limits::PUSHERS_MAX {
        all.push(pusher(&world).await);
    }
    let mut late = world.connect().await;
    late.say(&push_hello()).await;
    let (code, text) = late.farewell().await;
    assert_eq!(code, FarewellCode::Full);
    assert!(text.contains("as many programs push as may at one time, 64"), "{text}");
    all.pop();
    // The place is free once root has seen it go.
    loop {
        let mut again = world.connect().await;
        again.say(&push_hello()).await;
        if matches!(again.next().await, ToClient::PushWelcome(_)) {
            break;
        }
    }
    let hello =
        |version, tenant: &str| ToRoot::Push(PushHello { version, build: String::new(), tenant: tenant.to_owned() });
    for (hello, code) in
        [(hello(0, ""), FarewellCode::Version), (hello(attach::VERSION, "nobody"), FarewellCode::NoSuchBoard)]
    {
        let mut wrong = world.connect().await;
        wrong.say(&hello).await;
        assert_eq!(wrong.farewell().await.0, code);
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn viewers_and_pushers_do_not_speak_each_others_language() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    for wrong in [ToRoot::Repaint, ToRoot::Key(Key::Tab), push_hello(), hello(10, 10), chunk(2, "too early\n")] {
        let mut pusher = pusher(&world).await;
        pusher.say(&wrong).await;
        assert_eq!(pusher.farewell().await.0, FarewellCode::Protocol, "{wrong:?}");
    }
    for wrong in [push_hello(), chunk(1, "x\n")] {
        let mut viewer = world.viewer(SIZE.0, SIZE.1).await;
        viewer.say(&wrong).await;
        assert_eq!(viewer.farewell().await.0, FarewellCode::Protocol, "{wrong:?}");
    }
    let mut stranger = world.connect().await;
    stranger.say(&chunk(1, "x\n")).await;
    assert_eq!(stranger.farewell().await.0, FarewellCode::Protocol, "without a hello");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_stops_says_farewell_to_pushers_too() {
    let mut world = World::new();
    let _worker = world.live_worker().await;
    let mut pusher = pusher(&world).await;
    world.orders.stop().await;
    assert_eq!(pusher.farewell().await, (FarewellCode::Stopping, "the daemon is stopping".to_owned()));
    world.stop().await;
}
