//! The configuration as people write it, right and wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::notation::parse_duration;
use crate::wire::feed::FileKind;

fn file(text: &str) -> ConfigFile {
    ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.as_bytes().to_vec() }
}

fn shown(text: &str) -> String {
    let complaints = parse(&[file(text)]).expect_err("these files are wrong");
    complaints.iter().map(|complaint| format!("{complaint}\n")).collect()
}

fn check(text: &str, expected: &str) {
    assert_eq!(shown(text).trim_end(), expected.trim_end(), "for {text:?}");
}

#[test]
fn nothing_configured_gives_the_defaults() {
    assert_eq!(parse(&[]), Ok(Settings::default()));
    assert_eq!(parse(&[file("")]), Ok(Settings::default()));
    assert_eq!(parse(&[file("# nothing\n[host]\n")]), Ok(Settings::default()));
}

#[test]
fn every_key_is_taken() {
    let settings = parse(&[file(
        "[attach]\nsocket = '/a/attach.sock'\n[admin]\nsocket = '/a/admin.sock'\n[metrics]\nlisten = '[::1]:9464'\n[host]\ninterval = '2s'\ndeadline = '1.5s'\n[log]\nlevel = 'debug'\n",
    )])
    .unwrap();
    assert_eq!(settings.attach.socket, Some(PathBuf::from("/a/attach.sock")));
    assert_eq!(settings.admin.socket, Some(PathBuf::from("/a/admin.sock")));
    assert_eq!(settings.metrics.listen, Some("[::1]:9464".parse().unwrap()));
    assert_eq!(settings.host.interval, Duration::from_secs(2));
    assert_eq!(settings.host.deadline, Duration::from_millis(1500));
    assert_eq!(settings.log.level, Level::Debug);
}

#[test]
fn a_short_interval_shortens_the_deadline_nobody_set() {
    let settings = parse(&[file("[host]\ninterval = '200ms'")]).unwrap();
    assert_eq!(settings.host.deadline, Duration::from_millis(200));
}

#[test]
fn where_metrics_are_served_is_an_address_with_a_port() {
    check(
        "[metrics]\nlisten = \"localhost:9464\"\n",
        r#"unblink.toml:2:10: metrics.listen: "localhost:9464" is no numeric address with a port
    listen = "localhost:9464"
             ^
    write it as "127.0.0.1:9464""#,
    );
    for wrong in ["'127.0.0.1'", "':9464'", "'127.0.0.1:99999'", "'127.0.0.1:0'", "9464", "''"] {
        let text = shown(&format!("[metrics]\nlisten = {wrong}\n"));
        assert!(text.contains("127.0.0.1:9464") && text.contains("unblink.toml:2:10"), "{wrong}: {text}");
    }
    assert_eq!(parse(&[]).unwrap().metrics.listen, None, "no port is open by itself");
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    check(
        "[host]\nintervall = \"1s\"\ndeadline = 3\n\n[atach]\n[log]\nlevel = \"inof\"\n",
        r#"unblink.toml:2:1: there is no key "intervall" in [host]
    intervall = "1s"
    ^
    did you mean `interval`?
unblink.toml:3:12: host.deadline: a number stands where a text belongs
    deadline = 3
               ^
    write it as "500ms"
unblink.toml:5:2: there is no section [atach]
    [atach]
     ^
    did you mean `attach`?
unblink.toml:7:9: log.level: "inof" is no level
    level = "inof"
            ^
    did you mean `info`?"#,
    );
}

#[test]
fn complaints_come_in_the_order_of_the_file_also_when_two_keys_disagree() {
    check(
        "[host]\ndeadline = \"3s\"\n[log]\nlevel = 1\n",
        r#"unblink.toml:2:12: host.deadline: 3s is longer than host.interval
    deadline = "3s"
               ^
    a reading must be given up before the next one starts: shorten the deadline or lengthen the interval
unblink.toml:4:9: log.level: a number stands where a text belongs
    level = 1
            ^
    write it as "info""#,
    );
}

