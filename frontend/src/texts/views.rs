//! The words of the views beside the diagram.

pub const YOU: &str = "you";
pub const TIME: &str = "Time";
pub const TO_COME: &str = "Still to come:";

// Story
pub const STORY_EMPTY: &str = "Nothing has happened yet. Ask for something, and read here what becomes of it.";
pub const STORY_FILTERED: &str =
    "Nothing here answers to this choice. Choose more services, another order or “Everything”.";
pub const EARLIER: &str = "Earlier";
pub const LATER: &str = "Later";
pub const EXPLAIN: &str = "Explain this moment";
pub const SAGA: &str = "Order";
pub const SERVICE: &str = "Service";
pub const KIND: &str = "Show";
pub const ANY_SAGA: &str = "All orders";
pub const THIS_SAGA: &str = "This one";
pub const ANY_SERVICE: &str = "All services";
/// In the order of the kinds.
pub const KINDS: [(&str, &str); 6] = [
    ("matters", "What matters"),
    ("messages", "Messages"),
    ("requests", "Requests"),
    ("data", "Data"),
    ("faults", "Faults and crashes"),
    ("everything", "Everything"),
];

// Space-time
pub const SPACE_TIME: &str = "Space-time";
pub const SPACE_TIME_EMPTY: &str = "No message has been sent yet. Place an order: each service gets a line, and each message \
     is drawn from the line it leaves to the line it reaches.";
pub const SPACE_TIME_CAPTION: &str = "Time runs to the right and nothing changes its order, but long waits are drawn \
     shorter than they were. The times above are true, counted from the command that began each stretch. A square is a command, a circle an event, \
     a diamond a failure, a turn a compensation; a dot on a line is a commit, and where the line is thick its \
     service is at work.";
pub const LINES: &str = "Lines";
pub const TOPIC_OF: &str = "topic ";
pub const CLOSER: &str = "Wider";
pub const FARTHER: &str = "Narrower";

// Trace
pub const TRACE_EMPTY: &str = "No command has been given yet. Place an order, and see here where its time goes.";
pub const TRACE_AWAY: &str = "Nothing of this command is among the events at hand. Go to a moment nearer to it.";
pub const TRACE_CUT: &str = "It began before the events at hand.";
pub const COMMAND: &str = "A command";
pub const TOOK: &str = "took";
pub const SO_FAR: &str = "has taken, so far,";
pub const ONLY_THIS: &str = "Only this order in every view";
pub const WAITING: &str = "waiting";
pub const WORK: &str = "work";
pub const LOST: &str = "work that was cut off";
pub const WAITED: &str = "waited";
pub const CUT_OFF: &str = "cut off after";
pub const WORKED: &str = "worked";
pub const UNDER_WAY: &str = "under way";
pub const DECLARED: &str = "declared";
pub const LEGEND: [(&str, &str); 4] = [
    ("waiting", "waits in its pipe"),
    ("work", "is worked on"),
    ("outside", "declared time outside"),
    ("commit", "commit"),
];
pub const CAUSES: &str = "What caused what";
pub const UNDOES: &str = ", undoing";

// Data
pub const DATA_EMPTY: &str =
    "No service has a table yet. Place an order, and each service writes down its own part of it.";
pub const DATA_LOADING: &str = "Reading the tables as they were at this moment …";
pub const LAST_CHANGE: &str = "Changed last: in";
pub const ROW: &str = "row";
pub const ROWS: &str = "rows";
pub const TRANSACTION: &str = "transaction";
pub const CHANGE: &str = "Change";
pub const CHANGED: &str = "changed";
pub const NEW: &str = "new";
pub const DELETED: &str = "deleted";
pub const BECAME: &str = "became";
pub const SAME: &str = "written again, the same";

// Code
pub const CODE_EMPTY: &str = "This moment came from no line of a service: it was the broker’s doing, the server’s or yours. \
     Choose a message, a request or a change of state.";
pub const LINE: &str = "line";
pub const LINES_FROM: &str = "Lines";

// Inspector
pub const DOT_AWAY: &str = "This moment is not among the events at hand. Go there first.";
pub const NO_SERVICE: &str = "There is no service of that name here.";
pub const SINCE_SANDBOX: &str = "after the system was made";
pub const SINCE_RUN: &str = "after the command";
pub const POSITION: &str = "position";
pub const ATTEMPT: &str = "Attempt";
pub const ATTEMPT_LOWER: &str = "attempt";
pub const BY_GROUP: &str = "by";
pub const PUBLISHED: &str = "Published at";
pub const MESSAGE: &str = "Message";
pub const SOURCE: &str = "Source";
pub const CAUSE: &str = "Caused by";
pub const CORRELATION: &str = "Command";
pub const TRACE_ID: &str = "Trace";
pub const SPAN: &str = "Span";
pub const CHILD_OF: &str = "child of";
pub const NOT_AT_HAND: &str = "not among the events at hand";
pub const ROWS_CHANGED: &str = "Rows changed";
pub const CAME_FROM: &str = "In one transaction with";
pub const HANDLED_IN: &str = "Handled in";
pub const NO_CHANGE: &str = "no row changed";
pub const ENVELOPE: &str = "The envelope, as sent";
pub const EFFECTS: &str = "What came of it";
pub const NO_EFFECTS: &str = "Nothing yet, as far as the events at hand reach.";
pub const HEALTH: &str = "Health";
pub const PROCESS: &str = "process";
pub const OUTSIDE: &str = "Outside the glass";
pub const IN_HAND: &str = "in hand";
pub const DONE: &str = "done";
pub const TABLES: &str = "Tables";
pub const LAST_TRANSACTION: &str = "Last transaction";

// Outline
pub const OUTLINE: &str = "Everything in the picture";
pub const SERVICES: &str = "Services";
pub const TOPICS: &str = "Topics";
pub const ON_THE_WAY: &str = "On the way";
pub const WAITING_GROUP: &str = "Waiting";
pub const SAGAS: &str = "Orders";
pub const ORDER: &str = "order";
pub const STOCK: &str = "stock";
pub const PAYMENT: &str = "payment";
pub const CUSTOMER: &str = "customer";
pub const OF: &str = "of";
pub const FROM: &str = "from";
pub const TO: &str = "to";
pub const FOR: &str = "for";
pub const WAITS_IN: &str = "waits in topic";

// Export
pub const COMPENSATION: &str = "(compensation)";
