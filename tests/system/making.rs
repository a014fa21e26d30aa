//! Packages for Debian of the program that is tested, in two versions, and how they are installed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::lab::Lab;

const VERSIONS: [&str; 2] = ["0.1.0-1", "0.1.0-1+next"];

/// Both, made once for all tests: they are staged in one folder.
pub fn packages() -> &'static [(PathBuf, &'static str); 2] {
    static MADE: OnceLock<[(PathBuf, &'static str); 2]> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
        // What an earlier run made.
        let _ = std::fs::remove_dir_all(&folder);
        VERSIONS.map(|version| (package(&folder, version), version))
    })
}

/// A package of the program that is tested, with this version.
fn package(folder: &Path, version: &str) -> PathBuf {
    let mut make = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/deb.sh"));
    make.args(["--program", env!("CARGO_BIN_EXE_unblink"), "--version", version, "--output"]);
    let made = make.arg(folder.join(version)).output().expect("the script runs");
    assert!(made.status.success(), "{version}: {}", String::from_utf8_lossy(&made.stderr));
    let mut names =
        std::fs::read_dir(folder.join(version)).expect("its folder").map(|entry| entry.expect("a file").path());
    names.find(|path| path.extension().is_some_and(|extension| extension == "deb")).expect("a package")
}

/// Has dpkg install it, which nobody answers.
pub fn install(lab: &Lab, package: &Path, version: &str) {
    std::fs::copy(package, lab.path("/opt/unblink.deb")).expect("a copy");
    lab.run("DEBIAN_FRONTEND=noninteractive dpkg -i /opt/unblink.deb");
    assert_eq!(lab.run("dpkg-query -f '${Status} ${Version}' -W unblink"), format!("install ok installed {version}"));
}
