//! What is there on the first day: accounts with a past. Each of its commands was decided on and
//! appended as one is today, at a moment that lies back, and in the shape that the software of that
//! time wrote.

use crate::domain::{AccountCommand, Accounts, Entry, upcasters};
use crate::projections::{BY_DAY_AND_AMOUNT, Build, Model, Rows, State, Told};
use crate::reactions::{self, day};
use crate::storage::{Line, models, post};
use kit::Clock;
use kit::event_store::{About, EventStore, event_id, read_all};
use protocol::Uuid;
use sqlx::sqlite::SqliteConnection;

/// A command of the past.
struct Past {
    /// In seconds since 1970.
    at: i64,
    account_id: i64,
    schema: u16,
    command: AccountCommand,
    by: &'static str,
    why: &'static str,
}

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

pub async fn seed(conn: &mut SqliteConnection, clock: &Clock) -> anyhow::Result<()> {
    let mut past = lives(clock.epoch_s());
    past.sort_by_key(|past| past.at);
    let mut lines = vec![];
    for year in past.chunk_by(|a, b| a.schema == b.schema) {
        lines.extend(match year[0].schema {
            1 => append::<1>(conn, clock, year, lines.len()).await?,
            2 => append::<2>(conn, clock, year, lines.len()).await?,
            _ => append::<3>(conn, clock, year, lines.len()).await?,
        });
    }
    post(conn, &lines).await?;
    first_build(conn, clock).await
}

/// As the software that wrote this shape appended it.
async fn append<const SCHEMA: u16>(
    conn: &mut SqliteConnection,
    clock: &Clock,
    year: &[Past],
    before: usize,
) -> anyhow::Result<Vec<Line>> {
    let store = EventStore::<Accounts<SCHEMA>>::default().with_upcasters(upcasters(|_| true));
    let mut streams = store.load(conn, year.iter().map(|past| past.account_id), &[]).await?;
    let mut lines = vec![];
    for (n, past) in (before as u64..).zip(year) {
        let about = About {
            id: event_id(Uuid::nil(), n),
            at_us: (past.at - clock.epoch_s()) * 1_000_000,
            by: past.by.into(),
            why: past.why.into(),
            ..About::default()
        };
        let appended = reactions::append(&mut streams, clock, past.account_id, past.command, None, about);
        let appended = appended.map_err(anyhow::Error::msg)?;
        lines.extend(appended.map(|(_, line)| Line { seeded: true, ..line }));
    }
    store.save(conn, &streams).await?;
    Ok(lines)
}

/// The read model `balances` as it was written first, with the bug that nobody has noticed.
async fn first_build(conn: &mut SqliteConnection, clock: &Clock) -> anyhow::Result<()> {
    let store = EventStore::<Accounts<3>>::default().with_upcasters(upcasters(|_| true));
    let mut build = Build { state: State::Live, ..Build::begun(Model::Balances, 1, BY_DAY_AND_AMOUNT) };
    let mut rows = Rows::new(&build);
    let batch = read_all(conn, 0).await?;
    for recorded in batch.events().await? {
        let (recorded, event) = store.told(recorded)?;
        let told = Told::new(&recorded, &event);
        rows.apply(&told, |at_us| day(clock, at_us));
        (build.position, build.end) = (told.position, told.position);
    }
    models::keep(conn, &rows).await?;
    models::note(conn, std::iter::once(&build)).await?;
    Ok(())
}

fn deposit(amount_minor: i64) -> AccountCommand {
    AccountCommand::Deposit { amount_minor, backdated_us: 0 }
}

fn withdraw(amount_minor: i64) -> AccountCommand {
    AccountCommand::Withdraw { amount_minor, backdated_us: 0 }
}

/// Every account's past, as of a moment in seconds since 1970.
fn lives(now: i64) -> Vec<Past> {
    let today = now.div_euclid(DAY) * DAY;
    let mut lives = vec![];
    let mut tell = |account_id, schema, at, command, by, why| {
        lives.push(Past { at, account_id, schema, command, by, why });
    };

    let yesterday = today - DAY;
    tell(42, 3, yesterday + 9 * HOUR, AccountCommand::Open, "teller 3", "opened at the counter");
    tell(42, 3, yesterday + 12 * HOUR, deposit(20_000), "teller 3", "paid in at the counter");
    tell(42, 3, yesterday + 15 * HOUR + HOUR / 2, withdraw(5_000), "cash machine 12", "cash");
    tell(42, 3, yesterday + 18 * HOUR, deposit(10_000), "user 1", "from a friend");

    // One that is as old as the software, and was paid the same twice on one day.
    let ago = |days: i64, hour: i64| today - days * DAY + hour * HOUR;
    tell(43, 1, ago(90, 9), AccountCommand::Open, "teller 1", "opened at the counter");
    tell(43, 1, ago(88, 10), deposit(30_000), "employer", "wages");
    tell(43, 1, ago(80, 17), withdraw(4_000), "cash machine 7", "cash");
    tell(43, 2, ago(58, 11), deposit(1_250), "user 1", "a bottle deposit");
    tell(43, 2, ago(45, 10), deposit(7_500), "user 1", "concert ticket, Ada");
    tell(43, 2, ago(45, 16), deposit(7_500), "user 1", "concert ticket, Grace");
    tell(43, 3, ago(10, 13), withdraw(2_000), "cash machine 12", "cash");

    // One whose mistake was found later. 1970 began on a Thursday.
    let since_monday = (today / DAY + 3).rem_euclid(7);
    let monday = today - (since_monday + 7) * DAY;
    let slip = monday + 14 * HOUR;
    let found = monday + 2 * DAY + 11 * HOUR;
    let backdated_us = (found - slip).unsigned_abs() * 1_000_000;
    let entry = Entry { sequence: 3, amount_minor: -8_000, backdated_us };
    let correction = AccountCommand::Correct { entry, amount_minor: 18_000 };
    tell(44, 3, monday + 8 * HOUR, AccountCommand::Open, "teller 3", "opened at the counter");
    tell(44, 3, monday + 10 * HOUR, deposit(50_000), "employer", "wages");
    tell(44, 3, slip, withdraw(8_000), "teller 5", "paid out at the counter");
    tell(44, 3, found, correction, "auditor 1", "180.00 was paid out; 80.00 was typed");

    for account_id in 45..=56 {
        ordinary(account_id, today, &mut tell);
    }
    lives
}

