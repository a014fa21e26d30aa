//! How full file systems are.
//!
//! Invariant: only file systems of this machine's own disks are asked, and only where the way there leads over nothing
//! else: a server that does not answer would hold the question for ever.

use std::collections::{BTreeMap, BTreeSet};

use super::out::{self, Out};
use crate::base::limits;
use crate::model::Unit;

/// Bytes of a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    pub total: u64,
    /// Not used by anything, what is kept for root included.
    pub free: u64,
    /// What is left of that for others.
    pub available: u64,
}

/// One mounted file system: what it lies on, where, and of which kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mount {
    device: String,
    point: String,
    kind: String,
}

/// By the place where it is mounted.
pub type Spaces = Vec<(String, Space)>;

/// On disks of this machine; their numbers are in memory once they are mounted.
const LOCAL: [&str; 15] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "bcachefs", "nilfs2", "vfat", "exfat",
    "ntfs3", "overlay",
];
/// The way to a mount point may lead over these too: they answer from memory.
const HARMLESS: [&str; 8] = ["rootfs", "tmpfs", "ramfs", "devtmpfs", "proc", "sysfs", "squashfs", "erofs"];

/// Mount points worth asking, from the text of `/proc/self/mounts`; none when it is not one.
pub fn points(text: &str) -> Option<Vec<String>> {
    let mut is_one = text.trim().is_empty();
    let mut shown: BTreeMap<String, Mount> = BTreeMap::new();
    for mount in text.lines().filter_map(parse) {
        is_one = true;
        // What is mounted over another one hides it.
        shown.insert(mount.point.clone(), mount);
    }
    if !is_one {
        return None;
    }
    let is_kind = |kinds: &[&str], mount: &Mount| kinds.contains(&mount.kind.as_str());
    let is_safe = |point: &str| {
        ways(point).filter_map(|way| shown.get(way)).all(|on| is_kind(&LOCAL, on) || is_kind(&HARMLESS, on))
    };
    // A layer of a container counts as its root only; elsewhere its disk is told of already.
    let is_wanted = |mount: &&Mount| is_kind(&LOCAL, mount) && (mount.kind != "overlay" || mount.point == "/");
    let mut wanted: Vec<&Mount> =
        shown.values().filter(is_wanted).filter(|mount| mount.point.len() <= limits::SERIES_TEXT_BYTES_MAX).collect();
    // Of one that is mounted several times the shortest way counts.
    wanted.sort_by_key(|mount| (mount.point.len(), mount.point.as_str()));
    let mut seen = BTreeSet::new();
    let once = wanted.into_iter().filter(|mount| is_safe(&mount.point) && seen.insert(mount.device.as_str()));
    Some(once.map(|mount| mount.point.clone()).take(limits::HOST_FILE_SYSTEMS_MAX).collect())
}

/// All places one passes on the way to a mount point, from the root on, itself included.
fn ways(point: &str) -> impl Iterator<Item = &str> {
    let slashes = point.char_indices().filter(|(at, next)| *next == '/' && *at > 0).map(|(at, _)| &point[..at]);
    std::iter::once("/").chain(slashes).chain(std::iter::once(point))
}

fn parse(line: &str) -> Option<Mount> {
    let mut words = line.split(' ');
    let (device, point, kind) = (words.next()?, words.next()?, words.next()?);
    words.next()?;
    let point = unescape(point)?;
    point.starts_with('/').then(|| Mount { device: device.to_owned(), point, kind: kind.to_owned() })
}

