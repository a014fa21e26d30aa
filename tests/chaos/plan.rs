//! Which faults a daemon gets, and in which order: a pure function of a seed.
//!
//! Invariant: every way to fail comes at least as often as is said, chosen by nobody but the count; the rest is drawn at
//! random. What is drawn is told apart from what was chosen, since only of the former a share may be concluded.

use unblink::model::fault::{Holder, Lie, Mode};

/// Beside what a fault is brought about, where several daemons share a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Nothing but what is pushed and shown all the time.
    Alone,
    /// Anything at first, and nothing once the cause is over.
    AloneLater,
    /// All that is not alone.
    Beside,
}

/// A fault that can be brought about in a live daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// One of the 28 modes, of what the panel of the board `faults` does. What ends the worker finds one that was healthy
    /// for more than ten seconds, unless `soon`.
    Mode {
        number: u8,
        soon: bool,
    },
    /// What the source of the third panel does, by its place among all lies.
    Lie(u8),
    Outside(Outside),
}

/// A fault that comes from without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outside {
    /// SIGKILL of a worker.
    WorkerKilled,
    /// SIGSTOP of a worker until its viewers are told, then SIGCONT.
    WorkerStopped,
    /// Two workers die of one panel, so that the third leaves it alone until the configuration changes.
    PanelPoisoned,
    /// Values that are no numbers, pushed.
    PushedNan,
    /// Twenty thousand series, pushed at once.
    PushedHuge,
    /// Another kind, another unit, junk, pushed.
    PushedWrong,
    /// SIGKILL of root, which is started again at once.
    RootKilled,
    /// SIGKILL of root, which is started again after five seconds.
    RootAway,
    /// SIGSTOP of root for half a second.
    RootStopped,
    /// Two hundred USR2 to root, which has it repaint every screen as often as it may, and once after the last.
    RootRepaints,
    /// Two hundred USR2 to viewers, each of which has one connect anew.
    ViewersReconnect,
    /// Ten resizes at 10 Hz.
    ResizesSlow,
    /// Two hundred resizes at 200 Hz.
    ResizesFast,
    /// Five viewers take nothing for a second, while as many USR2 ask root to repaint everything.
    ReadersStall,
    /// Bytes of no protocol to root's socket.
    RootHearsJunk,
    /// A message that announces more than anything may have.
    RootHearsHuge,
    /// A message that comes byte by byte and is not whole when the connection ends.
    RootHearsSlow,
}

/// One entry of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    pub fault: Fault,
    /// Drawn at random rather than chosen so that each comes at all.
    pub at_random: bool,
}

/// Numbers by chance, the same for the same seed: splitmix64 (Steele, Lea and Flood, 2014).
#[derive(Clone, Debug)]
pub struct Chance(u64);

/// Of a thousand faults drawn at random.
const WEIGHTS: [(Group, u64); 5] =
    [(Group::Death, 30), (Group::DeathSoon, 90), (Group::Held, 650), (Group::Lie, 100), (Group::Outside, 130)];

/// Faults that cost about alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Death,
    DeathSoon,
    Held,
    Lie,
    Outside,
}

// === impl Outside ===

impl Outside {
    pub const ALL: [Outside; 17] = [
        Outside::WorkerKilled,
        Outside::WorkerStopped,
        Outside::PanelPoisoned,
        Outside::PushedNan,
        Outside::PushedHuge,
        Outside::PushedWrong,
        Outside::RootKilled,
        Outside::RootAway,
        Outside::RootStopped,
        Outside::RootRepaints,
        Outside::ViewersReconnect,
        Outside::ResizesSlow,
        Outside::ResizesFast,
        Outside::ReadersStall,
        Outside::RootHearsJunk,
        Outside::RootHearsHuge,
        Outside::RootHearsSlow,
    ];

