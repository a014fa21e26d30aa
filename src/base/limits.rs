//! Every cap of the program in one place, each with its reason, tied together by asserts.
//!
//! Units stand last in the name. A limit that two processes must agree on is a promise of the
//! protocol: change it together with the protocol's version.

mod backup;
mod confinement;
mod inside;
mod logging;
mod port;
mod service;
mod specs;

use std::time::Duration;

pub use backup::*;
pub use confinement::*;
pub use inside::*;
pub use logging::*;
pub use port::*;
pub use service::*;
pub use specs::*;

// --- terminals ---

/// Widest terminal drawn; wider ones are drawn on their left part.
pub const COLS_MAX: u16 = 1000;
/// Tallest terminal drawn.
pub const ROWS_MAX: u16 = 500;
/// Styles that one process shows as they are meant, from its start on; further ones are shown in eight colours. Heatmaps of all
/// themes have half as many, and everything else some hundreds.
pub const EXACT_STYLES_MAX: usize = 60_000;
/// Devices one daemon draws on by itself; each has a thread. A machine has 63 virtual terminals.
pub const TERMINALS_MAX: usize = 64;
/// Length of a device's path.
pub const DEVICE_BYTES_MAX: usize = 255;

// --- text ---

/// Longest text of one label; twice the widest terminal in four-byte characters.
pub const LABEL_BYTES_MAX: usize = 8 * 1024;
/// Raw text looked at for one label: escape sequences and marks may take most of it away. The rest is cut.
pub const LABEL_RAW_BYTES_MAX: usize = 64 * 1024;
/// Rounds a hostile text may take to settle into clusters before all but its ASCII is dropped.
pub const LABEL_PASSES_MAX: usize = 8;
/// Code points in one cluster: a base and three marks. More is an attack on the layout.
pub const CLUSTER_CODE_POINTS_MAX: usize = 4;
/// Code points reported of what a label lost; the count goes on, the list stops.
pub const REMOVED_LISTED_MAX: usize = 32;

/// Lines kept of one entry of a log: a stack trace. A longer one says how many it lost.
pub const LOG_ENTRY_LINES_MAX: usize = 64;
/// Entries kept of one log.
pub const LOG_ENTRIES_MAX: usize = 1024;
/// Memory for the entries of one log: two of the longest, thousands of usual ones.
pub const LOG_BYTES_MAX: usize = 1024 * 1024;
/// Logs of one tenant.
pub const LOGS_MAX: usize = 64;

// --- faults ---

/// Steps that a tenant's workers died in, remembered: more panels than a board has.
pub const FAULT_STEPS_MAX: usize = 256;

// --- protocols ---

/// One message on the feed: the largest keyframe (every cell its own colours and cluster) fits.
pub const FEED_MESSAGE_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Encoded bytes of one cell at its worst: attributes and two RGB colours (48), a cluster of four four-byte characters
/// (16), an absolute position such as `ESC [500;1000H` (11). A wide cell is two.
pub const CELL_BYTES_MAX: usize = 48 + 16 + 11;
/// What a frame has besides its cells: its brackets and resets.
pub const FRAME_OVERHEAD_BYTES_MAX: usize = 256;
/// One frame's encoded bytes.
pub const FRAME_BYTES_MAX: usize = FEED_MESSAGE_BYTES_MAX - 1024;
/// One message on the feed that is no frame: the largest catalogue or status fits.
pub const FEED_CONTROL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// One message from an attached client: a hello and the spec it resumes, both with all their parameters, fit even
/// where JSON escapes every byte.
pub const ATTACH_MESSAGE_BYTES_MAX: usize = 128 * 1024;
/// Length of a build id.
pub const BUILD_BYTES_MAX: usize = 128;
/// Length of a farewell's text: it may list boards.
pub const FAREWELL_BYTES_MAX: usize = 16 * 1024;
/// Time a client has to say who it is.
pub const HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// Of a worker's status messages, in each second; it sends one.
pub const STATUS_HZ_MAX: u32 = 4;
/// Status messages that may come at once: more than the feed holds of them while root itself stands still.
pub const STATUS_BURST_MAX: u32 = 512;

