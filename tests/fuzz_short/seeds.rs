//! Valid messages of every kind, bare and as a stream, for the short fuzz run to change.

use std::collections::BTreeMap;

use bytes::Bytes;
use unblink::base::{BUILD_ID, Diagnostic, Epoch, SessionId, Size, Trace, Version, ViewId, Wall};
use unblink::encode::{self, Encoder, Encoding};
use unblink::frame::{Color, Grid, Style};
use unblink::label::Label;
use unblink::machine::ledger::Step;
use unblink::model::board::{BoardFacts, Catalogue};
use unblink::model::param::Uuid;
use unblink::model::spec::Overlay;
use unblink::model::{Act, Gesture, GlyphSet, Input, Key, Palette, ParamFacts, ViewSpec, Vitals};
use unblink::wire::{attach, feed, framing};

/// A frame of 40x6 that reaches the edges with everything it has.
const EDGES: &[u8] = b"\x1b[?2026h\x1b[m\x1b[6;40Hx\x1b[5d\x1b[5G\x1b[36X\x1b[3;38H\x1b[3X\x1b[2;40H\x1b[K\x1b[H\x1b[40X\x1b[1;37Habcd\x1b[4;38H\
    \xe4\xb8\xadz\x1b[2H\xf0\x9f\x98\x80\x1b[2;3Hx\xcc\xb6\x1b[2;5H\x1b[7my\x1b[m\x1b[?2026l";

/// Lines that programs push.
const LINES: [&str; 2] = [
    "{\"series\":\"orders\",\"value\":3}\n{\"series\":\"disk.free\",\"value\":-7.5e3,\"labels\":{\"mount\":\"/\"},\"unit\":\"bytes\"}\n",
    "{\"series\":\"hits\",\"value\":1,\"kind\":\"counter\",\"at\":1789000000000,\"labels\":{\"a\":\"\\u00fc\",\"b\":4}}\n\n\
     {\"series\":\"x\",\"value\":2,\"at\":\"2026-09-10T00:26:39Z\",\"more\":[{\"a\":[]}]}",
];

/// Templates of charts.
const TEMPLATES: [&str; 4] = [
    "SELECT time, p95 FROM metrics WHERE app = {{.App}}",
    "SELECT {{ident .C}} FROM t -- it's\nWHERE {{if .A}}a = {{.V}} {{- else if not .B -}} b{{else}}c{{end}} /* '*/ LIMIT {{ .V }}",
    "{{/* a }} comment */ -}}\n{{if and .A (or .B (eq .A true)) (lt 1 2.5)}}SELECT 'it''s', \"x\", $q$ {{end}} {{- if .B}}$q$, {{.V}}{{end}}",
    "延迟 {{- .Größe -}} {{if eq .C \"p95\"}}E'\\'' {{else}}`y`{{end}}, {{.V}}, {{.W}}, {{.V}}",
];

/// The seeds of one target.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "feed_to_worker" => bare_and_streamed(feed_to_worker().iter().map(feed::ToWorker::encode).collect()),
        "feed_to_root" => bare_and_streamed(feed_to_root()),
        "attach_to_root" => bare_and_streamed(attach_to_root().iter().map(attach::ToRoot::encode).collect()),
        "attach_to_client" => bare_and_streamed(attach_to_client().iter().map(attach::ToClient::encode).collect()),
        "grammar" => [frames(), vec![EDGES.to_vec()]].concat(),
        "label" => labels(),
        "push" => LINES.map(|lines| lines.as_bytes().to_vec()).to_vec(),
        "template" => TEMPLATES.map(|text| text.as_bytes().to_vec()).to_vec(),
        unknown => panic!("no target {unknown}"),
    }
}

/// Each message without its length, then all of them one after the other with it.
const GESTURE: Gesture = Gesture { x: 999, y: 0, act: Act::Drag { columns: -3 } };

fn bare_and_streamed(messages: Vec<Bytes>) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = messages.iter().map(|message| message[framing::PREFIX_BYTES..].to_vec()).collect();
    seeds.push(messages.concat());
    seeds
}

fn spec() -> ViewSpec {
    let mut spec = ViewSpec::new("default", "host", Size::clamped(120, 40));
    spec.params = BTreeMap::from([("device".to_owned(), "eth0".to_owned()), ("größe".to_owned(), "中".to_owned())]);
    spec.paused_at = Some(Wall(1_700_000_000_000));
    spec.overlay = Some(Overlay::Help);
    spec.palette = Palette::Indexed;
    spec.glyphs = GlyphSet::Block;
    spec.timezone = "Europe/Berlin".to_owned();
    spec
}

