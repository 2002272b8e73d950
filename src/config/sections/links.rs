//! Links to other tools: the section `links`.

use url::Url;

use crate::config::layers::Reading;
use crate::model::link::{LinkSubject, LinkTemplate};
use crate::model::time::{Period, Timestamp};
use crate::yaml::fields::At;
use crate::yaml::words::{Complaint, shown};

/// More do not fit in a line of a page.
const LINKS_MAX: usize = 20;
/// The longest name and address.
const NAME_CHARS_MAX: usize = 40;
const TEMPLATE_BYTES_MAX: usize = 2_048;

pub(crate) fn links(at: Option<At<'_>>, reading: &mut Reading<'_, '_>) -> Option<Vec<LinkTemplate>> {
    let Some(at) = at else { return Some(Vec::new()) };
    let before = reading.source.errors();
    let mut links = Vec::new();
    for entry in at.entries(&mut reading.source, LINKS_MAX)? {
        let entry_at = at.entry(entry);
        let length = entry.key.trim().chars().count();
        if length == 0 || length > NAME_CHARS_MAX || entry.key.chars().any(char::is_control) {
            let message = format!("`{}` is not a name for a link", shown(&entry.key));
            let hint = Some(format!("1 to {NAME_CHARS_MAX} characters that people read, for example `Grafana`"));
            reading.source.error(entry.key_span, &entry_at.path, message, hint);
        }
        links.extend(entry_at.parse(&mut reading.source, |text| template(&entry.key, text)));
    }
    (reading.source.errors() == before).then_some(links)
}

fn template(name: &str, text: &str) -> Result<LinkTemplate, Complaint> {
    if text.len() > TEMPLATE_BYTES_MAX {
        let message = format!("the address has {} bytes; at most {TEMPLATE_BYTES_MAX} are allowed", text.len());
        return Err(Complaint::from(message));
    }
    let link = LinkTemplate::parse(name, text).map_err(|error| Complaint::new(error.to_string(), error.hint()))?;
    // Filled with plain words it must be an address, whatever the words are later.
    let words = Some("a");
    let at = Timestamp::from_millis(0);
    let subject = LinkSubject {
        service: words,
        slo: words,
        team: words,
        cluster: words,
        namespace: words,
        alert: words,
        incident: words,
        period: Some(Period::new(at, at)),
    };
    let filled = link.fill(&subject).and_then(|address| Url::parse(&address).ok());
    filled.map(|_| link).ok_or_else(|| {
        Complaint::new(
            format!("`{}` is not an address", shown(text)),
            "for example `https://grafana.example/d/slo?var-slo={slo}&from={from_ms}&to={to_ms}`",
        )
    })
}
