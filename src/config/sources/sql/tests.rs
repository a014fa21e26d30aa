//! What sections with `kind = "sqlite"` and `kind = "postgresql"` may say.

use super::*;
use crate::config::{Settings, parse};
use crate::model::Secret;
use crate::model::origin::{From, FromFile, Origin, Tls};
use crate::wire::feed::{ConfigFile, FileKind};

fn read(text: &str) -> Result<Settings, Vec<String>> {
    let settings = ConfigFile { kind: FileKind::Settings, name: "unblink.toml".to_owned(), bytes: text.into() };
    let known = ConfigFile { kind: FileKind::Secret, name: "env".to_owned(), bytes: br#"{"PW":"s3cret"}"#.into() };
    parse(&[settings, known]).map_err(|all| all.iter().map(|one| format!("{}: {}", one.line, one.message)).collect())
}

fn only(text: &str) -> (Origin, Sql) {
    let settings = read(text).unwrap();
    let origin = settings.sources[0].clone();
    match &origin.from {
        From::Sql(sql) => (origin.clone(), sql.clone()),
        other => panic!("{other:?}"),
    }
}

fn postgres(rest: &str) -> Postgres {
    let text = format!(
        "[sources.s]\nkind = \"postgresql\"\ndatabase = \"shop\"\nuser = \"wall\"\n{rest}\nqueries = {{ a = \"SELECT 1\" }}\n"
    );
    match only(&text).1.database {
        Database::Postgres(postgres) => *postgres,
        other => panic!("{other:?}"),
    }
}

fn check(kind: &str, rest: &str, expect: &[&str]) {
    let text = format!("[sources.s]\nkind = \"{kind}\"\n{rest}");
    assert_eq!(read(&text).err().unwrap_or_default(), expect, "{rest}");
}

#[test]
fn a_short_section_has_defaults() {
    let (origin, sql) = only(
        "[sources.my-stock]\nkind = \"sqlite\"\npath = \"/var/lib/stock.db\"\nunit = \"bytes\"\nqueries = { left = \"SELECT 1\" }\n",
    );
    assert_eq!((origin.interval, sql.timeout), (Duration::from_secs(15), Duration::from_secs(5)));
    assert_eq!(sql.database, Database::Sqlite { path: "/var/lib/stock.db".into() });
    let query = SqlQuery {
        name: "left".to_owned(),
        sql: "SELECT 1".to_owned(),
        params: Vec::new(),
        columns: Columns::default(),
        unit: Unit::Bytes,
        divisor: 1,
    };
    assert_eq!(query.series(&origin.series), "my_stock_left");
    assert_eq!((sql.queries, sql.database), (vec![query], Database::Sqlite { path: "/var/lib/stock.db".into() }));
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let asked = postgres(
        "host = \"db.example\"\nport = 5433\npassword_file = \"/run/pw\"\ntls = \"prefer\"\nca_file = \"/ca\"\ntimeout = \"2s\"",
    );
    let file = |key, path: &str| FromFile { key, path: path.into() };
    let ca = Tls { ca: Some(file("ca_file", "/ca")), identity: None };
    assert_eq!((asked.port, asked.encryption.clone()), (5433, Encryption::Prefer(ca)));
    assert_eq!(asked.password, Some(Password::File(file("password_file", "/run/pw"))));
    assert_eq!(asked.called(), "db.example:5433");
    let given = postgres("host = \"db.example\"\npassword = \"${PW}\"");
    assert_eq!(given.password, Some(Password::Given(Secret::new("s3cret"))));
    assert!(!format!("{given:?}").contains("s3cret"));

    let (_, sql) = only(
        "[sources.s]\nkind = \"sqlite\"\npath = \"/x\"\n[sources.s.queries.a]\nsql = \"SELECT ?1\"\nunit = \"seconds\"\n\
         params = [\"o'clock\", -1_000, 0x10, 2.5, true]\ntime = \"t\"\nlabels = [\"l\"]\nvalues = [\"v\", \"w\"]\n",
    );
    let query = &sql.queries[0];
    let params = [
        SqlValue::Text("o'clock".to_owned()),
        SqlValue::Integer(-1000),
        SqlValue::Integer(16),
        SqlValue::Float(2.5),
        SqlValue::Flag(true),
    ];
    assert_eq!((&query.params[..], query.unit), (&params[..], Unit::Seconds));
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    let columns = Columns { time: Some("t".to_owned()), labels: list(&["l"]), values: list(&["v", "w"]) };
    assert_eq!(query.columns, columns);
}

#[test]
fn what_goes_over_a_network_is_encrypted_unless_somebody_says_otherwise() {
    assert_eq!(postgres("host = \"db.example\"").encryption, Encryption::Require(Tls::default()));
    assert_eq!(postgres("host = \"10.0.0.1\"\ntls = \"off\"").encryption, Encryption::Off);
    for here in ["/run/postgresql", "localhost", "127.0.0.1", "::1"] {
        assert_eq!(postgres(&format!("host = \"{here}\"")).encryption, Encryption::Off, "{here}");
    }
    let socket = postgres("host = \"/run/postgresql\"");
    assert_eq!(socket.called(), "/run/postgresql/.s.PGSQL.5432");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let rest = "queries = { a = \"SELECT 1\" }\n";
    check(
        "postgresql",
        rest,
        &["1: [sources.s] names no host", "1: [sources.s] names no database", "1: [sources.s] names no user"],
    );
    check("sqlite", rest, &["1: [sources.s] names no database"]);
    check(
        "sqlite",
        "path = \"stock.db\"\nqueries = { a = \"SELECT 1\" }\n",
        &["3: sources.s.path: the path is not absolute"],
    );
    // Charts may be all that asks it.
    check("sqlite", "path = \"/x\"\n", &[]);
    check(
        "sqlite",
        "path = \"/x\"\nuser = \"x\"\n[sources.s.queries.a]\nparams = [[1]]\nwhat = 1\n[sources.s.queries.b]\nsql = \"SELECT 1\"\nparams = [nan]\n",
        &[
            "4: there is no key \"user\" in [sources.s], a sqlite",
            "5: sources.s.queries.a: it has no statement",
            "6: sources.s.queries.a.params: a list cannot be bound",
            "7: sources.s.queries.a: there is no key \"what\" in a query",
            "10: sources.s.queries.b.params: this is no finite number",
        ],
    );
    let whole = "database = \"d\"\nuser = \"u\"\nqueries = { a = \"SELECT 1\" }\n";
    check(
        "postgresql",
        &format!("host = \"postgres://u:p@h/d\"\n{whole}"),
        &["3: sources.s.host: this is no name of a server"],
    );
    check(
        "postgresql",
        &format!("host = \"h\"\npassword = \"s3cret\"\n{whole}"),
        &["4: sources.s.password: a secret does not stand in this file"],
    );
    check(
        "postgresql",
        &format!("host = \"h\"\nport = 70000\ntls = \"no\"\n{whole}"),
        &["4: sources.s.port: this is no port", "5: sources.s.tls: \"no\" is none of the ways"],
    );
    check(
        "postgresql",
        &format!("host = \"/run\"\ntls = \"require\"\n{whole}"),
        &["1: [sources.s] has tls for a socket of this machine"],
    );
    check(
        "postgresql",
        &format!("host = \"h\"\ntls = \"off\"\nca_file = \"/ca\"\n{whole}"),
        &["1: [sources.s] has certificates for a server that is not asked by TLS"],
    );
}
