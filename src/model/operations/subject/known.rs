//! Names that are known beside the labels: services of definitions, workloads of watched
//! clusters with what made them, and receivers.

use std::collections::{BTreeSet, HashMap};

/// Names that are known from elsewhere.
#[derive(Clone, Debug, Default)]
pub struct KnownServices {
    /// Services of SLOs.
    pub services: BTreeSet<String>,
    /// Workloads of watched clusters: namespace and name to the service.
    pub workloads: HashMap<(String, String), String>,
    /// Objects of watched clusters whose names do not say what made them: namespace and
    /// name to the name of the workload.
    pub owners: HashMap<(String, String), String>,
    /// Receivers of Alertmanager without any integration.
    pub silent_receivers: BTreeSet<String>,
}

impl KnownServices {
    /// Notes a workload and the services that it may belong to, best first: the first
    /// that has an SLO, else the best.
    pub fn add_workload(&mut self, namespace: String, name: String, services: &[String]) {
        let known = services.iter().find(|service| self.services.contains(*service));
        if let Some(service) = known.or(services.first()) {
            self.workloads.insert((namespace, name), service.clone());
        }
    }

    /// The service of an object in a namespace, through the workload that made it.
    pub(super) fn service_of(&self, namespace: &str, name: &str) -> Option<(&str, &str)> {
        let object = (namespace.to_owned(), name.to_owned());
        let Some(owner) = self.owners.get(&object) else {
            return self.workloads.get_key_value(&object).map(|((_, name), service)| (name.as_str(), service.as_str()));
        };
        let workload = (object.0, owner.clone());
        Some((owner, self.workloads.get(&workload).unwrap_or(owner)))
    }

    /// The workload of a claim, `TEMPLATE-WORKLOAD`, or that of a service in it: charts
    /// call the template as they like.
    pub(super) fn workload_of_claim(&self, namespace: &str, claim: &str) -> Option<&str> {
        let here = self.workloads.keys().filter(|(of, _)| of == namespace).map(|(_, name)| name);
        let names = here.chain(&self.services).map(String::as_str);
        let ends = |name: &&str| claim.strip_suffix(name).is_some_and(|rest| rest.ends_with('-'));
        names.filter(|name| *name == claim || ends(name)).max_by_key(|name| (name.len(), *name))
    }
}
