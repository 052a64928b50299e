-- The file of one sandbox: its record. Messages that wait, commands not answered yet and
-- faults that stand have no tables of their own: they are folds of the record.

-- What happened, as lines of NDJSON: small chunks as they come (the hot tail), which give
-- way to blocks of 128 and more. Positions are gapless from 1.
create table chunk (
    first integer primary key,
    last integer not null,
    -- 1: zstd
    packed integer not null,
    body blob not null
);
-- The picture at some positions (JSON, zstd), so that looking back need not fold from 1.
create table checkpoint (
    position integer primary key,
    body blob not null
);
-- What was owed at the last of them (JSON, zstd), so that opening need not fold from 1.
create table owed (
    one integer primary key check (one = 1),
    position integer not null,
    body blob not null
);
-- Commands ever accepted, to know a repeat: the 16 bytes of the command's UUID, and the
-- position of its CommandAccepted.
create table command (
    id blob primary key,
    position integer not null
) without rowid;
