//! Histories that outlive root: the service manager holds a descriptor of each and hands it to the next root.
//!
//! Invariant: it holds one of each tenant at most, under a name that tells which, and none of a tenant that is gone. What it
//! could not be told is told again, until it is. What was told counts as held: it says of nothing that it dropped it, as it does
//! where it holds as many as it may (`FileDescriptorStoreMax=`), and then that history ends with us.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::limits;
use crate::event::{Event as _, HistoryRestored, HistoryUnkept, HistoryUnrestored};
use crate::sys::memory_file::MemoryFile;
use crate::sys::notify::Manager;

/// Handed about among those who start workers.
#[derive(Clone, Debug, Default)]
pub struct Store(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    manager: Option<Arc<Manager>>,
    /// Came back, and nobody asked for it yet; by tenant.
    returned: BTreeMap<String, MemoryFile>,
    /// Of those, what `unblink restore` put there and no worker has read yet; by tenant.
    restored: BTreeMap<String, Restored>,
    /// Tenants of which it holds one, as far as we know.
    held: BTreeSet<String>,
    /// What it was not told yet: to hold another one under this name, or none any more.
    owed: BTreeMap<String, Option<MemoryFile>>,
    /// That it could not be told, and the log says so.
    is_late: bool,
}

/// Where one lay, and what is told of it.
#[derive(Debug)]
pub struct Restored {
    /// The file; it goes once a worker has read what was in it.
    pub path: PathBuf,
    pub bytes: u64,
}

const PREFIX: &str = "history-";

/// Whose history goes by this name.
pub fn tenant_of(name: &str) -> Option<&str> {
    name.strip_prefix(PREFIX)
}

fn name_of(tenant: &str) -> String {
    format!("{PREFIX}{tenant}")
}

// === impl Store ===

impl Store {
    pub fn new(manager: Option<Arc<Manager>>) -> Store {
        Store(Arc::new(Mutex::new(Shelf { manager, ..Shelf::default() })))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Shelf) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// It came back at the start.
    ///
    /// # Errors
    /// Where another one of that tenant did, or as many as there may be tenants.
    pub fn returned(&self, tenant: &str, file: MemoryFile) -> io::Result<()> {
        self.with(|shelf| {
            if shelf.returned.contains_key(tenant) {
                return Err(io::Error::other("there is one of that tenant already"));
            }
            if shelf.returned.len() >= limits::TENANTS_MAX {
                return Err(io::Error::other(format!(
                    "there are {} already, one for each tenant there may be",
                    limits::TENANTS_MAX
                )));
            }
            shelf.held.insert(tenant.to_owned());
            shelf.returned.insert(tenant.to_owned(), file);
            Ok(())
        })
    }

    /// Somebody put this in the place of whatever came back of that tenant.
    pub fn restored(&self, tenant: &str, file: MemoryFile, from: Restored) {
        self.keep(tenant, &file);
        self.with(|shelf| {
            shelf.returned.insert(tenant.to_owned(), file);
            shelf.restored.insert(tenant.to_owned(), from);
        });
    }

    /// Whether something was put there that no worker has read yet.
    pub fn is_restored(&self, tenant: &str) -> bool {
        self.with(|shelf| shelf.restored.contains_key(tenant))
    }

    /// A worker of this tenant has read what it was left.
    pub fn read(&self, tenant: &str) {
        let restored = self.with(|shelf| shelf.restored.remove(tenant));
        // One that stays is not taken again, but told of at the next start.
        restored.iter().for_each(Restored::remove);
    }

    /// What this tenant's workers left before this root, once.
    pub fn take_back(&self, tenant: &str) -> Option<MemoryFile> {
        self.with(|shelf| {
            let file = shelf.returned.remove(tenant)?;
            if let Some(Restored { bytes, .. }) = shelf.restored.get(tenant) {
                HistoryRestored { tenant, bytes: *bytes }.emit();
            }
            Some(file)
        })
    }

    /// From now on this is what this tenant's workers leave; nothing where nobody holds anything.
    pub fn keep(&self, tenant: &str, file: &MemoryFile) {
        self.with(|shelf| {
            if shelf.manager.is_none() {
                return;
            }
            // Without a descriptor to spare it would be lost with us, as it is where nobody manages us.
            let Ok(file) = file.try_clone() else { return };
            shelf.held.insert(tenant.to_owned());
            shelf.owe(name_of(tenant), Some(file));
            shelf.settle();
        });
    }

    /// Whatever goes by this name is to be held no longer, but for what came back by it.
    pub fn remove(&self, name: &str) {
        self.with(|shelf| {
            // A name that the manager would not have given is none that it can be told.
            if shelf.manager.is_some() && !name.chars().any(|c| c.is_control() || c == ':') {
                let stays = tenant_of(name).and_then(|tenant| shelf.returned.get(tenant)?.try_clone().ok());
                shelf.owe(name.to_owned(), stays);
                shelf.settle();
            }
        });
    }

    /// Those of other tenants than these are nobody's.
    pub fn retain(&self, is_there: impl Fn(&str) -> bool) {
        self.with(|shelf| {
            shelf.returned.retain(|tenant, _| is_there(tenant));
            for (_, restored) in shelf.restored.extract_if(.., |tenant, _| !is_there(tenant)) {
                HistoryUnrestored { path: &restored.path, why: "the configuration has no such tenant" }.emit();
                restored.remove();
            }
            let gone: Vec<String> = shelf.held.iter().filter(|tenant| !is_there(tenant)).cloned().collect();
            for tenant in gone {
                shelf.held.remove(&tenant);
                shelf.owe(name_of(&tenant), None);
            }
        });
    }

    /// Tells the manager what it was not told yet.
    pub fn settle(&self) {
        self.with(Shelf::settle);
    }
}

// === impl Restored ===

impl Restored {
    fn remove(&self) {
        let _ = fs::remove_file(&self.path);
        // It is empty, or else somebody has something there.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

// === impl Shelf ===

impl Shelf {
    fn owe(&mut self, name: String, what: Option<MemoryFile>) {
        // One for each tenant, and a few for what came under other names at the start.
        if self.owed.len() < limits::HANDED_MAX || self.owed.contains_key(&name) {
            self.owed.insert(name, what);
        }
    }

    fn settle(&mut self) {
        let Some(manager) = &self.manager else { return };
        while let Some(entry) = self.owed.first_entry() {
            let name = entry.key();
            // What it may hold by that name goes first. Told twice, both come to the same.
            let mut told = manager.tell(&format!("FDSTOREREMOVE=1\nFDNAME={name}"), None);
            if let (Ok(()), Some(file)) = (&told, entry.get()) {
                // It cannot hang up, and is not to be watched for that.
                let lines = format!("FDSTORE=1\nFDPOLL=0\nFDNAME={name}");
                told = manager.tell(&lines, Some(file.as_fd()));
            }
            if let Err(error) = told {
                if !std::mem::replace(&mut self.is_late, true) {
                    HistoryUnkept { name, error: &error }.emit();
                }
                return;
            }
            entry.remove();
        }
        self.is_late = false;
    }
}
