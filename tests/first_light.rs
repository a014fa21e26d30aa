//! Root and worker together in one process, over a pipe instead of a socket pair: what a viewer gets to see of this
//! machine, and what a worker's death does to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::sync::Notify;

use unblink::base::{Size, limits};
use unblink::model::{GlyphSet, Key, Palette, ViewSpec};
use unblink::root::{self, Launcher, Launchers, Orders, Parts, RootError};
use unblink::runtime::{self, Task, timer};
use unblink::wire::attach::{self, FarewellCode, Hello, ToClient, ToRoot};
use unblink::wire::framing;
use unblink::worker;

/// Enough for the busiest machine; what is waited for comes within milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

struct Daemon {
    orders: Orders,
    root: Task<Result<(), RootError>>,
    /// Ends the worker as a signal would.
    kill: Arc<Notify>,
}

struct Viewer {
    stream: UnixStream,
    arrived: bytes::BytesMut,
    screen: vt100::Parser,
    spec: Option<ViewSpec>,
}

impl Daemon {
    fn start() -> Daemon {
        let kill = Arc::new(Notify::new());
        let killed = Arc::clone(&kill);
        let launchers = Launchers::new(move |_| {
            let killed = Arc::clone(&killed);
            Launcher::Within(Box::new(move || {
                let (ours, theirs) = tokio::io::duplex(64 * 1024);
                let killed = Arc::clone(&killed);
                let life = async move {
                    tokio::select! {
                        ended = worker::run(theirs, worker::Options::default()) => format!("ended: {ended:?}"),
                        () = killed.notified() => "was killed".to_owned(),
                    }
                };
                (Box::new(ours), Box::pin(life))
            }))
        });
        let (orders, waiting) = root::orders();
        let root = runtime::spawn(
            "root",
            root::run(
                Parts { beginning: None, launchers, sockets: None, devices: 0, service: Default::default() },
                waiting,
            ),
        );
        Daemon { orders, root, kill }
    }

    async fn viewer(&self, cols: u16, rows: u16) -> Viewer {
        let stream = self.orders.connect(None).expect("root lives");
        stream.set_nonblocking(true).expect("a socket");
        let stream = UnixStream::from_std(stream).expect("a runtime");
        let mut viewer = Viewer { stream, arrived: bytes::BytesMut::new(), screen: blank(cols, rows), spec: None };
        let hello = Hello {
            version: attach::VERSION,
            build: "test".to_owned(),
            board: Some("host".to_owned()),
            params: Default::default(),
            size: Size::clamped(cols, rows),
            palette: Palette::Truecolor,
            glyphs: GlyphSet::Braille,
            timezone: "UTC".to_owned(),
            theme: None,
            resume: None,
            waits: true,
        };
        viewer.say(&ToRoot::Hello(Box::new(hello))).await;
        viewer
    }

    async fn stop(mut self) {
        self.orders.stop().await;
        patiently("root ends", &mut self.root).await.expect("no panic").expect("no error");
    }
}

impl Viewer {
    async fn say(&mut self, message: &ToRoot) {
        self.stream.write_all(&message.encode()).await.expect("root reads");
    }

    async fn next(&mut self) -> ToClient {
        let body = patiently("root says something", async {
            loop {
                if let Some(body) = framing::take(&mut self.arrived, limits::FEED_MESSAGE_BYTES_MAX).expect("caps") {
                    return body;
                }
                self.stream.readable().await.expect("a socket");
                match self.stream.try_read_buf(&mut self.arrived) {
                    Ok(0) => panic!("root hung up"),
                    Ok(_) => {}
                    Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
                }
            }
        })
        .await;
        let message = ToClient::decode(&body).expect("a message");
        match &message {
            ToClient::Frame(bytes) => self.screen.process(bytes),
            ToClient::Spec(spec) => self.spec = Some(spec.clone()),
            ToClient::Welcome(_) | ToClient::Farewell(_) | ToClient::Pong | ToClient::Later(_) => {}
            ToClient::PushWelcome(_) | ToClient::PushTaken(_) | ToClient::PushLater(_) => panic!("it pushes nothing"),
        }
        message
    }

    /// Reads on until the screen is as wanted.
    async fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        patiently(what, async {
            while !wanted(&self.text()) {
                self.next().await;
            }
        })
        .await;
    }

    fn text(&self) -> String {
        self.screen.screen().contents()
    }
}

fn blank(cols: u16, rows: u16) -> vt100::Parser {
    let some = |count| std::num::NonZero::new(count).expect("a size");
    vt100::Parser::new(some(rows), some(cols), 0)
}

async fn patiently<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    match timer::timeout(PATIENCE, waiting).await {
        Ok(got) => got,
        Err(_) => panic!("waited in vain: {what}"),
    }
}

fn live(text: &str) -> bool {
    text.contains('%') && !text.contains("died")
}

#[tokio::test]
async fn three_sizes_show_this_machine_at_once_each_in_its_own() {
    let daemon = Daemon::start();
    let mut viewers = Vec::new();
    for (cols, rows) in [(120, 40), (80, 24), (40, 10)] {
        viewers.push(daemon.viewer(cols, rows).await);
    }
    for viewer in &mut viewers {
        viewer.until("a picture", live).await;
    }
    // The smallest terminals there are, drawn without harm to the others.
    let mut tiny = daemon.viewer(1, 1).await;
    patiently("a frame", async { while !matches!(tiny.next().await, ToClient::Frame(_)) {} }).await;
    let before = viewers[0].text();
    viewers[0].until("the picture moves", |text| text != before).await;
    daemon.stop().await;
}

#[tokio::test]
async fn keys_and_sizes_change_what_one_viewer_sees() {
    let daemon = Daemon::start();
    let mut viewer = daemon.viewer(80, 24).await;
    let mut other = daemon.viewer(80, 24).await;
    viewer.until("a picture", live).await;
    other.until("a picture", live).await;
    viewer.say(&ToRoot::Key(Key::Char('?'))).await;
    viewer.until("the help", |text| text.contains("this help")).await;
    viewer.say(&ToRoot::Key(Key::Char('?'))).await;
    viewer.say(&ToRoot::Resize(Size::clamped(100, 30))).await;
    viewer.screen = blank(100, 30);
    patiently("the new size", async {
        while viewer.spec.as_ref().is_none_or(|spec| spec.size != Size::clamped(100, 30) || spec.overlay.is_some()) {
            viewer.next().await;
        }
    })
    .await;
    viewer.until("a picture in the new size", live).await;
    let before = other.text();
    other.until("the other one is live", |text| text != before && live(text)).await;
    viewer.say(&ToRoot::Key(Key::Char('q'))).await;
    let farewell = patiently("a farewell", async {
        loop {
            if let ToClient::Farewell(farewell) = viewer.next().await {
                return farewell;
            }
        }
    });
    assert_eq!(farewell.await.code, FarewellCode::Quit);
    daemon.stop().await;
}

#[tokio::test]
async fn a_killed_worker_is_replaced_and_viewers_are_live_again() {
    let daemon = Daemon::start();
    let mut viewer = daemon.viewer(80, 24).await;
    viewer.until("a picture", live).await;
    for round in 0..3 {
        daemon.kill.notify_one();
        // Whatever is shown in between, the screen is never empty, and it moves again.
        for _ in 0..3 {
            let before = viewer.text();
            assert!(!before.trim().is_empty(), "round {round}");
            viewer.until("the picture moves", |text| text != before).await;
        }
        viewer.until("it is live again", live).await;
    }
    daemon.stop().await;
}
