use super::*;
use crate::model::ParamKind;

/// What is wrong with a text, as `start: message`.
fn complaints(text: &str) -> Vec<String> {
    let told = |all: Vec<Wrong>| all.into_iter().map(|one| format!("{}: {}", one.span.start, one.message)).collect();
    Template::read(text).map_or_else(told, |_| Vec::new())
}

fn texts(name: &str, one_of: &[&str]) -> ParamFacts {
    let one_of = one_of.iter().map(|text| (*text).to_owned()).collect();
    ParamFacts { name: name.to_owned(), one_of, ..ParamFacts::default() }
}

fn of(pairs: &[(&str, &str)]) -> Values {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), SqlValue::Text((*text).to_owned()))).collect()
}

fn sql(text: &str, values: &Values) -> String {
    Template::read(text).expect(text).statement(values, Dialect::Sqlite).expect(text).sql
}

#[test]
fn values_become_placeholders_numbered_by_their_parameters() {
    let template = Template::read("SELECT {{.A}}, {{ .B }}, {{.A}} WHERE c = {{ident .C}}").unwrap();
    let values = of(&[("A", "1"), ("B", "'; DROP"), ("C", "p95")]);
    let params = vec!["A".to_owned(), "B".to_owned()];
    let expected = |sql: &str| Ok(Statement { sql: sql.to_owned(), params: params.clone() });
    assert_eq!(template.statement(&values, Dialect::Sqlite), expected("SELECT ?1, ?2, ?1 WHERE c = [p95]"));
    assert_eq!(template.statement(&values, Dialect::Postgres), expected("SELECT $1, $2, $1 WHERE c = \"p95\""));
    assert!(template.statement(&of(&[("C", "p95\"; --")]), Dialect::Postgres).is_err());
}

#[test]
fn conditions_choose_as_they_do_in_go() {
    let cases = [
        ("a{{if .V}}b{{else}}c{{end}}d", "abd", "acd"),
        ("{{if eq .V \"x\"}}1{{else if eq .V \"\" \"y\"}}2{{else}}3{{end}}", "1", "2"),
        ("{{if and .V (not (eq .V \"y\"))}}1{{end}}", "1", ""),
        ("{{if or (ne .V \"x\") (lt 1 0)}}1{{else}}2{{end}}", "2", "1"),
        ("a {{- if .V -}} b {{- end }} c", "ab c", "a c"),
        ("a {{/* a comment with {{.B}} */}}b{{- /* two */ -}}  c", "a bc", "a bc"),
        ("{{if true}}{{if false}}1{{else}}2{{end}}{{end}}", "2", "2"),
        ("{{if (ge 2 1)}}1{{end}}{{if gt 0.5 0.75}}2{{end}}{{if le -1 -1}}3{{end}}", "13", "13"),
        ("{{\nif eq\n.V\t\"x\" }}1{{end}}", "1", ""),
    ];
    for (text, with_x, empty) in cases {
        assert_eq!(sql(text, &of(&[("V", "x")])), with_x, "{text}");
        assert_eq!(sql(text, &of(&[("V", "")])), empty, "{text}");
    }
}

