//! What a server is asked: the bodies of requests, as forms.
//!
//! Invariant: whatever stands in a query, it stays within its field.

use std::time::Duration;

use crate::base::Wall;
use crate::machine::backfill::Stretch;

/// Below what stands in front of it.
pub const NOW_PATH: &str = "/api/v1/query";
pub const PAST_PATH: &str = "/api/v1/query_range";

/// What there is at one moment.
pub fn now(query: &str, at: Wall, timeout: Duration) -> String {
    form(&[("query", query), ("time", &seconds(at.0)), ("timeout", &millis(timeout))])
}

/// What there was.
pub fn past(query: &str, stretch: &Stretch, timeout: Duration) -> String {
    let step = seconds(i64::try_from(stretch.step.as_millis()).unwrap_or(i64::MAX));
    let (from, to) = (seconds(stretch.from.0), seconds(stretch.to.0));
    form(&[("query", query), ("start", &from), ("end", &to), ("step", &step), ("timeout", &millis(timeout))])
}

/// Milliseconds as seconds, exactly.
fn seconds(millis: i64) -> String {
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    format!("{sign}{}.{:03}", millis / 1000, millis % 1000)
}

/// As Prometheus writes spans.
fn millis(span: Duration) -> String {
    format!("{}ms", span.as_millis().max(1))
}

fn form(fields: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in fields {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(name);
        form.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => form.push(char::from(byte)),
                b' ' => form.push('+'),
                _ => form.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    form
}

/// Bytes as base64, for a user and a password.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let whole = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = (whole >> (18 - 6 * digit)) & 63;
            text.push(if digit > chunk.len() { '=' } else { char::from(DIGITS[index as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_stays_within_its_field() {
        let body = now("up{a=\"b&c=d\"} > 1 + 2 # é", Wall(1_789_000_000_050), Duration::from_secs(5));
        assert_eq!(body, "query=up%7Ba%3D%22b%26c%3Dd%22%7D+%3E+1+%2B+2+%23+%C3%A9&time=1789000000.050&timeout=5000ms");
    }

    #[test]
    fn a_stretch_is_asked_for_to_the_millisecond() {
        let stretch = Stretch { from: Wall(1_001), to: Wall(61_001), step: Duration::from_millis(15_000) };
        let body = past("up", &stretch, Duration::from_millis(1));
        assert_eq!(body, "query=up&start=1.001&end=61.001&step=15.000&timeout=1ms");
    }

    #[test]
    fn base64_is_that_of_the_standard() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
