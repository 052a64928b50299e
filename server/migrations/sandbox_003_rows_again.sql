-- The newest rows at a position were chosen by keys as texts; they are found anew from the record.
delete from rows_at;
