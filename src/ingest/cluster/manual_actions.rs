//! What people do to workloads and nodes by hand, to changes: scaled, cordoned.
//! The API server notes by the name of a tool who set each field of an object;
//! what the tools of people set was set by a person. Must not know the API, the
//! store or the clock.

use std::collections::{HashMap, HashSet};

use crate::model::labels::content_hash;
use crate::model::operations::change::{Change, ChangeId, ChangeKind, ChangeOutcome, ObjectRef};
use crate::model::time::Timestamp;

/// The names under which people's tools change objects. All else is a
/// controller, an autoscaler or a pipeline: a new one of those must not pass for
/// a person, so that tools which are not named here go unseen instead. The names
/// by which kubectl applies, replaces or creates whole manifests are left out,
/// as pipelines do that.
const TOOLS_OF_PEOPLE: [&str; 10] = [
    // scale, cordon and drain.
    "kubectl",
    "kubectl-edit",
    "kubectl-patch",
    // OpenShift's.
    "oc",
    "k9s",
    // Lens, and Freelens before it had a name of its own. So is a program for
    // Node that gives itself no name; few of those scale or cordon.
    "node-fetch",
    "Freelens",
    // Consoles that pass on what the browser calls itself: those of OpenShift
    // and Rancher, and Headlamp.
    "Mozilla",
    // The Kubernetes Dashboard.
    "dashboard",
    "GoogleCloudConsole",
];

/// Objects of one kind that are followed, about 100 bytes each: as many as
/// Deployments, and eight times the nodes that Kubernetes is made for.
const FOLLOWED_MAX: usize = 40_000;

/// Who set a field of an object to its value, other than by applying a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setter {
    /// The name of the tool.
    pub manager: String,
    /// When it last set a field of the object. The API server does not note it
    /// for the subresource `scale`.
    pub at: Option<Timestamp>,
}

impl Setter {
    fn is_person(&self) -> bool {
        TOOLS_OF_PEOPLE.contains(&self.manager.as_str())
    }
}

/// One sight of the wanted size of a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScaleSight {
    pub uid: String,
    pub object: ObjectRef,
    pub service: String,
    pub wanted_replicas: i64,
    pub set_by: Option<Setter>,
}

/// One sight of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSight {
    pub uid: String,
    pub name: String,
    /// Who took it out of scheduling; `None` while pods may be scheduled there.
    pub cordoned_by: Option<Setter>,
}

/// The last state of each object, with the listing that last held it.
#[derive(Debug)]
struct Seen<T> {
    states: HashMap<String, (u64, T)>,
    listing: u64,
    is_listing: bool,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Seen { states: HashMap::new(), listing: 0, is_listing: false }
    }
}

impl<T> Seen<T> {
    /// Remembers a state; the one before, if it was known.
    fn replace(&mut self, uid: &str, state: T) -> Option<T> {
        if self.states.len() >= FOLLOWED_MAX && !self.states.contains_key(uid) {
            return None;
        }
        self.states.insert(uid.to_owned(), (self.listing, state)).map(|(_, before)| before)
    }

    fn begin(&mut self) {
        self.listing += 1;
        self.is_listing = true;
    }

    /// What the listing did not hold is gone.
    fn end(&mut self) {
        let listing = self.listing;
        self.states.retain(|_, (last, _)| *last == listing);
        self.is_listing = false;
    }
}

/// Turns sights of one kind of workload into changes of their size.
#[derive(Debug, Default)]
pub struct Scalings {
    seen: Seen<i64>,
}

impl Scalings {
    /// The change, if a person made the workload larger or smaller since it was
    /// last seen.
    pub fn see(&mut self, sight: ScaleSight, now: Timestamp) -> Option<Change> {
        let before = self.seen.replace(&sight.uid, sight.wanted_replicas)?;
        if before == sight.wanted_replicas {
            return None;
        }
        let setter = sight.set_by.filter(Setter::is_person)?;
        // What a watch tells happened just now, or while it was cut off for some
        // moments; what a listing tells happened at some time since the watch
        // before, and only the time of the tool helps.
        let at = setter.at.or((!self.seen.is_listing).then_some(now))?;
        let id = id_of(ChangeKind::Scale, &sight.uid, at);
        let summary = format!("{before} to {} replicas, by {}", sight.wanted_replicas, setter.manager);
        Some(done(id, ChangeKind::Scale, sight.object, sight.service, summary, at.min(now)))
    }

