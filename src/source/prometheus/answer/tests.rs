//! Answers as servers give them, and as nobody should.

use proptest::prelude::*;

use super::*;

fn read_all(text: &str) -> Result<Answer, Refusal> {
    read(text.as_bytes(), limits::PAST_SAMPLES_MAX)
}

fn of_vector(rows: &str) -> Result<Answer, Refusal> {
    read_all(&format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{rows}]}}}}"#))
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_vector_is_read_with_its_labels_and_values() {
    let answer = of_vector(
        r#"{"metric":{"__name__":"up","job":"api"},"value":[1789000000.123,"1"]},
           {"metric":{},"value":[1789000000,"NaN"]},{"metric":{},"value":[1789000000,"+Inf"]},
           {"metric":{"a":"b"},"histogram":[1789000000,{"count":"3","buckets":[[0,"1","2","3"]]}]}"#,
    )
    .unwrap();
    assert_eq!(answer.series[0].labels, labels(&[("job", "api")]));
    assert_eq!(answer.series[0].name.as_deref(), Some("up"));
    assert_eq!(answer.series[0].points, [(1_789_000_000.123, 1.0)]);
    assert!(answer.series[1].points[0].1.is_nan() && answer.series[2].points[0].1.is_infinite());
    assert!(answer.series[3].is_histogram && answer.series[3].points.is_empty());
}

#[test]
fn a_scalar_and_a_matrix_are_read_whatever_the_order_of_the_fields() {
    let scalar =
        r#"{"data":{"result":[1789000000.5,"42"],"resultType":"scalar"},"status":"success","isPartial":false}"#;
    assert_eq!(read_all(scalar).unwrap().series[0].points, [(1_789_000_000.5, 42.0)]);
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"values":[[1,"1"],[2,"2"]],"metric":{"job":"a"}},{"metric":{"job":"b"},"values":[[1,"5"],[2,"6"]]}]}}"#;
    let answer = read_all(matrix).unwrap();
    assert_eq!(answer.series[1].points, [(1.0, 5.0), (2.0, 6.0)]);
    let cut = read(matrix.as_bytes(), 3).unwrap();
    assert_eq!((cut.series[0].points.len(), &cut.series[1].points[..], cut.beyond), (2, &[(2.0, 6.0)][..], 1));
    assert_eq!(read(matrix.as_bytes(), 2).unwrap().beyond, 2);
}

#[test]
fn warnings_are_kept_and_errors_are_told_in_the_servers_words() {
    let warned =
        r#"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":["a","b"],"infos":["c"]}"#;
    assert_eq!(read_all(warned).unwrap().warnings, ["a", "b", "c"]);
    let null = r#"{"status":"success","data":{"resultType":"vector","result":[]},"warnings":null}"#;
    assert_eq!(read_all(null).unwrap().warnings, Vec::<String>::new());
    let error = r#"{"status":"error","errorType":"bad_data","error":"parse error: no"}"#;
    assert_eq!(read_all(error), Err(Refusal::Error("parse error: no".to_owned())));
    let bare = r#"{"status":"error","errorType":"timeout"}"#;
    assert_eq!(read_all(bare), Err(Refusal::Error("timeout".to_owned())));
    let text = r#"{"status":"success","data":{"resultType":"string","result":[1,"x"]}}"#;
    assert_eq!(read_all(text), Err(Refusal::Strange("is a text, where numbers belong")));
}

#[test]
fn what_is_no_answer_is_refused() {
    for (text, refusal) in [
        ("", Refusal::NotJson),
        ("<html>", Refusal::NotJson),
        ("{\"status\":\"success\"", Refusal::NotJson),
        ("\u{0}\u{1}", Refusal::NotJson),
        ("7", Refusal::Strange("is no answer of Prometheus")),
        ("{}", Refusal::Strange("is no answer of Prometheus")),
        ("{\"status\":\"success\"}", Refusal::Strange("has no data")),
        ("{\"status\":\"success\",\"data\":{\"resultType\":\"vector\"}}", Refusal::Strange("has no result")),
        (
            "{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[]}}",
            Refusal::Strange("is of a type that is not known here"),
        ),
        ("{\"status\":7,\"data\":[]}", Refusal::Strange("is no answer of Prometheus")),
    ] {
        assert_eq!(read_all(text), Err(refusal), "{text}");
    }
}

#[test]
fn what_is_nested_without_end_neither_overflows_nor_stays() {
    let deep = "[".repeat(4_000_000);
    assert!(read_all(&deep).is_err());
    let within = format!(r#"{{"status":"success","x":{deep}"#);
    assert!(read_all(&within).is_err());
    let objects =
        format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}"#, "{\"metric\":".repeat(100_000));
    assert!(read_all(&objects).is_err());
}

#[test]
fn a_flood_of_labels_or_series_is_counted_and_not_kept() {
    let many: Vec<String> = (0..200_000).map(|number| format!("\"l{number}\":\"x\"")).collect();
    let answer = of_vector(&format!("{{\"metric\":{{{}}},\"value\":[1,\"1\"]}}", many.join(","))).unwrap();
    assert_eq!(answer.series[0].labels.len(), limits::SERIES_LABELS_MAX + 1, "one more shows that there were more");
    let rows = vec!["{\"metric\":{},\"value\":[1,\"1\"]}"; 10_000].join(",");
    let answer = of_vector(&rows).unwrap();
    assert_eq!((answer.series.len(), answer.beyond), (limits::SOURCE_SAMPLES_MAX, 10_000 - limits::SOURCE_SAMPLES_MAX));
    let long =
        of_vector(&format!("{{\"metric\":{{\"a\":\"{}\"}},\"value\":[1,\"1\"]}}", "é".repeat(1_000_000))).unwrap();
    let value = &long.series[0].labels[0].1;
    assert!(value.len() > limits::SERIES_TEXT_BYTES_MAX && value.len() <= limits::SERIES_TEXT_BYTES_MAX + 4);
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_a_refusal(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&bytes, 10);
    }

    /// Changed in any place, an answer is still understood or refused, and never holds more than it may.
    #[test]
    fn a_damaged_answer_is_understood_or_refused(at in 0usize..200, byte in any::<u8>(), cut in 0usize..200) {
        let whole = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"job":"a"},"values":[[1,"1"],[2,"2"],[3,"-Inf"]]}]},"warnings":["x"]}"#;
        let mut bytes = whole.as_bytes().to_vec();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % length);
        if let Ok(answer) = read(&bytes, 2) {
            prop_assert!(answer.series.iter().map(|series| series.points.len()).sum::<usize>() <= 2);
        }
    }
}
