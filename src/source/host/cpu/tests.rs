//! Shares from texts of `/proc/stat`, as kernels and containers write it.

use super::*;

fn stat(lines: &str) -> Counters {
    Counters::parse(lines).expect("the text is a /proc/stat")
}

/// Shares after `before` and then `after` were read.
fn shares(before: &str, after: &str) -> Shares {
    let mut rates = Rates::default();
    assert_eq!(rates.take(&stat(before)), Shares::default(), "the first reading is only a baseline");
    rates.take(&stat(after))
}

#[test]
fn a_share_is_the_busy_part_of_the_time_passed() {
    // user nice system idle iowait irq softirq steal guest guest_nice
    let before = "cpu  100 0 100 800 0 0 0 0 50 0\ncpu0 100 0 100 800 0 0 0 0 50 0\nintr 5 0 0\nctxt 9\n";
    let after = "cpu  110 5 105 850 10 5 10 5 55 0\ncpu0 100 0 100 900 0 0 0 0 50 0\nintr 6 0 0\nctxt 9\n";
    let shares = shares(before, after);
    // 10 + 5 + 5 + 5 + 10 + 5 busy of 100; guest time is in user time already.
    assert_eq!(shares.whole, Some(40.0));
    assert_eq!(shares.cores, vec![(0, 0.0)]);
}

#[test]
fn waiting_for_disks_and_for_other_machines_are_shares_of_the_same_time() {
    let shares = shares("cpu  100 0 0 100 10 0 0 20\n", "cpu  130 0 0 150 20 0 0 30\n");
    assert_eq!((shares.whole, shares.iowait, shares.steal), (Some(40.0), Some(10.0), Some(10.0)));
    let old = self::shares("cpu  10 0 10 80\n", "cpu  20 0 20 160\n");
    assert_eq!((old.iowait, old.steal), (None, None), "old kernels do not tell");
    let mut rates = Rates::default();
    rates.take(&stat("cpu  10 0 0 10 5 0 0 5\n"));
    assert_eq!(rates.take(&stat("cpu  10 0 0 10 5 0 0 5\n")), Shares::default(), "no tick passed");
    let later = rates.take(&stat("cpu  15 0 0 11 4 0 0 10\n"));
    assert_eq!((later.iowait, later.steal), (Some(0.0), Some(50.0)), "waiting went back a little");
}

#[test]
fn the_short_lines_of_old_kernels_are_enough() {
    assert_eq!(shares("cpu  10 0 10 80\n", "cpu  20 0 20 160\n").whole, Some(20.0));
}

#[test]
fn counters_that_start_over_give_no_number_but_a_new_baseline() {
    let mut rates = Rates::default();
    rates.take(&stat("cpu  1000 0 0 1000\n"));
    assert_eq!(rates.take(&stat("cpu  10 0 0 10\n")).whole, None);
    assert_eq!(rates.take(&stat("cpu  20 0 0 20\n")).whole, Some(50.0));
}

#[test]
fn waiting_time_that_goes_back_a_little_is_no_reset() {
    assert_eq!(shares("cpu  100 0 0 100 50\n", "cpu  150 0 0 140 40\n").whole, Some(100.0 * 50.0 / 80.0));
}

#[test]
fn no_tick_passed_keeps_the_baseline() {
    let mut rates = Rates::default();
    rates.take(&stat("cpu  100 0 0 100\n"));
    assert_eq!(rates.take(&stat("cpu  100 0 0 100\n")).whole, None);
    assert_eq!(rates.take(&stat("cpu  101 0 0 103\n")).whole, Some(25.0));
}

#[test]
fn cores_keep_their_numbers_while_others_go_and_come() {
    let mut rates = Rates::default();
    rates.take(&stat("cpu  3 0 0 3\ncpu0 1 0 0 1\ncpu1 1 0 0 1\ncpu2 1 0 0 1\n"));
    let without = rates.take(&stat("cpu  6 0 0 6\ncpu0 2 0 0 2\ncpu2 1 0 0 3\n"));
    assert_eq!(without.cores, vec![(0, 50.0), (2, 0.0)], "core 2 is still core 2");
    let back = rates.take(&stat("cpu  9 0 0 9\ncpu0 3 0 0 2\ncpu1 9 0 0 9\ncpu2 1 0 0 4\n"));
    assert_eq!(back.cores, vec![(0, 100.0), (2, 0.0)], "a core that came back has a baseline only");
    let again = rates.take(&stat("cpu  9 0 0 9\ncpu0 4 0 0 2\ncpu1 10 0 0 9\ncpu2 1 0 0 5\n"));
    assert_eq!(again.cores, vec![(0, 100.0), (1, 100.0), (2, 0.0)]);
}

#[test]
fn a_machine_of_many_cores_is_cut_at_the_cap() {
    let mut text = "cpu  1 1 1 1\n".to_owned();
    for core in 0..limits::CORES_MAX + 5 {
        text.push_str(&format!("cpu{core} 1 1 1 1\n"));
    }
    assert_eq!(stat(&text).cores.len(), limits::CORES_MAX);
}

#[test]
fn what_is_no_stat_is_refused() {
    for text in ["", "nothing here\n", "cpu  \n", "cpu  a b c d\n", "cpu0 1 1 1 1\n", "cpu  1 1 1\n", "cpu  -1 1 1 1\n"]
    {
        assert_eq!(Counters::parse(text), None, "{text:?}");
    }
    // A core with a strange name is left out; the others count.
    assert_eq!(stat("cpu  1 1 1 1\ncpux 1 1 1 1\ncpu7 1 1 1 1\n").cores.into_keys().collect::<Vec<_>>(), vec![7]);
}

#[test]
fn counters_near_their_end_do_not_overflow() {
    let max = u64::MAX;
    let text = format!("cpu  {max} {max} {max} {max}\n");
    assert_eq!(stat(&text).whole, Ticks { busy: max, idle: max });
}
