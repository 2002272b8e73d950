//! Words for comparisons.

use crate::yaml::fields::At;
use crate::yaml::source::SourceText;
use crate::yaml::words::shown;

const SIGNS: [(&str, &str); 8] =
    [("lte", "<="), ("lt", "<"), ("gte", ">="), ("gt", ">"), ("<=", "<="), ("<", "<"), (">=", ">="), (">", ">")];

/// The sign of a comparison.
pub(crate) fn sign(operator: &At<'_>, source: &mut SourceText<'_>) -> Option<&'static str> {
    let word = operator.text(source)?;
    let found = SIGNS.iter().find(|(known, _)| *known == word).map(|(_, sign)| *sign);
    if found.is_none() {
        let hint = "lte, lt, gte or gt".to_owned();
        operator.error(source, format!("unknown operator `{}`", shown(word)), Some(hint));
    }
    found
}

/// The comparison that holds where this one does not.
pub(crate) fn opposite(sign: &str) -> &'static str {
    match sign {
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        _ => "<",
    }
}