/// How many times the size of their keyframe deltas may have together before a worker draws the view whole again. Drawing
/// it whole costs two and a half deltas, and whoever comes, however slow their line, is sent all of them: twice makes the
/// one half as frequent as once does, and the other as much again.
pub const DELTAS_PER_KEYFRAME: usize = 2;
/// The same in number: whoever comes is written each of them.
pub const DELTAS_MAX: usize = 32;
/// What deltas may hold beyond that, and the size of their keyframe once more, before root takes no more.
pub const DELTA_SLACK_BYTES_MAX: usize = 64 * 1024;

// --- people ---

/// Asked of the kernel for what waits in an attached viewer's socket (it doubles it): a keyframe of a usual terminal,
/// so that one that stalls gets the newest frame soon after it reads again instead of seconds of old ones.
pub const ATTACH_SEND_BUFFER_BYTES: usize = 16 * 1024;
/// Events from viewers that wait for root's loop; their connections wait then.
pub const EVENTS_WAITING_MAX: usize = 256;
/// Messages of a worker that wait for root's loop.
pub const HEARD_WAITING_MAX: usize = 16;
/// What they hold together: the longest of them fits.
pub const HEARD_BYTES_MAX: usize = FEED_MESSAGE_BYTES_MAX;
/// Time viewers and workers have to go once the daemon is told to stop.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(3);
/// Time the daemon's own devices have to be given back after that; a line that sends nothing takes a second.
pub const RELEASE_DEADLINE: Duration = Duration::from_secs(2);
/// The same where somebody insists on the end: one that takes bytes is given back within a few milliseconds.
pub const FORCED_RELEASE_DEADLINE: Duration = Duration::from_millis(200);

/// Requests to the admin socket at one time; more wait to be accepted.
pub const ADMIN_CONNECTIONS_MAX: usize = 32;
/// One answer of the admin API: the status of every session there may be.
pub const ADMIN_ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Time an admin request may take from accept to its last byte.
pub const ADMIN_DEADLINE: Duration = Duration::from_secs(10);
/// The same for a request that changes something: it is read, a worker is asked, and another change may go before it.
pub const ADMIN_CHANGE_DEADLINE: Duration = Duration::from_secs(45);

/// Sessions of one root.
pub const SESSIONS_MAX: usize = 4096;
/// Views of one tenant.
pub const VIEWS_MAX: usize = 2 * SESSIONS_MAX;
/// Sizes of which a worker keeps a grid to draw on: a view of another is drawn on a new one each time.
pub const PAPERS_MAX: usize = 8;
/// Cells of panels that views of a worker share: a hundred screens of 120x40, three megabytes.
pub const SHARED_CELLS_MAX: usize = 1 << 19;
/// Cells of a screen for each cell of a table that a view keeps, to plan and draw only those again that changed: so what is
/// kept of all tables is bounded by `CELLS_MAX`, too. A kept one takes some 80 bytes, and its name as much again as it is long.
pub const ROOM_OF_KEPT_CELL: usize = 8;
/// Tenants of one daemon, the default one among them: each has a process of its own with some threads, a history of up to
/// 256 MiB, and data of up to as much again.
pub const TENANTS_MAX: usize = 16;
/// Descriptors of one tenant's worker: its feed, twice while a write waits, its process, its history, and the same for one that is
/// started beside it.
pub const TENANT_DESCRIPTORS: usize = 8;
/// Entries of a list of those who may see a tenant: more people are a group.
pub const PRINCIPALS_MAX: usize = 64;
/// Most that may be allowed a second where something is limited: no worker draws so much.
pub const QUOTA_HZ_MAX: u32 = 10_000;
/// Keyframes that one viewer may ask for a second, in the long run; a person who presses a key asks less often.
pub const REPAINT_HZ_MAX: u32 = 4;
/// The same of all viewers at once, which the daemon is asked for by a signal.
pub const REPAINT_ALL_HZ_MAX: u32 = 20;
/// Cells of all views together: sixty-four of the largest terminals, or ten thousand usual ones. A view costs root and
/// worker some bytes for each, and some more where it keeps tables.
pub const CELLS_MAX: usize = 64 * COLS_MAX as usize * ROWS_MAX as usize;
/// Descriptors that are kept from viewers: sockets, the runtime's own, admin connections, arrivals, and a new worker.
pub const DESCRIPTORS_RESERVED: usize = 136;
/// The same for each device the daemon draws on: its runtime's, its own end of the connection, the device thrice.
pub const DEVICE_DESCRIPTORS: usize = 8;
/// Accepted connections that wait for root's loop; more wait in the kernel.
pub const ARRIVALS_WAITING_MAX: usize = 16;
/// Versions of a view that may be on their way to its viewers: a worker that has one left need not be woken for the other.
pub const FEED_CREDITS: usize = 2;
/// Messages that wait for a worker: all views' subscriptions, credits and holds, all sessions' inputs.
pub const FEED_WAITING_MAX: usize = (1 + 2 * FEED_CREDITS) * VIEWS_MAX + SESSIONS_MAX;
/// What they hold together: the longest of them, and thousands of the usual ones.
pub const FEED_WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Keys and gestures of one session that wait for the worker; more are dropped and counted.
pub const INPUTS_WAITING_MAX: usize = 64;

