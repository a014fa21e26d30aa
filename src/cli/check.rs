//! `unblink check`: what is wrong with the configuration, all of it at once.

use super::args::{Check, SchemaOf};
use super::failure::Failure;
use super::{output, places};
use crate::config::{self, Asked};
use crate::scene::file;
use crate::sink::hold;

/// The file a folder is asked for.
const FILE: &str = "unblink.toml";

pub fn run(check: &Check) -> Result<(), Failure> {
    if let Some(schema) = check.schema {
        let schema = match schema {
            SchemaOf::Board => file::schema(),
            SchemaOf::Chart => file::chart_schema(),
        };
        return output::write(format!("{schema:#}\n").as_bytes());
    }
    let path = check.path.clone().map(|path| if path.is_dir() { path.join(FILE) } else { path });
    let places = places::own();
    let loaded = match path {
        Some(board) if config::is_board(&board) => config::load_board(&board),
        config => config::load(&Asked { config, flags: Vec::new() }, places::environment, &places),
    }
    .map_err(|complaints| Failure::configuration(&complaints))?;
    for strange in places::strange_variables() {
        hold::say(&format!("warning: {strange}"));
    }
    for (tenant, settings) in &loaded.settings.tenants {
        if let Some(warning) = settings.limits.warning() {
            hold::say(&format!("warning: tenants.{tenant}.memory: {warning}"));
        }
    }
    let names = loaded.names();
    let text = if names.is_empty() {
        format!("ok: nothing is configured ({} does not exist), the defaults serve\n", places.config.display())
    } else {
        format!("ok: {}\n", names.join(", "))
    };
    output::write(text.as_bytes())
}
