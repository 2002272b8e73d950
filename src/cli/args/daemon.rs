//! Where the running daemon is.

use std::path::PathBuf;

use clap::Args;

/// A running daemon.
#[derive(Debug, Args)]
pub struct DaemonArgs {
    /// Address of the running daemon.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9595", env = "EVENKEEL_ADDRESS", value_parser = address)]
    pub address: url::Url,
    /// File with a token, where the daemon wants one.
    #[arg(long, value_name = "FILE", env = "EVENKEEL_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
}

pub(crate) fn address(text: &str) -> Result<url::Url, String> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    match url::Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("write an address, for example http://127.0.0.1:9595".to_owned()),
    }
}
