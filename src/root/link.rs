//! The feed's end on root's side: three tasks that carry bytes, and the handle that stops them.
//!
//! Invariant: what a worker sends waits for the loop within a cap of messages and one of bytes, what it is sent waits
//! in a bounded queue; a worker that does not read makes [`Link::send`] fail, never wait.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use super::launch::Launched;
use crate::base::{Epoch, limits};
use crate::runtime::supervisor::{Added, Supervisor};
use crate::runtime::{self, NodeId};
use crate::wire::feed::{self, ToWorker};
use crate::wire::framing::{self, FramingError};

/// What a worker's stream brings, tagged with the life it belongs to.
#[derive(Debug)]
pub enum Heard {
    /// A whole message, not looked at, and the room it takes until it was dealt with.
    Message(Bytes, OwnedSemaphorePermit),
    /// The stream ended or broke.
    Closed(String),
    /// What came is no feed.
    Violated(String),
    /// Nothing of the worker runs any more.
    Ended(String),
}

/// Which life of which worker. A tenant that went and came back has another worker, whose lives are counted anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LifeId {
    pub worker: u64,
    pub epoch: Epoch,
}

/// One life of a worker.
#[derive(Debug)]
pub struct Link {
    pub pid: Option<u32>,
    /// Each message with the room it takes until it is written.
    out: mpsc::Sender<(Bytes, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    reader: Option<Added>,
    writer: Option<Added>,
    kill: Arc<Notify>,
    heard: Arc<HeardSoFar>,
    row: NodeId,
}

/// What the reader knows before the loop does.
#[derive(Debug, Default)]
struct HeardSoFar {
    /// The question that was answered last.
    answered: AtomicU64,
    /// It cannot read on before the loop has dealt with what it has.
    waits: AtomicBool,
}

/// The worker does not read what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clogged;

// === impl Link ===

impl Link {
    /// Starts carrying; everything heard goes to `heard` until `Ended`, which is the last.
    /// The tasks are kept by `keeper` and stand under `row`.
    pub fn new(
        launched: Launched,
        life: LifeId,
        keeper: &Supervisor,
        row: NodeId,
        heard: &mpsc::Sender<(LifeId, Heard)>,
    ) -> Link {
        let (reading, mut writing) = tokio::io::split(launched.stream);
        let (out, mut waiting) = mpsc::channel::<(Bytes, OwnedSemaphorePermit)>(limits::FEED_WAITING_MAX);
        let kill = Arc::new(Notify::new());

        let told = heard.clone();
        let so_far = Arc::new(HeardSoFar::default());
        let noted = Arc::clone(&so_far);
        let room = Arc::new(Semaphore::new(limits::HEARD_BYTES_MAX));
        let reading = async move {
            let mut reader = framing::Reader::new(reading, limits::FEED_MESSAGE_BYTES_MAX);
            loop {
                let (said, last) = match reader.next().await {
                    Ok(message) => {
                        if let Some(nonce) = feed::answer(&message) {
                            noted.answered.store(nonce, Ordering::Relaxed);
                        }
                        noted.waits.store(true, Ordering::Relaxed);
                        let bytes = u32::try_from(message.len()).expect("invariant: a message is far below 4 GiB");
                        let taken = Arc::clone(&room).acquire_many_owned(bytes).await;
                        (Heard::Message(message, taken.expect("invariant: nobody closes it")), false)
                    }
                    Err(FramingError::Closed) => (Heard::Closed("closed its feed".to_owned()), true),
                    Err(error @ FramingError::TooLong { .. }) => {
                        (Heard::Violated(format!("its feed broke: {error}")), true)
                    }
                    Err(error) => (Heard::Closed(format!("its feed broke: {error}")), true),
                };
                if told.send((life, said)).await.is_err() || last {
                    return;
                }
                noted.waits.store(false, Ordering::Relaxed);
            }
        };
        // Whoever fails is as good as a feed that broke: the worker is given up.
        let lost = |what: &'static str| {
            let told = heard.clone();
            move |fault: &str| tell_later(told, life, Heard::Closed(format!("its {what} {fault}")))
        };
        let reader = keeper.once_under(row, "feed-reader", reading, lost("reader"));
        let told = heard.clone();
        let writing = async move {
            let mut batch = framing::Batch::default();
            while let Some((message, mut taken)) = waiting.recv().await {
                batch.push(message);
                while batch.has_room()
                    && let Ok((message, more)) = waiting.try_recv()
                {
                    batch.push(message);
                    taken.merge(more);
                }
                let Err(error) = batch.write(&mut writing).await else { continue };
                // The reader learns of an end that is gone too, and says so; of what is wrong at this end nobody else does.
                if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) {
                    let broke = Heard::Closed(format!("its feed could not be written: {error}"));
                    let _ = told.send((life, broke)).await;
                }
                return;
            }
        };
        let writer = keeper.once_under(row, "feed-writer", writing, lost("writer"));
        let (told, stop) = (heard.clone(), Arc::clone(&kill));
        let watching = async move {
            let how = launched.life.watch(stop).await;
            // Nobody listens once root is gone itself.
            let _ = told.send((life, Heard::Ended(how))).await;
        };
        // With the watch goes the handle by which the worker is ended.
        let told = heard.clone();
        let lost = move |fault: &str| tell_later(told, life, Heard::Ended(format!("its watch {fault}")));
        drop(keeper.once_under(row, "worker-watch", watching, lost));
        let room = Arc::new(Semaphore::new(limits::FEED_WAITING_BYTES_MAX));
        Link { pid: launched.pid, out, room, reader, writer, kill, heard: so_far, row }
    }

    pub fn send(&self, message: &ToWorker) -> Result<(), Clogged> {
        let message = message.encode();
        let bytes = u32::try_from(message.len()).map_err(|_| Clogged)?;
        let taken = Arc::clone(&self.room).try_acquire_many_owned(bytes).map_err(|_| Clogged)?;
        match self.out.try_send((message, taken)) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Clogged),
            // A feed that is gone was told of by who found it so.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }

    /// Whether its answer to this question came, or may have come, and root itself has not got to it.
    pub fn may_have_answered(&self, nonce: u64) -> bool {
        self.heard.waits.load(Ordering::Relaxed) || self.heard.answered.load(Ordering::Relaxed) == nonce
    }

    /// Ends the worker by force; its `Ended` follows.
    pub fn kill(&self) {
        self.kill.notify_one();
    }

    /// The same once something else is done.
    pub fn kill_after(&self, first: impl Future<Output = ()> + Send + 'static) {
        let kill = Arc::clone(&self.kill);
        runtime::spawn_under(self.row, "worker-kill", async move {
            first.await;
            kill.notify_one();
        });
    }

    /// Closes our end of the feed; a sound worker ends by itself then.
    pub fn hang_up(&self) {
        self.reader.iter().chain(&self.writer).for_each(Added::remove);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.hang_up();
        self.kill();
    }
}

