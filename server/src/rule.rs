//! Where the rule of a saga is written: the lines at which the services of a record said what
//! comes next. A fold; nothing of it is written down.

use crate::sources::Sources;
use frontend::render::{RuleLine, RulePart};
use protocol::{Name, Observation, Recorded, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// What a topology takes for a part of the rule, and the lines that were one.
pub struct Rule {
    /// Somebody leads by a list, and its steps are what counts.
    led: bool,
    /// The types of messages at which somebody carries out a step.
    triggers: BTreeSet<Name>,
    parts: Vec<Part>,
}

struct Part {
    service: Name,
    file: Name,
    /// By line, what was said there, in order.
    lines: BTreeMap<u32, Vec<Name>>,
}

/// Lines shown before and after a lit one.
const BEFORE: u32 = 2;
const AFTER: u32 = 4;

impl Rule {
    pub fn of(topology: &Topology) -> Self {
        let triggers = topology.services.iter().flat_map(|service| &service.steps).flat_map(|step| &step.on);
        Rule { led: topology.saga.is_some(), triggers: triggers.cloned().collect(), parts: vec![] }
    }

    pub fn see(&mut self, event: &Recorded) {
        let said = match &event.observation {
            Observation::SagaStepStarted { step, .. }
            | Observation::SagaStepCompleted { step, .. }
            | Observation::SagaStepCompensated { step, .. }
                if self.led =>
            {
                step
            }
            Observation::MessagePublished { envelope, .. } if !self.led && self.triggers.contains(&envelope.kind) => {
                &envelope.kind
            }
            _ => return,
        };
        let Some(code) = &event.code else { return };
        let known = self.parts.iter().position(|part| part.service == event.service && part.file == code.file);
        let index = known.unwrap_or_else(|| {
            self.parts.push(Part { service: event.service.clone(), file: code.file.clone(), lines: BTreeMap::new() });
            self.parts.len() - 1
        });
        let known = self.parts[index].lines.entry(code.line).or_default();
        if !known.contains(said) {
            known.push(said.clone());
        }
    }

    /// The lit lines among their neighbours.
    pub fn shown(self, sources: &Sources) -> Vec<RulePart> {
        let shown = |part: Part| RulePart {
            passages: sources.text(&part.file).map_or(vec![], |source| passages(source, &part.lines)),
            service: part.service.to_string(),
            file: part.file.to_string(),
        };
        self.parts.into_iter().map(shown).collect()
    }
}

fn passages(source: &str, lit: &BTreeMap<u32, Vec<Name>>) -> Vec<Vec<RuleLine>> {
    let near = |number: u32| {
        let from = number.saturating_sub(AFTER);
        lit.range(from..=number.saturating_add(BEFORE)).next().is_some()
    };
    let mut passages: Vec<Vec<RuleLine>> = vec![];
    for (text, number) in source.lines().zip(1..).filter(|(_, number)| near(*number)) {
        let said = lit.get(&number).into_iter().flatten().map(ToString::to_string).collect();
        let line = RuleLine { number, text: text.to_owned(), said };
        match passages.last_mut() {
            Some(passage) if passage.last().is_some_and(|last| last.number + 1 == number) => passage.push(line),
            _ => passages.push(vec![line]),
        }
    }
    passages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_shown_once_and_passages_that_meet_are_one() {
        let source: String = (1..=40).map(|number| format!("line {number}\n")).collect();
        let lit = |numbers: &[u32]| numbers.iter().map(|number| (*number, vec!["A".into()])).collect();
        let ranges = |numbers: &[u32]| -> Vec<(u32, u32)> {
            let ends = |lines: &Vec<RuleLine>| (lines[0].number, lines[lines.len() - 1].number);
            passages(&source, &lit(numbers)).iter().map(ends).collect()
        };
        assert_eq!(ranges(&[10, 13]), [(8, 17)]);
        assert_eq!(ranges(&[1, 30]), [(1, 5), (28, 34)]);
        assert_eq!(ranges(&[40, 4000]), [(38, 40)]);
    }
}
