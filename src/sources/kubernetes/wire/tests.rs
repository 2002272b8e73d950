//! Objects as the API server writes them, and what is read of them.

use super::*;
use crate::ingest::cluster::manual_actions::Setter;
use crate::model::time::Timestamp;
use crate::sources::kubernetes::workloads::StatefulSet;

fn at(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

fn sight<T: Sighted>(json: &str) -> Option<T::Sight> {
    serde_json::from_str::<T>(json).unwrap().sight()
}

#[test]
fn both_forms_of_an_event_are_the_same_sight() {
    let core = r#"{
        "metadata": {"uid": "u", "name": "cart.1", "namespace": "shop", "creationTimestamp": "2026-07-01T10:00:01Z"},
        "type": "Warning", "reason": "BackOff", "message": "restarting", "count": 4,
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "cart-0"},
        "reportingComponent": "", "source": {"component": "kubelet", "host": "n1"},
        "firstTimestamp": "2026-07-01T10:00:00Z", "lastTimestamp": "2026-07-01T10:05:00Z",
        "eventTime": null, "series": {"count": 9, "lastObservedTime": "2026-07-01T10:06:00.250000Z"}}"#;
    let new = r#"{
        "metadata": {"uid": "u", "name": "cart.1", "namespace": "shop", "creationTimestamp": "2026-07-01T10:00:01Z"},
        "type": "Warning", "reason": "BackOff", "note": "restarting", "deprecatedCount": 4,
        "regarding": {"kind": "Pod", "namespace": "shop", "name": "cart-0"},
        "reportingController": "kubelet", "deprecatedSource": {"component": "other"},
        "deprecatedFirstTimestamp": "2026-07-01T10:00:00Z", "deprecatedLastTimestamp": "2026-07-01T10:05:00Z",
        "eventTime": null, "series": {"count": 9, "lastObservedTime": "2026-07-01T10:06:00.250000Z"}}"#;
    let seen = sight::<Event>(core).unwrap();
    assert_eq!(sight::<Event>(new), Some(seen.clone()));
    assert_eq!((seen.warning, seen.count, seen.series_count), (true, Some(4), Some(9)));
    assert_eq!(seen.reporter, "kubelet");
    assert_eq!(seen.object.to_string(), "Pod shop/cart-0");
    assert_eq!(seen.series_last, at("2026-07-01T10:06:00.250Z"));
    assert_eq!(seen.created, at("2026-07-01T10:00:01Z"));
}

const DEPLOYMENT: &str = r#"{
    "metadata": {"uid": "d", "name": "cart", "namespace": "shop", "generation": 7,
        "labels": {"app": "basket", "app.kubernetes.io/name": ""},
        "annotations": {"deployment.kubernetes.io/revision": "3", "example.com/token": "s3cr3t-canary"},
        "managedFields": [
            {"manager": "kubectl", "time": "2026-07-01T10:00:00Z", "fieldsV1": {"f:spec": {}}},
            {"manager": "kube-controller-manager", "time": "2026-07-01T10:09:00Z", "subresource": "status"}]},
    "spec": {"replicas": 3, "template": {"spec": {"containers": [
        {"image": "cart:1", "env": [{"name": "PASSWORD", "value": "s3cr3t-canary"}]}]}}},
    "status": {"observedGeneration": 7, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 2,
        "conditions": [
            {"type": "Available", "status": "True", "lastUpdateTime": "2026-07-01T09:00:00Z"},
            {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded",
             "lastUpdateTime": "2026-07-01T10:10:00Z"}]}}"#;

#[test]
fn a_deployment_is_read_without_its_secrets() {
    let raw = serde_json::from_str::<Deployment>(DEPLOYMENT).unwrap();
    assert!(!format!("{raw:?}").contains("s3cr3t-canary"), "{raw:?}");
    let (seen, scale) = raw.sight().unwrap();
    assert_eq!((scale.object.to_string().as_str(), scale.wanted_replicas), ("Deployment shop/cart", 3));
    assert_eq!((scale.service.as_str(), scale.set_by), ("basket", None));
    assert_eq!((seen.services.join(" "), seen.revision, seen.generation), ("basket cart".to_owned(), Some(3), 7));
    assert_eq!(seen.object.to_string(), "Deployment shop/cart");
    assert_eq!((seen.wanted_replicas, seen.updated_replicas, seen.available_replicas), (3, 3, 2));
    assert_eq!(seen.edited_at, at("2026-07-01T10:00:00Z"));
    let progress = seen.progress.unwrap();
    assert_eq!(progress.reason, ProgressReason::DeadlineExceeded);
    assert_eq!(Some(progress.at), at("2026-07-01T10:10:00Z"));
}

