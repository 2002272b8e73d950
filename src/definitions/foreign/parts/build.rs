//! Definitions of our format made of parts of another one. Every part keeps the
//! place at which it was written, so that problems point there.

use crate::definitions::queries::window_for;
use crate::yaml::build::{map, text};
use crate::yaml::fields::{At, Fields};
use crate::yaml::node::{Node, Span};
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

/// What an SLO of another format comes to.
pub(crate) struct Draft {
    /// Where its name is.
    pub span: Span,
    pub name: String,
    pub service: Node,
    pub labels: Option<Node>,
    pub description: Option<Node>,
    pub objective: Node,
    pub windows: Node,
    pub timezone: Option<Node>,
    pub calendar: Option<Node>,
    pub indicator: Node,
    pub budgeting: Option<Node>,
    pub group_by: Option<Node>,
    pub alerts: Option<Node>,
}

impl Draft {
    /// As a document of our format.
    pub fn into_document(self) -> Node {
        let span = self.span;
        let metadata = vec![
            ("name", Some(text(span, dns_name(&self.name)))),
            ("service", Some(self.service)),
            ("labels", self.labels),
        ];
        let spec = vec![
            ("description", self.description),
            ("objective", Some(self.objective)),
            ("windows", Some(self.windows)),
            ("timezone", self.timezone),
            ("calendar", self.calendar),
            ("indicator", Some(self.indicator)),
            ("budgeting", self.budgeting),
            ("groupBy", self.group_by),
            ("alerts", self.alerts),
        ];
        let document = vec![
            ("apiVersion", Some(text(span, "evenkeel/v1"))),
            ("kind", Some(text(span, "SLO"))),
            ("metadata", Some(map(span, metadata))),
            ("spec", Some(map(span, spec))),
        ];
        map(span, document)
    }
}

/// A name as DNS allows it: `My_Service` becomes `my-service`.
pub(crate) fn dns_name(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(letter).take(63).collect();
    name.trim_matches('-').to_owned()
}

/// A percentage that is written without its sign.
pub(crate) fn percent(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    let written = at.text(source)?.trim();
    Some(text(at.node.span, format!("{}%", written.trim_end_matches('%'))))
}

/// An expression with the placeholder of its window filled in.
pub(crate) fn expression(at: &At<'_>, source: &mut SourceText<'_>) -> Option<Node> {
    Some(text(at.node.span, window_for(at.text(source)?)))
}

/// What people read: the name that is shown, and the description.
pub(crate) fn description(
    shown: Option<&At<'_>>,
    description: Option<&At<'_>>,
    source: &mut SourceText<'_>,
) -> Option<Node> {
    match (shown, description) {
        (Some(shown), Some(at)) => {
            Some(text(at.node.span, format!("{}: {}", shown.text(source)?, at.text(source)?.trim())))
        }
        (one, other) => one.or(other).map(|at| at.node.clone()),
    }
}

/// Whether a switch is on; `usual` where it is not there.
pub(crate) fn switch(at: Option<At<'_>>, usual: bool, source: &mut SourceText<'_>) -> bool {
    let Some(at) = at else { return usual };
    match at.text(source) {
        Some("true") => true,
        Some("false") => false,
        Some(other) => {
            at.error(source, format!("`{}` is neither true nor false", shown(other)), None);
            usual
        }
        None => usual,
    }
}

/// Refuses keys that mean something which cannot be had here.
pub(crate) fn refuse(fields: &mut Fields<'_>, key: &'static str, hint: &str, source: &mut SourceText<'_>) {
    if let Some(at) = fields.optional(key) {
        at.error(source, format!("`{}` is not supported", shown(&at.path)), Some(hint.to_owned()));
    }
}

/// Names what is not carried over, in one warning.
#[derive(Default)]
pub(crate) struct NotCarried(Vec<String>, Option<Span>);

impl NotCarried {
    pub fn note(&mut self, at: Option<At<'_>>) {
        if let Some(at) = at {
            self.1 = self.1.or(Some(at.head));
            self.0.push(format!("`{}`", at.path));
        }
    }

    pub fn warn(self, hint: &str, source: &mut SourceText<'_>) {
        if let NotCarried(paths, Some(span)) = self {
            let message = format!("not carried over: {}", paths.join(", "));
            source.warning(span, "", message, Some(hint.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_dns_labels() {
        assert_eq!(dns_name("My_Service.v1"), "my-service-v1");
        assert_eq!(dns_name("-x-"), "x");
    }
}
