//! Steps and their predictions, from what was read of `lesson.toml`.

use super::{Check, Section, Step, is_id};
use crate::Problem;
use crate::action::Action;
use crate::check::Checker;
use crate::condition::Named;
use crate::manifest::{PredictManifest, StepManifest};
use crate::predict::{Choice, Prediction, PredictionKind, Truth};
use protocol::Topology;
use toml::Spanned;

impl Checker<'_> {
    pub(super) fn topology(&mut self, name: &Spanned<String>) -> Option<Topology> {
        let topology = protocol::topology(name.get_ref());
        if topology.is_none() {
            let known = protocol::topologies().iter().map(|known| known.name.to_string()).collect();
            self.refuse(&name.span(), Problem::Unknown { what: "topology", name: name.get_ref().clone(), known });
        }
        topology
    }

    /// `around`: what a step without a scene runs in.
    pub(super) fn step(&mut self, manifest: StepManifest, sections: &[Section], around: Option<&Topology>) -> Step {
        if !sections.iter().any(|section| section.id == *manifest.section.get_ref()) {
            let place = manifest.section.span();
            self.refuse(&place, Problem::UnknownSection(manifest.section.get_ref().clone()));
        }
        let own = manifest.scene.as_ref().and_then(|scene| protocol::topology(&scene.get_ref().topology));
        if let Some(scene) = &manifest.scene {
            let names = |names: &mut Vec<Named>| {
                names.push(Named::Topology(scene.get_ref().topology.clone()));
                scene.get_ref().names(names);
            };
            self.known(own.as_ref().or(around), &scene.span(), names);
            scene.get_ref().faults.values().for_each(|rule| self.fault(own.as_ref(), &scene.span(), rule));
        }
        let topology = if manifest.scene.is_some() { own.as_ref() } else { around };
        for (field, place, is_empty) in [
            ("step.show", manifest.show.span(), manifest.show.get_ref().is_empty()),
            ("step.check", manifest.check.span(), manifest.check.get_ref().is_empty()),
        ] {
            if is_empty {
                self.refuse(&place, Problem::Empty(field));
            }
        }
        let show = manifest.show.into_inner().into_iter().map(|action| {
            self.known(topology, &action.span(), |names| action.get_ref().names(names));
            if let Some(problem) = action.get_ref().problem() {
                self.refuse(&action.span(), problem);
            }
            if let Action::Fault { rule, .. } = action.get_ref() {
                self.fault(topology, &action.span(), rule);
            }
            action.into_inner()
        });
        let show = show.collect();
        let check = manifest.check.into_inner().into_iter().map(|condition| {
            self.known(topology, &condition.span(), |names| condition.get_ref().names(names));
            let condition = condition.into_inner();
            Check { text: condition.text(), condition }
        });
        let check = check.collect();
        let do_it = self.fragment("step.do_it", &manifest.do_it);
        let reveal = self.fragment("step.reveal", &manifest.reveal);
        let predict = manifest.predict.and_then(|predict| self.predict(predict, topology));
        Step {
            id: self.id(manifest.id),
            section: manifest.section.into_inner(),
            title: self.filled("step.title", manifest.title),
            challenge: manifest.challenge,
            do_it: do_it.text,
            do_html: do_it.html,
            scene: manifest.scene.map(Spanned::into_inner),
            predict,
            show,
            check,
            reveal: reveal.text,
            reveal_html: reveal.html,
        }
    }

    fn predict(&mut self, manifest: Spanned<PredictManifest>, topology: Option<&Topology>) -> Option<Prediction> {
        let place = manifest.span();
        let PredictManifest { kind, ask, options, choices, unit, truth } = manifest.into_inner();
        let wrong = match kind {
            PredictionKind::Choice if truth.is_some() || !options.is_empty() => Some(
                "a choice has neither `truth` nor `options`: each [[step.predict.choice]] says `when` it comes true",
            ),
            PredictionKind::Choice if choices.len() < 2 => {
                Some("a choice needs two choices or more: write [[step.predict.choice]]")
            }
            PredictionKind::Choice => None,
            _ if truth.is_none() => Some("`truth` is missing: it says how the answer is found in the record"),
            _ if !choices.is_empty() => Some("only the kind `choice` has [[step.predict.choice]]"),
            PredictionKind::Order if options.len() < 2 => Some("`options` is missing: what is to be put in order"),
            PredictionKind::Number if !options.is_empty() => Some("a number has no `options`"),
            _ if truth.as_ref().is_some_and(|truth| truth.get_ref().kind() != kind) => {
                Some("this `truth` is of another kind of prediction")
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.refuse(&place, Problem::Prediction(wrong));
            return None;
        }
        let ask = self.fragment("step.predict.ask", &ask);
        let named = |id: &protocol::Name| Choice { id: id.clone(), text: id.to_string() };
        let mut options: Vec<Choice> = options.iter().map(named).collect();
        if kind == PredictionKind::Services && options.is_empty() {
            options = topology.into_iter().flat_map(|topology| &topology.services).map(|of| named(&of.name)).collect();
        }
        let mut conditions = vec![];
        for choice in choices {
            let choice = choice.into_inner();
            let text = self.fragment("step.predict.choice.text", &choice.text).text;
            self.known(topology, &choice.when.span(), |names| choice.when.get_ref().names(names));
            let id: protocol::Name = choice.id.get_ref().as_str().into();
            if !is_id(&id) || options.iter().any(|option| option.id == id) {
                let (place, id) = (choice.id.span(), id.to_string());
                self.refuse(&place, if is_id(&id) { Problem::DuplicateId(id) } else { Problem::BadId(id) });
            }
            options.push(Choice { id: id.clone(), text });
            conditions.push((id, choice.when.into_inner()));
        }
        let truth = truth.map_or(Truth::Choice(conditions), Spanned::into_inner);
        self.known(topology, &place, |names| {
            if kind != PredictionKind::Choice {
                truth.names(&options, names);
            }
        });
        Some(Prediction { kind, ask: ask.text, ask_html: ask.html, options, unit, truth })
    }
}
