//! Heads as they come: whole, in pieces, endless, late, and none at all.

use tokio::io::DuplexStream;

use super::*;

/// What comes of these bytes: the stream once a head is there, and what whoever sent them is told.
async fn of(bytes: &[u8]) -> (bool, String) {
    let (mut theirs, ours) = tokio::io::duplex(4 * BYTES_MAX);
    theirs.write_all(bytes).await.unwrap();
    let talk = async {
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (begun, answer) = tokio::join!(async { wait(ours).await.is_some() }, talk);
    (begun, answer)
}

#[tokio::test(start_paused = true)]
async fn whatever_is_no_head_in_time_is_told_in_one_line_what_one_is() {
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(BYTES_MAX));
    let endless = format!("GET / HTTP/1.1\r\n{}", "a: b\r\n".repeat(BYTES_MAX));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(HEADERS_MAX + 1));
    for (bytes, code, says) in [
        ("GET / HTTP/1.1\r\nhost: x", "408 Request Timeout", "within 5 s"),
        (&long, "431 Request Header Fields Too Large", "16384 bytes"),
        (&endless[..2 * BYTES_MAX], "431 Request Header Fields Too Large", "16384 bytes"),
        (&many, "431 Request Header Fields Too Large", "64 headers"),
        ("hello\r\n\r\n", "400 Bad Request", "GET /healthz HTTP/1.1"),
        ("GET /\r\n\r\n", "400 Bad Request", "GET /healthz HTTP/1.1"),
        ("get / HTTP/1.1\r\n\r\n", "400 Bad Request", "GET /healthz HTTP/1.1"),
        ("GET / HTTP/2.0\r\n\r\n", "400 Bad Request", "GET /healthz HTTP/1.1"),
        ("\u{1b}[31m / HTTP/1.1\r\n\r\n", "400 Bad Request", "GET /healthz HTTP/1.1"),
    ] {
        let (begun, answer) = of(bytes.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{bytes}: {answer}"));
        assert!(!begun && head.starts_with(&format!("HTTP/1.1 {code}\r\n")), "{bytes}: {answer}");
        assert!(body.contains(says) && body.ends_with('\n') && body.lines().count() == 1, "{bytes}: {answer}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{answer}");
    }
    assert_eq!(of(b"").await, (false, String::new()), "whoever says nothing is answered nothing");
}

#[tokio::test]
async fn a_head_that_comes_in_pieces_is_handed_on_with_all_that_came() {
    const REQUEST: &[u8] = b"POST /a?b HTTP/1.0\r\nhost: x\r\n\r\nbody";
    for piece in 1..REQUEST.len() {
        let (mut theirs, ours): (DuplexStream, DuplexStream) = tokio::io::duplex(piece);
        let say = async move {
            theirs.write_all(REQUEST).await.unwrap();
        };
        let hear = async {
            let mut begun = wait(ours).await.expect("a head");
            let mut all = Vec::new();
            begun.read_to_end(&mut all).await.unwrap();
            all
        };
        let ((), heard) = tokio::join!(say, hear);
        assert_eq!(heard, REQUEST, "in pieces of {piece}");
    }
    let (mut theirs, ours) = tokio::io::duplex(100);
    theirs.write_all(b"GET / HTTP/1.1\n\n").await.unwrap();
    assert!(wait(ours).await.is_some(), "bare line ends are understood by who answers, too");
}
