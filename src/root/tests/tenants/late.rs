//! Answers to offers that were withdrawn meanwhile.

use super::*;

#[tokio::test]
async fn an_answer_that_comes_after_another_worker_died_is_none_to_the_next_offer() {
    let mut world = world("[tenants.ops]\n", &[]);
    let mut own = world.live_worker_of("default").await;
    let ops = world.live_worker_of("ops").await;
    let (mut viewer, view) = watching(&world, &mut own, "host", "of default").await;
    write(&world, "[tenants.ops]\n# one\n");
    let (one, _) = offered(&mut own).await;
    ops.die("was killed");
    let mut ops = world.live_worker_of("ops").await;
    write(&world, "[tenants.ops]\n# two\n");
    let (two, _) = offered(&mut own).await;
    own.say(&feed::ToRoot::Prepared { generation: one, outcome: Outcome::Accepted(catalogue()) }).await;
    let (asked, _) = offered(&mut ops).await;
    ops.say(&feed::ToRoot::Prepared { generation: asked, outcome: Outcome::Accepted(catalogue()) }).await;
    // Root has the time to draw the wrong conclusion.
    for _ in 0..20 {
        assert_eq!(status(&world).await.root.generation, 1, "nobody said anything of the second yet");
    }
    own.say(&feed::ToRoot::Prepared { generation: two, outcome: Outcome::Refused(Vec::new()) }).await;
    own.show(view, size(), "goes on").await;
    viewer.until("goes on").await;
    let status = status(&world).await;
    let restarts: Vec<u64> = status.workers.iter().map(|row| row.restarts).collect();
    assert_eq!((status.root.generation, restarts), (1, vec![0, 1]), "what it thinks of the second counts");
    world.stop().await;
}
