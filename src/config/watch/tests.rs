use std::io::Write;
use std::os::unix::fs::symlink;

use super::super::{Asked, Places, Surroundings};
use super::*;

/// A folder to play in, and what is watched for a configuration in it.
struct Stage {
    folder: tempfile::TempDir,
    watcher: Watcher,
    inputs: Inputs,
    watched: Watched,
}

impl Stage {
    fn new(main: &str, set_up: impl FnOnce(&Path)) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        set_up(folder.path());
        let asked = Asked { config: Some(folder.path().join(main)), flags: Vec::new() };
        let inputs = Inputs::new(&asked, |_| None, &Places::of(&Surroundings::default()));
        let watcher = Watcher::new().unwrap();
        let watched = Watched::renew(&watcher, &inputs, &Watched::default());
        Stage { folder, watcher, inputs, watched }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Whether what happened since the last call is noticed.
    fn notices(&mut self) -> bool {
        let mut notices = false;
        self.watcher.drain(|change| notices |= self.watched.concerns(change));
        self.watched = Watched::renew(&self.watcher, &self.inputs, &self.watched);
        notices
    }

    fn check(&mut self, what: &str, act: impl FnOnce(&Stage)) {
        act(self);
        assert!(self.notices(), "{what} was not noticed");
        assert!(!self.notices(), "{what} was noticed twice");
    }
}

#[test]
fn every_way_to_change_a_file_is_noticed_and_what_lies_beside_is_not() {
    let mut stage = Stage::new("unblink/unblink.toml", |folder| fs::create_dir(folder.join("unblink")).unwrap());
    stage.check("a new file", |stage| fs::write(stage.at("unblink/unblink.toml"), "# 1").unwrap());
    stage.check("another text", |stage| fs::write(stage.at("unblink/unblink.toml"), "# 2").unwrap());
    stage.check("a shorter text", |stage| {
        fs::OpenOptions::new().write(true).open(stage.at("unblink/unblink.toml")).unwrap().set_len(1).unwrap();
    });
    stage.check("a file put in its place", |stage| {
        fs::write(stage.at("new"), "# 3").unwrap();
        fs::rename(stage.at("new"), stage.at("unblink/unblink.toml")).unwrap();
    });
    stage.check("a folder of boards", |stage| fs::create_dir(stage.at("unblink/boards.d")).unwrap());
    stage.check("a board", |stage| fs::write(stage.at("unblink/boards.d/a.toml"), "").unwrap());
    stage.check("a board that goes", |stage| fs::remove_file(stage.at("unblink/boards.d/a.toml")).unwrap());
    stage.check("no folder of boards", |stage| fs::remove_dir(stage.at("unblink/boards.d")).unwrap());
    stage.check("a file that goes", |stage| fs::remove_file(stage.at("unblink/unblink.toml")).unwrap());
    fs::write(stage.at("unblink/beside"), "").unwrap();
    fs::write(stage.at("beside"), "").unwrap();
    assert!(!stage.notices(), "what lies beside is nobody's business");
}

