//! Labels that say where something is: of all that is exported, and of what comes
//! from one source.

use crate::config::layers::Reading;
use crate::model::labels::Labels;
use crate::model::slo::family::{FAMILY_LABEL, ROLE_LABEL};
use crate::yaml::fields::At;
use crate::yaml::words::{Complaint, label_name, label_value};

/// Labels of one place; each of them is on every series and alert.
const LABELS_MAX: usize = 16;

/// A mapping of labels that say where something is.
pub(crate) fn place_labels(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Labels> {
    let Some(at) = at else {
        return Some(Labels::new());
    };
    let before = reading.source.errors();
    let mut labels = Labels::new();
    for entry in at.entries(&mut reading.source, LABELS_MAX)? {
        let entry_at = at.entry(entry);
        match place_label_name(&entry.key) {
            Ok(name) => labels.set(name, entry_at.parse(&mut reading.source, label_value).unwrap_or_default()),
            Err(Complaint { message, hint }) => reading.source.error(entry.key_span, &entry_at.path, message, hint),
        }
    }
    (reading.source.errors() == before).then_some(labels)
}

/// A label's name that neither alerts nor SLOs set themselves.
pub(crate) fn place_label_name(text: &str) -> Result<String, Complaint> {
    let name = label_name(text)?;
    if ["alertname", "severity", "slo", "service", "tier", FAMILY_LABEL, ROLE_LABEL].contains(&name.as_str()) {
        return Err(Complaint::new(
            format!("the label `{name}` is set by each SLO"),
            "these labels say where, such as `cluster`",
        ));
    }
    Ok(name)
}
