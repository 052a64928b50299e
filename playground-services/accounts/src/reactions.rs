//! What accounts does when it is asked for something.

use crate::domain::{AccountCommand, AccountEvent, Accounts, decide};
use crate::projections::{Advance, BY_DAY_AND_AMOUNT, BY_EVENT_ID, Build, Model, State};
use crate::storage::{Ledger, Line};
use kit::event_store::{About, Aggregate, Conflict, Expected, NewEvent, Streams, event_id};
use kit::{Clock, Refusal, Reply, Stage, Work};
use protocol::{
    BuildProjection, CompareReaders, CorrectEntry, MoneyDeposited, MoveMoney, OpenAccount, SwitchProjection,
};
use serde_json::json;

pub fn react(ledger: &mut Ledger, work: &Work, stage: &mut Stage<'_>) -> Result<Reply, Refusal> {
    match work.kind() {
        "OpenAccount" => {
            let OpenAccount { account_id, by, why } = work.data()?;
            post(ledger, work, stage, account_id, AccountCommand::Open, None, (by, why))?;
            stage.state_changed("account", account_id, None, "OPEN");
        }
        kind @ ("DepositMoney" | "WithdrawMoney") => {
            let MoveMoney { account_id, amount_minor, expected_sequence, value_date, by, why } = work.data()?;
            let backdated_us = backdated(&stage.ctx.clock, value_date.as_deref())?;
            let command = match kind {
                "DepositMoney" => AccountCommand::Deposit { amount_minor, backdated_us },
                _ => AccountCommand::Withdraw { amount_minor, backdated_us },
            };
            post(ledger, work, stage, account_id, command, expected_sequence, (by, why))?;
        }
        "CorrectEntry" => {
            let CorrectEntry { account_id, sequence, amount_minor, by, why } = work.data()?;
            can_be_read(ledger, account_id)?;
            let no_entry = || format!("account {account_id} has no deposit or withdrawal at {sequence}");
            let entry = *ledger.entries.get(&(account_id, sequence)).ok_or_else(|| Refusal::Domain(no_entry()))?;
            let command = AccountCommand::Correct { entry, amount_minor };
            post(ledger, work, stage, account_id, command, None, (by, why))?;
        }
        "BuildProjection" => build(ledger, work, stage)?,
        "SwitchProjection" => switch(ledger, work)?,
        "CompareReaders" => {
            let CompareReaders { account_id } = work.data()?;
            match ledger.readings.get(&account_id).map_or(0, Vec::len) {
                0 => {
                    let why = format!("account {account_id}: there is no such account: open it first");
                    return Err(Refusal::Domain(why));
                }
                1..=READINGS_MAX => {}
                more => {
                    return Err(Refusal::Domain(format!(
                        "account {account_id}: each event it was read at is a row, and {more} are more than {READINGS_MAX}. Take an account with fewer events."
                    )));
                }
            }
            ledger.read.push(account_id);
        }
        Work::DEADLINE => advance(ledger, work, &stage.ctx.clock),
        other => return Err(Refusal::Unreadable(format!("accounts does not know {other}"))),
    }
    Ok(Reply::default())
}

/// Rows of one comparison of readers, which is one transaction and one line of the record.
const READINGS_MAX: usize = 3_000;

/// How long before now a value date lies, in microseconds.
fn backdated(clock: &Clock, value_date: Option<&str>) -> Result<u64, Refusal> {
    let Some(text) = value_date else { return Ok(0) };
    let none = || Refusal::Domain(format!("{text} is no date and time in UTC since 1970, as 2026-11-28T15:00:00Z is"));
    let at_us = clock.parse(text).ok_or_else(none)?;
    let ago = i64::try_from(clock.now_us()).unwrap_or(i64::MAX).saturating_sub(at_us);
    u64::try_from(ago).map_err(|_| Refusal::Domain("its value date lies in the future".into()))
}

fn can_be_read(ledger: &Ledger, account_id: i64) -> Result<(), Refusal> {
    let why = ledger.unreadable.get(&account_id);
    why.map_or(Ok(()), |why| Err(Refusal::Domain(format!("account {account_id}: {why}"))))
}

