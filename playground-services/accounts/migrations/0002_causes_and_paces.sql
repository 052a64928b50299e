-- What of the record an entry belongs to: all that came of the same command. Null for what was there
-- on the first day, and for what is older than this column.
alter table statement add column correlation_id text;
-- To how many events a second a build is held; null where it goes as fast as it can.
alter table projections add column events_per_second integer;
-- When it began, and how long it was on its way, in microseconds since the sandbox was created.
alter table projections add column began_us integer not null default 0;
alter table projections add column took_us integer not null default 0;
-- How many events it took in on its way; it follows those that came later.
alter table projections add column took_in integer not null default 0
