//! Supervisors on a clock of our own, and against a plain account of what runs.

use super::*;

mod law;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// A supervisor whose children do as they are told.
struct Tree {
    machine: Supervisor,
    now: Mono,
    /// What was done, in words.
    done: Vec<String>,
    lives: BTreeMap<ChildId, Life>,
    names: BTreeMap<ChildId, String>,
    outcome: Option<Outcome>,
}

// === impl Tree ===

impl Tree {
    fn begun(plan: Plan, children: Vec<Spec>) -> Tree {
        let machine = Supervisor::new(plan, children);
        let names = machine.children().map(|(id, child)| (id, child.name().to_owned())).collect();
        let mut tree = Tree { machine, now: Mono(0), done: Vec::new(), lives: BTreeMap::new(), names, outcome: None };
        tree.event(Event::Begin);
        tree
    }

    fn event(&mut self, event: Event) {
        for action in self.machine.step(self.now, event) {
            let name = |id: &ChildId| self.names.get(id).cloned().unwrap_or_else(|| format!("{id:?}"));
            self.done.push(match &action {
                Action::Start(life) => {
                    assert_eq!(self.lives.insert(life.child, *life), None, "it runs already");
                    format!("start {}", name(&life.child))
                }
                Action::Stop(life) => format!("stop {}", name(&life.child)),
                Action::Kill(life) => format!("kill {}", name(&life.child)),
                Action::Forget(id) => format!("forget {}", name(id)),
                Action::Refuse => "refuse".to_owned(),
                Action::Over(outcome) => {
                    self.outcome = Some(outcome.clone());
                    "over".to_owned()
                }
            });
        }
    }

    fn id(&self, name: &str) -> ChildId {
        *self.names.iter().find(|(_, is)| *is == name).expect("a child of that name").0
    }

    fn ends(&mut self, name: &str, end: End) {
        let id = self.id(name);
        let life = self.lives.remove(&id).expect("it runs");
        self.event(Event::Ended { life, end, random: 0 });
    }

    fn dies(&mut self, name: &str) {
        self.ends(name, End::Fault("panicked".to_owned()));
    }

    fn ready(&mut self, name: &str) {
        let life = self.lives[&self.id(name)];
        self.event(Event::Ready(life));
    }

    fn add(&mut self, spec: Spec) {
        self.names.insert(self.machine.next_id(), spec.name.clone());
        self.event(Event::Add(spec));
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now + span;
        self.event(Event::Tick);
    }

    /// What was done since the last look.
    #[track_caller]
    fn did(&mut self, expected: &[&str]) {
        assert_eq!(std::mem::take(&mut self.done), expected);
    }
}

fn abc() -> Vec<Spec> {
    ["a", "b", "c"].map(|name| Spec::permanent(name).stopped(Shutdown::Within(SECOND))).to_vec()
}

fn plan(strategy: Strategy) -> Plan {
    Plan::new(strategy).bearing(5, 60 * SECOND)
}

#[test]
fn children_are_started_in_order_each_once_the_one_before_is_ready() {
    let children = abc().into_iter().map(Spec::ready_when_said).collect();
    let mut tree = Tree::begun(plan(Strategy::OneForOne), children);
    tree.did(&["start a"]);
    tree.ready("a");
    tree.did(&["start b"]);
    tree.ready("a");
    tree.did(&[]);
    tree.ready("b");
    tree.did(&["start c"]);
}

#[test]
fn one_that_dies_before_it_is_ready_keeps_those_after_it_waiting() {
    let children = abc().into_iter().map(Spec::ready_when_said).collect();
    let mut tree = Tree::begun(plan(Strategy::OneForOne), children);
    tree.dies("a");
    tree.did(&["start a", "start a"]);
    tree.dies("a");
    tree.did(&[]);
    tree.pass(100 * MS);
    tree.did(&["start a"]);
    tree.ready("a");
    tree.did(&["start b"]);
}