#[test]
fn a_word_near_to_nothing_gets_the_list() {
    check(
        "[host]\nfrobnicate = 1",
        "unblink.toml:2:1: there is no key \"frobnicate\" in [host]\n    frobnicate = 1\n    ^\n    the keys known here are: interval, deadline",
    );
}

#[test]
fn syntax_errors_and_wrong_keys_are_said_together() {
    let shown = shown("[host]\ninterval = \n[log]\nlevle = 'info'\n");
    assert!(shown.contains("unblink.toml:2:"), "{shown}");
    assert!(shown.contains("did you mean `level`?"), "{shown}");
}

#[test]
fn a_deadline_beyond_the_interval_is_refused_whatever_the_order() {
    check(
        "[host]\ndeadline = \"2s\"\ninterval = \"1s\"",
        "unblink.toml:2:12: host.deadline: 2s is longer than host.interval\n    deadline = \"2s\"\n               ^\n    a reading must be given up before the next one starts: shorten the deadline or lengthen the interval",
    );
}

#[test]
fn bad_values_say_what_would_be_good() {
    for (text, expected) in [
        ("[host]\ninterval = '1'", "it has no unit"),
        ("[host]\ninterval = '1 parsec'", "its unit is none of ms, s, m, h"),
        ("[host]\ninterval = 's'", "it does not start with a number"),
        ("[host]\ninterval = '1ms'", "lies outside 100ms to 3600s"),
        ("[host]\ninterval = '99999999999999999999h'", "it is too long"),
        ("[attach]\nsocket = 'attach.sock'", "the path is not absolute"),
        ("host = 3", "host is a section, but a number stands here"),
    ] {
        assert!(shown(text).contains(expected), "{text}: {}", shown(text));
    }
    let long = format!("[attach]\nsocket = '/{}'", "x".repeat(107));
    assert!(shown(&long).contains("cannot name a socket"));
}

#[test]
fn bytes_that_are_no_text_are_placed() {
    let bad = ConfigFile { kind: FileKind::Settings, name: "x.toml".to_owned(), bytes: b"[host]\nint\xffer".to_vec() };
    let complaints = parse(&[bad]).unwrap_err();
    assert_eq!((complaints[0].line, complaints[0].column), (2, 4));
    assert!(complaints[0].message.contains("not UTF-8"));
}

#[test]
fn what_is_shown_of_a_file_cannot_act_on_a_terminal() {
    let shown = shown("[host]\n\"\\u001b[31m\" = '\u{202e}\u{7}'\n");
    assert!(!shown.chars().any(|c| c != '\n' && c.is_control()), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
}

#[test]
fn complaints_are_capped() {
    let many: String = (0..500).map(|number| format!("[section{number}]\n")).collect();
    assert_eq!(parse(&[file(&many)]).unwrap_err().len(), limits::DIAGNOSTICS_MAX);
}

#[test]
fn a_flag_goes_before_the_environment_before_the_file_before_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("unblink.toml");
    std::fs::write(&path, "[host]\ninterval = '7s'\ndeadline = '6s'\n[log]\nlevel = 'warn'\n").unwrap();
    let asked = Asked {
        config: Some(path),
        flags: vec![Override { flag: "--log-level", section: "log", key: "level", value: "trace".to_owned() }],
    };
    let env = |name: &str| match name {
        "UNBLINK_HOST_DEADLINE" => Some("5s".to_owned()),
        "UNBLINK_LOG_LEVEL" => Some("error".to_owned()),
        _ => None,
    };
    let loaded = load(&asked, env, &Places::of(&Surroundings::default())).unwrap();
    assert_eq!(loaded.settings.host.interval, Duration::from_secs(7), "the file");
    assert_eq!(loaded.settings.host.deadline, Duration::from_secs(5), "the environment");
    assert_eq!(loaded.settings.log.level, Level::Trace, "the flag");
    assert_eq!(loaded.settings.attach.socket, None, "the default");
    // A worker that gets the same bytes comes to the same settings.
    assert_eq!(parse(&loaded.files), Ok(loaded.settings));
}

