//! Changes of services as a table.

use maud::{Markup, html};

use super::components;
use crate::model::operations::change::Change;
use crate::model::time::Timestamp;

/// Changes as a table, newest first.
pub(crate) fn changes<'a>(changes: impl IntoIterator<Item = &'a Change>, now: Timestamp) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Changes" { table.cards {
            thead { tr { th { "Started" } th { "Change" } th { "Outcome" } th { "Object" } th { "What" } th.num { "Took" } } }
            tbody { @for change in changes {
                tr {
                    td.name { (components::time(change.started_at)) div.muted { (components::ago(change.started_at, now)) } }
                    td data-name="Change" { (change.kind.word()) }
                    td data-name="Outcome" { (components::tag(change.outcome.word(), change.outcome.word())) }
                    td.name data-name="Object" { (components::user(&change.object.to_string())) }
                    td.words data-name="What" { (components::user(&change.summary)) }
                    td.num data-name="Took" { (components::length(change.ended_at.map(|end| end - change.started_at))) }
                }
            } }
        } }
    }
}
