//! A device on a real pty, with a daemon played by the test.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::runtime::Thread;
use crate::sys::pty::Pty;
use crate::wire::attach::{Farewell, FarewellCode, ToClient};

/// Keeps the device of `pty`, as the daemon does; every connection gets these bytes and is held open.
fn kept(pty: &Pty, answer: Vec<u8>) -> (Thread<()>, watch::Sender<bool>, Arc<AtomicUsize>) {
    let setting = Setting { path: pty.path().unwrap().into(), ..Setting::default() };
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    let held = std::sync::Mutex::new(Vec::new());
    let connect = move |_: &str| {
        counted.fetch_add(1, Ordering::SeqCst);
        let (ours, mut theirs) = UnixStream::pair()?;
        theirs.write_all(&answer)?;
        held.lock().unwrap().push(theirs);
        Ok(ours)
    };
    let defaults = ConsoleDefaults { blank_minutes: 0, utf8: true };
    let surroundings = Surroundings { environment: Environment::default(), defaults, connect: Arc::new(connect) };
    let (stop, stopped) = watch::channel(false);
    let keep = move || runtime::block_on(keep(setting, surroundings, stopped)).unwrap();
    (runtime::spawn_thread("terminal", keep).unwrap(), stop, connections)
}

fn read_until(pty: &Pty, wanted: &str) {
    let mut said = String::new();
    while !said.contains(wanted) {
        let mut piece = [0; 1024];
        let count = { pty }.read(&mut piece).unwrap();
        assert!(count > 0, "the device was closed after {said:?}");
        said.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
}

#[test]
fn what_keeps_a_board_away_is_told_on_the_device_and_cannot_act_on_it() {
    let pty = Pty::open(80, 24).unwrap();
    let _open = pty.terminal().unwrap();
    let text = "there is no \u{1b}[31mboard".to_owned();
    let farewell = ToClient::Farewell(Farewell { code: FarewellCode::NoSuchBoard, text });
    let (thread, stop, connections) = kept(&pty, farewell.encode().to_vec());
    read_until(&pty, "unblink: there is no board");
    assert!(connections.load(Ordering::SeqCst) >= 1);
    stop.send(true).unwrap();
    thread.join().unwrap();
}

#[test]
fn without_somebody_who_could_stop_it_it_ends() {
    let pty = Pty::open(80, 24).unwrap();
    let _open = pty.terminal().unwrap();
    let (thread, stop, _) = kept(&pty, Vec::new());
    // The daemon says nothing: after a moment a banner says so.
    read_until(&pty, "connecting");
    drop(stop);
    thread.join().unwrap();
}
