//! The parameters of a chart: what its file declares, and what its template names besides.

use std::ops::Range;

use super::keys;
use crate::base::limits;
use crate::model::{ParamFacts, ParamKind};
use crate::notation::{harmless, remedy_for};
use crate::scene::file::section::Section;
use crate::template::Template;

/// A parameter, and where it is declared.
pub type Declared = (ParamFacts, Range<usize>);

/// What is declared, in the order of the file. None where something was complained of.
pub fn read(chart: &Section<'_>) -> Option<Vec<Declared>> {
    let complaints = chart.complaints();
    let mut all = Vec::new();
    let mut is_whole = true;
    for (name, span, table) in chart.named("params") {
        let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
        if !begins
            || !name.chars().all(|c| c.is_alphanumeric() || c == '_')
            || name.len() > limits::PARAM_NAME_BYTES_MAX
        {
            let remedy = format!("use at most {} bytes of letters, digits and _", limits::PARAM_NAME_BYTES_MAX);
            complaints.add(span.clone(), format!("{:?} is no name of a parameter", harmless(&name)), remedy);
            is_whole = false;
        }
        let section = Section::open(table, span.clone(), keys::PARAM, complaints);
        match one(name, &section) {
            Some(param) => all.push((param, span)),
            None => is_whole = false,
        }
    }
    is_whole.then_some(all)
}

fn one(name: String, section: &Section<'_>) -> Option<ParamFacts> {
    let complaints = section.complaints();
    let first = ["default", "one_of"].into_iter().find_map(|key| section.value(key));
    let kind = match section.word("type").and_then(ParamKind::named) {
        Some(kind) => kind,
        None if section.has("type") => return None,
        None => first.map_or(ParamKind::Text, |value| kind_of(value.get_ref())),
    };
    let mut param = ParamFacts {
        name,
        title: section.text("title").unwrap_or_default().chars().take(limits::TITLE_BYTES_MAX / 4).collect(),
        kind,
        default: None,
        one_of: Vec::new(),
        min: section.number("min"),
        max: section.number("max"),
        length_max: section.whole("max_length").and_then(|length| u16::try_from(length).ok()),
    };
    let is_number = matches!(kind, ParamKind::Int | ParamKind::Float);
    let of_another = [("min", is_number), ("max", is_number), ("max_length", kind == ParamKind::Text)];
    for (key, _) in of_another.into_iter().filter(|(key, fits)| !fits && section.has(key)) {
        let message = format!("{key}: a parameter of the type {} has none", kind.word());
        complaints.add(section.span(key), message, "take it out, or say another type");
    }
    if param.min.zip(param.max).is_some_and(|(min, max)| min > max) {
        complaints.add(section.span("max"), "max: it is less than min", "exchange them");
    }
    let choices = section.scalars("one_of").unwrap_or_default();
    if section.has("one_of") && choices.is_empty() || choices.len() > limits::PARAM_CHOICES_MAX {
        let remedy = format!("list 1 to {} values", limits::PARAM_CHOICES_MAX);
        complaints.add(section.span("one_of"), format!("one_of: there are {} values", choices.len()), remedy);
        return None;
    }
    for choice in &choices {
        if let Err(why) = param.parse(choice) {
            let message = format!("one_of: {:?} {why}", harmless(choice));
            complaints.add(section.span("one_of"), message, "list values of the parameter's type");
        }
    }
    param.one_of = choices;
    let default = section.scalar("default");
    if let Some(Err(why)) = default.as_deref().map(|default| param.value(Some(default))) {
        let remedy = "the default must be a value that a viewer may ask for";
        complaints.add(section.span("default"), format!("default: {why}"), remedy);
    }
    param.default = default;
    Some(param)
}

fn kind_of(value: &toml::de::DeValue<'_>) -> ParamKind {
    use toml::de::DeValue;
    match value {
        DeValue::Integer(_) => ParamKind::Int,
        DeValue::Float(_) => ParamKind::Float,
        DeValue::Boolean(_) => ParamKind::Bool,
        DeValue::Array(list) => list.first().map_or(ParamKind::Text, |first| kind_of(first.get_ref())),
        _ => ParamKind::Text,
    }
}

/// With those that only the template names: texts that a viewer has to say. None where something was complained of.
pub fn with_named(chart: &Section<'_>, declared: Vec<Declared>, template: &Template) -> Option<Vec<ParamFacts>> {
    let complaints = chart.complaints();
    let named: Vec<&str> = template.uses().iter().map(|one| one.name.as_str()).collect();
    for (param, span) in declared.iter().filter(|(param, _)| !named.contains(&param.name.as_str())) {
        let message = format!("params.{}: the statement does not name it", harmless(&param.name));
        complaints.add(span.clone(), message, remedy_for(&param.name, &named, "parameters in the statement"));
    }
    let mut declared: Vec<ParamFacts> = declared.into_iter().map(|(param, _)| param).collect();
    for name in named {
        if declared.iter().all(|param| param.name != name) {
            declared.push(ParamFacts { name: name.to_owned(), ..ParamFacts::default() });
        }
    }
    if declared.len() > limits::PARAMS_MAX {
        let message = format!("there are {} parameters", declared.len());
        complaints.add(chart.span("params"), message, format!("at most {} are allowed", limits::PARAMS_MAX));
        return None;
    }
    let bytes: usize = declared.iter().map(ParamFacts::bytes).sum();
    if bytes > limits::PARAMS_BYTES_MAX {
        let remedy = format!("use at most {} for titles, choices and defaults together", limits::PARAMS_BYTES_MAX);
        complaints.add(chart.span("params"), format!("the parameters' declarations take {bytes} bytes"), remedy);
        return None;
    }
    Some(declared)
}