#[test]
fn a_bare_deployment_is_of_its_own_service_and_wants_one_pod() {
    let (seen, _) = sight::<Deployment>(r#"{"metadata": {"uid": "d", "name": "cart"}, "spec": {}}"#).unwrap();
    assert_eq!((seen.services.join(" "), seen.revision, seen.wanted_replicas), ("cart".to_owned(), None, 1));
    assert_eq!((seen.progress, seen.edited_at), (None, None));
    assert_eq!(sight::<Deployment>(r#"{"metadata": {"name": "cart"}}"#), None);
}

#[test]
fn a_replica_set_tells_its_revisions_and_its_deployment() {
    let json = |kind: &str| {
        format!(
            r#"{{"metadata": {{"uid": "r", "creationTimestamp": "2026-07-01T10:00:00Z",
                "annotations": {{"deployment.kubernetes.io/revision": "6",
                    "deployment.kubernetes.io/revision-history": "1,4"}},
                "ownerReferences": [{{"kind": "{kind}", "uid": "d", "controller": true}}]}},
            "spec": {{"template": {{"metadata": {{"annotations":
                    {{"kubectl.kubernetes.io/restartedAt": "2026-07-01T12:00:00+02:00"}}}}, "spec": {{"containers": [{{"image": "cart:1"}}, {{}}, {{"image": "envoy:2"}}]}}}}}}}}"#
        )
    };
    let seen = sight::<ReplicaSet>(&json("Deployment")).unwrap();
    assert_eq!((seen.revision, seen.earlier_revision), (6, Some(4)));
    assert_eq!(seen.images, ["cart:1", "envoy:2"]);
    assert_eq!(seen.restarted_at, at("2026-07-01T10:00:00Z"));
    assert_eq!(seen.deployment_uid, "d");
    assert_eq!(sight::<ReplicaSet>(&json("Rollout")), None, "of another controller");
}

/// A StatefulSet of which these managers have set fields.
fn set_by(managers: &str) -> Option<Setter> {
    let json = format!(
        r#"{{"metadata": {{"uid": "s", "name": "db", "namespace": "shop", "managedFields": [{managers}]}},
            "spec": {{"replicas": 3}}}}"#
    );
    sight::<StatefulSet>(&json).unwrap().1.set_by
}

#[test]
fn the_size_is_of_whoever_set_it_other_than_by_a_manifest() {
    let applied = r#"{"manager": "argocd-controller", "operation": "Apply", "time": "2026-07-01T10:00:00Z",
        "fieldsV1": {"f:spec": {"f:replicas": {}}}}"#;
    let created = r#"{"manager": "helm", "operation": "Update", "time": "2026-07-01T09:00:00Z",
        "fieldsV1": {"f:metadata": {"f:labels": {}}, "f:spec": {"f:serviceName": {}}}}"#;
    // The API server writes no time here.
    let scaled = r#"{"manager": "kubectl", "operation": "Update", "subresource": "scale",
        "fieldsV1": {"f:spec": {"f:replicas": {}}}}"#;
    assert_eq!(set_by(applied), None);
    assert_eq!(set_by(created), None);
    let kubectl = Setter { manager: "kubectl".to_owned(), at: None };
    assert_eq!(set_by(&[applied, created, scaled].join(",")), Some(kubectl));
    let edited = scaled.replace(r#""subresource": "scale","#, r#""time": "2026-07-01T11:00:00Z","#);
    assert_eq!(set_by(&edited).unwrap().at, at("2026-07-01T11:00:00Z"));
}

#[test]
fn a_node_tells_from_its_metadata_who_cordoned_it() {
    let node = |manager: &str| {
        let json = format!(
            r#"{{"kind": "PartialObjectMetadata", "metadata": {{"uid": "n", "name": "worker-1", "managedFields": [
                {{"manager": "kubelet", "operation": "Update", "time": "2026-07-01T10:00:00Z",
                  "fieldsV1": {{"f:metadata": {{"f:labels": {{}}}}}}}}{manager}]}}}}"#
        );
        sight::<Node>(&json).unwrap()
    };
    assert_eq!(node("").cordoned_by, None);
    let cordoned = node(
        r#", {"manager": "kubectl", "operation": "Update", "time": "2026-07-01T11:00:00Z",
            "fieldsV1": {"f:spec": {"f:unschedulable": {}}}}"#,
    );
    assert_eq!(cordoned.name, "worker-1");
    let kubectl = Setter { manager: "kubectl".to_owned(), at: at("2026-07-01T11:00:00Z") };
    assert_eq!(cordoned.cordoned_by, Some(kubectl));
}
