-- How often the step under way was asked for, and in which round: a person who has a parked saga
-- go on begins another.
alter table saga add column attempt integer not null default 1;
alter table saga add column round integer not null default 1;
-- 1 where the answer came while it was PARKED
alter table saga add column answered integer not null default 0;
-- when the answer is overdue, in microseconds since the sandbox was created
alter table saga add column due_us integer;
create index saga_due on saga (due_us) where due_us is not null;
-- Where each saga came from: message, trace and command, so that what is asked for later belongs to it.
create table origin (
    order_id integer primary key,
    origin text not null
)
