-- What this read model has heard, as it was told: from here it can be built anew at any time,
-- without asking anybody.
create table heard (
    post_id integer primary key,
    -- the data of PostPublished, as JSON
    event text not null
);
-- The builds of the timeline. Readers are shown the live one.
create table builds (
    build integer primary key,
    -- live; building, then ready; old
    state text not null,
    -- all posts up to this number are in it
    position integer not null
);
-- A row is a post as it is shown: the author's name and the tags are written out in every row, so
-- that a reader joins nothing.
create table timeline (
    post_id integer not null,
    build integer not null,
    author_id integer not null,
    author text not null,
    text text not null,
    tags text not null,
    posted_at text not null,
    primary key (post_id, build)
) without rowid
