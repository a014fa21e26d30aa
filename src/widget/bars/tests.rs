use proptest::prelude::*;

use super::*;
use crate::frame::Grid;
use crate::model::{GlyphSet, Palette, spec};
use crate::widget::testing::{GLYPH_SETS, check, check_ascii, drawn, drawn_inside, look};
use crate::widget::{Look, Theme};

const DISKS: [(&str, f64); 4] = [("root", 82.0), ("home", 45.5), ("var-lib-postgres", 12.25), ("boot", 0.4)];
const CHANGES: [(&str, f64); 3] = [("alpha", 4.0), ("beta", -2.5), ("gamma", 1.0)];

fn plan(direction: Direction, bars: &[(&str, f64)], unit: Unit, include: &[f64]) -> BarsPlan {
    let bars: Vec<_> = bars.iter().map(|(name, value)| (Label::plain(name), Some(*value))).collect();
    BarsPlan::single(direction, &bars, unit, include, None)
}

fn picture(plan: &BarsPlan, width: u16, height: u16, glyphs: GlyphSet) -> Grid {
    drawn(width, height, |canvas| paint(plan, canvas, look(glyphs)))
}

fn grouped(direction: Direction) -> BarsPlan {
    let groups = [("mon", [3.0, 5.0]), ("tue", [4.0, 2.0]), ("wed", [1.0, 6.0])]
        .map(|(name, values)| (Label::plain(name), values.map(Some).to_vec()));
    BarsPlan::new(direction, &groups, Unit::None, &[], None)
}

#[test]
fn bars_across_line_up_and_end_in_eighths() {
    let disks = plan(Direction::Across, &DISKS, Unit::Percent, &[100.0]);
    check(
        &picture(&disks, 48, 8, GlyphSet::Braille),
        &[
            "root             ████████████████████▌ 82.0%",
            "",
            "home             ███████████▍ 45.5%",
            "",
            "var-lib-postgres ███▏ 12.3%",
            "",
            "boot             ▏ 0.4%",
            "                 ╵0%   ╵25%   ╵50%  ╵75%  ╵100%",
        ],
    );
    check(
        &picture(&disks, 48, 5, GlyphSet::Ascii),
        &[
            "root             ##################### 82.0%",
            "home             ########### 45.5%",
            "var-lib-postgres ### 12.3%",
            "boot             # 0.4%",
            "                 |0%   |25%   |50%  |75%  |100%",
        ],
    );
    check(
        &picture(&disks, 30, 4, GlyphSet::Block),
        &[
            "root            ██████▌ 82.0%",
            "home            ███▋ 45.5%",
            "var-lib-postgr… █ 12.3%",
            "boot            ▏ 0.4%",
        ],
    );
    check(&picture(&disks, 12, 4, GlyphSet::Block), &["████82.0%▉", "█████▌ 45.5%", "█▌ 12.3%", "▏ 0.4%"]);
    check(&picture(&disks, 4, 2, GlyphSet::Block), &["███▎", "+3"]);
}

#[test]
fn bars_upright_stand_on_their_names() {
    let disks = plan(Direction::Upright, &DISKS, Unit::Percent, &[100.0]);
    check(
        &picture(&disks, 40, 9, GlyphSet::Braille),
        &[
            "",
            "100% ┈82.0%┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "     ▆▆▆▆▆▆▆▆",
            "     ████████  45.5%",
            " 50% ████████┈▁▁▁▁▁▁▁▁┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "     ████████ ████████",
            "     ████████ ████████  12.3%     0.4%",
            "  0% ████████ ████████ ▇▇▇▇▇▇▇▇ ▁▁▁▁▁▁▁▁",
            "       root     home   var-lib…   boot",
        ],
    );
    check(
        &picture(&disks, 40, 9, GlyphSet::Ascii),
        &[
            "",
            "100%  82.0%",
            "     ########",
            "     ########",
            " 50% ########  45.5%",
            "     ######## ########",
            "     ######## ########  12.3%     0.4%",
            "  0% ######## ######## ######## ########",
            "       root     home   var-lib~   boot",
        ],
    );
    check(&picture(&disks, 18, 4, GlyphSet::Block), &["▄▄▄", "███ ▃▃▃", "███ ███ ▃▃▃ ▁▁▁", "ro… ho… va… bo…"]);
    check(&picture(&disks, 7, 3, GlyphSet::Block), &["▄", "█ ▃", "█ █ ▃ ▁"]);
    check(&picture(&disks, 4, 1, GlyphSet::Block), &["▇▄▁▁"]);
}

#[test]
fn what_is_negative_goes_the_other_way_from_zero() {
    let across = plan(Direction::Across, &CHANGES, Unit::None, &[]);
    check(
        &picture(&across, 44, 4, GlyphSet::Block),
        &[
            "alpha                    █████████████ 4",
            "beta      -2.50 ▉████████│",
            "gamma                    ███▎ 1",
            "            ╵-4    ╵-2   ╵0     ╵2    ╵4",
        ],
    );
    check(
        &picture(&across, 44, 4, GlyphSet::Ascii),
        &[
            "alpha                    ############# 4",
            "beta       -2.50 ########|",
            "gamma                    ### 1",
            "            |-4    |-2   |0     |2    |4",
        ],
    );
    check(&picture(&across, 14, 3, GlyphSet::Block), &["alp…      ██4█", "beta  ▉███│", "gam…      █ 1"]);
    let upright = plan(Direction::Upright, &CHANGES, Unit::None, &[]);
    check(
        &picture(&upright, 30, 10, GlyphSet::Block),
        &[
            "      4",
            " 4 ████████┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈",
            "   ████████",
            "   ████████             1",
            " 0 ████████          ████████",
            "   ─────────████████──────────",
            "            ▁▁▁▁▁▁▁▁",
            "-4 ┈┈┈┈┈┈┈┈┈┈-2.50┈┈┈┈┈┈┈┈┈┈┈┈",
            "",
            "    alpha     beta    gamma",
        ],
    );
    check(
        &picture(&upright, 30, 10, GlyphSet::Ascii),
        &[
            "      4",
            " 4 ########",
            "   ########",
            "   ########             1",
            " 0 ########          ########",
            "   ---------########----------",
            "            ########",
            "-4           -2.50",
            "",
            "    alpha     beta    gamma",
        ],
    );
}

