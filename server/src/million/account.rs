//! The domain of the million events: one account, that of a savings club, to which a hundred
//! members pay in and from which they draw, an entry each five minutes for ten years.

use kit::event_store::{About, Aggregate, Malformed, NewEvent, Reader, Writer};
use protocol::Uuid;

/// The stream all of them lie in.
pub const ACCOUNT: i64 = 7;

pub const MEMBERS: u64 = 100;

/// Rises when the same number stands for another event, or lies in other tables: stores made before
/// are made anew.
pub const EDITION: i64 = 2;

/// Of the account, which knows what each member has saved: nobody may draw more.
pub struct Club;

#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    AccountCreated,
    /// Amounts are cents.
    MoneyDeposited {
        member: u64,
        amount: i64,
    },
    MoneyWithdrawn {
        member: u64,
        amount: i64,
    },
}

/// Cents saved by each member, those first who entered first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Savings(Vec<i64>);

impl Savings {
    /// Of all members together, in cents.
    pub fn balance(&self) -> i64 {
        self.0.iter().sum()
    }

    fn of(&self, member: u64) -> i64 {
        place(member).and_then(|place| self.0.get(place)).copied().unwrap_or_default()
    }

    /// Adds to what a member has saved, and to nothing else.
    pub fn add(&mut self, member: u64, amount: i64) {
        let Some(place) = place(member) else { return };
        if place >= self.0.len() {
            self.0.resize(place + 1, 0);
        }
        self.0[place] += amount;
    }
}

/// Members are counted from 1.
fn place(member: u64) -> Option<usize> {
    usize::try_from(member.checked_sub(1)?).ok()
}

impl Aggregate for Club {
    type Event = Entry;
    type State = Savings;
    const STATE_SCHEMA: u16 = 1;

    fn kind(event: &Entry) -> u16 {
        match event {
            Entry::AccountCreated => 1,
            Entry::MoneyDeposited { .. } => 2,
            Entry::MoneyWithdrawn { .. } => 3,
        }
    }

    fn schema(kind: u16) -> Option<u16> {
        (1..=3).contains(&kind).then_some(1)
    }

    fn write(event: &Entry, out: &mut Writer) {
        if let Entry::MoneyDeposited { member, amount } | Entry::MoneyWithdrawn { member, amount } = event {
            out.u64(*member);
            out.i64(*amount);
        }
    }

    fn read(kind: u16, data: &mut Reader<'_>) -> Result<Entry, Malformed> {
        if kind == 1 {
            return Ok(Entry::AccountCreated);
        }
        let (member, amount) = (data.u64()?, data.i64()?);
        if !(1..=MEMBERS).contains(&member) {
            return Err(Malformed("a member the club does not have"));
        }
        Ok(match kind {
            2 => Entry::MoneyDeposited { member, amount },
            _ => Entry::MoneyWithdrawn { member, amount },
        })
    }

    fn evolve(mut state: Savings, event: &Entry) -> Savings {
        match event {
            Entry::AccountCreated => {}
            Entry::MoneyDeposited { member, amount } => state.add(*member, *amount),
            Entry::MoneyWithdrawn { member, amount } => state.add(*member, -amount),
        }
        state
    }

    fn write_state(state: &Savings, out: &mut Writer) {
        out.u64(state.0.len() as u64);
        state.0.iter().for_each(|saved| out.i64(*saved));
    }

    fn read_state(data: &mut Reader<'_>) -> Result<Savings, Malformed> {
        let members = data.u64()?;
        if members > MEMBERS {
            return Err(Malformed("more members than the club has"));
        }
        (0..members).map(|_| data.i64()).collect::<Result<_, _>>().map(Savings)
    }
}

const FIVE_MINUTES_US: i64 = 300_000_000;
/// The first of March 2016 at midnight UTC, in microseconds since 1970.
const FIRST_US: i64 = 1_456_790_400_000_000;
/// What the ids begin with. They rise, so that a million of them are quick to file.
const IDS: u128 = 0x7e44_a41d_3e11_7000_8000_0000_0000_0000;