    pub fn lose(&mut self, uid: &str) {
        self.seen.states.remove(uid);
    }

    /// A complete listing begins.
    pub fn begin_listing(&mut self) {
        self.seen.begin();
    }

    pub fn end_listing(&mut self) {
        self.seen.end();
    }
}

/// Turns sights of nodes into changes.
#[derive(Debug, Default)]
pub struct Cordons {
    /// Whether each node is cordoned.
    seen: Seen<bool>,
    /// Those that were told, also by an earlier process.
    told: HashSet<ChangeId>,
}

impl Cordons {
    /// Starts from the changes that are stored already.
    pub fn new<'a>(stored: impl IntoIterator<Item = &'a Change>) -> Self {
        let cordons = stored.into_iter().filter(|change| change.kind == ChangeKind::Cordon);
        Cordons { told: cordons.map(|change| change.id).collect(), ..Cordons::default() }
    }

    /// The change, if a person has cordoned the node and it was not told yet,
    /// also if that was before the first sight.
    pub fn see(&mut self, sight: NodeSight, now: Timestamp) -> Option<Change> {
        let before = self.seen.replace(&sight.uid, sight.cordoned_by.is_some());
        let setter = sight.cordoned_by.filter(|_| before != Some(true)).filter(Setter::is_person)?;
        let at = setter.at?;
        let id = id_of(ChangeKind::Cordon, &sight.uid, at);
        let object = ObjectRef { kind: "Node".to_owned(), namespace: String::new(), name: sight.name };
        let summary = format!("cordoned by {}", setter.manager);
        self.told.insert(id).then(|| done(id, ChangeKind::Cordon, object, String::new(), summary, at.min(now)))
    }

    pub fn lose(&mut self, uid: &str) {
        self.seen.states.remove(uid);
    }

    /// A complete listing begins.
    pub fn begin_listing(&mut self) {
        self.seen.begin();
    }

    pub fn end_listing(&mut self) {
        self.seen.end();
    }
}

/// By the time that the API server noted, which stays the same in later sights.
fn id_of(kind: ChangeKind, uid: &str, at: Timestamp) -> ChangeId {
    ChangeId(content_hash([uid.as_bytes(), kind.word().as_bytes(), &at.millis().to_le_bytes()]))
}