#[test]
fn what_is_right_is_read_beside_what_is_not() {
    let text = "[attach]\nsocket = '/run/a.sock'\n[host]\nintervall = '2s'\n[nonsense\n";
    assert!(parse(&[file(text)]).is_err());
    assert_eq!(what_is_right(&[file(text)]).attach.socket.as_deref(), Some(Path::new("/run/a.sock")));
}

#[test]
fn uid_0_reads_nothing_for_others_that_they_may_not_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (config, secret) = (folder.path().join("config"), folder.path().join("secret"));
    std::fs::create_dir_all(config.join("boards.d")).unwrap();
    std::fs::create_dir(config.join("..data")).unwrap();
    let main = config.join("unblink.toml");
    std::fs::write(&main, "").unwrap();
    let load = || {
        let asked = Asked { config: Some(main.clone()), flags: Vec::new() };
        load(&asked, |_| None, &Places::of(&Surroundings::default()))
    };
    for inside in [config.join("..data/unblink.toml"), config.join("unblink.toml.own")] {
        std::fs::write(&inside, "").unwrap();
        std::fs::set_permissions(&inside, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::remove_file(&main).unwrap();
        symlink(&inside, &main).unwrap();
        load().expect("it leads nowhere else");
    }
    std::fs::write(&secret, "root:$6$hidden:19000:0:99999:7:::\n").unwrap();
    for link in [main.clone(), config.join("boards.d/secret.toml")] {
        let _ = std::fs::remove_file(&main);
        std::fs::write(&main, "").unwrap();
        let _ = std::fs::remove_file(&link);
        symlink(&secret, &link).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o640)).unwrap();
        let complaints = load().unwrap_err();
        // Whoever is not uid 0 reads what is that user's own.
        let is_shown = complaints.iter().any(|complaint| complaint.to_string().contains("$6$"));
        assert_eq!(is_shown, !rustix::process::geteuid().is_root(), "{complaints:?}");
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
        let complaints = load().unwrap_err();
        assert!(complaints.iter().any(|complaint| complaint.to_string().contains("$6$")), "{complaints:?}");
    }
}

#[test]
fn all_boards_together_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let main = folder.path().join("unblink.toml");
    std::fs::write(&main, "").unwrap();
    std::fs::create_dir(folder.path().join("boards.d")).unwrap();
    for number in 0..20 {
        let board = folder.path().join(format!("boards.d/{number:02}.toml"));
        std::fs::write(board, vec![b'\n'; limits::CONFIG_FILE_BYTES_MAX]).unwrap();
    }
    let asked = Asked { config: Some(main), flags: Vec::new() };
    let gathered = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default())).gather().unwrap();
    assert_eq!((gathered.files.len(), gathered.complaints.len()), (17, 1));
    let complaints = gathered.all_complaints();
    assert!(complaints[0].to_string().contains("16.toml: with this file"), "{}", complaints[0]);
}

#[test]
fn a_wrong_override_is_named_as_it_was_written() {
    let env = |name: &str| (name == "UNBLINK_HOST_INTERVAL").then(|| "so\"on\n".to_owned());
    let asked = Asked { config: Some("/dev/null/nowhere".into()), flags: Vec::new() };
    assert!(load(&asked, env, &Places::of(&Surroundings::default())).is_err());
    let places = Places { config: "/nonexistent/unblink.toml".into(), ..Places::of(&Surroundings::default()) };
    let complaints = load(&Asked::default(), env, &places).unwrap_err();
    assert_eq!(
        complaints[0].to_string(),
        "environment UNBLINK_HOST_INTERVAL: host.interval: \"so\\\"on \" is no duration: it does not start with a number\n    write it as \"1s\""
    );
}

