//! Values that are never printed. One that is in a file is read again for each
//! use, because Kubernetes and Vault replace such files while the process runs.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// The largest secret that is read from a file: a signed token has a few
/// thousand bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;
/// Tools that write a file in place empty it first; after this time it is read
/// once more.
const REWRITE_PAUSE: Duration = Duration::from_millis(100);

/// What is printed in place of a secret.
pub const REDACTED: &str = "<secret>";

/// A value that must not be shown.
#[derive(Clone)]
pub enum Secret {
    Value(SecretString),
    File(PathBuf),
}

impl Secret {
    pub fn value(text: impl Into<SecretString>) -> Self {
        Secret::Value(text.into())
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

    /// As `reveal`, for async code: the file is read on the blocking pool, and
    /// once more if it cannot be used while another program writes it.
    pub async fn current(&self) -> Result<SecretString, String> {
        if let Secret::Value(value) = self {
            return Ok(value.clone());
        }
        match self.on_blocking_pool().await {
            Ok(secret) => Ok(secret),
            Err(_) => {
                tokio::time::sleep(REWRITE_PAUSE).await;
                self.on_blocking_pool().await
            }
        }
    }

    async fn on_blocking_pool(&self) -> Result<SecretString, String> {
        let secret = self.clone();
        let read = tokio::task::spawn_blocking(move || secret.reveal()).await;
        read.unwrap_or_else(|error| Err(format!("a secret could not be read: {error}")))
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

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

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
        assert_eq!(format!("{:?}", Secret::value("hunter2")), REDACTED);
    }
}
