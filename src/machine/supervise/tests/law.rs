//! Whatever happens: one life of each child, order, intensity, and an end.

use proptest::prelude::*;

use super::*;
use crate::machine::supervise::Strategy;

/// What is known from the outside alone.
struct Account {
    machine: Supervisor,
    plan: Plan,
    now: Mono,
    /// What runs, and whether it is asked or forced to end.
    running: BTreeMap<ChildId, (Life, bool)>,
    /// Since its group was started: it may be that its next start waits for nobody.
    was_ready: BTreeSet<ChildId>,
    added: BTreeSet<ChildId>,
    removed: BTreeSet<ChildId>,
    /// All restarts that were borne.
    restarts: Vec<Mono>,
    /// The next action must lead to the end.
    gave_up: bool,
    stopped: bool,
    over: Option<Outcome>,
}

impl Account {
    fn specs(count: usize, shapes: &[u8]) -> Vec<Spec> {
        (0..count).map(|place| shape(&place.to_string(), shapes[place % shapes.len()])).collect()
    }

    fn event(&mut self, event: Event) {
        let actions = self.machine.step(self.now, event);
        for action in actions {
            assert!(self.over.is_none() || action == Action::Refuse, "{action:?} follows the end");
            match action {
                Action::Start(life) => self.started(life),
                Action::Stop(life) => self.told(life, false),
                Action::Kill(life) => self.told(life, true),
                Action::Forget(id) => {
                    assert!(!self.running.contains_key(&id), "it runs");
                    self.removed.insert(id);
                }
                Action::Refuse => {}
                Action::Over(outcome) => {
                    assert!(self.running.is_empty(), "{:?} run on", self.running);
                    assert_eq!(matches!(outcome, Outcome::GaveUp { .. }), self.gave_up);
                    self.over = Some(outcome);
                }
            }
        }
    }

    fn started(&mut self, life: Life) {
        let twice = self.running.insert(life.child, (life, false));
        assert_eq!(twice, None, "two lives of one child");
        assert!(!self.gave_up && !self.stopped, "started while all end");
        assert!(!self.removed.contains(&life.child), "it was forgotten");
        for (id, child) in self.machine.children().filter(|(id, _)| *id < life.child && !self.added.contains(id)) {
            // By the time it is looked at those before it may have been started in the same step, but are ready.
            let may = !matches!(child.phase(), Phase::Starting { .. } | Phase::Down)
                || self.was_ready.contains(&id)
                || self.removed.contains(&id);
            assert!(may, "{:?} was started before {id:?} was ready", life.child);
        }
    }

    fn told(&mut self, life: Life, by_force: bool) {
        if !self.added.contains(&life.child) && !by_force && (self.stopped || self.gave_up) {
            let later = self.running.keys().any(|id| *id > life.child);
            assert!(!later, "{:?} is stopped before those that were started after it", life.child);
        }
        let (runs, asked) = self.running.get_mut(&life.child).expect("only what runs is stopped");
        assert_eq!(*runs, life);
        assert!(by_force || !*asked, "asked twice");
        *asked = true;
    }

    fn ends(&mut self, id: ChildId, end: End, random: u64) {
        let Some((life, asked)) = self.running.remove(&id) else { return };
        let child = self.machine.child(id).expect("what runs is a child");
        let again = match child.spec().restart {
            Restart::Permanent => true,
            Restart::Transient => matches!(end, End::Fault(_)),
            Restart::Temporary => false,
        };
        // One that its group takes down anyway is no further fault, and only the machine knows of the group.
        if again && !asked && child.doomed().is_none() {
            let recent = self.restarts.iter().filter(|at| self.now.since(**at) <= self.plan.intensity.period).count();
            if recent < self.plan.intensity.restarts as usize {
                self.restarts.push(self.now);
            } else {
                self.gave_up = true;
            }
        }
        self.event(Event::Ended { life, end, random });
    }

    fn pick(&self, place: u8) -> Option<ChildId> {
        let all: Vec<ChildId> = self.machine.children().map(|(id, _)| id).collect();
        (!all.is_empty()).then(|| all[usize::from(place) % all.len()])
    }

    fn does(&mut self, what: u8, place: u8, random: u64) {
        match what {
            0..=3 => {
                if let Some(id) = self.pick(place) {
                    let end = if random.is_multiple_of(3) { End::Normal } else { End::Fault("x".to_owned()) };
                    self.ends(id, end, random);
                }
            }
            4 | 5 => {
                if let Some((life, _)) = self.pick(place).and_then(|id| self.running.get(&id).copied()) {
                    self.was_ready.insert(life.child);
                    self.event(Event::Ready(life));
                }
            }
            6 => {
                self.added.insert(self.machine.next_id());
                self.event(Event::Add(shape("added", place)));
            }
            7 => {
                if let Some(id) = self.pick(place) {
                    self.event(Event::Remove(id));
                }
            }
            _ => self.event(Event::Tick),
        }
    }
}

fn shape(name: &str, shape: u8) -> Spec {
    let restart = [Restart::Permanent, Restart::Transient, Restart::Temporary][usize::from(shape % 3)];
    let shutdown = [Shutdown::Brutal, Shutdown::Within(SECOND), Shutdown::Within(10 * MS)][usize::from(shape / 3 % 3)];
    let readiness = if shape.is_multiple_of(2) { Readiness::AtOnce } else { Readiness::WhenSaid };
    Spec { restart, shutdown, readiness, ..Spec::permanent(name) }
}

proptest! {
    #[test]
    fn whatever_happens_the_law_holds(
        strategy in prop_oneof![
            Just(Strategy::OneForOne), Just(Strategy::OneForAll), Just(Strategy::RestForOne)
        ],
        restarts in 0_u32..6,
        period_s in 1_u64..20,
        children in 0_usize..6,
        shapes in proptest::collection::vec(any::<u8>(), 6),
        steps in proptest::collection::vec((0_u8..10, any::<u8>(), 0_u64..3_000, any::<u64>()), 0..150),
    ) {
        let plan = Plan::new(strategy).bearing(restarts, Duration::from_secs(period_s));
        let mut account = Account {
            machine: Supervisor::new(plan, Account::specs(children, &shapes)),
            plan,
            now: Mono(0),
            running: BTreeMap::new(),
            was_ready: BTreeSet::new(),
            added: BTreeSet::new(),
            removed: BTreeSet::new(),
            restarts: Vec::new(),
            gave_up: false,
            stopped: false,
            over: None,
        };
        account.event(Event::Begin);
        for (what, place, ms, random) in steps {
            account.now = account.now + Duration::from_millis(ms);
            account.does(what, place, random);
            // A time that is asked for and has passed already would make whoever drives it spin.
            account.event(Event::Tick);
            prop_assert!(account.machine.wake_at().is_none_or(|at| at > account.now));
        }
        // Some do as they are asked, the others only what they are forced to; all of it comes to an end.
        account.stopped = true;
        account.event(Event::Stop);
        for round in 0_u64..10_000 {
            if account.over.is_some() {
                break;
            }
            let asked = account.running.iter().find(|(_, (life, asked))| *asked && life.number % 2 == round % 2);
            match asked.map(|(id, _)| *id) {
                Some(id) => account.ends(id, End::Normal, round),
                None => {
                    account.now = account.machine.wake_at().unwrap_or(account.now);
                    account.event(Event::Tick);
                }
            }
        }
        prop_assert!(account.over.is_some(), "it never ends");
        prop_assert!(account.running.is_empty());
    }
}
