//! What stands behind the question mark of a capture's page.
//!
//! Invariant: what is not understood is refused in one line that says what is allowed; nothing is guessed.

use std::time::Duration;

use super::capture::{Of, Target, Wish};
use super::captures::Facts;
use crate::base::limits;
use crate::report::Format;

/// A capture, and how it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub wish: Wish,
    pub format: Format,
    pub reverse: bool,
    pub inverted: bool,
    /// Only stacks with this in the name of a call.
    pub filter: Option<String>,
    /// The one that is kept under this name, rather than a new one.
    pub capture: Option<String>,
    /// It is held against the one that is kept under this name.
    pub base: Option<String>,
}

const SECONDS: u32 = 30;
const HZ: u32 = 99;
const FILTER_BYTES_MAX: usize = 200;
const KEYS: &str = "seconds, last, hz, target, format, filter, reverse, inverted, base and capture";
const HEAP_KEYS: &str = "seconds, target, format, filter, reverse and inverted";

// === impl Asked ===

impl Asked {
    /// `format` is that of the page, where none is named.
    pub fn parse(query: Option<&str>, format: Format) -> Result<Asked, String> {
        let (mut seconds, mut last, mut hz) = (None, None, None);
        let mut asked = Asked::of(Of::Present, format);
        let mut whom = None;
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*key {
                "seconds" => seconds = Some(number("seconds", &value, limits::CAPTURE_SECONDS_MAX)?),
                "last" => last = Some(number("last", &value, limits::RECORDED_SECONDS_MAX)?),
                "hz" => hz = Some(number("hz", &value, limits::CAPTURE_HZ_MAX)?),
                "target" => whom = Some(target(&value)?),
                "base" => asked.base = Some(kept("base", &value)?),
                "capture" => asked.capture = Some(kept("capture", &value)?),
                key => asked.take(key, &value, KEYS)?,
            }
        }
        let wish = &mut asked.wish;
        let seconds_of = |seconds: u32| Duration::from_secs(seconds.into());
        (wish.hz, wish.span, wish.of) = match (last, seconds, hz) {
            (None, seconds, hz) => (hz.unwrap_or(HZ), seconds_of(seconds.unwrap_or(SECONDS)), Of::Present),
            (Some(last), None, None) => (limits::RECORDER_HZ, seconds_of(last), Of::Past),
            (Some(_), ..) => return Err("last looks back, so there are no seconds and no hz beside it".to_owned()),
        };
        if asked.capture.is_some() && (last.is_some() || seconds.is_some() || hz.is_some() || whom.is_some()) {
            return Err("a capture that is kept has its time, rate and target already".to_owned());
        }
        if asked.base.is_some() && !matches!(asked.format, Format::Flamegraph | Format::Folded) {
            return Err("base is for the formats flamegraph and folded".to_owned());
        }
        asked.wish.target = whom.unwrap_or(Target::All);
        Ok(asked)
    }

    /// Of memory: what is held now, or with `seconds`, what more is held then.
    pub fn parse_heap(query: Option<&str>) -> Result<Asked, String> {
        let mut asked = Asked::of(Of::Heap, Format::Pprof);
        for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match &*key {
                "seconds" => {
                    let seconds = number("seconds", &value, limits::CAPTURE_SECONDS_MAX)?;
                    asked.wish.span = Duration::from_secs(seconds.into());
                }
                "target" => asked.wish.target = target(&value)?,
                key => asked.take(key, &value, HEAP_KEYS)?,
            }
        }
        Ok(asked)
    }

    fn of(of: Of, format: Format) -> Asked {
        Asked {
            wish: Wish { of, target: Target::All, hz: 0, span: Duration::ZERO },
            format,
            reverse: false,
            inverted: false,
            filter: None,
            capture: None,
            base: None,
        }
    }

    /// How it is told; whatever else there is has been looked at.
    fn take(&mut self, key: &str, value: &str, keys: &str) -> Result<(), String> {
        match key {
            "format" => {
                let words = Format::ALL.map(Format::word).join(", ");
                self.format = Format::named(value).ok_or_else(|| format!("format is one of {words}"))?;
            }
            "filter" if value.is_empty() || value.len() > FILTER_BYTES_MAX => {
                return Err(format!("filter is a part of a function's name, of 1 to {FILTER_BYTES_MAX} bytes"));
            }
            "filter" => self.filter = Some(value.to_owned()),
            "reverse" => self.reverse = switch("reverse", value)?,
            "inverted" => self.inverted = switch("inverted", value)?,
            _ => return Err(format!("there are {keys} to be asked with, and nothing else")),
        }
        Ok(())
    }
}

fn number(key: &str, value: &str, max: u32) -> Result<u32, String> {
    let number = value.parse().ok().filter(|number| (1..=max).contains(number));
    number.ok_or_else(|| format!("{key} is a whole number from 1 to {max}"))
}

/// As one writes it in an address: `reverse`, `reverse=1` or `reverse=true`.
fn switch(key: &str, value: &str) -> Result<bool, String> {
    match value {
        "" | "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(format!("{key} is 1 or 0")),
    }
}

fn target(value: &str) -> Result<Target, String> {
    Target::parse(value).ok_or_else(|| "target is all, root, or the name of a tenant".to_owned())
}

