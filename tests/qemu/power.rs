//! The power is cut while configuration, generations and logs are written, and comes back with a clock that is hours late.

use crate::clock::wait_right;
use crate::crowd::Crowd;
use crate::lab::Lab;
use crate::limits::WORDS;
use crate::witness::Witness;

/// Each cut costs a boot.
const CUTS: usize = 3;
/// Versions of the board that are accepted before a cut; the next ones are on their way by then.
const ACCEPTED_AT_LEAST: u64 = 5;
const BOARD: &str = "/etc/unblink/boards.d/version.toml";
/// Writes versions of a board one after the other, as people do, each followed by one that is wrong; notes which was accepted.
const WRITER: &str = r#"n=$(cat /var/log/accepted 2>/dev/null || echo 0)
while :; do
  n=$((n + 1))
  printf '[panel.a]\nchart = "text"\ntext = "version-%s-of-it"\n[layout]\ncolumn = ["a"]\n' "$n" >/etc/unblink/boards.d/version.new
  mv /etc/unblink/boards.d/version.new /etc/unblink/boards.d/version.toml
  unblink reload && echo "$n" >/var/log/accepted.new && mv /var/log/accepted.new /var/log/accepted && sync /var/log/accepted /var/log
  printf '[panel.a]\nchart = "nonsense"\n' >/etc/unblink/boards.d/version.toml
  unblink reload
done >/dev/null 2>&1
"#;

fn accepted(lab: &Lab) -> u64 {
    lab.run("cat /var/log/accepted 2>/dev/null || echo 0").parse().expect("a number")
}

/// The version that is drawn.
fn version(lab: &Lab) -> u64 {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_unblink"));
    let crowd = Crowd::start(program, &lab.door(), "default/version", "version-", 1);
    crowd.wait_live();
    let screen = crowd.screen();
    let number =
        screen.split_once("version-").and_then(|(_, rest)| rest.split_once("-of-it")).map(|(number, _)| number);
    number.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no version:\n{screen}"))
}

pub fn is_cut_while_configuration_is_written(lab: &Lab) {
    lab.write("/opt/writer.sh", WRITER);
    let mut told = Vec::new();
    for cut in 0..CUTS {
        let before = accepted(lab);
        lab.run("systemd-run --quiet --unit=writer sh /opt/writer.sh");
        lab.until("versions are accepted", || accepted(lab) >= before + ACCEPTED_AT_LEAST);
        // The last time the disk has nothing but a wrong version, and no newer one is on its way.
        let is_wrong = cut == CUTS - 1;
        if is_wrong {
            lab.run("systemctl stop writer");
            lab.run(&format!("printf '[panel.a]\\nchart = \"nonsense\"\\n' >{BOARD}; unblink reload; sync"));
        }
        let known = accepted(lab);
        // The second time the clock is late, too.
        lab.cut(if cut == 1 { "-6 hours" } else { "now" });
        lab.until("it is up by itself", || lab.property("ActiveState") == "active");
        let (accepted, drawn) = (accepted(lab), version(lab));
        assert!(accepted >= known, "{accepted} is known to be accepted, and {known} was before");
        told.push(format!("{drawn} of {accepted} accepted"));
        // The last one that was accepted, or one that nobody was told of yet.
        assert!((accepted..=accepted + 1).contains(&drawn), "version {drawn} is drawn, {accepted} was accepted");
        if is_wrong {
            assert!(lab.run(&format!("cat {BOARD}")).contains("nonsense"));
            let status = lab.property("StatusText");
            assert!(status.contains("refused"), "{status}");
        }
        is_whole(lab, drawn);
    }
    println!(
        "note: The power was cut {CUTS} times while versions of a board, right and wrong ones in turn, were written and taken over, \
         once with a clock six hours late afterwards, once with a wrong one alone on the disk. It came up by itself each time and drew the last right version: {}. \
         Generations, logs and the file system were whole, and a rollback went to the version before.",
        told.join(", ")
    );
}

/// Nothing is damaged, and all goes on from there.
fn is_whole(lab: &Lab, drawn: u64) {
    assert_eq!(lab.run("systemctl --failed --no-legend --plain"), "");
    assert_eq!(lab.run("dmesg | grep -E 'EXT4-fs (error|warning)|I/O error' || true"), "");
    let journal = lab.journal();
    assert!(!journal.contains("damaged"), "{journal}");
    let witness = Witness::start(&lab.door(), "default/words", WORDS);
    wait_right(lab, &witness);
    assert_eq!(witness.end().trouble, None);
    // Lines that were cut off stand by themselves.
    let lines = lab.run("cat \"$(ls -t /var/log/unblink/unblink.*.log | head -n 1)\"");
    let torn: Vec<&str> =
        lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_err()).collect();
    assert!(torn.len() <= 2 * CUTS && !lines.contains('\0'), "{torn:?}");
    assert!(torn.iter().all(|line| !line.trim_start_matches("{\"time\"").contains("{\"time\"")), "{torn:?}");
    // Every generation that is kept can be read, and one of them gone back to.
    lab.run("rm -f /opt/backup && unblink backup /opt/backup");
    lab.run("unblink rollback");
    assert!(version(lab) < drawn, "{} is not before {drawn}", version(lab));
    // What lies there is right again.
    let right = "[panel.a]\\nchart = \"text\"\\ntext = \"version-%s-of-it\"\\n[layout]\\ncolumn = [\"a\"]\\n";
    lab.run(&format!("printf '{right}' \"$(cat /var/log/accepted)\" >{BOARD}; unblink reload"));
    lab.until("all workers draw", || lab.property("StatusText").contains("workers drawing"));
    assert!(!lab.property("StatusText").contains("refused"), "{}", lab.property("StatusText"));
}
