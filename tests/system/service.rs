//! The daemon as a service of a real systemd, with its units as they are shipped.

use std::time::Duration;

use unblink::sys::clock;

use crate::crowd::Crowd;
use crate::lab::{BOOKWORM, Lab, TRIXIE};

pub const SUITES: [&str; 2] = [BOOKWORM, TRIXIE];
pub const WORDS: &str = "words-of-the-board";
pub const BOARD: &str = "/etc/unblink/boards.d/words.toml";
/// A source that tries to open, to take away and to forge the doors of its own daemon, and shows 74 where it can do nothing.
const PRYING: &str = r#"
[sources.prying]
kind = "command"
shell = "cd /run/unblink; if chmod 666 admin.sock || chmod 666 attach.sock || rm -f admin.sock || mv attach.sock a || touch a; then echo 96; else echo 74; fi 2>/dev/null"
interval = "1s"
"#;
/// What a history has to show: a value that a program pushed before the daemon was ended. No clock shows it.
pub const PUSHED: &str = "77";

/// Reads what Prometheus would.
const SCRAPE: &str = r#"use IO::Socket::INET;
my $s = IO::Socket::INET->new("127.0.0.1:9464") or die $!;
print $s "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
print <$s>;
"#;

/// Words, and what was pushed.
pub fn board(words: &str) -> String {
    format!(
        "[panel.a]\nchart = \"text\"\ntext = \"{words}\"\n[panel.b]\nchart = \"bars\"\nsource = \"push\"\nseries = \"before\"\n\
         [layout]\ncolumn = [\"a\", \"b\"]\n"
    )
}

pub fn words_of(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// A daemon with a board of known words.
fn serving(suite: &'static str, name: &str) -> Lab {
    let lab = Lab::installed(suite, name);
    lab.write(BOARD, &board(WORDS));
    lab.run("systemctl enable --now unblink.service");
    lab
}

pub fn crowd(lab: &Lab, count: usize) -> Crowd {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_unblink"));
    let crowd = Crowd::start(program, &lab.door(), "words", WORDS, count);
    crowd.wait_live();
    crowd
}

#[test]
fn the_units_are_sound_and_closed_to_what_they_do_not_need() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "units");
        let units = lab.run("ls /usr/lib/systemd/system/ | grep '^unblink' | sed 's/@/@one/' | tr '\\n' ' '");
        for unit in [
            "unblink.service",
            "unblink.socket",
            "unblink-admin.socket",
            "unblink-metrics.socket",
            "unblink@one.service",
            "unblink-console@one.service",
        ] {
            assert!(units.contains(unit), "{unit} is missing: {units}");
        }
        let verified = lab.try_run(&format!("systemd-analyze verify {units}"));
        assert_eq!((verified.status.code(), words_of(&verified)), (Some(0), String::new()), "{suite}");
        // What the units say to read is there.
        lab.run("cat /usr/lib/systemd/system/unblink*.service | sed -n 's/^Documentation=file://p' | xargs ls");
        let users = lab.try_run("XDG_RUNTIME_DIR=/tmp systemd-analyze verify --user /usr/lib/systemd/user/unblink*");
        assert_eq!((users.status.code(), words_of(&users)), (Some(0), String::new()), "{suite}");
        for unit in ["unblink.service", "unblink@one.service"] {
            let judged = lab.run(&format!("systemd-analyze security --no-pager {unit} | tail -n 1"));
            let exposure = judged.split_whitespace().find_map(|word| word.parse::<f64>().ok());
            assert!(exposure.is_some_and(|exposure| exposure <= 2.0), "{suite}: {judged}");
        }
    }
}

