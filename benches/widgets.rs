//! What each widget costs, plan and paint, in a small panel and on a large screen.

#[path = "widgets/data.rs"]
mod data;
#[path = "widgets/widgets.rs"]
mod widgets;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use unblink::base::Size;
use unblink::frame::Grid;
use unblink::model::{GlyphSet, Palette, spec};
use unblink::widget::{Look, Role, Theme};

use data::Data;
use widgets::WIDGETS;

/// A panel of a board, and one widget on a whole screen.
const SIZES: [(u16, u16); 2] = [(40, 12), (160, 50)];

fn all(criterion: &mut Criterion) {
    let data = Data::new();
    let look = Look { theme: Theme::of(spec::Theme::Dark, Palette::Truecolor), glyphs: GlyphSet::Braille };
    for (name, paint) in WIDGETS {
        let mut group = criterion.benchmark_group(*name);
        for (width, height) in SIZES {
            let mut grid = Grid::new(Size::clamped(width, height));
            let size = format!("{width}x{height}");
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                bencher.iter(|| {
                    grid.clear(look.theme.style(Role::Ground));
                    paint(&data, &mut grid.canvas(), look);
                });
            });
        }
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
