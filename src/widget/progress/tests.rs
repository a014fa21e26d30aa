use proptest::prelude::*;

use super::*;
use crate::base::Rect;
use crate::frame::{Glyph, Grid, Style};
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, look};
use crate::widget::{Look, Theme};

const MIB: f64 = 1024.0 * 1024.0;

fn job(name: &str, done: f64, total: Option<f64>, rate: Option<f64>, state: State) -> Job {
    Job { done: done * MIB, total: total.map(|total| total * MIB), rate, state, ..named(name) }
}

fn named(name: &str) -> Job {
    Job::new(Label::plain(name), Unit::Bytes)
}

fn transfers() -> Vec<Job> {
    vec![
        job("disk.img", 30.0, Some(120.0), Some(2.0 * MIB), State::Running),
        job("logs", 7.0, Some(7.0), None, State::Done),
        job("db", 5.0, Some(50.0), Some(0.0), State::Stalled),
        job("old", 5.0, Some(10.0), Some(MIB), State::Failed),
    ]
}

fn picture(jobs: &[Job], width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    let plan = ProgressPlan::new(jobs);
    drawn(width, height, |canvas| paint(&plan, canvas, look(glyphs), 0))
}

fn row(job: Job, width: u16) -> String {
    picture(&[job], width, 1, GlyphSet::Ascii).row_text(0).trim_end().to_owned()
}

#[test]
fn bars_line_up_and_words_tell_what_became_of_a_job() {
    check(
        &picture(&transfers(), 78, 4, GlyphSet::Ascii),
        &[
            "disk.img  ######................   25%  30.0 MiB / 120 MiB  2.0 MiB/s     45 s",
            "logs      ######################  100%             7.0 MiB                done",
            "db        ##....................   10%  5.0 MiB / 50.0 MiB      0 B/s  stalled",
            "old       ###########...........   50%  5.0 MiB / 10.0 MiB              failed",
        ],
    );
}

#[test]
fn without_room_the_rate_goes_then_the_amount_the_time_and_the_bar() {
    let job = || job("disk", 30.0, Some(120.0), Some(2.0 * MIB), State::Running);
    assert_eq!(row(job(), 60), "disk  ##......   25%  30.0 MiB / 120 MiB  2.0 MiB/s     45 s");
    assert_eq!(row(job(), 50), "disk  ##.......   25%  30.0 MiB / 120 MiB     45 s");
    assert_eq!(row(job(), 40), "disk  #####..............   25%     45 s");
    assert_eq!(row(job(), 24), "disk  ###.........   25%");
    assert_eq!(row(job(), 16), "disk   25%");
    assert_eq!(row(job(), 8), "d~   25%");
    assert_eq!(row(job(), 2), "~");
}

#[test]
fn a_word_outlives_the_time_and_the_bar() {
    let job = || job("disk", 30.0, Some(120.0), None, State::Failed);
    assert_eq!(row(job(), 24), "disk  ###.......  failed");
    assert_eq!(row(job(), 12), "disk  failed");
    assert_eq!(row(job(), 6), "failed");
    assert_eq!(row(job(), 4), "fai~");
}

#[test]
fn a_bar_is_finer_than_a_cell() {
    let bar = |done: f64, glyphs| {
        let job = Job { done, total: Some(80.0), ..Job::new(Label::default(), Unit::None) };
        picture(&[job], 16, 1, glyphs).row_text(0)[..].chars().take(10).collect::<String>()
    };
    assert_eq!(bar(0.0, GlyphSet::Braille), "██████████");
    assert_eq!(bar(1.0, GlyphSet::Braille), "▏█████████");
    assert_eq!(bar(37.0, GlyphSet::Braille), "████▋█████");
    assert_eq!(bar(37.0, GlyphSet::Block), "████▌░░░░░");
    assert_eq!(bar(80.0, GlyphSet::Block), "██████████");
}

#[test]
fn nothing_unfinished_looks_finished() {
    let almost = Job { done: 9_999.0, total: Some(10_000.0), ..Job::new(Label::default(), Unit::None) };
    assert!(row(almost, 24).contains("#.   99%"));
    let all = Job { done: 10.0, total: Some(5.0), ..Job::new(Label::default(), Unit::None) };
    assert_eq!(ProgressPlan::new(&[all]).bars[0].percent.as_str(), "100%", "more than all is all");
    let nothing = Job { total: Some(0.0), ..Job::new(Label::default(), Unit::None) };
    assert_eq!(ProgressPlan::new(&[nothing]).bars[0].percent.as_str(), "0%", "it has not said it is done");
}

#[test]
fn a_job_without_an_end_has_a_stripe_that_goes_by_frames_alone() {
    let jobs = [Job { done: 12.0 * MIB, ..named("") }];
    let at = |frame, glyphs| {
        let plan = ProgressPlan::new(&jobs);
        let grid = drawn(18, 1, |canvas| paint(&plan, canvas, look(glyphs), frame));
        grid.row_text(0).chars().take(8).collect::<String>()
    };
    assert_eq!(at(0, GlyphSet::Ascii), "##......");
    assert_eq!(at(1, GlyphSet::Block), "▐█▌░░░░░");
    assert_eq!(at(12, GlyphSet::Ascii), "......##");
    assert_eq!(at(13, GlyphSet::Block), "░░░░░▐█▌");
    assert_eq!(at(24, GlyphSet::Braille), at(0, GlyphSet::Braille));
    assert!(at(u64::MAX, GlyphSet::Ascii).contains("##"));
    assert_eq!(ProgressPlan::new(&jobs).bars[0].percent.as_str(), "");
}

