//! The admin API of a real daemon over TCP: with TLS and a token, and what keeps a daemon from opening such a port.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

use crate::asking::wait_until;
use crate::daemon::Daemon;
use crate::home::Home;

const TOKEN: &str = "hunter2-hunter2-hunter2";

/// Different ones: all are held until all are known.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.each_ref().map(|listener| listener.local_addr().unwrap().port())
}

/// A home with a token and a certificate for `localhost`.
fn home() -> Home {
    let home = Home::new();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    home.put("token", &format!("{TOKEN}\n"));
    home.put("cert.pem", &certificate.pem());
    home.put("key.pem", &key.serialize_pem());
    home
}

/// Lines for `[admin]` that name these files.
fn named(home: &Home, keys: &[(&str, &str)]) -> String {
    keys.iter().map(|(key, file)| format!("{key} = \"{}\"\n", home.path(file).display())).collect()
}

/// The answer with its head, of one connection; as far as it came.
fn said(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn by_tls(home: &Home, port: u16, request: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(home.path("cert.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config.with_no_client_auth()), name).unwrap();
    said(StreamOwned::new(connection, TcpStream::connect(("127.0.0.1", port)).unwrap()), request)
}

fn request(method: &str, page: &str, token: &str) -> String {
    format!("{method} {page} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n")
}

#[test]
fn whoever_has_the_token_asks_by_tls_and_nobody_else_is_told_anything() {
    let home = home();
    let [admin, metrics] = free_ports();
    let files = named(&home, &[("token_file", "token"), ("cert_file", "cert.pem"), ("key_file", "key.pem")]);
    home.configure(&format!(
        "[admin]\nlisten = \"0.0.0.0:{admin}\"\n{files}[metrics]\nlisten = \"127.0.0.1:{metrics}\"\n"
    ));
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let ask = |method: &str, page: &str| by_tls(&home, admin, &request(method, page, TOKEN));
    let answer = ask("GET", "/api/v1/status");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(&format!("\"pid\": {}", daemon.pid())), "{answer}");
    for page in ["/metrics", "/healthz", "/readyz", "/api/v1/boards", "/debug/pprof/", "/debug/pprof/captures"] {
        assert!(ask("GET", page).starts_with("HTTP/1.1 200 "), "{page}");
    }
    assert!(ask("GET", "/debug/pprof/tasks?debug=2").contains("config-watch"));
    assert!(ask("POST", "/api/v1/reload").contains("\"accepted\": true"));
    // Who looked inside stands in the log, with where from.
    let capture = ask("GET", "/debug/pprof/profile?seconds=1&target=root&format=folded");
    assert!(capture.starts_with("HTTP/1.1 "), "{capture}");
    daemon.log.wait_for("the line about the capture", |log| {
        let line = log.lines().find(|line| line.contains("a profile was captured"))?;
        line.contains("address=127.0.0.1:").then_some(())
    });
    // What is wrong is told in one line that says what is allowed.
    for (method, page, token, code, says) in [
        ("GET", "/healthz", "wrong", 401, "`Authorization: Bearer TOKEN`"),
        ("GET", "/nonsense", "", 401, "`Authorization: Bearer TOKEN`"),
        ("GET", "/nonsense", TOKEN, 404, "/debug/pprof/captures"),
        ("GET", "/api/v1/rollback", TOKEN, 405, "only POST is allowed here"),
        ("POST", "/api/v1/rollback?generation=x", TOKEN, 400, "?generation=NUMBER"),
        ("GET", "/debug/pprof/flamegraph?hz=0", TOKEN, 400, "1 to 250"),
        ("GET", "/debug/pprof/flamegraph?colour=red", TOKEN, 400, "seconds, last, hz"),
        ("GET", &format!("/{}", "x".repeat(20_000)), TOKEN, 431, "16384 bytes"),
    ] {
        let answer = by_tls(&home, admin, &request(method, page, token));
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{method} {page}: {answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        assert!(body.contains(says) && body.lines().count() == 1, "{method} {page}: {answer}");
    }
    let slow = by_tls(&home, admin, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
    assert!(slow.starts_with("HTTP/1.1 408 ") && slow.contains("within 5 s"), "{slow}");
    let plain = said(TcpStream::connect(("127.0.0.1", admin)).unwrap(), &request("GET", "/healthz", TOKEN));
    assert!(plain.starts_with("HTTP/1.1 400 ") && plain.contains("https://"), "{plain}");
    // Nothing of it is anywhere else.
    for page in ["/debug/pprof/", "/debug/pprof/profile", "/api/v1/status"] {
        let answer = said(TcpStream::connect(("127.0.0.1", metrics)).unwrap(), &request("GET", page, TOKEN));
        assert!(answer.starts_with("HTTP/1.1 404 "), "{page}: {answer}");
        let answer = said(UnixStream::connect(home.socket()).unwrap(), &request("GET", page, TOKEN));
        assert!(!answer.contains("HTTP/1.1"), "{page}: {answer}");
    }
    // The token is told by nothing.
    let bundle = home.path("bundle.tar.gz");
    assert!(home.run(&["support-bundle", bundle.to_str().unwrap()]).status.success());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(bundle).unwrap()).read_to_end(&mut unpacked).unwrap();
    let status = home.run(&["status", "--json"]).stdout;
    let log = daemon.log.wait_for("what there is to say of the port", |log| {
        let says = ["refused somebody who asked over TCP without the token", "the admin API is served over TCP"];
        says.iter().all(|line| log.contains(line)).then(|| log.to_owned())
    });
    for text in [unpacked, status, log.into_bytes()] {
        assert!(!String::from_utf8_lossy(&text).contains(TOKEN), "a token was told");
    }
    assert_eq!(daemon.stop().code(), Some(0));
}

#[test]
fn a_port_that_is_not_safe_or_cannot_be_is_refused_with_line_and_remedy_before_anything_is_served() {
    let home = home();
    home.put("short", "hunter2\n");
    let (token, identity) =
        (named(&home, &[("token_file", "token")]), named(&home, &[("cert_file", "cert.pem"), ("key_file", "key.pem")]));
    for (listen, rest, says, remedy) in [
        ("127.0.0.1:9465", String::new(), ":2:10: admin.listen: ", "add token_file"),
        ("0.0.0.0:9465", token.clone(), ":2:10: admin.listen: ", "add cert_file"),
        ("[::]:9465", identity.clone(), ":2:10: admin.listen: ", "add token_file"),
        ("127.0.0.1:9465", "token = \"hunter2-hunter2-hunter2\"\n".to_owned(), ":3:9: admin.token: ", "token_file = "),
        ("127.0.0.1:9465", named(&home, &[("token_file", "short")]), "fewer than 16 characters", "openssl rand"),
        ("127.0.0.1:9465", named(&home, &[("token_file", "none")]), "No such file", "put it there"),
        (
            "0.0.0.0:9465",
            token.clone() + &named(&home, &[("cert_file", "token"), ("key_file", "key.pem")]),
            "holds no certificate in PEM",
            "correct cert_file",
        ),
    ] {
        home.configure(&format!("[admin]\nlisten = \"{listen}\"\n{rest}"));
        for verb in ["serve", "check"] {
            let output = home.run(&[verb]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(64), "{verb}: {said}");
            assert!(said.contains("unblink.toml:") && said.contains(says) && said.contains(remedy), "{verb}: {said}");
            assert!(!said.contains("hunter2"), "{verb}: {said}");
        }
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    home.configure(&format!("[admin]\nlisten = \"{}\"\n{token}", taken.local_addr().unwrap()));
    let output = home.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot serve the admin API at 127.0.0.1:") && said.contains("[admin] listen"), "{said}");
}

#[test]
fn a_port_that_changes_waits_for_a_restart_and_one_that_is_wrong_is_refused() {
    let home = home();
    home.configure("");
    let _daemon = Daemon::start(&home);
    let [port] = free_ports();
    let listen = format!("[admin]\nlisten = \"127.0.0.1:{port}\"\n");
    home.configure(&listen);
    let output = home.run(&["reload"]);
    assert_eq!(output.status.code(), Some(64), "{}", String::from_utf8_lossy(&output.stderr));
    home.put("short", "hunter2\n");
    home.configure(&(listen.clone() + &named(&home, &[("token_file", "short")])));
    let output = home.run(&["reload"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(64) && said.contains("fewer than 16 characters"), "{said}");
    home.configure(&(listen + &named(&home, &[("token_file", "token")])));
    let output = home.run(&["reload"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("[admin] listen") && said.contains("applies when the daemon is started again"), "{said}");
}

/// An editor that puts another file in its place, a credential that is not there yet: what was read last serves meanwhile.
#[test]
fn a_token_that_is_gone_for_a_moment_refuses_no_reload_and_the_new_one_is_taken_when_it_is_there() {
    let home = home();
    let [port] = free_ports();
    let keys = named(&home, &[("token_file", "token")]);
    let settings =
        |interval: &str| format!("[admin]\nlisten = \"127.0.0.1:{port}\"\n{keys}[host]\ninterval = '{interval}'\n");
    home.configure(&settings("2s"));
    let daemon = Daemon::start(&home);
    daemon.wait_for_drawing_workers(1);
    let asked =
        |token: &str| said(TcpStream::connect(("127.0.0.1", port)).unwrap(), &request("GET", "/healthz", token));
    let change = |args: &[&str]| {
        let output = home.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        (output.status.success(), said)
    };
    fs::remove_file(home.path("token")).unwrap();
    home.configure(&settings("3s"));
    let (done, told) = change(&["reload"]);
    let warned = |text: &str| text.contains("admin.token_file") && text.contains("what was read of it last serves");
    assert!(done && told.contains("accepted: generation 2") && warned(&told), "{told}");
    daemon.log.wait_for("a warning", |log| log.lines().any(|line| line.contains("WARN") && warned(line)).then_some(()));
    assert!(asked(TOKEN).contains("200 OK"), "{}", asked(TOKEN));
    let (done, told) = change(&["rollback"]);
    assert!(done && told.contains("accepted: generation 3") && warned(&told), "{told}");
    // Where nobody asks for anything, the note goes once the file is back.
    let status = || String::from_utf8_lossy(&home.run(&["status", "--json"]).stdout).into_owned();
    assert!(warned(&status()), "{}", status());
    home.put("token", &format!("{TOKEN}\n"));
    wait_until("the note is gone", || !warned(&status()));
    // A wrong one refuses what is new, and nothing that was accepted before.
    home.put("token", "hunter2\n");
    let (done, told) = change(&["rollback", "2"]);
    assert!(done && told.contains("accepted: generation 4") && warned(&told), "{told}");
    home.configure(&settings("4s"));
    let (done, told) = change(&["reload"]);
    assert!(!done && told.contains("fewer than 16 characters"), "{told}");
    home.put("token", "another-token-another\n");
    let (done, told) = change(&["reload"]);
    assert!(done && told.contains("accepted: generation") && !warned(&told), "{told}");
    // Read anew when somebody comes, once it is some seconds old.
    wait_until("the new token is taken", || asked("another-token-another").contains("200 OK"));
    assert!(asked(TOKEN).contains("401"), "{}", asked(TOKEN));
    assert_eq!(daemon.stop().code(), Some(0));
    fs::remove_file(home.path("token")).unwrap();
    let refused = home.run(&["serve"]);
    assert_eq!(refused.status.code(), Some(64), "a start refuses it");
}
