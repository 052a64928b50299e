-- What was wrapped for an order: WRAPPED, then UNWRAPPED where it was taken back, for good.
create table wrappings (
    order_id integer primary key,
    quantity integer not null,
    status text not null
)
