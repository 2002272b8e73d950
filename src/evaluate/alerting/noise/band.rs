//! Judged pages as a band: what share of them is noise, at least and at most, and
//! by who was told. Must not know how a page was judged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::evaluate::alerting::noise::result::ReceiverNoise;
use crate::evaluate::alerting::page_class::{PageClass, PageReason};
use crate::evaluate::statistics::shares::wilson;
use crate::model::operations::alert::AlertId;
use crate::model::operations::incident::Incident;
use crate::model::operations::record::RecordKind;

/// Who was told of which pages: a notification names the rule, in its incident.
pub(crate) fn receivers(judged: &[PageReason], incidents: &[Incident]) -> Vec<ReceiverNoise> {
    let told_of = incidents.iter().filter(|incident| !incident.told.is_empty());
    let of_alert: HashMap<AlertId, &Incident> =
        told_of.flat_map(|incident| incident.alerts.iter().map(move |id| (*id, incident))).collect();
    let mut by_receiver: BTreeMap<&str, Vec<&PageReason>> = BTreeMap::new();
    for page in judged {
        let told = of_alert.get(&page.alert).map(|incident| incident.told.as_slice()).unwrap_or_default();
        let of_page = told.iter().map(|told| &told.record).filter(|record| {
            record.kind == RecordKind::Notification && record.labels.get("alertname") == Some(page.rule.as_str())
        });
        let names: BTreeSet<&str> =
            of_page.map(|record| record.actor.as_ref().unwrap_or(&record.source).as_str()).collect();
        names.into_iter().for_each(|name| by_receiver.entry(name).or_default().push(page));
    }
    let receiver = |(receiver, pages): (&str, Vec<&PageReason>)| {
        let band = Band::of(pages.iter().copied());
        ReceiverNoise {
            receiver: receiver.to_owned(),
            pages: band.pages,
            lower: band.share(band.noise),
            upper: band.share(band.noise + band.unknown),
            classes: counted(pages.into_iter()),
        }
    };
    by_receiver.into_iter().map(receiver).collect()
}

/// Pages by class, classes with none included.
pub(crate) fn counted<'a>(pages: impl Iterator<Item = &'a PageReason>) -> Vec<(PageClass, usize)> {
    let mut counts = PageClass::ALL.map(|class| (class, 0));
    for page in pages {
        counts.iter_mut().filter(|(class, _)| *class == page.class).for_each(|(_, n)| *n += 1);
    }
    counts.to_vec()
}

/// How many of some pages are noise; planned ones are not judged.
pub(crate) struct Band {
    pub pages: usize,
    pub noise: usize,
    pub unknown: usize,
}

impl Band {
    pub fn of<'a>(pages: impl Iterator<Item = &'a PageReason>) -> Band {
        let classes = counted(pages);
        Band {
            pages: count(&classes, |c| c != PageClass::Planned),
            noise: count(&classes, PageClass::is_noise),
            unknown: count(&classes, |c| c == PageClass::Unknown),
        }
    }

    pub fn share(&self, part: usize) -> Option<f64> {
        (self.pages > 0).then(|| part as f64 / self.pages as f64)
    }

    pub fn interval(&self) -> Option<(f64, f64)> {
        Some((wilson(self.noise, self.pages)?.0, wilson(self.noise + self.unknown, self.pages)?.1))
    }
}

pub(crate) fn count(classes: &[(PageClass, usize)], wanted: impl Fn(PageClass) -> bool) -> usize {
    classes.iter().filter(|(class, _)| wanted(*class)).map(|(_, n)| n).sum()
}