// --- processes ---

/// Rows in the table of running tasks, threads and processes: a few for each session, and room.
pub const RUNNING_MAX: usize = 4 * SESSIONS_MAX;
/// Children of one supervisor: every viewer is one.
pub const CHILDREN_MAX: usize = RUNNING_MAX / 2;
/// Most restarts that a supervisor may be allowed within its period: it notes the time of each.
pub const RESTARTS_NOTED_MAX: usize = 256;
/// Supervisors and parts within each other; ours are five deep, with those of a worker under root's.
pub const TREE_DEPTH_MAX: usize = 16;
/// Rows of that table that a worker tells of: its first ones, which are its own parts.
pub const TREE_ROWS_MAX: usize = 1024;
/// Kinds of rejected samples, and items of memory, that a worker tells of.
pub const STATUS_ROWS_MAX: usize = 32;
/// Length of one text of a row in that table.
pub const ROW_BYTES_MAX: usize = 256;

// --- metrics ---

/// Values of one label within one tenant; what is beyond is told as one more.
pub const LABEL_VALUES_MAX: usize = 64;
/// A series that nothing is added to is forgotten after this: some scrapes, and no longer than a person wonders.
pub const METRIC_IDLE: Duration = Duration::from_secs(600);
/// Who scrapes again within this gets the same page, so that nobody keeps root busy with it.
pub const SCRAPE_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// Scrapes over TCP at one time; more wait to be accepted. Servers that scrape are few.
pub const SCRAPE_CONNECTIONS_MAX: usize = 8;
/// Sources that a worker tells of: those that were silent longest.
pub const SOURCE_ROWS_MAX: usize = LABEL_VALUES_MAX;

// --- data ---

/// Series of one tenant.
pub const SERIES_MAX: usize = 4096;
/// Where there are so many, one that was silent for so long makes room for a new one: nobody tells of it any more.
pub const SERIES_SILENT_AFTER: Duration = Duration::from_secs(600);
/// Processor cores shown one by one; a quarter of a tenant's series.
pub const CORES_MAX: usize = 1024;
/// Disks of the machine itself that are told of.
pub const HOST_DISKS_MAX: usize = 32;
/// Its file systems.
pub const HOST_FILE_SYSTEMS_MAX: usize = 32;
/// Its network interfaces, those that lead outside first.
pub const HOST_INTERFACES_MAX: usize = 32;
/// Its sensors of temperature.
pub const HOST_SENSORS_MAX: usize = 32;
/// Series kept of one name of these, of which every container that starts may bring new ones: those that are told of,
/// one for all of them, and as many that went.
pub const HOST_CHANGING_SERIES_MAX: usize = 2 * (HOST_DISKS_MAX + 1);
/// Processes that are looked at; Linux allows 32,768 where nobody asks for more, and few machines have a tenth.
pub const HOST_PROCESSES_MAX: usize = 32 * 1024;
/// Names of processes told of at a time, the busiest.
pub const HOST_PROCESS_NAMES_MAX: usize = 10;
/// Names whose past is kept: programs take turns at the top.
pub const HOST_PROCESS_SERIES_MAX: usize = 128;
/// Memory in which workers leave their data to each other, in two halves of which one at a time is written: what the store
/// holds at most of single points and names, forty megabytes of the past, and room for what comes meanwhile. Only what is
/// written is taken.
pub const HISTORY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// One record of it: the fullest window.
pub const HISTORY_RECORD_BYTES_MAX: usize = 512 * 1024;
/// Samples of one record; more are several.
pub const HISTORY_SAMPLES_MAX: usize = 8192;
/// Samples held back while a history is read, so that each series is looked up once for many: a megabyte and a half.
pub const HISTORY_HELD_MAX: usize = 64 * 1024;
/// Of the past, copied at the beginning of a half: the rest begins anew.
pub const HISTORY_PAST_BYTES_MAX: usize = 40 * 1024 * 1024;
/// Of each log, copied at the same time: its newest entries.
pub const HISTORY_LOG_BYTES_MAX: usize = 64 * 1024;
/// Copied beside each update, some milliseconds of work at most.
pub const HISTORY_COPY_BYTES: usize = 256 * 1024;
/// Points kept one by one of one series: a little over an hour at 1 Hz.
pub const POINTS_MAX: usize = 4096;
/// Buckets in each of the three tiers of its past: of the widest, half an hour, a month and a day.
pub const BUCKETS_MAX: usize = 1488;
/// Memory for points and buckets of one tenant: 512 series may have all of theirs, more share it evenly.
pub const STORE_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Labels of one series.
pub const SERIES_LABELS_MAX: usize = 16;
/// Length of a series' name, of one label's name and of its value.
pub const SERIES_TEXT_BYTES_MAX: usize = 128;
/// What the texts of one series take.
pub const SERIES_KEY_BYTES_MAX: usize = (1 + 2 * SERIES_LABELS_MAX) * (SERIES_TEXT_BYTES_MAX + 32);
/// Length of the suffix of a unit of somebody's own: it stands beside every value.
pub const UNIT_SUFFIX_BYTES_MAX: usize = 12;

