//! Words of the domain as the words of the API. A word that is new in the domain does
//! not compile here until the API has it, too.

use crate::api::alerts::noise::EvidenceKindJson;
use crate::api::changes::{ChangeKindJson, ChangeOutcomeJson};
use crate::api::corrections::{FrequencyJson, OriginJson};
use crate::api::incidents::durations::GroupedByJson;
use crate::api::incidents::records::RecordKindJson;
use crate::api::incidents::times::IncidentTimeJson;
use crate::api::incidents::{BelowFloorJson, IncidentStateJson};
use crate::api::pushes::LevelJson;
use crate::api::reviews::kpis::{KpiDirectionJson, KpiGapJson, KpiQualityJson, KpiStatusJson, KpiUnitJson};
use crate::api::reviews::{FollowedSeriesJson, SeriesUnitJson, TrendVerdictJson};
use crate::api::severity::SeverityJson;
use crate::api::shares::PageClassJson;
use crate::api::slos::{
    BasisJson, FindingSeverityJson, MethodJson, NoDataJson, SloStateJson, TierVerdictJson, UnitJson,
};
use crate::api::status::DeliveryOutcomeJson;
use crate::api::time::MarkSourceJson;
use crate::evaluate::alerting::evidence::EvidenceKind;
use crate::evaluate::alerting::page_class::PageClass;
use crate::evaluate::kpi::targets::KpiStatus;
use crate::evaluate::kpi::value::{KpiGap, KpiQuality};
use crate::evaluate::review::compare::GroupedBy;
use crate::evaluate::review::finding::FindingSeverity;
use crate::evaluate::review::trends::{Series, Unit};
use crate::evaluate::review::verdict::TrendVerdict;
use crate::evaluate::slo::objectives::Basis;
use crate::evaluate::slo::status::{Method, SloState};
use crate::evaluate::slo::tiers::TierVerdict;
use crate::model::kpi::{KpiDirection, KpiUnit};
use crate::model::operations::alert::MarkSource;
use crate::model::operations::change::{ChangeKind, ChangeOutcome};
use crate::model::operations::correction::Frequency;
use crate::model::operations::incident::{BelowFloor, IncidentState};
use crate::model::operations::record::{IncidentTime, RecordKind};
use crate::model::problem::Level;
use crate::model::slo::{Budgeting, NoDataPolicy, Severity};
use crate::publish::answers::{DeliveryOutcome, Origin};

/// Maps an enum to one with the same variants; with `both`, also back.
macro_rules! mirror {
    ($from:ident => $to:ident: $($variant:ident),+ $(,)?) => {
        impl From<$from> for $to {
            fn from(one: $from) -> $to {
                match one {
                    $($from::$variant => $to::$variant,)+
                }
            }
        }
    };
    (both $from:ident => $to:ident: $($variant:ident),+ $(,)?) => {
        mirror!($from => $to: $($variant),+);
        mirror!($to => $from: $($variant),+);
    };
}

mirror!(both SloState => SloStateJson: Exhausted, Burning, Unknown, Reading, Ok);
mirror!(Method => MethodJson: Exact, Interval, Estimated);
mirror!(NoDataPolicy => NoDataJson: Ignore, Freeze, Bad, Good);
mirror!(both Basis => BasisJson: Current, Historical);
mirror!(TierVerdict => TierVerdictJson: Firing, Quiet, HeldBack, Frozen);
mirror!(both Severity => SeverityJson: Page, Ticket, Info);
mirror!(FindingSeverity => FindingSeverityJson: Info, Warning, Error);
mirror!(both IncidentState => IncidentStateJson: Open, Closed);
mirror!(BelowFloor => BelowFloorJson: SmallBurn, NoBurn);
mirror!(both GroupedBy => GroupedByJson: All, Team, Service, Severity, Cluster);
mirror!(TrendVerdict => TrendVerdictJson: Better, Worse, NoEvidence, TooFew);
mirror!(Unit => SeriesUnitJson: Count, Seconds, Ratio);
mirror!(both KpiUnit => KpiUnitJson: Ratio, Seconds, Count, Money);
mirror!(KpiDirection => KpiDirectionJson: Higher, Lower);
mirror!(both KpiStatus => KpiStatusJson: OnTarget, OffTarget, TooFew, Unknown, NoTarget);
mirror!(KpiQuality => KpiQualityJson: Exact, Partial, Bounds, Unknown);
mirror!(KpiGap => KpiGapJson: NotConnected, NotObserved, NothingHappened, Undecided, TooFew);
mirror!(Frequency => FrequencyJson: Daily, Weekly, Monthly);
mirror!(Origin => OriginJson: File, Api);
mirror!(Level => LevelJson: Error, Warning);
mirror!(both ChangeKind => ChangeKindJson: Rollout, Rollback, Restart, Scale, Cordon, Config, Other);
mirror!(ChangeOutcome => ChangeOutcomeJson: Running, Succeeded, Failed, RolledBack, Superseded, Unknown);
mirror!(
    MarkSource => MarkSourceJson:
    Sli, Alerts, AlertsForState, Alertmanager, Change, Webhook, EventRecorder, PagerDuty, OnCall, Record, Override,
);
mirror!(
    both RecordKind => RecordKindJson:
    Notification, Repeat, Acknowledge, Unacknowledge, Incident, Resolve, Reopen, Merge, Update, Change, Ticket, Measurement,
);
mirror!(
    both IncidentTime => IncidentTimeJson:
    Onset, Condition, Firing, Notified, Acknowledged, Mitigated, Restored, Resolved,
);
mirror!(
    PageClass => PageClassJson:
    Actionable, Flap, Short, Duplicate, Repeat, AlwaysOn, NoImpact, Planned, Unknown,
);
mirror!(
    EvidenceKind => EvidenceKindJson:
    Acknowledgement, Ticket, Silence, Rollback, Rollout, Restart, Scale, Cordon,
);
mirror!(
    both Series => FollowedSeriesJson:
    Incidents, Undetected, Detect, Acknowledge, Restore, BudgetBurned, Pages, NoiseLower, NoiseUpper,
);
mirror!(
    DeliveryOutcome => DeliveryOutcomeJson:
    Accepted, Duplicate, Ignored, Invalid, Unauthorized, ExpiredSignature, Failed,
);

impl From<Budgeting> for UnitJson {
    fn from(budgeting: Budgeting) -> UnitJson {
        match budgeting {
            Budgeting::Events => UnitJson::Events,
            Budgeting::Timeslices { .. } | Budgeting::RatioTimeslices { .. } => UnitJson::Slices,
        }
    }
}