/// What was done to an object in an instant.
fn done(id: ChangeId, kind: ChangeKind, object: ObjectRef, service: String, summary: String, at: Timestamp) -> Change {
    Change { id, kind, outcome: ChangeOutcome::Succeeded, object, service, summary, started_at: at, ended_at: Some(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_millis(secs * 1_000)
    }

    fn setter(manager: &str, secs: Option<i64>) -> Option<Setter> {
        Some(Setter { manager: manager.to_owned(), at: secs.map(at) })
    }

    fn size(wanted_replicas: i64, set_by: Option<Setter>) -> ScaleSight {
        let object = ObjectRef { kind: "Deployment".to_owned(), namespace: "shop".to_owned(), name: "cart".to_owned() };
        ScaleSight { uid: "d-1".to_owned(), object, service: "basket".to_owned(), wanted_replicas, set_by }
    }

    /// Scalings that have seen a workload of two pods.
    fn of_two() -> Scalings {
        let mut scalings = Scalings::default();
        scalings.begin_listing();
        assert_eq!(scalings.see(size(2, setter("kubectl", None)), at(100)), None, "the first sight has no before");
        scalings.end_listing();
        scalings
    }

    #[test]
    fn a_size_that_a_person_set_is_a_change() {
        let mut scalings = of_two();
        let change = scalings.see(size(5, setter("kubectl", None)), at(200)).unwrap();
        assert_eq!((change.kind, change.started_at, change.ended_at), (ChangeKind::Scale, at(200), Some(at(200))));
        assert_eq!((change.service.as_str(), change.summary.as_str()), ("basket", "2 to 5 replicas, by kubectl"));
        assert_eq!(scalings.see(size(5, setter("kubectl", None)), at(300)), None, "nothing has changed since");
        let edited = scalings.see(size(4, setter("kubectl-edit", Some(398))), at(400)).unwrap();
        assert_eq!(edited.started_at, at(398));
        let ahead = scalings.see(size(3, setter("k9s", Some(900))), at(500)).unwrap();
        assert_eq!(ahead.started_at, at(500), "what was seen has happened");
    }

    #[test]
    fn controllers_and_pipelines_are_no_people() {
        let others = [
            "kube-controller-manager",
            "cluster-autoscaler",
            "keda",
            "argocd-controller",
            "kustomize-controller",
            "helm",
            "kubectl-client-side-apply",
            "kubectl-replace",
            "node-fetcher",
        ];
        for manager in others {
            assert_eq!(of_two().see(size(5, setter(manager, Some(200))), at(200)), None, "{manager}");
        }
        assert_eq!(of_two().see(size(5, None), at(200)), None, "set by applying a manifest");
    }

    #[test]
    fn what_was_scaled_while_nobody_watched_has_only_the_time_of_the_tool() {
        for (noted, expected) in [(None, None), (Some(150), Some(at(150)))] {
            let mut scalings = of_two();
            scalings.begin_listing();
            let change = scalings.see(size(5, setter("kubectl-edit", noted)), at(900));
            assert_eq!(change.map(|c| c.started_at), expected);
        }
    }

    #[test]
    fn a_workload_that_was_made_anew_is_not_compared_with_the_one_before() {
        let mut scalings = of_two();
        scalings.begin_listing();
        scalings.end_listing();
        assert_eq!(scalings.see(size(5, setter("kubectl", None)), at(200)), None);
        scalings.lose("d-1");
        assert_eq!(scalings.see(size(2, setter("kubectl", None)), at(300)), None);
    }

    fn node(cordoned_by: Option<Setter>) -> NodeSight {
        NodeSight { uid: "n-1".to_owned(), name: "worker-1".to_owned(), cordoned_by }
    }

    #[test]
    fn a_node_that_a_person_cordoned_is_a_change_each_time() {
        let mut cordons = Cordons::default();
        let first = cordons.see(node(setter("kubectl", Some(50))), at(100)).unwrap();
        assert_eq!((first.kind, first.started_at), (ChangeKind::Cordon, at(50)), "from before the first sight");
        assert_eq!((first.object.to_string().as_str(), first.service.as_str()), ("Node worker-1", ""));
        assert_eq!(first.summary, "cordoned by kubectl");
        // Something else of the node was edited with the same tool.
        assert_eq!(cordons.see(node(setter("kubectl", Some(150))), at(150)), None);
        assert_eq!(cordons.see(node(None), at(200)), None);
        let second = cordons.see(node(setter("kubectl", Some(300))), at(300)).unwrap();
        assert_ne!(first.id, second.id);
        // A restart tells nothing of what is stored, also if the API server's
        // clock was ahead.
        let mut again = Cordons::new(&[first, second]);
        assert_eq!(again.see(node(setter("kubectl", Some(300))), at(400)), None);
        let ahead = Cordons::default().see(node(setter("kubectl", Some(505))), at(500)).unwrap();
        assert_eq!(ahead.started_at, at(500));
        assert_eq!(Cordons::new(&[ahead]).see(node(setter("kubectl", Some(505))), at(600)), None);
    }

    #[test]
    fn a_node_that_a_controller_cordoned_is_no_change() {
        let mut cordons = Cordons::default();
        for manager in ["kured", "cluster-autoscaler", "machine-config-daemon", "karpenter"] {
            assert_eq!(cordons.see(node(setter(manager, Some(50))), at(100)), None, "{manager}");
        }
    }
}