#[test]
fn files_that_cannot_be_configuration_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let places = Places::of(&Surroundings::default());
    let complain = |path: &Path| {
        let asked = Asked { config: Some(path.to_owned()), flags: Vec::new() };
        load(&asked, |_| None, &places).unwrap_err()[0].message.clone()
    };
    assert_eq!(complain(&folder.path().join("missing")), "the file does not exist");
    assert_eq!(complain(folder.path()), "this is not a regular file");
    let long = folder.path().join("long");
    std::fs::write(&long, vec![b' '; limits::CONFIG_FILE_BYTES_MAX + 1]).unwrap();
    assert!(complain(&long).contains("longer than"));
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(complain(&pipe), "this is not a regular file");
}

#[test]
fn places_follow_the_user_and_the_session() {
    let system =
        Places::of(&Surroundings { uid: 0, runtime_dir: Some("/run/user/0".into()), ..Surroundings::default() });
    assert_eq!(system.attach, Path::new("/run/unblink/attach.sock"));
    assert_eq!(system.config, Path::new("/etc/unblink/unblink.toml"));
    let user = Surroundings { uid: 1000, home: Some("/home/u".into()), ..Surroundings::default() };
    let places = Places::of(&user);
    assert_eq!(places.attach, Path::new("/tmp/unblink-1000/attach.sock"));
    assert_eq!(places.config, Path::new("/home/u/.config/unblink/unblink.toml"));
    let places = Places::of(&Surroundings {
        runtime_dir: Some("/run/user/1000".into()),
        config_home: Some("relative".into()),
        ..user
    });
    assert_eq!(places.admin, Path::new("/run/user/1000/unblink/admin.sock"));
    assert_eq!(places.config, Path::new("/home/u/.config/unblink/unblink.toml"), "a relative folder is ignored");
}