/// Tells the loop, from a place that must not wait.
fn tell_later(told: mpsc::Sender<(LifeId, Heard)>, life: LifeId, what: Heard) {
    runtime::spawn("worker-lost", async move {
        // Nobody listens once root is gone itself.
        let _ = told.send((life, what)).await;
    });
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::super::launch::Life;
    use super::*;
    use crate::machine::supervise::{Plan, Strategy};
    use crate::runtime::supervisor::Line;
    use crate::runtime::{Kind, timer};
    use crate::wire::feed::{ConfigFile, FileKind, ToRoot, WorkerStatus};

    #[tokio::test]
    async fn what_waits_for_a_worker_that_does_not_read_is_bounded_in_bytes_too() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let life = Life::Task(runtime::spawn("worker", std::future::pending()));
        let (heard, _hears) = mpsc::channel(1);
        let keeper = Supervisor::new(Plan::new(Strategy::OneForOne));
        let row = keeper.place("worker of a test", Kind::Supervisor);
        let launched = Launched { stream: Box::new(ours), pid: None, counts_before: None, life };
        let link = Link::new(launched, LifeId { worker: 1, epoch: Epoch(1) }, &keeper, row.id(), &heard);
        let file = ConfigFile { kind: FileKind::Settings, name: "x".to_owned(), bytes: vec![b'#'; 10 * 1024 * 1024] };
        let message = ToWorker::Prepare { generation: 1, files: vec![file] };
        let taken = (0..100).take_while(|_| link.send(&message).is_ok()).count();
        assert_eq!(taken, 6, "sixty of sixty-four megabytes");
    }

    /// An end that can be read, and cannot be written for want of something.
    struct Unwritable(tokio::io::DuplexStream);

    impl AsyncRead for Unwritable {
        fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_read(cx, buf)
        }
    }

    impl AsyncWrite for Unwritable {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Err(rustix::io::Errno::MFILE.into()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn a_feed_that_cannot_be_written_is_told_at_once() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let life = Life::Task(runtime::spawn("worker", std::future::pending()));
        let (heard, mut hears) = mpsc::channel(1);
        let keeper = Supervisor::new(Plan::new(Strategy::OneForOne));
        let row = keeper.place("worker of a test", Kind::Supervisor);
        let keeping = runtime::spawn("keeper", keeper.clone().run(Line::unheard()));
        let launched = Launched { stream: Box::new(Unwritable(ours)), pid: None, counts_before: None, life };
        let link = Link::new(launched, LifeId { worker: 1, epoch: Epoch(1) }, &keeper, row.id(), &heard);
        link.send(&ToWorker::Ping { nonce: 1, vitals: None }).expect("it is taken");
        let told = timer::timeout(Duration::from_secs(60), hears.recv()).await.expect("it is told");
        let Some((_, Heard::Closed(why))) = &told else { panic!("{told:?}") };
        assert!(why.starts_with("its feed could not be written: "), "{why}");
        keeping.abort();
    }

    async fn may_have_answered(link: &Link, nonce: u64) {
        let waiting = async {
            while !link.may_have_answered(nonce) {
                tokio::task::yield_now().await;
            }
        };
        timer::timeout(Duration::from_secs(60), waiting).await.expect("it is heard");
    }

    #[tokio::test]
    async fn an_answer_counts_before_the_loop_has_got_to_it() {
        let (ours, theirs) = tokio::io::duplex(1024);
        let life = Life::Task(runtime::spawn("worker", std::future::pending()));
        // Nobody takes anything, and there is room for one message.
        let (heard, _hears) = mpsc::channel(1);
        let keeper = Supervisor::new(Plan::new(Strategy::OneForOne));
        let row = keeper.place("worker of a test", Kind::Supervisor);
        let keeping = runtime::spawn("keeper", keeper.clone().run(Line::unheard()));
        let launched = Launched { stream: Box::new(ours), pid: None, counts_before: None, life };
        let link = Link::new(launched, LifeId { worker: 1, epoch: Epoch(1) }, &keeper, row.id(), &heard);
        let (_reading, mut writing) = tokio::io::split(theirs);
        assert!(!link.may_have_answered(7));
        framing::write(&mut writing, &ToRoot::Pong { nonce: 7 }.encode()).await.expect("it is read");
        may_have_answered(&link, 7).await;
        assert!(!link.may_have_answered(8), "that was another question");
        // What comes then waits, and may be the answer.
        for _ in 0..2 {
            framing::write(&mut writing, &ToRoot::Status(WorkerStatus::default()).encode()).await.expect("it is read");
        }
        may_have_answered(&link, 8).await;
        keeping.abort();
    }
}
