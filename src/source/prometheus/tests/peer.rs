//! A server of a test's own, which does with each connection what the test wants: well, badly or never.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketType};

use crate::runtime;

/// What a connection can do, with TLS around it or not.
pub trait Both: Read + Write {}

impl<T: Read + Write> Both for T {}

pub type Stream = dyn Both;

/// It listens for as long as this lives.
pub struct Peer {
    port: u16,
    connections: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

/// One question as it came.
#[derive(Debug)]
pub struct Request {
    pub head: String,
    body: String,
}

// === impl Peer ===

impl Peer {
    pub fn start(serve: impl Fn(&mut Stream) + Send + Sync + 'static) -> Peer {
        Peer::with(move |mut stream| serve(&mut stream))
    }

    /// The same for who needs the socket itself.
    pub fn with(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, over, serve) = (connections.clone(), is_over.clone(), Arc::new(serve));
        let accept = move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let (serve, stream) = (serve.clone(), stream.unwrap());
                runtime::spawn_thread("peer-connection", move || serve(stream)).unwrap();
            }
        };
        runtime::spawn_thread("peer", accept).unwrap();
        Peer { port, connections, is_over }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes it; its end closes this connection and refuses every later one.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.read(&mut [0]);
        }
    }
}

// === impl Request ===

impl Request {
    /// The next question; none once the other side is gone.
    pub fn read(stream: &mut Stream) -> Option<Request> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            bytes.push(byte[0]);
        }
        let head = String::from_utf8(bytes).ok()?;
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).ok()?;
        Some(Request { head, body: String::from_utf8(body).ok()? })
    }

    /// One field of the form, where it needs no decoding.
    pub fn field(&self, name: &str) -> Option<String> {
        self.body.split('&').find_map(|field| Some(field.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
    }
}

/// A port that is taken and on which nobody listens.
pub fn deaf() -> (OwnedFd, u16) {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address: SocketAddrV4 = rustix::net::getsockname(&socket).unwrap().try_into().unwrap();
    (socket, address.port())
}

/// A whole answer; whether it could be sent.
pub fn reply(stream: &mut Stream, status: &str, headers: &str, body: &str) -> bool {
    let length = body.len();
    send(stream, format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}").as_bytes())
}

pub fn send(stream: &mut Stream, bytes: &[u8]) -> bool {
    stream.write_all(bytes).and_then(|()| stream.flush()).is_ok()
}

/// So many bytes, or fewer where nobody takes them; how many went.
pub fn flood(stream: &mut Stream, bytes: usize) -> usize {
    let block = [b'x'; 64 * 1024];
    let mut sent = 0;
    while sent < bytes && send(stream, &block) {
        sent += block.len();
    }
    sent
}

/// A head, then a byte every now and then, for ever.
pub fn trickle(stream: &mut Stream) {
    Request::read(stream);
    let mut is_taken = send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    let (_never, wait) = std::sync::mpsc::channel::<()>();
    while is_taken {
        // Nothing is waited for here: it is the pace of a slow line.
        let _ = wait.recv_timeout(Duration::from_millis(20));
        is_taken = send(stream, b" ");
    }
}
