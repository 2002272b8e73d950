//! What can be changed about the shop: corrections, and times of incidents.

use std::sync::Arc;

use evenkeel::definitions::parse_correction;
use evenkeel::model::operations::record::{RecordKind, TimeOverride};
use evenkeel::model::problem::Problem;
use evenkeel::publish::answers::{
    Commands, CorrectionChange, CorrectionRefused, DeclaredCorrection, Delivery, DeliveryRefused, Origin, PushRefused,
    PushedCounts, Received, ReloadReport, TimeRefused, WebhookQueries, WithdrawalRefused,
};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};

use super::Sample;

impl Commands for Sample {
    fn receive(&self, webhook: String, delivery: Delivery) -> BoxFuture<'_, Result<Received, DeliveryRefused>> {
        let known = self.has_token(&webhook, &delivery.credentials);
        let received = Received { accepted: 1, ..Received::default() };
        ready(if known { Ok(received) } else { Err(DeliveryRefused::Unauthorized) }).boxed()
    }

    fn withdraw(&self, _: String, _: RecordKind, _: String) -> BoxFuture<'_, Result<(), WithdrawalRefused>> {
        ready(Err(WithdrawalRefused::Unknown)).boxed()
    }

    fn push_counts(&self, slo: String, _: Vec<PushedCounts>) -> BoxFuture<'_, Result<(), PushRefused>> {
        ready(Err(PushRefused::NotPushed(slo))).boxed()
    }

    fn set_time(&self, set: TimeOverride) -> BoxFuture<'_, Result<(), TimeRefused>> {
        let is_known = self.snapshot.review.incidents.iter().any(|i| i.id == set.incident);
        if is_known {
            self.overrides.lock().unwrap().push(set);
        }
        ready(if is_known { Ok(()) } else { Err(TimeRefused::UnknownIncident) }).boxed()
    }

    fn change_correction(&self, change: CorrectionChange) -> BoxFuture<'_, Result<String, CorrectionRefused>> {
        ready(self.correct(change)).boxed()
    }

    fn reload(&self) -> BoxFuture<'_, Option<ReloadReport>> {
        ready(Some(ReloadReport { generation: 4, ..ReloadReport::default() })).boxed()
    }
}

impl Sample {
    fn correct(&self, change: CorrectionChange) -> Result<String, CorrectionRefused> {
        let mut all = self.corrections.lock().unwrap();
        match change {
            CorrectionChange::Declare(text) => {
                let told = |problems: Vec<Problem>| problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>();
                let correction =
                    parse_correction(&text).map_err(|p| CorrectionRefused::NotSound(told(p).join("; ")))?;
                let name = correction.name.clone();
                all.push(DeclaredCorrection { correction: Arc::new(correction), origin: Origin::Api });
                Ok(name)
            }
            CorrectionChange::Withdraw { name, .. } => {
                let before = all.len();
                all.retain(|c| c.correction.name != name);
                if all.len() < before { Ok(name) } else { Err(CorrectionRefused::Unknown(name)) }
            }
        }
    }
}