// --- sources of people's own ---

/// Sources one tenant may add: each has a thread, and a log of its own among `LOGS_MAX`.
pub const SOURCES_MAX: usize = 32;
/// Arguments of a command, and variables of its environment.
pub const SOURCE_LIST_MAX: usize = 64;
/// Length of one text of a source: a path, an argument, an expression.
pub const SOURCE_TEXT_BYTES_MAX: usize = 4096;
/// Series of one source: more than a board shows, and a sixteenth of a tenant's.
pub const SOURCE_SERIES_MAX: usize = 256;
/// Samples of one turn of a source; the rest is counted. Taking so many holds up the worker for some milliseconds.
pub const SOURCE_SAMPLES_MAX: usize = 4096;
/// What a command may print in one run before it is killed.
pub const COMMAND_OUTPUT_BYTES_MAX: usize = 256 * 1024;
/// What is kept of what it complains of: its first line is shown.
pub const COMMAND_ERRORS_BYTES_MAX: usize = 4096;
/// What is read of a file in one turn; what is beyond is skipped and said.
pub const FILE_TURN_BYTES_MAX: usize = 1024 * 1024;
/// Longest line of a file or of a command's output that is understood.
pub const SOURCE_LINE_BYTES_MAX: usize = 8 * 1024;
/// Columns of a source's own words within a sentence on a panel.
pub const SOURCE_WORDS_COLUMNS_MAX: u16 = 100;
/// How old a sample may be that tells its own time: longer than any window.
pub const SAMPLE_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Memory a compiled expression may take.
pub const REGEX_BYTES_MAX: usize = 256 * 1024;
/// Queries one source asks of a server in one turn.
pub const QUERIES_MAX: usize = 32;
/// Headers of a person's own in one request.
pub const HEADERS_MAX: usize = 16;
/// Length of one secret: a token signed for many audiences fits.
pub const SECRET_BYTES_MAX: usize = 16 * 1024;
/// Secrets that one set of files may name.
pub const SECRETS_MAX: usize = 256;
/// One answer of a server: some ten thousand series of one value each, or the past of all that are taken.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What is read of an answer that is an error: its first words are shown.
pub const ANSWER_ERROR_BYTES_MAX: usize = 16 * 1024;
/// What a server may say before its answer begins.
pub const ANSWER_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Points asked for of each series' past: more than a screen has columns, twice for braille.
pub const PAST_POINTS_MAX: usize = 1024;
/// Samples of all series' past of one turn: handed over in parts of `SOURCE_SAMPLES_MAX`, some 12 MB for a moment.
pub const PAST_SAMPLES_MAX: usize = 32 * 1024;
/// Addresses of one name that are tried.
pub const ADDRESSES_MAX: usize = 8;
/// Warnings of one answer that are kept; the first is shown.
pub const ANSWER_WARNINGS_MAX: usize = 4;
/// Rows of one answer of a database that are read; the rest is not asked for.
pub const SQL_ROWS_MAX: usize = 16 * 1024;
/// Columns of such an answer.
pub const SQL_COLUMNS_MAX: usize = 64;
/// Longest value or row that SQLite makes, whatever a query asks for.
pub const SQL_VALUE_BYTES_MAX: usize = 1024 * 1024;
/// Longest pattern of LIKE and GLOB in SQLite: each wildcard in it multiplies the work.
pub const SQL_PATTERN_BYTES_MAX: usize = 1024;
/// Series of one database of which the newest time is remembered: what it told today with room for some that came and
/// went.
pub const SQL_NEWEST_MAX: usize = 16 * SOURCE_SERIES_MAX;
/// Charts of one tenant that ask at one time, each with its own parameters: a thread each, beside those of the sources.
pub const CHARTS_RUNNING_MAX: usize = 32;
/// Series of one chart with its parameters: more lines than anybody tells apart, and half of a tenant's for all charts.
pub const CHART_SERIES_MAX: usize = 64;
/// How long a chart that nobody watches goes on: who changes a size or looks at another board for a moment comes back.
pub const CHART_LINGER: Duration = Duration::from_secs(15);
/// Values that one parameter may be limited to.
pub const PARAM_CHOICES_MAX: usize = 64;
/// What the declarations of one board's parameters take together, so that a list of all boards stays one message.
pub const PARAMS_BYTES_MAX: usize = 2048;
/// What a declaration takes besides its texts.
pub const PARAM_OVERHEAD_BYTES: usize = 48;
/// The text of one template: a statement of some hundred lines.
pub const TEMPLATE_BYTES_MAX: usize = 16 * 1024;
/// Actions of one template.
pub const TEMPLATE_ACTIONS_MAX: usize = 256;
/// Conditions within conditions of one template, an `else if` being one more, and parentheses within parentheses of one
/// condition.
pub const TEMPLATE_DEPTH_MAX: usize = 64;
/// Words of one condition.
pub const TEMPLATE_WORDS_MAX: usize = 64;
/// Texts that one template may become; each of them is looked at when the template is read.
pub const TEMPLATE_TEXTS_MAX: usize = 256;
/// Objects within objects of a line of JSON.
pub const JSON_DEPTH_MAX: usize = 4;

