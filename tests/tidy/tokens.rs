//! What a file's tokens show without being parsed, macro bodies included.

use proc_macro2::{TokenStream, TokenTree};

/// Lines of every identifier called `name`.
pub fn identifiers(stream: &TokenStream, name: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    each(stream.clone(), &mut |trees, index| {
        if let TokenTree::Ident(ident) = &trees[index]
            && ident == name
        {
            lines.push(ident.span().start().line);
        }
    });
    lines
}

/// Lines of every attribute `#[name ...]`, also inside `#[cfg_attr(..., name ...)]`.
pub fn attributes(stream: &TokenStream, name: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    each(stream.clone(), &mut |trees, index| {
        let TokenTree::Punct(hash) = &trees[index] else { return };
        if hash.as_char() != '#' {
            return;
        }
        let inner = match trees.get(index + 1) {
            Some(TokenTree::Punct(bang)) if bang.as_char() == '!' => trees.get(index + 2),
            other => other,
        };
        let Some(TokenTree::Group(group)) = inner else { return };
        let first = group.stream().into_iter().next().map(|tree| tree.to_string());
        let conditional = first.as_deref() == Some("cfg_attr") && !identifiers(&group.stream(), name).is_empty();
        if first.as_deref() == Some(name) || conditional {
            lines.push(hash.span().start().line);
        }
    });
    lines
}

/// Lines of every `name!`.
pub fn macros(stream: &TokenStream, name: &str) -> Vec<usize> {
    let mut lines = Vec::new();
    each(stream.clone(), &mut |trees, index| {
        if let (TokenTree::Ident(ident), Some(TokenTree::Punct(bang))) = (&trees[index], trees.get(index + 1))
            && ident == name
            && bang.as_char() == '!'
        {
            lines.push(ident.span().start().line);
        }
    });
    lines
}

fn each(stream: TokenStream, look: &mut impl FnMut(&[TokenTree], usize)) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    for index in 0..trees.len() {
        look(&trees, index);
        if let TokenTree::Group(group) = &trees[index] {
            each(group.stream(), look);
        }
    }
}