#[test]
fn groups_stand_together() {
    check(
        &picture(&grouped(Direction::Across), 36, 9, GlyphSet::Block),
        &[
            "mon ███████████████ 3",
            "    █████████████████████████ 5",
            "",
            "tue ████████████████████ 4",
            "    ██████████ 2",
            "",
            "wed █████ 1",
            "    ██████████████████████████████ 6",
            "    ╵0        ╵2        ╵4        ╵6",
        ],
    );
    check(
        &picture(&grouped(Direction::Upright), 36, 7, GlyphSet::Block),
        &[
            "         5                     6",
            "       ▁▁▁▁▁   4             █████",
            "    3  █████ ▃▃▃▃▃           █████",
            "4 ▄▄▄▄▄█████┈█████┈┈2┈┈┈┈┈┈┈┈█████┈┈",
            "  ██████████ █████▅▅▅▅▅   1  █████",
            "0 ██████████ ██████████ ▇▇▇▇▇█████",
            "     mon        tue        wed",
        ],
    );
    check(
        &picture(&grouped(Direction::Upright), 36, 7, GlyphSet::Ascii),
        &[
            "                               6",
            "         5                   *****",
            "    3  *****   4             *****",
            "4 -----***** -----  2        *****",
            "  -----***** -----*****   1  *****",
            "0 -----***** -----***** -----*****",
            "     mon        tue        wed",
        ],
    );
}

#[test]
fn what_does_not_fit_is_counted() {
    let names: Vec<String> = (0..30).map(|index| format!("n{index}")).collect();
    let many: Vec<(&str, f64)> = names.iter().map(|name| (name.as_str(), 5.0)).collect();
    check(
        &picture(&plan(Direction::Across, &many, Unit::None, &[]), 20, 4, GlyphSet::Ascii),
        &["n0  ############## 5", "n1  ############## 5", "n2  ############## 5", "+27"],
    );
    check(
        &picture(&plan(Direction::Upright, &many, Unit::None, &[]), 20, 4, GlyphSet::Ascii),
        &["################", "################", "################", "                 +14"],
    );
    check(&picture(&plan(Direction::Upright, &many, Unit::None, &[]), 2, 1, GlyphSet::Block), &["…"]);
}

#[test]
fn little_is_not_nothing_and_nothing_is_no_bar() {
    let bars = [("a", Some(0.0)), ("b", Some(1e-9)), ("c", None), ("d", Some(f64::NAN)), ("e", Some(1.0))]
        .map(|(name, value)| (Label::plain(name), value));
    let plan = BarsPlan::single(Direction::Across, &bars, Unit::None, &[], None);
    check(&picture(&plan, 22, 5, GlyphSet::Block), &["a  0", "b ▏ 1.0e-9", "c  n/a", "d  n/a", "e █████████████ 1"]);
    let nothing = BarsPlan::single(Direction::Across, &bars[2..4], Unit::None, &[], None);
    assert!(nothing.is_empty());
    check(&picture(&nothing, 22, 2, GlyphSet::Block), &["c  n/a", "d  n/a"]);
}

#[test]
fn levels_take_the_place_of_colours_and_have_marks_without() {
    let bars = [("a", 10.0), ("b", 80.0), ("c", 95.0)].map(|(name, value)| (Label::plain(name), Some(value)));
    let levels = Levels::new(Some(75.0), Some(90.0));
    let plan = BarsPlan::single(Direction::Across, &bars, Unit::Percent, &[100.0], Some(levels));
    let grid = picture(&plan, 40, 3, GlyphSet::Block);
    assert_eq!(grid.cell(2, 2).style.fg, look(GlyphSet::Block).theme.level(Level::Critical).fg);
    let mono = Look { theme: Theme::of(spec::Theme::Dark, Palette::Mono), glyphs: GlyphSet::Ascii };
    check(
        &drawn(30, 3, |canvas| paint(&plan, canvas, mono)),
        &["a ## 10.0%", "b ############### 80.0% !", "c ################## 95.0% !!"],
    );
}

proptest! {
    #[test]
    fn any_bars_stay_inside_any_area(
        values in proptest::collection::vec(proptest::collection::vec(prop_oneof![any::<f64>(), -5.0..5.0f64], 0..4), 0..30),
        name in "[a-z]{0,12}|数据|",
        (width, height) in (0u16..60, 0u16..14),
    ) {
        let groups: Vec<_> =
            values.iter().map(|values| (Label::plain(&name), values.iter().copied().map(Some).collect())).collect();
        for direction in [Direction::Across, Direction::Upright] {
            let plan = BarsPlan::new(direction, &groups, Unit::BytesPerSecond, &[], Some(Levels::new(Some(1.0), None)));
            for glyphs in GLYPH_SETS {
                let grid = drawn_inside(width, height, |canvas| paint(&plan, canvas, look(glyphs)));
                if glyphs == GlyphSet::Ascii && name.is_ascii() {
                    check_ascii(&grid);
                }
            }
        }
    }
}
