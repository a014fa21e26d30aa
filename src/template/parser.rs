//! From parts to a template: which actions there are, and that each `if` has its `end`.
//!
//! Invariant: what stands in the skeleton is written here, word by word: no byte of a template's text gets there, and of
//! its actions only comparisons of parameters with plain texts and numbers.

use std::fmt::Write as _;
use std::ops::Range;

use super::lexer::{self, Action, BLANKS, Part, What as Token, Word};
use super::{Piece, Template, Use, What, Wrong, wrong};
use crate::base::limits;
use crate::notation::harmless;

/// Functions of conditions: how many values each takes at least and at most.
const FUNCTIONS: [(&str, usize, usize); 9] = [
    ("and", 2, usize::MAX),
    ("or", 2, usize::MAX),
    ("not", 1, 1),
    ("eq", 2, usize::MAX),
    ("ne", 2, 2),
    ("lt", 2, 2),
    ("le", 2, 2),
    ("gt", 2, 2),
    ("ge", 2, 2),
];
/// Of Go's language what repeats, includes or changes what fields mean.
const REFUSED: [&str; 7] = ["range", "with", "define", "template", "block", "break", "continue"];
/// What makes one text of several, or shows one otherwise.
const PASTING: [&str; 10] = ["print", "printf", "println", "html", "js", "urlquery", "index", "slice", "len", "call"];

/// What the skeleton calls the parameter with this number.
pub fn alias(index: usize) -> String {
    format!("P{index}")
}

/// The template of a text; else everything that is wrong with it.
pub fn parse(text: &str) -> Result<Template, Vec<Wrong>> {
    let mut all = Vec::new();
    let parts = lexer::parts(text, &mut all);
    let template = Template { pieces: Vec::new(), skeleton: String::new(), uses: Vec::new() };
    let mut parser = Parser { template, open: Vec::new(), depth: 0, all };
    let actions = parts.iter().filter(|part| matches!(part, Part::Action(_))).count();
    if actions > limits::TEMPLATE_ACTIONS_MAX {
        let message = format!("there are {actions} actions");
        parser.complain(0..0, message, format!("at most {} are allowed", limits::TEMPLATE_ACTIONS_MAX));
        return Err(parser.all);
    }
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Text(span) => {
                let mut words = &text[span.clone()];
                let before = index.checked_sub(1).and_then(|index| parts.get(index));
                if matches!(before, Some(Part::Action(action)) if action.trims_after) {
                    words = words.trim_start_matches(BLANKS);
                }
                if matches!(parts.get(index + 1), Some(Part::Action(action)) if action.trims_before) {
                    words = words.trim_end_matches(BLANKS);
                }
                if !words.is_empty() {
                    parser.piece(What::Text(words.to_owned()), span.clone());
                }
            }
            Part::Action(action) if action.is_comment => {}
            Part::Action(action) => parser.action(action),
        }
    }
    for open in std::mem::take(&mut parser.open) {
        parser.complain(open.span, "this `if` has no end", "close it with {{end}}");
    }
    if parser.template.uses.len() > limits::PARAMS_MAX {
        let message = format!("it names {} parameters", parser.template.uses.len());
        parser.complain(0..0, message, format!("at most {} are allowed", limits::PARAMS_MAX));
    }
    let Parser { template, mut all, .. } = parser;
    all.sort_by_key(|one| one.span.start);
    if all.is_empty() { Ok(template) } else { Err(all) }
}

struct Parser {
    template: Template,
    open: Vec<Open>,
    /// Conditions within conditions here, `else if` among them.
    depth: usize,
    all: Vec<Wrong>,
}

/// An `if` without its `end` so far.
struct Open {
    span: Range<usize>,
    has_else: bool,
    /// What it adds to the depth.
    depth: usize,
}

// === impl Parser ===

impl Parser {
    fn complain(&mut self, span: Range<usize>, message: impl Into<String>, remedy: impl Into<String>) {
        if self.all.len() < limits::DIAGNOSTICS_MAX {
            self.all.push(wrong(span, message, remedy));
        }
    }

    fn piece(&mut self, what: What, span: Range<usize>) {
        let _ = write!(self.template.skeleton, "{},", self.template.pieces.len());
        self.template.pieces.push(Piece { what, span });
    }

