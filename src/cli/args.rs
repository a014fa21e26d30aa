//! What may be typed, as clap reads it.
//!
//! Invariant: names and meanings here are promises to scripts. Nothing is done here.

mod asking;
mod backup;
mod started;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub use asking::{Asking, Profile, Recycle, Rollback, SupportBundle};
pub use backup::{Backup, Restore, Whose};
pub use started::{Keeper, Worker};

use crate::base::{Size, limits};
use crate::config::Level;
use crate::model::spec::Theme;
use crate::model::{BINDINGS, Palette};
use crate::sink::capability::{ColorChoice, Wishes};

const EXIT_STATUS: &str =
    "Exit status: 0 ok, 1 failed, 2 wrong usage, 64 wrong configuration, 69 no daemon, 77 not allowed.";

const ENVIRONMENT: &str = "Environment:
  UNBLINK_CONFIG            the configuration file, where --config names none
  UNBLINK_SECTION_KEY       a setting, such as UNBLINK_HOST_INTERVAL=2s; goes before the file, after flags
  UNBLINK_ATTACH_SOCKET     where viewers attach and programs push
  UNBLINK_ADMIN_SOCKET      where `boards`, `status`, `reload` and `rollback` ask
  TERM, COLORTERM, NO_COLOR which colours the terminal has
  LC_ALL, LC_CTYPE, LANG    which characters it has
  TZ                        the time zone shown, an IANA name";

const PUSH_LINES: &str = "With --stdin, each line is an object such as
  {\"series\": \"orders\", \"value\": 3, \"labels\": {\"shop\": \"a\"}, \"at\": \"2026-11-25T18:00:00Z\"}
of which `series` and `value` must be there, and `labels`, `at`, `kind` and `unit` may. Exit status 1: a line was rejected.";

/// A chart with its axes and the status line, and still most of a screen for other lines.
const INLINE_ROWS: &str = "10";

#[derive(Debug, Parser)]
#[command(
    name = "unblink",
    version = crate::cli::version::LINE.as_str(),
    about = "Live charts on every screen, for months",
    long_about = "unblink keeps live charts on every screen: drawn once by a daemon, shown on any number of terminals.\n\n\
        Try `unblink demo` first: this machine, live, in this terminal.",
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    propagate_version = false,

    after_help = EXIT_STATUS,
    after_long_help = format!("{ENVIRONMENT}\n\n{EXIT_STATUS}")
)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    #[command(flatten)]
    Offered(Offered),
    /// Draw for a daemon; started by it, not by hand
    #[command(hide = true)]
    Worker(Worker),
    /// Run a command for a worker; started by it, not by hand
    #[command(hide = true)]
    Keeper(Keeper),
}

/// The verbs people are told of.
#[derive(Debug, Subcommand)]
pub enum Offered {
    /// Show this machine live in this terminal: no configuration, no daemon, no network
    Demo(Demo),
    /// Write a configuration to begin with, and an example board
    Init(Init),
    /// Run the daemon
    Serve(Serve),
    /// View a board of the daemon in this terminal
    Attach(Attach),
    /// Hand samples to the daemon
    Push(Push),
    /// List what can be shown
    Boards(Asking),
    /// Show how the daemon fares: its workers, views and sessions
    Status(Asking),
    /// Have the daemon read its configuration anew, and say what came of it
    Reload(Asking),
    /// Have the daemon go back to a configuration that it drew before
    Rollback(Rollback),
    /// Have a tenant's worker give way to a fresh one, without a gap on its screens
    Recycle(Recycle),
    /// Have the daemon look at where it spends the processor, and keep that as a flame graph
    Profile(Profile),
    /// Put what somebody needs who is to find out what is wrong into one archive, without secrets
    SupportBundle(SupportBundle),
    /// Put the configuration and the generations of it that are kept into one archive
    Backup(Backup),
    /// Put what `unblink backup` wrote back in place, and what is there aside
    Restore(Restore),
    /// Draw a board once, without a daemon
    Snapshot(Snapshot),
    /// Check the configuration and report everything that is wrong with it
    Check(Check),
    /// Tell what is wrong with this installation, and the remedy for each
    Doctor(Doctor),
    /// Write a completion script for a shell to the standard output
    Completions(Completions),
    /// Write the manual pages into a folder
    Man(Man),
}

#[derive(Debug, Args)]
#[command(after_help = KEYS.as_str())]
pub struct Demo {
    /// Leave the mouse to the terminal, which then selects text with it
    #[arg(long)]
    pub no_mouse: bool,
    #[command(flatten)]
    pub look: Look,
}