// --- pushing ---

/// Lines handed over at once by a program that pushes: a few hundred samples, which a worker takes within a
/// millisecond or two, so that pings and frames go between them.
pub const PUSH_CHUNK_BYTES_MAX: usize = 64 * 1024;
/// Lines of such a chunk; more are refused. A usual line has a hundred bytes, the shortest one that means anything 24.
pub const PUSH_LINES_MAX: usize = 4096;
/// Chunks of one pusher that may wait for their answers: enough to keep a worker busy while answers travel.
pub const PUSH_CHUNKS_MAX: usize = 4;
/// Programs that push at one time; with the two above, what root holds of all of them is 16 MiB.
pub const PUSHERS_MAX: usize = 64;
/// Chunks of all pushers that a worker has been sent and has not answered: one to work on and some to go on with.
pub const PUSHES_UNDER_WAY_MAX: usize = 4;
/// Rejected lines of a chunk of which the reason is told; the others are counted.
pub const PUSH_FAULTS_MAX: usize = 16;
/// Length of such a reason.
pub const PUSH_WHY_BYTES_MAX: usize = 256;
/// Reasons by which rejected lines are counted: more than there are.
pub const PUSH_REASONS_MAX: usize = 32;
/// Series that pushers make of one tenant: a quarter of all.
pub const PUSH_SERIES_MAX: usize = SERIES_MAX / 4;
/// Time a pusher has to take an answer, beyond which it only holds a place.
pub const PUSH_ANSWER_DEADLINE: Duration = Duration::from_secs(30);

// --- configuration ---

