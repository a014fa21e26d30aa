//! The keys of board files as a JSON Schema, for editors.

use serde_json::{Map, Value, json};

use super::keys;
use super::shape::{Field, Shape};

/// The schema of a board file (JSON Schema, draft 2020-12).
pub fn schema() -> Value {
    let mut board = table(keys::BOARD);
    board["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    board["title"] = json!("A board of unblink");
    board["$defs"] = json!({ "panel": panel(), "layout": layout() });
    board
}

/// The schema of a chart file.
pub fn chart_schema() -> Value {
    let mut chart = table(super::chart::keys::CHART);
    chart["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    chart["title"] = json!("A chart of unblink");
    chart
}

/// A panel's keys depend on its chart.
fn panel() -> Value {
    let kinds = keys::CHARTS.iter().map(|(chart, own)| {
        let mut kind = table_of(keys::PANEL.iter().chain(*own));
        kind["properties"]["chart"] = json!({ "const": chart });
        kind
    });
    json!({ "oneOf": kinds.collect::<Vec<Value>>() })
}

fn layout() -> Value {
    let mut part = table(keys::LAYOUT);
    let parts = json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/layout" } });
    for list in ["row", "column"] {
        part["properties"][list] = parts.clone();
    }
    part["oneOf"] = json!([{ "required": ["row"] }, { "required": ["column"] }, { "required": ["panel"] }]);
    json!({ "anyOf": [{ "type": "string" }, part] })
}

fn table(fields: &'static [Field]) -> Value {
    table_of(fields.iter())
}

fn table_of(fields: impl Iterator<Item = &'static Field>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let mut value = of(&field.shape);
        value["description"] = json!(field.about);
        properties.insert(field.name.to_owned(), value);
        if field.required {
            required.push(field.name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn of(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Unit => json!({ "type": "string" }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Number(range) if *range.start() == f64::MIN => json!({ "type": "number" }),
        Shape::Number(range) => json!({ "type": "number", "minimum": range.start(), "maximum": range.end() }),
        Shape::Whole(range) => json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() }),
        Shape::Span => json!({ "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(ms|s|m|h)$" }),
        Shape::Moment => json!({ "type": "string", "format": "date-time" }),
        Shape::Word(words) => json!({ "enum": words }),
        Shape::Cells => {
            json!({ "type": "array", "items": { "type": "integer", "minimum": 0 }, "minItems": 2, "maxItems": 2 })
        }
        Shape::Numbers => json!({ "type": "array", "items": { "type": "number" } }),
        Shape::Pairs => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        Shape::Tables(fields) => json!({ "type": "array", "items": table(fields) }),
        Shape::Named => {
            json!({ "type": "object", "minProperties": 1, "additionalProperties": { "$ref": "#/$defs/panel" } })
        }
        Shape::Each(fields) => json!({ "type": "object", "additionalProperties": table(fields) }),
        Shape::Table(fields) => table(fields),
        Shape::Scalar => json!({ "type": ["string", "number", "boolean"] }),
        Shape::Scalars => json!({ "type": "array", "items": of(&Shape::Scalar), "minItems": 1 }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Layout => json!({ "$ref": "#/$defs/layout" }),
    }
}
