-- When a scene was set up, and whether what came true in it is kept with its step by now.
alter table scene add column set_up integer not null default 0; -- milliseconds since 1970
alter table scene add column told integer not null default 0 check (told in (0, 1));
