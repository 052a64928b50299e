-- A row for each charge, numbered within its order. That there is one at most is no rule of this
-- table: the inbox sees to it that a message is dealt with once.
create table charges (
    order_id integer not null,
    n integer not null,
    user_id integer not null,
    -- in cents
    amount_minor integer not null,
    -- CAPTURED, then perhaps REFUNDED; or DECLINED. REFUNDED at 0 says that the order was taken
    -- back before it was charged.
    status text not null,
    primary key (order_id, n)
) without rowid;
insert into charges select order_id, 1, user_id, amount_minor, status from payments;
drop table payments;
alter table charges rename to payments
