//! A folder of its own for each test, and commands that know of nothing else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;
use unblink::admin::status::Status;

/// Where one test's configuration, sockets and state lie.
pub struct Home {
    folder: TempDir,
}

// === impl Home ===

impl Home {
    pub fn new() -> Home {
        let folder = tempfile::Builder::new().prefix("unblink-e2e-").tempdir().unwrap();
        let home = Home { folder };
        for name in ["run", "config", "state"] {
            fs::create_dir(home.path(name)).unwrap();
        }
        fs::create_dir(home.path("run/unblink")).unwrap();
        fs::set_permissions(home.path("run/unblink"), Permissions::from_mode(0o700)).unwrap();
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where this home's daemon listens.
    pub fn socket(&self) -> PathBuf {
        self.path("run/unblink/attach.sock")
    }

    /// Where it answers whoever operates it.
    pub fn admin(&self) -> PathBuf {
        self.path("run/unblink/admin.sock")
    }

    /// The program with these arguments, in this home and with nothing of the tester's environment. The sockets
    /// and the state are named by variables, so that a test run by root does not reach for the system's daemon.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_unblink"));
        command.args(args).env_clear().current_dir(self.folder.path());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", self.folder.path());
        command.env("XDG_RUNTIME_DIR", self.path("run")).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("XDG_STATE_HOME", self.path("state")).env("RUST_BACKTRACE", "1");
        command.env("STATE_DIRECTORY", self.path("state/unblink"));
        command.env("UNBLINK_ATTACH_SOCKET", self.socket());
        command.env("UNBLINK_ADMIN_SOCKET", self.admin());
        if self.configuration().exists() {
            command.env("UNBLINK_CONFIG", self.configuration());
        }
        // What is waited for stands in lines for people; of JSON there are tests.
        command.env("UNBLINK_LOG_FORMAT", "human");
        command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env("LANG", "C.UTF-8").env("TZ", "UTC");
        command
    }

    /// The configuration that commands of this home read from now on.
    pub fn configure(&self, text: &str) {
        self.put("config/unblink.toml", text);
    }

    /// Writes a file as a whole: whoever looks meanwhile sees the one before.
    pub fn put(&self, name: &str, text: &str) {
        let beside = self.path("written");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path(name)).unwrap();
    }

    fn configuration(&self) -> PathBuf {
        self.path("config/unblink.toml")
    }

    /// What the daemon says of itself.
    pub fn status(&self) -> Status {
        let output = self.run(&["status", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs the program to its end, away from any terminal.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }
}
