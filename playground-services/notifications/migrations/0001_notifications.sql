-- What each customer was told about an order, once.
create table notifications (
    order_id integer primary key,
    user_id integer not null,
    message text not null
)
