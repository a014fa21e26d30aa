//! Where frames end up: a terminal, opened afresh, and what it can show.
//!
//! Invariant: whatever ends the program, the terminal is given back as it was found. Draws nothing itself.

pub mod capability;
pub mod device;
pub mod hold;
pub mod terminal;
