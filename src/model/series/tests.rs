use super::*;

#[test]
fn labels_are_sorted_so_that_equal_series_have_equal_keys() {
    let key = SeriesKey::labelled("a", &[("z", "1"), ("b", "2")]);
    assert_eq!(key, SeriesKey::labelled("a", &[("b", "2"), ("z", "1")]));
    assert_eq!(key.label("z"), Some("1"));
    assert_eq!(key.label("y"), None);
}
