//! The markup of a text: `**bold**`, `*italic*` or `_italic_`, `` `code` ``, and `{warn}...{/}` with a tone.
//!
//! Invariant: text is never lost. A mark is taken out only together with its other half; what is unknown or has none
//! stays as it was written. Whole clusters are looked at, so that nothing hides a mark within one.

use crate::frame::Style;
use crate::label::Label;
use crate::widget::{Level, Look, Role};

/// What a stretch of text means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Ok,
    Warn,
    Critical,
    Muted,
    Accent,
}

/// How a stretch of text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ink {
    pub tone: Tone,
    pub bold: bool,
    pub italic: bool,
    pub code: bool,
}

/// A stretch of text of one ink.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub text: Label,
    pub ink: Ink,
}

/// What a mark does between its two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Bold,
    /// By a star.
    Star,
    /// By an underscore.
    Underscore,
    Tone(Tone),
}

/// A part of the text between two cuts.
#[derive(Clone, Copy, Debug)]
struct Part {
    from: usize,
    to: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Code,
    /// The marks around a code and marks that found their other half: not shown.
    Open(Mark),
    Close,
    Taken,
}

/// Finds the marks of one text.
struct Parser<'a> {
    text: &'a str,
    /// Where each cluster starts, and where the last one ends.
    starts: Vec<usize>,
    parts: Vec<Part>,
    /// Which parts may be the first half of a mark, by their index.
    open: Vec<(Mark, usize)>,
}

/// The spans of one paragraph.
pub fn parse(raw: &str) -> Vec<Span> {
    let text = Label::plain(raw);
    if !text.as_str().contains(['*', '_', '`', '{']) {
        return vec![Span { text, ink: Ink::default() }];
    }
    let mut at = 0;
    let mut starts: Vec<usize> = Vec::with_capacity(text.as_str().len() + 1);
    for cluster in text.clusters() {
        starts.push(at);
        at += cluster.text.len();
    }
    starts.push(at);
    let mut parser = Parser { text: text.as_str(), starts, parts: Vec::new(), open: Vec::new() };
    parser.run();
    parser.spans()
}

// === impl Tone ===

impl Tone {
    /// The tone of this name; none for a name nobody gave.
    pub fn from_name(name: &str) -> Option<Tone> {
        match name {
            "ok" => Some(Tone::Ok),
            "warn" => Some(Tone::Warn),
            "critical" => Some(Tone::Critical),
            "muted" => Some(Tone::Muted),
            "accent" => Some(Tone::Accent),
            _ => None,
        }
    }

    fn style(self, look: Look) -> Style {
        match self {
            Tone::Plain => look.theme.style(Role::Text),
            Tone::Ok => look.theme.level(Level::Good),
            Tone::Warn => look.theme.style(Role::Warning),
            Tone::Critical => look.theme.level(Level::Critical),
            Tone::Muted => look.theme.style(Role::Muted),
            Tone::Accent => look.theme.style(Role::TitleFocused),
        }
    }
}

// === impl Ink ===

impl Ink {
    pub fn style(self, look: Look) -> Style {
        let mut style = match (self.tone, self.bold) {
            (Tone::Plain, true) => look.theme.style(Role::Strong),
            (tone, true) => tone.style(look).bold(),
            (tone, false) => tone.style(look),
        };
        if self.italic {
            style = style.italic();
        }
        if self.code {
            let ground = look.theme.style(Role::Status).bg;
            // Where there is no second ground, a line under it tells code apart.
            style = if ground == style.bg { style.underline() } else { style.bg(ground) };
        }
        style
    }
}

// === impl Parser ===

