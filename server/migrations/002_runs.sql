-- Runs that were kept: read-only copies of a sandbox's record, each in a file of its own under
-- runs/. A run is listed once its file is whole and in place; a file that is not listed is
-- swept away at the next start. Unlike sandboxes, runs are never forgotten.
create table run (
    id       text primary key,          -- 32 hex digits, random
    session  text not null references session (id),
    name     text not null,             -- what its owner calls it
    topology text not null,             -- as the record's first event names it
    position integer not null,          -- of the last event
    created  integer not null,
    origin   text not null check (origin in ('kept', 'imported'))
) strict, without rowid;

create index run_by_session on run (session, created);
