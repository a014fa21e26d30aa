use super::*;

fn param(kind: ParamKind) -> ParamFacts {
    ParamFacts { name: "P".to_owned(), kind, ..ParamFacts::default() }
}

fn said(param: &ParamFacts, text: &str) -> Result<SqlValue, String> {
    param.value(Some(text))
}

#[test]
fn a_value_is_of_the_declared_type() {
    assert_eq!(said(&param(ParamKind::Text), "1"), Ok(SqlValue::Text("1".to_owned())));
    assert_eq!(said(&param(ParamKind::Int), "-3"), Ok(SqlValue::Integer(-3)));
    assert_eq!(said(&param(ParamKind::Float), "1e3"), Ok(SqlValue::Float(1000.0)));
    assert_eq!(said(&param(ParamKind::Bool), "true"), Ok(SqlValue::Flag(true)));
    for (kind, text) in [
        (ParamKind::Int, "1; DROP TABLE t"),
        (ParamKind::Int, "9223372036854775808"),
        (ParamKind::Int, "1.5"),
        (ParamKind::Float, "nan"),
        (ParamKind::Float, "1 or 1"),
        (ParamKind::Bool, "1"),
        (ParamKind::Text, "zero\0byte"),
    ] {
        let why = said(&param(kind), text).expect_err(text);
        assert!(why.starts_with("the parameter P ") && !why.contains(text), "{why}");
    }
}

#[test]
fn bounds_choices_and_lengths_hold() {
    let number = ParamFacts { min: Some(1.0), max: Some(5.0), ..param(ParamKind::Int) };
    assert_eq!(said(&number, "5"), Ok(SqlValue::Integer(5)));
    assert_eq!(said(&number, "6"), Err("the parameter P must be between 1 and 5".to_owned()));
    let short = ParamFacts { length_max: Some(3), ..param(ParamKind::Text) };
    assert_eq!(said(&short, "äb"), Ok(SqlValue::Text("äb".to_owned())));
    assert_eq!(said(&short, "äbc"), Err("the parameter P may have 3 bytes, and has 4".to_owned()));
    let listed = ParamFacts { one_of: vec!["a".to_owned(), "b".to_owned()], ..param(ParamKind::Text) };
    assert_eq!(said(&listed, "b"), Ok(SqlValue::Text("b".to_owned())));
    assert_eq!(said(&listed, "c"), Err("the parameter P can be: a, b".to_owned()));
    assert_eq!(listed.value(None), Err("the parameter P is missing: say --param P=a".to_owned()));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_what_is_not_declared_is_passed_over() {
    let declared = [ParamFacts { name: "App".to_owned(), ..param(ParamKind::Text) }, param(ParamKind::Int)];
    let asked = [("P".to_owned(), "x".to_owned()), ("Other".to_owned(), "y".to_owned())].into();
    let wrong = values(&declared, &asked).expect_err("two are wrong");
    assert_eq!(
        wrong,
        ["the parameter App is missing: say --param App=core", "the parameter P must be a whole number, such as 5",]
    );
    let asked = [("App".to_owned(), String::new()), ("P".to_owned(), "7".to_owned())].into();
    let all = [("App".to_owned(), SqlValue::Text(String::new())), ("P".to_owned(), SqlValue::Integer(7))];
    assert_eq!(values(&declared, &asked), Ok(all.into()));
}

#[test]
fn an_identifier_reads_back() {
    let uuid = Uuid::of_checksum([0xff; 32]);
    assert_eq!(uuid.to_string(), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    assert_eq!(Uuid::parse(&uuid.to_string()), Some(uuid));
    for bad in [
        "",
        "ffffffff-ffff-8fff-bfff-fffffffffff",
        "ffffffffxffff-8fff-bfff-fffffffffffff",
        "gfffffff-ffff-8fff-bfff-ffffffffffff",
    ] {
        assert_eq!(Uuid::parse(bad), None, "{bad}");
    }
}
