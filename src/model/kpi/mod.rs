//! A key figure of the platform: what it is, where its values come from, and which
//! value is wanted.

pub mod measurement;
pub mod source;
pub mod target;

use self::source::KpiSource;
use self::target::KpiTarget;
use super::time::window::CalendarUnit;

/// The numbers of the scorecard: 1 to this one.
pub const KPI_NUMBER_MAX: u8 = 25;

/// One definition of a KPI.
#[derive(Clone, Debug, PartialEq)]
pub struct Kpi {
    /// Unique; a DNS label.
    pub name: String,
    /// Its number on the scorecard, where it is one of the 25.
    pub number: Option<u8>,
    /// For people: `Time to restore`.
    pub title: String,
    /// Who answers for it: a team.
    pub owner: String,
    pub description: String,
    pub unit: KpiUnit,
    pub direction: KpiDirection,
    pub source: KpiSource,
    pub selector: KpiSelector,
    /// What is left out of what the selector finds.
    pub exclusions: KpiSelector,
    /// How time is cut into the periods that it is given for.
    pub cadence: CalendarUnit,
    pub target: Option<KpiTarget>,
    /// Shown first.
    pub is_primary: bool,
    /// Raised when the meaning changes: values of two versions are not compared.
    pub version: u32,
}

/// What a value is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KpiUnit {
    /// A share, 0..1.
    Ratio,
    Seconds,
    Count,
    /// In the currency that the source counts in.
    Money,
}

impl KpiUnit {
    pub const ALL: [KpiUnit; 4] = [KpiUnit::Ratio, KpiUnit::Seconds, KpiUnit::Count, KpiUnit::Money];

    pub fn word(self) -> &'static str {
        match self {
            KpiUnit::Ratio => "ratio",
            KpiUnit::Seconds => "seconds",
            KpiUnit::Count => "count",
            KpiUnit::Money => "money",
        }
    }
}

/// Which values are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KpiDirection {
    Higher,
    Lower,
}

impl KpiDirection {
    pub const ALL: [KpiDirection; 2] = [KpiDirection::Higher, KpiDirection::Lower];

    pub fn word(self) -> &'static str {
        match self {
            KpiDirection::Higher => "higher",
            KpiDirection::Lower => "lower",
        }
    }

    /// Whether a value reaches a target.
    pub fn reaches(self, value: f64, target: f64) -> bool {
        match self {
            KpiDirection::Higher => value >= target,
            KpiDirection::Lower => value <= target,
        }
    }
}

/// Which part of the platform is looked at. An empty list is all of it; what does not
/// name its cluster, namespace, service or team is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KpiSelector {
    pub clusters: Vec<String>,
    pub namespaces: Vec<String>,
    pub services: Vec<String>,
    pub teams: Vec<String>,
}

/// Where something belongs, as far as that is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct KpiPlace<'a> {
    pub cluster: Option<&'a str>,
    pub namespace: Option<&'a str>,
    pub service: Option<&'a str>,
    pub team: Option<&'a str>,
}

impl KpiSelector {
    pub fn is_empty(&self) -> bool {
        [&self.clusters, &self.namespaces, &self.services, &self.teams].iter().all(|list| list.is_empty())
    }

    fn lists<'a>(&'a self, place: &KpiPlace<'a>) -> [(&'a [String], Option<&'a str>); 4] {
        [
            (self.clusters.as_slice(), place.cluster),
            (self.namespaces.as_slice(), place.namespace),
            (self.services.as_slice(), place.service),
            (self.teams.as_slice(), place.team),
        ]
    }

    /// Whether a place is in every list that is not empty.
    pub fn selects(&self, place: &KpiPlace<'_>) -> bool {
        let within = |list: &[String], name: Option<&str>| name.is_some_and(|name| list.iter().any(|one| one == name));
        self.lists(place).into_iter().all(|(list, name)| list.is_empty() || within(list, name))
    }

    /// Whether a place is in any list.
    pub fn names(&self, place: &KpiPlace<'_>) -> bool {
        self.lists(place).into_iter().any(|(list, name)| name.is_some_and(|name| list.iter().any(|one| one == name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selector_wants_all_that_it_names_and_an_exclusion_any() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let selector = KpiSelector { services: list(&["web", "db"]), teams: list(&["shop"]), ..KpiSelector::default() };
        let place = |service, team| KpiPlace { service: Some(service), team, ..KpiPlace::default() };
        assert!(selector.selects(&place("web", Some("shop"))));
        assert!(!selector.selects(&place("web", None)), "nobody knows whose it is");
        assert!(!selector.selects(&place("mail", Some("shop"))));
        assert!(selector.names(&place("mail", Some("shop"))) && selector.names(&place("db", None)));
        let all = KpiSelector::default();
        assert!(all.selects(&KpiPlace::default()) && !all.names(&place("web", Some("shop"))) && all.is_empty());
    }
}
