-- Who may write. Every name stands in one place only.
create table authors (
    author_id integer primary key,
    name text not null unique
);
-- Every post once, numbered without a gap. The constraints are the last line of defence: no post
-- without an author, none that is empty or too long.
create table posts (
    post_id integer primary key,
    author_id integer not null references authors (author_id),
    text text not null check (length(text) between 1 and 500),
    -- RFC 3339, UTC
    posted_at text not null
);
create index posts_by_author on posts (author_id);
-- Every tag once, whoever uses it.
create table tags (
    tag_id integer primary key,
    name text not null unique
);
create table post_tags (
    post_id integer not null references posts (post_id),
    tag_id integer not null references tags (tag_id),
    primary key (post_id, tag_id)
) without rowid
