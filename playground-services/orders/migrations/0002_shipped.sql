-- 1 once the parcel has left for the customer. Nothing can call it back.
alter table orders add column shipped integer not null default 0
