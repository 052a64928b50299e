-- How far a session has come in its lessons. Lessons, steps and questions are named by their
-- slugs and ids, which never change; what a lesson no longer has is not shown.

-- Where a step's scene began: only what came after it counts.
create table scene (
    session text not null references session (id) on delete cascade,
    lesson  text not null,
    step    text not null,
    sandbox text not null references sandbox (id) on delete cascade,
    began   integer not null,           -- the position of the sandbox's record
    fresh   integer not null check (fresh in (0, 1)), -- 1: the sandbox was made for it, and goes with it
    primary key (session, lesson, step)
) strict, without rowid;

create index scene_by_sandbox on scene (sandbox);

-- A step that was begun: what was predicted, and what came true once it was done.
create table step (
    session    text not null references session (id) on delete cascade,
    lesson     text not null,
    step       text not null,
    prediction text,                    -- JSON
    done       integer,                 -- when its check first held
    truth      text,                    -- JSON
    primary key (session, lesson, step)
) strict, without rowid;

-- The last answer to a question.
create table answer (
    session  text not null references session (id) on delete cascade,
    lesson   text not null,
    question text not null,
    choice   text not null,
    primary key (session, lesson, question)
) strict, without rowid;