/// One configuration file.
pub const CONFIG_FILE_BYTES_MAX: usize = 1024 * 1024;
/// Configuration files of all tenants together.
pub const CONFIG_FILES_MAX: usize = 1024;
/// All of them together: a hundred times the largest configuration anybody wrote by hand, and one message on the feed.
pub const CONFIG_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a kept generation has besides the bytes of its files: their names, and its head.
pub const GENERATION_OVERHEAD_BYTES_MAX: usize = CONFIG_FILES_MAX * (COMPLAINT_BYTES_MAX + 16) + 4096;
/// Generations kept; a week of some changes a day can be gone back to.
pub const GENERATIONS_MAX: usize = 16;
/// All of them together; the oldest go first.
pub const GENERATIONS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Folders watched for changes: every one on the way to the configuration and to what links in it lead to.
pub const WATCHES_MAX: usize = 128;
/// Links followed on that way; the kernel follows forty.
pub const LINKS_MAX: usize = 40;
/// A complaint as one line on a screen.
pub const COMPLAINT_LINE_BYTES_MAX: usize = 256;
/// What the threads that read and watch configuration have to tell root's loop; they wait then.
pub const ERRANDS_TOLD_MAX: usize = 8;
/// Commands that wait for the outcome of a reload or a rollback.
pub const CHANGES_AWAITED_MAX: usize = ADMIN_CONNECTIONS_MAX + PORT_CALLERS_MAX;
/// Length of each text of a complaint: a path is never longer.
pub const COMPLAINT_BYTES_MAX: usize = 4096;
/// Complaints reported about one set of files.
pub const DIAGNOSTICS_MAX: usize = 100;

/// The longest frame of so many cells.
pub const fn frame_bytes_max(cells: usize) -> usize {
    FRAME_OVERHEAD_BYTES_MAX + cells * CELL_BYTES_MAX
}

/// Whether so many deltas have outgrown their keyframe: a new one takes their place.
pub const fn is_outgrown(keyframe_bytes: usize, deltas: usize, delta_bytes: usize) -> bool {
    deltas >= DELTAS_MAX || delta_bytes > DELTAS_PER_KEYFRAME * keyframe_bytes
}

/// What all deltas together may hold that follow a keyframe of this length.
pub const fn deltas_bytes_max(keyframe_bytes: usize) -> usize {
    (DELTAS_PER_KEYFRAME + 1) * keyframe_bytes + DELTA_SLACK_BYTES_MAX
}

// A session that moves from view to view holds two for a moment.
const _: () = assert!(VIEWS_MAX > SESSIONS_MAX);
// Forty are the sockets, the runtime's own and what it takes to start a worker beside one that ends.
const _: () = assert!(
    ADMIN_CONNECTIONS_MAX + PORT_STRANGERS_MAX + PORT_CALLERS_MAX + SCRAPE_CONNECTIONS_MAX + ARRIVALS_WAITING_MAX + 40
        <= DESCRIPTORS_RESERVED
);
const _: () = assert!(FEED_MESSAGE_BYTES_MAX < FEED_WAITING_BYTES_MAX);
const _: () =
    assert!(LOG_AROUND_BYTES + LOG_VALUE_BYTES_MAX < LOG_RECORD_BYTES_MAX && LOG_VALUE_BYTES_MAX < u16::MAX as usize);
const _: () = assert!(LOG_VALUE_BYTES_MAX < LABEL_BYTES_MAX && LOG_RECORD_BYTES_MAX < LOG_WAITING_BYTES_MAX);
// The copy leaves room for as much again in its half: points at their fewest, names, the past, and logs.
const _: () = assert!(
    (STORE_BYTES_MAX / 6
        + SERIES_MAX * SERIES_KEY_BYTES_MAX
        + HISTORY_PAST_BYTES_MAX
        + LOGS_MAX * HISTORY_LOG_BYTES_MAX) as u64
        <= HISTORY_BYTES_MAX / 2
);
// The longest entry of a log is kept.
const _: () = assert!(LOG_ENTRY_LINES_MAX * (LABEL_BYTES_MAX + 64) + LABEL_BYTES_MAX + 256 < LOG_BYTES_MAX);
const _: () = assert!(CONFIG_BYTES_MAX + GENERATION_OVERHEAD_BYTES_MAX < FEED_MESSAGE_BYTES_MAX);
const _: () = assert!((CONFIG_BYTES_MAX + GENERATION_OVERHEAD_BYTES_MAX) as u64 <= GENERATIONS_BYTES_MAX);
const _: () = assert!(SOURCES_MAX < LOGS_MAX && SOURCE_LINE_BYTES_MAX <= LABEL_BYTES_MAX);
const _: () = assert!(FRAME_BYTES_MAX < FEED_MESSAGE_BYTES_MAX);
// A chunk with its number, and a line of any length that is understood.
const _: () =
    assert!(PUSH_CHUNK_BYTES_MAX + 64 < ATTACH_MESSAGE_BYTES_MAX && SOURCE_LINE_BYTES_MAX < PUSH_CHUNK_BYTES_MAX);
