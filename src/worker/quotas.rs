//! How many pictures this tenant may have drawn a second: of all its views together, and of each board.
//!
//! Invariant: a picture takes a token of both buckets, or of neither. What comes too early is left out and counted, never
//! queued; views that nobody has seen yet go before, so that a key is answered also where the others take all there is.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{Mono, limits};
use crate::config::TenantSettings;
use crate::machine::quota::Quota;
use crate::scene::Boards;
use crate::wire::feed::CountRow;

/// The caps in force, and what they cost.
#[derive(Debug, Default)]
pub struct Quotas {
    tenant: Option<Quota>,
    board_hz: Option<u32>,
    boards: BTreeMap<String, Quota>,
    limited: BTreeMap<String, u64>,
    /// Of boards that are gone, too.
    total: u64,
}

/// No picture before that time has passed, under a cap of so many a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    pub wait: Duration,
    pub hz: u32,
}

// === impl Quotas ===

impl Quotas {
    /// Other caps, or other boards. A cap that did not change goes on where it was.
    pub fn set(&mut self, caps: Option<&TenantSettings>, boards: &Boards) {
        let (tenant, board) = caps.map_or((None, None), |caps| (caps.refresh_hz, caps.refresh_board_hz));
        if self.tenant.as_ref().map(Quota::rate_hz) != tenant {
            self.tenant = tenant.map(Quota::of_rate);
        }
        if self.board_hz != board {
            self.board_hz = board;
            self.boards.clear();
        }
        self.boards.retain(|name, _| boards.get(name).is_some());
        self.limited.retain(|name, _| boards.get(name).is_some());
    }

    /// Whether anything is capped.
    pub fn any(&self) -> bool {
        self.tenant.is_some() || self.board_hz.is_some()
    }

    /// Takes what one picture of a board costs. One that is `urgent` may take what others have to leave.
    pub fn take(&mut self, board: &str, urgent: bool, now: Mono) -> Result<(), Held> {
        if let Some(hz) = self.board_hz
            && !self.boards.contains_key(board)
            && self.boards.len() < limits::BOARDS_MAX
        {
            self.boards.insert(board.to_owned(), Quota::of_rate(hz));
        }
        let mut quotas: Vec<&mut Quota> = self.tenant.iter_mut().chain(self.boards.get_mut(board)).collect();
        let mut held: Option<Held> = None;
        for quota in &mut quotas {
            let leaving = if urgent { 0 } else { quota.reserve() };
            if let Err(wait) = quota.peek(now, leaving) {
                let one = Held { wait, hz: quota.rate_hz() };
                held = Some(held.filter(|other| other.wait >= wait).unwrap_or(one));
            }
        }
        if let Some(held) = held {
            return Err(held);
        }
        for quota in quotas {
            // There was one to take, so there is.
            let _ = quota.take(now, 0);
        }
        Ok(())
    }

    /// So many pictures of a board were left out.
    pub fn left_out(&mut self, board: &str, count: u64) {
        if count == 0 {
            return;
        }
        self.total = self.total.saturating_add(count);
        if let Some(known) = self.limited.get_mut(board) {
            *known = known.saturating_add(count);
        } else if self.limited.len() < limits::BOARDS_MAX {
            self.limited.insert(board.to_owned(), count);
        }
    }

    pub fn total(&self) -> u64 {
        self.total
    }

    /// By board, those with the most first.
    pub fn by_board(&self) -> Vec<CountRow> {
        let row = |(name, count): (&String, &u64)| CountRow { name: name.clone(), count: *count };
        let mut rows: Vec<CountRow> = self.limited.iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.count));
        rows.truncate(limits::STATUS_ROWS_MAX);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas(refresh_hz: Option<u32>, refresh_board_hz: Option<u32>) -> Quotas {
        let mut quotas = Quotas::default();
        let caps = TenantSettings { refresh_hz, refresh_board_hz, ..TenantSettings::default() };
        quotas.set(Some(&caps), &Boards::shipped());
        quotas
    }

    fn drawn(quotas: &mut Quotas, board: &str, now: Mono) -> usize {
        (0..1000).filter(|_| quotas.take(board, false, now).is_ok()).count()
    }

    #[test]
    fn each_board_has_its_cap_and_all_of_them_theirs() {
        let now = Mono(1);
        let mut both = quotas(Some(40), Some(8));
        assert_eq!(drawn(&mut both, "host", now), 6, "a quarter is left for what is urgent");
        assert_eq!(drawn(&mut both, "demo", now), 6, "one board's cap is no matter of another");
        assert_eq!(both.take("host", false, now), Err(Held { wait: Duration::from_millis(125), hz: 8 }));
        assert_eq!(both.take("host", true, now), Ok(()));
        let mut all = quotas(Some(8), None);
        assert_eq!([drawn(&mut all, "host", now), drawn(&mut all, "demo", now)], [6, 0]);
        assert_eq!(drawn(&mut quotas(None, None), "host", now), 1000);
    }

    #[test]
    fn what_one_bucket_refuses_takes_nothing_from_the_other() {
        let mut quotas = quotas(Some(100), Some(8));
        let now = Mono(1);
        assert_eq!(drawn(&mut quotas, "host", now), 6);
        assert_eq!((0..1000).filter(|_| quotas.take("host", false, now).is_ok()).count(), 0);
        let others = (0..1000).filter(|number| quotas.take(&format!("board {number}"), false, now).is_ok()).count();
        assert_eq!(others, 75 - 6);
    }

    #[test]
    fn a_cap_that_did_not_change_goes_on_where_it_was() {
        let mut quotas = quotas(Some(8), None);
        let now = Mono(1);
        assert_eq!(drawn(&mut quotas, "host", now), 6);
        let caps = |hz| TenantSettings { refresh_hz: Some(hz), ..TenantSettings::default() };
        quotas.set(Some(&caps(8)), &Boards::shipped());
        assert_eq!(drawn(&mut quotas, "host", now), 0);
        quotas.set(Some(&caps(4)), &Boards::shipped());
        assert_eq!(drawn(&mut quotas, "host", now), 3);
    }

    #[test]
    fn what_was_left_out_is_counted_by_board() {
        let mut quotas = Quotas::default();
        for (board, count) in [("host", 2), ("demo", 5), ("host", 0)] {
            quotas.left_out(board, count);
        }
        let rows: Vec<(String, u64)> = quotas.by_board().into_iter().map(|row| (row.name, row.count)).collect();
        assert_eq!((rows, quotas.total()), (vec![("demo".to_owned(), 5), ("host".to_owned(), 2)], 7));
    }
}
