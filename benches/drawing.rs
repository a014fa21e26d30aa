//! What the parts of one frame cost: labels, drawing, delta, keyframe.

#[path = "board/board.rs"]
mod board;
#[path = "board/parts.rs"]
mod parts;

use criterion::{Criterion, criterion_group, criterion_main};

fn drawing(criterion: &mut Criterion) {
    for part in parts::PARTS {
        let mut work = (part.prepare)();
        criterion.bench_function(part.name, |bencher| bencher.iter(&mut work));
    }
}

criterion_group!(benches, drawing);
criterion_main!(benches);
