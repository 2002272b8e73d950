//! Names that definitions and clusters know, and what alerts are about by them.

use super::*;

#[test]
fn alerts_and_objects_of_one_workload_are_of_one_service() {
    let mut known = KnownServices { services: ["cart".to_owned()].into(), ..KnownServices::default() };
    known.add_workload("shop".to_owned(), "prod-cart".to_owned(), &["cart".to_owned()]);
    let object = |kind: &str, name: &str| ObjectRef {
        kind: kind.to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    };
    let rules = SubjectRules::default();
    for (kind, name, alert) in [
        ("Deployment", "prod-cart", "deployment=prod-cart namespace=shop"),
        ("Pod", "prod-cart-7d9f8b6c5-x2v9k", "pod=prod-cart-7d9f8b6c5-x2v9k namespace=shop"),
        ("ReplicaSet", "prod-cart-7d9f8b6c5", "replicaset=prod-cart-7d9f8b6c5 namespace=shop"),
    ] {
        assert_eq!(rules.service_of(&object(kind, name), &known).as_deref(), Some("cart"), "{kind}");
        assert_eq!(rules.subject(&labels(alert), &known).service.as_deref(), Some("cart"), "{alert}");
    }
    assert_eq!(rules.service_of(&object("Node", "n-1"), &known), None);
    let by_rule = SubjectRules {
        service: vec![MappingRule {
            name: "alerts.service[0]".to_owned(),
            matchers: Vec::new(),
            labels: vec!["deployment".to_owned()],
            regex: anchored("prod-(.+)").unwrap(),
            replacement: "$1".to_owned(),
        }],
        ..SubjectRules::default()
    };
    let found = by_rule.service_of(&object("Deployment", "prod-mail"), &known);
    assert_eq!(found.as_deref(), Some("mail"), "rules of the configuration are about rollouts, too");
}

#[test]
fn the_cluster_says_what_made_an_object_and_which_set_a_claim_is_of() {
    let mut known = KnownServices { services: ["orders".to_owned()].into(), ..KnownServices::default() };
    let (shop, text) = (|| "shop".to_owned(), |name: &str| name.to_owned());
    known.owners.insert((shop(), text("by-hand")), text("nightly"));
    known.add_workload(shop(), text("nightly"), &[text("export"), text("nightly")]);
    known.add_workload(shop(), text("pg"), &[text("postgresql"), text("pg"), text("orders")]);
    let of = |alert: &str| {
        let subject = SubjectRules::default().subject(&labels(alert), &known);
        (subject.service.unwrap_or_default(), subject.named_by)
    };
    let export = |by: &str| (text("export"), format!("label {by}, workload nightly"));
    assert_eq!(of("job_name=by-hand namespace=shop"), export("job_name"));
    assert_eq!(of("pod=by-hand-x2v9k namespace=shop"), export("pod"));
    assert_eq!(of("statefulset=pg namespace=shop").0, "orders", "part of what has an SLO");
    assert_eq!(of("persistentvolumeclaim=pgdata-pg-0 namespace=shop").0, "orders");
    assert_eq!(of("service=nightly job=nightly namespace=shop").0, "export", "called like its workload");
}

#[test]
fn a_known_name_goes_before_one_that_is_not() {
    let mut known = KnownServices::default();
    let alert = labels("job=cart pod=prod-cart-7d9f8b6c5-x2v9k namespace=shop");
    let service =
        |known: &KnownServices, alert: &Labels| SubjectRules::default().subject(alert, known).service.unwrap();
    assert_eq!(service(&known, &alert), "prod-cart");
    known.services.insert("cart".to_owned());
    assert_eq!(service(&known, &alert), "cart", "it has an SLO");
    known.workloads.insert(("shop".to_owned(), "prod-cart".to_owned()), "cart".to_owned());
    assert_eq!(service(&known, &labels("deployment=prod-cart namespace=shop")), "cart", "the cluster says so");
    assert_eq!(service(&known, &labels("deployment=prod-cart namespace=other")), "prod-cart");
}
