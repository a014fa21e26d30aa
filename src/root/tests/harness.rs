//! A root on sockets of its own, a worker that does what the test says, and viewers that look at their screens.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

use crate::admin::captures::Store;
use crate::base::{Epoch, Size, Version, ViewId, limits};
use crate::encode::{Encoder, Encoding};
use crate::frame::{Grid, Style};
use crate::label::Label;
use crate::model::{BoardFacts, Catalogue, GlyphSet, Palette, ParamFacts, ViewSpec};
use crate::root::{
    Beginning, Launcher, Launchers, Order, Orders, Parts, RootError, Service, Sockets, TOP, orders, run_under,
};
use crate::runtime::supervisor::Supervisor;
use crate::runtime::{self, Task, timer};
use crate::sys::socket::{Listener, Peer};
use crate::wire::attach::{self, FarewellCode, Hello, ToClient, ToRoot as FromViewer};
use crate::wire::feed::{self, Outcome, ToRoot, ToWorker};
use crate::wire::framing;

/// Virtual time in most tests, so that a wait in vain ends soon.
const PATIENCE: Duration = Duration::from_secs(100);
/// Messages looked at before giving up.
const MESSAGES_MAX: usize = 1000;
/// Pings taken for silence.
const PINGS_MAX: usize = 100;
/// A new keyframe takes the place of so many deltas.
const DELTAS_MAX: u64 = 20;
/// A feed's buffer: some frames.
const PIPE_BYTES: usize = 64 * 1024;

pub struct World {
    pub folder: tempfile::TempDir,
    pub orders: Orders,
    pub root: Task<Result<(), RootError>>,
    workers: mpsc::UnboundedReceiver<Puppet>,
    /// Started while another tenant's was waited for.
    put_off: Vec<Puppet>,
}

/// The worker's end of a feed.
pub struct Puppet {
    pub tenant: String,
    reader: framing::Reader<ReadHalf<DuplexStream>>,
    writer: WriteHalf<DuplexStream>,
    end: Option<oneshot::Sender<String>>,
    pub epoch: Epoch,
    /// What views show at present.
    shown: Vec<(ViewId, Version, Grid)>,
    /// Views that may be drawn.
    credits: Vec<ViewId>,
    /// What root said of boards and their viewers.
    pub viewers: Vec<(String, u32)>,
    /// What root said while credit was waited for.
    put_off: VecDeque<ToWorker>,
    /// Pings that it answered.
    pub pings: usize,
}

pub struct Viewer {
    stream: UnixStream,
    arrived: bytes::BytesMut,
    pub screen: vt100::Parser,
    /// Every frame's bytes.
    pub received: Vec<u8>,
}

// === impl World ===

impl World {
    pub fn new() -> World {
        World::admitting(|_| true)
    }

    pub fn admitting(admits: fn(&Peer) -> bool) -> World {
        World::beside(|_| (), admits)
    }

    /// With children of its supervisor beside.
    pub fn beside(beside: impl FnOnce(&Supervisor) + Send + 'static, admits: fn(&Peer) -> bool) -> World {
        World::with(tempfile::tempdir().expect("a folder"), Some(admits), |_| None, beside)
    }

    pub fn without_sockets() -> World {
        World::with(tempfile::tempdir().expect("a folder"), None, |_| None, |_| ())
    }

