//! What is shown and to whom, as plain data: series and their points, view specs, keys.
//!
//! Invariant: every collection here is bounded by `base::limits`, and nothing here draws.

pub mod binding;
pub mod board;
pub mod dataset;
pub mod fault;
pub mod input;
pub mod key;
pub mod latency;
pub mod log;
pub mod origin;
pub mod param;
pub mod profile;
pub mod secret;
pub mod series;
pub mod spec;
pub mod unit;
pub mod vitals;
pub mod window;

pub use binding::{BINDINGS, Binding, Intent};
pub use board::{BoardFacts, Catalogue};
pub use dataset::{Dataset, Tracked};
pub use input::{Act, Gesture, Input};
pub use key::Key;
pub use param::{ParamFacts, ParamKind};
pub use profile::Profile;
pub use secret::Secret;
pub use series::{Kind, Sample, SeriesKey};
pub use spec::{GlyphSet, Palette, ViewSpec};
pub use unit::Unit;
pub use vitals::Vitals;
pub use window::Window;
