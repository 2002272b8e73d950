//! What an alert is about: its service, team, namespace, cluster and node, and
//! which rule said so.
//!
//! The rules of the configuration come first. Then the labels that name the
//! subject (`deployment`, `job_name`, ...), then the pod unless it is the
//! exporter's own, and the scrape target last: most alerts of a cluster come from
//! exporters, whose own names they carry. A candidate that is known, as a service
//! with an SLO or as a workload of the watched cluster, goes before one that is not.

mod address;
pub mod exporters;
pub mod known;
mod objects;
pub mod rule;
pub mod workload;

use self::address::{host, inner_name, is_name, is_of_node, last_part, resource, without_port};
use self::exporters::{
    ADDRESSES, APPLICATIONS, CLAIM, NODES, OF_CLUSTER, OF_NAMESPACE, PODS, RESOURCES, Sees, WORKLOADS,
};
use self::known::KnownServices;
use self::objects::{OBJECT_LABELS, OBJECTS};
use self::rule::MappingRule;
use crate::model::labels::Labels;
use crate::model::operations::change::ObjectRef;

/// What an alert is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// `None` where no label names one, as with alerts about a node.
    pub service: Option<String>,
    /// The rule that named the service: `alerts.service[0]`, `label deployment`.
    pub named_by: String,
    /// The name is that of an object in a namespace, so the same name in another
    /// namespace is something else.
    pub is_namespaced: bool,
    /// The machine that it is about, or that what it is about runs on.
    pub node: Option<String>,
    pub namespace: Option<String>,
    pub cluster: Option<String>,
    pub team: Option<String>,
}

/// Labels that name a team or a cluster where no rule does.
const TEAMS: [&str; 3] = ["team", "owner_team", "label_team"];
const CLUSTERS: [&str; 6] =
    ["cluster", "cluster_name", "k8s_cluster_name", "k8s_cluster", "kubernetes_cluster", "clusterName"];
const NAMESPACES: [&str; 9] = [
    "destination_workload_namespace",
    "destination_service_namespace",
    "destination_namespace",
    "dest_namespace",
    "involved_object_namespace",
    "namespace",
    "kubernetes_namespace",
    "k8s_namespace_name",
    "container_label_io_kubernetes_pod_namespace",
];

/// How labels become subjects.
#[derive(Clone, Debug, Default)]
pub struct SubjectRules {
    pub service: Vec<MappingRule>,
    pub team: Vec<MappingRule>,
    pub namespace: Vec<MappingRule>,
    pub cluster: Vec<MappingRule>,
}

/// A name that an alert's labels give its service.
struct Candidate {
    name: String,
    by: String,
    is_namespaced: bool,
}

impl SubjectRules {
    /// What an alert with these labels is about.
    pub fn subject(&self, labels: &Labels, known: &KnownServices) -> Subject {
        let view = View::new(labels);
        let configured =
            |rules: &[MappingRule]| rules.iter().find_map(|rule| Some((rule.apply(labels)?, rule.name.clone())));
        let first = |names: &[&str]| names.iter().find_map(|name| view.get(name)).map(str::to_owned);
        let namespace = configured(&self.namespace).map(|(name, _)| name).or_else(|| first(&NAMESPACES));
        let is_own = view.own_cluster().is_some();
        let clusters: Vec<&str> = CLUSTERS.into_iter().filter(|label| !is_own || *label != "cluster").collect();
        let cluster = configured(&self.cluster).map(|(name, _)| name).or_else(|| first(&clusters));
        let namespace = namespace.or_else(|| view.inner_namespace());
        let team = configured(&self.team).map(|(name, _)| name).or_else(|| first(&TEAMS));
        let subject = match configured(&self.service) {
            Some((service, by)) => {
                Subject { service: Some(service), named_by: by, node: view.node(), ..Subject::default() }
            }
            None => view.subject(known, namespace.as_deref()),
        };
        // A node is in no namespace: what is named is that of the exporter.
        let namespace = namespace.filter(|_| subject.service.is_some() || subject.node.is_none());
        let namespace = namespace.filter(|_| !OF_CLUSTER.iter().any(|label| view.get(label).is_some()));
        Subject { namespace, cluster, team, ..subject }
    }

