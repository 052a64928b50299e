-- The services' tables as the record has them at some positions (JSON, zstd), so that a look
-- back need not fold from 1. Fewer than checkpoints: they are larger.
create table rows_at (
    position integer primary key,
    body blob not null
);
