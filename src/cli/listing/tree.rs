//! The tree of all that runs, as lines of a table.

use super::super::table::Table;
use super::span;
use crate::admin::status::TreeNode;
use crate::base::limits;

/// Root's rows, and those of a worker under them; a daemon that says otherwise is not followed.
const DEPTH_MAX: usize = 2 * limits::TREE_DEPTH_MAX;

/// A line for the node, and one for each that hangs under it.
pub fn grow(table: &mut Table, node: &TreeNode, depth: usize) {
    table.row([
        Some(format!("{}{}", "  ".repeat(depth), node.name)),
        Some(node.kind.clone()),
        Some(node.state.clone()),
        node.uptime_s.map(span),
        (node.restarts > 0).then(|| node.restarts.to_string()),
        node.next_retry_s.map(|seconds| format!("in {}", span(seconds))),
        node.last_fault.clone(),
    ]);
    if depth == DEPTH_MAX {
        return;
    }
    for (child, count) in alike(&node.children) {
        let name = if count > 1 { format!("{} ({count})", child.name) } else { child.name.clone() };
        grow(table, &TreeNode { name, ..child }, depth + 1);
    }
}

/// Parts of one name and state are one line: a daemon has a task for each of its viewers. The oldest of them counts.
fn alike(nodes: &[TreeNode]) -> Vec<(TreeNode, usize)> {
    let mut groups: Vec<(TreeNode, usize)> = Vec::new();
    for node in nodes {
        let same = |group: &TreeNode| {
            (&group.name, &group.kind, &group.state) == (&node.name, &node.kind, &node.state)
                && group.children.is_empty()
                && node.children.is_empty()
                && (&group.last_fault, group.next_retry_s) == (&node.last_fault, node.next_retry_s)
        };
        match groups.iter_mut().find(|(group, _)| same(group)) {
            Some((group, count)) => {
                *count += 1;
                group.restarts = group.restarts.max(node.restarts);
                group.uptime_s = group.uptime_s.max(node.uptime_s);
            }
            None => groups.push((node.clone(), 1)),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_to_be_started_again_says_when_and_why() {
        let viewer = |uptime_s| TreeNode { name: "viewer".to_owned(), uptime_s: Some(uptime_s), ..TreeNode::default() };
        let worker = TreeNode {
            name: "worker default".to_owned(),
            kind: "supervisor".to_owned(),
            state: "waiting".to_owned(),
            restarts: 3,
            last_fault: Some("it was killed".to_owned()),
            next_retry_s: Some(2),
            ..TreeNode::default()
        };
        let children = vec![viewer(1), worker, viewer(90)];
        let root = TreeNode { name: "root".to_owned(), uptime_s: Some(61), children, ..TreeNode::default() };
        let mut table = Table::new(&["PART", "KIND", "STATE", ">UP", ">RESTARTS", ">NEXT TRY", "LAST FAULT"]);
        grow(&mut table, &root, 0);
        let text = table.to_text();
        assert!(text.contains("  viewer (2)") && text.contains("1 min 30 s"), "{text}");
        let line = text.lines().find(|line| line.contains("worker default")).expect("it has a line");
        assert!(line.starts_with("  worker default  supervisor  waiting"), "{line}");
        assert!(line.contains("in 2 s  it was killed"), "{line}");
    }
}
