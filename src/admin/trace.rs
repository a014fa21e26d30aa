//! The number of one request, by which it is found in the log: that of whoever asks (W3C `traceparent`), or one of ours.
//!
//! Invariant: 32 digits of lower-case hexadecimal, not all of them zero.

use hyper::HeaderMap;

use crate::sys::random;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceId(String);

/// Digits of `traceparent`: version, trace, parent and flags.
const PARTS: [usize; 4] = [2, 32, 16, 2];

// === impl TraceId ===

impl TraceId {
    pub fn of(headers: &HeaderMap) -> TraceId {
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(parse);
        TraceId(given.unwrap_or_else(|| format!("{:016x}{:016x}", random::u64(), random::u64().max(1))))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// None of what is not as the standard has it.
fn parse(header: &str) -> Option<String> {
    let parts: Vec<&str> = header.split('-').collect();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    // Later versions may have more parts.
    let fits = parts.len() >= PARTS.len()
        && (parts.len() == PARTS.len() || parts[0] != "00")
        && parts[0] != "ff"
        && parts.iter().zip(PARTS).all(|(part, digits)| part.len() == digits && part.bytes().all(is_digit))
        && [parts[1], parts[2]].iter().all(|part| part.bytes().any(|byte| byte != b'0'));
    fits.then(|| parts[1].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_number_that_is_given_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01").parse().unwrap());
        assert_eq!(TraceId::of(&headers).as_str(), TRACE);
    }

    #[test]
    fn what_is_not_one_is_not_echoed() {
        let zeros = "0".repeat(32);
        for wrong in [
            "",
            "00",
            TRACE,
            &format!("00-{zeros}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-0000000000000000-01"),
            &format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            &format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            &format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            &format!("00-{TRACE}x-00f067aa0ba902b7-01"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", wrong.parse().unwrap());
            let own = TraceId::of(&headers);
            assert!(own.as_str() != TRACE && own.as_str().len() == 32, "{wrong}: {own:?}");
        }
        assert_ne!(TraceId::of(&HeaderMap::new()), TraceId::of(&HeaderMap::new()));
    }
}
