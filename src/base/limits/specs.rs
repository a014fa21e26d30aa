//! Caps of what asks for a picture: boards, and the specs of views.

/// Length of a tenant's or board's name.
pub const NAME_BYTES_MAX: usize = 64;
/// Boards of one tenant.
pub const BOARDS_MAX: usize = 1024;
/// Length of a board's title.
pub const TITLE_BYTES_MAX: usize = 256;
/// One text of a board file.
pub const BOARD_TEXT_BYTES_MAX: usize = 4096;
/// Entries of one list of a board file: lines, rows, columns.
pub const BOARD_LIST_MAX: usize = 256;
/// Panels of one board.
pub const PANELS_MAX: usize = 256;
/// Tabs of one board: more than a row of a usual screen can name.
pub const TABS_MAX: usize = 32;
/// Layouts within layouts. Reading and laying out take a few stack frames for each: some kilobytes of `DRAWING_STACK_BYTES`.
pub const LAYOUT_DEPTH_MAX: usize = 16;
/// Pictures of a board a second; no screen shows more.
pub const REFRESH_HZ_MAX: f64 = 120.0;
/// Series one chart shows.
pub const SELECTED_MAX: usize = 1024;
/// Moments one chart marks, the newest: more would hide its data.
pub const ANNOTATIONS_MAX: usize = 64;
/// Parameters of one view.
pub const PARAMS_MAX: usize = 16;
/// Length of a parameter's name as a board declares it.
pub const PARAM_NAME_BYTES_MAX: usize = 64;
/// Length of one parameter's name or value.
pub const PARAM_BYTES_MAX: usize = 256;
/// Length of a time zone's name.
pub const ZONE_BYTES_MAX: usize = 64;
