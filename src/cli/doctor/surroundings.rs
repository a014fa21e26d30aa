//! The terminal that this runs in, the clock, and what is to be seen of processes.

use super::Finding;
use crate::model::{GlyphSet, Palette};
use crate::sink::capability::{Environment, Wishes};
use crate::sys::clock;
use crate::sys::tty::{Tty, is_terminal};

/// Columns and rows on which a board is a board.
const SIZE_WANTED: (u16, u16) = (80, 24);
/// The first day on which this program could have run: what lies before it is no time of day.
const EARLIEST_MS: i64 = 1_750_000_000_000;
/// One of each: who sees boxes or question marks lacks the characters.
const SAMPLE: &str = "⣿⡇⠒⣀ ▁▄█▌ ╭─╮│ ● ▲";

pub fn all() -> Vec<Finding> {
    vec![terminal(), characters(), clock(), processes()]
}

fn terminal() -> Finding {
    let name = "terminal";
    if !is_terminal(std::io::stdout()) {
        return Finding::ok(name, "the standard output is none");
    }
    let environment = Environment::read();
    let called = environment.term.clone().unwrap_or_default();
    let Ok(seen) = environment.capabilities(Wishes::default()) else {
        return Finding::bad(name, "TERM=dumb", "use a real terminal: charts need to place the cursor");
    };
    let size = Tty::open_behind(std::io::stdout()).and_then(|tty| tty.size()).ok();
    let told = size.map_or_else(String::new, |size| format!(", {size}"));
    let colours = match seen.palette {
        Palette::Truecolor => "true colour",
        Palette::Indexed => "256 colours",
        Palette::Ansi => "16 colours",
        Palette::Mono => "no colour",
    };
    let found = format!("{called}, {colours}{told}");
    if size.is_some_and(|size| size.cols() < SIZE_WANTED.0 || size.rows() < SIZE_WANTED.1) {
        return Finding::warn(
            name,
            found,
            format!("boards leave panels out below {}x{}", SIZE_WANTED.0, SIZE_WANTED.1),
        );
    }
    match seen.palette {
        Palette::Truecolor => Finding::ok(name, found),
        _ => Finding::warn(
            name,
            found,
            "where the terminal has true colour, set COLORTERM=truecolor; else this is all there is",
        ),
    }
}

fn characters() -> Finding {
    let name = "characters";
    match Environment::read().capabilities(Wishes::default()).map(|seen| seen.glyphs) {
        Ok(GlyphSet::Ascii) | Err(_) => {
            let remedy = "set LC_ALL or LANG to a UTF-8 locale, such as C.UTF-8";
            Finding::warn(name, "the locale is not UTF-8: charts are drawn with ASCII alone", remedy)
        }
        Ok(GlyphSet::Block) => Finding::ok(name, "blocks: ▁▄█▌ ╭─╮│ (this terminal's font lacks braille)"),
        Ok(GlyphSet::Braille) => {
            Finding::ok(name, format!("{SAMPLE} (boxes or question marks here? use --ascii-only, or another font)"))
        }
    }
}

fn clock() -> Finding {
    let name = "clock";
    let now = clock::wall();
    let zone = Environment::read().for_a_file(Wishes::default()).timezone;
    if now.0 < EARLIEST_MS {
        return Finding::bad(
            name,
            "it stands in the past: ages and axes of time are wrong",
            "set it, or run chronyd or systemd-timesyncd",
        );
    }
    match clock::is_synchronized() {
        Some(false) => {
            let found = format!("nothing keeps it ({zone})");
            Finding::warn(
                name,
                found,
                "run chronyd or systemd-timesyncd: ages of data from elsewhere are wrong otherwise",
            )
        }
        Some(true) => Finding::ok(name, format!("it is kept by the network ({zone})")),
        None => Finding::ok(name, zone),
    }
}
/// Who may be seen in `/proc` by whoever runs this.
fn processes() -> Finding {
    let name = "processes";
    match std::fs::read_to_string("/proc/self/mountinfo") {
        Ok(mounts) if hides_processes(&mounts) => Finding::warn(
            name,
            "/proc hides processes (hidepid): nobody can tell where a worker hangs, and before Linux 6.13 a command of a \
             source that hides itself is not refused at the daemon's sockets",
            "mount /proc without hidepid (ProtectProc=default in a unit)",
        ),
        _ => Finding::ok(name, "/proc shows them"),
    }
}

/// Whether the lines of `/proc/self/mountinfo` (proc_pid_mountinfo(5)) say so of what is mounted last at `/proc`.
fn hides_processes(mounts: &str) -> bool {
    let mut options = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let is_at_proc = before.split(' ').nth(4)? == "/proc";
        is_at_proc.then_some(after.split(' ').nth(2)?)
    });
    let options = options.next_back().unwrap_or_default();
    let hidden = options.split(',').find_map(|option| option.strip_prefix("hidepid="));
    hidden.is_some_and(|how| !matches!(how, "0" | "off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_processes_are_told_by_the_options_of_the_last_mount() {
        let shown = "22 1 0:20 / /proc rw,nosuid - proc proc rw\n23 1 0:21 / /sys rw - sysfs hidepid=2 rw\n";
        let hidden = |how: &str| format!("{shown}31 22 0:25 / /proc rw shared:5 - proc proc rw,hidepid={how}\n");
        assert!(!hides_processes(shown) && !hides_processes("") && !hides_processes("22 1 /proc\n"));
        for how in ["1", "2", "4", "noaccess", "invisible", "ptraceable"] {
            assert!(hides_processes(&hidden(how)), "{how}");
        }
        assert!(!hides_processes(&hidden("off")) && !hides_processes(&hidden("0")));
        assert!(!hides_processes(&(hidden("2") + shown)), "something else is mounted over it");
    }
}
