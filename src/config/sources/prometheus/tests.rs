//! What a section with `kind = "prometheus"` may say.

use super::*;
use crate::config::{Settings, parse};
use crate::model::Unit;
use crate::model::origin::{From, Origin};
use crate::wire::feed::{ConfigFile, FileKind};

fn read(text: &str) -> Result<Settings, Vec<String>> {
    let file = ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() };
    let secret = ConfigFile { kind: FileKind::Secret, name: "s".to_owned(), bytes: b"{\"HOME_OF\":\"x\"}".to_vec() };
    parse(&[file, secret])
        .map_err(|all| all.iter().map(|one| format!("{}:{} {}", one.line, one.column, one.message)).collect())
}

fn check(rest: &str, expect: &[&str]) {
    let text = format!("[sources.p]\nkind = \"prometheus\"\n{rest}");
    assert_eq!(read(&text).err().unwrap_or_default(), expect, "{rest}");
}

fn only(text: &str) -> (Origin, Prometheus) {
    let settings = read(text).unwrap();
    let origin = settings.sources[0].clone();
    match &origin.from {
        From::Prometheus(prometheus) => (origin.clone(), prometheus.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_short_section_has_defaults() {
    let (origin, asked) =
        only("[sources.my-prom]\nkind = \"prometheus\"\nurl = \"http://[::1]\"\nqueries = { up = \"up\" }\n");
    assert_eq!(origin.interval, Duration::from_secs(15));
    assert_eq!((asked.host.as_str(), asked.port, asked.prefix.expose(), asked.tls.is_none()), ("::1", 80, "", true));
    assert_eq!((asked.timeout, asked.range), (Duration::from_secs(5), Duration::from_secs(3600)));
    assert_eq!(asked.server(), "[::1]:80");
    let query = Query {
        name: "up".to_owned(),
        series: "my_prom_up".to_owned(),
        query: "up".to_owned(),
        unit: None,
        legend: None,
    };
    assert_eq!(asked.queries, [query]);
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let (origin, asked) = only(
        "[sources.p]\nkind = \"prometheus\"\nurl = \"https://prom.example:9090/a/b/\"\ninterval = \"1m\"\ntimeout = \"10s\"\n\
         range = \"6h\"\nbasic = { user = \"ann\", password_file = \"/run/pass\" }\ntenant = \"team-a\"\nheaders = { X-Any = \"1\" }\n\
         ca_file = \"/ca\"\ncert_file = \"/cert\"\nkey_file = \"/key\"\nseries = \"shop\"\nunit = \"seconds\"\n\
         [sources.p.queries.requests]\nquery = 'sum(rate(x[5m]))'\nunit = \"percent\"\nlegend = \"{{job}}\"\n\
         [sources.p.queries]\nup = \"up\"\n",
    );
    assert_eq!((origin.series.as_str(), origin.unit), ("shop", Unit::Seconds));
    assert_eq!((asked.port, asked.prefix.expose()), (9090, "/a/b"));
    let file = |key, path: &str| FromFile { key, path: path.into() };
    let identity = Some((file("cert_file", "/cert"), file("key_file", "/key")));
    assert_eq!(asked.tls, Some(Tls { ca: Some(file("ca_file", "/ca")), identity }));
    let headers = [("X-Any".to_owned(), Secret::new("1")), ("X-Scope-OrgID".to_owned(), Secret::new("team-a"))];
    assert_eq!(asked.headers, headers);
    let password = file("password_file", "/run/pass");
    assert_eq!(asked.credentials, Some(Credentials::BasicFile { user: Secret::new("ann"), password }));
    let names: Vec<&str> = asked.queries.iter().map(|query| query.series.as_str()).collect();
    assert_eq!(names, ["shop_requests", "shop_up"]);
}

#[test]
fn a_secret_in_a_header_is_a_reference() {
    let header = |text: &str| format!("url = \"http://a\"\nheaders = {{ {text} }}\nqueries = {{ up = \"up\" }}");
    for (name, value) in [
        ("Authorization", "Bearer hunter2"),
        ("X-Api-Key", "hunter2"),
        ("Cookie", "${HOME_OF}hunter2"),
        ("X-Auth-Token", "Bearer ${HOME_OF} hunter2"),
        ("X-AuthToken", "hunter ${HOME_OF}"),
        ("X-Db-Pwd", "hunter2"),
    ] {
        let refused = format!("4:11 sources.p.headers: {name}: a secret does not stand in this file");
        check(&header(&format!("\"{name}\" = \"{value}\"")), &[&refused]);
    }
    for fine in ["Authorization = \"Bearer ${HOME_OF}\"", "X-Api-Key = \"${HOME_OF}\"", "X-Any = \"hunter2\""] {
        check(&header(fine), &[]);
    }
}

#[test]
fn what_is_missing_or_said_twice_is_told() {
    check("", &["1:10 [sources.p] names no server", "1:10 [sources.p] asks nothing"]);
    check("url = \"http://a\"\nqueries = {}", &["4:11 sources.p.queries: there are 0 queries"]);
    check(
        "url = \"http://a\"\nbearer_file = \"/x\"\nbasic = { user = \"a\", password_file = \"/x\" }\nqueries = { up = \"up\" }",
        &["1:10 [sources.p] says twice who it is"],
    );
    check(
        "url = \"http://a\"\nbearer_file = \"/x\"\nheaders = { authorization = \"${HOME_OF}\" }\nqueries = { up = \"up\" }",
        &["1:10 [sources.p] says twice who it is"],
    );
    check(
        "url = \"https://a\"\ncert_file = \"/x\"\nqueries = { up = \"up\" }",
        &["1:10 [sources.p] has one of cert_file and key_file"],
    );
    check(
        "url = \"http://a\"\nca_file = \"/x\"\nqueries = { up = \"up\" }",
        &["1:10 [sources.p] has certificates for a server that is not asked by TLS"],
    );
}

#[test]
fn what_is_wrong_with_a_value_is_told_at_its_place() {
    let url = |text: &str| format!("url = \"{text}\"\nqueries = {{ up = \"up\" }}");
    check(&url("prom:9090"), &["3:7 sources.p.url: it begins with neither http:// nor https://"]);
    check(&url("http://"), &["3:7 sources.p.url: this is no address of a server"]);
    check(&url("http://a b"), &["3:7 sources.p.url: this is no address of a server"]);
    check(&url("http://a/?x=1"), &["3:7 sources.p.url: it goes on behind its path"]);
    check(&url("http://ann@host"), &["3:7 sources.p.url: a user and a password do not belong into it"]);
    let rest = |line: &str| format!("url = \"http://a\"\nqueries = {{ up = \"up\" }}\n{line}");
    check(&rest("range = \"25h\""), &["5:9 sources.p.range: 25h lies outside 0ns to 86400s"]);
    check(&rest("timeout = \"1m\""), &["5:11 sources.p.timeout: 60s is longer than the interval"]);
    check(&rest("bearer_file = \"x\""), &["5:15 sources.p.bearer_file: the path is not absolute"]);
    check(&rest("headers = { \"a b\" = \"x\" }"), &["5:11 sources.p.headers: \"a b\" is no header to add"]);
    check(
        &rest("headers = { Content-Length = \"1\" }"),
        &["5:11 sources.p.headers: \"Content-Length\" is no header to add"],
    );
    check(&rest("tenant = \"a\\nb\""), &["5:10 sources.p.tenant: what it stands for cannot be sent"]);
    check(&rest("basic = { user = \"a\" }"), &["5:9 sources.p.basic: it has no password"]);
    check(&rest("basic = { user = \"a\", pass = \"b\" }"), &["5:9 sources.p.basic: there is no key \"pass\" in it"]);
    check(&rest("path = \"/x\""), &["5:1 there is no key \"path\" in [sources.p], a prometheus"]);
    let queries = |text: &str| format!("url = \"http://a\"\nqueries = {text}");
    check(&queries("{ \"a b\" = \"up\" }"), &["4:13 sources.p.queries: \"a b\" is no name of a query"]);
    check(
        &queries("{ a = { query = \"up\", legend = \"{{x\" } }"),
        &["4:42 sources.p.queries.a.legend: a {{ is never closed"],
    );
    check(
        &queries("{ a = { querry = \"up\" } }"),
        &[
            "4:13 sources.p.queries.a: it has no query",
            "4:19 sources.p.queries.a: there is no key \"querry\" in a query",
        ],
    );
    check(&queries("[1]"), &["4:11 sources.p.queries: a list stands where queries belong"]);
}
