//! What a source file names: every path in imports, expressions, types, patterns, attributes and
//! macro bodies, resolved as far as the file itself tells.
//!
//! Invariant: a path that reaches another module of the crate comes out starting with `crate`,
//! however it was written (`super::`, `self::`, `unblink::`, a grouped or renamed import). Names are
//! followed through the file's own imports only; the rules forbid what would hide more.

use std::collections::HashMap;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::visit::Visit;

use crate::files::SourceFile;

/// One path, resolved.
#[derive(Debug)]
pub struct Named {
    /// `["crate", "frame", "Grid"]`, `["std", "fs", "read"]`; a glob import ends in `*`.
    pub segments: Vec<String>,
    pub line: usize,
    pub in_test: bool,
}

/// One method call.
#[derive(Debug)]
pub struct Method {
    pub name: String,
    /// The first argument, when it is a string literal.
    pub literal: Option<String>,
    pub line: usize,
    pub in_test: bool,
}

/// Everything one file names.
#[derive(Debug, Default)]
pub struct Walk {
    pub paths: Vec<Named>,
    pub methods: Vec<Method>,
}

/// Follows one name through this many renames.
const RENAMES_MAX: usize = 6;

struct Written {
    segments: Vec<String>,
    module: Vec<String>,
    line: usize,
    in_test: bool,
    /// `::name`: never a module of this crate.
    absolute: bool,
}

struct Walker {
    module: Vec<String>,
    in_test: bool,
    written: Vec<Written>,
    /// Name in this file -> what its imports say it is.
    imported: HashMap<String, Vec<Vec<String>>>,
    /// Full paths of modules declared in this file.
    declared: Vec<Vec<String>>,
    methods: Vec<Method>,
}

/// Lists what the file names.
pub fn walk(file: &SourceFile) -> Walk {
    let mut walker = Walker {
        module: file.module(),
        in_test: file.is_test(),
        written: Vec::new(),
        imported: HashMap::new(),
        declared: Vec::new(),
        methods: Vec::new(),
    };
    walker.visit_file(&file.ast);
    let mut paths = Vec::new();
    for written in &walker.written {
        for segments in walker.resolve(&written.module, &written.segments, written.absolute, RENAMES_MAX) {
            paths.push(Named { segments, line: written.line, in_test: written.in_test });
        }
    }
    Walk { paths, methods: walker.methods }
}

// === impl Walker ===

impl Walker {
    fn write(&mut self, segments: Vec<String>, line: usize, absolute: bool) {
        let (module, in_test) = (self.module.clone(), self.in_test);
        self.written.push(Written { segments, module, line, in_test, absolute });
    }

    /// All that a path may mean; a name imported twice (in two inline modules) may mean either.
    fn resolve(&self, module: &[String], path: &[String], absolute: bool, renames: usize) -> Vec<Vec<String>> {
        let Some(first) = path.first() else { return Vec::new() };
        if absolute {
            return vec![path.to_vec()];
        }
        let inside = |base: &[String], rest: &[String]| {
            let mut whole = vec!["crate".to_owned()];
            whole.extend_from_slice(base);
            whole.extend_from_slice(rest);
            vec![whole]
        };
        match first.as_str() {
            "crate" | "unblink" => return inside(&[], &path[1..]),
            "self" if path.len() > 1 => return inside(module, &path[1..]),
            "super" => {
                let supers = path.iter().take_while(|part| *part == "super").count();
                return inside(&module[..module.len().saturating_sub(supers)], &path[supers..]);
            }
            _ => {}
        }
        if self.declared.iter().any(|declared| declared.split_last() == Some((first, module))) {
            return inside(module, path);
        }
        let meanings = self.imported.get(first).filter(|_| renames > 0);
        let Some(meanings) = meanings else { return vec![path.to_vec()] };
        let mut all = Vec::new();
        for meaning in meanings {
            let mut whole = meaning.clone();
            whole.extend_from_slice(&path[1..]);
            if meaning.first() == Some(first) {
                all.push(whole);
            } else {
                all.extend(self.resolve(module, &whole, false, renames - 1));
            }
        }
        all
    }

