//! Alerts as reviews take them: sorted once, and numbered, so that a month of a
//! million alert events is grouped by numbers and not by words. A view is cheap to
//! make and shares what it does not change. Must not know what an alert was worth.

mod numbers;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::model::operations::alert::{Alert, AlertId, Mark};
use crate::model::operations::alert_settings::AlertContext;
use crate::model::operations::subject::Subject;
use crate::model::time::{Period, Timestamp};

use numbers::{NONE, Names, Numbers, row_of};
pub use numbers::{Row, is_of_replica};

/// Alerts with what their numbers mean.
#[derive(Debug, Default)]
struct Table {
    /// Oldest first.
    alerts: Vec<Alert>,
    ids: Vec<AlertId>,
    by_id: HashMap<AlertId, u32>,
    /// By place.
    rows: Arc<Vec<Row>>,
    rules: Vec<String>,
    services: Vec<String>,
    nodes: Vec<String>,
    /// What the alerts of each series are about, by the number of the series.
    subjects: Vec<Subject>,
    kinds: usize,
    context: AlertContext,
}

/// Some alerts, as they are known at some moment.
#[derive(Clone, Default)]
pub struct Alerts {
    table: Arc<Table>,
    /// Oldest first.
    rows: Arc<Vec<Row>>,
    /// By place: those of which less is known at the moment, or more.
    changed: Arc<HashMap<u32, Alert>>,
}

impl FromIterator<Alert> for Alerts {
    /// As they are read without settings.
    fn from_iter<I: IntoIterator<Item = Alert>>(alerts: I) -> Self {
        Alerts::read(alerts.into_iter().collect(), AlertContext::default())
    }
}

impl Alerts {
    /// Alerts as the settings read them: their severity by the words in force,
    /// whether anybody was notified, and what each is about.
    pub fn read(mut alerts: Vec<Alert>, context: AlertContext) -> Alerts {
        for alert in &mut alerts {
            alert.severity = context.severity(&alert.labels, alert.severity);
            let was_held = alert.suppressed && !context.was_sent(&alert.receivers);
            alert.suppressed = was_held || context.reaches_nobody(&alert.receivers);
        }
        alerts.sort_by(|a, b| (a.start(), &a.labels).cmp(&(b.start(), &b.labels)));
        let mut numbers = Numbers::default();
        let mut rows = Vec::with_capacity(alerts.len());
        let mut ids = Vec::with_capacity(alerts.len());
        // Places are 32 bits: what is beyond them would not fit into memory.
        for (place, alert) in (0..NONE).zip(&alerts) {
            ids.push(alert.id());
            rows.push(numbers.row(alert, place, &context));
        }
        let by_id = (0..NONE).zip(&ids).map(|(place, id)| (*id, place)).collect();
        let (subjects, kinds) = (numbers.subjects, numbers.kinds.len());
        let [rules, services, nodes] = [numbers.rules, numbers.services, numbers.nodes].map(Names::in_order);
        let rows = Arc::new(rows);
        let table =
            Table { ids, by_id, rows: Arc::clone(&rows), rules, services, nodes, subjects, kinds, alerts, context };
        Alerts { table: Arc::new(table), rows, changed: Arc::default() }
    }

    /// Other alerts, as the same settings read them.
    pub fn reread(&self, alerts: Vec<Alert>) -> Alerts {
        Alerts::read(alerts, self.context().clone())
    }

    pub fn context(&self) -> &AlertContext {
        &self.table.context
    }

    /// What the alert of a row is about.
    pub fn subject(&self, row: &Row) -> Option<&Subject> {
        self.table.subjects.get(row.series as usize)
    }

    /// The service of a row.
    pub fn service(&self, row: &Row) -> Option<&str> {
        self.subject(row)?.service.as_deref()
    }

    /// Newest first, with what each is about.
    pub fn with_subjects(&self) -> impl Iterator<Item = (&Alert, &Subject)> {
        self.rows.iter().rev().filter_map(|row| Some((self.alert(row)?, self.subject(row)?)))
    }

    /// What an alert of this table is about.
    pub fn subject_of(&self, id: AlertId) -> Option<&Subject> {
        self.numbers(id).and_then(|row| self.subject(row))
    }

