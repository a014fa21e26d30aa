//! Who may see which tenant, and who may push into it.
//!
//! Invariant: what the kernel vouched for when somebody connected is all that counts. A tenant that somebody may not see
//! is answered for exactly as one that is not there, and nothing that is said to anybody names more than it may see.

use std::collections::BTreeMap;

use super::super::session::Seat;
use crate::config::{Principal, Settings, TENANT_DEFAULT, TenantSettings};
use crate::event::{Event, PrincipalUnknown};
use crate::machine::confinement::Limits;
use crate::sys::host;

/// Of all tenants, with every name looked up.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    tenants: BTreeMap<String, Right>,
}

#[derive(Clone, Debug)]
struct Right {
    viewers: Vec<Rule>,
    pushers: Vec<Rule>,
    /// Chunks a second.
    push_hz: Option<u32>,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Everybody,
    Uid(u32),
    Gid(u32),
}

/// What somebody wants to do with a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    View,
    Push,
}

// === impl Rights ===

impl Rights {
    /// Looks names up in the files of users and groups of this machine. A name that is in none matches nobody.
    pub fn of(settings: &Settings) -> Rights {
        let right = |(name, tenant): (&String, &TenantSettings)| {
            let rules = |list: &[Principal]| list.iter().filter_map(|one| rule(name, one)).collect();
            let (viewers, pushers) = (rules(&tenant.viewers), rules(&tenant.pushers));
            (name.clone(), Right { viewers, pushers, push_hz: tenant.push_hz, limits: tenant.limits })
        };
        Rights { tenants: settings.tenants.iter().map(right).collect() }
    }

    /// Whether somebody may. What the daemon draws on itself shows what its configuration says.
    pub fn allow(&self, deed: Deed, seat: &Seat, tenant: &str) -> bool {
        let Seat::Socket(peer) = seat else { return true };
        let Some(right) = self.tenants.get(tenant) else {
            // Nothing was said of it: it is the one that is always there.
            return tenant == TENANT_DEFAULT;
        };
        let rules = if deed == Deed::View { &right.viewers } else { &right.pushers };
        rules.iter().any(|rule| match rule {
            Rule::Everybody => true,
            Rule::Uid(uid) => peer.uid == *uid,
            Rule::Gid(gid) => peer.gid == *gid || peer.groups.contains(gid),
        })
    }

    /// What a tenant's processes may take.
    pub fn limits(&self, tenant: &str) -> Limits {
        self.tenants.get(tenant).map(|right| right.limits).unwrap_or_default()
    }

    /// Chunks a second that may be pushed into a tenant; none for as many as are taken.
    pub fn push_hz(&self, tenant: &str) -> Option<u32> {
        self.tenants.get(tenant)?.push_hz
    }
}

fn rule(tenant: &str, principal: &Principal) -> Option<Rule> {
    let (found, name) = match principal {
        Principal::Everybody => return Some(Rule::Everybody),
        Principal::Uid(uid) => return Some(Rule::Uid(*uid)),
        Principal::Gid(gid) => return Some(Rule::Gid(*gid)),
        Principal::User(name) => (host::user_id(name).map(Rule::Uid), name.clone()),
        Principal::Group(name) => (host::group_id(name).map(Rule::Gid), format!("@{name}")),
    };
    if found.is_none() {
        PrincipalUnknown { tenant, name: &name }.emit();
    }
    found
}

/// The tenant that is meant, by a name or by none: among those that somebody may see, which are all that is spoken of.
pub fn choose<'a>(named: Option<&str>, may: &[&'a str]) -> Result<&'a str, String> {
    let there = || match may {
        [] => "there is none for you".to_owned(),
        [one] => format!("there is {one}"),
        several => format!("there are {}", several.join(", ")),
    };
    match named {
        Some(named) => may
            .iter()
            .find(|name| **name == named)
            .copied()
            .ok_or_else(|| format!("there is no tenant {named:?}; {}", there())),
        None => match may {
            [one] => Ok(one),
            several => several.iter().find(|name| **name == TENANT_DEFAULT).copied().ok_or_else(|| {
                let hint = if several.is_empty() { "" } else { ", name one of them" };
                format!("no tenant was named{hint}; {}", there())
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::socket::Peer;

    fn seat(uid: u32, groups: &[u32]) -> Seat {
        Seat::Socket(Peer { pid: 1, uid, gid: 77, groups: groups.to_vec() })
    }

    fn rights(tenants: &[(&str, &[Principal], &[Principal])]) -> Rights {
        let tenants = tenants.iter().map(|(name, viewers, pushers)| {
            let settings =
                TenantSettings { viewers: viewers.to_vec(), pushers: pushers.to_vec(), ..TenantSettings::default() };
            ((*name).to_owned(), settings)
        });
        Rights::of(&Settings { tenants: tenants.collect(), ..Settings::default() })
    }

    #[test]
    fn a_list_decides_by_user_and_by_every_group_of_the_peer() {
        let rights = rights(&[("ops", &[Principal::Uid(5), Principal::Gid(9)], &[Principal::Gid(77)])]);
        for (seat, views, pushes) in [
            (seat(5, &[]), true, true),
            (seat(6, &[]), false, true),
            (seat(6, &[8, 9]), true, true),
            (Seat::Here, true, true),
            (Seat::Device("/dev/tty8".to_owned()), true, true),
        ] {
            let allowed = [Deed::View, Deed::Push].map(|deed| rights.allow(deed, &seat, "ops"));
            assert_eq!(allowed, [views, pushes], "{seat:?}");
            assert!(rights.allow(Deed::View, &seat, TENANT_DEFAULT), "nothing was said of it");
        }
        assert!(!rights.allow(Deed::View, &seat(5, &[]), "another"), "one that is not there");
    }

    #[test]
    fn nobody_is_no_exception_and_a_name_of_nobody_matches_nobody() {
        let unknown =
            [Principal::User("unblink-no-such-user".to_owned()), Principal::Group("unblink-no-group".to_owned())];
        let root = [Principal::User("root".to_owned())];
        assert!(rights(&[("x", &root, &[])]).allow(Deed::View, &seat(0, &[]), "x"));
        let rights = rights(&[(TENANT_DEFAULT, &unknown, &[]), ("open", &[Principal::Everybody], &[])]);
        for uid in [0, 5, u32::MAX] {
            assert!(!rights.allow(Deed::View, &seat(uid, &[]), TENANT_DEFAULT));
            assert!(rights.allow(Deed::View, &seat(uid, &[]), "open"));
            assert!(!rights.allow(Deed::Push, &seat(uid, &[]), "open"));
        }
    }

    #[test]
    fn one_that_may_not_be_seen_is_spoken_of_as_one_that_is_not_there() {
        assert_eq!(choose(None, &["ops"]), Ok("ops"));
        assert_eq!(choose(None, &["default", "ops"]), Ok("default"));
        assert_eq!(choose(Some("ops"), &["default", "ops"]), Ok("ops"));
        let no = |named, may: &[&str]| choose(named, may).expect_err("no");
        assert_eq!(no(Some("ops"), &["default"]), "there is no tenant \"ops\"; there is default");
        assert_eq!(no(Some("ops"), &["a", "b"]), "there is no tenant \"ops\"; there are a, b");
        assert_eq!(no(Some("ops"), &[]), "there is no tenant \"ops\"; there is none for you");
        assert_eq!(no(None, &["a", "b"]), "no tenant was named, name one of them; there are a, b");
        assert_eq!(no(None, &[]), "no tenant was named; there is none for you");
    }
}