/// Wages, rent and cash over three months: one entry a day at most, so that nothing is alike.
fn ordinary(
    account_id: i64,
    today: i64,
    tell: &mut impl FnMut(i64, u16, i64, AccountCommand, &'static str, &'static str),
) {
    let mut chance = fastrand::Rng::with_seed(account_id.unsigned_abs());
    let mut days = 100 - (account_id - 45);
    let shape = |days: i64| {
        if days > 60 {
            1
        } else if days > 30 {
            2
        } else {
            3
        }
    };
    let at = |days: i64, hour: i64| today - days * DAY + hour * HOUR;
    tell(account_id, 1, at(days, 9), AccountCommand::Open, "teller 1", "opened at the counter");
    let mut balance = 0;
    loop {
        days -= chance.i64(5..11);
        if days < 2 {
            return;
        }
        // The first year's software knew whole units only.
        let unit = if shape(days) == 1 { 100 } else { 1 };
        let amount = chance.i64(1_000..30_000) / unit * unit;
        let (command, by, why) = if balance > amount && chance.bool() {
            balance -= amount;
            (withdraw(amount), "cash machine 7", "cash")
        } else {
            balance += amount;
            (deposit(amount), "employer", "wages")
        };
        tell(account_id, shape(days), at(days, chance.i64(8..18)), command, by, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Account, AccountEvent, decide, evolve};
    use std::collections::{BTreeMap, BTreeSet};

    /// A Sunday, a Monday and a Thursday, at some hour.
    const MOMENTS: [i64; 3] = [1_795_974_109, 1_796_000_000, 1_796_300_000];

    fn sorted(now: i64) -> Vec<Past> {
        let mut past = lives(now);
        past.sort_by_key(|past| past.at);
        past
    }

    /// What came of each command, and what the accounts come to.
    fn decided(now: i64) -> (Vec<(Past, AccountEvent)>, BTreeMap<i64, Account>) {
        let (mut events, mut accounts) = (vec![], BTreeMap::<i64, Account>::new());
        for past in sorted(now) {
            let account = accounts.entry(past.account_id).or_default();
            let event = decide(account, past.command).expect("nothing of the past was refused");
            *account = evolve(std::mem::take(account), &event);
            events.push((past, event));
        }
        (events, accounts)
    }

    #[test]
    fn all_of_it_is_past_opened_first_and_never_overdrawn() {
        for now in MOMENTS {
            let (events, accounts) = decided(now);
            assert!(events.iter().all(|(past, _)| past.at < now));
            let balance = |account: i64| accounts[&account].balance_minor;
            assert_eq!((balance(42), balance(43), balance(44)), (25_000, 40_250, 32_000));
        }
    }

    #[test]
    fn the_mistake_was_found_two_days_later_and_counts_from_when_it_was_made() {
        for now in MOMENTS {
            let (events, _) = decided(now);
            let of_44: Vec<_> = events.iter().filter(|(past, _)| past.account_id == 44).collect();
            let (slip, found) = (&of_44[2].0, &of_44[3].0);
            let backdated_us = (found.at - slip.at).unsigned_abs() * 1_000_000;
            let correction = AccountEvent::Corrected { sequence: 3, difference_minor: -10_000, backdated_us };
            assert_eq!((of_44.len(), &of_44[3].1), (4, &correction));
        }
    }

    #[test]
    fn shapes_come_in_the_order_of_the_years() {
        for now in MOMENTS {
            assert!(sorted(now).is_sorted_by_key(|past| past.schema));
        }
    }

    #[test]
    fn only_account_43_has_two_entries_alike_on_one_day() {
        for now in MOMENTS {
            let (mut seen, mut alike) = (BTreeSet::new(), vec![]);
            let (events, _) = decided(now);
            for (past, event) in events.iter().filter(|(_, event)| event.amount_minor() != 0) {
                if !seen.insert((past.account_id, past.at / DAY, event.amount_minor())) {
                    alike.push(past.account_id);
                }
            }
            assert_eq!(alike, [43]);
        }
    }
}
