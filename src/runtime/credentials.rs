//! Files that a configuration names for its secrets and certificates.
//!
//! Invariant: only regular files, and bounded; what stands in them is in no sentence. Whoever reads them bears that a disk may
//! take as long as it likes.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::base::limits;
use crate::model::Secret;
use crate::model::origin::FromFile;

/// Why one was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    pub why: String,
    /// It is for somebody else to read.
    pub is_denied: bool,
    /// There is nothing to read, as in the moment in which somebody puts another one in its place.
    pub is_gone: bool,
}

/// Others than the owner and the group may read.
const OPEN_TO_ALL: u32 = 0o004;

/// All of one file.
pub fn read(file: &FromFile) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let what = || format!("{} {}", file.key, file.path.display());
    let unread = |error: io::Error| Unread::of(&what(), &error);
    // Without waiting: a pipe in its place must hold up nothing.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&file.path);
    let open = opened.map_err(unread)?;
    let facts = open.metadata().map_err(unread)?;
    if !facts.is_file() {
        return Err(format!("{} is no regular file", what()).into());
    }
    let mut bytes = Zeroizing::new(Vec::new());
    let cap = limits::CONFIG_FILE_BYTES_MAX;
    open.take(cap as u64 + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() > cap {
        return Err(format!("{} is longer than {cap} bytes: is it the right file?", what()).into());
    }
    if bytes.is_empty() {
        return Err(Unread { why: format!("{} is empty", what()), is_denied: false, is_gone: true });
    }
    Ok(bytes)
}

/// The first line of one file, without what ends it; and whether everybody on this machine may read it.
pub fn secret(file: &FromFile) -> Result<(Secret, bool), Unread> {
    let bytes = read(file)?;
    let what = || format!("{} {}", file.key, file.path.display());
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let is_printable = line.iter().all(|byte| (b' '..0x7f).contains(byte));
    if line.is_empty() || line.len() > limits::SECRET_BYTES_MAX || !is_printable {
        let max = limits::SECRET_BYTES_MAX;
        return Err(format!("{} does not begin with a line of 1 to {max} printable characters", what()).into());
    }
    let text = std::str::from_utf8(line).map_err(|_| format!("{} is no text", what()))?;
    Ok((Secret::new(text), is_open_to_all(file)))
}

/// Whether everybody on this machine may read it.
pub fn is_open_to_all(file: &FromFile) -> bool {
    std::fs::metadata(&file.path).is_ok_and(|facts| facts.mode() & OPEN_TO_ALL != 0)
}

/// The certificates of one file, each signed by the one behind it.
pub fn certificates(file: &FromFile) -> Result<Vec<CertificateDer<'static>>, Unread> {
    let bytes = read(file)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(format!("{} {} holds no certificate in PEM", file.key, file.path.display()).into()),
    }
}

/// The key of one file.
pub fn private_key(file: &FromFile) -> Result<PrivateKeyDer<'static>, Unread> {
    let bytes = read(file)?;
    PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| format!("{} {} holds no private key in PEM", file.key, file.path.display()).into())
}

// === impl Unread ===

impl Unread {
    /// Only what is not there may be there in a moment: whatever else keeps us from it would keep the next start from it, too.
    fn of(what: &str, error: &io::Error) -> Unread {
        let is = |kind| error.kind() == kind;
        Unread {
            why: format!("{what} cannot be read: {error}"),
            is_denied: is(io::ErrorKind::PermissionDenied),
            is_gone: is(io::ErrorKind::NotFound),
        }
    }
}

impl From<String> for Unread {
    fn from(why: String) -> Unread {
        Unread { why, is_denied: false, is_gone: false }
    }
}

impl From<Unread> for String {
    fn from(unread: Unread) -> String {
        unread.why
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, FromFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, bytes).unwrap();
        (folder, FromFile { key: "bearer_file", path })
    }

    #[test]
    fn the_first_line_is_the_secret_and_a_file_open_to_all_is_noticed() {
        let (_folder, token) = file(b"s3cret-token\r\nmore\n");
        fs::set_permissions(&token.path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secret(&token), Ok((Secret::new("s3cret-token"), false)));
        fs::set_permissions(&token.path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(secret(&token), Ok((Secret::new("s3cret-token"), true)));
    }

    #[test]
    fn what_holds_no_secret_is_told_by_its_name_and_never_by_its_content() {
        for bytes in [&b""[..], b"\nx", b"s3cret\x07", &b"s3cret".repeat(4000), b"s3cret\xff"] {
            let (_folder, token) = file(bytes);
            let why = secret(&token).unwrap_err().why;
            assert!(why.contains("bearer_file") && why.contains("token") && !why.contains("s3cret"), "{why}");
        }
        let (folder, _) = file(b"");
        let missing = FromFile { key: "bearer_file", path: folder.path().join("none") };
        let unread = secret(&missing).unwrap_err();
        assert!(unread.why.contains("No such file") && unread.is_gone);
        let directory = FromFile { key: "ca_file", path: folder.path().to_owned() };
        let unread = read(&directory).unwrap_err();
        assert!(unread.why.ends_with("is no regular file") && !unread.is_gone);
        let (_folder, empty) = file(b"");
        assert!(secret(&empty).unwrap_err().is_gone, "somebody is about to write it");
        let (_folder, wrong) = file(b"\n");
        assert!(!secret(&wrong).unwrap_err().is_gone);
    }

    /// What the daemon may not read is still there, and so is what its disk does not give.
    #[test]
    fn only_a_file_that_is_not_there_is_gone() {
        for (error, is_denied, is_gone) in [
            (libc::ENOENT, false, true),
            (libc::EACCES, true, false),
            (libc::EPERM, true, false),
            (libc::EIO, false, false),
            (libc::ELOOP, false, false),
            (libc::ENOTDIR, false, false),
            (libc::EMFILE, false, false),
        ] {
            let error = io::Error::from_raw_os_error(error);
            let unread = Unread::of("token_file /t", &error);
            assert_eq!((unread.is_denied, unread.is_gone), (is_denied, is_gone), "{error}");
            assert_eq!(unread.why, format!("token_file /t cannot be read: {error}"));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("loop");
        symlink(&path, &path).unwrap();
        assert!(!read(&FromFile { key: "token_file", path }).unwrap_err().is_gone);
    }
}