#[test]
fn it_is_up_when_it_can_draw_and_shows_it_to_its_group_alone() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "up");
        lab.run("systemctl enable --now unblink.service");
        assert_eq!(lab.property("ActiveState"), "active");
        // With word that it is up comes how it fares.
        lab.until("it says how it fares", || lab.property("StatusText") == "0 viewers, 1 of 1 worker drawing");
        lab.run("useradd -m -G unblink ann; useradd -m bob");
        let pushed = lab.try_run("runuser -u bob -- unblink push some 1");
        assert_eq!(pushed.status.code(), Some(77), "{}", words_of(&pushed));
        assert!(words_of(&pushed).contains("unblink"), "it names the group: {}", words_of(&pushed));
        let refused =
            lab.try_run("TERM=xterm runuser -u bob -- script -qec 'unblink attach host' /dev/null </dev/null");
        assert!(words_of(&refused).contains("group unblink"), "{}", words_of(&refused));
        lab.watch_as("ann");
        assert!(lab.run("unblink status").contains("ready"));
        // An operator may ask, a viewer may not.
        let asked = lab.try_run("runuser -u ann -- unblink status");
        assert_eq!(asked.status.code(), Some(77), "{}", words_of(&asked));
    }
}

#[test]
fn a_good_configuration_is_taken_over_and_a_bad_one_is_told_of() {
    for suite in SUITES {
        let lab = serving(suite, "reload");
        let first = lab.main_pid();
        lab.write("/etc/unblink/boards.d/more.toml", &board("more"));
        lab.run("systemctl reload unblink.service");
        assert!(lab.run("unblink boards").contains("more"));
        lab.write("/etc/unblink/boards.d/more.toml", "[panel.a]\nchart = \"nonsense\"\n");
        let refused = lab.try_run("systemctl reload unblink.service");
        assert_ne!(refused.status.code(), Some(0), "a bad one is refused");
        assert!(lab.journal().contains("more.toml:2"), "where it is wrong: {}", lab.journal());
        assert_eq!(lab.property("ActiveState"), "active");
        lab.until("the status says so", || lab.property("StatusText").contains("the configuration was refused"));
        // Everybody may read that one: it names nothing.
        assert!(!lab.property("StatusText").contains("more.toml"), "{suite}");
        assert!(lab.run("unblink status").contains("more.toml:2"), "{suite}");
        // A signal where nothing changed: it is up afterwards, and as it was.
        lab.run("kill -HUP $(systemctl show --value -p MainPID unblink.service)");
        let _refused = lab.try_run("unblink reload");
        lab.until("that is over", || lab.property("ActiveState") == "active");
        // By the signal alone, too: it says when it begins and when it is up again.
        lab.write("/etc/unblink/boards.d/more.toml", &board("more again"));
        lab.run("kill -HUP $(systemctl show --value -p MainPID unblink.service)");
        lab.until("it is taken over", || !lab.property("StatusText").contains("refused"));
        lab.until("that is over too", || lab.property("ActiveState") == "active");
        assert_eq!(lab.main_pid(), first);
    }
}

