//! A real PostgreSQL: what it answers, what it is bound, and that what is given up really stops there.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustix::process::{Pid, Signal, kill_process};
use unblink::model::origin::{
    Columns, Database, Encryption, From, FromFile, Origin, Password, Place, Postgres, Sql, SqlQuery, SqlValue, Tls,
};
use unblink::model::{SeriesKey, Unit};
use unblink::scene::file::chart::{self, Given};
use unblink::source::{Line, Reading, sql};

#[path = "../charts/attacks.rs"]
mod attacks;
#[path = "../../src/source/sql/tests/injections.rs"]
mod injections;

/// The user that Debian's package brings: it refuses to run as root.
const USER: &str = "postgres";
const PASSWORD: &str = "s3cret-0815";
/// For what must not be cut off however busy the machine is.
const PATIENT: Duration = Duration::from_secs(60);
/// For what would never end by itself.
const HASTY: Duration = Duration::from_millis(500);

/// A server with a folder and a socket of its own; gone when dropped.
struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    fn start() -> Cluster {
        let versions = fs::read_dir("/usr/lib/postgresql").expect("apt-get install postgresql");
        let newest = versions.flatten().map(|entry| entry.path().join("bin")).max().expect("one version is installed");
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our folder");
        let cluster = Cluster { folder, programs: newest, port: free_port(), server: None };
        chown(cluster.folder.path(), Some(id("-u")), Some(id("-g"))).expect("we are root");
        fs::write(cluster.secret(), PASSWORD).expect("our folder");
        fs::set_permissions(cluster.secret(), fs::Permissions::from_mode(0o644)).expect("our folder");
        let made = cluster
            .command("initdb")
            .args(["--no-sync", "--auth-local=trust", "--encoding=UTF8", "--locale=C", "-D"])
            .arg(cluster.data())
            .output()
            .expect("initdb is there");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let rules = "local all wall scram-sha-256\nlocal all all trust\nhostssl all wall all scram-sha-256\n";
        fs::write(cluster.data().join("pg_hba.conf"), rules).expect("our folder");
        let cluster = cluster.run();
        cluster.psql(&format!(
            "CREATE ROLE wall LOGIN PASSWORD '{PASSWORD}'; CREATE TABLE secrets (text text);
             INSERT INTO secrets VALUES ('kept'); GRANT ALL ON secrets TO wall;"
        ));
        cluster
    }

    /// Starts the server and waits until it answers.
    fn run(mut self) -> Cluster {
        let server = self
            .command("postgres")
            .args(["-c", "listen_addresses=localhost", "-c", "fsync=off", "-p", &self.port.to_string(), "-c"])
            .arg(format!("unix_socket_directories={}", self.folder.path().display()))
            .arg("-D")
            .arg(self.data())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.server = Some(server.expect("postgres is there"));
        wait_until("the server answers", || self.try_psql("SELECT 1").is_some());
        self
    }

    /// As a service manager stops it: at once for who is connected.
    fn stop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let pid = Pid::from_raw(server.id().try_into().expect("a process has a number")).expect("it is not zero");
        // It may have ended already.
        let _ = kill_process(pid, Signal::INT);
        let _ = server.wait();
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(self.programs.join(program));
        command.current_dir(self.folder.path());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn secret(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    /// What the server's owner is told.
    fn try_psql(&self, sql: &str) -> Option<String> {
        let mut command = self.command("psql");
        command.arg("-h").arg(self.folder.path()).args([
            "-p",
            &self.port.to_string(),
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        let output = command.args(["-d", "postgres"]).output().expect("psql is there");
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn psql(&self, sql: &str) -> String {
        self.try_psql(sql).unwrap_or_else(|| panic!("psql failed: {sql}"))
    }

    /// Queries of ours that run now.
    fn running(&self) -> String {
        self.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'unblink' AND state <> 'idle'")
    }

    /// A certificate for the server, and a file of who signed it.
    fn certify(&self, change: impl FnOnce(&mut CertificateParams)) -> PathBuf {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("our own");
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &issuer).expect("signed by us");
        for (name, text) in [("server.crt", certificate.pem()), ("server.key", key.serialize_pem())] {
            let path = self.data().join(name);
            fs::write(&path, text).expect("our folder");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our file");
            chown(&path, Some(id("-u")), Some(id("-g"))).expect("we are root");
        }
        let authority = self.folder.path().join("ca.pem");
        fs::write(&authority, issuer.pem()).expect("our folder");
        authority
    }

    fn ask(&self, timeout: Duration, queries: Vec<SqlQuery>) -> Line {
        self.ask_at(Place::Socket(self.folder.path().to_owned()), Encryption::Off, timeout, queries)
    }

    fn ask_at(&self, place: Place, encryption: Encryption, timeout: Duration, queries: Vec<SqlQuery>) -> Line {
        let (origin, asked) = self.origin(place, encryption, timeout, queries);
        sql::reading_thread(&origin, &asked).expect("a thread can be started")
    }

    fn origin(&self, place: Place, encryption: Encryption, timeout: Duration, queries: Vec<SqlQuery>) -> (Origin, Sql) {
        let password = Password::File(FromFile { key: "password_file", path: self.secret() });
        let database = Database::Postgres(Box::new(Postgres {
            place,
            port: self.port,
            database: "postgres".to_owned(),
            user: "wall".to_owned(),
            password: Some(password),
            encryption,
        }));
        let asked = Sql { database, timeout, queries };
        let origin = Origin {
            name: "shop".to_owned(),
            series: "shop".to_owned(),
            unit: Unit::None,
            interval: Duration::from_secs(15),
            standby: None,
            from: From::Sql(asked.clone()),
        };
        (origin, asked)
    }

    fn once(&self, timeout: Duration, sql: &str) -> Result<Reading, String> {
        turn(&mut self.ask(timeout, vec![query(sql)]))
    }

    fn fails(&self, timeout: Duration, sql: &str, expect: &str) {
        let why = self.once(timeout, sql).expect_err(sql);
        assert!(why.contains(expect), "{sql}: {why:?} does not say {expect:?}");
        assert!(!why.contains(PASSWORD), "{why}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn id(flag: &str) -> u32 {
    let output = Command::new("id").args([flag, USER]).output().expect("id is there");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("apt-get install postgresql")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it is bound").port()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let (_never, pace) = mpsc::channel::<()>();
    for _ in 0..600 {
        if is_so() {
            return;
        }
        let _ = pace.recv_timeout(Duration::from_millis(100));
    }
    panic!("it never came about that {what}");
}

fn turn(line: &mut Line) -> Result<Reading, String> {
    line.asks.send(()).expect("the thread runs");
    line.answers.blocking_recv().expect("the thread answers").outcome.map_err(|failure| failure.why)
}

fn query(sql: &str) -> SqlQuery {
    SqlQuery {
        name: "it".to_owned(),
        sql: sql.to_owned(),
        params: Vec::new(),
        columns: Columns::default(),
        unit: Unit::None,
        divisor: 1,
    }
}

#[test]
fn a_real_postgresql_answers_and_nothing_outlives_its_time_there() {
    let mut cluster = Cluster::start();

    // Every type that is understood, and one that is not.
    let types = "SELECT now() - interval '3 seconds' AS time, 1::int2 AS a, 2::int8 AS b, 0.1::numeric AS c, 0.5::float4 AS d, \
                 true AS e, interval '1 minute' AS f, 'eu'::varchar AS region, NULL::float8 AS g, date '2026-01-02' AS day";
    let reading = cluster.once(PATIENT, types).unwrap();
    let labels = [("column", "c"), ("day", "2026-01-02T00:00:00Z"), ("region", "eu")];
    let tenth = reading.samples.iter().find(|one| one.key == SeriesKey::labelled("shop_it", &labels));
    assert_eq!(tenth.map(|one| one.value), Some(0.1), "{reading:?}");
    let mut values: Vec<f64> = reading.samples.iter().map(|one| one.value).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!((values, reading.missing), (vec![0.1, 0.5, 1.0, 1.0, 2.0, 60.0], None));
    let strange = cluster.once(PATIENT, "SELECT 1 AS value, '{}'::jsonb AS x").unwrap();
    assert!(strange.missing.is_some_and(|why| why.contains("of the type jsonb")));
    let numbers = cluster.once(PATIENT, "SELECT 'NaN'::numeric AS value").unwrap();
    assert_eq!(numbers.missing.as_deref(), Some("1 values are no finite numbers"));

    // Rows that were told are not told again, over one connection.
    let mut rows = query(
        "SELECT ts AS time, n AS value FROM generate_series($1::timestamptz - interval '1 minute', $1::timestamptz, '1 second') \
         WITH ORDINALITY AS t(ts, n) WHERE n > $2 AND $3",
    );
    let now = cluster.psql("SELECT now()");
    rows.params = vec![SqlValue::Text(now), SqlValue::Integer(1), SqlValue::Flag(true)];
    let mut line = cluster.ask(PATIENT, vec![rows]);
    let first = turn(&mut line).unwrap();
    assert_eq!((first.samples.len(), first.samples[0].value), (60, 2.0));
    assert!(first.samples.is_sorted_by_key(|one| one.at));
    assert_eq!(turn(&mut line).unwrap().samples.len(), 0);
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'unblink'";
    assert_eq!(cluster.psql(sessions), "1");
    drop(line);

    // Only what reads, one statement at a time.
    for (sql, expect) in [
        ("SELECT 1; SELECT 2", "it: holds several statements; one query is one statement"),
        ("INSERT INTO secrets VALUES ('x') RETURNING 1", "it: would write, and nothing is written here"),
        ("WITH x AS (DELETE FROM secrets RETURNING 1) SELECT * FROM x", "it: would write"),
        ("SELECT 1 FROM secrets FOR UPDATE", "it: would write"),
        ("DROP TABLE secrets", "it: it brings no columns; only what reads is asked"),
        ("COMMIT", "it: it brings no columns"),
        ("SET default_transaction_read_only = off", "it: it brings no columns"),
        ("COPY secrets TO STDOUT", "it: it brings no columns"),
        ("SELECT $1::int", "it: has 1 placeholders for 0 params"),
        ("SELECT nothing", "it: column \"nothing\" does not exist"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "it: transaction read-write mode must be set"),
    ] {
        cluster.fails(PATIENT, sql, expect);
    }

    // What is bound is a value, whatever stands in it.
    let queries = |text: &str| {
        let mut one = query(
            "SELECT (SELECT count(*) FROM secrets WHERE text = $1) AS found, (encode(convert_to($1, 'UTF8'), 'hex') = $2)::int AS same",
        );
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        one.params = vec![SqlValue::Text(text.to_owned()), SqlValue::Text(hex)];
        vec![one]
    };
    assert!(injections::INJECTIONS.len() >= 60);
    for text in injections::INJECTIONS {
        let reading = turn(&mut cluster.ask(PATIENT, queries(text))).unwrap();
        let told: Vec<f64> = reading.samples.iter().map(|one| one.value).collect();
        assert_eq!((told, reading.missing), (vec![0.0, 1.0], None), "{text:?}");
    }
    for text in injections::WITH_ZEROS {
        let why = turn(&mut cluster.ask(PATIENT, queries(text))).unwrap_err();
        assert!(why.contains("invalid byte sequence"), "{why}");
    }
    assert_eq!(cluster.psql("SELECT text FROM secrets"), "kept");

    // What takes too long is stopped, there too.
    for endless in [
        "SELECT 1 AS value FROM pg_sleep(1000)",
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) AS value FROM n",
        "SELECT set_config('statement_timeout', '0', true), pg_sleep(1000)",
    ] {
        assert!(cluster.once(HASTY, endless).is_err(), "{endless}");
        wait_until("nothing of it runs", || cluster.running() == "0");
    }
    cluster.fails(HASTY, "SELECT 1 AS value FROM pg_sleep(1000)", "500ms");

    // Floods.
    let flood = cluster.once(PATIENT, "SELECT n AS value, n AS id FROM generate_series(1, 1000000) AS n").unwrap();
    assert!(flood.missing.is_some_and(|why| why.contains("more than 16384 rows; the rest is not taken")));
    cluster.fails(PATIENT, "SELECT repeat('x', 100000000) AS value", "answers with more than 8 MiB: narrow the query");

    // Gone, back, and with another password.
    let mut line = cluster.ask(PATIENT, vec![query("SELECT 1 AS value")]);
    assert_eq!(turn(&mut line).unwrap().samples.len(), 1);
    cluster.stop();
    let why = turn(&mut line).unwrap_err();
    assert!(why.contains("/.s.PGSQL."), "{why}");
    let cluster = cluster.run();
    assert_eq!(turn(&mut line).unwrap().samples.len(), 1);
    cluster.psql("ALTER ROLE wall PASSWORD 'another-one'");
    assert_eq!(turn(&mut line).unwrap().samples.len(), 1, "who is in stays in");
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'unblink'";
    assert_eq!(cluster.psql(ended), "1");
    wait_until("it is let go", || cluster.psql(sessions) == "0");
    let why = turn(&mut line).unwrap_err();
    assert!(why.ends_with("does not accept the password of wall: is password_file right?"), "{why}");
    replace(&cluster.secret(), "another-one");
    assert_eq!(turn(&mut line).unwrap().samples.len(), 1, "the file is read again");
}

fn replace(path: &Path, text: &str) {
    fs::write(path, text).expect("our folder");
}

#[test]
fn what_a_viewer_gives_a_chart_is_a_value_to_a_real_postgresql() {
    const CHART: &str = r#"
        y_axis = "milliseconds"
        [query]
        sql = """
        SELECT {{ident .Column}} AS "number" FROM metrics
        WHERE app = {{.App}} {{if eq .Variant "b"}}AND number >= {{.Least}}{{end}} AND E'\\'' <> {{.App}}"""
        values = ["number"]
        [params.Column]
        one_of = ["number", "select"]
        [params.Least]
        default = 0
        [params.Variant]
        one_of = ["a", "b"]"#;
    const PLAIN: &str =
        "        SELECT \"number\" AS \"number\" FROM metrics\n        WHERE app = $1  AND E'\\'' <> $1";
    let cluster = Cluster::start();
    cluster.psql("CREATE TABLE metrics (app text, number int, \"select\" int); GRANT SELECT ON metrics TO wall;");
    // A single quote is what the statement itself compares with.
    let mut all: Vec<&str> = injections::INJECTIONS.iter().chain(attacks::TEMPLATES).copied().collect();
    all.retain(|text| *text != "'");
    all.sort_unstable();
    all.dedup();
    // By ways that are not ours: each byte in hexadecimal.
    for (number, text) in all.iter().enumerate() {
        let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("convert_from(decode('{hex}', 'hex'), 'UTF8')");
        cluster.psql(&format!("INSERT INTO metrics VALUES ({text}, {number}, -1)"));
    }
    let given = Given { tenant: "t", name: "it", file: "it.toml", bytes: CHART.as_bytes(), beside: &|_| None };
    let board = chart::read(given).expect("it is right");
    let asks = board.asks.as_ref().expect("it is a chart");
    let place = Place::Socket(cluster.folder.path().to_owned());
    let (source, _) = cluster.origin(place, Encryption::Off, PATIENT, Vec::new());
    let params = |app: &str, variant: &str, column: &str| {
        let pairs = [("App", app), ("Variant", variant), ("Column", column)];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let ask = |app: &str, variant: &str, column: &str| {
        let origin =
            asks.origin(&board, &params(app, variant, column), std::slice::from_ref(&source)).expect("it fits");
        let From::Sql(asked) = origin.from.clone() else { panic!("a chart asks a database") };
        let reading = turn(&mut sql::reading_thread(&origin, &asked).expect("a thread can be started"));
        let reading = reading.unwrap_or_else(|why| panic!("{app:?}: {why}"));
        let values: Vec<f64> = reading.samples.iter().map(|one| one.value).collect();
        (asked.queries[0].sql.clone(), values, reading.missing)
    };
    for (number, text) in all.iter().enumerate() {
        let milliseconds = number as f64 / 1000.0;
        assert_eq!(ask(text, "a", "number"), (PLAIN.to_owned(), vec![milliseconds], None), "{text:?}");
    }
    // A name that is a word of SQL, and a second parameter whose type the database says.
    assert_eq!(ask("?", "b", "select").1, [-0.001]);
    assert_eq!(ask("nobody", "b", "number").2.as_deref(), Some("no query found a row"));
    for text in injections::WITH_ZEROS {
        assert!(asks.origin(&board, &params(text, "a", "number"), std::slice::from_ref(&source)).is_none(), "{text:?}");
    }
    assert_eq!(cluster.psql("SELECT text FROM secrets"), "kept");
    assert_eq!(cluster.psql("SELECT count(*) FROM metrics"), all.len().to_string());
}

#[test]
fn a_real_postgresql_is_asked_by_tls_and_its_certificate_is_checked() {
    let mut cluster = Cluster::start();
    let host = || Place::Host("localhost".to_owned());
    let trusting =
        |ca: PathBuf| Encryption::Require(Tls { ca: Some(FromFile { key: "ca_file", path: ca }), identity: None });
    let ask = |cluster: &Cluster, encryption| {
        turn(&mut cluster.ask_at(host(), encryption, PATIENT, vec![query("SELECT 1 AS value")]))
    };

    let ca = cluster.certify(|_| {});
    let why = ask(&cluster, trusting(ca.clone())).unwrap_err();
    assert!(why.contains("offers no encryption"), "{why}");
    cluster.psql("ALTER SYSTEM SET ssl = on");
    cluster.stop();
    let mut cluster = cluster.run();
    let told =
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND application_name = 'unblink'";
    let mut line = cluster.ask_at(host(), trusting(ca), PATIENT, vec![query(told)]);
    assert_eq!(turn(&mut line).unwrap().samples[0].value, 1.0);
    let why = ask(&cluster, Encryption::Off).unwrap_err();
    assert!(why.contains("does not let wall in"), "{why}");
    let stranger = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a key").cert.pem();
    replace(&cluster.folder.path().join("other.pem"), &stranger);
    let why = ask(&cluster, trusting(cluster.folder.path().join("other.pem"))).unwrap_err();
    assert!(why.contains("is signed by nobody who is trusted here: set ca_file"), "{why}");

    cluster.stop();
    let ca = cluster.certify(|params| params.not_after = date_time_ymd(2020, 1, 1));
    let cluster = cluster.run();
    let why = ask(&cluster, trusting(ca)).unwrap_err();
    assert!(why.contains("its certificate has expired"), "{why}");
}
