//! Cuts of the network between a source and its server, in namespaces of their own.
//!
//! Invariant: nothing is told to either end; what the screens say is found out by the daemon itself.

use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use unblink::runtime;
use unblink::sys::clock;

use crate::board::{self, Look};
use crate::bridge::{ADDRESS, Bridge};
use crate::home::Home;
use crate::inject::ms;
use crate::stage::Log;
use crate::viewers::Viewers;
use crate::{PATIENCE, Trouble};

/// What it is called in tables.
pub const NAME: &str = "network: the port between a source and its server is down, then up";
const VIEWERS: usize = 4;

/// A daemon behind a bridge; killed when dropped.
struct Behind(Child);

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Cuts so many times and answers with how long it took from the port's coming up to the next good picture, in
/// milliseconds.
pub fn cut(count: usize) -> Result<Vec<f64>, Trouble> {
    let bridge = Bridge::new()?;
    let listener = TcpListener::bind((ADDRESS, 0)).map_err(|error| error.to_string())?;
    let port = listener.local_addr().map_err(|error| error.to_string())?.port();
    runtime::spawn_thread("servers", move || serve(&listener)).map_err(|error| error.to_string())?;
    let home = Home::new();
    home.configure(&format!(
        "[sources.far]\nkind = \"prometheus\"\nurl = \"http://{ADDRESS}:{port}\"\ninterval = \"1s\"\ntimeout = \"1s\"\n\
         queries = {{ hi = \"hi\", lo = \"lo\" }}\n"
    ));
    fs::create_dir_all(home.path("config/boards.d")).map_err(|error| error.to_string())?;
    let of_source = board::neighbour().replace("\"push\"", "\"far\"").replace("chaos_", "far_");
    home.put("config/boards.d/far.toml", &of_source);
    let mut command = bridge.behind(&home.command(&["serve"]));
    let streams = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut daemon = Behind(streams.spawn().map_err(|error| error.to_string())?);
    let log = Log::default();
    log.follow(BufReader::new(daemon.0.stderr.take().expect("it is piped")));
    log.wait_started(1);
    let looks = (0..VIEWERS).map(|_| (home.command(&["attach", "far"]), (80, 10), true)).collect();
    let viewers = Viewers::start(looks);
    wait(&viewers, clock::mono(), Look::Sound)?;
    (0..count).map(|_| once(&bridge, &viewers)).collect()
}

fn once(bridge: &Bridge, viewers: &Viewers) -> Result<f64, Trouble> {
    viewers.forget();
    bridge.cut()?;
    let told = wait(viewers, clock::mono(), Look::Complaining);
    bridge.join()?;
    told?;
    let joined = clock::mono();
    wait(viewers, joined, Look::Sound)?;
    let good = viewers.screen(0).first(joined, |shot| shot.look == Look::Sound);
    good.map(|shot| ms(shot.at.since(joined))).ok_or_else(|| "no good picture".to_owned())
}

fn wait(viewers: &Viewers, since: unblink::base::Mono, look: Look) -> Result<(), Trouble> {
    let saw = |viewer: usize| viewers.screen(viewer).first(since, |shot| shot.look == look).is_some();
    let all = || (0..VIEWERS).all(saw).then_some(());
    viewers.wait(PATIENCE, all).ok_or_else(|| format!("waited in vain for {look:?}:\n{}", viewers.screen(0).text()))
}

/// Answers like a Prometheus whose values count what it was asked.
fn serve(listener: &TcpListener) {
    let asked = Arc::new(AtomicU64::new(0));
    for stream in listener.incoming().flatten() {
        let asked = Arc::clone(&asked);
        // Who is cut off stays until the kernel gives the connection up.
        drop(runtime::spawn_thread("server", move || while answer(&stream, &asked).is_some() {}));
    }
}

fn answer(mut stream: &TcpStream, asked: &AtomicU64) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?.to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut form = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut form).ok()?;
    let form = String::from_utf8(form).ok()?;
    let field = |name: &str| form.split('&').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let value = 100 + asked.fetch_add(1, Ordering::Relaxed) % 800;
    let (kind, points) = match (field("start"), field("time")) {
        (None, Some(time)) => ("vector", format!(r#""value":[{time},"{value}"]"#)),
        _ => ("matrix", format!(r#""values":[[{},"{value}"]]"#, field("end")?)),
    };
    let body =
        format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":[{{"metric":{{}},{points}}}]}}}}"#);
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(whole.as_bytes()).ok()
}
