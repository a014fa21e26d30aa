//! The admin API over TCP as people configure it, right and wrong.

use std::fs;
use std::path::Path;

use rcgen::{CertificateParams, KeyPair};

use super::*;
use crate::config::{Settings, parse};

fn file(name: &str, text: &str) -> ConfigFile {
    ConfigFile { kind: FileKind::Settings, name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn main(text: &str) -> Vec<ConfigFile> {
    vec![file("unblink.toml", text)]
}

fn shown(complaints: &[Diagnostic]) -> String {
    complaints.iter().map(|complaint| format!("{complaint}\n")).collect()
}

/// What is wrong with these lines, whatever the files are that they name.
fn check(text: &str, expected: &str) {
    let complaints = parse(&main(text)).expect_err("this is wrong");
    assert_eq!(shown(&complaints).trim_end(), expected, "for {text}");
}

#[test]
fn a_port_without_a_token_or_beyond_this_machine_without_tls_is_refused() {
    check(
        "[admin]\nlisten = \"127.0.0.1:9465\"\n",
        r#"unblink.toml:2:10: admin.listen: whoever reaches this port could read and change everything: there is no token
    listen = "127.0.0.1:9465"
             ^
    add token_file = "/path" with a secret line in that file, which only the daemon may read, or leave listen out"#,
    );
    check(
        "[admin]\ntoken_file = \"/run/token\"\nlisten = \"0.0.0.0:9465\"\n",
        r#"unblink.toml:3:10: admin.listen: beyond this machine whoever carries the token could read it: there is no TLS
    listen = "0.0.0.0:9465"
             ^
    add cert_file = "/path" and key_file = "/path", in PEM, or listen at 127.0.0.1"#,
    );
    for (listen, is_refused) in [
        ("127.0.0.1:1", false),
        ("127.9.9.9:1", false),
        ("[::1]:1", false),
        ("[::ffff:127.0.0.1]:1", false),
        ("0.0.0.0:1", true),
        ("[::]:1", true),
        ("192.168.0.1:1", true),
        ("[fe80::1]:1", true),
        ("[::ffff:10.0.0.1]:1", true),
    ] {
        let text = format!("[admin]\nlisten = '{listen}'\ntoken_file = '/run/token'\n");
        assert_eq!(parse(&main(&text)).is_err(), is_refused, "{listen}");
        let text = format!("{text}cert_file = '/run/c'\nkey_file = '/run/k'\n");
        assert!(parse(&main(&text)).is_ok_and(|settings| settings.admin_port.unwrap().has_tls()), "{listen}");
    }
    let both = parse(&main("[admin]\nlisten = '0.0.0.0:1'\n")).unwrap_err();
    assert_eq!(both.len(), 2, "all that is wrong is said at once: {}", shown(&both));
    assert_eq!(
        parse(&main("[admin]\ntoken_file = '/run/token'\n")).unwrap(),
        Settings::default(),
        "off without listen"
    );
    let none = crate::config::what_is_right(&main("[admin]\nsocket = '/x'\nlisten = '0.0.0.0:1'\n"));
    assert!(none.admin_port.is_none() && none.admin.socket.is_some(), "what is wrong is not settled on");
}

#[test]
fn a_token_does_not_stand_in_the_configuration_wherever_it_is_said() {
    for name in ["unblink.toml", "environment UNBLINK_ADMIN_TOKEN"] {
        for token in ["hunter2-hunter2-hunter2", "${A}hunter2-hunter2", "Bearer hunter2-hunter2", ""] {
            let text = format!("[admin]\nlisten = '127.0.0.1:1'\ntoken = \"{token}\"\n");
            let said = shown(&parse(&[file(name, &text)]).unwrap_err());
            assert!(said.contains("admin.token: a secret does not stand") && said.contains("token_file = "), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn what_makes_no_sense_together_is_told() {
    let port = "[admin]\nlisten = '127.0.0.1:1'\n";
    for (rest, says) in [
        ("token = '${A}'\ntoken_file = '/a'", "4:14: admin.token_file: there are two tokens"),
        ("token = '${A}'\ncert_file = '/a'", "4:13: admin.cert_file: a certificate is nothing without its key"),
        ("token = '${A}'\nkey_file = '/a'", "4:12: admin.key_file: a key is nothing without its certificate"),
        ("token_file = 'a'", "3:14: admin.token_file: the path is not absolute"),
        ("token_file = \"/a\\u0000\"", "3:14: admin.token_file: the path holds a zero byte"),
        ("token_file = '${A'", "3:14: admin.token_file: ${ begins no name of a variable"),
        ("token_file = 7", "3:14: admin.token_file: a number stands where a text belongs"),
        ("tokenfile = '/a'", "did you mean `token_file`?"),
    ] {
        let said = shown(&parse(&main(&format!("{port}{rest}\n"))).unwrap_err());
        assert!(said.contains(says), "{rest}: {said}");
    }
    // The environment and the file add up.
    let files = [
        file("unblink.toml", "[admin]\ntoken_file = '/a'\n"),
        file("environment UNBLINK_ADMIN_LISTEN", "[admin]\nlisten = \"127.0.0.1:9\"\n"),
    ];
    assert_eq!(parse(&files).unwrap().admin_port.unwrap().listen.port(), 9);
}

/// A certificate for `localhost` and its key, in PEM.
fn identity() -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

/// What is told of these files, in a folder that the variable `FOLDER` names.
fn told(folder: &Path, keys: &str, reader: Reader) -> String {
    let files = main(&format!("[admin]\nlisten = '127.0.0.1:1'\n{keys}\n"));
    let settings = parse(&files).unwrap();
    let env = |name: &str| match name {
        "FOLDER" => Some(folder.display().to_string()),
        "SHORT" => Some("hunter2".to_owned()),
        "BLANK" => Some("hunter2 hunter2 hunter2".to_owned()),
        "TOKEN" => Some("hunter2-hunter2-hunter2".to_owned()),
        "HERE" => Some("here".to_owned()),
        _ => None,
    };
    shown(&troubles(&files, settings.admin_port.as_ref(), env, reader))
}

#[test]
fn files_and_variables_that_are_not_what_they_should_be_are_told_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let ((certificate, key), (_, other)) = (identity(), identity());
    for (name, text) in [("cert", &certificate), ("key", &key), ("other", &other)] {
        put(name, text);
    }
    put("token", "hunter2-hunter2-hunter2\nmore\n");
    put("short", "hunter2\n");
    put("empty", "");
    put("blank", "\n");
    let tls = |certificate: &str, key: &str| {
        format!("token = '${{TOKEN}}'\ncert_file = '${{FOLDER}}/{certificate}'\nkey_file = '${{FOLDER}}/{key}'")
    };
    for (keys, says) in [
        ("token = '${NONE}'".to_owned(), "unblink.toml:3:9: admin.token: the variable NONE is not set"),
        ("token = '${SHORT}'".to_owned(), "unblink.toml:3:9: admin.token: the token has fewer than 16 characters"),
        ("token = '${BLANK}'".to_owned(), "3:9: admin.token: the token has blanks"),
        ("token_file = '${FOLDER}/short'".to_owned(), "3:14: admin.token_file: the token has fewer than 16"),
        ("token_file = '${FOLDER}/empty'".to_owned(), "/empty is empty"),
        ("token_file = '${FOLDER}/blank'".to_owned(), "does not begin with a line of 1 to"),
        ("token_file = '${FOLDER}/none'".to_owned(), "/none cannot be read: No such file"),
        ("token_file = '${FOLDER}'".to_owned(), "is no regular file"),
        ("token_file = '${HERE}/token'".to_owned(), "the path that its variables give is not absolute"),
        (tls("none", "key"), "4:13: admin.cert_file: "),
        (tls("key", "key"), "holds no certificate in PEM"),
        (tls("cert", "cert"), "5:12: admin.key_file: "),
        (tls("cert", "other"), "5:12: admin.key_file: it does not fit cert_file"),
    ] {
        for reader in [Reader::Daemon, Reader::Anybody] {
            let said = told(folder.path(), &keys, reader);
            assert!(said.contains(says) && !said.contains("hunter2"), "{keys}: {said}");
            assert_eq!(said.matches("unblink.toml:").count(), 1, "{keys}: {said}");
        }
    }
    for keys in ["token_file = '${FOLDER}/token'", &tls("cert", "key")] {
        assert_eq!(told(folder.path(), keys, Reader::Daemon), "", "{keys}");
    }
}

#[test]
fn the_token_alone_is_admitted_and_is_shown_by_nothing() {
    let files = main("[admin]\nlisten = '127.0.0.1:1'\ntoken = '${TOKEN}'\n");
    let port = parse(&files).unwrap().admin_port.unwrap();
    let credentials = Credentials::read(&port, |_| Some("hunter2-hunter2-hunter2".to_owned())).unwrap();
    assert!(credentials.admits(b"hunter2-hunter2-hunter2"));
    for wrong in
        [&b""[..], b"hunter2-hunter2-hunter", b"hunter2-hunter2-hunter2\0", b"Hunter2-hunter2-hunter2", b"${TOKEN}"]
    {
        assert!(!credentials.admits(wrong));
    }
    let shown = format!("{port:?} {credentials:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

/// A pipe in the place of a secret is told, and holds up nobody.
#[test]
fn a_pipe_is_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("token");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let text = format!("[admin]\nlisten = '127.0.0.1:1'\ntoken_file = '{}'\n", pipe.display());
    let port = parse(&main(&text)).unwrap().admin_port.unwrap();
    let trouble = Credentials::read(&port, |_| None).unwrap_err();
    assert!(trouble.to_string().contains("is no regular file"), "{trouble}");
}

/// A file that is gone for a moment is no reason to refuse anything, where another one was read of it; any other mistake is.
#[test]
fn what_is_gone_for_a_moment_is_told_apart_from_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let of = |token: &Path| main(&format!("[admin]\nlisten = '127.0.0.1:1'\ntoken_file = '{}'\n", token.display()));
    let port = |files: &[ConfigFile]| parse(files).unwrap().admin_port;
    let in_force = port(&of(&token));
    let look = |files: &[ConfigFile]| {
        let Found { wrong, gone } = found(files, port(files).as_ref(), in_force.as_ref(), |_| None);
        (shown(&wrong), shown(&gone))
    };
    let (wrong, gone) = look(&of(&token));
    assert!(wrong.is_empty() && gone.contains("unblink.toml:3:14: admin.token_file: "), "{wrong}{gone}");
    let (wrong, gone) = look(&of(&folder.path().join("another")));
    assert!(wrong.contains("cannot be read: No such file") && gone.is_empty(), "it was never read: {wrong}{gone}");
    fs::write(&token, "").unwrap();
    assert_eq!(look(&of(&token)).0, "", "somebody is about to write it");
    fs::write(&token, "short\n").unwrap();
    assert!(look(&of(&token)).0.contains("fewer than 16"));
    fs::write(&token, "long-enough-to-be-a-token\n").unwrap();
    assert_eq!(look(&of(&token)), (String::new(), String::new()));
}
