-- One charge per order, at most: the primary key says so.
create table payments (
    order_id integer primary key,
    user_id integer not null,
    -- in cents
    amount_minor integer not null,
    -- CAPTURED or DECLINED
    status text not null
)