    fn name(self) -> &'static str {
        match self {
            Outside::WorkerKilled => "worker: SIGKILL",
            Outside::WorkerStopped => "worker: SIGSTOP, then SIGCONT",
            Outside::PanelPoisoned => "worker: two die of one panel",
            Outside::PushedNan => "worker: NaN is pushed",
            Outside::PushedHuge => "worker: 20,000 series are pushed",
            Outside::PushedWrong => "worker: wrong kinds, units and junk are pushed",
            Outside::RootKilled => "root: SIGKILL, started again",
            Outside::RootAway => "root: SIGKILL, started again after 5 s",
            Outside::RootStopped => "root: SIGSTOP, then SIGCONT",
            Outside::RootRepaints => "root: 200 USR2, repaint all",
            Outside::ViewersReconnect => "viewers: 200 USR2, connect anew",
            Outside::ResizesSlow => "viewers: WINCH at 10 Hz",
            Outside::ResizesFast => "viewers: WINCH at 200 Hz",
            Outside::ReadersStall => "viewers: five take nothing for a second, while 200 USR2 ask for repaints",
            Outside::RootHearsJunk => "root: junk on its socket",
            Outside::RootHearsHuge => "root: a huge message on its socket",
            Outside::RootHearsSlow => "root: a message that comes slowly and never ends",
        }
    }

    fn ring(self) -> u8 {
        match self {
            Outside::PushedNan | Outside::PushedHuge | Outside::PushedWrong => 1,
            Outside::WorkerKilled | Outside::WorkerStopped | Outside::PanelPoisoned => 3,
            _ => 4,
        }
    }
}

/// Lies that a worker holds: the last one ends it, which modes do here.
const LIES: usize = Lie::ALL.len() - 1;

// === impl Fault ===

impl Fault {
    /// Each of them once.
    pub fn all() -> Vec<Fault> {
        let modes = Mode::ALL.into_iter().map(|mode| Fault::Mode { number: mode.number(), soon: false });
        let lies = (0..).zip(Lie::ALL).take(LIES).map(|(place, _)| Fault::Lie(place));
        modes.chain(lies).chain(Outside::ALL.map(Fault::Outside)).collect()
    }

    pub fn mode(number: u8) -> Mode {
        Mode::ALL[usize::from(number) - 1]
    }

    /// As tables name it. Deaths of workers that were not healthy yet are one row, whatever they died of.
    pub fn name(self) -> String {
        match self {
            Fault::Mode { soon: true, .. } => "any of these again, before the worker was healthy".to_owned(),
            Fault::Mode { number, .. } => format!("{number} {}", Fault::mode(number).name()),
            Fault::Lie(place) => format!("source: {}", Lie::ALL[usize::from(place)].name()),
            Fault::Outside(outside) => outside.name().to_owned(),
        }
    }

    /// The ring that is to hold it.
    pub fn ring(self) -> u8 {
        match self {
            Fault::Mode { number, .. } => match Fault::mode(number).holder() {
                Holder::Task => 1,
                Holder::Panel => 2,
                Holder::Worker => 3,
            },
            Fault::Lie(_) => 1,
            Fault::Outside(outside) => outside.ring(),
        }
    }

    /// Whether the worker does not end of it but hangs, until it is ended.
    pub fn hangs(self) -> bool {
        let Fault::Mode { number, .. } = self else { return false };
        matches!(Fault::mode(number), Mode::EndlessLoop | Mode::SelfDeadlock | Mode::BlockedTask)
    }

    /// Whether it costs a worker, healthy or not.
    fn kills_soon(self) -> bool {
        match self {
            Fault::Mode { soon, .. } => soon,
            Fault::Lie(_) => false,
            Fault::Outside(outside) => {
                matches!(outside, Outside::PanelPoisoned | Outside::RootKilled | Outside::RootAway)
            }
        }
    }

    /// Beside what it is brought about.
    pub fn company(self) -> Company {
        match self {
            Fault::Mode { .. } if self.ring() == 3 => Company::Alone,
            Fault::Mode { .. } | Fault::Lie(_) => Company::Beside,
            Fault::Outside(Outside::RootAway) => Company::AloneLater,
            Fault::Outside(
                Outside::PushedNan
                | Outside::PushedWrong
                | Outside::RootHearsJunk
                | Outside::RootHearsHuge
                | Outside::RootHearsSlow
                | Outside::ResizesSlow,
            ) => Company::Beside,
            Fault::Outside(_) => Company::Alone,
        }
    }

    /// Whether it costs a worker that is to have been healthy.
    pub fn wants_health(self) -> bool {
        match self {
            Fault::Mode { soon, .. } => self.ring() == 3 && !soon,
            Fault::Lie(_) => false,
            Fault::Outside(outside) => outside == Outside::WorkerKilled,
        }
    }
}

