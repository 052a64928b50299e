-- A post as it is found.
create table entries (
    post_id integer primary key,
    author text not null,
    text text not null,
    tags text not null,
    posted_at text not null
);
-- Which posts a word is in: its own, its tags' and its author's.
create table words (
    word text not null,
    post_id integer not null,
    primary key (word, post_id)
) without rowid;
-- All posts up to this number are in it.
create table progress (
    id integer primary key check (id = 1),
    position integer not null
)
