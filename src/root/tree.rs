//! The tree of all that runs, as the status shows it: root's own rows, and under each worker what that said of its.
//!
//! Invariant: every row is in it once, and what a worker says makes it no deeper than the cap.

use std::time::Duration;

use super::state::State;
use super::worker::Worker;
use crate::admin::status::TreeNode;
use crate::base::{Mono, limits};
use crate::runtime::{self, NodeId, Row};
use crate::wire::feed::TreeRow;

impl State {
    pub(super) fn tree(&self, now: Mono) -> TreeNode {
        self.tenants.workers().for_each(|worker| worker.tell_row());
        let workers: Vec<(NodeId, &Worker)> = self.tenants.workers().map(|worker| (worker.node(), worker)).collect();
        let mut rows = Vec::new();
        for (depth, row) in runtime::tree() {
            let id = row.id;
            rows.push((depth, own_node(row, now)));
            if let Some((_, worker)) = workers.iter().find(|(node, _)| *node == id) {
                rows.extend(process(worker, depth + 1, now));
            }
        }
        let state = if self.stopping() { "stopping" } else { "running" };
        TreeNode {
            name: "root".to_owned(),
            kind: "process".to_owned(),
            state: state.to_owned(),
            uptime_s: Some(now.since(self.started_at).as_secs()),
            children: nest(rows),
            ..TreeNode::default()
        }
    }
}

fn own_node(row: Row, now: Mono) -> TreeNode {
    TreeNode {
        name: row.name,
        kind: row.kind.word().to_owned(),
        state: row.state,
        uptime_s: row.since.map(|since| now.since(since).as_secs()),
        restarts: row.restarts,
        last_fault: row.last_fault,
        next_retry_s: row.next_retry.map(|at| whole_seconds(at.since(now))),
        children: Vec::new(),
    }
}

/// The worker's process, if there is one, and what that said of itself.
fn process(worker: &Worker, depth: usize, now: Mono) -> Vec<(usize, TreeNode)> {
    let Some(begun_at) = worker.begun_at() else { return Vec::new() };
    let node = TreeNode {
        name: "unblink-worker".to_owned(),
        kind: "process".to_owned(),
        state: worker.state().to_owned(),
        uptime_s: Some(now.since(begun_at).as_secs()),
        ..TreeNode::default()
    };
    let (status, said_at) = worker.status_at();
    let age = now.since(said_at);
    let parts = status.tree.iter().map(|row| (depth + 1 + usize::from(row.depth), said_node(row, age)));
    std::iter::once((depth, node)).chain(parts).collect()
}

/// What a worker said that long ago.
fn said_node(row: &TreeRow, age: Duration) -> TreeNode {
    TreeNode {
        name: row.name.clone(),
        kind: row.kind.clone(),
        state: row.state.clone(),
        uptime_s: row.uptime_ms.map(|ms| Duration::from_millis(ms).saturating_add(age).as_secs()),
        restarts: row.restarts,
        last_fault: (!row.last_fault.is_empty()).then(|| row.last_fault.clone()),
        next_retry_s: row.next_retry_ms.map(|ms| whole_seconds(Duration::from_millis(ms).saturating_sub(age))),
        children: Vec::new(),
    }
}

/// Rounded up: what is due in a moment is not due yet.
fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// Rows that stand each directly before what hangs under it, as a tree. One that claims to be deeper than it can be hangs
/// under the row before.
fn nest(rows: Vec<(usize, TreeNode)>) -> Vec<TreeNode> {
    let mut open = vec![TreeNode::default()];
    for (depth, node) in rows {
        close(&mut open, 1 + depth.min(2 * limits::TREE_DEPTH_MAX));
        open.push(node);
    }
    close(&mut open, 1);
    open.swap_remove(0).children
}

/// Hangs the last of them under those before, until so many are open.
fn close(open: &mut Vec<TreeNode>, count: usize) {
    while open.len() > count
        && let Some(node) = open.pop()
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(nodes: &[TreeNode]) -> String {
        let one = |node: &TreeNode| match node.children.is_empty() {
            true => node.name.clone(),
            false => format!("{}({})", node.name, shown(&node.children)),
        };
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn nested(rows: &[(usize, &str)]) -> String {
        let row =
            |(depth, name): &(usize, &str)| (*depth, TreeNode { name: (*name).to_owned(), ..TreeNode::default() });
        shown(&nest(rows.iter().map(row).collect()))
    }

    #[test]
    fn rows_with_depths_become_a_tree() {
        assert_eq!(nested(&[]), "");
        assert_eq!(nested(&[(0, "a"), (1, "b"), (2, "c"), (1, "d"), (0, "e")]), "a(b(c) d) e");
    }

    #[test]
    fn a_worker_that_lies_about_depths_gets_a_tree_all_the_same() {
        assert_eq!(nested(&[(7, "a"), (9, "b"), (255, "c"), (1, "d")]), "a(b(c) d)");
        let deep: Vec<(usize, &str)> = (0..1000).map(|depth| (depth, "x")).collect();
        let text = nested(&deep);
        assert_eq!(text.matches('x').count(), 1000);
        let depth = text.chars().take_while(|c| *c != ' ').filter(|c| *c == '(').count();
        assert!(depth <= 2 * limits::TREE_DEPTH_MAX, "{depth}");
    }

    #[test]
    fn what_was_said_a_while_ago_is_counted_on() {
        let row = TreeRow { uptime_ms: Some(1_500), next_retry_ms: Some(3_200), ..TreeRow::default() };
        let node = said_node(&row, Duration::from_millis(1_000));
        assert_eq!((node.uptime_s, node.next_retry_s, node.last_fault), (Some(2), Some(3), None));
        let late = said_node(&row, Duration::from_secs(60));
        assert_eq!(late.next_retry_s, Some(0));
    }
}
