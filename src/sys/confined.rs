//! What the sandbox of a service keeps from us, and which file opens it: for errors that it may be the reason of.
//!
//! Invariant: nothing is said where no unit told us of a sandbox. It is guessed from the words of an error, and said so.

/// The folder of the files that open the sandbox; set by the units that have one.
pub const VARIABLE: &str = "UNBLINK_SANDBOX";

/// A file of that folder, what it does, and the words of errors that it may help against: one of each list.
struct Remedy {
    file: &'static str,
    opens: &'static str,
    about: &'static [&'static str],
    says: &'static [&'static str],
}

/// How it looks from within: what is hidden is not there, or empty and closed.
const HIDDEN: &[&str] = &["No such file", "not found", "is missing", "denied", "not permitted", "does not exist"];

/// The first that fits counts.
const REMEDIES: [Remedy; 5] = [
    Remedy { file: "devices.conf", opens: "terminals", about: &["/dev/"], says: HIDDEN },
    Remedy { file: "home.conf", opens: "homes", about: &["/home", "/root", "/run/user"], says: HIDDEN },
    Remedy { file: "write.conf", opens: "folders to write to", about: &[""], says: &["Read-only file system"] },
    Remedy {
        file: "commands.conf",
        opens: "more system calls",
        about: &[""],
        says: &["SIGSYS", "Operation not permitted", "Address family not supported"],
    },
    Remedy { file: "jit.conf", opens: "code made at run time", about: &[""], says: &["SIGSEGV", "SIGTRAP", "SIGABRT"] },
];

/// The error, and what may help if the sandbox is its reason. What it is about counts too where the error does not name it.
pub fn explained(why: String, about: &str) -> String {
    match std::env::var(VARIABLE).ok().and_then(|folder| remedy(&folder, &why, about)) {
        Some(remedy) => format!("{why}; {remedy}"),
        None => why,
    }
}

fn remedy(folder: &str, why: &str, about: &str) -> Option<String> {
    let has = |text: &str, list: &[&str]| list.iter().any(|words| text.contains(words));
    let is_about = |list| has(why, list) || has(about, list);
    let found = REMEDIES.iter().find(|remedy| is_about(remedy.about) && has(why, remedy.says))?;
    let Remedy { file, opens, .. } = found;
    Some(format!(
        "if the service's sandbox keeps it from that, link {folder}/{file} into the service's .d folder and restart it: it opens {opens}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_the_sandbox_may_be_the_reason_of_names_the_file_that_opens_it() {
        for (why, file) in [
            ("cannot open /dev/tty8: No such file or directory (os error 2)", Some("devices.conf")),
            ("cannot open /home/ann/load: Permission denied (os error 13)", Some("home.conf")),
            ("exit status 2: cat: /run/user/1000/x: Permission denied", Some("home.conf")),
            ("exit status 1: touch: /srv/x: Read-only file system", Some("write.conf")),
            ("exit status 1: unshare: Operation not permitted", Some("commands.conf")),
            ("was killed by signal 31 (SIGSYS)", Some("commands.conf")),
            ("was killed by signal 5 (SIGTRAP): node", Some("jit.conf")),
            ("exit status 1: connection refused", None),
            ("cannot open /var/log/x: No such file or directory (os error 2)", None),
            ("printed nothing", None),
        ] {
            let said = remedy("/allow", why, "");
            assert_eq!(said.is_some(), file.is_some(), "{why}: {said:?}");
            let names = |file: &str| said.as_ref().is_some_and(|said| said.contains(&format!("/allow/{file} ")));
            assert!(file.is_none_or(names), "{why}: {said:?}");
        }
    }

    #[test]
    fn what_an_error_is_about_counts_where_it_does_not_say_so() {
        assert!(remedy("/allow", "No such file or directory", "").is_none());
        assert!(
            remedy("/allow", "No such file or directory", "/dev/tty8")
                .is_some_and(|said| said.contains("devices.conf"))
        );
    }

    #[test]
    fn every_file_that_is_named_is_shipped() {
        for Remedy { file, .. } in REMEDIES {
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/allow").join(file);
            assert!(path.exists(), "{}", path.display());
        }
    }
}
