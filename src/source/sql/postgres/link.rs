//! One connection to a PostgreSQL server, kept open from turn to turn.
//!
//! Invariant: nothing is read beyond a cap, however long the server says its values are. Between exchanges nothing is done
//! for it. Encryption is asked for before anything else is said, and a certificate is always checked.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::UnixStream;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::super::super::format::words;
use super::super::super::reach::{self, tls};
use crate::base::{Mono, limits};
use crate::model::Secret;
use crate::model::origin::{Encryption, Place, Postgres};
use crate::sys::clock;

/// What asks a server for encryption: its length and a number.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
pub const CLOSED: &str = "closed the connection before its answer was whole";
/// For the whole session, for statements that are none of a transaction.
const SESSION: &str = "SET default_transaction_read_only = on";

/// A connection over which nothing is under way.
pub struct Link {
    client: Client,
    driver: Driver,
    left: Arc<AtomicUsize>,
}

/// Moves the bytes; none once the connection has ended.
type Driver = Option<Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>>;
/// An exchange under way.
type Exchange<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Why there is no connection.
#[derive(Debug)]
pub enum Trouble {
    Words(String),
    Error(Error),
}

/// More came than is taken.
#[derive(Debug, thiserror::Error)]
#[error("the answer is too long")]
pub struct TooMuch;

/// A connection of any kind.
trait Both: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// A connection of which only so much is read.
struct Capped {
    inner: Box<dyn Both>,
    left: Arc<AtomicUsize>,
}

// === impl Link ===

impl Link {
    pub async fn open(facts: &Postgres, password: Option<&Secret>, deadline: Mono) -> Result<Link, Trouble> {
        let inner = dial(facts, deadline).await.map_err(Trouble::Words)?;
        let left = Arc::new(AtomicUsize::new(limits::ANSWER_HEAD_BYTES_MAX));
        let capped = Capped { inner, left: Arc::clone(&left) };
        let mut config = Config::new();
        config.user(&facts.user).dbname(&facts.database).application_name("unblink").ssl_mode(SslMode::Disable);
        if let Some(password) = password {
            config.password(password.expose());
        }
        let (client, connection) = config.connect_raw(capped, NoTls).await.map_err(Trouble::Error)?;
        let mut link = Link { client, driver: Some(Box::pin(connection)), left };
        link.drive(|client| Box::pin(client.batch_execute(SESSION))).await.map_err(Trouble::Error)?;
        Ok(link)
    }

    /// How much may come now.
    pub fn expect(&self, bytes: usize) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    /// Whether it has not ended since.
    pub async fn is_open(&mut self) -> bool {
        let Some(driver) = &mut self.driver else { return false };
        self.left.store(limits::ANSWER_HEAD_BYTES_MAX, Ordering::Relaxed);
        // Two looks, and between them what came meanwhile is noticed; no waiting.
        let mut ended = false;
        for _ in 0..2 {
            tokio::task::yield_now().await;
            ended =
                ended || std::future::poll_fn(|context| Poll::Ready(driver.as_mut().poll(context).is_ready())).await;
        }
        if ended {
            self.driver = None;
        }
        !ended
    }

    /// One exchange, while the bytes are moved.
    pub async fn drive<'a, T>(
        &'a mut self,
        exchange: impl FnOnce(&'a mut Client) -> Exchange<'a, T>,
    ) -> Result<T, Error> {
        let mut exchange = exchange(&mut self.client);
        let Some(moving) = &mut self.driver else { return exchange.await };
        let ended = tokio::select! {
            biased;
            done = &mut exchange => return done,
            ended = moving => ended,
        };
        self.driver = None;
        // Nothing moves any more, so that this ends with what is there; why it ended says more.
        let done = exchange.await;
        match (done, ended) {
            (Err(done), Err(ended)) if done.as_db_error().is_none() => Err(ended),
            (done, _) => done,
        }
    }

    /// Tells the server to stop what runs, over a connection of its own as its protocol wants.
    pub async fn cancel(&self, facts: &Postgres) {
        let deadline = clock::mono() + super::CANCELLING;
        if let Ok(stream) = dial(facts, deadline).await {
            // One that cannot be told keeps the time limit that it was given.
            let _ = self.client.cancel_token().cancel_query_raw(stream, NoTls).await;
        }
    }
}

/// A connection to the server, encrypted where it should be.
async fn dial(facts: &Postgres, deadline: Mono) -> Result<Box<dyn Both>, String> {
    let host = match &facts.place {
        Place::Socket(folder) => {
            let path = folder.join(format!(".s.PGSQL.{}", facts.port));
            let stream = UnixStream::connect(path).await.map_err(|error| format!("cannot be reached: {error}"))?;
            return Ok(Box::new(stream));
        }
        Place::Host(host) => host,
    };
    let mut stream = reach::connect(host, facts.port, deadline).await?;
    // Questions are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let (settings, is_required) = match &facts.encryption {
        Encryption::Off => return Ok(Box::new(stream)),
        Encryption::Prefer(settings) => (settings, false),
        Encryption::Require(settings) => (settings, true),
    };
    let asking = async {
        stream.write_all(&SSL_REQUEST).await?;
        stream.read_u8().await
    };
    match asking.await.map_err(|error| io_words(&error))? {
        b'S' => {
            let name = ServerName::try_from(host.clone()).map_err(|_| "its name fits no certificate".to_owned())?;
            let stream = tls::connector(settings)?.connect(name, stream).await;
            Ok(Box::new(stream.map_err(|error| io_words(&error))?))
        }
        b'N' if is_required => {
            Err("offers no encryption; set it up there, or write tls = \"off\" where nobody can listen".to_owned())
        }
        b'N' => Ok(Box::new(stream)),
        _ => Err("does not answer as PostgreSQL does: is port right?".to_owned()),
    }
}

/// What an error of the connection means.
pub fn io_words(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    tls::trouble(error).unwrap_or_else(|| match error.kind() {
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => CLOSED.to_owned(),
        _ => format!("the connection failed: {}", words(&error.to_string())),
    })
}

// === impl Capped ===

impl AsyncRead for Capped {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, into);
        let came = into.filled().len() - before;
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(came), Ordering::Relaxed);
        if came > left { Poll::Ready(Err(io::Error::other(TooMuch))) } else { polled }
    }
}

impl AsyncWrite for Capped {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.driver.is_some() { "Link(open)" } else { "Link(closed)" })
    }
}
