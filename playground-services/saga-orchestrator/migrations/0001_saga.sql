-- How far each saga has come; one per order.
create table saga (
    order_id integer primary key,
    item_id integer not null,
    quantity integer not null,
    user_id integer not null,
    -- in cents
    amount_minor integer not null,
    -- RUNNING, then COMPLETED; or COMPENSATING, then COMPENSATED
    status text not null,
    -- the step under way, counted from 0: asked for while RUNNING, being taken back while COMPENSATING
    step integer not null,
    -- why it is taken back
    reason text,
    -- entries of its log so far
    entries integer not null
);
-- The saga log: what was asked for, and what came of it. Only ever added to.
create table saga_log (
    order_id integer not null,
    n integer not null,
    -- BEGUN, ASKED, DONE, FAILED, UNDO_ASKED, UNDONE, ENDED
    entry text not null,
    -- the step it is about
    step text not null,
    primary key (order_id, n)
) without rowid
