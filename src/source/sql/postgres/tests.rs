//! Whole turns against servers that are none, or behave badly.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;

use super::*;
use crate::model::origin::{Columns, Encryption, Place, SqlQuery, Tls};
use crate::model::{Secret, Unit};
use crate::runtime;

const PASSWORD: &str = "s3cret-0815";
/// For what must not be cut off however busy the machine is.
const PATIENT: Duration = Duration::from_secs(60);
/// For what would never end by itself.
const HASTY: Duration = Duration::from_millis(300);
/// That all is well with who we are, the number of the session and its key, and that it waits for questions.
const WELCOME: &[u8] =
    b"R\x00\x00\x00\x08\x00\x00\x00\x00K\x00\x00\x00\x0c\x00\x00\x04\xd2\x00\x00\x16\x2eZ\x00\x00\x00\x05I";
/// Number and key as above, behind what asks for an end.
const CANCEL: [u8; 16] = [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, 0, 0, 0x04, 0xd2, 0, 0, 0x16, 0x2e];
/// `SET` is done.
const SET: &[u8] = b"C\x00\x00\x00\x08SET\x00Z\x00\x00\x00\x05I";

/// A server that does this with each connection, in turn, and remembers nothing.
fn serve(behave: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let behave = std::sync::Arc::new(behave);
    runtime::spawn_thread("test-postgres", move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let behave = behave.clone();
            runtime::spawn_thread("test-postgres-connection", move || behave(&mut stream)).unwrap();
        }
    })
    .unwrap();
    port
}

/// What begins a session: its length, and so much.
fn startup(stream: &mut TcpStream) -> Vec<u8> {
    let mut length = [0; 4];
    if stream.read_exact(&mut length).is_err() {
        return Vec::new();
    }
    let mut rest = vec![0; u32::from_be_bytes(length) as usize - 4];
    stream.read_exact(&mut rest).unwrap();
    [&length[..], &rest].concat()
}

/// One message: its letter, and what it says.
fn message(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).ok()?;
    let mut rest = vec![0; u32::from_be_bytes(head[1..].try_into().unwrap()) as usize - 4];
    stream.read_exact(&mut rest).ok()?;
    Some((head[0], rest))
}

/// Lets us in and takes the settings of the session.
fn welcome(stream: &mut TcpStream) {
    startup(stream);
    stream.write_all(WELCOME).unwrap();
    message(stream);
    stream.write_all(SET).unwrap();
}

fn error(severity: &str, code: &str, text: &str) -> Vec<u8> {
    let body = format!("S{severity}\0V{severity}\0C{code}\0M{text}\0D{PASSWORD} detail\0\0");
    [b"E", &u32::try_from(body.len() + 4).unwrap().to_be_bytes()[..], body.as_bytes()].concat()
}

/// Until the other side goes.
fn idle(stream: &mut TcpStream) {
    while stream.read(&mut [0; 1024]).is_ok_and(|count| count > 0) {}
}

fn facts(port: u16, encryption: Encryption) -> Postgres {
    Postgres {
        place: Place::Host("127.0.0.1".to_owned()),
        port,
        database: "shop".to_owned(),
        user: "wall".to_owned(),
        password: Some(Password::Given(Secret::new(PASSWORD))),
        encryption,
    }
}

fn asked(server: &mut Server, timeout: Duration) -> Result<(), Failure> {
    asked_within(server, timeout, timeout)
}

/// The same with a time of its own for connecting, which must not be cut off where the query is what hangs.
fn asked_within(server: &mut Server, connecting: Duration, timeout: Duration) -> Result<(), Failure> {
    let query = SqlQuery {
        name: "it".to_owned(),
        sql: "SELECT 1".to_owned(),
        params: Vec::new(),
        columns: Columns::default(),
        unit: Unit::None,
        divisor: 1,
    };
    let mut told = crate::source::format::Told::default();
    let mut sheet = Sheet::new(&query, "s", &mut told);
    runtime::block_on(async {
        server.prepare(clock::mono() + connecting).await.map_err(Failure::Database)?;
        server.ask(&query, &mut sheet, clock::mono() + timeout).await
    })
    .unwrap()
}

fn fails_with(
    encryption: Encryption,
    timeout: Duration,
    behave: impl Fn(&mut TcpStream) + Send + Sync + 'static,
    expect: &str,
) {
    let port = serve(behave);
    let failure = asked(&mut Server::new("s", facts(port, encryption), timeout), timeout).expect_err(expect);
    let (Failure::Database(why) | Failure::Query(why)) = failure;
    assert!(why.contains(expect), "{why:?} does not say {expect:?}");
    assert!(!why.contains(PASSWORD) && !why.contains("detail"), "{why}");
}