    fn import(&mut self, prefix: &[String], tree: &syn::UseTree, absolute: bool) {
        let join = |name: &syn::Ident| {
            let mut path = prefix.to_vec();
            if name != "self" || path.is_empty() {
                path.push(name.to_string());
            }
            path
        };
        match tree {
            syn::UseTree::Path(path) => self.import(&join(&path.ident), &path.tree, absolute),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(prefix, tree, absolute);
                }
            }
            syn::UseTree::Glob(glob) => {
                let mut path = prefix.to_vec();
                path.push("*".to_owned());
                self.write(path, glob.star_token.spans[0].start().line, absolute);
            }
            syn::UseTree::Name(name) => {
                let path = join(&name.ident);
                let visible = path.last().cloned().unwrap_or_default();
                self.bind(&visible, &path, absolute);
                self.write(path, name.ident.span().start().line, absolute);
            }
            syn::UseTree::Rename(rename) => {
                let path = join(&rename.ident);
                self.bind(&rename.rename.to_string(), &path, absolute);
                self.write(path, rename.ident.span().start().line, absolute);
            }
        }
    }

    fn bind(&mut self, visible: &str, path: &[String], absolute: bool) {
        let starts_here = matches!(path[0].as_str(), "self" | "super");
        let meaning = match starts_here && !absolute {
            true => self.resolve(&self.module, path, false, 0).remove(0),
            false => path.to_vec(),
        };
        self.imported.entry(visible.to_owned()).or_default().push(meaning);
    }

    /// Paths and method calls in tokens nobody has parsed: macro bodies and attributes.
    fn tokens(&mut self, stream: TokenStream, prefix: &[String]) {
        let trees: Vec<TokenTree> = stream.into_iter().collect();
        let mut path: Vec<String> = prefix.to_vec();
        let mut line = 0;
        let mut open = !prefix.is_empty();
        let mut index = 0;
        while let Some(tree) = trees.get(index) {
            match tree {
                TokenTree::Ident(ident) => {
                    if !open {
                        self.flush(&mut path, line);
                    }
                    line = ident.span().start().line;
                    path.push(ident.to_string());
                    open = false;
                    self.method(&trees, index);
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && punct.spacing() == Spacing::Joint => {
                    open = !path.is_empty();
                    index += 1;
                }
                TokenTree::Punct(punct) => {
                    self.flush(&mut path, line);
                    open = punct.as_char() == ',' && !prefix.is_empty();
                    if open {
                        path = prefix.to_vec();
                    }
                }
                TokenTree::Group(group) => {
                    let grouped = open && group.delimiter() == Delimiter::Brace;
                    let inner = if grouped { std::mem::take(&mut path) } else { Vec::new() };
                    self.flush(&mut path, line);
                    self.tokens(group.stream(), &inner);
                    open = false;
                }
                TokenTree::Literal(literal) => {
                    self.flush(&mut path, line);
                    open = false;
                    self.path_in_text(&literal.to_string(), literal.span().start().line);
                }
            }
            index += 1;
        }
        self.flush(&mut path, line);
    }

    fn flush(&mut self, path: &mut Vec<String>, line: usize) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.write(path, line, false);
        }
    }

    /// `.name(...)` in tokens.
    fn method(&mut self, trees: &[TokenTree], index: usize) {
        let dot = index.checked_sub(1).and_then(|before| trees.get(before));
        let (Some(TokenTree::Punct(dot)), TokenTree::Ident(name)) = (dot, &trees[index]) else { return };
        let Some(TokenTree::Group(arguments)) = trees.get(index + 1) else { return };
        if dot.as_char() != '.' || arguments.delimiter() != Delimiter::Parenthesis {
            return;
        }
        let literal = syn::parse2::<syn::LitStr>(arguments.stream()).ok().map(|literal| literal.value());
        let line = name.span().start().line;
        self.methods.push(Method { name: name.to_string(), literal, line, in_test: self.in_test });
    }

    /// `#[serde(default = "crate::x::y")]` names a path in a string.
    fn path_in_text(&mut self, literal: &str, line: usize) {
        let text = literal.trim_matches('"');
        let starts = ["crate::", "self::", "super::", "unblink::"];
        if starts.iter().any(|start| text.starts_with(start))
            && let Ok(path) = syn::parse_str::<syn::Path>(text)
        {
            self.write(names(&path), line, false);
        }
    }
}

impl<'ast> Visit<'ast> for Walker {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let outer = self.in_test;
        self.in_test |= attributes(item).iter().any(marks_test);
        syn::visit::visit_item(self, item);
        self.in_test = outer;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&[], &item.tree, item.leading_colon.is_some());
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        let name = item.ident.to_string();
        let name = if name == "self" { "crate".to_owned() } else { name };
        if let Some((_, rename)) = &item.rename {
            self.bind(&rename.to_string(), std::slice::from_ref(&name), false);
        }
        self.write(vec![name, "*".to_owned()], item.ident.span().start().line, false);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.module.push(item.ident.to_string());
        self.declared.push(self.module.clone());
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.write(names(path), line, path.leading_colon.is_some());
        syn::visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let literal = match call.args.first() {
            Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text.value()),
            _ => None,
        };
        let line = call.method.span().start().line;
        self.methods.push(Method { name: call.method.to_string(), literal, line, in_test: self.in_test });
        syn::visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.visit_path(&mac.path);
        self.tokens(mac.tokens.clone(), &[]);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        self.visit_path(attribute.path());
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone(), &[]);
        }
    }
}

fn names(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]`.
fn marks_test(attribute: &syn::Attribute) -> bool {
    let last = attribute.path().segments.last().map(|segment| segment.ident.to_string());
    match (last.as_deref(), &attribute.meta) {
        (Some("test"), _) => true,
        (Some("cfg"), syn::Meta::List(list)) => list.tokens.to_string() == "test",
        _ => false,
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
