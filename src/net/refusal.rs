//! Answers that are not data: what their bodies say, when to come back, and HTML
//! pages of proxies.

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use super::error::shown;
use crate::model::time::{Millis, Timestamp};

/// The longest rest that a server may ask for: an absurd header must not switch
/// it off for good.
pub(super) const RETRY_AFTER_MAX: Millis = Millis::from_mins(10);

pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `Retry-After` in seconds, or as a date, which is taken against the `Date` of
/// the same answer: only the server's clock matters, not ours.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Millis> {
    let text = header_text(headers, &RETRY_AFTER)?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Millis::from_secs(i64::try_from(seconds).ok()?.min(RETRY_AFTER_MAX.0)),
        Err(_) => http_date(text)? - http_date(header_text(headers, &DATE)?)?,
    };
    (wait.0 > 0).then_some(wait.min(RETRY_AFTER_MAX))
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(Timestamp::from_millis(date.timestamp_millis()))
}

/// Class and reason from the body of a refusal: the JSON of Prometheus, of
/// Alertmanager and of Mimir, a problem of RFC 9457, or else the beginning of a
/// plain text.
pub(super) fn refusal_text(body: &[u8]) -> (String, String) {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Refusal {
        Prometheus {
            error: String,
            #[serde(default, rename = "errorType")]
            error_type: String,
        },
        Message {
            message: String,
        },
        /// RFC 9457, as this program answers too.
        Problem {
            #[serde(default)]
            title: String,
            detail: String,
            hint: Option<String>,
        },
        Text(String),
    }
    match serde_json::from_slice(body) {
        Ok(Refusal::Prometheus { error, error_type }) => (shown(&error_type), shown(&error)),
        Ok(Refusal::Message { message } | Refusal::Text(message)) => (String::new(), shown(&message)),
        Ok(Refusal::Problem { title, detail, hint: None }) => (shown(&title), shown(&detail)),
        Ok(Refusal::Problem { title, detail, hint: Some(hint) }) => {
            (shown(&title), format!("{}; {}", shown(&detail), shown(&hint)))
        }
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let plain = match text.trim_start() {
                "" => "no reason given".to_owned(),
                page if page.starts_with('<') => format!("{}, perhaps of a proxy", html_page(page)),
                plain => shown(plain),
            };
            (String::new(), plain)
        }
    }
}

/// The name of a page that came in the place of data: a login page, mostly.
pub(super) fn page_instead_of_data(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is_page = ["text/html", "application/xhtml+xml"].iter().any(|html| media.eq_ignore_ascii_case(html));
    let beginning = body.get(..body.len().min(BEGINNING_BYTES)).unwrap_or_default();
    let text = String::from_utf8_lossy(beginning);
    let marked = ["<!doctype html", "<html"].iter().any(|mark| {
        text.trim_start_matches('\u{feff}').trim_start().get(..mark.len()).is_some_and(|t| t.eq_ignore_ascii_case(mark))
    });
    (is_page || marked).then(|| {
        format!("{} instead of data, perhaps the login page of a proxy; check `url` and `auth`", html_page(&text))
    })
}

/// As much of a page as has its title.
const BEGINNING_BYTES: usize = 4 * 1024;

/// `an HTML page` and its title.
fn html_page(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|tag| {
        let start = tag + lower.get(tag..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find("</title")?;
        text.get(start..end)
    });
    match title.map(shown).filter(|title| !title.is_empty()) {
        Some(title) => format!("an HTML page titled \"{title}\""),
        None => "an HTML page".to_owned(),
    }
}