// === impl Chance ===

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// Below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bound = u64::try_from(bound.max(1)).expect("it is small");
        usize::try_from((mixed ^ (mixed >> 31)) % bound).expect("it is below a usize")
    }

    fn of<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len())]
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for last in (1..all.len()).rev() {
            all.swap(last, self.below(last + 1));
        }
    }
}

/// What each of so many daemons gets, `count` faults altogether, every fault at least `each_min` times.
pub fn plans(count: usize, each_min: usize, daemons: usize, seed: u64) -> Vec<Vec<Planned>> {
    let mut chance = Chance::new(seed);
    let chosen = Fault::all().into_iter().flat_map(|fault| std::iter::repeat_n(fault, each_min));
    let mut all: Vec<Planned> = chosen.map(|fault| Planned { fault, at_random: false }).collect();
    while all.len() < count {
        all.push(Planned { fault: drawn(&mut chance), at_random: true });
    }
    chance.shuffle(&mut all);
    let mut plans: Vec<Vec<Planned>> = vec![Vec::new(); daemons];
    // What has a worker wait for its health is dealt evenly, since that is what takes time.
    let (waiting, rest): (Vec<Planned>, Vec<Planned>) = all.into_iter().partition(|one| one.fault.wants_health());
    for (index, planned) in waiting.into_iter().chain(rest).enumerate() {
        plans[index % daemons].push(planned);
    }
    plans.into_iter().map(spread).collect()
}

/// Puts as many others between any two faults that want health, so that the wait is of use.
fn spread(plan: Vec<Planned>) -> Vec<Planned> {
    let (waiting, rest): (Vec<Planned>, Vec<Planned>) = plan.into_iter().partition(|one| one.fault.wants_health());
    let (gaps, all) = (waiting.len() + 1, rest.len());
    let mut rest = rest.into_iter();
    let mut spread = Vec::new();
    for (gap, planned) in waiting.into_iter().map(Some).chain([None]).enumerate() {
        let until = all * (gap + 1) / gaps;
        let between: Vec<Planned> = rest.by_ref().take(until - all * gap / gaps).collect();
        // What kills a worker soon after another comes first: then the next one has the rest of the time.
        let (soon, others): (Vec<Planned>, Vec<Planned>) = between.into_iter().partition(|one| one.fault.kills_soon());
        spread.extend(soon.into_iter().chain(others));
        spread.extend(planned);
    }
    spread
}

fn drawn(chance: &mut Chance) -> Fault {
    let numbers = |holds: fn(Holder) -> bool| -> Vec<u8> {
        Mode::ALL.into_iter().filter(|mode| holds(mode.holder())).map(Mode::number).collect()
    };
    let mut left = chance.below(1000) as u64;
    let group = WEIGHTS.into_iter().find(|(_, weight)| left.checked_sub(*weight).map(|less| left = less).is_none());
    match group.map_or(Group::Held, |(group, _)| group) {
        group @ (Group::Death | Group::DeathSoon) => {
            let number = chance.of(&numbers(|holder| holder == Holder::Worker));
            Fault::Mode { number, soon: group == Group::DeathSoon }
        }
        Group::Held => Fault::Mode { number: chance.of(&numbers(|holder| holder != Holder::Worker)), soon: false },
        Group::Lie => Fault::Lie(u8::try_from(chance.below(LIES)).expect("they are few")),
        Group::Outside => Fault::Outside(chance.of(&Outside::ALL)),
    }
}

#[test]
fn a_plan_has_every_fault_as_often_as_is_said_and_is_the_same_for_the_same_seed() {
    for (count, each_min, daemons) in [(240, 1, 4), (10_000, 30, 6), (60, 1, 7)] {
        let made = plans(count, each_min, daemons, 7);
        assert_eq!(made, plans(count, each_min, daemons, 7));
        assert_ne!(made, plans(count, each_min, daemons, 8));
        let all: Vec<Planned> = made.concat();
        assert_eq!(all.len(), count.max(Fault::all().len() * each_min));
        for fault in Fault::all() {
            let chosen = all.iter().filter(|one| one.fault == fault && !one.at_random).count();
            assert_eq!(chosen, each_min, "{fault:?}");
        }
        let lengths: Vec<usize> = made.iter().map(Vec::len).collect();
        assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1, "{lengths:?}");
    }
}