    /// One that reads its configuration from its folder, and keeps generations there.
    pub fn configured(beginning: impl FnOnce(&Path) -> Beginning) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        World::with(folder, Some(|_| true), |folder| Some(beginning(folder)), |_| ())
    }

    /// One that somebody manages.
    pub fn managed(service: Service) -> World {
        World::with_service(tempfile::tempdir().expect("a folder"), Some(|_| true), |_| None, |_| (), service)
    }

    fn with(
        folder: tempfile::TempDir,
        admits: Option<fn(&Peer) -> bool>,
        beginning: impl FnOnce(&Path) -> Option<Beginning>,
        beside: impl FnOnce(&Supervisor) + Send + 'static,
    ) -> World {
        World::with_service(folder, admits, beginning, beside, Service::default())
    }

    fn with_service(
        folder: tempfile::TempDir,
        admits: Option<fn(&Peer) -> bool>,
        beginning: impl FnOnce(&Path) -> Option<Beginning>,
        beside: impl FnOnce(&Supervisor) + Send + 'static,
        service: Service,
    ) -> World {
        let socket = |name: &str| Listener::bind(&folder.path().join(name), 0o600).expect("a socket");
        let sockets = admits.map(|admits| Sockets {
            attach: socket("attach.sock"),
            admin: socket("admin.sock"),
            metrics: None,
            port: None,
            admits,
            captures: Store::new(folder.path()),
        });
        let (started, workers) = mpsc::unbounded_channel();
        let launcher = move |tenant: String, started: mpsc::UnboundedSender<Puppet>| {
            Launcher::Within(Box::new(move || {
                let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
                let (reading, writer) = tokio::io::split(theirs);
                let (end, ended) = oneshot::channel();
                let reader = framing::Reader::new(reading, limits::FEED_MESSAGE_BYTES_MAX);
                let (shown, credits, put_off) = (Vec::new(), Vec::new(), VecDeque::new());
                let (epoch, end, viewers, pings) = (Epoch(0), Some(end), Vec::new(), 0);
                let tenant = tenant.clone();
                let puppet = Puppet { tenant, reader, writer, end, epoch, shown, credits, viewers, put_off, pings };
                let _ = started.send(puppet);
                (Box::new(ours), Box::pin(async move { ended.await.unwrap_or("vanished".to_owned()) }))
            }))
        };
        let launchers = Launchers::new(move |tenant| launcher(tenant.to_owned(), started.clone()));
        let (orders, waiting) = orders();
        let parts = Parts { beginning: beginning(folder.path()), launchers, sockets, devices: 0, service };
        let root = runtime::spawn(&super::tree::name(folder.path()), async move {
            let top = Supervisor::new(TOP);
            beside(&top);
            run_under(top, parts, waiting).await
        });
        World { folder, orders, root, workers, put_off: Vec::new() }
    }

    pub fn admin(&self) -> PathBuf {
        self.folder.path().join("admin.sock")
    }

    pub fn attach(&self) -> PathBuf {
        self.folder.path().join("attach.sock")
    }

    /// The next worker that root starts.
    pub async fn worker(&mut self) -> Puppet {
        patiently("a worker is started", self.workers.recv()).await.expect("root lives")
    }

    /// The next worker, greeted and configured.
    pub async fn live_worker(&mut self) -> Puppet {
        let mut worker = self.worker().await;
        worker.agree().await;
        worker
    }

    /// The next worker of this tenant.
    pub async fn worker_of(&mut self, tenant: &str) -> Puppet {
        if let Some(place) = self.put_off.iter().position(|worker| worker.tenant == tenant) {
            return self.put_off.remove(place);
        }
        loop {
            let worker = self.worker().await;
            if worker.tenant == tenant {
                return worker;
            }
            self.put_off.push(worker);
        }
    }

    /// The same, greeted and configured.
    pub async fn live_worker_of(&mut self, tenant: &str) -> Puppet {
        let mut worker = self.worker_of(tenant).await;
        worker.agree().await;
        worker
    }

    /// Whether no worker is started within that time.
    pub async fn no_worker_for(&mut self, span: Duration) -> bool {
        timer::timeout(span, self.workers.recv()).await.is_err()
    }

    pub async fn connect(&self) -> Viewer {
        Viewer::on(UnixStream::connect(self.attach()).await.expect("root listens"))
    }

    /// A viewer of the host board who was welcomed.
    pub async fn viewer(&self, cols: u16, rows: u16) -> Viewer {
        let mut viewer = self.connect().await;
        viewer.screen = blank(cols, rows);
        viewer.say(&hello(cols, rows)).await;
        let ToClient::Welcome(_) = viewer.next().await else { panic!("no welcome") };
        let ToClient::Spec(_) = viewer.next().await else { panic!("no spec") };
        viewer
    }

    pub async fn stop(mut self) {
        self.orders.stop().await;
        self.orders.stop().await;
        let ended = patiently("root ends", &mut self.root).await.expect("no panic");
        assert!(matches!(ended, Ok(()) | Err(RootError::Forced)), "{ended:?}");
    }

    pub async fn order(&self, order: Order) {
        self.orders.0.send(order).await.expect("root lives");
    }
}

// === impl Puppet ===

impl Puppet {
    /// What root says next, pings and numbers of viewers aside.
    pub async fn next(&mut self) -> ToWorker {
        match self.put_off.pop_front() {
            Some(said) => said,
            None => self.next_said().await,
        }
    }

