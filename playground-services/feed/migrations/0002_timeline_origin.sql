-- Who asked for a build, so that what is done for it later belongs to the command.
create table origin (
    build integer primary key,
    origin text not null
)