#[test]
fn whatever_is_not_balanced_or_not_known_is_told_at_its_place() {
    for (text, said) in [
        ("x {{.A", "2: this action has no end"),
        ("x {{if .A}} y", "2: this `if` has no end"),
        ("x {{end}}", "2: this `end` belongs to no `if`"),
        ("x {{else}}", "2: this `else` belongs to no `if`"),
        ("{{if .A}}{{else}}{{else}}{{end}}", "17: a second `else` of one `if`"),
        ("{{if .A}}{{else}}{{else if .B}}{{end}}", "17: a second `else` of one `if`"),
        ("{{if .A}}{{end x}}", "15: nothing stands behind `else` and `end`"),
        ("{{if}}{{end}}", "0: there is no condition"),
        ("{{}}", "0: this action is empty"),
        ("{{range .A}}{{end}}", "2: `range` is not allowed in a chart"),
        ("{{template \"a\"}}", "2: `template` is not allowed in a chart"),
        ("{{define \"a\"}}{{end}}", "2: `define` is not allowed in a chart"),
        ("{{block \"a\" .}}{{end}}", "12: the dot alone is no value here"),
        ("{{with .A}}{{end}}", "2: `with` is not allowed in a chart"),
        ("{{break}}", "2: `break` is not allowed in a chart"),
        ("{{printf \"%s\" .A}}", "2: `printf` would paste a text into SQL, where values are bound"),
        ("{{.A | printf \"%s\"}}", "5: there are no pipes here"),
        ("{{html .A}}", "2: `html` would paste a text into SQL, where values are bound"),
        ("{{call .A}}", "2: `call` would paste a text into SQL, where values are bound"),
        ("{{.A.B}}", "2: parameters have no fields"),
        ("{{.}}", "2: the dot alone is no value here"),
        ("{{$x := .A}}", "2: there are no variables here"),
        ("{{\"text\"}}", "0: this action is no field"),
        ("{{1}}", "0: this action is no field"),
        ("{{`raw`}}", "2: this is no text here"),
        ("{{'c'}}", "2: this is no text here"),
        ("{{ident}}", "2: `ident` takes one parameter"),
        ("{{ident \"x\"}}", "2: `ident` takes one parameter"),
        ("{{.A .B}}", "5: something stands behind the field"),
        ("{{.A-}}", "4: \"-\" is glued to the word before it"),
        ("{{if eq .A}}{{end}}", "5: `eq` does not take 1 values"),
        ("{{if not .A .B}}{{end}}", "5: `not` does not take 2 values"),
        ("{{if len .A}}{{end}}", "5: there is no \"len\" in conditions"),
        ("{{if (eq .A 1}}{{end}}", "5: this parenthesis is not closed"),
        ("{{if .A)}}{{end}}", "7: this does not belong to the condition"),
        ("{{if eq .A eq}}{{end}}", "11: no value stands here"),
        ("{{if eq .A \"a\\\"b\"}}{{end}}", "11: a text in an action holds neither backslashes nor braces"),
        ("{{if eq .A \"}}\"}}{{end}}", "11: a text in an action holds neither backslashes nor braces"),
        ("{{if eq .A 010}}{{end}}", "11: this is no number here"),
        ("{{if eq .A 1e9}}{{end}}", "11: this is no number here"),
        ("{{if eq .A \"open}}{{end}}", "11: this text has no end"),
        ("{{/* open", "0: this comment has no end"),
        ("{{/* a */ .A}}", "0: a comment is an action of its own"),
        ("{{{.A}}}", "2: \"{\" is not understood in an action"),
        ("a\u{1}b", "1: a control character (U+0001) stands in the template"),
        ("a\0b", "1: a control character (U+0000) stands in the template"),
    ] {
        assert_eq!(complaints(text).first().map(String::as_str), Some(said), "{text}");
    }
    // All at once.
    assert_eq!(complaints("{{if .A}}{{range .B}}{{$x}}").len(), 3);
}

#[test]
fn a_template_cannot_grow_beyond_its_caps() {
    let long = "x".repeat(limits::TEMPLATE_BYTES_MAX + 1);
    assert!(complaints(&long)[0].contains("too long"));
    let many = "{{.A}} ".repeat(limits::TEMPLATE_ACTIONS_MAX + 1);
    assert!(complaints(&many)[0].contains("257 actions"));
    let deep = |count: usize| format!("{}x{}", "{{if .A}}".repeat(count), "{{end}}".repeat(count));
    assert_eq!(complaints(&deep(limits::TEMPLATE_DEPTH_MAX)), [""; 0]);
    assert_eq!(sql(&deep(limits::TEMPLATE_DEPTH_MAX), &of(&[("A", "1")])), "x");
    assert!(complaints(&deep(limits::TEMPLATE_DEPTH_MAX + 1))[0].contains("too many conditions"));
    let chain = |count: usize| format!("{{{{if .A}}}}{}{{{{end}}}}", "{{else if .A}}x".repeat(count - 1));
    assert_eq!(complaints(&chain(limits::TEMPLATE_DEPTH_MAX)), [""; 0]);
    assert_eq!(sql(&chain(limits::TEMPLATE_DEPTH_MAX), &of(&[("A", "")])), "");
    assert!(complaints(&chain(limits::TEMPLATE_DEPTH_MAX + 1))[0].contains("too many conditions"));
    // What was closed does not count.
    assert_eq!(complaints(&"{{if .A}}{{else if .A}}{{end}}".repeat(80)), [""; 0]);
    let wide = format!("{{{{if or {}}}}}{{{{end}}}}", ".A ".repeat(limits::TEMPLATE_WORDS_MAX));
    assert!(complaints(&wide)[0].contains("65 words"));
    let nested = |count: usize| format!("{{{{if {}.A{}}}}}{{{{end}}}}", "(".repeat(count), ")".repeat(count));
    assert_eq!(complaints(&nested(31)), [""; 0]);
    assert!(complaints(&nested(5_000))[0].contains("words"));
    let names: String = (0..17).map(|number| format!("{{{{.N{number}}}}} ")).collect();
    assert!(complaints(&names)[0].contains("17 parameters"));
}

