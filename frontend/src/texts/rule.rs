//! The words of the page that shows where the rule of a saga is written.

pub const TITLE: &str = "Where is the rule?";
pub const DESCRIPTION: &str = "The lines of source by which the services of a real run said what comes next.";
pub const NOTHING: &str = "Nothing has happened yet. Place an order that goes well and one whose card is declined, and \
     come back: a line is lit once it has been used.";
pub const MISSING: &str = "There is no such system, or it is not yours.";
pub const SEE: &str = "See what ran";
pub const NO_SOURCE: &str = "The source of this file is not here.";
pub const TOUCHED: &str = "What the newcomer touched";
pub const ADDED: &str = "New";
pub const CHANGED: &str = "Changed";
pub const ENTRIES: &str = "New in the list";
pub const NONE: &str = "none";

/// Over all that is lit: `6 lines in 3 files of 3 services`.
pub fn counted(lines: usize, files: usize, services: usize) -> String {
    format!("{} in {} of {}", many(lines, "line"), many(files, "file"), many(services, "service"))
}

pub fn lede(title: &str, leader: Option<&str>) -> String {
    let how = match leader {
        Some(leader) => {
            format!("{leader} leads, so a line is lit where a step it went through is written in its list.")
        }
        None => "Nobody leads, so a line is lit where a service said what makes another one act.".to_owned(),
    };
    format!("{title}. {how} Each was found in the record of what really happened.")
}

pub fn touched(changed: usize, before: &str) -> String {
    format!("Compared with “{before}”, {} that ran already had to be changed.", many(changed, "service"))
}

fn many(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