/// Decides, appends, and says so. Whoever names the sequence up to which the account was read is
/// refused where it has moved on since: the decision was made on what is no longer so.
fn post(
    ledger: &mut Ledger,
    work: &Work,
    stage: &mut Stage<'_>,
    account_id: i64,
    command: AccountCommand,
    expected_sequence: Option<u64>,
    (by, why): (Option<String>, Option<String>),
) -> Result<(), Refusal> {
    can_be_read(ledger, account_id)?;
    if ledger.streams.get(account_id).is_none() {
        return Err(Refusal::Unreadable("it names no account_id".to_owned()));
    }
    let clock = &stage.ctx.clock;
    let about = About {
        id: event_id(work.cause(), 1),
        at_us: i64::try_from(clock.now_us()).unwrap_or(i64::MAX),
        cause: work.cause(),
        correlation: work.span().correlation_id.unwrap_or_default(),
        by: by.unwrap_or_else(|| format!("user {}", protocol::USER)).into(),
        why: why.unwrap_or_default().into(),
    };
    let appended = append(&mut ledger.streams, clock, account_id, command, expected_sequence, about);
    let Some((event, line)) = appended.map_err(Refusal::Domain)? else { return Ok(()) };
    let correlation_id = work.span().correlation_id.map(|id| id.to_string());
    let line = Line { command_id: Some(work.cause().to_string()), correlation_id, ..line };
    // All four are of this shape.
    let data = MoneyDeposited {
        account_id,
        sequence: line.sequence,
        amount_minor: line.amount_minor,
        balance_minor: line.balance_minor,
        value_date: line.value_date.clone(),
    };
    stage.publish(event.name(), format!("account/{account_id}"), json!(data));
    ledger.counts(account_id, line.sequence, &event);
    ledger.posted.push(line);
    ledger.origin = Some(work.origin());
    Ok(())
}

/// Decides on the account as it is at the moment that `about` names, and appends what follows; gives
/// it with its line of the statement, or `None` where all that was done before.
pub fn append<const SCHEMA: u16>(
    streams: &mut Streams<Accounts<SCHEMA>>,
    clock: &Clock,
    account_id: i64,
    command: AccountCommand,
    expected_sequence: Option<u64>,
    about: About<'static>,
) -> Result<Option<(AccountEvent, Line)>, String> {
    let stream = streams.get(account_id).ok_or("it was not loaded")?;
    let version = stream.version;
    let expected = expected_sequence.unwrap_or(version);
    let conflict = || {
        format!(
            "conflict: you have read account {account_id} up to event {expected}, and it is at {version}. Read it again and decide anew."
        )
    };
    let event = match decide(&stream.state, command) {
        Ok(event) => event,
        // Whoever decided on what is no longer so is told that first.
        Err(_) if expected != version => return Err(conflict()),
        Err(why) => return Err(format!("account {account_id}: {why}")),
    };
    let new = [NewEvent { event, about }];
    let appended = streams.append(account_id, Expected::Version(expected), &new).map_err(|error| match error {
        Conflict::Version { .. } => conflict(),
        other => other.to_string(),
    })?;
    let [NewEvent { event, about }] = new;
    let line = line(streams, account_id, clock, &event, &about);
    Ok((!appended.repeat).then_some((event, line)))
}

/// The event that was appended last, as a line of the account's statement.
fn line<const SCHEMA: u16>(
    streams: &Streams<Accounts<SCHEMA>>,
    account_id: i64,
    clock: &Clock,
    event: &AccountEvent,
    about: &About<'_>,
) -> Line {
    let (sequence, balance_minor) =
        streams.get(account_id).map_or((0, 0), |stream| (stream.version, stream.state.balance_minor));
    let backdated = i64::try_from(event.backdated_us()).unwrap_or(i64::MAX);
    Line {
        account_id,
        sequence,
        position: streams.end(),
        event: event.name(),
        schema: Accounts::<SCHEMA>::schema(Accounts::<SCHEMA>::kind(event)).unwrap_or(SCHEMA),
        amount_minor: event.amount_minor(),
        balance_minor,
        value_date: clock.rfc3339_at(about.at_us.saturating_sub(backdated)),
        recorded_at: clock.rfc3339_at(about.at_us),
        corrects: event.corrects(),
        by_whom: about.by.to_string(),
        why: about.why.to_string(),
        command_id: None,
        correlation_id: None,
        seeded: false,
    }
}

