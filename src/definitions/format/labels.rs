//! Labels and annotations of definitions: names that Prometheus and
//! Alertmanager take, and none that Evenkeel sets itself.

use crate::model::labels::Labels;
use crate::yaml::fields::At;
use crate::yaml::node::Value;
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, label_name, label_value};

/// Labels of one definition; every one of them is on every alert.
const LABELS_MAX: usize = 32;
/// The longest annotation: a runbook's link and a few sentences.
const ANNOTATION_MAX: usize = 4_096;
/// Set by Evenkeel: a definition that set them would change where alerts go
/// and which SLO a number seems to belong to.
pub(crate) const RESERVED: [&str; 6] = ["alertname", "severity", "slo", "service", "tier", "cluster"];

/// A mapping of label names to values.
pub(crate) fn labels(field: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Labels> {
    pairs(field, source, label_value, |name| {
        let name = label_name(name)?;
        if !RESERVED.contains(&name.as_str()) {
            return Ok(name);
        }
        let hint = match name.as_str() {
            "service" => "write it as `service:` in metadata",
            "severity" | "tier" => "it comes from the alert's tier, in `spec.alerts.tiers`",
            "cluster" => "it comes from `external_labels` of the configuration",
            _ => "it is the name of the SLO or of the alert",
        };
        Err(Complaint::new(format!("the label `{name}` is set by Evenkeel"), hint))
    })
}

/// Labels that SLOs are picked by: any that a definition can have, and its service.
pub(crate) fn scope_labels(field: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Labels> {
    pairs(field, source, label_value, label_name)
}

/// A mapping of annotation names to texts, which may have several lines.
pub(crate) fn annotations(field: Option<At<'_>>, source: &mut SourceText<'_>) -> Option<Labels> {
    let value = |text: &str| {
        if text.len() > ANNOTATION_MAX {
            return Err(Complaint::from(format!("the text has {} bytes; at most {ANNOTATION_MAX}", text.len())));
        }
        if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Complaint::from("the text holds a control character".to_owned()));
        }
        if text.trim().is_empty() { Err(Complaint::from("the text is empty".to_owned())) } else { Ok(text.to_owned()) }
    };
    pairs(field, source, value, label_name)
}

fn pairs(
    field: Option<At<'_>>,
    source: &mut SourceText<'_>,
    value: impl Fn(&str) -> Result<String, Complaint>,
    name: impl Fn(&str) -> Result<String, Complaint>,
) -> Option<Labels> {
    let Some(field) = field else {
        return Some(Labels::new());
    };
    let before = source.errors();
    let mut labels = Labels::new();
    for entry in field.entries(source, LABELS_MAX)? {
        let at = field.entry(entry);
        let name = match name(&entry.key) {
            Ok(name) => Some(name),
            Err(complaint) => {
                source.error(entry.key_span, &at.path, complaint.message, complaint.hint);
                None
            }
        };
        if entry.value.value == Value::Null {
            let hint = Some("an empty label is the same as no label; leave it out".to_owned());
            source.error(entry.key_span, &at.path, "the value is missing", hint);
            continue;
        }
        if let (Some(name), Some(value)) = (name, at.parse(source, &value)) {
            labels.set(name, value);
        }
    }
    (source.errors() == before).then_some(labels)
}