impl Parser<'_> {
    fn run(&mut self) {
        let mut at = 0;
        while let Some(cluster) = self.cluster(at) {
            at = match cluster {
                "`" => self.code(at),
                "{" => self.tone(at),
                "*" => self.stars(at),
                "_" => self.underscore(at),
                _ => self.text(at, 1),
            };
        }
    }

    fn cluster(&self, at: usize) -> Option<&str> {
        let (from, to) = (*self.starts.get(at)?, *self.starts.get(at + 1)?);
        Some(&self.text[from..to])
    }

    fn part(&mut self, at: usize, clusters: usize, kind: Kind) -> usize {
        self.parts.push(Part { from: self.starts[at], to: self.starts[at + clusters], kind });
        at + clusters
    }

    fn text(&mut self, at: usize, clusters: usize) -> usize {
        let to = self.starts[at + clusters];
        // A half that waits for its other one stays apart.
        let waits = self.open.last().is_some_and(|(_, part)| part + 1 == self.parts.len());
        match self.parts.last_mut() {
            Some(last) if last.kind == Kind::Text && !waits => {
                last.to = to;
                at + clusters
            }
            _ => self.part(at, clusters, Kind::Text),
        }
    }

    /// All between two backticks as it stands.
    fn code(&mut self, at: usize) -> usize {
        let inside = (at + 1..).map_while(|next| self.cluster(next)).position(|cluster| cluster == "`");
        match inside {
            None | Some(0) => self.text(at, 1),
            Some(clusters) => {
                let at = self.part(at, 1, Kind::Taken);
                let at = self.part(at, clusters, Kind::Code);
                self.part(at, 1, Kind::Taken)
            }
        }
    }

    fn tone(&mut self, at: usize) -> usize {
        // The longest name is short: a brace without an end costs no walk to the end of the text.
        let rest = &self.text[self.starts[at]..];
        let Some(end) = rest.bytes().take(12).position(|byte| byte == b'}') else { return self.text(at, 1) };
        // A mark on the closing brace makes it another letter.
        let is_whole = self.cluster(at + end) == Some("}");
        match (&rest[1..end], Tone::from_name(&rest[1..end])) {
            ("/", _) if is_whole && self.close(|mark| matches!(mark, Mark::Tone(_))) => {
                self.part(at, end + 1, Kind::Close)
            }
            (_, Some(tone)) if is_whole => self.open(at, end + 1, Mark::Tone(tone)),
            _ => self.text(at, 1),
        }
    }

    /// One star or two; of three the half that closes first comes first.
    fn stars(&mut self, at: usize) -> usize {
        let run = (at..).map_while(|next| self.cluster(next)).take_while(|cluster| *cluster == "*").count();
        if run > 3 {
            // A line of stars is a line of stars.
            return self.text(at, run);
        }
        let star_first = self.open.iter().rev().find_map(|(mark, _)| match mark {
            Mark::Star => Some(true),
            Mark::Bold => Some(false),
            _ => None,
        });
        let sizes: &[usize] = match (run, star_first) {
            (1, _) => &[1],
            (2, _) => &[2],
            (_, Some(true)) => &[1, 2],
            (_, _) => &[2, 1],
        };
        let before = at.checked_sub(1).and_then(|before| self.cluster(before)).is_some_and(|text| text != " ");
        let after = self.cluster(at + run).is_some_and(|text| text != " ");
        let mut at = at;
        for size in sizes {
            let mark = if *size == 2 { Mark::Bold } else { Mark::Star };
            at = self.toggle(at, *size, mark, before, after);
        }
        at
    }

    /// Only one, and only round words: neither `snake_case` nor `__init__` has italics in it.
    fn underscore(&mut self, at: usize) -> usize {
        let run = (at..).map_while(|next| self.cluster(next)).take_while(|cluster| *cluster == "_").count();
        if run > 1 {
            return self.text(at, run);
        }
        let is_word = |text: Option<&str>| text.is_some_and(|text| text.chars().all(char::is_alphanumeric));
        let (before, after) = (at.checked_sub(1).and_then(|before| self.cluster(before)), self.cluster(at + 1));
        let closes = before.is_some_and(|text| text != " ") && !is_word(after);
        let opens = after.is_some_and(|text| text != " ") && !is_word(before);
        self.toggle(at, 1, Mark::Underscore, closes, opens)
    }

    fn toggle(&mut self, at: usize, clusters: usize, mark: Mark, closes: bool, opens: bool) -> usize {
        // Nothing between two halves is nothing to mark.
        let is_empty = self.open.last().is_some_and(|(open, part)| *open == mark && part + 1 == self.parts.len());
        if closes && !is_empty && self.close(|open| open == mark) {
            self.part(at, clusters, Kind::Close)
        } else if opens {
            self.open(at, clusters, mark)
        } else {
            self.text(at, clusters)
        }
    }

    fn open(&mut self, at: usize, clusters: usize, mark: Mark) -> usize {
        self.open.push((mark, self.parts.len()));
        self.part(at, clusters, Kind::Text)
    }

    /// Joins the newest open half with the one that comes now; halves between them stay text.
    fn close(&mut self, wanted: impl Fn(Mark) -> bool) -> bool {
        let Some(found) = self.open.iter().rposition(|(mark, _)| wanted(*mark)) else { return false };
        let (mark, part) = self.open[found];
        self.open.truncate(found);
        self.parts[part].kind = Kind::Open(mark);
        true
    }

    fn spans(&self) -> Vec<Span> {
        let mut spans: Vec<(String, Ink)> = Vec::new();
        // The inks around the present one.
        let mut inks = Vec::new();
        let mut ink = Ink::default();
        for part in &self.parts {
            let ink = match part.kind {
                Kind::Taken => continue,
                Kind::Open(mark) => {
                    inks.push(ink);
                    ink.apply(mark);
                    continue;
                }
                Kind::Close => {
                    ink = inks.pop().unwrap_or_default();
                    continue;
                }
                Kind::Code => Ink { code: true, ..ink },
                Kind::Text => ink,
            };
            let text = &self.text[part.from..part.to];
            match spans.last_mut() {
                Some(last) if last.1 == ink => last.0.push_str(text),
                _ => spans.push((text.to_owned(), ink)),
            }
        }
        spans.into_iter().map(|(text, ink)| Span { text: Label::plain(&text), ink }).collect()
    }
}