    /// Something that is not what is waited for, for later.
    pub fn keep(&mut self, said: ToWorker) {
        match said {
            ToWorker::Credit { view } => self.credits.push(view),
            ToWorker::Viewers { board, viewers } => self.viewers.push((board, viewers)),
            said => self.put_off.push_back(said),
        }
    }

    async fn next_said(&mut self) -> ToWorker {
        // A ping is a second: root has long had the time to say something else.
        for _ in 0..PINGS_MAX {
            match self.try_next().await.expect("root has not hung up") {
                ToWorker::Ping { nonce, .. } => {
                    self.pings += 1;
                    self.say(&ToRoot::Pong { nonce }).await;
                }
                ToWorker::Viewers { board, viewers } => self.viewers.push((board, viewers)),
                said => {
                    if let ToWorker::Subscribe { view, .. } | ToWorker::Credit { view } = said {
                        let is_new = matches!(said, ToWorker::Subscribe { .. });
                        self.credits.extend(vec![view; if is_new { limits::FEED_CREDITS } else { 1 }]);
                    }
                    return said;
                }
            }
        }
        panic!("waited in vain: root says nothing but pings");
    }

    /// None when root has hung up.
    pub async fn try_next(&mut self) -> Option<ToWorker> {
        let body = patiently("root says something", self.reader.next()).await.ok()?;
        Some(ToWorker::decode(&body).expect("root says what is a message"))
    }

    pub async fn say(&mut self, message: &ToRoot<'_>) {
        self.say_raw(&message.encode()).await;
    }

    pub async fn say_raw(&mut self, bytes: &[u8]) {
        // Root may have hung up on us, which is what some tests want.
        let _ = self.writer.write_all(bytes).await;
    }

    pub async fn greet(&mut self) {
        let ToWorker::Hello(hello) = self.next().await else { panic!("no hello") };
        self.epoch = hello.epoch;
        self.say(&ToRoot::Hello(hello)).await;
    }

    pub async fn agree(&mut self) {
        self.greet().await;
        self.agree_greeted().await;
    }

    /// The rest of that.
    pub async fn agree_greeted(&mut self) {
        let ToWorker::Prepare { generation, .. } = self.next().await else { panic!("no prepare") };
        self.say(&ToRoot::Prepared { generation, outcome: Outcome::Accepted(catalogue()) }).await;
        assert_eq!(self.next().await, ToWorker::Commit { generation });
    }

    pub async fn subscribed(&mut self) -> (ViewId, ViewSpec) {
        match self.next().await {
            ToWorker::Subscribe { view, spec } => (view, spec),
            other => panic!("instead of a subscription: {other:?}"),
        }
    }

    pub async fn expect_credit(&mut self, view: ViewId) {
        assert_eq!(self.next().await, ToWorker::Credit { view });
    }

    /// Uses a credit of the view, waiting for one first.
    async fn spend(&mut self, view: ViewId) {
        loop {
            if let Some(index) = self.credits.iter().position(|credit| *credit == view) {
                self.credits.swap_remove(index);
                return;
            }
            let said = self.next_said().await;
            self.put_off.push_back(said);
        }
    }

    /// Shows a text once there is credit: the first time as a keyframe, then as deltas.
    pub async fn show(&mut self, view: ViewId, size: Size, text: &str) {
        self.spend(view).await;
        let grid = picture(size, text);
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(Encoding::default());
        let known = self.shown.iter().position(|(known, _, _)| *known == view);
        let (version, base) = match known {
            Some(index) => {
                let (_, version, before) = &self.shown[index];
                assert!(encoder.delta(before, &grid, &mut bytes), "a picture like the last one");
                (version.next(), *version)
            }
            None => {
                encoder.keyframe(&grid, &mut bytes);
                (Version(1), Version::NONE)
            }
        };
        self.frame(view, version, base, &bytes).await;
        if version.0 % DELTAS_MAX == 0 {
            bytes.clear();
            encoder.keyframe(&grid, &mut bytes);
            self.frame(view, version, Version::NONE, &bytes).await;
        }
        self.shown.retain(|(known, _, _)| *known != view);
        self.shown.push((view, version, grid));
    }

    pub async fn frame(&mut self, view: ViewId, version: Version, base: Version, bytes: &[u8]) {
        let epoch = self.epoch;
        self.say(&ToRoot::Frame(feed::Frame { view, epoch, version, base, bytes })).await;
    }