const _: () = assert!(PUSHES_UNDER_WAY_MAX * (PUSH_CHUNK_BYTES_MAX + 64) < FEED_WAITING_BYTES_MAX);
const _: () = assert!(PUSH_FAULTS_MAX * (PUSH_WHY_BYTES_MAX + 16) < FEED_CONTROL_BYTES_MAX);
// Two maps of parameters, six bytes for each of theirs at worst.
const _: () = assert!(2 * PARAMS_MAX * 2 * PARAM_BYTES_MAX * 6 + 8 * 1024 < ATTACH_MESSAGE_BYTES_MAX);
// Share and frequency of every core, nineteen names of what comes and goes, three of processes, and room for others.
const _: () =
    assert!(2 * (CORES_MAX + 1) + 19 * HOST_CHANGING_SERIES_MAX + 3 * HOST_PROCESS_SERIES_MAX + 256 < SERIES_MAX);
// While so many are told of at a time, none of these is among the stalest.
const _: () = assert!(
    HOST_FILE_SYSTEMS_MAX <= HOST_DISKS_MAX
        && HOST_INTERFACES_MAX <= HOST_DISKS_MAX
        && HOST_SENSORS_MAX <= HOST_DISKS_MAX
        && 2 * HOST_PROCESS_NAMES_MAX <= HOST_PROCESS_SERIES_MAX
);
const _: () = assert!(
    // An identity has 36 characters.
    BOARDS_MAX * (NAME_BYTES_MAX + TITLE_BYTES_MAX + 64 + PARAMS_BYTES_MAX) < FEED_CONTROL_BYTES_MAX
);
const _: () = assert!(PARAMS_MAX * (PARAM_NAME_BYTES_MAX + PARAM_OVERHEAD_BYTES) < PARAMS_BYTES_MAX);
const _: () = assert!(CHARTS_RUNNING_MAX * CHART_SERIES_MAX <= SERIES_MAX / 2);
const _: () = assert!(PARAM_BYTES_MAX < SOURCE_TEXT_BYTES_MAX && TEMPLATE_BYTES_MAX < CONFIG_FILE_BYTES_MAX);
const _: () = assert!(DIAGNOSTICS_MAX * 4 * (COMPLAINT_BYTES_MAX + 8) < FEED_CONTROL_BYTES_MAX);
const _: () = assert!(ANCESTRY_READS_MAX as usize >= 2 * ANCESTRY_STEPS_MAX);
const _: () = assert!(STATUS_ROWS_MAX < TREE_ROWS_MAX / 8);
// A viewer that comes finds a place among the children of a supervisor, and they have rows.
const _: () = assert!(CHILDREN_MAX > SESSIONS_MAX && CHILDREN_MAX < RUNNING_MAX);
const _: () = assert!(TREE_ROWS_MAX * 4 * (ROW_BYTES_MAX + 8) < FEED_CONTROL_BYTES_MAX);
const _: () = assert!(FEED_CONTROL_BYTES_MAX < FEED_MESSAGE_BYTES_MAX);
const _: () = assert!(LABEL_BYTES_MAX >= 2 * 4 * COLS_MAX as usize);
const _: () = assert!(LABEL_RAW_BYTES_MAX > LABEL_BYTES_MAX);
const _: () = assert!(frame_bytes_max(COLS_MAX as usize * ROWS_MAX as usize) < FRAME_BYTES_MAX);

/// The stack of the thread that draws and understands configurations. Its deepest recursions are bounded: layouts by
/// `LAYOUT_DEPTH_MAX`, TOML and JSON by their parsers (80 and 128 levels). A build without optimisation takes under
/// 400 KiB for all of them; only what is touched counts as memory.
pub const DRAWING_STACK_BYTES: usize = 8 << 20;
/// The stack of every other thread: they parse answers of bounded depth, of which the deepest are JSON's 128 levels.
/// What Rust takes by itself, unless somebody's environment says otherwise.
pub const THREAD_STACK_BYTES: usize = 2 << 20;
/// Calls noted of a panic: what lies further out is the same for all of them.
pub const PANIC_FRAMES_MAX: usize = 32;
/// What a panic says is cut here; it may carry anything.
pub const PANIC_TEXT_BYTES_MAX: usize = 512;
/// What a board says in place of a picture that cannot be drawn: a few lines.
pub const FALLBACK_BYTES_MAX: usize = 240;
