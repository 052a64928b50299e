//! The shapes an event has had, and how an old one is read today.
//!
//! | kind | v1 | v2 | v3 |
//! |---|---|---|---|
//! | 1 `AccountCreated` | nothing | | |
//! | 2 `MoneyDeposited`, 3 `MoneyWithdrawn` | whole units | cents | cents, so long it counts before it was recorded (microseconds) |
//! | 4 `EntryCorrected` | | | the entry's sequence, the difference in cents, so long … |
//!
//! What is stored keeps the shape it was written in. [`Accounts`]`<1>` is the software of the first
//! year: it writes v1, and knows nothing else.

use super::{Account, AccountEvent, evolve};
use kit::event_store::{Aggregate, Malformed, Reader, Upcasters, Writer};

/// The shape that is written today.
pub const PRESENT: u16 = 3;

/// Accounts as the software of a certain age knows them.
#[derive(Debug)]
pub struct Accounts<const SCHEMA: u16>;

const CREATED: u16 = 1;
const DEPOSITED: u16 = 2;
const WITHDRAWN: u16 = 3;
const CORRECTED: u16 = 4;

impl<const SCHEMA: u16> Aggregate for Accounts<SCHEMA> {
    type Event = AccountEvent;
    type State = Account;
    const STATE_SCHEMA: u16 = 1;

    fn kind(event: &AccountEvent) -> u16 {
        match event {
            AccountEvent::Created => CREATED,
            AccountEvent::Deposited { .. } => DEPOSITED,
            AccountEvent::Withdrawn { .. } => WITHDRAWN,
            AccountEvent::Corrected { .. } => CORRECTED,
        }
    }

    fn schema(kind: u16) -> Option<u16> {
        match kind {
            CREATED => Some(1),
            DEPOSITED | WITHDRAWN => Some(SCHEMA),
            // Nobody thought of corrections before.
            CORRECTED if SCHEMA == PRESENT => Some(PRESENT),
            _ => None,
        }
    }

    fn write(event: &AccountEvent, out: &mut Writer) {
        match event {
            AccountEvent::Created => {}
            AccountEvent::Deposited { amount_minor, backdated_us }
            | AccountEvent::Withdrawn { amount_minor, backdated_us } => match SCHEMA {
                1 => out.i64(amount_minor / 100),
                2 => out.i64(*amount_minor),
                _ => {
                    out.i64(*amount_minor);
                    out.u64(*backdated_us);
                }
            },
            AccountEvent::Corrected { sequence, difference_minor, backdated_us } => {
                out.u64(*sequence);
                out.i64(*difference_minor);
                out.u64(*backdated_us);
            }
        }
    }

    fn read(kind: u16, data: &mut Reader<'_>) -> Result<AccountEvent, Malformed> {
        match kind {
            CREATED => return Ok(AccountEvent::Created),
            CORRECTED => {
                let (sequence, difference_minor) = (data.u64()?, data.i64()?);
                return Ok(AccountEvent::Corrected { sequence, difference_minor, backdated_us: data.u64()? });
            }
            _ => {}
        }
        let (amount_minor, backdated_us) = match SCHEMA {
            1 => (data.i64()?.checked_mul(100).ok_or(TOO_MUCH)?, 0),
            2 => (data.i64()?, 0),
            _ => (data.i64()?, data.u64()?),
        };
        Ok(match kind {
            DEPOSITED => AccountEvent::Deposited { amount_minor, backdated_us },
            _ => AccountEvent::Withdrawn { amount_minor, backdated_us },
        })
    }

    fn evolve(account: Account, event: &AccountEvent) -> Account {
        evolve(account, event)
    }

    fn write_state(account: &Account, out: &mut Writer) {
        out.u64(u64::from(account.open));
        out.i64(account.balance_minor);
    }

    fn read_state(data: &mut Reader<'_>) -> Result<Account, Malformed> {
        Ok(Account { open: data.u64()? != 0, balance_minor: data.i64()? })
    }
}

const TOO_MUCH: Malformed = Malformed("an amount of more than 64 bits");

/// Both links, each with a switch of the topology. `is_on` says how it stands.
pub fn upcasters(is_on: impl Fn(&str) -> bool) -> Upcasters {
    let mut upcasters = Upcasters::default();
    for kind in [DEPOSITED, WITHDRAWN] {
        upcasters = upcasters.with("upcast-v1", kind, 1, whole_units_become_cents);
        upcasters = upcasters.with("upcast-v2", kind, 2, a_value_date_comes_in);
    }
    for name in ["upcast-v1", "upcast-v2"] {
        upcasters.switch(name, is_on(name));
    }
    upcasters
}

/// v1 to v2.
fn whole_units_become_cents(old: &mut Reader<'_>, new: &mut Writer) -> Result<(), Malformed> {
    new.i64(old.i64()?.checked_mul(100).ok_or(TOO_MUCH)?);
    Ok(())
}