    /// Oldest first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Newest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Alert> + Clone {
        self.rows.iter().rev().filter_map(|row| self.alert(row))
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The alert of one of these rows.
    pub fn alert(&self, row: &Row) -> Option<&Alert> {
        self.at(row.place)
    }

    pub fn id(&self, row: &Row) -> Option<AlertId> {
        self.table.ids.get(row.place as usize).copied()
    }

    /// An alert by its id, whether or not it is among the rows.
    pub fn find(&self, id: AlertId) -> Option<&Alert> {
        self.table.by_id.get(&id).and_then(|place| self.at(*place))
    }

    /// The numbers of an alert.
    pub fn numbers(&self, id: AlertId) -> Option<&Row> {
        self.table.rows.get(*self.table.by_id.get(&id)? as usize)
    }

    fn at(&self, place: u32) -> Option<&Alert> {
        self.changed.get(&place).or_else(|| self.table.alerts.get(place as usize))
    }

    /// The names of the rules, by number; of all alerts, whether or not they are
    /// among the rows.
    pub fn rules(&self) -> &[String] {
        &self.table.rules
    }

    pub fn services(&self) -> &[String] {
        &self.table.services
    }

    pub fn nodes(&self) -> &[String] {
        &self.table.nodes
    }

    /// The services that these alerts name, once each.
    pub fn services_named(&self) -> impl Iterator<Item = &str> {
        named(&self.table.services, self.rows.iter().filter_map(Row::service))
    }

    /// The rules of these alerts, once each.
    pub fn rules_named(&self) -> impl Iterator<Item = &str> {
        named(&self.table.rules, self.rows.iter().map(|row| row.rule))
    }

    /// How many numbers there are of series.
    pub fn series(&self) -> usize {
        self.table.subjects.len()
    }

    pub fn kinds(&self) -> usize {
        self.table.kinds
    }

    /// What was known at a moment: alerts that had begun, without what came later.
    pub fn as_of(&self, now: Timestamp) -> Alerts {
        let begun = self.rows.partition_point(|row| row.start <= now);
        let later = |row: &&Row| row.latest > now;
        let rows = self.rows.get(..begun).unwrap_or_default();
        if begun == self.rows.len() && !rows.iter().any(|row| later(&row)) {
            return self.clone();
        }
        let known = |mark: Option<Mark>| mark.filter(|m| m.at <= now);
        let then = |alert: &Alert| Alert {
            condition: known(alert.condition),
            firing: known(alert.firing),
            ended: known(alert.ended),
            last_seen: alert.last_seen.min(now),
            ..alert.clone()
        };
        let changes: Vec<(Row, Alert)> =
            rows.iter().filter(later).filter_map(|row| Some((*row, then(self.alert(row)?)))).collect();
        Alerts { rows: Arc::new(rows.to_vec()), ..self.clone() }.with(changes)
    }

    /// With other versions of some of these alerts, which began when the others did.
    pub fn with(mut self, changes: Vec<(Row, Alert)>) -> Alerts {
        if changes.is_empty() {
            return self;
        }
        let changed = Arc::make_mut(&mut self.changed);
        changed.extend(changes.into_iter().map(|(row, alert)| (row.place, alert)));
        for row in Arc::make_mut(&mut self.rows) {
            if let Some(alert) = changed.get(&row.place) {
                let Row { place, rule, service, node, series, kind, .. } = *row;
                *row = Row { place, rule, service, node, series, kind, ..row_of(alert) };
            }
        }
        self
    }

    /// Those that were there at some instant of a period.
    pub fn within(&self, period: Period) -> Alerts {
        if self.rows.iter().all(|row| row.overlaps(period)) {
            return self.clone();
        }
        self.filter(|row| row.overlaps(period))
    }

    pub fn filter(&self, wanted: impl Fn(&Row) -> bool) -> Alerts {
        let rows = self.rows.iter().filter(|row| wanted(row)).copied().collect();
        Alerts { rows: Arc::new(rows), ..self.clone() }
    }
}

fn named(names: &[String], numbers: impl Iterator<Item = u32>) -> impl Iterator<Item = &str> {
    let mut is_named = vec![false; names.len()];
    for number in numbers {
        if let Some(is_named) = is_named.get_mut(number as usize) {
            *is_named = true;
        }
    }
    names.iter().zip(is_named).filter(|(_, is_named)| *is_named).map(|(name, _)| name.as_str())
}

impl PartialEq for Alerts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests;