#[test]
fn a_job_without_an_end_stands_still_when_it_is_no_longer_running() {
    for (state, expect) in [(State::Failed, "........"), (State::Done, "########"), (State::Stalled, "######..")] {
        let plan = ProgressPlan::new(&[Job { state, ..named("") }]);
        let rows = [0, 7].map(|frame| {
            let grid = drawn(40, 1, |canvas| paint(&plan, canvas, look(GlyphSet::Ascii), frame));
            grid.row_text(0).trim_start_matches(' ').to_owned()
        });
        assert_eq!(rows[0], rows[1], "{state:?}");
        assert!(rows[0].starts_with(expect), "{state:?}: {}", rows[0]);
    }
}

#[test]
fn jobs_without_a_row_are_counted_and_so_are_their_failures() {
    let mut jobs: Vec<Job> = (0..7).map(|index| named(&index.to_string())).collect();
    jobs[6].state = State::Failed;
    let grid = picture(&jobs, 30, 3, GlyphSet::Ascii);
    assert_eq!(grid.row_text(2).trim_end(), "+5, 1 failed");
    assert!(grid.row_text(1).starts_with('1'));
    assert!(picture(&jobs, 30, 1, GlyphSet::Ascii).row_text(0).ends_with("  +6, 1 failed"));
    assert_eq!(picture(&jobs, 6, 3, GlyphSet::Ascii).row_text(2).trim_end(), "+5");
}

#[test]
fn what_cannot_be_known_is_not_said() {
    let bar = |job: Job| ProgressPlan::new(&[job]).bars.remove(0);
    let total = Some(100.0);
    let cases = [
        (Job { total, rate: Some(0.0), ..named("") }, ""),
        (Job { total, rate: Some(f64::NAN), ..named("") }, ""),
        (Job { total, rate: Some(1e-12), ..named("") }, ""),
        (Job { total: None, rate: Some(1.0), ..named("") }, ""),
        (Job { total, done: f64::NAN, rate: Some(1.0), ..named("") }, ""),
        (Job { total, done: 50.0, rate: Some(0.4), ..named("") }, "2m 05s"),
        (Job { total, done: 200.0, rate: Some(1.0), ..named("") }, "0 s"),
    ];
    for (job, expect) in cases {
        assert_eq!(bar(job.clone()).left.as_str(), expect, "{job:?}");
    }
    assert_eq!(bar(Job { done: f64::NAN, total, ..named("") }).share, None);
    assert_eq!(bar(Job { rate: Some(f64::INFINITY), ..named("") }).rate.as_str(), "");
    assert_eq!(bar(Job { rate: Some(3.0), ..Job::new(Label::default(), Unit::None) }).rate.as_str(), "3/s");
}

#[test]
fn without_colours_the_track_has_a_shape() {
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Braille };
    let plan = ProgressPlan::new(&[job("", 5.0, Some(10.0), None, State::Failed)]);
    let grid = drawn(30, 1, |canvas| paint(&plan, canvas, mono, 0));
    assert!(grid.row_text(0).starts_with("███████▌░░░"), "{}", grid.row_text(0));
}

fn any_job() -> impl Strategy<Value = Job> {
    let state = prop_oneof![Just(State::Running), Just(State::Stalled), Just(State::Done), Just(State::Failed)];
    let unit = prop_oneof![Just(Unit::None), Just(Unit::Bytes), Just(Unit::Seconds), Just(Unit::BytesPerSecond)];
    let number = || prop_oneof![any::<f64>(), 0.0..1e6];
    (".{0,12}", number(), proptest::option::of(number()), unit, proptest::option::of(number()), state).prop_map(
        |(name, done, total, unit, rate, state)| Job { name: Label::plain(&name), done, total, unit, rate, state },
    )
}

proptest! {
    #[test]
    fn any_jobs_stay_inside_any_size(
        jobs in proptest::collection::vec(any_job(), 0..12),
        size in (0u16..90, 0u16..9),
        frame in any::<u64>(),
    ) {
        let plan = ProgressPlan::new(&jobs);
        for glyphs in GLYPH_SETS {
            let area = Rect::new(2, 1, size.0, size.1);
            let grid = drawn(size.0 + 4, size.1 + 2, |canvas| {
                canvas.fill(canvas.area(), Glyph::new('%'), Style::new());
                paint(&plan, &mut canvas.sub(area), look(glyphs), frame);
            });
            for (x, y) in (0..size.0 + 4).flat_map(|x| (0..size.1 + 2).map(move |y| (x, y))) {
                let inside = x >= 2 && x < area.right() && y >= 1 && y < area.bottom();
                prop_assert!(inside || grid.cell(x, y).text() == "%", "drawn outside at {x},{y}");
            }
        }
    }
}

#[test]
fn ascii_bars_are_ascii() {
    for (width, height) in [(80, 9), (40, 4), (12, 3), (1, 1)] {
        check_ascii(&picture(&transfers(), width, height, GlyphSet::Ascii));
    }
}
