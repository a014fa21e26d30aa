//! Every metric there is: its name, its kind, its labels and what it means.
//!
//! Invariant: nothing is exposed that does not stand here; docs/metrics.md shows the same table, held equal by a test.

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

macro_rules! metrics {
    ($($id:ident: $kind:ident $name:literal [$($label:literal)*] $help:literal;)*) => {
        $(
            pub const $id: Metric =
                Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };
        )*
        /// In the order of the documentation.
        pub const ALL: &[Metric] = &[$($id),*];
    };
}

metrics! {
    BUILD_INFO: Gauge "unblink_build_info" ["build" "version"] "Always 1; which program this is.";
    UPTIME: Gauge "unblink_uptime_seconds" [] "Since the daemon started.";
    RESIDENT: Gauge "unblink_resident_memory_bytes" ["process" "tenant"] "Memory in RAM, of root or of a tenant's worker, shared pages included.";
    ALLOCATOR: Gauge "unblink_allocator_bytes" ["process" "tenant" "kind"] "What the allocator of root or of a tenant's worker holds: allocated to the program, active pages, resident in RAM, mapped, and retained as addresses alone.";
    OPEN_FDS: Gauge "unblink_open_fds" [] "Descriptors that root holds.";
    PANICS: Counter "unblink_panics_total" [] "Panics of root, each at the cost of the work, the task or the thread it was in, or of root itself.";
    TASKS: Gauge "unblink_tasks" [] "Tasks, threads and child processes of root.";
    LOG_DROPPED: Counter "unblink_log_dropped_total" ["process" "tenant" "to"] "Log messages that did not get to a destination (stderr, files, journal): nobody took them in time, or they could not be written.";
    LOG_ERRORS: Counter "unblink_log_errors_total" ["process" "tenant" "to"] "Log messages that could not be written; they are among those that did not get there.";
    SESSIONS: Gauge "unblink_sessions" ["kind"] "Viewers that are attached, by what they came through (attach, local, tty).";
    SESSIONS_STALLED: Gauge "unblink_sessions_stalled" [] "Viewers that have taken nothing for a second or more.";
    SESSIONS_OPENED: Counter "unblink_sessions_opened_total" [] "Viewers that were admitted.";
    SESSIONS_CLOSED: Counter "unblink_sessions_closed_total" [] "Viewers that left.";
    SESSIONS_REFUSED: Counter "unblink_sessions_refused_total" [] "Viewers that were not admitted.";
    SESSIONS_RESUMED: Counter "unblink_sessions_resumed_total" [] "Viewers that came back after their connection was lost, with what they had looked at.";
    STALLS: Counter "unblink_session_stalls_total" [] "Times that a viewer was found to read nothing.";
    PUSHERS: Gauge "unblink_pushers" [] "Programs that are connected to push samples.";
    VIEWS: Gauge "unblink_views" ["tenant" "board"] "Different pictures that are drawn of a board.";
    VIEWERS: Gauge "unblink_viewers" ["tenant" "board"] "Viewers of a board.";
    FRAMES_DRAWN: Counter "unblink_frames_drawn_total" ["tenant"] "Pictures that were drawn and differed from the one before.";
    FRAMES_SKIPPED: Counter "unblink_frames_skipped_total" ["tenant"] "Pictures that were drawn, looked the same as the one before and were not sent.";
    FRAMES_LATE: Counter "unblink_frames_late_total" ["tenant"] "Refreshes left out because drawing came too late for them.";
    FRAMES_LIMITED: Counter "unblink_frames_limited_total" ["tenant"] "Refreshes left out because of a tenant's or a board's cap.";
    FRAMES_SENT: Counter "unblink_frames_sent_total" [] "Pictures that viewers took.";
    FRAMES_DROPPED: Counter "unblink_frames_dropped_total" [] "Versions that slow viewers never saw because newer ones came first.";
    FRAMES_REFUSED: Counter "unblink_frames_refused_total" [] "Pictures of workers that broke the rules and were not shown.";
    SENT_BYTES: Counter "unblink_sent_bytes_total" [] "Bytes that viewers took, of pictures and of all else.";
    INPUTS_DROPPED: Counter "unblink_inputs_dropped_total" [] "Keys and gestures dropped because too many waited for the worker.";
    REPAINTS_PUT_OFF: Counter "unblink_repaints_put_off_total" [] "Repaints that a viewer, or somebody for all by USR2, asked for too often and that were put off.";
    DATA_TO_FRAME: Histogram "unblink_data_to_frame_seconds" ["tenant"] "From new data in the worker to the encoded picture that shows it; a board's refresh rate and slow viewers are part of it.";
    FRAME_TO_WIRE: Histogram "unblink_frame_to_wire_seconds" [] "From when root takes a picture up until its viewers have taken it, once for each.";
    WORKER_UP: Gauge "unblink_worker_up" ["tenant"] "1 while the tenant's worker draws and answers.";
    WORKER_RESTARTS: Counter "unblink_worker_restarts_total" ["tenant"] "Times that a worker was started again after its end.";
    WORKER_DEATHS: Counter "unblink_worker_deaths_total" ["tenant" "cause"] "Ends of workers: died by itself, hung, late to get ready, out of memory, or violation of the feed's rules.";
    WORKER_LATE: Counter "unblink_worker_late_total" ["tenant"] "Times that a worker owed an answer for 200 ms or longer.";
    WORKER_THROTTLED: Counter "unblink_worker_throttled_periods_total" ["tenant"] "Times, of 100 ms each, that the tenant's control group was held back because it had used up its share of the processor.";
    WORKER_RECYCLED: Counter "unblink_worker_recycled_total" ["tenant"] "Times that a fresh worker took the place of one that worked.";
    BANNERS: Counter "unblink_banners_shown_total" [] "Times that a tenant's viewers were told that nothing is drawn.";
    PANELS_FALLEN: Gauge "unblink_panels_fallback" ["tenant"] "Panels that show a fallback because drawing them panicked or workers died of it.";
    FAULTS: Counter "unblink_faults_total" ["tenant" "ring" "class"] "Faults that a worker held, by the ring that did and their class.";
    SERIES: Gauge "unblink_series" ["tenant"] "Series in memory.";
    MEMORY: Gauge "unblink_data_memory_bytes" ["tenant" "kind"] "What the tenant's data takes, by item.";
    MEMORY_LIMIT: Gauge "unblink_data_memory_limit_bytes" ["tenant" "kind"] "As much as that may ever be.";
    SAMPLES: Counter "unblink_samples_total" ["tenant"] "Samples that were taken.";
    SAMPLES_REJECTED: Counter "unblink_samples_rejected_total" ["tenant" "cause"] "Samples that were not taken.";
    LINES_REJECTED: Counter "unblink_push_lines_rejected_total" ["tenant" "cause"] "Pushed lines of text that were not taken.";
    CHUNKS_PUT_OFF: Counter "unblink_push_chunks_put_off_total" ["tenant"] "Pushed chunks put off because of a tenant's cap.";
    CHUNKS_LOST: Counter "unblink_push_chunks_lost_total" [] "Pushed chunks whose worker died before it answered; they are sent again.";
    SOURCES: Gauge "unblink_sources" ["tenant" "state"] "Sources by state: waiting, good, partial, failed, paused, standby, absent.";
    SOURCE_AGE: Gauge "unblink_source_age_seconds" ["tenant" "source"] "Since a source last delivered.";
    SOURCE_INTERVAL: Gauge "unblink_source_interval_seconds" ["tenant" "source"] "How often a source is asked; 0 for one that is not.";
    BREAKERS_OPEN: Gauge "unblink_breakers_open" ["tenant"] "Sources that are left alone for a while because they kept failing.";
    BREAKERS_OPENED: Counter "unblink_breaker_openings_total" ["tenant"] "Times that a source was left alone because it kept failing.";
    RELOADS: Counter "unblink_configuration_reloads_total" ["outcome"] "Configurations that were accepted or refused.";
    GENERATION: Gauge "unblink_configuration_generation" [] "The configuration that is drawn; 0 before any was accepted.";
    REFUSED: Gauge "unblink_configuration_refused" [] "1 while a newer configuration stands refused.";
    UNKEPT: Gauge "unblink_configuration_unkept" [] "1 while accepted configurations cannot be kept on disk.";
    DESCENDANTS_REFUSED: Counter "unblink_descendants_refused_total" [] "Connections of processes that the daemon started itself.";
    LEFTOVERS_ENDED: Counter "unblink_leftovers_ended_total" [] "Processes that dead workers left running and that were ended.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_labels_follow_the_rules() {
        let mut names: Vec<&str> = ALL.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len(), "a name is there twice");
        for Metric { name, kind, labels, help } in ALL {
            assert!(name.starts_with("unblink_"), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
            assert!(!labels.contains(&"le") && labels.iter().all(|label| *label != "job"), "{name}");
            assert!(help.ends_with('.') && !help.contains('|'), "{name}");
        }
    }
}
