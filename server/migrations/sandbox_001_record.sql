-- The file of one sandbox: its record, its broker and its commands, so that one transaction
-- covers all three.

-- What happened, as lines of NDJSON: small chunks as they come (the hot tail), which give
-- way to blocks of 512 and more. Positions are gapless from 1.
create table chunk (
    first integer primary key,
    last integer not null,
    -- 1: zstd
    packed integer not null,
    body blob not null
);
-- The picture at some positions, so that opening need not fold from 1.
create table checkpoint (
    position integer primary key,
    body blob not null
);
-- Per service, up to which of its transactions the record has everything.
create table shipped (
    service text primary key,
    n integer not null
) without rowid;
-- Accepted commands. `answered` once the service that owns one has answered it.
create table command (
    id text primary key,
    ordinal integer not null,
    kind text not null,
    data text not null,
    -- of the CommandAccepted
    traceparent text not null,
    correlation_id text not null,
    answered integer not null default 0
) without rowid;
create index command_unanswered on command (ordinal) where not answered;
