//! Turns what was read of a lesson's files into what can be shown, and gathers what is wrong.

use crate::condition::Named;
use crate::lesson::Rules;
use crate::markdown::{self, Fragment};
use crate::scene::FaultRule;
use crate::source::{Place, Source};
use crate::{LessonError, Problem, lesson};
use protocol::Topology;
use std::collections::BTreeSet;
use toml::Spanned;

pub(crate) struct Checker<'a> {
    pub source: Source<'a>,
    pub errors: Vec<LessonError>,
    ids: BTreeSet<String>,
    pub rules: Option<&'a Rules<'a>>,
}

impl<'a> Checker<'a> {
    pub fn of(source: Source<'a>) -> Self {
        Checker { source, errors: vec![], ids: BTreeSet::new(), rules: None }
    }

    pub fn refuse(&mut self, place: &Place, problem: Problem) {
        self.errors.push(self.source.error(place, problem));
    }

    /// A plain text that says something.
    pub fn filled(&mut self, field: &'static str, text: Spanned<String>) -> String {
        if text.get_ref().trim().is_empty() {
            self.refuse(&text.span(), Problem::Empty(field));
        }
        text.into_inner()
    }

    /// A few sentences of Markdown that say something.
    pub fn fragment(&mut self, field: &'static str, text: &Spanned<String>) -> Fragment {
        let mut fragment = markdown::fragment(text.get_ref());
        for problem in fragment.problems.drain(..) {
            let word = match &problem {
                Problem::Link(word) | Problem::Image(word) | Problem::Heading(word) => word.as_str(),
                _ => "",
            };
            let place = self.source.within(&text.span(), word);
            self.refuse(&place, problem);
        }
        if fragment.text.is_empty() {
            self.refuse(&text.span(), Problem::Empty(field));
        }
        fragment
    }

    /// An id that no other of this lesson has.
    pub fn id(&mut self, id: Spanned<String>) -> String {
        let place = id.span();
        let id = id.into_inner();
        self.keep_id(&id, &place);
        id
    }

    pub fn keep_id(&mut self, id: &str, place: &Place) {
        if !lesson::is_id(id) {
            self.refuse(place, Problem::BadId(id.to_owned()));
        } else if !self.ids.insert(id.to_owned()) {
            self.refuse(place, Problem::DuplicateId(id.to_owned()));
        }
    }

    /// From here on, ids may be used again.
    pub fn forget_ids(&mut self) {
        self.ids.clear();
    }

    /// That a fault whose names are known would change something.
    pub fn fault(&mut self, topology: Option<&Topology>, place: &Place, rule: &FaultRule) {
        let (Some(rules), Some(topology)) = (self.rules, topology) else { return };
        let mut names = vec![];
        rule.names(&mut names);
        if names.iter().all(|name| name.problem(topology, None).is_none())
            && let Err(sentence) = (rules.fault)(topology, &rule.spec())
        {
            let place = self.source.within(place, rule.kind.name());
            self.refuse(&place, Problem::Fault(sentence));
        }
    }

    /// That the topology has all of these names.
    pub fn known(&mut self, topology: Option<&Topology>, place: &Place, names: impl FnOnce(&mut Vec<Named>)) {
        let Some(topology) = topology else { return };
        let mut named = vec![];
        names(&mut named);
        let tables = self.rules.map(|rules| rules.tables);
        for problem in named.iter().filter_map(|name| name.problem(topology, tables)) {
            let word = if let Problem::Unknown { name, .. } = &problem { name.as_str() } else { "" };
            let place = self.source.within(place, word);
            self.refuse(&place, problem);
        }
    }
}
