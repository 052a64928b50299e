-- A row for each event, as an account's statement shows it, written in the event's own transaction.
-- The events themselves lie in the event store's tables; this is what people read.
create table statement (
    account_id integer not null,
    -- within the account, from 1 without a gap
    sequence integer not null,
    -- within the store, from 1 without a gap
    position integer not null,
    -- AccountCreated, MoneyDeposited, MoneyWithdrawn or EntryCorrected
    event text not null,
    -- the shape in which it is stored: 1, 2 or 3
    schema integer not null,
    -- what it adds to the balance, in cents; less than 0 where money leaves
    amount_minor integer not null,
    -- the balance after it, in cents
    balance_minor integer not null,
    -- from when it counts, and when it was recorded: RFC 3339, UTC
    value_date text not null,
    recorded_at text not null,
    -- the sequence of the entry it puts right
    corrects integer,
    by_whom text not null,
    why text not null,
    -- what caused it; null for what was there on the first day
    command_id text,
    -- 1 for what was there on the first day
    seeded integer not null,
    primary key (account_id, sequence)
) without rowid;
-- Each building of a read model, and how far it has come.
create table projections (
    -- balances, monthly or activity
    projection text not null,
    build integer not null,
    -- by what a repeat is recognised: by day and amount, or by event id; empty where it does not matter
    logic text not null,
    -- the position of the last event it has taken in, and where the events end
    position integer not null,
    "end" integer not null,
    -- building, ready, live or stuck
    state text not null,
    -- why it is stuck
    detail text not null,
    primary key (projection, build)
) without rowid;
-- The read models, of each build. Amounts are in cents.
create table balances (
    build integer not null,
    account_id integer not null,
    balance_minor integer not null,
    -- entries that count
    entries integer not null,
    primary key (build, account_id)
) without rowid;
create table monthly (
    build integer not null,
    account_id integer not null,
    -- 2026-11
    month text not null,
    paid_in_minor integer not null,
    paid_out_minor integer not null,
    primary key (build, account_id, month)
) without rowid;
create table activity (
    build integer not null,
    -- 2026-11-28
    day text not null,
    entries integer not null,
    -- what was moved, in and out
    turnover_minor integer not null,
    primary key (build, day)
) without rowid;
-- What a build of balances has counted by now, so that a repeat is not counted again.
create table counted (
    build integer not null,
    account_id integer not null,
    -- the event's id; or its day and amount, which is the bug
    mark text not null,
    primary key (build, account_id, mark)
) without rowid;
-- What readers of each age make of an account's events.
create table readings (
    account_id integer not null,
    sequence integer not null,
    -- v1, v2 or v3
    reader text not null,
    schema integer not null,
    -- read, upcast or broken
    outcome text not null,
    detail text not null,
    -- the balance after it, in cents; null from the first broken event on
    balance_minor integer,
    primary key (account_id, sequence, reader)
) without rowid;
-- Where the last change came from: what the projections do later belongs to it.
create table origin (
    id integer primary key,
    origin text not null
)