#[test]
fn all_are_stopped_in_reverse_order_with_a_deadline_then_by_force() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), abc());
    tree.done.clear();
    tree.event(Event::Stop);
    tree.did(&["stop c"]);
    tree.ends("c", End::Normal);
    tree.did(&["stop b"]);
    tree.pass(SECOND - MS);
    tree.did(&[]);
    assert_eq!(tree.machine.wake_at(), Some(Mono(0) + SECOND));
    tree.pass(MS);
    tree.did(&["kill b"]);
    tree.pass(SECOND);
    tree.did(&[]);
    tree.ends("b", End::Fault("aborted".to_owned()));
    tree.did(&["stop a"]);
    tree.ends("a", End::Normal);
    tree.did(&["over"]);
    assert_eq!((tree.outcome, tree.machine.wake_at()), (Some(Outcome::Stopped), None));
}

#[test]
fn one_for_one_starts_nobody_else() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), abc());
    tree.done.clear();
    tree.dies("b");
    tree.did(&["start b"]);
}

#[test]
fn one_for_all_stops_the_others_in_reverse_order_and_starts_all_in_order() {
    let mut tree = Tree::begun(plan(Strategy::OneForAll), abc());
    tree.done.clear();
    tree.dies("b");
    tree.did(&["stop c"]);
    tree.ends("c", End::Normal);
    tree.did(&["stop a"]);
    tree.ends("a", End::Normal);
    tree.did(&["start a", "start b", "start c"]);
    let restarts: Vec<u64> = tree.machine.children().map(|(_, child)| child.restarts()).collect();
    assert_eq!(restarts, [1, 1, 1]);
}

#[test]
fn rest_for_one_leaves_those_alone_that_were_started_before() {
    let mut tree = Tree::begun(plan(Strategy::RestForOne), abc());
    tree.done.clear();
    tree.dies("b");
    tree.did(&["stop c"]);
    tree.ends("c", End::Normal);
    tree.did(&["start b", "start c"]);
    tree.dies("c");
    tree.did(&["start c"]);
}

#[test]
fn a_second_fault_while_a_group_is_brought_down_widens_the_group() {
    let mut tree = Tree::begun(plan(Strategy::RestForOne), abc());
    tree.done.clear();
    tree.dies("b");
    tree.dies("a");
    tree.did(&["stop c"]);
    tree.ends("c", End::Normal);
    tree.did(&["start a", "start b", "start c"]);
}

#[test]
fn a_group_waits_for_the_pause_of_the_one_that_fails() {
    let mut tree = Tree::begun(plan(Strategy::OneForAll), vec![Spec::permanent("a"), Spec::permanent("b")]);
    for _ in 0..2 {
        tree.dies("b");
        tree.ends("a", End::Normal);
    }
    tree.did(&["start a", "start b", "kill a", "start a", "start b", "kill a"]);
    let due = Mono(0) + 100 * MS;
    assert_eq!((tree.machine.wake_at(), tree.machine.next_retry(tree.id("b"))), (Some(due), Some(due)));
    tree.pass(100 * MS);
    tree.did(&["start a", "start b"]);
}

#[test]
fn who_is_started_again_depends_on_how_it_ended() {
    let children = vec![Spec::permanent("always"), Spec::transient("after faults"), Spec::temporary("once")];
    let mut tree = Tree::begun(plan(Strategy::OneForOne), children);
    tree.done.clear();
    tree.ends("always", End::Normal);
    tree.dies("after faults");
    tree.dies("once");
    tree.did(&["start always", "start after faults", "forget once"]);
    tree.ends("after faults", End::Normal);
    tree.did(&[]);
    assert_eq!(tree.machine.child(tree.id("after faults")).map(Child::phase), Some(Phase::Done));
    assert_eq!(tree.machine.child(tree.id("always")).and_then(Child::last_fault), None, "it did end as planned");
}

#[test]
fn a_group_brings_back_what_had_ended_and_forgets_what_is_there_once() {
    let children = vec![Spec::permanent("a"), Spec::transient("b"), Spec::temporary("c")];
    let mut tree = Tree::begun(plan(Strategy::OneForAll), children);
    tree.ends("b", End::Normal);
    tree.done.clear();
    tree.dies("a");
    tree.did(&["kill c"]);
    tree.ends("c", End::Normal);
    tree.did(&["forget c", "start a", "start b"]);
}

