//! What the learner is asked before anything happens. The truth is computed from the record,
//! never written down.

use crate::condition::{Condition, Named};
use protocol::Name;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A question whose answer is drawn against what happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    pub kind: PredictionKind,
    /// As plain text.
    pub ask: String,
    #[serde(skip)]
    pub ask_html: String,
    /// What can be picked, put in order or chosen. Of a number, none.
    pub options: Vec<Choice>,
    /// What a number counts: `orders`.
    pub unit: Option<String>,
    #[serde(skip)]
    pub truth: Truth,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PredictionKind {
    /// Pick services on the picture: any number of them.
    Services,
    /// Put the options in order.
    Order,
    /// Say a number.
    Number,
    /// Choose one of the options.
    Choice,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// What an [`Answer`] calls it: a service, an event type, a step, a state; of a choice, its id.
    pub id: Name,
    /// As plain text.
    pub text: String,
}

/// What the learner predicted, and the truth it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// Of a number.
    Number(i64),
    /// Of a choice: its id.
    Choice(Name),
    /// Of services: in the order of the options. Of an order: first to last.
    Names(Vec<Name>),
}

impl Prediction {
    /// The answer in the form it is kept in, or a sentence that says what would fit.
    pub fn accept(&self, answer: Answer) -> Result<Answer, String> {
        let ids: Vec<&Name> = self.options.iter().map(|option| &option.id).collect();
        let listed = || ids.iter().map(|id| &***id).collect::<Vec<_>>().join(", ");
        match (self.kind, answer) {
            (PredictionKind::Number, Answer::Number(number)) if number.unsigned_abs() <= NUMBER_MAX => {
                Ok(Answer::Number(number))
            }
            (PredictionKind::Choice, Answer::Choice(id)) if ids.contains(&&id) => Ok(Answer::Choice(id)),
            (PredictionKind::Services, Answer::Names(names)) if names.iter().all(|name| ids.contains(&name)) => {
                Ok(Answer::Names(ids.into_iter().filter(|id| names.contains(id)).cloned().collect()))
            }
            (PredictionKind::Order, Answer::Names(names))
                if names.len() == ids.len() && ids.iter().all(|id| names.contains(id)) =>
            {
                Ok(Answer::Names(names))
            }
            (PredictionKind::Number, _) => Err(format!("The answer is a whole number, at most {NUMBER_MAX}.")),
            (PredictionKind::Choice, _) => Err(format!("The answer is one of {}.", listed())),
            (PredictionKind::Services, _) => Err(format!("The answer is a list of some of {}.", listed())),
            (PredictionKind::Order, _) => Err(format!("The answer is a list of all of {}, in an order.", listed())),
        }
    }

    /// Whether an answer is what came true. What never happened can be anywhere in an order.
    pub fn is_right(&self, answer: &Answer, truth: &Answer) -> bool {
        match (self.kind, answer, truth) {
            (PredictionKind::Order, Answer::Names(answer), Answer::Names(truth)) => {
                answer.iter().filter(|name| truth.contains(name)).eq(truth)
            }
            _ => answer == truth,
        }
    }
}

/// As large as a number in an answer may be.
const NUMBER_MAX: u64 = 1_000_000_000;

