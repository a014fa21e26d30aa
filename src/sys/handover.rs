//! Handing a descriptor to another process over a socket that both have.
//!
//! Invariant: one byte carries one descriptor or two, and is the first that the socket carries: whoever waits for it takes nothing of
//! what comes after it.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

const BYTE: u8 = b'+';

/// Hands one or two over; the other end has its own then. Does not wait: an empty socket has room for a byte.
pub fn give(socket: impl AsFd, all: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    if !beside.push(SendAncillaryMessage::ScmRights(all)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let sent = sendmsg(socket, &[IoSlice::new(&[BYTE])], &mut beside, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?;
    if sent == 1 { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Waits for what is handed over, for as long as it takes: the first and, where there is one, the second. None where the
/// other end closes the socket instead.
pub fn take(socket: impl AsFd) -> io::Result<Option<(OwnedFd, Option<OwnedFd>)>> {
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    loop {
        let mut beside = RecvAncillaryBuffer::new(&mut space);
        match recvmsg(&socket, &mut [IoSliceMut::new(&mut byte)], &mut beside, RecvFlags::CMSG_CLOEXEC) {
            Ok(message) if message.bytes == 0 => return Ok(None),
            Ok(_) => {
                let taken = beside.drain().find_map(|one| match one {
                    RecvAncillaryMessage::ScmRights(mut all) => Some((all.next()?, all.next())),
                    _ => None,
                });
                let none = || io::Error::new(io::ErrorKind::InvalidData, "nothing was handed over with the first byte");
                return taken.filter(|_| byte == [BYTE]).ok_or_else(none).map(Some);
            }
            Err(Errno::AGAIN) => match poll(&mut [PollFd::new(&socket, PollFlags::IN)], None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            },
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::sys::memory_file::MemoryFile;
    use crate::sys::socket;

    #[test]
    fn what_is_handed_over_is_the_same_file_and_nothing_after_it_is_taken() {
        let (mut ours, mut theirs) =
            socket::pair().map(|(ours, theirs)| (ours, std::os::unix::net::UnixStream::from(theirs))).unwrap();
        let file = MemoryFile::new().unwrap();
        file.write_at(b"left", 7).unwrap();
        give(&ours, &[file.as_fd()]).unwrap();
        ours.write_all(b"hello").unwrap();
        let (taken, none) = take(&theirs).unwrap().unwrap();
        assert!(none.is_none());
        let taken = MemoryFile::of(taken).unwrap();
        let mut read = [0; 4];
        taken.read_at(&mut read, 7).unwrap();
        assert_eq!(&read, b"left");
        let mut rest = [0; 5];
        theirs.read_exact(&mut rest).unwrap();
        assert_eq!(&rest, b"hello");
    }

    #[test]
    fn two_come_in_the_order_in_which_they_were_given() {
        let (ours, theirs) = socket::pair().unwrap();
        let (first, second) = (MemoryFile::new().unwrap(), MemoryFile::new().unwrap());
        first.write_at(b"1", 0).unwrap();
        second.write_at(b"2", 0).unwrap();
        give(&ours, &[first.as_fd(), second.as_fd()]).unwrap();
        let (first, second) = take(&theirs).unwrap().unwrap();
        for (file, expected) in [(first, b"1"), (second.unwrap(), b"2")] {
            let mut read = [0];
            MemoryFile::of(file).unwrap().read_at(&mut read, 0).unwrap();
            assert_eq!(&read, expected);
        }
    }

    #[test]
    fn nothing_comes_of_a_socket_that_is_closed() {
        let (ours, theirs) = socket::pair().unwrap();
        drop(ours);
        assert!(take(&theirs).unwrap().is_none());
    }

    #[test]
    fn a_first_byte_with_nothing_or_another_one_is_refused() {
        let (mut ours, theirs) = socket::pair().unwrap();
        ours.write_all(b"++").unwrap();
        assert_eq!(take(&theirs).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
