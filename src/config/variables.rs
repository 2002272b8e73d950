//! `${NAME}` in a setting: the value of an environment variable.

use crate::yaml::words::{Complaint, shown};

/// The longest name of a variable that is looked up.
const VARIABLE_CHARS_MAX: usize = 256;

/// A text with its `${NAME}`s filled in, and whether it had any.
pub(super) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<(String, bool), Complaint> {
    let mut out = String::new();
    let mut rest = text;
    let mut filled = false;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            return Err(Complaint::new("`${` is not closed", "write `${NAME}`"));
        };
        let sound = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && name.len() <= VARIABLE_CHARS_MAX;
        if !sound {
            let message = format!("`${{{}}}` names no environment variable", shown(name));
            return Err(Complaint::new(message, "letters, digits and underscores"));
        }
        let Some(value) = variable(name).filter(|value| !value.is_empty()) else {
            let hint = "set it where the daemon is started, or use a file";
            return Err(Complaint::new(format!("the environment variable `{name}` is not set, or is empty"), hint));
        };
        out.push_str(before);
        out.push_str(value.trim_end_matches(['\n', '\r']));
        filled = true;
        rest = tail;
    }
    out.push_str(rest);
    Ok((out, filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "A" => Some("one\n".to_owned()),
            "B" => Some("${A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_filled_in_once() {
        let fill = |text: &str| expand(text, &environment).map_err(|c| c.message);
        assert_eq!(fill("Bearer ${A}!"), Ok(("Bearer one!".to_owned(), true)));
        assert_eq!(fill("${B}"), Ok(("${A}".to_owned(), true)), "values are not expanded again");
        assert_eq!(fill("$A $$"), Ok(("$A $$".to_owned(), false)));
        for text in ["${", "${}", "${A", "${a b}", "${NONE}", "${EMPTY}"] {
            assert!(fill(text).is_err(), "{text}");
        }
    }
}