#[test]
fn conditions_and_names_ask_for_what_is_listed() {
    let checked = |text: &str, params: &[ParamFacts]| -> Vec<String> {
        Template::read(text).expect(text).check(params).into_iter().map(|one| one.message).collect()
    };
    let free = [texts("A", &[])];
    assert_eq!(checked("{{.A}}", &free), [""; 0]);
    assert_eq!(checked("{{if .A}}{{end}}", &free), ["a condition on A, which can be anything"]);
    let not_names = "A becomes a name in SQL, and not all it can be is known to be one";
    assert_eq!(checked("{{ident .A}}", &free), [not_names]);
    assert_eq!(checked("{{ident .A}}", &[texts("A", &["p95", "p 95"])]), [not_names]);
    assert_eq!(checked("{{ident .A}}", &[texts("A", &["p95", "x\"; DROP TABLE t; --"])]), [not_names]);
    assert_eq!(checked("{{ident .A}} {{if eq .A \"p50\"}}1{{end}}", &[texts("A", &["p50", "p95"])]), [""; 0]);
    assert_eq!(checked("{{.B}}", &free), ["there is no parameter B"]);
    let flag = ParamFacts { name: "A".to_owned(), kind: ParamKind::Bool, ..ParamFacts::default() };
    assert_eq!(checked("{{if .A}}1{{end}}", std::slice::from_ref(&flag)), [""; 0]);
    let wrong = checked("{{if eq .A 1}}1{{end}}", &[flag]);
    assert!(wrong.len() == 1 && wrong[0].starts_with("a condition cannot be answered"), "{wrong:?}");
    let choices: Vec<String> = (0..17).map(|number| number.to_string()).collect();
    let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
    let two = [texts("A", &choices), texts("B", &choices)];
    assert_eq!(checked("{{if .A}}{{if .B}}1{{end}}{{end}}", &two), ["its conditions make 289 different statements"]);
}

#[test]
fn a_parameter_within_quotes_or_comments_is_told_with_its_place() {
    let placed = |text: &str| -> Vec<String> {
        let params = [texts("A", &[]), texts("V", &["a", "b"])];
        let all = Template::read(text).expect(text).check(&params);
        all.into_iter().map(|one| format!("{}: {}", one.span.start, one.message)).collect()
    };
    let text = "the parameter stands within a text";
    for (sql, said) in [
        ("SELECT '{{.A}}'", format!("8: {text}")),
        ("SELECT '%' || {{.A}} || '%'", String::new()),
        ("SELECT 'it''s {{.A}}'", format!("14: {text}")),
        ("SELECT 'it''s', {{.A}}", String::new()),
        ("SELECT E'it\\'s {{.A}}'", format!("15: {text}")),
        ("SELECT 'a\\', {{.A}}", String::new()),
        ("SELECT \"{{.A}}\"", "8: the parameter stands within a quoted name".to_owned()),
        ("SELECT `{{ident .V}}`", "8: the parameter stands within a quoted name".to_owned()),
        ("SELECT 1 -- {{.A}}", "12: the parameter stands within a comment of SQL".to_owned()),
        ("SELECT 1 -- x\n, {{.A}}", String::new()),
        ("SELECT /* {{.A}} */ 1", "10: the parameter stands within a comment of SQL".to_owned()),
        ("SELECT /* /* */ {{.A}} */ 1", "16: the parameter stands within a comment of SQL".to_owned()),
        ("SELECT /* '*/ {{.A}}", String::new()),
        ("SELECT $$ {{.A}} $$", "10: the parameter stands within a text in dollar quotes".to_owned()),
        ("SELECT $x$ $$ {{.A}} $x$", "14: the parameter stands within a text in dollar quotes".to_owned()),
        ("SELECT $x$ $$ $x$, {{.A}}", String::new()),
        ("SELECT {{.A}}{{.A}}", "7: the parameter stands right beside a word".to_owned()),
        ("SELECT x{{.A}}", "8: the parameter stands right beside a word".to_owned()),
        ("SELECT {{.A}}1", "7: the parameter stands right beside a word".to_owned()),
        ("SELECT ?1, {{.A}}", "0: the text has a placeholder of its own".to_owned()),
        ("SELECT $1, {{.A}}", "0: the text has a placeholder of its own".to_owned()),
        // Only one of the two texts is wrong.
        ("SELECT {{if eq .V \"b\"}}'{{end}}, {{.A}} {{if eq .V \"b\"}}'{{end}}", format!("33: {text}")),
    ] {
        let expected: Vec<String> = Some(said).filter(|said| !said.is_empty()).into_iter().collect();
        assert_eq!(placed(sql).first(), expected.first(), "{sql}");
    }
}
