-- What the server itself remembers: who has been here, and which sandboxes are theirs.
-- What happens inside a sandbox is in files of its own.

-- One browser (or script) that has a cookie. Only the SHA-256 of the cookie is kept, so that
-- whoever reads this file can't act as anybody.
create table session (
    id      text primary key,           -- 64 hex digits
    created integer not null,           -- milliseconds since 1970, as all times here
    seen    integer not null            -- last request, give or take an hour
) strict, without rowid;

create table sandbox (
    id       text primary key,          -- 32 hex digits, random
    session  text not null references session (id),
    topology text not null,             -- its name at the time; the record holds all of it
    seed     integer not null,
    created  integer not null,
    used     integer not null           -- last time somebody opened it
) strict, without rowid;

create index sandbox_by_session on sandbox (session, created);