#[test]
fn no_source_and_no_viewer_comes_in_where_operators_ask() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "closed");
        lab.run("useradd -m -G unblink ann; useradd -m -G unblink-admin olga");
        lab.write("/etc/unblink/unblink.toml", PRYING);
        let panel = "[panel.b]\nchart = \"bars\"\nsource = \"prying\"\nseries = \"prying\"\n";
        let words = format!("[panel.a]\nchart = \"text\"\ntext = \"{WORDS}\"\n");
        lab.write(BOARD, &format!("{words}{panel}[layout]\ncolumn = [\"a\", \"b\"]\n"));
        lab.write("/etc/unblink/instances/lab/unblink.toml", "");
        // Where no core is allowed at all it works as well.
        lab.write("/etc/systemd/system/unblink.service.d/cores.conf", "[Service]\nLimitCORE=0\n");
        lab.run("systemctl daemon-reload; systemctl enable --now unblink.service");
        lab.run("systemctl enable --now unblink@lab.socket unblink-admin@lab.socket unblink@lab.service");
        let doors = || {
            lab.run("cd /run; stat -c '%U:%G %a %n' unblink unblink/* unblink-lab unblink-lab/*")
                .replace("unblink-lab", "unblink")
        };
        let expected =
            "root:root 755 unblink\nroot:unblink-admin 660 unblink/admin.sock\nroot:unblink 660 unblink/attach.sock";
        let crowd = crowd(&lab, 1);
        let screen = crowd.wait_for(&["74"]);
        assert!(!screen.contains("96"), "{suite}:\n{screen}");
        for _ in 0..2 {
            assert_eq!(doors(), format!("{expected}\n{expected}"), "{suite}");
            for folder in ["unblink", "unblink-lab"] {
                let ask = |user: &str| {
                    lab.try_run(&format!("runuser -u {user} -- unblink reload --admin-socket /run/{folder}/admin.sock"))
                };
                for user in ["ann", "unblink", "unblink-console"] {
                    let asked = ask(user);
                    assert_eq!(asked.status.code(), Some(77), "{suite}: {user}: {}", words_of(&asked));
                }
                let asked = ask("olga");
                assert_eq!(asked.status.code(), Some(0), "{suite}: {}", words_of(&asked));
                // Also outside of the sandbox.
                for what in ["chmod 666 admin.sock", "rm -f attach.sock", "touch a"] {
                    let tried = lab.try_run(&format!("cd /run/{folder}; runuser -u unblink -- {what}"));
                    assert_ne!(tried.status.code(), Some(0), "{suite}: {what}");
                }
            }
            lab.run("systemctl reload unblink.service unblink@lab.service");
            lab.run("systemctl restart unblink.service unblink@lab.service");
        }
        let found = lab.try_run("unblink doctor");
        assert_eq!(found.status.code(), Some(0), "{suite}: {}", words_of(&found));
    }
}

#[test]
fn two_sockets_of_one_name_are_refused_in_a_line() {
    let lab = Lab::installed(TRIXIE, "twice");
    let more = "[Socket]\nListenStream=/run/unblink/second.sock\n";
    lab.write("/etc/systemd/system/unblink.socket.d/more.conf", more);
    lab.run("systemctl daemon-reload; systemctl start --no-block unblink.service");
    lab.until("it says so", || lab.journal().contains("two sockets named attach were handed over"));
    assert_ne!(lab.property("ActiveState"), "active");
}

#[test]
fn a_daemon_that_was_killed_is_back_with_its_viewers_and_its_past() {
    for suite in SUITES {
        let lab = serving(suite, "killed");
        let crowd = crowd(&lab, 3);
        lab.run(&format!("unblink push before {PUSHED}"));
        crowd.wait_for(&[PUSHED]);
        for how in
            ["kill -KILL $(systemctl show --value -p MainPID unblink.service)", "systemctl restart unblink.service"]
        {
            let before = lab.main_pid();
            crowd.forget();
            lab.run(how);
            crowd.wait_live();
            assert_ne!(lab.main_pid(), before, "{how}");
            let screen = crowd.screen();
            assert!(screen.contains(WORDS) && screen.contains(PUSHED), "{how}:\n{screen}");
            assert_eq!(lab.property("NFileDescriptorStore"), "1", "one history, and nothing else");
        }
    }
}

#[test]
fn a_daemon_that_hangs_is_ended_and_is_back() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "hung");
        lab.write(BOARD, &board(WORDS));
        lab.write("/etc/systemd/system/unblink.service.d/soon.conf", "[Service]\nWatchdogSec=3\n");
        lab.run("systemctl daemon-reload; systemctl enable --now unblink.service");
        let crowd = crowd(&lab, 2);
        let before = lab.main_pid();
        // A worker that hangs is no reason.
        lab.run("pkill -STOP -P $(systemctl show --value -p MainPID unblink.service)");
        let age = || {
            lab.run("unblink status --json | sed -n 's/.*\"uptime_s\": \\([0-9]*\\),.*/\\1/p' | head -n 1")
                .parse::<u64>()
        };
        let then = age().expect("a number");
        lab.until("more time has passed than the watchdog gives", || age().is_ok_and(|age| age >= then + 7));
        assert_eq!(lab.main_pid(), before, "a worker that hangs is no reason");
        lab.run("pkill -CONT -P $(systemctl show --value -p MainPID unblink.service)");
        lab.run("kill -STOP $(systemctl show --value -p MainPID unblink.service)");
        lab.until("another one is there", || !["0", &before].contains(&lab.main_pid().as_str()));
        crowd.forget();
        crowd.press("r");
        crowd.wait_live();
        assert!(lab.run("journalctl --no-pager -u unblink.service").contains("Watchdog timeout"));
    }
}

