//! What all dashboards share: identity, variables, steps of colour.

use std::collections::BTreeMap;

use crate::model::labels::{content_hash, hex};
use crate::publish::dashboards::grafana::{
    Dashboard, Link, MappedValue, Mapping, Panel, SCHEMA_VERSION, Templating, TimeRange, UID_CHARS_MAX, Variable,
};

/// What all dashboards carry, so that each links to the others.
pub(crate) const TAG: &str = "evenkeel";

/// Colours of a remaining budget; below the first it is spent.
pub(crate) const BUDGET_STEPS: [(&str, f64); 2] = [("orange", 0.0), ("green", 0.25)];

/// Stable over releases and machines, so that links to a dashboard last.
pub(crate) fn uid(kind: &str, name: &str) -> String {
    let mut uid = format!("evenkeel-{}", hex(&content_hash([kind.as_bytes(), name.as_bytes()])));
    uid.truncate(UID_CHARS_MAX);
    uid
}

pub(crate) fn dashboard(
    uid: String,
    title: String,
    description: String,
    variables: Vec<Variable>,
    panels: Vec<Panel>,
) -> Dashboard {
    let source =
        Variable::Datasource { name: "datasource", label: "Data Source", query: "prometheus", hide: 0, refresh: 1 };
    Dashboard {
        uid,
        title,
        description,
        tags: vec![TAG],
        editable: false,
        schema_version: SCHEMA_VERSION,
        graph_tooltip: 1,
        refresh: "1m",
        time: TimeRange { from: "now-30d", to: "now" },
        timezone: "browser",
        links: vec![Link {
            title: "Evenkeel",
            kind: "dashboards",
            tags: vec![TAG],
            as_dropdown: true,
            include_vars: false,
            keep_time: true,
        }],
        templating: Templating { list: [source].into_iter().chain(variables).collect() },
        panels,
    }
}

/// Words for 0 and 1.
pub(crate) fn words(
    zero: &'static str,
    one: &'static str,
    zero_color: &'static str,
    one_color: &'static str,
) -> Mapping {
    let word = |text, color, index| MappedValue { text, color, index };
    Mapping {
        kind: "value",
        options: BTreeMap::from([("0", word(zero, zero_color, 0)), ("1", word(one, one_color, 1))]),
    }
}