#[test]
fn one_restart_in_five_seconds_is_borne_and_the_second_is_too_many() {
    let mut tree = Tree::begun(Plan::new(Strategy::OneForOne), abc());
    tree.dies("b");
    tree.pass(5 * SECOND);
    tree.done.clear();
    tree.dies("a");
    tree.did(&["stop c"]);
    tree.ends("c", End::Normal);
    tree.ends("b", End::Normal);
    tree.did(&["stop b", "over"]);
    let gave_up = Outcome::GaveUp { child: "a".to_owned(), fault: "panicked".to_owned() };
    assert_eq!(tree.outcome, Some(gave_up));

    let mut tree = Tree::begun(Plan::new(Strategy::OneForOne), abc());
    tree.dies("b");
    tree.pass(5 * SECOND + MS);
    tree.dies("a");
    assert_eq!(tree.outcome, None, "the first is too long ago");
}

#[test]
fn pauses_grow_with_each_fault_and_health_ends_them() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne).bearing(64, SECOND), vec![Spec::permanent("a")]);
    let mut pauses = Vec::new();
    for _ in 0..4 {
        tree.dies("a");
        let until = tree.machine.next_retry(tree.id("a")).unwrap_or(tree.now);
        pauses.push(until.since(tree.now).as_millis());
        tree.pass(until.since(tree.now));
    }
    assert_eq!(pauses, [0, 100, 200, 400]);
    tree.pass(HEALTHY_AFTER);
    tree.done.clear();
    tree.dies("a");
    tree.did(&["start a"]);
}

#[test]
fn those_that_are_added_wait_for_those_in_order_and_for_nobody_else() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), vec![Spec::permanent("a").ready_when_said()]);
    tree.add(Spec::permanent("x").ready_when_said());
    tree.add(Spec::permanent("y"));
    tree.did(&["start a"]);
    tree.ready("a");
    tree.did(&["start x", "start y"]);
}

#[test]
fn those_that_were_added_are_stopped_at_once_before_the_others() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), abc());
    tree.add(Spec::temporary("x").stopped(Shutdown::Within(SECOND)));
    tree.add(Spec::temporary("y"));
    tree.done.clear();
    tree.event(Event::Stop);
    tree.did(&["kill y", "stop x"]);
    tree.add(Spec::temporary("z"));
    tree.did(&["refuse"]);
    tree.ends("y", End::Normal);
    tree.did(&[]);
    tree.ends("x", End::Normal);
    tree.did(&["stop c"]);
}

#[test]
fn one_that_is_removed_is_stopped_and_forgotten_and_nobody_waits_for_it() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), abc());
    tree.done.clear();
    tree.event(Event::Remove(tree.id("b")));
    tree.did(&["stop b"]);
    tree.dies("a");
    tree.did(&["start a"]);
    tree.ends("b", End::Normal);
    tree.did(&["forget b"]);
    tree.dies("c");
    tree.dies("c");
    tree.done.clear();
    tree.event(Event::Remove(tree.id("c")));
    tree.did(&["forget c"]);
}

#[test]
fn what_an_earlier_life_says_is_not_believed_of_the_next() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), vec![Spec::permanent("a").ready_when_said()]);
    let first = tree.lives[&ChildId(0)];
    tree.dies("a");
    tree.event(Event::Ready(first));
    tree.event(Event::Ended { life: first, end: End::Normal, random: 0 });
    assert!(matches!(tree.machine.child(first.child).map(Child::phase), Some(Phase::Starting { .. })));
}

#[test]
fn a_supervisor_that_is_full_takes_no_more() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), Vec::new());
    (0..limits::CHILDREN_MAX).for_each(|_| tree.add(Spec::temporary("x")));
    tree.done.clear();
    tree.add(Spec::temporary("y"));
    tree.did(&["refuse"]);
}

#[test]
fn force_ends_all_at_once_and_once() {
    let mut tree = Tree::begun(plan(Strategy::OneForOne), abc());
    tree.done.clear();
    tree.event(Event::Stop);
    tree.event(Event::Kill);
    tree.event(Event::Kill);
    tree.did(&["stop c", "kill c", "kill b", "kill a"]);
}
