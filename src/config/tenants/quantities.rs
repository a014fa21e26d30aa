//! The keys `cpu`, `memory` and `pids` of a tenant's section: what its processes may take together.
//!
//! Invariant: a limit under which no worker can live is refused, with the least that is allowed.

use toml::de::DeValue;

use super::super::schema::{Wrong, kind, wrong};
use crate::base::limits;
use crate::machine::confinement::Resource;
use crate::notation::{harmless, parse_quantity};

/// Reads the value of one of the keys.
pub(super) fn read(resource: Resource, value: &DeValue<'_>) -> Result<u64, Wrong> {
    let text = match value {
        DeValue::String(text) => &**text,
        DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
        DeValue::Float(number) => number.as_str(),
        other => return Err(wrong(format!("{} stands where a quantity belongs", kind(other)), remedy(resource))),
    };
    let thousandths = parse_quantity(text)
        .map_err(|error| wrong(format!("{:?} is no quantity: {error}", harmless(text)), remedy(resource)))?;
    let count = match resource {
        Resource::Cpu => thousandths,
        // As in Kubernetes, where this mistake is made too.
        Resource::Memory | Resource::Pids if thousandths % 1000 != 0 || text.ends_with('m') => {
            let message = format!("{:?} has a part of one: m stands for a thousandth", harmless(text));
            return Err(wrong(message, remedy(resource)));
        }
        Resource::Memory | Resource::Pids => thousandths / 1000,
    };
    let (least, most) = bounds(resource);
    if count < least {
        return Err(wrong(format!("{:?} is less than a worker needs to live", harmless(text)), remedy(resource)));
    }
    if count > most {
        return Err(wrong(format!("{:?} is more than any machine has", harmless(text)), remedy(resource)));
    }
    Ok(count)
}

fn bounds(resource: Resource) -> (u64, u64) {
    match resource {
        Resource::Cpu => (limits::CPU_LIMIT_MILLIS_MIN, limits::CPU_LIMIT_MILLIS_MAX),
        Resource::Memory => (limits::MEMORY_LIMIT_BYTES_MIN, limits::MEMORY_LIMIT_BYTES_MAX),
        Resource::Pids => (limits::PIDS_LIMIT_MIN, limits::PIDS_LIMIT_MAX),
    }
}

fn remedy(resource: Resource) -> String {
    let (least, _) = bounds(resource);
    match resource {
        Resource::Cpu => format!("write processors, such as \"1200m\" or 1.2, \"{least}m\" at least"),
        Resource::Memory => format!("write bytes, such as \"2Gi\" or \"500Mi\", \"{}Mi\" at least", least >> 20),
        Resource::Pids => format!("write how many processes and threads there may be, {least} at least"),
    }
}
