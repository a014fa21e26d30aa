use proptest::prelude::*;

use super::*;
use crate::widget::testing::drawn;

/// Strokes of a line as columns further right each, whether they are joined to the one before, and their rows.
type Line = Vec<(u8, bool, [u8; 4])>;

/// A raster of simple dots, set one by one.
struct Simple {
    /// By column and row the line that each belongs to.
    dots: Vec<Vec<Option<u8>>>,
}

impl Simple {
    fn column(&mut self, x: i32, from: i32, to: i32, owner: u8) {
        for y in from.min(to)..=from.max(to) {
            self.dots[x as usize][y as usize] = Some(owner);
        }
    }

    /// Each column has what lies nearer to it than to its neighbours.
    fn line(&mut self, from: (i32, i32), to: (i32, i32), owner: u8) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        if dx == 0 {
            return self.column(to.0, from.1, to.1, owner);
        }
        // A neighbour's half is rounded towards where the line comes from, a longer way's parts are rounded down.
        let half = |steps: i32| {
            if dx == 1 { from.1 + dy / 2 } else { from.1 + (dy * (2 * steps + 1)).div_euclid(2 * dx) }
        };
        let is_steep = if dx == 1 { dy.abs() > 1 } else { dy.abs() > dx };
        if dx == 1 && !is_steep {
            return;
        }
        let mut enters = from.1;
        for x in from.0..=to.0 {
            let leaves = if x == to.0 { to.1 } else { half(x - from.0) };
            self.column(x, enters, leaves, owner);
            enters = if is_steep { leaves + (to.1 - leaves).signum() } else { leaves };
        }
    }
}

fn strokes(line: &Line, across: i32, down: i32) -> Vec<(i32, bool, Rows)> {
    // Lines begin anywhere: the first one says by how much further right.
    let mut x = line.first().map_or(0, |(_, _, rows)| i32::from(rows[0]) % across.max(1));
    let stroke = |(further, joined, rows): &(u8, bool, [u8; 4])| {
        x += i32::from(*further);
        let [one, other, first, last] = rows.map(|row| i32::from(row) % down);
        let (top, bottom) = (one.min(other), one.max(other));
        (x, *joined, Rows { first: first.clamp(top, bottom), top, bottom, last: last.clamp(top, bottom) })
    };
    line.iter().map(stroke).filter(|(x, ..)| *x < across).collect()
}

fn follows_the_simple_one<D: Dots>(width: u16, height: u16, lines: &[Line]) {
    let mut raster = Raster::<D>::new(width, height, Some(0));
    let (across, down) = raster.dots();
    let mut simple = Simple { dots: vec![vec![None; down as usize]; across as usize] };
    // By column the highest dot of the line that is filled.
    let mut tops = vec![down; across as usize];
    for (owner, line) in (0..).zip(lines) {
        let mut own = Simple { dots: vec![vec![None; down as usize]; across as usize] };
        let mut before = None;
        for (x, joined, rows) in strokes(line, across, down) {
            if let (Some(from), true) = (before, joined) {
                own.line(from, (x, rows.first), owner);
            }
            own.column(x, rows.top, rows.bottom, owner);
            before = Some((x, rows.last));
        }
        raster.draw(owner, strokes(line, across, down));
        for (x, column) in own.dots.iter().enumerate() {
            let set = (0..down).filter(|y| column[*y as usize].is_some());
            set.clone().for_each(|y| simple.dots[x][y as usize] = Some(owner));
            if owner == 0 {
                tops[x] = tops[x].min(set.min().unwrap_or(down));
            }
        }
    }
    // By cell all dots, and whose the newest are: cells belong to the line that was drawn last.
    for x in 0..usize::from(width) {
        for y in 0..usize::from(height) {
            let (mut bits, mut owner) = (0, None);
            for column in 0..D::ACROSS {
                for row in 0..D::DOWN {
                    if let Some(dot) = simple.dots[x * D::ACROSS + column][y * D::DOWN + row] {
                        bits |= D::BITS[column][1 << row];
                        owner = owner.max(Some(dot));
                    }
                }
            }
            let cell = raster.cells[x * usize::from(height) + y];
            let expected = owner.map_or(0, |owner| u16::from(owner % 8 + 1) << 8 | u16::from(bits));
            assert_eq!(cell, expected, "cell {x},{y} of {width}x{height}");
            let (first, end) = raster.spans[x];
            assert!(cell == 0 || (usize::from(first)..usize::from(end)).contains(&y), "cell {x},{y} is not painted");
        }
    }
    let filled: Vec<i32> = tops
        .chunks(D::ACROSS)
        .map(|tops| (tops.iter().max().expect("a cell has columns") + D::DOWN as i32 / 2) / D::DOWN as i32)
        .collect();
    assert_eq!(raster.filled_from().into_iter().map(i32::from).collect::<Vec<_>>(), filled);
}

proptest! {
    #[test]
    fn stretches_of_columns_are_the_dots_they_stand_for(
        lines in proptest::collection::vec(
            proptest::collection::vec((0_u8..4, any::<bool>(), any::<[u8; 4]>()), 0..20),
            1..4,
        ),
        width in 1_u16..20,
        // Also plots that take more than one word.
        height in 1_u16..60,
    ) {
        follows_the_simple_one::<Braille>(width, height, &lines);
        follows_the_simple_one::<Halves>(width, height, &lines);
        follows_the_simple_one::<Thirds>(width, height, &lines);
    }
}

#[test]
fn a_plot_without_room_has_no_dots() {
    for (width, height) in [(0, 0), (0, 3), (3, 0)] {
        let mut raster = Raster::<Braille>::new(width, height, Some(0));
        raster.draw(0, []);
        assert!(raster.filled_from().iter().all(|row| *row == 0));
    }
}

#[test]
fn a_line_is_seen_where_it_was_drawn() {
    let grid = drawn(3, 2, |canvas| {
        let mut raster = Raster::<Braille>::new(3, 2, None);
        raster.draw(0, [(1, false, Rows { first: 3, top: 3, bottom: 4, last: 4 })]);
        raster.paint(canvas, Rect::new(0, 0, 3, 2), &[], |_, _| Style::new());
    });
    assert_eq!(grid.to_text(), "⢀\n⠈\n", "the right column's lowest dot and the one under it");
}
