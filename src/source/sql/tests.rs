//! Whole turns against real databases of SQLite.

mod injections;

use std::path::Path;

use rusqlite::Connection;

use tokio::runtime::Runtime;

use super::*;
use crate::base::limits;
use crate::model::origin::{Columns, From, SqlValue};
use crate::model::{SeriesKey, Unit};
use crate::runtime;
use injections::{INJECTIONS, WITH_ZEROS};

/// For what must not be cut off however busy the machine is.
const PATIENT: Duration = Duration::from_secs(60);
/// For what would never end by itself.
const HASTY: Duration = Duration::from_millis(300);
const BEAT: Duration = Duration::from_secs(15);

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

struct Asker {
    turns: Turns,
    runtime: Runtime,
}

fn asker(path: &Path, timeout: Duration, queries: Vec<SqlQuery>) -> Asker {
    let sql = Sql { database: Database::Sqlite { path: path.to_owned() }, timeout, queries };
    let origin = Origin {
        name: "s".to_owned(),
        series: "s".to_owned(),
        unit: Unit::None,
        interval: BEAT,
        standby: None,
        from: From::Sql(sql.clone()),
    };
    Asker { turns: Turns::new(&origin, &sql), runtime: runtime::build().unwrap() }
}

fn turn(asker: &mut Asker, now: Wall) -> Result<Reading, String> {
    asker.runtime.block_on(asker.turns.turn(now))
}

fn shop() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let shop = Connection::open(&path).unwrap();
    shop.execute_batch(
        "CREATE TABLE metrics (time INTEGER, p95 REAL, region TEXT, app TEXT);
         CREATE TABLE secrets (text TEXT); INSERT INTO secrets VALUES ('s3cret');",
    )
    .unwrap();
    (folder, path)
}

fn insert(path: &Path, time: Wall, p95: f64, region: &str, app: &str) {
    let shop = Connection::open(path).unwrap();
    shop.execute("INSERT INTO metrics VALUES (?1, ?2, ?3, ?4)", (time.0, p95, region, app)).unwrap();
}

fn once(sql: &str, timeout: Duration) -> Result<Reading, String> {
    let (_folder, path) = shop();
    insert(&path, Wall(1), 0.5, "eu", "core");
    turn(&mut asker(&path, timeout, vec![query(sql)]), clock::wall())
}

fn fails(sql: &str, expect: &str) {
    let why = once(sql, PATIENT).expect_err(sql);
    assert!(why.contains(expect), "{sql}: {why:?} does not say {expect:?}");
}

#[test]
fn rows_become_series_oldest_first_and_none_is_told_twice() {
    let (_folder, path) = shop();
    let now = clock::wall();
    let second = Duration::from_secs(1);
    insert(&path, now - second, 2.0, "eu", "core");
    insert(&path, now - 3 * second, 1.0, "eu", "core");
    insert(&path, now - 2 * second, 9.0, "us", "core");
    insert(&path, now, 7.0, "us", "other");
    let mut one = query("SELECT time, p95, region FROM metrics WHERE app = $1");
    one.params = vec![SqlValue::Text("core".to_owned())];
    one.unit = Unit::Seconds;
    let mut asker = asker(&path, PATIENT, vec![one]);
    let reading = turn(&mut asker, now).unwrap();
    let eu = |column| SeriesKey::labelled("s_it", &[("column", column), ("region", "eu")]);
    let told: Vec<(i64, f64)> = reading.samples.iter().map(|one| (one.at.0 - now.0, one.value)).collect();
    assert_eq!(told, [(-3000, 1.0), (-2000, 9.0), (-1000, 2.0)]);
    assert_eq!((&reading.samples[0].key, reading.samples[0].unit), (&eu("p95"), Unit::Seconds));
    assert_eq!(reading.missing, None);
    let again = turn(&mut asker, now + second).unwrap();
    assert_eq!((again.samples.len(), again.left_out, again.missing), (0, 0, None), "they are known");
    insert(&path, now, 3.0, "eu", "core");
    let next = turn(&mut asker, now + second).unwrap();
    assert_eq!(next.samples.iter().map(|one| one.value).collect::<Vec<_>>(), [3.0]);
}

