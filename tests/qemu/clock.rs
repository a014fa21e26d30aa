//! The clock of the machine is set back by hours and put right again while everything runs.

use crate::lab::Lab;
use crate::limits::{GAP_AT_MOST, WORDS, worker};
use crate::witness::Witness;

/// Pictures that are seen after each change.
const PICTURES: usize = 60;
/// How far the time that the board shows may be from the time, in seconds.
const OFF_AT_MOST: u64 = 30;
const DAY_S: u64 = 24 * 60 * 60;

/// What stands beside a name on the board.
pub fn figure(screen: &str, name: &str) -> Option<u64> {
    let shown = screen.split_once(&format!("{name} "))?.1.trim_start();
    shown.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
}

/// How far the time of the day on the board is from the machine's, in seconds; none while the source that is asked for the hour
/// tells another one.
fn off(lab: &Lab, screen: &str) -> Option<u64> {
    let shown = 60 * (60 * figure(screen, "hour")? + figure(screen, "minute")?) + figure(screen, "second")?;
    let now: u64 = lab.run("date +%s").parse().expect("a number");
    let ahead = (shown + DAY_S - now % DAY_S) % DAY_S;
    // Whoever is asked now and then may have been asked before the hour.
    let asked = figure(screen, "asked")?;
    let hour_of = |at: u64| at % DAY_S / 3600;
    (asked == hour_of(now) || asked == hour_of(now.saturating_sub(OFF_AT_MOST))).then(|| ahead.min(DAY_S - ahead))
}

/// Waits until the board shows what the time is now.
pub fn wait_right(lab: &Lab, witness: &Witness) {
    let is_right = || {
        let screen = witness.seen().screen().to_owned();
        off(lab, &screen).is_some_and(|off| off <= OFF_AT_MOST)
    };
    lab.until("the board shows the time that it is now", is_right);
}

pub fn is_set_back_and_put_right(lab: &Lab) {
    let witness = Witness::start(&lab.door(), "default/words", WORDS);
    let (pid, epoch) = (lab.main_pid(), worker(lab, "default")["epoch"].clone());
    wait_right(lab, &witness);
    for (what, by) in [("set back by seven hours", "-7 hours"), ("put right again", "+7 hours")] {
        lab.run(&format!("date -s \"$(date -d '{by}' '+%F %T')\""));
        witness.wait_for_more(PICTURES);
        wait_right(lab, &witness);
        assert!(!witness.seen().screen().contains("stale"), "{what}:\n{}", witness.seen().screen());
        assert_eq!((lab.main_pid(), &worker(lab, "default")["epoch"]), (pid.clone(), &epoch), "{what}");
    }
    let seen = witness.end();
    println!("{}", seen.row("the same while the clock is set back by seven hours, and put right again"));
    assert!(seen.longest() <= GAP_AT_MOST, "they stood still for {:?}", seen.longest());
    assert_eq!(seen.trouble, None);
    // What comes up while the clock is wrong knows a past that has not been yet.
    lab.run("date -s \"$(date -d '-7 hours' '+%F %T')\"; systemctl restart unblink.service");
    let witness = Witness::start(&lab.door(), "default/words", WORDS);
    wait_right(lab, &witness);
    assert!(!witness.end().screen().contains("stale"));
    lab.run("unblink doctor && systemctl reload unblink.service");
    lab.run("date -s \"$(date -d '+7 hours' '+%F %T')\"");
    println!(
        "note: After each change of the clock the board showed the time that it was by then; neither daemon nor worker was \
         started anew for it, and one that was started while it was wrong came up right."
    );
}