#[test]
fn what_is_written_all_the_time_is_noticed_where_it_is_read_and_tells_nobody_beside_the_way() {
    let mut stage = Stage::new("unblink/unblink.toml", |folder| {
        for name in ["unblink/tenants", "elsewhere/boards", "elsewhere/ops"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        symlink(folder.join("elsewhere/boards"), folder.join("unblink/boards.d")).unwrap();
        symlink(folder.join("elsewhere/ops"), folder.join("unblink/tenants/ops")).unwrap();
    });
    let beside = ["busy", "elsewhere/busy"].map(|name| fs::File::create(stage.at(name)).unwrap());
    let read =
        ["unblink/unblink.toml", "elsewhere/boards/a.toml"].map(|name| fs::File::create(stage.at(name)).unwrap());
    assert!(stage.notices());
    for mut file in &beside {
        file.write_all(b"1").unwrap();
        let mut told = 0;
        stage.watcher.drain(|_| told += 1);
        assert_eq!(told, 0, "nobody is woken for {file:?}");
    }
    for mut file in &read {
        file.write_all(b"# 1").unwrap();
        assert!(stage.notices(), "whoever keeps {file:?} open is heard too");
    }
}

#[test]
fn a_folder_that_comes_goes_and_comes_again_is_noticed() {
    let mut stage = Stage::new("a/b/unblink.toml", |_| ());
    for _ in 0..3 {
        stage.check("the first folder", |stage| fs::create_dir(stage.at("a")).unwrap());
        stage.check("the second folder", |stage| fs::create_dir_all(stage.at("a/b/boards.d")).unwrap());
        stage.check("a board", |stage| fs::write(stage.at("a/b/boards.d/x.toml"), "").unwrap());
        stage.check("a folder that is moved away", |stage| fs::rename(stage.at("a"), stage.at("gone")).unwrap());
        fs::write(stage.at("gone/b/boards.d/x.toml"), "# 2").unwrap();
        assert!(!stage.notices(), "what was moved away is nobody's business");
        stage.check("a folder that is moved back", |stage| fs::rename(stage.at("gone"), stage.at("a")).unwrap());
        stage.check("folders that go", |stage| fs::remove_dir_all(stage.at("a")).unwrap());
    }
}

/// As Kubernetes mounts a ConfigMap: everything is a link through `..data`, which is exchanged as a whole.
#[test]
fn a_link_that_is_exchanged_is_noticed_wherever_it_stands() {
    let mut stage = Stage::new("map/unblink.toml", |folder| {
        for version in ["map/..1/boards.d", "map/..2/boards.d"] {
            fs::create_dir_all(folder.join(version)).unwrap();
        }
        symlink("..1", folder.join("map/..data")).unwrap();
        symlink("..data/unblink.toml", folder.join("map/unblink.toml")).unwrap();
        symlink("..data/boards.d", folder.join("map/boards.d")).unwrap();
    });
    let exchange = |stage: &Stage, target: &str| {
        symlink(target, stage.at("map/..tmp")).unwrap();
        fs::rename(stage.at("map/..tmp"), stage.at("map/..data")).unwrap();
    };
    stage.check("another target", |stage| exchange(stage, "..2"));
    stage.check("a board behind the link", |stage| fs::write(stage.at("map/..2/boards.d/a.toml"), "").unwrap());
    stage.check("a file behind the link", |stage| fs::write(stage.at("map/..2/unblink.toml"), "").unwrap());
    fs::write(stage.at("map/..1/unblink.toml"), "").unwrap();
    assert!(!stage.notices(), "the target before is nobody's business");
    stage.check("the target before, again", |stage| exchange(stage, "..1"));
}

#[test]
fn a_file_that_a_link_leads_to_elsewhere_is_watched_there() {
    let mut stage = Stage::new("etc/unblink.toml", |folder| {
        fs::create_dir_all(folder.join("etc/boards.d")).unwrap();
        fs::create_dir(folder.join("own")).unwrap();
        symlink(folder.join("own/main.toml"), folder.join("etc/unblink.toml")).unwrap();
        symlink("../../own/./board", folder.join("etc/boards.d/a.toml")).unwrap();
    });
    stage.check("a file elsewhere", |stage| fs::write(stage.at("own/main.toml"), "").unwrap());
    stage.check("a board elsewhere", |stage| fs::write(stage.at("own/board"), "").unwrap());
    assert_eq!(stage.watched.trouble(), None);
}

#[test]
fn links_in_a_circle_and_more_folders_than_may_be_end_in_words() {
    let mut stage = Stage::new("unblink.toml", |folder| {
        symlink("unblink.toml", folder.join("unblink.toml")).unwrap();
        fs::create_dir(folder.join("boards.d")).unwrap();
        for number in 0..2 * limits::WATCHES_MAX {
            let own = folder.join(number.to_string());
            fs::create_dir(&own).unwrap();
            symlink(own.join("x"), folder.join(format!("boards.d/{number}.toml"))).unwrap();
        }
    });
    assert_eq!(stage.watched.len(), limits::WATCHES_MAX);
    let trouble = stage.watched.trouble().expect("there are too many");
    assert!(trouble.ends_with("more than 128 folders"), "{trouble}");
    stage.check("a file in place of the circle", |stage| {
        fs::remove_file(stage.at("unblink.toml")).unwrap();
    });
}

#[test]
fn folders_of_tenants_and_what_lies_in_them_are_noticed() {
    let mut stage = Stage::new("unblink.toml", |_| ());
    stage.check("the folder of tenants", |stage| fs::create_dir(stage.at("tenants")).unwrap());
    stage.check("a tenant's folder", |stage| fs::create_dir(stage.at("tenants/ops")).unwrap());
    stage.check("its sources", |stage| fs::write(stage.at("tenants/ops/sources.toml"), "# 1").unwrap());
    stage.check("its folder of boards", |stage| fs::create_dir(stage.at("tenants/ops/boards.d")).unwrap());
    stage.check("its board", |stage| fs::write(stage.at("tenants/ops/boards.d/a.toml"), "").unwrap());
    stage.check("another text of it", |stage| fs::write(stage.at("tenants/ops/boards.d/a.toml"), "# 2").unwrap());
    stage.check("a tenant that is moved away", |stage| {
        fs::rename(stage.at("tenants/ops"), stage.at("away")).unwrap();
    });
    fs::write(stage.at("away/sources.toml"), "# 3").unwrap();
    assert!(!stage.notices(), "what was moved away is nobody's business");
    stage.check("a link to it", |stage| symlink(stage.at("away"), stage.at("tenants/ops")).unwrap());
    stage.check("what is behind the link", |stage| fs::write(stage.at("away/sources.toml"), "# 4").unwrap());
}
