-- What lies on the shelf. Never negative: the check is the last line of defence.
create table stock (
    item_id integer primary key,
    on_hand integer not null check (on_hand >= 0)
);
-- Pieces taken off the shelf for an order: HELD, then SOLD or RELEASED, for good.
create table reservations (
    order_id integer primary key,
    item_id integer not null,
    quantity integer not null,
    status text not null
)