#[test]
fn a_stop_is_a_stop_and_gives_every_terminal_back() {
    for suite in SUITES {
        let lab = serving(suite, "stop");
        let mut crowd = crowd(&lab, 3);
        let begun = clock::mono();
        lab.run("systemctl stop unblink.socket");
        let took = clock::mono().since(begun);
        assert!(took < Duration::from_secs(15), "{took:?}, which is systemd's own deadline");
        assert_eq!(lab.property("Result"), "success");
        // Nobody who tries again has it started.
        assert_eq!(
            lab.try_run("systemctl is-active unblink.socket unblink-admin.socket unblink.service").status.code(),
            Some(3)
        );
        assert!(!lab.path("/run/unblink/attach.sock").exists());
        assert_eq!(lab.run("pgrep -c unblink || true"), "0", "nothing of it runs");
        crowd.press("q");
        assert_eq!(crowd.wait_ended(), [Some(0); 3]);
        assert!(crowd.are_given_back());
    }
}

#[test]
fn an_instance_a_users_own_and_metrics_have_doors_of_their_own() {
    for suite in SUITES {
        let lab = Lab::installed(suite, "doors");
        lab.write("/etc/unblink/instances/lab/unblink.toml", "");
        lab.run("systemctl enable --now unblink@lab.socket unblink-admin@lab.socket unblink@lab.service");
        lab.run("systemctl enable --now unblink.service");
        for admin in ["/run/unblink/admin.sock", "/run/unblink-lab/admin.sock"] {
            lab.run(&format!("unblink status --admin-socket {admin}"));
        }
        lab.run("systemctl reload unblink@lab.service");
        // As the guide says: while the service runs, systemd opens no socket of it.
        assert!(!lab.try_run("systemctl start unblink-metrics.socket").status.success(), "{suite}");
        lab.run("systemctl stop unblink.socket");
        lab.run("systemctl enable --now unblink-metrics.socket");
        lab.run("systemctl start unblink.service");
        // The port answers as it is handed over, and stays when the daemon goes.
        lab.run("systemctl restart unblink.service");
        lab.write("/opt/scrape.pl", SCRAPE);
        let page = lab.run("perl /opt/scrape.pl");
        assert!(page.contains("200 OK") && page.contains("unblink_"), "{suite}: {page}");
        // A person's own, which is nobody else's.
        lab.run("useradd -m ann; useradd -m bob; systemctl start user@$(id -u ann).service");
        let by_ann = |line: &str| format!("runuser -u ann -- env XDG_RUNTIME_DIR=/run/user/$(id -u ann) {line}");
        lab.run(&by_ann("systemctl --user enable --now unblink.socket unblink-admin.socket unblink.service"));
        lab.run(&by_ann("systemctl --user restart unblink.service"));
        let kept = lab.run(&by_ann("systemctl --user show --value -p NFileDescriptorStore unblink.service"));
        assert_eq!(kept, "1", "{suite}: her history");
        lab.run(&by_ann("unblink status"));
        let by_bob =
            lab.try_run("runuser -u bob -- unblink push a 1 --socket /run/user/$(id -u ann)/unblink/attach.sock");
        assert_eq!(by_bob.status.code(), Some(77), "{suite}: {}", words_of(&by_bob));
    }
}
