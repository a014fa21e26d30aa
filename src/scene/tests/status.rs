//! The status line: what it says, and what goes first where there is no room.

use super::*;

/// The line of a view of the board `host` that so many sessions watch.
fn line(cols: u16, rows: u16, viewers: Option<u32>) -> String {
    let (spec, data) = (spec(cols, rows), host_data(2));
    let mut grid = Grid::new(spec.size);
    let circumstances = Circumstances { viewers, ..Circumstances::default() };
    let stage = Stage { boards: &Boards::shipped(), data: &data, now: NOW };
    draw_after(stage, &spec, circumstances, None, &mut grid);
    grid.to_text().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn the_viewers_of_a_board_are_counted_in_words() {
    has(&line(120, 40, Some(1)), "default/host  ● live  5 min  1 viewer   ");
    has(&line(120, 40, Some(3)), "default/host  ● live  5 min  3 viewers   ");
    has(&line(120, 40, Some(4_096)), "4096 viewers");
    has_not(&line(120, 40, None), "viewer");
    let (text, _) = picture(&spec(120, 40), &host_data(2), NOW);
    has_not(&text, "viewer");
}

#[test]
fn the_less_a_part_says_the_sooner_it_goes() {
    let order = ["q quit", "? help", "viewers", "default/", "5 min", "panel", "22:13:20", "host", "● live"];
    // Few rows, so that panels are left out.
    for cols in 6..=120 {
        let line = line(cols, 12, Some(2));
        let hides = line.contains("panel") || cols < 40;
        let there: Vec<bool> =
            order.iter().filter(|part| hides || **part != "panel").map(|part| line.contains(part)).collect();
        assert!(there.is_sorted(), "{cols} columns: {line}");
    }
}

#[test]
fn the_line_keeps_its_viewers_at_eighty_columns() {
    has(&line(80, 24, Some(12)), "12 viewers");
    has(&line(80, 24, Some(12)), "q quit");
    has(&line(60, 24, Some(12)), "12 viewers");
    has_not(&line(40, 24, Some(12)), "viewers");
}

#[test]
fn a_complaint_takes_the_room_there_is_and_nothing_that_says_more() {
    let complaint = Label::plain("not applied: host.toml:24:9: chart: \"tablee\" is not known here");
    let line = |cols: u16| {
        let (spec, data) = (spec(cols, 24), host_data(2));
        let mut grid = Grid::new(spec.size);
        let circumstances = Circumstances { viewers: Some(2), complaint: Some(&complaint), ..Circumstances::default() };
        let stage = Stage { boards: &Boards::shipped(), data: &data, now: NOW };
        draw_after(stage, &spec, circumstances, None, &mut grid);
        grid.to_text().lines().last().unwrap_or_default().to_owned()
    };
    has(&line(160), "5 min  2 viewers  ▲ not applied: host.toml:24:9: chart: \"tablee\" is not known here  ");
    has(&line(80), "host  ● live  ▲ not applied: host.toml:24:9:");
    has(&line(80), "…");
    has(&line(80), "22:13:20");
    has(&line(40), "▲ config");
    for cols in 1..=200 {
        let line = line(cols);
        assert!(cols < 30 || line.contains("host  ● live") && line.contains("22:13:20"), "{cols} columns: {line}");
    }
}