fn feed_hello() -> feed::Hello {
    feed::Hello { version: feed::VERSION, build: BUILD_ID.to_owned(), epoch: Epoch(7), tenant: "default".to_owned() }
}

fn feed_to_worker() -> Vec<feed::ToWorker> {
    let file = feed::ConfigFile {
        kind: feed::FileKind::Board,
        name: "boards.d/a.toml".to_owned(),
        bytes: b"[board]\ntitle = \"a\"\n".to_vec(),
    };
    vec![
        feed::ToWorker::Hello(feed_hello()),
        feed::ToWorker::Prepare { generation: 3, files: vec![file.clone(), file] },
        feed::ToWorker::Commit { generation: 3 },
        feed::ToWorker::Subscribe { view: ViewId(1), spec: spec() },
        feed::ToWorker::Unsubscribe { view: ViewId(1) },
        feed::ToWorker::Credit { view: ViewId(u64::MAX) },
        feed::ToWorker::Hold { view: ViewId(u64::MAX) },
        feed::ToWorker::Input { session: SessionId(9), spec: spec(), input: Input::Key(Key::Char('中')) },
        feed::ToWorker::Input { session: SessionId(9), spec: spec(), input: Input::Mouse(GESTURE) },
        feed::ToWorker::Ping {
            nonce: 1 << 40,
            vitals: Some(Vitals { resident_bytes: Some(1 << 22), ..Vitals::default() }),
        },
        feed::ToWorker::Viewers { board: "host".to_owned(), viewers: 300 },
        feed::ToWorker::Push { pusher: SessionId(9), number: 1 << 20, lines: LINES[0].as_bytes().to_vec() },
        feed::ToWorker::LeaveAlone(vec![feed::Resting {
            ago_ms: 1,
            step: Step::Panel { board: "host".to_owned(), panel: 3 },
            deaths: 2,
            for_ms: 300_000,
            trace: Trace(7),
        }]),
        feed::ToWorker::Complaints(vec![feed::Complaint { board: None, text: "not applied: x".to_owned() }]),
    ]
}

fn feed_to_root() -> Vec<Bytes> {
    let facts = BoardFacts {
        name: "host".to_owned(),
        title: "This machine".to_owned(),
        panels: 4,
        theme: Default::default(),
        params: vec![ParamFacts { name: "disk".to_owned(), one_of: vec!["sda".to_owned()], ..ParamFacts::default() }],
        uuid: Some(Uuid([7; 16])),
    };
    let complaint = Diagnostic {
        file: "boards.d/a.toml".to_owned(),
        line: 3,
        column: 7,
        message: "unknown key".to_owned(),
        remedy: "remove it".to_owned(),
        excerpt: "colour = 1".to_owned(),
    };
    let row = feed::TreeRow {
        depth: 1,
        name: "source host".to_owned(),
        kind: "thread".to_owned(),
        state: "waiting".to_owned(),
        uptime_ms: None,
        restarts: 2,
        last_fault: "panicked".to_owned(),
        next_retry_ms: Some(1500),
    };
    let status = feed::WorkerStatus { series: 12, frames_drawn: 1 << 33, tree: vec![row], ..Default::default() };
    let accepted = feed::Outcome::Accepted(Catalogue { boards: vec![facts] });
    let mut messages: Vec<Bytes> = [
        feed::ToRoot::Hello(feed_hello()),
        feed::ToRoot::Prepared { generation: 3, outcome: accepted },
        feed::ToRoot::Prepared { generation: 4, outcome: feed::Outcome::Refused(vec![complaint]) },
        feed::ToRoot::Spec { session: SessionId(9), spec: spec() },
        feed::ToRoot::Pong { nonce: 5 },
        feed::ToRoot::Status(status),
        feed::ToRoot::Pushed(feed::Pushed {
            pusher: SessionId(9),
            number: 1 << 20,
            accepted: 3,
            rejected: 1,
            faults: vec![feed::Fault { line: 2, why: "no JSON".to_owned() }],
        }),
    ]
    .iter()
    .map(feed::ToRoot::encode)
    .collect();
    for bytes in frames() {
        let base = Version(messages.len() as u64);
        let frame = feed::Frame { view: ViewId(1), epoch: Epoch(2), version: base.next(), base, bytes: &bytes };
        messages.push(feed::ToRoot::Frame(frame).encode());
    }
    messages
}