/// Begins a build beside the live one. One that was begun before and never switched to is gone.
fn build(ledger: &mut Ledger, work: &Work, stage: &Stage<'_>) -> Result<(), Refusal> {
    let BuildProjection { projection, events_per_second } = work.data()?;
    let model = known(&projection)?;
    let last = ledger.builds.iter().filter(|it| it.model == model).map(|it| it.build).max();
    forget(ledger, model, |build| build.state != State::Live);
    let logic = match model {
        Model::Balances if stage.ctx.is_on("distinct-by-event-id") => BY_EVENT_ID,
        Model::Balances => BY_DAY_AND_AMOUNT,
        _ => "",
    };
    let mut begun = Build::begun(model, last.unwrap_or_default() + 1, logic);
    begun.end = ledger.streams.end();
    (begun.events_per_second, begun.began_us) = (events_per_second, stage.ctx.clock.now_us());
    ledger.builds.push(begun);
    ledger.origin = Some(work.origin());
    Ok(())
}

/// From now on the new build is the one that is read.
fn switch(ledger: &mut Ledger, work: &Work) -> Result<(), Refusal> {
    let SwitchProjection { projection } = work.data()?;
    let model = known(&projection)?;
    let none = || Refusal::Domain(format!("no new build of {projection} is ready: build it first"));
    let ready = ledger.build(&projection, State::Ready).ok_or_else(none)?;
    ledger.builds[ready].state = State::Live;
    ledger.builds[ready].changed = true;
    let switched = ledger.builds[ready].build;
    forget(ledger, model, |build| build.build != switched);
    Ok(())
}

fn known(projection: &str) -> Result<Model, Refusal> {
    Model::parse(projection).ok_or_else(|| Refusal::Domain(format!("there is no projection {projection}")))
}

fn forget(ledger: &mut Ledger, model: Model, which: impl Fn(&Build) -> bool) {
    let gone = ledger.builds.extract_if(.., |build| build.model == model && which(build));
    ledger.dropped.extend(gone.map(|build| (model.name(), build.build)));
}

/// A build takes in its next events. Where there is no other, it is live once it has caught up.
fn advance(ledger: &mut Ledger, work: &Work, clock: &Clock) {
    let Some(Advance { rows, told, stuck }) = ledger.advances.get_mut(&work.cause()) else { return };
    let (model, number) = (rows.model, rows.build);
    let is_it = |build: &&mut Build| build.model == model && build.build == number;
    let others_live = ledger.builds.iter().any(|it| it.model == model && it.build != number && it.state == State::Live);
    // It may have been dropped by what came before in this batch.
    let Some(build) = ledger.builds.iter_mut().find(is_it) else { return };
    for told in &*told {
        rows.apply(told, |at_us| day(clock, at_us));
        build.position = told.position;
    }
    if build.state == State::Building {
        (build.took_in, build.took_us) = (build.position, clock.now_us().saturating_sub(build.began_us));
    }
    build.end = ledger.streams.end();
    build.changed = true;
    if let Some(why) = stuck.take() {
        (build.state, build.detail) = (State::Stuck, why);
    } else if build.position == build.end && build.state == State::Building {
        build.state = if others_live { State::Ready } else { State::Live };
    }
    ledger.advanced.push(work.cause());
}

/// As `2026-11-28`, the day of a moment in microseconds since the sandbox was created.
pub fn day(clock: &Clock, at_us: i64) -> String {
    clock.rfc3339_at(at_us).get(..10).unwrap_or_default().to_owned()
}
