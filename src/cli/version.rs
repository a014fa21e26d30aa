//! What this build is, and which protocols it speaks.

use std::sync::LazyLock;

use crate::base::BUILD_ID;
use crate::wire::{attach, feed};

/// `0.1.0 (build ..., attach protocol 1 to 2, feed protocol 1)`.
pub static LINE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} (build {BUILD_ID}, attach protocol {} to {}, feed protocol {})",
        env!("CARGO_PKG_VERSION"),
        attach::VERSION_OLDEST,
        attach::VERSION,
        feed::VERSION
    )
});