#[derive(Debug, Args)]
pub struct Init {
    /// The folder it is written into [default: where the daemon looks for its configuration]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration file [default: /etc/unblink/unblink.toml, or yours when you are not root]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Be the system's daemon although another user than root runs it, as the service's unit does
    #[arg(long)]
    pub system: bool,
    /// Where viewers attach
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// Where `boards` and `status` ask
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
    /// The least important events that are logged: error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = KEYS.as_str())]
pub struct Attach {
    /// The board, as `unblink boards` lists it; `TENANT/BOARD` where there are several tenants [default: the first one]
    #[arg(value_name = "BOARD")]
    pub board: Option<String>,
    /// Set a parameter of the board; may be given several times
    #[arg(long = "param", value_name = "K=V", value_parser = param)]
    pub params: Vec<(String, String)>,
    /// The daemon's socket [default: yours, then the system's]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
    /// Show it on this terminal of the machine, where nobody is logged in, until ended by a signal
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath, conflicts_with_all = ["inline", "params", "theme"])]
    pub device: Option<PathBuf>,
    /// Take keys from that terminal's keyboard too
    #[arg(long, requires = "device")]
    pub keys: bool,
    /// Draw in place among the lines of the screen, in its lowest rows (10 unless said); the last picture stays
    #[arg(
        long, value_name = "ROWS", num_args = 0..=1, require_equals = true, default_missing_value = INLINE_ROWS,
        value_parser = clap::value_parser!(u16).range(1..=i64::from(limits::ROWS_MAX))
    )]
    pub inline: Option<u16>,
    /// Leave the mouse to the terminal, which then selects text with it
    #[arg(long)]
    pub no_mouse: bool,
    #[command(flatten)]
    pub look: Look,
}

#[derive(Debug, Args)]
#[command(after_help = PUSH_LINES)]
pub struct Push {
    /// The series
    #[arg(value_name = "SERIES", required_unless_present = "stdin", conflicts_with = "stdin")]
    pub series: Option<String>,
    /// Its value now
    #[arg(
        value_name = "VALUE", required_unless_present = "stdin", conflicts_with = "stdin", allow_hyphen_values = true,
        value_parser = number
    )]
    pub value: Option<f64>,
    /// Read lines from the standard input, one JSON object on each, until its end
    #[arg(long)]
    pub stdin: bool,
    /// The tenant whose series they are [default: the only one you may push into, or else `default`]
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
    /// A label of the series; may be given several times
    #[arg(long = "label", value_name = "K=V", value_parser = param, conflicts_with = "stdin")]
    pub labels: Vec<(String, String)>,
    /// Whether the value stands for itself or is a count that grows, of which the rate is shown
    #[arg(long, value_enum, value_name = "KIND", conflicts_with = "stdin")]
    pub kind: Option<KindName>,
    /// The unit, such as bytes, seconds or orders
    #[arg(long, value_name = "UNIT", conflicts_with = "stdin")]
    pub unit: Option<String>,
    /// When it was, as RFC 3339 or in milliseconds since 1970 [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "stdin")]
    pub at: Option<String>,
    /// Write what came of it as JSON to the standard output
    #[arg(long)]
    pub json: bool,
    /// The daemon's socket [default: yours, then the system's]
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub socket: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Snapshot {
    /// The board to draw; `TENANT/BOARD` for another tenant's than `default`
    #[arg(value_name = "BOARD")]
    pub board: String,
    /// Set a parameter of the board; may be given several times
    #[arg(long = "param", value_name = "K=V", value_parser = param)]
    pub params: Vec<(String, String)>,
    /// Columns and rows [default: the terminal's, or 120x40]
    #[arg(long, value_name = "COLSxROWS", value_parser = size)]
    pub size: Option<Size>,
    /// The tab of the board [default: the first one]
    #[arg(long, value_name = "NAME")]
    pub tab: Option<String>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Ansi)]
    pub format: Format,
    /// Watch this long first, such as 5m, so that lines have a past [default: half a second]
    #[arg(long = "for", value_name = "DURATION", value_parser = crate::notation::parse_duration)]
    pub watch: Option<Duration>,
    /// Draw it again and again, in place on a terminal, one after the other elsewhere; ends by a signal or without
    /// readers
    #[arg(long, conflicts_with = "output")]
    pub follow: bool,
    /// With --follow: time between two pictures
    #[arg(long, value_name = "DURATION", value_parser = crate::notation::parse_duration, default_value = "1s", requires = "follow")]
    pub every: Duration,
    /// Write into this file instead of the standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// The configuration file [default: /etc/unblink/unblink.toml, or yours when you are not root]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub look: Look,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The file, the folder of `unblink.toml`, or one file in `boards.d` or `charts.d` [default: what `serve` would read]
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub path: Option<PathBuf>,
    /// Write the JSON Schema of board files, or of chart files, to the standard output instead, for editors
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "board",
        conflicts_with = "path"
    )]
    pub schema: Option<SchemaOf>,
}

