-- How many posts there are: by author, by tag, by day.
create table counts (
    -- author, tag or day
    kind text not null,
    name text not null,
    posts integer not null,
    primary key (kind, name)
) without rowid;
-- All posts up to this number are counted.
create table progress (
    id integer primary key check (id = 1),
    position integer not null
);
-- Posts that are counted, though one before them is not yet.
create table ahead (post_id integer primary key)
