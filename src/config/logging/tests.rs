use super::*;
use crate::config::parse;

fn file(name: &str, text: &str) -> ConfigFile {
    ConfigFile { kind: FileKind::Settings, name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn read(text: &str) -> LogSettings {
    parse(&[file("unblink.toml", text)]).unwrap().log
}

fn refused(text: &str) -> String {
    parse(&[file("unblink.toml", text)]).unwrap_err().iter().map(|complaint| format!("{complaint}\n")).collect()
}

#[test]
fn every_key_is_taken() {
    let all = "[log]\nlevel = 'warn'\njournal = true\nfiles = '/var/log/unblink'\nkeep = 30\nformat = 'json'\n";
    let expected = LogSettings {
        level: Level::Warn,
        journal: Journal::Yes,
        files: Some("/var/log/unblink".into()),
        keep: 30,
        format: Format::Json,
    };
    assert_eq!(read(all), expected);
    // As a variable of the environment has it.
    let texts = "[log]\nlevel = 'warn'\njournal = 'true'\nfiles = '/var/log/unblink'\nkeep = '30'\nformat = 'json'\n";
    assert_eq!(read(texts), expected);
    assert_eq!(read("[log]\njournal = 'auto'\nformat = 'auto'\n"), LogSettings::default());
    assert_eq!(read("[log]\njournal = false\n").journal, Journal::No);
}

#[test]
fn what_is_wrong_has_a_place_and_a_remedy() {
    for (line, words) in [
        ("journal = 1", "log.journal: a number stands where \"auto\", true or false belongs"),
        ("journal = 'yes'", "log.journal: \"yes\" stands where \"auto\", true or false belongs"),
        ("files = 'log'", "log.files: the path is not absolute"),
        ("files = true", "log.files: true or false stands where a text belongs"),
        ("keep = 0", "log.keep: 0 is no number of files that can be kept"),
        ("keep = 367", "log.keep: 367 is no number of files that can be kept"),
        ("keep = 'many'", "log.keep: many is no number of files that can be kept"),
        ("keep = 1.5", "log.keep: a number stands where a whole number belongs"),
        ("format = 'jsno'", "log.format: \"jsno\" is no format"),
        ("file = '/x'", "there is no key \"file\" in [log]"),
    ] {
        let shown = refused(&format!("[log]\n{line}\n"));
        assert!(shown.starts_with("unblink.toml:2:") && shown.contains(words), "{line}: {shown}");
        assert!(shown.trim_end().lines().count() >= 4, "{line} has no remedy: {shown}");
    }
}

#[test]
fn a_level_of_the_file_that_a_flag_overrules_is_known() {
    let main = file("unblink.toml", "[log]\nlevel = 'debug'\n");
    let flag = |level: &str| file("flag --log", &format!("[log]\nlevel = '{level}'\n"));
    assert_eq!(overruled_level(&[main.clone(), flag("warn")]), Some((Level::Debug, "--log".to_owned())));
    assert_eq!(overruled_level(&[main.clone(), flag("debug")]), None);
    assert_eq!(overruled_level(std::slice::from_ref(&main)), None);
    assert_eq!(overruled_level(&[flag("warn")]), None);
    let variable = file("environment UNBLINK_LOG_LEVEL", "[log]\nlevel = 'error'\n");
    assert_eq!(overruled_level(&[main, variable]), Some((Level::Debug, "UNBLINK_LOG_LEVEL".to_owned())));
}
