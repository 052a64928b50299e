//! The words of a lesson's page, around the lesson's own.

pub const COUNT: &str = "{done} of {all} steps done";
pub const CHALLENGE: &str = "The challenge";
pub const PREDICT: &str = "Before you press anything";
pub const KEEP_GUESS: &str = "Keep my guess";
pub const KEPT: &str = "Kept. Now see what happens.";
pub const NUMBER: &str = "How many?";
pub const DO_IT: &str = "Do it";
pub const SHOW_ME: &str = "Show me";
pub const SHIP: &str = "Ship the latest order";
pub const SHIPPED: &str = "Asked for. What came of it is in the record.";
pub const NO_ORDER: &str = "There is no order to ship yet. Place one first.";
pub const GIVEN: &str = "Given. What came of it is in the record.";
pub const NO_SYSTEM: &str = "There is no system in the glass yet. Press Do it first.";
pub const CHECKS: &str = "It is done when";
pub const EXPECT: &str = "What you will see";
pub const HOLDS: &str = "holds";
pub const OPEN: &str = "not yet";
pub const DONE: &str = "done";
pub const NONE: &str = "nothing";
pub const PREDICTED: &str = "You said:";
pub const HAPPENED: &str = "It was:";
pub const OUT_OF_PLACE: &str = "out of place";
pub const WORKING: &str = "Setting up a system of its own for this step…";
pub const SHOWING: &str = "It is being done for you: watch.";
pub const NO_ANSWER: &str = "The server does not answer. Nothing is lost; try again in a moment.";
pub const SHOW_FAILED: &str = "Showing it did not come to its end. Press Show me again.";
pub const QUESTIONS: &str = "Questions";
pub const CHECK_ANSWER: &str = "Check my answer";
pub const ANSWER: &str = "The answer, and why";
pub const CHOOSE: &str = "Choose an answer first.";
pub const RIGHT: &str = "Yes.";
pub const WRONG: &str = "Not quite.";

/// What a command does, on the button that gives it.
pub fn command(kind: &str, data: &protocol::Value) -> String {
    let number = |field: &str| data.get(field).and_then(protocol::Value::as_i64).unwrap_or_default();
    let text = |field: &str| data.get(field).and_then(protocol::Value::as_str).unwrap_or_default();
    let (account, amount) = (number("account_id"), protocol::money(number("amount_minor")));
    match kind {
        "OpenAccount" => format!("Open account {account}"),
        "DepositMoney" => format!("Deposit {amount} into {account}"),
        "WithdrawMoney" => format!("Withdraw {amount} from {account}"),
        "CorrectEntry" => format!("Correct entry {} of {account} to {amount}", number("sequence")),
        "BuildProjection" => format!("Build {} anew", text("projection")),
        "SwitchProjection" => format!("Switch {} over", text("projection")),
        "PublishPost" => format!("Publish “{}”", text("text")),
        "BreakReadModel" => format!("Break the {}", text("read_model")),
        "RebuildReadModel" => format!("Build the {} anew", text("read_model")),
        "SwitchReadModel" => format!("Switch the {} over", text("read_model")),
        "CompareReaders" => format!("Read {account} with every reader"),
        other => other.to_owned(),
    }
}

pub fn step(n: usize, all: usize) -> String {
    format!("Step {n} of {all}")
}

pub fn earlier(what: &str) -> String {
    format!("{what} comes earlier")
}

pub fn later(what: &str) -> String {
    format!("{what} comes later")
}
