//! What a build without databases says of charts.

use super::*;
use crate::config::understand;

#[test]
fn a_chart_is_refused_in_words() {
    let bytes = b"[query]\nsql = \"SELECT 1\"\n".to_vec();
    let chart = ConfigFile { kind: FileKind::Chart, name: "charts.d/c.toml".to_owned(), bytes };
    let complaints = understand(&[chart]).expect_err("nothing could ask");
    assert!(complaints.len() == 1 && complaints[0].message.contains("without the feature sql"), "{complaints:?}");
}