/// The event of this sequence, from 1. The same in every store: it is decided by its number, and
/// by what the members have saved by then.
pub fn event(sequence: u64, savings: &Savings) -> NewEvent<Entry> {
    let minutes = i64::try_from(sequence - 1).unwrap_or_default();
    let id = Uuid::from_u128(IDS | u128::from(sequence));
    let about =
        About { id, at_us: FIRST_US + minutes * FIVE_MINUTES_US, cause: id, correlation: id, ..About::default() };
    NewEvent { event: entry(sequence, savings), about }
}

fn entry(sequence: u64, savings: &Savings) -> Entry {
    if sequence == 1 {
        return Entry::AccountCreated;
    }
    let chance = mixed(sequence);
    let member = chance % MEMBERS + 1;
    let amount = i64::try_from(chance >> 8 & 0x3fff).unwrap_or_default() + 100;
    let wanted = 2 * amount + 1;
    if chance >> 24 & 1 == 1 && savings.of(member) >= wanted {
        // They draw less often than they pay in, and more at a time.
        Entry::MoneyWithdrawn { member, amount: wanted }
    } else {
        Entry::MoneyDeposited { member, amount }
    }
}

/// SplitMix64's last step: near numbers have nothing in common behind it.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(events: u64) -> (Savings, Vec<Entry>) {
        let (mut savings, mut entries) = (Savings::default(), vec![]);
        for sequence in 1..=events {
            let entry = event(sequence, &savings).event;
            savings = Club::evolve(savings, &entry);
            assert!(savings.0.iter().all(|saved| *saved >= 0), "{entry:?}");
            entries.push(entry);
        }
        (savings, entries)
    }

    #[test]
    fn nobody_ever_draws_more_than_was_saved_and_everybody_takes_part() {
        let (savings, entries) = folded(20_000);
        assert_eq!(savings.0.len(), MEMBERS as usize);
        let drawn = entries.iter().filter(|entry| matches!(entry, Entry::MoneyWithdrawn { .. })).count();
        assert!((4_000..10_000).contains(&drawn), "{drawn}");
    }

    #[test]
    fn events_and_states_read_back_as_they_were_written() {
        let (savings, entries) = folded(1_000);
        for entry in entries {
            let mut out = Writer::default();
            Club::write(&entry, &mut out);
            let mut data = Reader::new(out.as_slice());
            assert_eq!(Club::read(Club::kind(&entry), &mut data), Ok(entry));
            data.end().expect("nothing is left");
        }
        let mut out = Writer::default();
        Club::write_state(&savings, &mut out);
        assert_eq!(Club::read_state(&mut Reader::new(out.as_slice())), Ok(savings));
    }

    /// The bytes of an edition, for good: a change of them, or of the numbers they are made of, makes
    /// another edition.
    #[test]
    fn the_bytes_of_events_and_states_are_those_of_edition_2() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let (mut savings, mut stored) = (Savings::default(), vec![]);
        for sequence in 1..=1_000 {
            let entry = event(sequence, &savings).event;
            savings = Club::evolve(savings, &entry);
            let mut out = Writer::default();
            Club::write(&entry, &mut out);
            stored.push(format!("{} {}", Club::kind(&entry), hex(out.as_slice())));
        }
        assert_eq!(stored[..4], ["1 ", "2 0192e701", "2 50d226", "2 2dca33"]);
        let withdrawn = stored.iter().position(|stored| stored.starts_with('3')).expect("somebody draws");
        assert_eq!((withdrawn, stored[withdrawn].as_str()), (40, "3 5bda9701"));
        let mut out = Writer::default();
        Club::write_state(&Savings(vec![0, -1, 63, 64, 1_234_567]), &mut out);
        assert_eq!(hex(out.as_slice()), "0500017e80018eda9601");
        assert_eq!((savings.balance(), EDITION), (3_079_567, 2));
        let about = event(1_000, &savings).about;
        assert_eq!(
            (about.id.to_string().as_str(), about.at_us),
            ("7e44a41d-3e11-7000-8000-0000000003e8", 1_457_090_100_000_000)
        );
    }

    #[test]
    fn a_state_with_more_members_than_the_club_has_is_refused() {
        let mut out = Writer::default();
        out.u64(u64::MAX);
        assert!(Club::read_state(&mut Reader::new(out.as_slice())).is_err());
        assert!(Club::read(2, &mut Reader::new(&[101, 2])).is_err());
    }
}
