//! The form of valgrind's callgrind, which KCachegrind and QCachegrind show: what each function cost itself, and what
//! it cost through each function it called.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::Profile;
use crate::model::profile::Kind;

/// Of one function.
#[derive(Default)]
struct Costs<'a> {
    own: u64,
    calls: BTreeMap<&'a str, u64>,
}

/// Samples are counted, not instructions, or bytes. A function that calls itself is counted once for each sample.
pub fn report(profile: &Profile) -> String {
    let mut functions: BTreeMap<&str, Costs<'_>> = BTreeMap::new();
    for stack in &profile.stacks {
        let calls: Vec<&str> = profile.calls(stack).collect();
        let weight = profile.weight(stack);
        let mut seen = Vec::new();
        for pair in calls.windows(2) {
            let [caller, callee] = [pair[0], pair[1]];
            if caller != callee && !seen.contains(&(caller, callee)) {
                seen.push((caller, callee));
                let calls = functions.entry(caller).or_default().calls.entry(callee).or_default();
                *calls = calls.saturating_add(weight);
            }
        }
        if let Some(last) = calls.last() {
            let own = &mut functions.entry(last).or_default().own;
            *own = own.saturating_add(weight);
        }
    }
    let events = match profile.kind {
        Kind::Time => "Samples",
        Kind::Memory { .. } => "Bytes",
    };
    let mut text = format!("# callgrind format\nversion: 1\ncreator: unblink\npositions: line\nevents: {events}\n");
    writeln!(text, "summary: {}", profile.total()).expect("invariant: a text takes all");
    for (name, costs) in functions {
        write!(text, "\nfn={name}\n0 {}\n", costs.own).expect("invariant: a text takes all");
        for (callee, count) in costs.calls {
            write!(text, "cfn={callee}\ncalls={count} 0\n0 {count}\n").expect("invariant: a text takes all");
        }
    }
    text
}
