//! What happens to the pictures of a process.

use tracing::warn;

use super::Event;

/// As many styles were drawn with as a process shows as they are meant.
#[derive(Debug)]
pub struct StylesUsedUp {
    pub styles: usize,
}

impl Event for StylesUsedUp {
    fn emit(self) {
        warn!(
            styles = self.styles,
            "as many styles were drawn with as this process shows exactly; new ones have eight colours until it starts anew"
        );
    }
}