    /// The service of an object of the cluster: that of an alert which names it.
    pub fn service_of(&self, object: &ObjectRef, known: &KnownServices) -> Option<String> {
        let (_, label) = OBJECT_LABELS.iter().find(|(kind, _)| *kind == object.kind)?;
        let pairs = [(*label, object.name.as_str()), ("namespace", object.namespace.as_str())];
        let labels = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        self.subject(&labels, known).service
    }
}

/// Labels, with those of the target told apart from those of the subject.
struct View<'a> {
    labels: &'a Labels,
    /// The exporter that the target is, if it measures something else.
    sees: Option<Sees>,
}

impl<'a> View<'a> {
    fn new(labels: &'a Labels) -> View<'a> {
        let others = ["service", "app_kubernetes_io_name", "app", "k8s_app", "kubernetes_name"];
        let of_others = || others.iter().filter_map(|label| labels.get(label)).find_map(exporters::onlooker);
        let sees = labels.get("job").and_then(exporters::onlooking_job).or_else(of_others);
        View { labels, sees }
    }

    /// The value about the subject: Prometheus renames a label of the metric to
    /// `exported_...` where the target has one of that name.
    fn get(&self, name: &str) -> Option<&'a str> {
        let exported = self.labels.get(&format!("exported_{name}"));
        exported.or_else(|| self.labels.get(name)).filter(|value| exporters::is_named(value))
    }

    fn subject(&self, known: &KnownServices, namespace: Option<&str>) -> Subject {
        let namespace = namespace.unwrap_or_default();
        let mut candidates = self.candidates(known, namespace);
        for candidate in &mut candidates {
            let found = known.service_of(namespace, &candidate.name).filter(|_| candidate.is_namespaced);
            if let Some((workload, service)) = found {
                candidate.by = format!("{}, workload {workload}", candidate.by);
                candidate.name = service.to_owned();
            }
        }
        let best = candidates.iter().position(|candidate| known.services.contains(&candidate.name)).unwrap_or(0);
        let named = (best < candidates.len()).then(|| candidates.swap_remove(best));
        let node = self.node();
        if named.is_none() && node.is_some() {
            return Subject { node, named_by: "node".to_owned(), ..Subject::default() };
        }
        let named = named.or_else(|| self.exporter_itself());
        // A node that stands beside a namespaced object of kube-state-metrics is
        // where kube-state-metrics runs.
        let node = node.filter(|_| self.sees != Some(Sees::Objects) || self.pod().is_some());
        match named {
            Some(Candidate { name, by, is_namespaced }) => {
                Subject { service: Some(name), named_by: by, is_namespaced, node, ..Subject::default() }
            }
            None => Subject { node, ..Subject::default() },
        }
    }

    /// Names of the service, best first.
    fn candidates(&self, known: &KnownServices, namespace: &str) -> Vec<Candidate> {
        let stated = self.stated_service().into_iter();
        let workloads = WORKLOADS.iter().filter_map(|(label, clean)| {
            let name = clean(self.get(label)?);
            let of_claim = |claim: &str| known.workload_of_claim(namespace, claim).map(str::to_owned);
            let name = (*label == CLAIM).then(|| of_claim(name)).flatten().unwrap_or_else(|| name.to_owned());
            Some(Candidate { name, by: format!("label {label}"), is_namespaced: true })
        });
        let objects = OBJECTS.iter().filter_map(|(kind, label, clean)| {
            let (kind, name) = (self.get(kind)?, self.get(label)?);
            let name = if kind == "Pod" { workload::of_pod(name, None) } else { clean(name) };
            let by = format!("label {label}");
            (kind != "Node").then(|| Candidate { name: name.to_owned(), by, is_namespaced: true })
        });
        let applications = APPLICATIONS.iter().filter_map(|label| self.plain(label, self.get(label)?));
        let pod = self.pod().into_iter();
        let seen = self.seen().into_iter();
        let namespace = OF_NAMESPACE.iter().filter_map(|label| self.get(label)).filter_map(|_| {
            let name = self.get("namespace")?.to_owned();
            Some(Candidate { name, by: "label namespace".to_owned(), is_namespaced: false })
        });
        let target = self.target();
        stated
            .chain(workloads)
            .chain(objects)
            .chain(applications)
            .chain(pod)
            .chain(seen)
            .chain(namespace)
            .chain(target)
            .collect()
    }

