//! The law of fan-out, over any interleaving of frames, stalls, partial writes, moves and departures.

use proptest::prelude::*;

use super::*;

/// What a terminal shows, by what was written to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Screen {
    /// View, epoch, version.
    shows: Option<(u64, u64, u64)>,
    overlay: u64,
}

#[derive(Clone, Debug)]
enum Op {
    Keyframe {
        view: u64,
    },
    Delta {
        view: u64,
    },
    /// A keyframe for the version that is the newest already.
    Rebase {
        view: u64,
    },
    Reborn {
        view: u64,
    },
    LayOver {
        view: u64,
    },
    /// A viewer's terminal takes that many more bytes.
    Room {
        viewer: u64,
        bytes: usize,
    },
    Move {
        viewer: u64,
        view: u64,
    },
    Repaint {
        viewer: u64,
    },
    Tell {
        viewer: u64,
    },
    Rejoin {
        viewer: u64,
    },
}

const VIEWS: u64 = 3;
const VIEWERS: u64 = 4;

fn op() -> impl Strategy<Value = Op> {
    let (view, viewer) = (1..=VIEWS, 1..=VIEWERS);
    prop_oneof![
        2 => view.clone().prop_map(|view| Op::Keyframe { view }),
        8 => view.clone().prop_map(|view| Op::Delta { view }),
        2 => view.clone().prop_map(|view| Op::Rebase { view }),
        1 => view.clone().prop_map(|view| Op::Reborn { view }),
        2 => view.clone().prop_map(|view| Op::LayOver { view }),
        6 => (viewer.clone(), 0_usize..120).prop_map(|(viewer, bytes)| Op::Room { viewer, bytes }),
        2 => (viewer.clone(), view).prop_map(|(viewer, view)| Op::Move { viewer, view }),
        1 => viewer.clone().prop_map(|viewer| Op::Repaint { viewer }),
        1 => viewer.clone().prop_map(|viewer| Op::Tell { viewer }),
        1 => viewer.prop_map(|viewer| Op::Rejoin { viewer }),
    ]
}

/// Applies what was received; fails when something was applied to a screen it does not fit.
fn screen(sink: &Scripted) -> Result<Screen, String> {
    let mut screen = Screen::default();
    for said in sink.said() {
        let words: Vec<&str> = said.split(' ').collect();
        let number = |index: usize| words[index].parse::<u64>().expect("a number");
        match words[0] {
            "K" => screen = Screen { shows: Some((number(1), number(2), number(3))), overlay: 0 },
            "D" => {
                let base = Some((number(1), number(2), number(4)));
                if screen != (Screen { shows: base, overlay: 0 }) {
                    return Err(format!("{said} on {screen:?}"));
                }
                screen.shows = Some((number(1), number(2), number(3)));
            }
            "O" => screen.overlay = number(2),
            "Spec" => {}
            other => return Err(format!("{other} was never sent")),
        }
    }
    Ok(screen)
}

/// The worker's side of one view.
#[derive(Clone, Copy, Default)]
struct Drawn {
    epoch: u64,
    version: u64,
    overlay: u64,
    overlays: u64,
}

struct World {
    fanout: Fanout<Scripted>,
    drawn: [Drawn; VIEWS as usize + 1],
    sinks: Vec<Scripted>,
    shown: Vec<u64>,
}

impl World {
    fn new() -> World {
        let mut fanout = Fanout::new();
        let mut drawn = [Drawn::default(); VIEWS as usize + 1];
        for view in 1..=VIEWS {
            fanout.open(ViewId(view));
            drawn[view as usize].epoch = 1;
        }
        // The others' viewers alone decide when their view may be drawn.
        witness(&mut fanout, 1);
        witness(&mut fanout, 2);
        let sinks: Vec<Scripted> = (0..=VIEWERS).map(|_| Scripted::with_room(60)).collect();
        for viewer in 1..=VIEWERS {
            fanout.join(SessionId(viewer), sinks[viewer as usize].clone(), ViewId(1), [], NOW);
        }
        World { fanout, drawn, sinks, shown: vec![1; VIEWERS as usize + 1] }
    }