fn attach_to_root() -> Vec<attach::ToRoot> {
    let hello = attach::Hello {
        version: attach::VERSION,
        build: BUILD_ID.to_owned(),
        board: Some("default/host".to_owned()),
        params: spec().params,
        size: Size::clamped(80, 24),
        palette: Palette::Ansi,
        glyphs: GlyphSet::Ascii,
        timezone: "UTC".to_owned(),
        theme: None,
        resume: Some(spec()),
        waits: true,
    };
    let keys = [Key::Char('q'), Key::Ctrl('c'), Key::BackTab, Key::PageDown, Key::Escape];
    let mut messages = vec![
        attach::ToRoot::Hello(Box::new(hello)),
        attach::ToRoot::Resize(Size::clamped(1, 500)),
        attach::ToRoot::Repaint,
        attach::ToRoot::Bye,
        attach::ToRoot::Ping,
        attach::ToRoot::Mouse(GESTURE),
        attach::ToRoot::Push(attach::PushHello {
            version: 2,
            build: BUILD_ID.to_owned(),
            tenant: "default".to_owned(),
        }),
        attach::ToRoot::Chunk(attach::Chunk { number: 3, lines: LINES[1].into() }),
    ];
    messages.extend(keys.map(attach::ToRoot::Key));
    messages
}

fn attach_to_client() -> Vec<attach::ToClient> {
    let welcome = attach::Welcome { version: 2, build: BUILD_ID.to_owned(), session: SessionId(4), gestures: true };
    let farewell = attach::Farewell { code: attach::FarewellCode::NoSuchBoard, text: "there are: host".to_owned() };
    let mut messages = vec![
        attach::ToClient::Welcome(welcome),
        attach::ToClient::Spec(spec()),
        attach::ToClient::Farewell(farewell),
        attach::ToClient::Pong,
        attach::ToClient::Later(attach::Later { after_ms: 250 }),
        attach::ToClient::PushWelcome(attach::PushWelcome {
            version: 2,
            credit: 4,
            chunk_bytes_max: 65_536,
            chunk_lines_max: 4096,
        }),
        attach::ToClient::PushTaken(attach::PushTaken {
            number: 3,
            accepted: 3,
            rejected: 1,
            faults: vec![attach::PushFault { line: 2, why: "no JSON".to_owned() }],
            credit: 1,
        }),
        attach::ToClient::PushLater(attach::PushLater {
            number: 4,
            after_ms: 50,
            unknown: true,
            why: "the worker is waiting".to_owned(),
            credit: 1,
        }),
    ];
    messages.extend(frames().into_iter().map(|bytes| attach::ToClient::Frame(bytes.into())));
    messages
}

/// Keyframe, delta and banner in every palette.
fn frames() -> Vec<Vec<u8>> {
    let size = Size::clamped(40, 6);
    let (mut from, mut to) = (Grid::new(size), Grid::new(size));
    let style = Style::new().fg(Color::rgb(200, 80, 0));
    let text = Label::plain("cpu 42 % é 中文 😀 x\u{301}\u{302}");
    from.canvas().label(0, 0, &text, style);
    to.canvas().label(3, 1, &text, style.bold());
    to.canvas().label(0, 5, &Label::plain("second"), Style::new().bg(Color::rgb(0, 0, 90)));
    let mut frames = Vec::new();
    for palette in [Palette::Truecolor, Palette::Indexed, Palette::Ansi, Palette::Mono] {
        let encoding = Encoding { palette, ascii: palette == Palette::Mono };
        let mut encoder = Encoder::new(encoding);
        let (mut keyframe, mut delta) = (Vec::new(), Vec::new());
        encoder.keyframe(&from, &mut keyframe);
        assert!(encoder.delta(&from, &to, &mut delta), "the grids differ");
        frames.extend([keyframe, delta, encode::banner(size, encoding, &text, style)]);
    }
    frames
}

fn labels() -> Vec<Vec<u8>> {
    [
        "cpu 42.0 %",
        "% / + = < > [ ] ° µ € é 中文 かな 한글 😀",
        "\u{1b}]0;title\u{7}a\u{1b}\u{1b}[0m[31mred\u{9b}2J",
        "\u{1b}Pq#0;2;0;0;0~\u{1b}\\x\u{1b}_G\u{9c}",
        "Z\u{336}\u{336}\u{336}\u{336}\u{336}o \u{1112}\u{1161}\u{11ab}\u{11a8}",
        "👨\u{200d}👩\u{200d}👧 👍🏽 🇩🇪🇫 ☀\u{fe0f} क्षि สวัสดี",
        "a\u{202e}b\u{2066}c\u{e0041}d\u{3164}e\u{e000}f\u{fdd0}\u{d4e}x",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
