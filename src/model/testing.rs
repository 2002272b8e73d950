//! Small SLOs and records for tests.

use crate::model::kpi::source::{BuiltinKpi, KpiSource};
use crate::model::kpi::{Kpi, KpiDirection, KpiSelector, KpiUnit};
use crate::model::labels::Labels;
use crate::model::labels::selector::Selector;
use crate::model::operations::alert::MarkSource;
use crate::model::operations::record::{Record, RecordKind, ReportedChange};
use crate::model::slo::composite::{Combination, Component, Composite};
use crate::model::slo::objectives::{Objective, Objectives};
use crate::model::slo::sli::{Numerator, Sli};
use crate::model::slo::{AlertPolicy, AlertTier, Budgeting, NoDataPolicy, Slo};
use crate::model::time::Timestamp;
use crate::model::time::window::{CalendarUnit, ComplianceWindow};

/// A record in our own form that says nothing but its kind and time.
pub fn record(kind: RecordKind, occurred_at: Timestamp) -> Record {
    Record {
        source: "records".to_owned(),
        key: "key".to_owned(),
        kind,
        told_by: MarkSource::Record,
        external_id: String::new(),
        occurred_at,
        estimated: false,
        ended_at: None,
        service: None,
        cluster: None,
        severity: None,
        labels: Labels::new(),
        other_alerts: Vec::new(),
        dedup_key: None,
        merged_into: None,
        change: ReportedChange::default(),
        refs: Vec::new(),
        actor: None,
        human: None,
        withdrawn: false,
        earlier: Vec::new(),
        received_at: occurred_at,
    }
}

/// 99.9 % over 30 days, with the standard tiers; service and SLO are called alike.
pub fn slo(name: &str) -> Slo {
    let selector = |metric: &str| Selector::new(metric, Vec::new());
    Slo {
        name: name.to_owned(),
        service: name.to_owned(),
        depends_on: Vec::new(),
        labels: Labels::new(),
        description: String::new(),
        objective: Objective::new(0.999).unwrap(),
        objectives: Objectives::default(),
        windows: vec![ComplianceWindow::rolling_days(30)],
        source: None,
        indicator: Sli::Ratio {
            numerator: Numerator::Bad(selector("bad_total").into()),
            total: selector("all_total").into(),
        },
        group_by: None,
        group_of: None,
        whole_sli: None,
        budgeting: Budgeting::Events,
        no_data: NoDataPolicy::Ignore,
        alerts: AlertPolicy { tiers: AlertTier::standard(), ..AlertPolicy::default() },
        budget_policy: Vec::new(),
    }
}

/// A composite that is good while all of its components are.
pub fn composite(name: &str, components: &[&str]) -> Slo {
    let component = |name: &&str| Component {
        slo: (*name).to_owned(),
        indicator: slo(name).indicator_id(),
        is_estimated: false,
        target: None,
        weight: 1.0,
    };
    let components = components.iter().map(component).collect();
    Slo { indicator: Sli::Composite(Composite { combination: Combination::AllOf, components }), ..slo(name) }
}

/// A share that should rise, computed by month, without a target.
pub fn kpi(name: &str) -> Kpi {
    Kpi {
        name: name.to_owned(),
        number: None,
        title: name.to_owned(),
        owner: "platform".to_owned(),
        description: String::new(),
        unit: KpiUnit::Ratio,
        direction: KpiDirection::Higher,
        source: KpiSource::Builtin(BuiltinKpi::SloAttainment),
        selector: KpiSelector::default(),
        exclusions: KpiSelector::default(),
        cadence: CalendarUnit::Month,
        target: None,
        is_primary: false,
        version: 1,
    }
}
