-- An order and where its saga stands. Ids are small integers, from 101.
create table orders (
    id integer primary key,
    item_id integer not null,
    quantity integer not null,
    user_id integer not null,
    -- in cents
    amount_minor integer not null,
    -- PENDING, then CONFIRMED or CANCELLED, for good
    status text not null,
    -- why it was cancelled
    reason text
)
