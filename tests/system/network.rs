//! A real Prometheus in another network than the daemon, with a bridge in between whose port goes down and comes up.

use std::fs;
use std::process::Stdio;

use crate::bridge::{ADDRESS, Bridge};
use crate::prometheus::Background;
use crate::stage::Stage;
use crate::terminal::Terminal;

const BOARD: &str = r#"
title = "far"

[panel.now]
chart = "facts"
title = "now"
source = "far"
rows = [{ name = "self", value = "far_up" }]

[layout]
column = ["now"]
"#;
/// Of Prometheus; others on this machine have the same on other addresses.
const PORT: u16 = 19_090;

#[test]
fn a_source_behind_a_cut_network_is_shown_with_its_age_and_live_again_once_the_port_is_up() {
    let mut stage = Stage::new();
    let person = stage.person();
    let bridge = Bridge::new().expect("a bridge between two namespaces");
    let file = person.home.join("prometheus.yml");
    let job = format!("- job_name: self\n  static_configs: [{{ targets: ['{ADDRESS}:{PORT}'] }}]\n");
    fs::write(&file, format!("global: {{ scrape_interval: 1s }}\nscrape_configs:\n{job}")).expect("our folder");
    let arguments = [
        format!("--config.file={}", file.display()),
        format!("--storage.tsdb.path={}", person.home.join("tsdb").display()),
        format!("--web.listen-address={ADDRESS}:{PORT}"),
    ];
    let _server = Background::start(&person, "prometheus", &arguments);
    let config = person.home.join(".config/unblink");
    fs::create_dir_all(config.join("boards.d")).expect("our folder");
    fs::write(config.join("boards.d/far.toml"), BOARD).expect("our folder");
    let settings = format!(
        "[sources.far]\nkind = \"prometheus\"\nurl = \"http://{ADDRESS}:{PORT}\"\ninterval = \"1s\"\ntimeout = \"1s\"\n\
         queries = {{ up = \"sum(up) * 421\" }}\n"
    );
    fs::write(config.join("unblink.toml"), settings).expect("our folder");
    let mut command = bridge.behind(person.command(stage.program()).arg("serve"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _daemon = Background::of(&mut command);
    let mut terminal = Terminal::open(&person, "far", 100, 12);
    terminal.run("until ../unblink boards >/dev/null 2>&1; do :; done; ../unblink attach far");
    terminal.wait_for("421");
    for _ in 0..2 {
        bridge.cut().expect("the port goes down");
        let screen = terminal.wait_for("ago: ");
        assert!(screen.contains("421"), "the last good data is gone:\n{screen}");
        bridge.join().expect("the port comes up");
        terminal.wait_until("the server's values again", |screen| !screen.contains("ago: ") && screen.contains("421"));
    }
    terminal.press(&["q"]);
}