    fn action(&mut self, action: &Action) {
        let span = action.span.clone();
        let Some(first) = action.words.first() else {
            if !action.is_broken {
                self.complain(span, "this action is empty", "name a parameter, as in {{.App}}");
            }
            return;
        };
        let keyword = if let Token::Name(name) = &first.what { name.as_str() } else { "" };
        // What opens and closes counts also where the rest is not understood.
        match keyword {
            "if" => return self.begin(action, &action.words[1..]),
            "else" => return self.otherwise(action),
            "end" => return self.end(action),
            _ if action.is_broken => return,
            _ => {}
        }
        match (&first.what, &action.words[1..]) {
            (Token::Field(name), []) => {
                self.used(name, &span).bound.get_or_insert(span.clone());
                self.piece(What::Bound(name.clone()), span);
            }
            (Token::Name(name), [Word { what: Token::Field(field), .. }]) if name == "ident" => {
                self.used(field, &span).named.get_or_insert(span.clone());
                self.piece(What::Named(field.clone()), span);
            }
            (Token::Name(name), _) => {
                let name = name.as_str();
                let (message, remedy) = match name {
                    "ident" => ("`ident` takes one parameter".to_owned(), "write {{ident .Column}}"),
                    _ if REFUSED.contains(&name) => {
                        (format!("`{name}` is not allowed in a chart"), "use fields, `if`, `else` and `end`")
                    }
                    _ if PASTING.contains(&name) => (
                        format!("`{name}` would paste a text into SQL, where values are bound"),
                        "write the field alone, as in {{.App}}, and put texts together in SQL",
                    ),
                    _ => (
                        format!("there is no action {:?}", harmless(name)),
                        "use fields, `ident`, `if`, `else` and `end`",
                    ),
                };
                self.complain(first.span.clone(), message, remedy);
            }
            (Token::Field(_), [second, ..]) => {
                let span = second.span.clone();
                self.complain(span, "something stands behind the field", "write the field alone, as in {{.App}}");
            }
            _ => self.complain(span, "this action is no field", "what does not change stands in SQL itself"),
        }
    }

    fn begin(&mut self, action: &Action, condition: &[Word]) {
        self.open.push(Open { span: action.span.clone(), has_else: false, depth: 1 });
        self.deeper(&action.span);
        let condition = self.condition(action, condition);
        let _ = write!(self.template.skeleton, "{{{{if {condition}}}}}");
    }

    fn otherwise(&mut self, action: &Action) {
        let rest = &action.words[1..];
        let is_if = matches!(rest.first(), Some(Word { what: Token::Name(name), .. }) if name == "if");
        let span = action.span.clone();
        match self.open.last_mut() {
            None => return self.complain(span, "this `else` belongs to no `if`", "open it with {{if ...}}"),
            Some(open) if open.has_else => {
                return self.complain(span, "a second `else` of one `if`", "take one of them out");
            }
            Some(open) => {
                open.has_else = !is_if;
                open.depth += usize::from(is_if);
            }
        }
        if is_if {
            self.deeper(&action.span);
            let condition = self.condition(action, &rest[1..]);
            let _ = write!(self.template.skeleton, "{{{{else if {condition}}}}}");
        } else {
            self.template.skeleton.push_str("{{else}}");
            self.nothing_behind(action, rest);
        }
    }

    fn end(&mut self, action: &Action) {
        match self.open.pop() {
            Some(open) => {
                self.depth -= open.depth;
                self.template.skeleton.push_str("{{end}}");
                self.nothing_behind(action, &action.words[1..]);
            }
            None => self.complain(action.span.clone(), "this `end` belongs to no `if`", "take it out"),
        }
    }

    fn nothing_behind(&mut self, action: &Action, rest: &[Word]) {
        if let (Some(word), false) = (rest.first(), action.is_broken) {
            self.complain(word.span.clone(), "nothing stands behind `else` and `end`", "take it out");
        }
    }

    fn deeper(&mut self, span: &Range<usize>) {
        self.depth += 1;
        if self.depth == limits::TEMPLATE_DEPTH_MAX + 1 {
            let remedy = format!("at most {} are allowed, `else if` among them", limits::TEMPLATE_DEPTH_MAX);
            self.complain(span.clone(), "too many conditions stand in each other", remedy);
        }
    }