    fn plain(&self, label: &str, value: &str) -> Option<Candidate> {
        let sees = if label == "job" { exporters::onlooking_job(value) } else { exporters::onlooker(value) };
        let is_exporter = sees.is_some() && self.labels.get(label) == Some(value);
        // Names of applications are those of objects in a namespace; a job may be anywhere.
        let is_namespaced = label != "job" && self.sees.is_none() && self.get("namespace").is_some();
        let candidate = || Candidate { name: last_part(value).to_owned(), by: format!("label {label}"), is_namespaced };
        (!is_exporter && !exporters::is_scrape_job(value)).then(candidate)
    }

    /// A service that the rule or the application states, and not the scrape.
    fn stated_service(&self) -> Option<Candidate> {
        if let Some(service) = self.labels.get("exported_service") {
            return self.plain("exported_service", service);
        }
        let service = self.labels.get("service")?;
        // What routes requests names who they were for, with the target's labels beside it.
        let is_route = self.sees == Some(Sees::Routes) && self.labels.get("job").is_none_or(|job| job != service);
        let of_target = self.labels.get("endpoint").is_some() || self.labels.get("job") == Some(service);
        let of_target = of_target && !is_route;
        // One that a rule states may have parts in several namespaces.
        let stated = self.plain("service", service).filter(|_| !of_target)?;
        Some(Candidate { is_namespaced: is_route && self.get("namespace").is_some(), ..stated })
    }

    /// The pod's workload, unless the pod is the exporter's own.
    fn pod(&self) -> Option<Candidate> {
        let (label, pod) = PODS.iter().find_map(|label| Some((*label, self.get(label)?)))?;
        let name = workload::of_pod(pod, NODES.iter().find_map(|node| self.get(node)));
        let is_exported = self.labels.get(&format!("exported_{label}")).is_some();
        let own = self.sees.is_some() && !is_exported && self.is_exporter(name);
        (!own).then(|| Candidate { name: name.to_owned(), by: format!("label {label}"), is_namespaced: true })
    }

    /// Whether a workload is the exporter that the job or the service names.
    fn is_exporter(&self, workload: &str) -> bool {
        let mut names = ["job", "service"].into_iter().filter_map(|label| self.labels.get(label));
        names.any(|name| workload == last_part(name)) || exporters::onlooker(workload) == self.sees
    }

