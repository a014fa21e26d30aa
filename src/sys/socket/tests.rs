//! Real sockets in directories of their own.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;

use super::*;

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// A socket file whose daemon was killed: nobody listens and nobody removed it.
fn leave_stale(path: &Path) {
    // It never listened: a child that another test starts just now holds what is open here until it runs its program,
    // and would answer in its place.
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrUnix::new(path).unwrap()).unwrap();
    drop(socket);
    assert!(matches!(connect(path), Err(ConnectError::Stale)));
}

#[test]
fn a_taken_socket_is_refused_and_names_its_holder() {
    let directory = directory();
    let path = directory.path().join("attach.sock");
    let first = Listener::bind(&path, 0o600).unwrap();
    let error = Listener::bind(&path, 0o600).unwrap_err();
    assert!(matches!(error, BindError::Taken { pid: Some(pid), .. } if pid == std::process::id()), "{error:?}");
    assert!(error.to_string().contains("already serves"), "{error}");
    connect(first.path()).unwrap();
}

#[test]
fn a_stale_socket_is_taken_over_by_exactly_one_of_many() {
    let directory = directory();
    let path = directory.path().join("attach.sock");
    leave_stale(&path);
    let bind = || {
        let path = path.clone();
        std::thread::Builder::new().spawn(move || Listener::bind(&path, 0o600)).unwrap()
    };
    let threads: Vec<_> = (0..8).map(|_| bind()).collect();
    let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(all.iter().filter(|result| result.is_ok()).count(), 1, "{all:?}");
    assert!(all.iter().all(|result| matches!(result, Ok(_) | Err(BindError::Taken { .. }))), "{all:?}");
    connect(&path).unwrap();
}

#[test]
fn a_lock_that_outlives_its_daemon_for_a_moment_is_waited_for() {
    let directory = directory();
    let path = directory.path().join("attach.sock");
    leave_stale(&path);
    let remnant = lock(&path, "a path").unwrap();
    let (told, waiting) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        told.send(()).unwrap();
        Listener::bind(&path, 0o600)
    });
    waiting.recv().unwrap();
    flock(&remnant, FlockOperation::Unlock).unwrap();
    thread.unwrap().join().unwrap().unwrap();
}

#[test]
fn a_stopped_daemon_leaves_no_socket_and_its_successor_binds() {
    let directory = directory();
    let path = directory.path().join("attach.sock");
    drop(Listener::bind(&path, 0o600).unwrap());
    assert!(!path.exists());
    assert!(matches!(connect(&path), Err(ConnectError::Absent)));
    Listener::bind(&path, 0o600).unwrap();
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let directory = directory();
    let path = directory.path().join("file");
    fs::write(&path, "precious").unwrap();
    assert!(matches!(Listener::bind(&path, 0o600), Err(BindError::NotASocket { .. })));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");

    let path = directory.path().join("theirs.sock");
    let _theirs = UnixListener::bind(&path).unwrap();
    assert!(matches!(Listener::bind(&path, 0o600), Err(BindError::Foreign { .. })));
    connect(&path).unwrap();
}

#[test]
fn a_successors_socket_is_not_removed() {
    let directory = directory();
    let path = directory.path().join("attach.sock");
    let ours = Listener::bind(&path, 0o600).unwrap();
    fs::rename(&path, directory.path().join("moved")).unwrap();
    let _theirs = UnixListener::bind(&path).unwrap();
    drop(ours);
    connect(&path).unwrap();
}

#[test]
fn the_mode_is_exact_whatever_the_umask() {
    let directory = directory();
    for mode in [0o600, 0o660] {
        let path = directory.path().join(format!("{mode:o}.sock"));
        let _listener = Listener::bind(&path, mode).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, mode);
    }
}

#[test]
fn a_path_that_is_too_long_is_said_so() {
    let directory = directory();
    let path = directory.path().join("x".repeat(120));
    assert!(matches!(Listener::bind(&path, 0o600), Err(BindError::PathTooLong { got, .. })
        if got == path.as_os_str().as_bytes().len()));
    assert!(matches!(connect(&path), Err(ConnectError::PathTooLong)));
}

#[test]
fn the_kernel_vouches_for_the_peer() {
    let (ours, _theirs) = pair().unwrap();
    let peer = peer(&ours).unwrap();
    assert_eq!((peer.uid, peer.gid), (host::uid(), host::gid()));
    assert_eq!(u32::try_from(peer.pid), Ok(std::process::id()));
    let mut own: Vec<u32> = rustix::process::getgroups().unwrap().iter().map(|group| group.as_raw()).collect();
    let mut told = peer.groups;
    own.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, own);
}

#[test]
fn a_bounded_send_buffer_fills_early() {
    let (ours, _theirs) = pair().unwrap();
    set_send_buffer(&ours, 8 * 1024).unwrap();
    let mut sent = 0;
    let block = [0_u8; 1024];
    while let Ok(count) = (&ours).write(&block) {
        sent += count;
        assert!(sent <= 64 * 1024, "the buffer is not bounded");
    }
    assert!(sent > 0);
}

#[test]
fn a_socket_that_only_the_duplicate_of_a_dead_daemon_holds_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sock");
    let kind = SocketType::STREAM;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
    rustix::net::bind(&socket, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    let theirs = socket.try_clone().unwrap();
    let mut daemon = std::process::Command::new("true");
    // SAFETY: between fork and exec it makes one system call and touches no memory.
    unsafe { daemon.pre_exec(move || Ok(rustix::net::listen(&theirs, 1)?)) };
    daemon.status().unwrap();
    assert!(connect(&path).is_ok(), "our duplicate listens on");
    Listener::bind(&path, 0o600).unwrap();
}