/// The kernel writes blanks, tabs, line ends and backslashes as `\040`.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal =
            after.get(..3).filter(|digits| first == b'\\' && digits.iter().all(|digit| (b'0'..b'8').contains(digit)));
        match octal {
            Some(digits) => {
                let value = digits.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
                bytes.push(u8::try_from(value).ok()?);
                rest = &after[3..];
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

pub fn tell(spaces: &Spaces, out: &mut Out) {
    for (point, space) in spaces {
        if space.total == 0 {
            continue;
        }
        let used = space.total.saturating_sub(space.free);
        // As df(1): of what people can fill, what is filled.
        let usable = used.saturating_add(space.available);
        let mut name = point.clone();
        out::bound(&mut name);
        let mut add = |series: &str, unit: Unit, value: f64| out.add_of(series, ("mount", &name), unit, value);
        add("host_filesystem_total_bytes", Unit::Bytes, space.total as f64);
        add("host_filesystem_used_bytes", Unit::Bytes, used as f64);
        if usable > 0 {
            add("host_filesystem_used_percent", Unit::Percent, 100.0 * used as f64 / usable as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::Wall;

    fn check(mounts: &str, expected: &[&str]) {
        assert_eq!(points(mounts).expect("they are mounts"), expected, "{mounts}");
    }

    #[test]
    fn disks_are_asked_once_and_pseudo_file_systems_never() {
        check(
            "proc /proc proc rw 0 0\n/dev/vda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw 0 0\n/dev/vda1 /var/lib/x ext4 rw 0 0\n\
             /dev/vdb /srv/a\\040b xfs rw 0 0\n/dev/loop3 /snap/core/1 squashfs ro 0 0\nfuse /home/x/f fuse.sshfs rw 0 0\n\
             /dev/vdc1 /boot/efi vfat rw 0 0\noverlay /var/lib/docker/1/merged overlay rw 0 0\n",
            &["/", "/srv/a b", "/boot/efi"],
        );
        check("overlay / overlay rw 0 0\n", &["/"]);
        check(
            "tank/a /a zfs rw 0 0\ntank/b /b zfs rw 0 0\n/dev/s /c btrfs rw,subvol=/ 0 0\n/dev/s /d btrfs rw 0 0\n",
            &["/a", "/b", "/c"],
        );
        check("", &[]);
    }

    #[test]
    fn nothing_is_asked_that_lies_beyond_a_server_or_under_one() {
        check(
            "/dev/a / ext4 rw 0 0\nsrv:/x /net nfs4 rw 0 0\n/dev/b /net/disk ext4 rw 0 0\n/dev/c /network xfs rw 0 0\n",
            &["/", "/network"],
        );
        check("/dev/a / ext4 rw 0 0\n/dev/b /data ext4 rw 0 0\nsrv:/x /data nfs rw 0 0\n", &["/"]);
        check("systemd-1 /mnt autofs rw 0 0\n/dev/b /mnt/disk ext4 rw 0 0\n", &[]);
        check("srv:/ / nfs rw 0 0\n/dev/b /disk ext4 rw 0 0\n", &[]);
    }

    #[test]
    fn what_is_no_list_of_mounts_is_refused_and_strange_lines_are_left_out() {
        assert_eq!(points("this is not one"), None);
        assert_eq!(points("a b"), None);
        check(
            "/dev/a / ext4 rw 0 0\nrubbish\n/dev/b relative ext4 rw 0 0\n/dev/c /\\777 ext4 rw 0 0\n/dev/d /\\04 ext4 rw 0 0\n",
            &["/", "/\\04"],
        );
        let many: String = (0..500).map(|number| format!("/dev/d{number} /m{number} ext4 rw 0 0\n")).collect();
        assert_eq!(points(&many).expect("they are mounts").len(), limits::HOST_FILE_SYSTEMS_MAX);
        let long = format!("/dev/a /{} ext4 rw 0 0\n", "x".repeat(limits::SERIES_TEXT_BYTES_MAX));
        check(&long, &[]);
    }

    #[test]
    fn what_is_kept_for_root_counts_as_df_counts_it() {
        let mut out = Out::new(Wall(0), 0);
        let spaces = vec![
            ("/".to_owned(), Space { total: 1_000, free: 500, available: 300 }),
            ("/none".to_owned(), Space::default()),
            ("/odd".to_owned(), Space { total: 5, free: u64::MAX, available: 0 }),
        ];
        tell(&spaces, &mut out);
        let of =
            |sample: &crate::model::Sample| (sample.key.name.clone(), sample.key.labels[0].1.clone(), sample.value);
        let found: Vec<_> = out.samples.iter().map(of).collect();
        let found: Vec<_> = found.iter().map(|(name, mount, value)| (name.as_str(), mount.as_str(), *value)).collect();
        assert_eq!(
            found,
            [
                ("host_filesystem_total_bytes", "/", 1_000.0),
                ("host_filesystem_used_bytes", "/", 500.0),
                ("host_filesystem_used_percent", "/", 62.5),
                ("host_filesystem_total_bytes", "/odd", 5.0),
                ("host_filesystem_used_bytes", "/odd", 0.0),
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_gives_places_that_may_be_asked_or_none(text in "([/a-z\\\\0-7 ]{0,12}( |\n)){0,20}|\\PC{0,200}") {
            for point in points(&text).unwrap_or_default() {
                prop_assert!(point.starts_with('/') && point.len() <= limits::SERIES_TEXT_BYTES_MAX);
            }
        }
    }
}