#[test]
fn a_folder_somebody_else_could_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let uid = rustix::process::geteuid().as_raw();
    let socket = folder.path().join("unblink/attach.sock");
    prepare_directory(&socket, Mode::User, uid).unwrap();
    prepare_directory(&socket, Mode::User, uid).unwrap();
    let inner = folder.path().join("unblink");
    assert_eq!(std::fs::metadata(&inner).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(matches!(vet_directory(&socket, Mode::User, uid + 1), Err(DirectoryError::Foreign { .. })));
    std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o770)).unwrap();
    assert!(matches!(vet_directory(&socket, Mode::User, uid), Err(DirectoryError::Open { mode: 0o770, .. })));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&inner, &link).unwrap();
    assert!(matches!(
        vet_directory(&link.join("attach.sock"), Mode::User, uid),
        Err(DirectoryError::NotAFolder { .. })
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_settings_or_complaints_with_places(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = bytes.clone();
        if let Err(complaints) = parse(&[ConfigFile { kind: FileKind::Settings, name: "x".to_owned(), bytes }]) {
            let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
            for complaint in complaints {
                prop_assert!(complaint.line >= 1 && complaint.line as usize <= lines);
                prop_assert!(complaint.column >= 1);
                prop_assert!(!complaint.to_string().chars().any(|c| c != '\n' && c.is_control()));
            }
        }
    }

    #[test]
    fn durations_of_whole_milliseconds_survive(ms in 0_u64..10_000_000) {
        prop_assert_eq!(parse_duration(&format!("{ms}ms")), Ok(Duration::from_millis(ms)));
        prop_assert_eq!(parse_duration(&format!("{}.{:03}s", ms / 1000, ms % 1000)), Ok(Duration::from_millis(ms)));
    }
}

#[test]
fn a_standby_is_another_source_that_has_none() {
    let source = |name: &str, more: &str| format!("[sources.{name}]\nkind = \"file\"\npath = \"/x\"\n{more}\n");
    let understood = |text: String| understand(&[file(&text)]);
    let (settings, _) = understood(source("a", "standby = \"b\"") + &source("b", "")).unwrap();
    assert_eq!(settings.sources[0].standby.as_deref(), Some("b"));
    for (text, wrong) in [
        (source("a", "standby = \"c\""), "sources.a.standby: there is no source \"c\""),
        (source("a", "standby = \"a\""), "sources.a.standby: it cannot stand by for itself"),
        (
            source("a", "standby = \"b\"") + &source("b", "standby = \"a\""),
            "sources.a.standby: b has a standby of its own",
        ),
        (source("a", "standby = 3"), "sources.a.standby: a number stands where a text belongs"),
    ] {
        let complaints = understood(text).unwrap_err();
        assert!(complaints.iter().any(|complaint| complaint.message == wrong), "{wrong}: {complaints:?}");
    }
}

#[test]
fn the_flight_recorder_runs_unless_somebody_says_otherwise() {
    assert!(parse(&[]).unwrap().profile.recorder);
    for (said, recorder) in [("true", true), ("false", false)] {
        let settings = parse(&[file(&format!("[profile]\nrecorder = {said}\n"))]).unwrap();
        assert_eq!(settings.profile.recorder, recorder, "{said}");
    }
    assert!(
        shown("[profile]\nrecorder = 19\n").contains("profile.recorder: a number stands where true or false belongs")
    );
}

#[test]
fn faults_on_purpose_are_off_unless_somebody_says_so() {
    assert!(!parse(&[]).unwrap().faults.enabled);
    for (said, enabled) in [("true", true), ("false", false), ("'true'", true), ("'false'", false)] {
        let settings = parse(&[file(&format!("[faults]\nenabled = {said}\n"))]).unwrap();
        assert_eq!(settings.faults.enabled, enabled, "{said}");
    }
    assert!(shown("[faults]\nenabled = 'yes'\n").contains("faults.enabled: a text stands where true or false belongs"));
}

/// On the stacks that files are understood on: whatever they nest, reading them ends, and so does forgetting them.
#[test]
fn nesting_without_end_is_refused_within_the_stack_there_is() {
    let bytes = limits::CONFIG_FILE_BYTES_MAX;
    let deep = |open: &str, close: &str, before: &str| {
        let depth = (bytes - before.len()) / (open.len() + close.len());
        format!("{before}{}{}", open.repeat(depth), close.repeat(depth))
    };
    let texts = [
        deep("[", "]", "layout = "),
        deep("{ row = [", "] }", "layout = "),
        deep("{a=", "}", "layout = "),
        deep("a.", "", ""),
        format!("{}a = 1", deep("a.", "", "")),
        format!("[{}a]", deep("a.", "", "")),
        format!("[[{}a]]", deep("a.", "", "")),
        format!("layout = {{ {}a = 1 }}", deep("a.", "", "")),
    ];
    for text in texts {
        let read = move || {
            let board = scene::file::read("deep", "deep.toml", text.as_bytes()).is_err();
            let file = ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() };
            board && understand(&[file]).is_err()
        };
        let thread = crate::runtime::spawn_thread("reads", read).expect("a thread");
        assert!(thread.join().expect("it ends well"));
    }
}

/// What verbs go by for a further daemon is what its unit says.
#[test]
fn a_further_daemon_is_where_its_unit_says() {
    let unit = include_str!("../../systemd/unblink@.service").replace("%i", "lab");
    let places = Places::instance("lab");
    let config = Places::instance_config("lab");
    for line in [
        format!(
            "--config {} --socket {} --admin-socket {}\n",
            config.display(),
            places.attach.display(),
            places.admin.display()
        ),
        format!("\nStateDirectory={}\n", places.state.strip_prefix("/var/lib").unwrap().display()),
    ] {
        assert!(unit.contains(&line), "{line}");
    }
    assert_eq!((places.mode, Places::instance_of(&config)), (Mode::System, Some("lab".to_owned())));
    for other in
        ["/etc/unblink/unblink.toml", "/etc/unblink/instances/lab/other.toml", "/etc/unblink/instances/unblink.toml"]
    {
        assert_eq!(Places::instance_of(other.as_ref()), None, "{other}");
    }
    for (name, is_one) in
        [("lab", true), ("a.b:c-d_1", true), ("", false), ("..", false), ("a/b", false), ("a b", false)]
    {
        assert_eq!(is_instance_name(name), is_one, "{name}");
    }
}