/// Whose schema is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    Board,
    Chart,
}

#[derive(Debug, Args)]
pub struct Completions {
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct Man {
    /// The folder; it has to exist
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// The configuration file [default: where the daemon looks for it]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Where to ask the daemon
    #[arg(long, value_name = "PATH", value_hint = ValueHint::FilePath)]
    pub admin_socket: Option<PathBuf>,
    /// Print it as JSON
    #[arg(long)]
    pub json: bool,
}

/// How it should look on the terminal.
#[derive(Clone, Copy, Debug, Args)]
pub struct Look {
    /// Colours to use
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = Color::Auto)]
    pub color: Color,
    /// Theme, instead of the board's own
    #[arg(long, value_enum, value_name = "NAME")]
    pub theme: Option<ThemeName>,
    /// Draw with nothing but ASCII
    #[arg(long)]
    pub ascii_only: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// What TERM, COLORTERM and NO_COLOR say
    Auto,
    Truecolor,
    #[value(name = "256")]
    Indexed,
    #[value(name = "16")]
    Ansi,
    Mono,
    /// The same as mono
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KindName {
    Gauge,
    Counter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    Dark,
    Light,
    HighContrast,
    /// The terminal's own colours: bold, dim and reverse only
    Mono,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text with escape sequences, as a terminal shows it
    Ansi,
    /// Text alone
    Text,
    /// Every row, and every cell's colours
    Json,
    /// A picture of the cells
    Svg,
}

/// The keys of a session, from the table they are interpreted by.
static KEYS: LazyLock<String> = LazyLock::new(|| {
    let rows = BINDINGS.iter().map(|binding| format!("\n  {:<18} {}", binding.shown, binding.what));
    format!("Keys:{}", rows.collect::<String>())
});

// === impl KindName ===

impl KindName {
    pub fn word(self) -> &'static str {
        match self {
            KindName::Gauge => "gauge",
            KindName::Counter => "counter",
        }
    }
}

// === impl Look ===

impl Look {
    pub fn wishes(self) -> Wishes {
        let color = match self.color {
            Color::Auto => ColorChoice::Auto,
            Color::Truecolor => ColorChoice::Always(Palette::Truecolor),
            Color::Indexed => ColorChoice::Always(Palette::Indexed),
            Color::Ansi => ColorChoice::Always(Palette::Ansi),
            Color::Mono | Color::Never => ColorChoice::Always(Palette::Mono),
        };
        Wishes { color, ascii_only: self.ascii_only }
    }

    /// The theme asked for; none for the board's own.
    pub fn theme(self) -> Option<Theme> {
        self.theme.map(|name| match name {
            ThemeName::Dark => Theme::Dark,
            ThemeName::Light => Theme::Light,
            ThemeName::HighContrast => Theme::HighContrast,
            ThemeName::Mono => Theme::Mono,
        })
    }
}

fn number(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "this is no number".to_owned())?;
    if value.is_finite() { Ok(value) } else { Err("a value is a finite number".to_owned()) }
}

fn param(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    if name.is_empty() {
        return Err("the name before `=` is empty".to_owned());
    }
    if name.len().max(value.len()) > limits::PARAM_BYTES_MAX {
        return Err(format!("a name or value may have {} bytes", limits::PARAM_BYTES_MAX));
    }
    Ok((name.to_owned(), value.to_owned()))
}

fn level(text: &str) -> Result<Level, String> {
    let found = Level::ALL.into_iter().find(|(name, _)| *name == text);
    found.map(|(_, level)| level).ok_or_else(|| "no such level".to_owned())
}

fn size(text: &str) -> Result<Size, String> {
    let wrong = || format!("write COLSxROWS, such as 120x40, up to {}x{}", limits::COLS_MAX, limits::ROWS_MAX);
    let (cols, rows) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str, max: u16| text.parse().ok().filter(|n| (1..=max).contains(n)).ok_or_else(wrong);
    Ok(Size::clamped(number(cols, limits::COLS_MAX)?, number(rows, limits::ROWS_MAX)?))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definitions_are_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn sizes_are_read_and_bounded() {
        assert_eq!(size("120x40"), Ok(Size::clamped(120, 40)));
        assert_eq!(size("1x1"), Ok(Size::clamped(1, 1)));
        for wrong in ["", "x", "120", "120x", "0x1", "1x0", "1001x1", "1x501", "-1x5", "120X40", "1x2x3"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_split_at_the_first_equals_sign() {
        assert_eq!(param("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(param("a="), Ok(("a".to_owned(), String::new())));
        assert!(param("a").is_err() && param("=b").is_err());
    }
}
