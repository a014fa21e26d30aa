//! What sections of tenants may say, and what a tenant's worker is told of them.

use super::*;
use crate::config::{parse, understand};

fn file(name: &str, text: &str) -> ConfigFile {
    ConfigFile { kind: FileKind::Settings, name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

fn settings(text: &str) -> Settings {
    parse(&[file("unblink.toml", text)]).expect("it is right")
}

fn wrong(text: &str) -> Vec<String> {
    let complaints = parse(&[file("unblink.toml", text)]).expect_err("something is wrong");
    assert!(complaints.iter().all(is_about_tenants), "{complaints:?}");
    complaints.into_iter().map(|complaint| complaint.message).collect()
}

#[test]
fn people_are_named_by_name_number_and_group_and_everybody_where_nobody_is() {
    let text =
        "[tenants.ops]\nviewers = ['alice', 1001, '1002', '@ops', '@27', '*']\npushers = []\n[tenants.default]\n";
    let tenants = settings(text).tenants;
    let viewers = [
        Principal::User("alice".to_owned()),
        Principal::Uid(1001),
        Principal::Uid(1002),
        Principal::Group("ops".to_owned()),
        Principal::Gid(27),
        Principal::Everybody,
    ];
    assert_eq!((&tenants["ops"].viewers[..], &tenants["ops"].pushers[..]), (&viewers[..], &[][..]));
    assert_eq!(tenants["default"], TenantSettings::default());
    assert_eq!(tenants["default"].viewers, [Principal::Everybody]);
}

#[test]
fn what_is_wrong_is_said_without_naming_anything_beside_it() {
    let many = format!("[tenants.x]\nviewers = [{}]\n", "'a',".repeat(limits::PRINCIPALS_MAX + 1));
    let most: String = (0..limits::TENANTS_MAX).map(|number| format!("[tenants.t{number}]\n")).collect();
    for (text, expected) in [
        ("tenants = 1", "tenants: this is a section of sections, but a number stands here"),
        ("[tenants]\nx = 1", "tenants.x is a number, where a section belongs"),
        ("[tenants.'a/b']", "tenants: \"a/b\" is no name of a tenant"),
        ("[tenants.'..']", "tenants: \"..\" is no name of a tenant"),
        ("[tenants.x]\nviewer = ['a']", "tenants.x: there is no key \"viewer\" in this section"),
        ("[tenants.x]\nviewers = 'a'", "tenants.x.viewers: a text stands where a list belongs"),
        ("[tenants.x]\nviewers = ['']", "tenants.x.viewers: \"\" names nobody"),
        ("[tenants.x]\nviewers = ['@']", "tenants.x.viewers: \"@\" names nobody"),
        ("[tenants.x]\nviewers = ['a:b']", "tenants.x.viewers: \"a:b\" names nobody"),
        ("[tenants.x]\nviewers = [-1]", "tenants.x.viewers: this is no number of a user"),
        ("[tenants.x]\nviewers = [true]", "tenants.x.viewers: true or false stands where a name belongs"),
        ("[tenants.x]\nrefresh = 0", "tenants.x.refresh: 0 is no number of times a second"),
        ("[tenants.x]\nrefresh = '30'", "tenants.x.refresh: a text stands where a whole number belongs"),
        ("[tenants.x]\npush = 10001", "tenants.x.push: 10001 is no number of times a second"),
        ("[tenants.x]\ncpu = '40m'", "tenants.x.cpu: \"40m\" is less than a worker needs to live"),
        ("[tenants.x]\ncpu = 'all'", "tenants.x.cpu: \"all\" is no quantity: it does not start with a number"),
        ("[tenants.x]\ncpu = 99999", "tenants.x.cpu: \"99999\" is more than any machine has"),
        ("[tenants.x]\ncpu = true", "tenants.x.cpu: true or false stands where a quantity belongs"),
        ("[tenants.x]\nmemory = '10Mi'", "tenants.x.memory: \"10Mi\" is less than a worker needs to live"),
        (
            "[tenants.x]\nmemory = '400000000m'",
            "tenants.x.memory: \"400000000m\" has a part of one: m stands for a thousandth",
        ),
        (
            "[tenants.x]\nmemory = '2GB'",
            "tenants.x.memory: \"2GB\" is no quantity: its unit is none of m, k, M, G, T, Ki, Mi, Gi, Ti",
        ),
        ("[tenants.x]\npids = 64.5", "tenants.x.pids: \"64.5\" has a part of one: m stands for a thousandth"),
        ("[tenants.x]\npids = -1", "tenants.x.pids: \"-1\" is no quantity: it does not start with a number"),
        ("[[terminal]]\ndevice = '/dev/tty8'\nboard = 'x/y'\n[tenants.z]", ""),
        (many.as_str(), "tenants.x.viewers: there are 65 entries, at most 64 are allowed"),
        (most.as_str(), "tenants.t9: with this one there are more than 16"),
    ] {
        if expected.is_empty() {
            // Which tenants there are is known once all is read.
            let complaints = understand(&[file("unblink.toml", text)]).expect_err("something is wrong");
            assert_eq!(complaints[0].message, "tenants: terminal.board: there is no tenant \"x\"");
        } else {
            assert_eq!(wrong(text), [expected], "{text}");
        }
    }
    let as_many: String = (1..limits::TENANTS_MAX).map(|number| format!("[tenants.t{number}]\n")).collect();
    assert_eq!(settings(&(as_many + "[tenants.default]\n")).tenants.len(), limits::TENANTS_MAX);
}

#[test]
fn limits_are_said_in_the_words_of_kubernetes_and_are_none_without_them() {
    let text = "[tenants.a]\ncpu = '1200m'\nmemory = '2Gi'\npids = 256\n[tenants.b]\ncpu = 1.2\nmemory = 134217728\n\
                [tenants.c]\ncpu = 2\nmemory = '500Mi'\npids = '64'\n[tenants.d]\n";
    let tenants = settings(text).tenants;
    let limits = ["a", "b", "c", "d"].map(|name| tenants[name].limits);
    let of = |cpu_millis, memory_bytes, pids| Limits { cpu_millis, memory_bytes, pids };
    assert_eq!(limits[0], of(Some(1_200), Some(2 << 30), Some(256)));
    assert_eq!(limits[1], of(Some(1_200), Some(128 << 20), None));
    assert_eq!(limits[2], of(Some(2_000), Some(500 << 20), Some(64)));
    assert_eq!(limits[3], Limits::default());
    // What root holds a worker to is none of the worker's business.
    assert_eq!(terms(&settings(text), "a").bytes, terms(&Settings::default(), "a").bytes);
}

#[test]
fn a_tenant_is_told_its_own_caps_and_nothing_else_of_the_main_file() {
    let main = settings(
        "[log]\nlevel = 'debug'\n[tenants.ops]\nviewers = ['alice']\nrefresh = 30\nrefresh_board = 5\npush = 7\n\
         [tenants.secret]\n",
    );
    let own = vec![file("/c/tenants/ops/sources.toml", "[host]\ninterval = '2s'\n")];
    let others = BTreeMap::from([("ops".to_owned(), own)]);
    let all = by_tenant(&[file("unblink.toml", "")], &others, &main);
    assert_eq!(all.keys().collect::<Vec<_>>(), ["default", "ops"]);
    let told: String = all["ops"].iter().map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).collect();
    assert!(!told.contains("alice") && !told.contains("secret"), "{told}");
    let understood = parse(&all["ops"]).expect("it is right");
    assert_eq!(understood.log.level, Level::Debug);
    assert_eq!(understood.host.interval, std::time::Duration::from_secs(2));
    let caps = &understood.tenants["ops"];
    assert_eq!((caps.refresh_hz, caps.refresh_board_hz, caps.push_hz), (Some(30), Some(5), None));
    // Told twice it is what it was.
    let again = BTreeMap::from([("ops".to_owned(), all["ops"].clone())]);
    assert_eq!(by_tenant(&[], &again, &main)["ops"], all["ops"]);
}

#[test]
fn a_tenant_has_no_say_in_what_concerns_all() {
    for section in ["[log]", "[attach]", "[admin]", "[[terminal]]", "[tenants.other]"] {
        let others = BTreeMap::from([("ops".to_owned(), vec![file("sources.toml", section)])]);
        let all = by_tenant(&[], &others, &Settings::default());
        let complaints = parse(&all["ops"]).expect_err("it may not");
        assert!(complaints[0].message.ends_with("in a tenant's file"), "{section}: {complaints:?}");
    }
}

/// Files below a folder, read as a daemon does.
fn gathered(files: &[(&str, &str)]) -> (tempfile::TempDir, crate::config::Inputs) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let asked = crate::config::Asked { config: Some(folder.path().join("unblink.toml")), flags: Vec::new() };
    let places = crate::config::Places::of(&crate::config::Surroundings::default());
    let inputs = crate::config::Inputs::new(&asked, |_| None, &places);
    (folder, inputs)
}

