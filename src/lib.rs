//! unblink draws live charts once and shows them on many terminals, for months.
//!
//! The layers, lowest first; each may import only what stands before it (`tests/layers.rs`):
//! `base`, `label` and `notation`, `model` and `frame`, `widget`, `encode`, `report` and `template`, `scene`, `machine` decide and draw without I/O,
//! clocks or randomness; `sys`, `runtime` and `wire` serve; `config`, `source`, `sink`, `observe`, `render`, `fanout` and `admin`
//! are the shells; `worker`, `root` and `client` compose them; `cli` is what a person types.

// Elsewhere the library is empty; `main.rs` says so in one sentence.
#![cfg(target_os = "linux")]

pub mod admin;
pub mod base;
pub mod cli;
pub mod client;
pub mod config;
pub mod encode;
pub mod event;
pub mod fanout;
pub mod frame;
pub mod label;
pub mod machine;
pub mod model;
pub mod notation;
pub mod observe;
pub mod render;
pub mod report;
pub mod root;
pub mod runtime;
pub mod scene;
pub mod sink;
pub mod source;
pub mod sys;
pub mod template;
pub mod widget;
pub mod wire;
pub mod worker;
