//! Profiles of a working daemon, of time and of memory, read by Go's own tool.

use std::fs;
use std::process::Command;

use crate::stage::Stage;
use crate::terminal::Terminal;

#[test]
fn gos_own_tool_reads_a_profile_and_finds_the_functions_by_name() {
    let mut stage = Stage::new();
    let owner = stage.person();
    let mut daemon = Terminal::open(&owner, "daemon", 120, 40);
    // A process of a test holds little: its allocator is to note more of it.
    daemon.run("_RJEM_MALLOC_CONF=lg_prof_sample:12 ../unblink serve");
    daemon.wait_for("attach.sock");
    let mut viewer = Terminal::open(&owner, "viewer", 160, 50);
    viewer.run("../unblink attach demo");
    viewer.wait_for("requests");

    let taken = owner.unblink(&["profile", "--seconds", "5", "--hz", "250", "--format", "pprof", "--output", "-"]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    told(
        &taken.stdout,
        &["-sample_index=cpu"],
        &["Type: cpu", "Duration: 5s", "worker default", "unblink::scene", "start_thread"],
    );
    let taken = owner.unblink(&["profile", "--heap", "--format", "pprof", "--output", "-"]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    told(&taken.stdout, &[], &["Type: inuse_space", "worker default", "unblink::worker", "root"]);
    told(&taken.stdout, &["-sample_index=inuse_objects"], &["Type: inuse_objects", "worker default"]);
    viewer.press(&["q"]);
    viewer.wait_until("the shell again", |screen| !screen.contains("requests"));
    daemon.press(&["C-c"]);
    daemon.wait_for("daemon stopped");
}

/// What the tool says of this file.
fn told(file: &[u8], args: &[&str], parts: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("taken.pb.gz");
    fs::write(&path, file).expect("room for it");
    // A cache is a matter of its compiler, but without a home it does not start.
    let mut tool = Command::new("go");
    tool.env("HOME", folder.path()).args(["tool", "pprof", "-symbolize=none"]).args(args);
    let read = tool.args(["-top", "-cum"]).arg(&path).output().expect("go is installed");
    let (text, errors) = (String::from_utf8_lossy(&read.stdout), String::from_utf8_lossy(&read.stderr));
    assert!(read.status.success(), "{errors}");
    for part in parts {
        assert!(text.contains(part), "no {part}: {text}{errors}");
    }
}
