//! Which SLOs are about the same thing: a composite and its components, and the
//! groups of one SLO with the SLO that counts the same undivided. An outage of one is
//! usually an outage of the others.

use std::collections::BTreeMap;

use crate::model::ids::SliId;
use crate::model::slo::Slo;
use crate::model::slo::sli::Sli;

/// The label of burn alerts that SLOs of one family share.
pub const FAMILY_LABEL: &str = "slo_family";
/// The label that tells the whole of a family from its parts.
pub const ROLE_LABEL: &str = "slo_role";

/// Labels of an SLO that tell who is paged and where. Where they differ, other people
/// are paged, or another installation is out: neither may hide the other.
pub const PLACE_LABELS: [&str; 3] = ["team", "cluster", "group_cluster"];

/// What an SLO is in its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FamilyRole {
    /// A composite, or an SLO that is part of none.
    Whole,
    /// A component of a composite, or a group.
    Part,
}

impl FamilyRole {
    pub fn as_str(self) -> &'static str {
        match self {
            FamilyRole::Whole => "whole",
            FamilyRole::Part => "part",
        }
    }
}

/// The families of a set of SLOs.
#[derive(Debug, Default)]
pub struct Families<'a> {
    by_name: BTreeMap<&'a str, &'a Slo>,
    /// Composites by the names of their components.
    composites: BTreeMap<&'a str, Vec<&'a str>>,
    /// Groups by the SLO that they are groups of.
    groups: BTreeMap<&'a str, Vec<&'a str>>,
    /// SLOs by what they count, and groups by what their whole counts.
    wholes: BTreeMap<SliId, Vec<&'a str>>,
    parts: BTreeMap<SliId, Vec<&'a str>>,
}

impl<'a> Families<'a> {
    pub fn of(slos: impl IntoIterator<Item = &'a Slo>) -> Families<'a> {
        let mut families = Families::default();
        for slo in slos {
            families.by_name.insert(&slo.name, slo);
            for component in components(slo) {
                families.composites.entry(component).or_default().push(&slo.name);
            }
            if let Some(divided) = &slo.group_of {
                families.groups.entry(divided).or_default().push(&slo.name);
            }
            match slo.whole_sli {
                Some(sli) => families.parts.entry(sli).or_default().push(&slo.name),
                None => families.wholes.entry(slo.indicator_id()).or_default().push(&slo.name),
            }
        }
        families
    }

    /// The name that all of a family share. A component of several composites is a
    /// family of its own: one of them must not speak for the others.
    pub fn family_of<'s>(&'s self, slo: &'s Slo) -> (&'s str, FamilyRole) {
        let composite = |name: &str| match self.composites.get(name).map(Vec::as_slice) {
            Some([only]) => Some(*only),
            _ => None,
        };
        let wholes = slo.whole_sli.and_then(|sli| self.wholes.get(&sli)).map(Vec::as_slice);
        match (wholes, &slo.group_of, composite(&slo.name)) {
            (Some([whole]), _, _) => (composite(whole).unwrap_or(whole), FamilyRole::Part),
            (_, Some(divided), _) => (divided, FamilyRole::Part),
            (_, None, Some(composite)) => (composite, FamilyRole::Part),
            (_, None, None) => (&slo.name, FamilyRole::Whole),
        }
    }

    /// The SLOs that are directly about the same thing, for the same people and in the
    /// same place.
    pub fn relatives(&self, slo: &'a Slo) -> Vec<&'a str> {
        let composites = self.composites.get(slo.name.as_str()).into_iter().flatten().copied();
        let groups =
            slo.group_of.as_deref().and_then(|divided| self.groups.get(divided)).into_iter().flatten().copied();
        let wholes = slo.whole_sli.and_then(|sli| self.wholes.get(&sli));
        let parts = if slo.whole_sli.is_none() { self.parts.get(&slo.indicator_id()) } else { None };
        let divided = wholes.into_iter().chain(parts).flatten().copied();
        let others = composites.chain(components(slo)).chain(groups).chain(divided).filter(|name| *name != slo.name);
        let alike = |name: &&str| {
            let other = self.by_name.get(*name);
            other.is_some_and(|other| PLACE_LABELS.iter().all(|l| other.labels.get(l) == slo.labels.get(l)))
        };
        others.filter(alike).collect()
    }
}

/// Names of what an SLO is made of.
fn components(slo: &Slo) -> impl Iterator<Item = &str> {
    let composite = match &slo.indicator {
        Sli::Composite(composite) => Some(composite),
        _ => None,
    };
    composite.into_iter().flat_map(|composite| composite.components.iter().map(|c| c.slo.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing::{composite, slo};

    #[test]
    fn a_composite_names_its_components_and_a_divided_slo_its_groups() {
        let group = |name: &str| Slo { group_of: Some("shop".to_owned()), ..slo(name) };
        let slos = [
            composite("journey", &["cart", "pay"]),
            slo("cart"),
            slo("pay"),
            group("shop-eu"),
            group("shop-us"),
            slo("mail"),
        ];
        let families = Families::of(&slos);
        let named: Vec<(&str, &str)> =
            slos.iter().map(|slo| families.family_of(slo)).map(|(name, role)| (name, role.as_str())).collect();
        let expected = [
            ("journey", "whole"),
            ("journey", "part"),
            ("journey", "part"),
            ("shop", "part"),
            ("shop", "part"),
            ("mail", "whole"),
        ];
        assert_eq!(named, expected);
        assert_eq!(families.relatives(&slos[0]), ["cart", "pay"]);
        assert_eq!((families.relatives(&slos[1]), families.relatives(&slos[3])), (vec!["journey"], vec!["shop-us"]));
        assert_eq!(families.relatives(&slos[5]), [""; 0]);
    }

    #[test]
    fn neither_two_composites_nor_two_teams_nor_two_clusters_speak_for_each_other() {
        let of =
            |name: &str, label: &str, value: &str| Slo { labels: slo(name).labels.with(label, value), ..slo(name) };
        let slos = [
            composite("buy", &["pay", "cart"]),
            composite("renew", &["pay", "mail"]),
            slo("pay"),
            of("cart", "team", "web"),
        ];
        let families = Families::of(&slos);
        assert_eq!(families.family_of(&slos[2]), ("pay", FamilyRole::Whole));
        assert_eq!(families.relatives(&slos[2]), ["buy", "renew"]);
        assert_eq!(families.relatives(&slos[0]), ["pay"], "another team runs the cart");
        let group = |cluster: &str| Slo { group_of: Some("shop".to_owned()), ..of(cluster, "group_cluster", cluster) };
        let groups = [group("eu"), group("us")];
        assert_eq!(Families::of(&groups).relatives(&groups[0]), [""; 0]);
    }

    #[test]
    fn groups_belong_to_the_slo_that_counts_the_same_undivided() {
        let whole = slo("shop");
        let group = |name: &str| Slo {
            group_of: Some("shop-by-route".to_owned()),
            whole_sli: Some(whole.indicator_id()),
            ..slo(name)
        };
        let slos =
            [composite("journey", &["shop", "pay"]), whole.clone(), group("shop-by-route-a"), group("shop-by-route-b")];
        let families = Families::of(&slos);
        assert_eq!(families.family_of(&slos[2]), ("journey", FamilyRole::Part));
        assert_eq!(families.relatives(&slos[1]), ["journey", "shop-by-route-a", "shop-by-route-b"]);
        assert_eq!(families.relatives(&slos[2]), ["shop-by-route-b", "shop"]);
    }
}