/// A name that could be one of those that are kept.
fn kept(key: &str, value: &str) -> Result<String, String> {
    let name = Facts::parse(value).map(|facts| facts.name());
    name.ok_or_else(|| format!("{key} is the name of a capture as /debug/pprof/captures lists it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_half_a_minute_of_everything() {
        for query in [None, Some("")] {
            let asked = Asked::parse(query, Format::Pprof).unwrap();
            assert_eq!(
                asked.wish,
                Wish { of: Of::Present, target: Target::All, hz: 99, span: Duration::from_secs(30) }
            );
            assert_eq!(
                (asked.format, asked.reverse, asked.inverted, asked.filter),
                (Format::Pprof, false, false, None)
            );
        }
    }

    #[test]
    fn everything_can_be_said() {
        let query = "seconds=5&hz=250&target=ops&format=folded&filter=scene%3A%3Adraw&reverse&inverted=1";
        let asked = Asked::parse(Some(query), Format::Flamegraph).unwrap();
        let target = Target::Tenant("ops".to_owned());
        assert_eq!(asked.wish, Wish { of: Of::Present, target, hz: 250, span: Duration::from_secs(5) });
        assert_eq!((asked.format, asked.reverse, asked.inverted), (Format::Folded, true, true));
        assert_eq!(asked.filter.as_deref(), Some("scene::draw"));
    }

    #[test]
    fn one_looks_back_or_ahead() {
        let asked = Asked::parse(Some("last=600&target=root"), Format::Flamegraph).unwrap();
        let span = Duration::from_secs(600);
        assert_eq!(asked.wish, Wish { of: Of::Past, target: Target::Root, hz: 19, span });
        for query in ["last=60&seconds=5", "seconds=5&last=60", "last=60&hz=99"] {
            let why = Asked::parse(Some(query), Format::Pprof).unwrap_err();
            assert!(why.contains("no seconds and no hz"), "{query}: {why}");
        }
    }

    #[test]
    fn memory_is_told_as_it_is_now_unless_a_span_is_asked_for() {
        let asked = Asked::parse_heap(None).unwrap();
        assert_eq!(asked.wish, Wish { of: Of::Heap, target: Target::All, hz: 0, span: Duration::ZERO });
        assert_eq!(asked.format, Format::Pprof);
        let query = "seconds=120&target=root&format=flamegraph&filter=series&inverted";
        let asked = Asked::parse_heap(Some(query)).unwrap();
        assert_eq!((asked.wish.span, asked.wish.target.word()), (Duration::from_secs(120), "root"));
        assert_eq!((asked.format, asked.inverted, asked.filter.as_deref()), (Format::Flamegraph, true, Some("series")));
        for (query, allowed) in [
            ("seconds=0", "1 to 120"),
            ("last=60", "seconds, target, format"),
            ("hz=99", "seconds, target, format"),
            ("base=x", "seconds, target, format"),
            ("format=text", "pprof, flamegraph, folded, callgrind"),
            ("target=", "the name of a tenant"),
        ] {
            let why = Asked::parse_heap(Some(query)).unwrap_err();
            assert!(why.contains(allowed) && !why.contains('\n'), "{query}: {why}");
        }
    }

    #[test]
    fn one_that_is_kept_can_be_looked_at_and_held_against() {
        let name = "20231114T221320.123Z-30s-99hz-all.pb.gz";
        let asked = Asked::parse(Some(&format!("base={name}&last=60")), Format::Flamegraph).unwrap();
        assert_eq!((asked.base.as_deref(), asked.capture, asked.wish.of), (Some(name), None, Of::Past));
        let asked = Asked::parse(Some(&format!("capture={name}&base={name}")), Format::Flamegraph).unwrap();
        assert_eq!((asked.base.as_deref(), asked.capture.as_deref()), (Some(name), Some(name)));
        for (query, says) in [
            ("base=../../etc/passwd".to_owned(), "base is the name of a capture"),
            ("capture=x".to_owned(), "capture is the name of a capture"),
            (format!("capture={name}&seconds=5"), "has its time"),
            (format!("capture={name}&target=root"), "has its time"),
            (format!("capture={name}&last=5"), "has its time"),
            (format!("base={name}&format=pprof"), "flamegraph and folded"),
        ] {
            let why = Asked::parse(Some(&query), Format::Flamegraph).unwrap_err();
            assert!(why.contains(says), "{query}: {why}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_what_is_allowed() {
        for (query, allowed) in [
            ("seconds=0", "1 to 120"),
            ("seconds=121", "1 to 120"),
            ("seconds=ten", "1 to 120"),
            ("hz=251", "1 to 250"),
            ("last=0", "1 to 600"),
            ("last=601", "1 to 600"),
            ("hz=-1", "1 to 250"),
            ("format=png", "pprof, flamegraph, folded, callgrind"),
            ("target=../etc", "the name of a tenant"),
            ("target=", "the name of a tenant"),
            ("filter=", "1 to 200"),
            ("reverse=maybe", "1 or 0"),
            ("second=5", "seconds, last, hz, target"),
            ("<script>", "seconds, last, hz, target"),
        ] {
            let why = Asked::parse(Some(query), Format::Pprof).unwrap_err();
            assert!(why.contains(allowed) && !why.contains('\n') && !why.contains('<'), "{query}: {why}");
        }
    }
}
