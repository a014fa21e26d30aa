//! One daemon of the system, and two people who may each see one tenant of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use crate::stage::{Person, Stage};
use crate::terminal::Terminal;

/// `unblink serve` as root; killed when dropped.
struct Daemon {
    child: Child,
    /// Held open as long as the daemon lives.
    log: BufReader<ChildStderr>,
    attach: PathBuf,
}

impl Daemon {
    fn start(stage: &Stage, config: &str, boards: &[(&str, &str)]) -> Daemon {
        let program = stage.program();
        let folder = program.parent().expect("it lies in a folder").to_owned();
        let main = folder.join("unblink.toml");
        fs::write(&main, config).expect("a new file");
        for (name, text) in boards {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        }
        let (attach, admin) = (folder.join("attach.sock"), folder.join("admin.sock"));
        let mut command = Command::new(&program);
        command.args(["serve", "--config"]).arg(&main).env_clear().env("STATE_DIRECTORY", folder.join("state"));
        command.arg("--socket").arg(&attach).arg("--admin-socket").arg(&admin);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program runs");
        let log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut daemon = Daemon { child, log, attach };
        daemon.wait_for("daemon started");
        // Where there is no group for it: whoever gets in is told by credentials what there is.
        fs::set_permissions(&daemon.attach, fs::Permissions::from_mode(0o666)).expect("root may");
        daemon
    }

    fn wait_for(&mut self, words: &str) {
        let mut all = String::new();
        while !all.contains(words) {
            assert!(self.log.read_line(&mut all).expect("the log is text") > 0, "it ended: {all}");
        }
    }

    /// What somebody is told who attaches to this, on a screen of their own.
    fn attach(&self, person: &Person, name: &str, board: &str, wanted: &str) -> String {
        let mut terminal = Terminal::open(person, name, 100, 20);
        terminal.run(&format!("../unblink attach {board} --socket {}; echo status=$?", self.attach.display()));
        terminal.wait_for(wanted)
    }

    fn push(&self, person: &Person, tenant: &str) -> (Option<i32>, String) {
        let socket = self.attach.to_str().expect("temporary paths are UTF-8");
        let output = person.unblink(&["push", "--tenant", tenant, "orders", "1", "--socket", socket]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn board(words: &str) -> String {
    format!("[panel.a]\nchart = \"text\"\ntext = \"{words}\"\n[layout]\ncolumn = [\"a\"]\n")
}

#[test]
fn two_people_see_their_own_tenant_and_of_the_other_one_not_even_that_it_is_there() {
    let mut stage = Stage::new();
    let (ann, bob) = (stage.person(), stage.person());
    // The one is named by her number, the other by his group's.
    let config = format!(
        "[tenants.ann]\nviewers = [{}]\npushers = [{}]\n[tenants.bob]\nviewers = ['@{}']\npushers = ['@{}']\n\
         [tenants.default]\nviewers = []\npushers = []\n",
        ann.uid, ann.uid, bob.uid, bob.uid
    );
    let (of_ann, of_bob) = (board("words of Ann"), board("words of Bob"));
    let boards =
        [("tenants/ann/boards.d/own.toml", of_ann.as_str()), ("tenants/bob/boards.d/own.toml", of_bob.as_str())];
    let daemon = Daemon::start(&stage, &config, &boards);
    // Each sees one tenant, so its name may be left out.
    daemon.attach(&ann, "ann", "own", "words of Ann");
    daemon.attach(&bob, "bob", "own", "words of Bob");
    for (person, own, other) in [(&ann, "ann", "bob"), (&bob, "bob", "ann")] {
        let screen = |tenant: &str| {
            let screen = daemon.attach(person, &format!("refused-{tenant}"), &format!("{tenant}/own"), "status=1");
            let said = screen.lines().find(|line| line.contains("there is no tenant")).expect("it says why").to_owned();
            said.replace(tenant, "TENANT")
        };
        let hidden = screen(other);
        assert_eq!(hidden, screen("nobody"), "of a tenant that is not there the same is said");
        assert!(hidden.contains(&format!("there is {own}")), "{hidden}");
        assert_eq!(daemon.push(person, own), (Some(0), String::new()));
        let (hidden, absent) = (daemon.push(person, other), daemon.push(person, "nobody"));
        assert_eq!((hidden.0, hidden.1.replace(other, "TENANT")), (Some(1), absent.1.replace("nobody", "TENANT")));
    }
}
