//! Who takes something back, and why: the body of a withdrawal.

use crate::api::pushes::Withdrawal;
use crate::publish::http::plumbing::problem::Problem;

/// The longest author and reason of a withdrawal.
const WORDS_BYTES_MAX: usize = 2_048;

/// Reads who takes something back, and why.
pub(crate) fn withdrawal(body: &[u8]) -> Result<Withdrawal, Problem> {
    let wrong = |detail: String| Problem::bad_body(detail).hint(r#"write {"author": "...", "reason": "..."}"#);
    let read: Withdrawal = serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))?;
    one_line("author", &read.author).and_then(|()| one_line("reason", &read.reason)).map_err(wrong)?;
    Ok(read)
}

/// Checks who and why; what is wrong if they cannot be shown.
pub(crate) fn one_line(word: &str, text: &str) -> Result<(), String> {
    if text.trim().is_empty() || text.len() > WORDS_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(format!("`{word}` must be one line of at most {WORDS_BYTES_MAX} bytes, and not empty"));
    }
    Ok(())
}