impl Ink {
    fn apply(&mut self, mark: Mark) {
        match mark {
            Mark::Bold => self.bold = true,
            Mark::Star | Mark::Underscore => self.italic = true,
            Mark::Tone(tone) => self.tone = tone,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Spans in a notation of their own: `B`, `I`, `C` and the tone before each.
    fn check(raw: &str, expected: &[&str]) {
        let show = |span: &Span| {
            let ink = span.ink;
            let letters = [(ink.bold, 'B'), (ink.italic, 'I'), (ink.code, 'C')];
            let mut out: String = letters.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect();
            if ink.tone != Tone::Plain {
                out += &format!("{:?}", ink.tone);
            }
            format!("{out}:{}", span.text)
        };
        assert_eq!(parse(raw).iter().map(show).collect::<Vec<_>>(), expected, "{raw}");
    }

    #[test]
    fn marks_become_inks() {
        check("a **b** c", &[":a ", "B:b", ": c"]);
        check("*a* _b c_ `d`", &["I:a", ": ", "I:b c", ": ", "C:d"]);
        check("{warn}hot{/} {ok}cool{/}", &["Warn:hot", ": ", "Ok:cool"]);
        check("{critical}**down** since{/} now", &["BCritical:down", "Critical: since", ": now"]);
        check("***a*** **b *c***", &["BI:a", ": ", "B:b ", "BI:c"]);
        check("{muted}a {accent}b{/} c{/}", &["Muted:a ", "Accent:b", "Muted: c"]);
    }

    #[test]
    fn what_is_no_mark_stays_text() {
        for raw in [
            "2 * 3 * 4",
            "snake_case_name",
            "__init__.py",
            "**open",
            "close**",
            "{warn}open",
            "{/}",
            "{unknown}a{/}",
            "{warn",
            "``",
            "`open",
            "****",
            "a * b",
            "** a **",
            "*",
            "_",
            "{}",
            "{a very long name}",
            "-*-",
            "*e\u{301}",
        ] {
            let text = Label::plain(raw);
            assert_eq!(parse(raw), [Span { text, ink: Ink::default() }], "{raw}");
        }
        check("`**a** {warn}b{/}`", &["C:**a** {warn}b{/}"]);
        check("**a *b** c*", &["B:a *b", ": c*"]);
        check("**a *b** c**", &["B:a *b", ": c**"]);
        check("{warn}*a{/} b*", &["Warn:*a", ": b*"]);
        assert_eq!(parse(""), [Span { text: Label::default(), ink: Ink::default() }]);
    }

    #[test]
    fn a_letter_with_a_mark_of_its_own_is_no_mark() {
        check("*a*\u{301}", &[":*a*\u{301}"]);
        check("{ok}a{/}\u{301}", &[":{ok}a{/}\u{301}"]);
    }

    proptest! {
        #[test]
        fn only_marks_are_taken_out(raw in "([a-c ]|\\*|\\*\\*|_|`|\\{warn\\}|\\{ok\\}|\\{/\\}|\\{x\\}|中){0,24}") {
            let shown: String = parse(&raw).iter().map(|span| span.text.as_str().to_owned()).collect();
            let bare = |text: &str| {
                let text = text.replace("{warn}", "").replace("{ok}", "").replace("{/}", "");
                text.replace(['*', '_', '`'], "")
            };
            // Without marks both are the same, and nothing was added or moved.
            prop_assert_eq!(bare(&shown), bare(&raw));
            let mut rest = raw.chars();
            prop_assert!(shown.chars().all(|wanted| rest.any(|got| got == wanted)), "{shown}");
        }

        #[test]
        fn any_text_is_read(raw in "[\\PC*_`{}]{0,60}") {
            parse(&raw);
        }
    }
}