/// How the truth is found in what happened since the scene began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Truth {
    /// Services that committed a transaction for a command after a message of this type was
    /// published for it.
    CommittedAfter { r#type: Name },
    /// The same, and had committed one for that command before.
    CommittedAgainAfter { r#type: Name },
    /// Services that a message of this type was delivered to.
    DeliveredTo { r#type: Name },
    /// Services that committed a transaction.
    Committed,
    /// Services that published a message.
    Published,
    /// Services whose transaction was rolled back.
    RolledBack,

    /// Services that were in this topology before, and had to be changed to come to the scene's.
    TouchedSince { topology: Name },

    /// The options by when a message of that type was first published; those that never were are
    /// left out. So with the other orders.
    OrderOfEvents,
    /// The options by when that service first committed.
    OrderOfCommits,
    /// The options by when something of this kind (`order`, `payment`, …) first took that state.
    OrderOfStates { entity: Name },
    /// The options by when that saga step was first asked for.
    OrderOfSteps,
    /// The options by when that saga step was first taken back.
    OrderOfCompensations,

    /// Messages of a type that were published.
    CountOfEvents { r#type: Name },
    /// Deliveries of messages of a type, repeats included.
    CountOfDeliveries { r#type: Name },
    /// Charges of cards.
    CountOfCharges,
    /// Payments given back.
    CountOfRefunds,
    /// Orders that stand so: `PENDING`, `CONFIRMED` or `CANCELLED`; any, where it is left out.
    CountOfOrders {
        #[serde(default)]
        status: Option<Name>,
    },
    /// Transactions that were committed, by any service or by one.
    CountOfTransactions {
        #[serde(default)]
        service: Option<Name>,
    },
    /// Replicas that took the lead, one after another.
    CountOfLeaders,
    /// Rows of a service's table whose columns are as in `where`, as texts.
    CountOfRows {
        service: Name,
        table: Name,
        #[serde(default)]
        r#where: BTreeMap<Name, String>,
    },
    /// The sum of a column over such rows.
    SumOfRows {
        service: Name,
        table: Name,
        column: Name,
        #[serde(default)]
        r#where: BTreeMap<Name, String>,
    },

    /// The first of the choices whose condition holds.
    #[serde(skip)]
    Choice(Vec<(Name, Condition)>),
}

impl Truth {
    /// The kind of prediction it is the truth of.
    pub fn kind(&self) -> PredictionKind {
        use Truth::*;
        match self {
            CommittedAfter { .. }
            | CommittedAgainAfter { .. }
            | DeliveredTo { .. }
            | Committed
            | Published
            | RolledBack
            | TouchedSince { .. } => PredictionKind::Services,
            OrderOfEvents | OrderOfCommits | OrderOfStates { .. } | OrderOfSteps | OrderOfCompensations => {
                PredictionKind::Order
            }
            CountOfEvents { .. }
            | CountOfDeliveries { .. }
            | CountOfCharges
            | CountOfRefunds
            | CountOfOrders { .. }
            | CountOfTransactions { .. }
            | CountOfLeaders
            | CountOfRows { .. }
            | SumOfRows { .. } => PredictionKind::Number,
            Choice(_) => PredictionKind::Choice,
        }
    }

    /// The tables it looks into: service and table.
    pub fn tables(&self) -> Vec<(Name, Name)> {
        match self {
            Truth::CountOfRows { service, table, .. } | Truth::SumOfRows { service, table, .. } => {
                vec![(service.clone(), table.clone())]
            }
            Truth::Choice(choices) => choices.iter().flat_map(|(_, condition)| condition.tables()).collect(),
            _ => vec![],
        }
    }

    pub(crate) fn names(&self, options: &[Choice], names: &mut Vec<Named>) {
        use Truth::*;
        match self {
            CommittedAfter { r#type }
            | CommittedAgainAfter { r#type }
            | DeliveredTo { r#type }
            | CountOfEvents { r#type }
            | CountOfDeliveries { r#type } => names.push(Named::Event(r#type.clone())),
            TouchedSince { topology } => names.push(Named::Topology(topology.clone())),
            CountOfTransactions { service: Some(service) } => names.push(Named::Service(service.clone())),
            CountOfRows { service, table, r#where } => Named::of_rows(service, table, r#where.keys(), names),
            SumOfRows { service, table, column, r#where } => {
                Named::of_rows(service, table, r#where.keys().chain([column]), names);
            }
            Choice(choices) => choices.iter().for_each(|(_, condition)| condition.names(names)),
            _ => {}
        }
        let options = options.iter().map(|option| option.id.clone());
        match self {
            OrderOfEvents => names.extend(options.map(Named::Event)),
            OrderOfSteps | OrderOfCompensations => names.extend(options.map(Named::Step)),
            OrderOfStates { .. } | Choice(_) => {}
            _ => names.extend(options.map(Named::Service)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prediction(kind: PredictionKind) -> Prediction {
        let options = ["a", "b", "c"].map(|id| Choice { id: id.into(), text: id.into() }).into();
        let (ask, ask_html, truth) = (String::new(), String::new(), Truth::Committed);
        Prediction { kind, ask, ask_html, options, unit: None, truth }
    }

    fn names(names: &[&str]) -> Answer {
        Answer::Names(names.iter().map(|name| Name::from(*name)).collect())
    }

    #[test]
    fn an_answer_is_taken_where_it_fits() {
        let services = prediction(PredictionKind::Services);
        assert_eq!(services.accept(names(&["c", "a", "c"])), Ok(names(&["a", "c"])));
        assert!(services.accept(names(&["d"])).is_err() && services.accept(Answer::Number(1)).is_err());
        let order = prediction(PredictionKind::Order);
        assert_eq!(order.accept(names(&["c", "a", "b"])), Ok(names(&["c", "a", "b"])));
        assert!(order.accept(names(&["a", "b"])).is_err() && order.accept(names(&["a", "a", "b"])).is_err());
        assert!(prediction(PredictionKind::Choice).accept(Answer::Choice("d".into())).is_err());
        assert!(prediction(PredictionKind::Number).accept(Answer::Number(i64::MIN)).is_err());
    }

    #[test]
    fn what_never_happened_can_be_anywhere_in_an_order() {
        let order = prediction(PredictionKind::Order);
        assert!(order.is_right(&names(&["b", "a", "c"]), &names(&["b", "c"])));
        assert!(!order.is_right(&names(&["c", "a", "b"]), &names(&["b", "c"])));
        let services = prediction(PredictionKind::Services);
        assert!(!services.is_right(&names(&["a"]), &names(&["a", "b"])));
    }

    #[test]
    fn answers_read_as_they_are_written() {
        for (json, answer) in
            [("3", Answer::Number(3)), ("\"a\"", Answer::Choice("a".into())), ("[\"a\"]", names(&["a"]))]
        {
            assert_eq!(serde_json::from_str::<Answer>(json).expect("reads"), answer);
            assert_eq!(serde_json::to_string(&answer).expect("writes"), json);
        }
    }
}