    fn apply(&mut self, op: &Op) {
        let takes = |view| self.fanout.takes(ViewId(view));
        match *op {
            // A worker waits for its credit.
            Op::Keyframe { view } | Op::Delta { view } if !takes(view).0 => {}
            Op::Rebase { view } if !takes(view).1 => {}
            Op::Keyframe { view } => {
                let drawn = &mut self.drawn[view as usize];
                (drawn.version, drawn.overlay) = (drawn.version + 1, 0);
                keyframe(&mut self.fanout, view, drawn.epoch, drawn.version).unwrap();
            }
            Op::Delta { view } => {
                let drawn = &mut self.drawn[view as usize];
                (drawn.version, drawn.overlay) = (drawn.version + 1, 0);
                publish(&mut self.fanout, view, drawn.epoch, drawn.version, drawn.version - 1).unwrap();
            }
            Op::Rebase { view } => {
                let drawn = &mut self.drawn[view as usize];
                drawn.overlay = 0;
                keyframe(&mut self.fanout, view, drawn.epoch, drawn.version).unwrap();
            }
            Op::Reborn { view } => {
                let drawn = &mut self.drawn[view as usize];
                *drawn = Drawn { epoch: drawn.epoch + 1, version: 1, overlay: 0, ..*drawn };
                self.fanout.renew(ViewId(view));
                keyframe(&mut self.fanout, view, drawn.epoch, 1).unwrap();
            }
            Op::LayOver { view } => {
                let drawn = &mut self.drawn[view as usize];
                drawn.overlays += 1;
                drawn.overlay = drawn.overlays;
                let message = attach::frame(format!("O {view} {}", drawn.overlay).as_bytes());
                self.fanout.lay_over(ViewId(view), message, NOW);
            }
            Op::Room { viewer, bytes } => {
                self.sinks[viewer as usize].give(bytes);
                self.fanout.writable(SessionId(viewer), NOW);
            }
            Op::Move { viewer, view } => {
                self.shown[viewer as usize] = view;
                self.fanout.move_to(SessionId(viewer), ViewId(view), NOW);
            }
            Op::Repaint { viewer } => self.fanout.repaint(SessionId(viewer), NOW),
            Op::Tell { viewer } => {
                let spec = crate::model::ViewSpec::new("default", "host", crate::base::Size::FALLBACK);
                let notice = Notice::Spec(ToClient::Spec(spec).encode());
                self.fanout.tell(SessionId(viewer), notice, NOW);
            }
            Op::Rejoin { viewer } => {
                self.fanout.leave(SessionId(viewer)).expect("it was there");
                let sink = Scripted::with_room(10);
                self.sinks[viewer as usize] = sink.clone();
                let view = ViewId(self.shown[viewer as usize]);
                self.fanout.join(SessionId(viewer), sink, view, [], NOW);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn whatever_happens_a_viewer_that_reads_on_ends_with_exactly_the_newest_frame(
        ops in proptest::collection::vec(op(), 1..120),
    ) {
        let mut world = World::new();
        // Deltas need something to stand on.
        for view in 1..=VIEWS {
            world.apply(&Op::Keyframe { view });
        }
        for op in &ops {
            world.apply(op);
            for viewer in 1..=VIEWERS {
                // One frame of this test is below a hundred bytes, a spec below three hundred.
                prop_assert!(world.fanout.backlog(SessionId(viewer)) < 400, "more than one message waits");
            }
        }
        for viewer in 1..=VIEWERS {
            world.apply(&Op::Room { viewer, bytes: PLENTY });
            let view = world.shown[viewer as usize];
            let drawn = world.drawn[view as usize];
            let newest = Screen { shows: Some((view, drawn.epoch, drawn.version)), overlay: drawn.overlay };
            prop_assert_eq!(screen(&world.sinks[viewer as usize]), Ok(newest), "viewer {}", viewer);
            prop_assert_eq!(world.fanout.backlog(SessionId(viewer)), 0);
        }
    }
}