    /// The same in the skeleton's words.
    fn condition(&mut self, action: &Action, words: &[Word]) -> String {
        const NEVER: &str = "false";
        if action.is_broken {
            return NEVER.to_owned();
        }
        if words.is_empty() {
            let remedy = "write {{if eq .Variant \"b\"}}";
            self.complain(action.span.clone(), "there is no condition", remedy);
            return NEVER.to_owned();
        }
        if words.len() > limits::TEMPLATE_WORDS_MAX {
            let remedy = format!("at most {} are allowed", limits::TEMPLATE_WORDS_MAX);
            self.complain(action.span.clone(), format!("the condition has {} words", words.len()), remedy);
            return NEVER.to_owned();
        }
        let mut left = words;
        let said = self.expression(&mut left, &action.span);
        match (said, left.first()) {
            (Some(said), None) => said,
            (Some(_), Some(word)) => {
                let remedy = "write {{if eq .Variant \"b\"}}, and parts of it in parentheses";
                self.complain(word.span.clone(), "this does not belong to the condition", remedy);
                NEVER.to_owned()
            }
            (None, _) => NEVER.to_owned(),
        }
    }

    /// A function with its values, or one value; none where it was complained of. Words within words are fewer than
    /// words, so that this is as deep as its cap at most.
    fn expression(&mut self, left: &mut &[Word], whole: &Range<usize>) -> Option<String> {
        let function = match left.first() {
            Some(Word { what: Token::Name(name), span }) if !matches!(name.as_str(), "true" | "false") => {
                let Some(function) = FUNCTIONS.iter().find(|(known, _, _)| known == name) else {
                    let known: Vec<&str> = FUNCTIONS.iter().map(|(known, _, _)| *known).collect();
                    let message = format!("there is no {:?} in conditions", harmless(name));
                    self.complain(span.clone(), message, format!("there are: {}", known.join(", ")));
                    return None;
                };
                Some((function, span.clone()))
            }
            _ => None,
        };
        let Some(((name, min, max), span)) = function else { return self.operand(left, whole) };
        *left = &left[1..];
        let mut said = (*name).to_owned();
        let mut count = 0;
        while !left.is_empty() && left[0].what != Token::Close {
            said.push(' ');
            said.push_str(&self.operand(left, whole)?);
            count += 1;
        }
        if count < *min || count > *max {
            let remedy = match min {
                1 => "write it as (not .Flag)".to_owned(),
                _ => format!("write it as {name} .Variant \"b\""),
            };
            self.complain(span, format!("`{name}` does not take {count} values"), remedy);
            return None;
        }
        Some(said)
    }

    fn operand(&mut self, left: &mut &[Word], whole: &Range<usize>) -> Option<String> {
        let Some((word, rest)) = left.split_first() else {
            self.complain(whole.clone(), "the condition ends too early", "write {{if eq .Variant \"b\"}}");
            return None;
        };
        *left = rest;
        match &word.what {
            Token::Field(name) => {
                self.used(name, &word.span).judged.get_or_insert(word.span.clone());
                let index = self.template.uses.iter().position(|one| one.name == *name).unwrap_or(0);
                Some(format!(".{}", alias(index)))
            }
            // Without quotes, backslashes and braces: it ends where it ends here.
            Token::Text(text) => Some(format!("\"{text}\"")),
            Token::Number(number) => Some(number.clone()),
            Token::Name(name) if matches!(name.as_str(), "true" | "false") => Some(name.clone()),
            Token::Open => {
                let inside = self.expression(left, whole)?;
                match left.split_first() {
                    Some((Word { what: Token::Close, .. }, rest)) => {
                        *left = rest;
                        Some(format!("({inside})"))
                    }
                    _ => {
                        self.complain(word.span.clone(), "this parenthesis is not closed", "close it with )");
                        None
                    }
                }
            }
            Token::Name(_) | Token::Close => {
                let remedy = "put a function with its values into parentheses: (eq .Variant \"b\")";
                self.complain(word.span.clone(), "no value stands here", remedy);
                None
            }
        }
    }

    fn used(&mut self, name: &str, span: &Range<usize>) -> &mut Use {
        if name.len() > limits::PARAM_NAME_BYTES_MAX {
            let remedy = format!("use at most {} bytes", limits::PARAM_NAME_BYTES_MAX);
            self.complain(span.clone(), "the parameter's name is too long", remedy);
        }
        let uses = &mut self.template.uses;
        let index = uses.iter().position(|one| one.name == name).unwrap_or_else(|| {
            uses.push(Use { name: name.to_owned(), ..Use::default() });
            uses.len() - 1
        });
        &mut uses[index]
    }
}
