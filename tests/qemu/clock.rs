//! The clock of the machine is set back by hours and put right again while everything runs.

use std::time::Duration;

use crate::lab::Lab;
use crate::limits::{GAP_AT_MOST, WORDS, worker};
use crate::witness::Witness;

/// Pictures that are seen after each change.
const PICTURES: usize = 60;
/// How far the figure on the board, which is the time, may be from the time.
const OFF_AT_MOST: Duration = Duration::from_secs(30);

/// The time that the board shows, in seconds since 1970, and the machine's.
pub fn times(lab: &Lab, screen: &str) -> Option<(u64, u64)> {
    let shown = screen.split_once("tick ")?.1.trim_start();
    // As it is drawn: 1,764,185,041 or 1764185041.25.
    let digits: String = shown.chars().take_while(|one| one.is_ascii_digit() || *one == ',').collect();
    let shown = digits.replace(',', "").parse().ok()?;
    Some((shown, lab.run("date +%s").parse().expect("a number")))
}

/// Waits until the board shows what the time is now.
pub fn wait_right(lab: &Lab, witness: &Witness) {
    let is_right = || {
        let screen = witness.seen().screen().to_owned();
        times(lab, &screen).is_some_and(|(shown, now)| shown.abs_diff(now) <= OFF_AT_MOST.as_secs())
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
    assert!(!seen.trouble, "{}", seen.screen());
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