    /// What the exporter looks at.
    fn seen(&self) -> Option<Candidate> {
        let address = || ADDRESSES.iter().find_map(|label| Some((*label, host(self.get(label)?)?)));
        let named = |(label, name): (&str, &str)| Candidate {
            name: name.to_owned(),
            by: format!("label {label}"),
            is_namespaced: false,
        };
        if let Some(cluster) = self.own_cluster() {
            return Some(named(("cluster", cluster)));
        }
        let label = |labels: &[&'static str]| labels.iter().find_map(|label| Some((*label, self.get(label)?)));
        match self.sees {
            Some(Sees::Address) => address().filter(|(_, host)| exporters::onlooker(host).is_none()).map(named),
            Some(Sees::System) => address().filter(|(_, host)| is_name(host)).map(named).or_else(|| self.measured()),
            Some(Sees::Resource) => label(&RESOURCES).map(|(label, name)| named((label, resource(name)))),
            Some(Sees::Named) => label(&["name", "application"]).map(named),
            Some(Sees::Forwarded) => {
                let job = self.labels.get("exported_job")?;
                Some(named(("exported_job", last_part(job))))
            }
            Some(Sees::Objects | Sees::NodeAndPods | Sees::Node | Sees::Routes) => None,
            None => {
                // Only a probe has an address with a scheme for its instance.
                let (label, value) = label(&["instance", "target"])?;
                value.contains("://").then(|| host(value)).flatten().map(|host| named((label, host)))
            }
        }
    }

    /// The cluster that a database of many nodes calls itself. What is summed up over the
    /// targets tells of the scrape.
    fn own_cluster(&self) -> Option<&'a str> {
        let mut names = ["job", "service"].into_iter().filter_map(|label| self.labels.get(label));
        let is_series = ["instance", "pod", "exported_cluster"].iter().any(|label| self.labels.get(label).is_some());
        self.get("cluster").filter(|_| is_series && names.any(exporters::is_own_cluster))
    }

    /// The namespace in a name of the cluster's DNS, `http://cart.shop.svc:8080`.
    fn inner_namespace(&self) -> Option<String> {
        let addresses = ADDRESSES.iter().chain(&["envoy_cluster_name"]).filter_map(|label| self.get(label));
        addresses.filter_map(inner_name).map(|(_, namespace)| namespace.to_owned()).next()
    }

    /// What the exporter is called after: `orders-postgres-exporter` measures
    /// `orders-postgres`.
    fn measured(&self) -> Option<Candidate> {
        ["service", "job"].into_iter().find_map(|label| {
            let name = last_part(self.labels.get(label)?);
            let end = ["-exporter", "_exporter"].iter().find_map(|end| name.strip_suffix(end))?;
            let name = end.strip_prefix("prometheus-").unwrap_or(end);
            (!name.is_empty()).then(|| Candidate {
                name: name.to_owned(),
                by: format!("label {label}, without -exporter"),
                is_namespaced: false,
            })
        })
    }

    /// The scrape target: its service or job, the container, or a host.
    fn target(&self) -> impl Iterator<Item = Candidate> {
        // The container of an exporter is its own, unless it tells of containers.
        let container = self.sees.is_none_or(|sees| sees == Sees::NodeAndPods);
        let container = self.get("container").filter(|name| container && !exporters::is_sidecar(name));
        let labels = ["service", "job"].into_iter().map(|label| (label, self.get(label)));
        let labels = labels.chain([("container", container)]);
        let scraped = labels.filter_map(|(label, value)| self.plain(label, value?));
        let instance = self.labels.get("instance").filter(|_| self.sees.is_none());
        let host = instance.filter(|address| !is_of_node(address)).and_then(host).filter(|host| is_name(host));
        let host =
            host.map(|host| Candidate { name: host.to_owned(), by: "label instance".to_owned(), is_namespaced: false });
        scraped.chain(host)
    }

    /// Where nothing says what was measured, the exporter itself is in trouble.
    fn exporter_itself(&self) -> Option<Candidate> {
        // It tells of an object that is of no service.
        if OF_CLUSTER.iter().any(|label| self.get(label).is_some()) {
            return None;
        }
        ["job", "service"].into_iter().find_map(|label| {
            let name = last_part(self.labels.get(label)?).to_owned();
            Some(Candidate { name, by: format!("label {label}"), is_namespaced: false })
        })
    }

    fn node(&self) -> Option<String> {
        let named = NODES.iter().find_map(|label| self.get(label));
        let instance = || self.labels.get("instance");
        let of_exporter = || instance().filter(|_| self.sees == Some(Sees::Node)).map(without_port);
        let of_port = || instance().filter(|address| self.sees.is_none() && is_of_node(address)).map(without_port);
        named.or_else(of_exporter).or_else(of_port).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests;