fn fails(timeout: Duration, behave: impl Fn(&mut TcpStream) + Send + Sync + 'static, expect: &str) {
    fails_with(Encryption::Off, timeout, behave, expect);
}

#[test]
fn who_is_no_server_is_told_in_words() {
    fails(HASTY, idle, "did not answer in 300ms");
    fails(PATIENT, |_| {}, "closed the connection before its answer was whole");
    fails(PATIENT, |stream| drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")), "127.0.0.1");
    fails(PATIENT, |stream| drop(stream.write_all(&[0xff; 4096])), "127.0.0.1");
    fails(PATIENT, |stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")), "127.0.0.1");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let refused = asked(&mut Server::new("s", facts(port, Encryption::Off), PATIENT), PATIENT).unwrap_err();
    assert!(matches!(refused, Failure::Database(why) if why.contains("cannot be reached: Connection refused")));
}

#[test]
fn what_a_server_refuses_is_told_without_secrets_and_without_details() {
    let says = |severity: &'static str, code: &'static str, text: &'static str| {
        move |stream: &mut TcpStream| {
            startup(stream);
            stream.write_all(&error(severity, code, text)).unwrap();
            idle(stream);
        }
    };
    fails(PATIENT, says("FATAL", "28P01", "no"), "does not accept the password of wall: is password_file right?");
    fails(PATIENT, says("FATAL", "28000", "no pg_hba.conf entry"), "does not let wall in: no pg_hba.conf entry");
    fails(PATIENT, says("FATAL", "3D000", "there is s3cret-0815"), "says: there is ***");
    let password = |stream: &mut TcpStream| {
        startup(stream);
        stream.write_all(b"R\x00\x00\x00\x08\x00\x00\x00\x03").unwrap();
        idle(stream);
    };
    let port = serve(password);
    let unknown = Postgres { password: None, ..facts(port, Encryption::Off) };
    let why = asked(&mut Server::new("s", unknown, PATIENT), PATIENT).unwrap_err();
    assert!(matches!(&why, Failure::Database(why) if why.ends_with("wants a password: set password_file")), "{why:?}");
}

#[test]
fn encryption_is_never_left_out_where_it_is_required() {
    let refuses = |stream: &mut TcpStream| {
        assert_eq!(startup(stream), [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
        stream.write_all(b"N").unwrap();
        assert!(startup(stream).is_empty(), "nothing is said in the clear");
    };
    let require = || Encryption::Require(Tls::default());
    fails_with(require(), PATIENT, refuses, "offers no encryption; set it up there");
    let junk = |stream: &mut TcpStream| drop(stream.write_all(b"HTTP/1.1 400"));
    fails_with(require(), PATIENT, junk, "does not answer as PostgreSQL does: is port right?");
    fails_with(Encryption::Prefer(Tls::default()), HASTY, idle, "did not answer in 300ms");
}

#[test]
fn a_query_that_takes_too_long_is_cancelled_at_the_server() {
    let (tell, told) = mpsc::channel();
    let port = serve(move |stream| {
        let first = startup(stream);
        if first.starts_with(&CANCEL[..8]) {
            return tell.send(first).unwrap();
        }
        stream.write_all(WELCOME).unwrap();
        message(stream);
        stream.write_all(SET).unwrap();
        idle(stream);
    });
    let failure = asked_within(&mut Server::new("s", facts(port, Encryption::Off), HASTY), PATIENT, HASTY).unwrap_err();
    assert!(matches!(&failure, Failure::Database(why) if why.ends_with("did not answer in 300ms")), "{failure:?}");
    assert_eq!(told.recv_timeout(PATIENT).unwrap(), CANCEL);
}

#[test]
fn an_endless_answer_is_cut_at_its_cap() {
    let flood = |stream: &mut TcpStream| {
        welcome(stream);
        message(stream);
        // One value of a gigabyte, of which more and more comes.
        stream.write_all(b"D\x40\x00\x00\x00\x00\x01\x3f\xff\xff\xf0").unwrap();
        while stream.write_all(&[b'x'; 64 * 1024]).is_ok() {}
    };
    fails(PATIENT, flood, "answers with more than 8 MiB: narrow the query");
    let before = |stream: &mut TcpStream| {
        startup(stream);
        stream.write_all(b"R\x40\x00\x00\x00").unwrap();
        while stream.write_all(&[b'x'; 64 * 1024]).is_ok() {}
    };
    fails(PATIENT, before, "answers with more than");
    let trickle = |stream: &mut TcpStream| {
        startup(stream);
        stream.write_all(b"R\x00").unwrap();
        idle(stream);
    };
    fails(HASTY, trickle, "did not answer in 300ms");
}