#[test]
fn a_folder_is_read_for_the_tenant_it_is_named_after_and_for_nobody_else() {
    let (_folder, inputs) = gathered(&[
        ("unblink.toml", "[tenants.ops]\n[tenants.bare]\n"),
        ("boards.d/one.toml", "# one"),
        ("tenants/ops/sources.toml", "# sources"),
        ("tenants/ops/boards.d/two.toml", "# two"),
        ("tenants/ops/notes.txt", "not read"),
        ("tenants/README", "not read"),
        ("tenants/.hidden/sources.toml", "not read"),
        ("tenants/stray/sources.toml", "secret = 1"),
        ("tenants/default/sources.toml", ""),
        ("tenants/a b/sources.toml", ""),
    ]);
    let mut gathered = inputs.gather().expect("it can be read");
    let settings = parse(&gathered.files).expect("it is right");
    gathered.settle(&settings);
    let names = |files: &[ConfigFile]| -> Vec<String> {
        files.iter().map(|file| file.name.rsplit('/').next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names(&gathered.files), ["unblink.toml", "one.toml"]);
    assert_eq!(gathered.others.keys().collect::<Vec<_>>(), ["bare", "ops"]);
    assert_eq!(names(&gathered.others["ops"]), ["sources.toml", "two.toml"]);
    assert_eq!(gathered.others["bare"], []);
    let complaints = gathered.all_complaints();
    assert!(complaints.iter().all(is_about_tenants), "{complaints:?}");
    let messages: Vec<&str> = complaints.iter().map(|complaint| complaint.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "tenants: \"a b\" is no name of a tenant",
            "tenants.default: the tenant default has its files beside unblink.toml",
            "tenants.stray: this folder belongs to no tenant",
        ]
    );
    // None of them keeps a daemon from starting.
    let start = inputs.start().expect("it starts");
    assert_eq!(start.sound.keys().collect::<Vec<_>>(), ["bare", "default", "ops"]);
}

#[test]
fn all_tenants_together_have_no_more_files_than_one_may() {
    let half = limits::CONFIG_FILES_MAX / 2;
    let mut files = vec![("unblink.toml".to_owned(), "[tenants.a]\n[tenants.b]\n")];
    for tenant in ["a", "b"] {
        files.extend((0..half).map(|number| (format!("tenants/{tenant}/boards.d/{number}.toml"), "#")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let (_folder, inputs) = gathered(&files);
    let gathered = inputs.gather().expect("it can be read");
    assert_eq!((gathered.others["a"].len(), gathered.others["b"].len()), (half, 0));
    assert!(gathered.complaints["b"][0].message.contains("all tenants together"), "{:?}", gathered.complaints);
}
