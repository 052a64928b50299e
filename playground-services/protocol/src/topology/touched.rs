//! What had to be touched to come from one topology to another: compared, not written down.

use super::{ServiceSpec, Topology};
use crate::Name;

/// What differs from how it was before.
#[derive(Clone, Debug, PartialEq)]
pub struct Touched<'a> {
    /// Services that were not there.
    pub added: Vec<&'a ServiceSpec>,
    /// Services that were there, and hear or do something else from now on.
    pub changed: Vec<&'a ServiceSpec>,
    /// Steps that are new in the list the leader goes by.
    pub entries: Vec<&'a Name>,
}

impl Topology {
    pub fn touched<'a>(&'a self, before: &Topology) -> Touched<'a> {
        let (there, added): (Vec<_>, Vec<_>) =
            self.services.iter().partition(|service| before.service(&service.name).is_some());
        let differs = |service: &&ServiceSpec| {
            before
                .service(&service.name)
                .is_some_and(|was| (&was.consumes, &was.steps) != (&service.consumes, &service.steps))
        };
        let listed = |step: &&Name| before.saga.as_ref().is_some_and(|saga| saga.steps.contains(step));
        Touched {
            added,
            changed: there.into_iter().filter(differs).collect(),
            entries: self.saga.iter().flat_map(|saga| &saga.steps).filter(|step| !listed(step)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::topology;

    /// The services added and changed, and the entries of the list.
    fn touched(before: &str, after: &str) -> [Vec<String>; 3] {
        let (before, after) = (topology(before).expect("known"), topology(after).expect("known"));
        let touched = after.touched(&before);
        let names =
            |services: &[&crate::ServiceSpec]| services.iter().map(|service| service.name.to_string()).collect();
        [names(&touched.added), names(&touched.changed), touched.entries.iter().map(ToString::to_string).collect()]
    }

    #[test]
    fn a_newcomer_in_a_choreography_touches_who_is_before_it_and_who_is_after() {
        let [added, changed, entries] = touched("saga-choreography", "saga-choreography-gift");
        assert_eq!(added, ["gift-wrapping"]);
        assert_eq!(changed, ["inventory", "payments"]);
        assert!(entries.is_empty());
    }

    #[test]
    fn a_newcomer_in_an_orchestration_touches_its_leader_alone_by_one_entry_of_the_list() {
        let [added, changed, entries] = touched("saga-orchestration", "saga-orchestration-gift");
        assert_eq!(added, ["gift-wrapping"]);
        assert_eq!(changed, ["saga-orchestrator"]);
        assert_eq!(entries, ["wrap-gift"]);
    }

    #[test]
    fn nothing_has_to_be_touched_to_stay_the_same() {
        let [added, changed, entries] = touched("saga-orchestration", "saga-orchestration");
        assert!(added.is_empty() && changed.is_empty() && entries.is_empty());
    }
}