    /// Its feed ends, and the process is still to be cleared away; what ends it, once that is dropped.
    pub fn hang_up(mut self) -> oneshot::Sender<String> {
        self.end.take().expect("alive")
    }

    /// Ends as a process does that was killed: the feed goes, then the end is told.
    pub fn die(mut self, how: &str) {
        let end = self.end.take().expect("alive");
        drop(self.reader);
        drop(self.writer);
        let _ = end.send(how.to_owned());
    }
}

// === impl Viewer ===

impl Viewer {
    pub fn on(stream: UnixStream) -> Viewer {
        Viewer { stream, arrived: bytes::BytesMut::new(), screen: blank(80, 24), received: Vec::new() }
    }

    pub async fn say(&mut self, message: &FromViewer) {
        self.say_raw(&message.encode()).await;
    }

    pub async fn say_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("root reads");
    }

    pub async fn next(&mut self) -> ToClient {
        self.try_next().await.expect("root has not hung up")
    }

    /// None when root has hung up.
    pub async fn try_next(&mut self) -> Option<ToClient> {
        let body = patiently("root says something to the viewer", async {
            loop {
                if let Some(body) = framing::take(&mut self.arrived, limits::FEED_MESSAGE_BYTES_MAX).expect("caps") {
                    return Some(body);
                }
                self.stream.readable().await.expect("a socket");
                match self.stream.try_read_buf(&mut self.arrived) {
                    Ok(0) => return None,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            }
        })
        .await?;
        let message = ToClient::decode(&body).expect("a message");
        if let ToClient::Frame(bytes) = &message {
            self.screen.process(bytes);
            self.received.extend_from_slice(bytes);
        }
        Some(message)
    }

    /// Reads on until the screen shows the text.
    pub async fn until(&mut self, text: &str) {
        let mut messages = 0;
        while !self.text().contains(text) {
            messages += 1;
            assert!(messages < MESSAGES_MAX, "{text:?} never came, but {}", self.text());
            let message = self.next().await;
            assert!(!matches!(message, ToClient::Farewell(_)), "{message:?} while waiting for {text:?}");
        }
    }

    pub fn text(&self) -> String {
        self.screen.screen().contents()
    }

    /// Reads on until the farewell, and sees the connection end after it.
    pub async fn farewell(&mut self) -> (FarewellCode, String) {
        loop {
            if let ToClient::Farewell(farewell) = self.next().await {
                assert_eq!(self.try_next().await, None, "nothing follows a farewell");
                return (farewell.code, farewell.text);
            }
        }
    }
}

pub fn blank(cols: u16, rows: u16) -> vt100::Parser {
    let some = |count| std::num::NonZero::new(count).expect("a size");
    vt100::Parser::new(some(rows), some(cols), 0)
}

pub fn hello(cols: u16, rows: u16) -> FromViewer {
    FromViewer::Hello(Box::new(greeting(cols, rows)))
}

pub fn greeting(cols: u16, rows: u16) -> Hello {
    Hello {
        version: attach::VERSION,
        build: "test".to_owned(),
        board: None,
        params: Default::default(),
        size: Size::clamped(cols, rows),
        palette: Palette::Truecolor,
        glyphs: GlyphSet::Braille,
        timezone: "UTC".to_owned(),
        theme: None,
        resume: None,
        waits: true,
    }
}

pub fn catalogue() -> Catalogue {
    let param =
        |name: &str| ParamFacts { name: name.to_owned(), default: Some("x".to_owned()), ..ParamFacts::default() };
    let board = |name: &str| BoardFacts {
        name: name.to_owned(),
        title: name.to_uppercase(),
        panels: 3,
        theme: Default::default(),
        params: if name == "other" { vec![param("disk"), param("node")] } else { Vec::new() },
        uuid: None,
    };
    Catalogue { boards: vec![board("host"), board("other")] }
}

pub fn picture(size: Size, text: &str) -> Grid {
    let mut grid = Grid::new(size);
    grid.canvas().label(0, 0, &Label::plain(text), Style::new());
    grid
}

pub fn frame_of(message: ToClient) -> Bytes {
    match message {
        ToClient::Frame(bytes) => bytes,
        other => panic!("instead of a frame: {other:?}"),
    }
}

pub async fn patiently<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    match timer::timeout(PATIENCE, waiting).await {
        Ok(got) => got,
        Err(_) => panic!("waited in vain: {what}"),
    }
}