/// v2 to v3. Before there were value dates, an entry counted from when it was recorded.
fn a_value_date_comes_in(old: &mut Reader<'_>, new: &mut Writer) -> Result<(), Malformed> {
    new.i64(old.i64()?);
    new.u64(0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::event_store::{EventStore, Slice, Unreadable};

    fn written<const SCHEMA: u16>(event: &AccountEvent) -> (u16, u16, Vec<u8>) {
        let mut out = Writer::default();
        Accounts::<SCHEMA>::write(event, &mut out);
        let kind = Accounts::<SCHEMA>::kind(event);
        (kind, Accounts::<SCHEMA>::schema(kind).expect("known"), out.into_vec())
    }

    fn read<const SCHEMA: u16>(
        (kind, schema, data): &(u16, u16, Vec<u8>),
        is_on: impl Fn(&str) -> bool,
    ) -> Result<AccountEvent, Unreadable> {
        let store = EventStore::<Accounts<SCHEMA>>::default().with_upcasters(upcasters(is_on));
        store.read(Slice { kind: *kind, schema: *schema, data })
    }

    const DEPOSIT: AccountEvent = AccountEvent::Deposited { amount_minor: 30_000, backdated_us: 0 };

    #[test]
    fn what_was_written_in_any_shape_reads_the_same_today() {
        for written in [written::<1>(&DEPOSIT), written::<2>(&DEPOSIT), written::<3>(&DEPOSIT)] {
            assert_eq!(read::<PRESENT>(&written, |_| true), Ok(DEPOSIT));
        }
        let withdrawn = AccountEvent::Withdrawn { amount_minor: 5, backdated_us: 3_000_000 };
        assert_eq!(read::<3>(&written::<3>(&withdrawn), |_| true), Ok(withdrawn));
    }

    /// The bytes as they lie in stores that were made in each year: they never change.
    #[test]
    fn r12_a_golden_of_every_shape_of_every_event_reads_as_it_did() {
        let withdrawn = AccountEvent::Withdrawn { amount_minor: 30_000, backdated_us: 0 };
        let late = AccountEvent::Deposited { amount_minor: 1, backdated_us: 300 };
        let corrected = AccountEvent::Corrected { sequence: 3, difference_minor: -10_000, backdated_us: 1 };
        let goldens: [(u16, u16, &[u8], AccountEvent); 9] = [
            (1, 1, &[], AccountEvent::Created),
            (2, 1, &[0xd8, 0x04], DEPOSIT),
            (3, 1, &[0xd8, 0x04], withdrawn.clone()),
            (2, 2, &[0xe0, 0xd4, 0x03], DEPOSIT),
            (3, 2, &[0xe0, 0xd4, 0x03], withdrawn.clone()),
            (2, 3, &[0xe0, 0xd4, 0x03, 0x00], DEPOSIT),
            (3, 3, &[0xe0, 0xd4, 0x03, 0x00], withdrawn),
            (2, 3, &[0x02, 0xac, 0x02], late),
            (4, 3, &[0x03, 0x9f, 0x9c, 0x01, 0x01], corrected),
        ];
        for (kind, schema, data, event) in goldens {
            assert_eq!(read::<PRESENT>(&(kind, schema, data.to_vec()), |_| true), Ok(event), "v{schema} of {kind}");
        }
    }

    #[test]
    fn an_upcaster_that_is_off_leaves_what_is_older_unreadable_and_the_rest_readable() {
        let off = |name: &'static str| move |asked: &str| asked != name;
        let broken = Err(Unreadable::SwitchedOff { name: "upcast-v1" });
        assert_eq!(read::<3>(&written::<1>(&DEPOSIT), off("upcast-v1")), broken);
        assert_eq!(read::<3>(&written::<2>(&DEPOSIT), off("upcast-v1")), Ok(DEPOSIT));
        let broken = Err(Unreadable::SwitchedOff { name: "upcast-v2" });
        assert_eq!(read::<3>(&written::<1>(&DEPOSIT), off("upcast-v2")), broken);
        assert_eq!(read::<2>(&written::<1>(&DEPOSIT), off("upcast-v2")), Ok(DEPOSIT));
    }

    #[test]
    fn the_software_of_an_earlier_year_knows_nothing_later() {
        assert_eq!(read::<1>(&written::<1>(&DEPOSIT), |_| true), Ok(DEPOSIT));
        let newer = Unreadable::Newer { schema: 3, reads: 1 };
        assert_eq!(read::<1>(&written::<3>(&DEPOSIT), |_| true), Err(newer));
        let corrected = AccountEvent::Corrected { sequence: 2, difference_minor: 1, backdated_us: 0 };
        assert_eq!(read::<2>(&written::<3>(&corrected), |_| true), Err(Unreadable::UnknownKind { kind: CORRECTED }));
    }
}
