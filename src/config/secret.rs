//! Values that are never printed: from an environment variable, or from a file
//! that is read whenever it is needed, since tokens of Kubernetes are rotated.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::PathBuf;

use secrecy::SecretString;

use crate::yaml::words::{Complaint, shown};

/// The largest secret that is read from a file: a signed token has a few
/// thousand bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// The longest name of a variable that is looked up.
const VARIABLE_CHARS_MAX: usize = 256;

/// What stands for a secret wherever a configuration is shown.
pub const REDACTED: &str = "<secret>";

/// A value that must not be shown.
#[derive(Clone)]
pub enum Secret {
    Value(SecretString),
    File(PathBuf),
}

impl Secret {
    pub(super) fn value(text: String) -> Self {
        Secret::Value(SecretString::from(text))
    }

    /// The secret as it is now; fails with a reason that does not contain it.
    pub fn reveal(&self) -> Result<SecretString, String> {
        let path = match self {
            Secret::Value(value) => return Ok(value.clone()),
            Secret::File(path) => path,
        };
        let because = |reason: String| format!("the secret in {} cannot be used: {reason}", path.display());
        let file = fs::File::open(path).map_err(|error| because(error.to_string()))?;
        let mut text = String::new();
        file.take(SECRET_BYTES_MAX).read_to_string(&mut text).map_err(|error| because(error.to_string()))?;
        let trimmed = text.trim_end_matches(['\n', '\r']);
        match trimmed {
            "" => Err(because("the file is empty".to_owned())),
            _ if trimmed.chars().any(char::is_control) => Err(because("it has several lines".to_owned())),
            _ => Ok(SecretString::from(trimmed)),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Value(_) => f.write_str(REDACTED),
            Secret::File(path) => write!(f, "File({path:?})"),
        }
    }
}

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
    use secrecy::ExposeSecret;

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

    #[test]
    fn files_are_read_each_time_and_secrets_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let secret = Secret::File(path.clone());
        assert!(secret.reveal().is_err());
        for token in ["first", "second"] {
            fs::write(&path, format!("{token}\n")).unwrap();
            assert_eq!(secret.reveal().unwrap().expose_secret(), token);
        }
        for text in ["", "\n", "a\nb"] {
            fs::write(&path, text).unwrap();
            assert!(secret.reveal().is_err(), "{text:?}");
        }
        assert_eq!(format!("{:?}", Secret::value("hunter2".to_owned())), REDACTED);
    }
}
