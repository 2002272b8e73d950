//! What several sections of a KPI are read with.

use crate::yaml::fields::{At, Fields};
use crate::yaml::source::SourceText;
use crate::yaml::words::{Complaint, shown};

/// A whole number from 1 on.
pub(super) fn whole(text: &str, max: u32) -> Result<u32, Complaint> {
    match text.parse::<u32>() {
        Ok(number) if (1..=max).contains(&number) => Ok(number),
        _ => Err(Complaint::new(format!("`{}` is not a number from 1 to {max}", shown(text)), "write for example `3`")),
    }
}

/// A mapping of which exactly one key is written.
pub(super) fn only_one<'n>(
    fields: &Fields<'n>,
    found: Vec<(&'static str, Option<At<'n>>)>,
    forms: &str,
    source: &mut SourceText<'_>,
) -> Option<(&'static str, At<'n>)> {
    let mut written = found.into_iter().filter_map(|(key, at)| Some((key, at?)));
    match (written.next(), written.next()) {
        (Some(one), None) => Some(one),
        (None, _) => {
            fields.error(source, "one of its keys is needed", Some(forms.to_owned()));
            None
        }
        (Some((first, _)), Some((second, _))) => {
            fields.error(source, format!("`{first}` and `{second}` are both written"), Some(forms.to_owned()));
            None
        }
    }
}