#[test]
fn what_is_bound_is_a_value_whatever_stands_in_it() {
    let (_folder, path) = shop();
    let all: Vec<&str> = INJECTIONS.iter().chain(WITH_ZEROS).copied().collect();
    assert!(all.len() >= 60);
    let before = std::fs::read(&path).unwrap();
    for text in all {
        // Found by nobody's name, and back as it went in: its bytes are told as numbers.
        let mut one = query("SELECT (SELECT count(*) FROM metrics WHERE app = ?1) AS found, hex(?1) = ?2 AS same");
        let hex: String = text.bytes().map(|byte| format!("{byte:02X}")).collect();
        one.params = vec![SqlValue::Text(text.to_owned()), SqlValue::Text(hex)];
        let reading = turn(&mut asker(&path, PATIENT, vec![one]), clock::wall()).unwrap();
        let told: Vec<f64> = reading.samples.iter().map(|one| one.value).collect();
        assert_eq!((told, reading.missing), (vec![0.0, 1.0], None), "{text:?}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), before, "nothing was written");
}

#[test]
fn only_one_statement_that_reads_is_asked() {
    fails("SELECT 1; SELECT 2", "holds several statements");
    fails("DROP TABLE secrets", "wants more than to read");
    fails("INSERT INTO secrets VALUES ('x') RETURNING 1", "wants more than to read");
    fails("WITH x AS (SELECT 1) DELETE FROM secrets RETURNING 1", "wants more than to read");
    fails("ATTACH DATABASE '/tmp/unblink-never.db' AS other", "wants more than to read");
    fails("PRAGMA query_only = off", "wants more than to read");
    fails("SELECT * FROM pragma_journal_mode('delete')", "");
    fails("VACUUM INTO '/tmp/unblink-never.db'", "");
    fails("SELECT load_extension('/tmp/x.so')", "");
    fails("BEGIN", "");
    fails("", "SQL is empty");
    fails("-- nothing", "SQL is empty");
    fails("SELECT ?1", "it: has 1 placeholders for 0 params");
    fails("SELECT ?3", "has 3 placeholders");
    fails("SELECT * FROM nowhere", "no such table: nowhere");
    assert!(!Path::new("/tmp/unblink-never.db").exists());
}

#[test]
fn what_never_ends_is_stopped_within_itself() {
    let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    // That it comes back at all is the test: its thread is ours.
    assert_eq!(once(endless, HASTY).unwrap_err(), "it: took longer than 300ms and was stopped");
}

#[test]
fn floods_are_cut_and_told() {
    let flood = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1000000) ";
    let told = once(&format!("{flood} SELECT x AS value, 'l' || x AS name FROM n"), PATIENT).unwrap();
    assert_eq!(told.samples.len(), limits::SOURCE_SERIES_MAX);
    assert_eq!(told.missing.as_deref(), Some("it: more than 16384 rows; the rest is not taken"));
    let told = once(&format!("{flood} SELECT x AS value, hex(zeroblob(400000)) AS name FROM n"), PATIENT).unwrap();
    assert_eq!(told.missing.as_deref(), Some("it: more than 8 MiB; the rest is not taken"));
    fails("SELECT zeroblob(1000000000)", "it: a value or a row is longer than 1 MiB");
    let wide: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    fails(&format!("SELECT {}", wide.join(",")), "it: it has 100 columns; name the 64 you need");
}

#[test]
fn a_file_that_is_no_database_is_told_and_one_that_was_replaced_is_read() {
    let (folder, path) = shop();
    let mut asker = asker(&path, PATIENT, vec![query("SELECT count(*) AS value FROM secrets")]);
    let now = clock::wall();
    assert_eq!(turn(&mut asker, now).unwrap().samples[0].value, 1.0);
    let other = folder.path().join("other.db");
    let made = Connection::open(&other).unwrap();
    made.execute_batch("CREATE TABLE secrets (text TEXT); INSERT INTO secrets VALUES (1), (2), (3)").unwrap();
    drop(made);
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(turn(&mut asker, now).unwrap().samples[0].value, 3.0);
    std::fs::remove_file(&path).unwrap();
    assert!(turn(&mut asker, now).unwrap_err().ends_with("cannot be read: No such file or directory (os error 2)"));
    std::fs::write(&path, "no database at all, but long enough to be looked at".repeat(100)).unwrap();
    assert!(turn(&mut asker, now).unwrap_err().ends_with("is no SQLite database, or an encrypted one"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert!(turn(&mut asker, now).unwrap_err().ends_with("is no regular file"));
}

#[test]
fn a_database_that_is_locked_is_told_and_read_when_it_is_free() {
    let (_folder, path) = shop();
    let mut asker = asker(&path, HASTY, vec![query("SELECT count(*) AS value FROM secrets")]);
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let why = turn(&mut asker, clock::wall()).unwrap_err();
    assert!(why.contains("is locked by who writes to it; nothing could be read in 300ms"), "{why}");
    writer.execute_batch("ROLLBACK").unwrap();
    asker.turns.timeout = PATIENT;
    assert_eq!(turn(&mut asker, clock::wall()).unwrap().samples.len(), 1);
}

#[test]
fn a_query_that_fails_leaves_the_others() {
    let (_folder, path) = shop();
    let good = SqlQuery { name: "good".to_owned(), ..query("SELECT 1 AS value") };
    let reading = turn(&mut asker(&path, PATIENT, vec![query("SELECT x"), good]), clock::wall()).unwrap();
    assert_eq!((reading.samples.len(), reading.missing.as_deref()), (1, Some("it: no such column: x")));
    let empty = once("SELECT 1 AS value WHERE 0", PATIENT).unwrap();
    assert_eq!(empty.missing.as_deref(), Some("no query found a row"));
    let words = once("SELECT 'a' AS name", PATIENT).unwrap();
    assert_eq!(words.missing.as_deref(), Some("it: no column holds a number"));
}
