//! Links to other tools: addresses with placeholders that are filled with what a page
//! is about. Only `http` and `https`, and the host is never filled in.

use std::fmt;

use crate::model::time::{Period, Timestamp};

/// What a template can hold, by the name in braces.
const PLACEHOLDERS: [(&str, Placeholder); 13] = [
    ("service", Placeholder::Service),
    ("slo", Placeholder::Slo),
    ("team", Placeholder::Team),
    ("cluster", Placeholder::Cluster),
    ("namespace", Placeholder::Namespace),
    ("alert", Placeholder::Alert),
    ("incident", Placeholder::Incident),
    ("from", Placeholder::From),
    ("to", Placeholder::To),
    ("from_s", Placeholder::FromSeconds),
    ("to_s", Placeholder::ToSeconds),
    ("from_ms", Placeholder::FromMillis),
    ("to_ms", Placeholder::ToMillis),
];

/// A named link with an address that depends on what it is shown for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTemplate {
    pub name: String,
    /// As it was written.
    pub template: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placeholder {
    Service,
    Slo,
    Team,
    Cluster,
    Namespace,
    Alert,
    Incident,
    From,
    To,
    FromSeconds,
    ToSeconds,
    FromMillis,
    ToMillis,
}

/// What a link is shown for. A template that needs what is absent gives no link.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkSubject<'a> {
    pub service: Option<&'a str>,
    pub slo: Option<&'a str>,
    pub team: Option<&'a str>,
    pub cluster: Option<&'a str>,
    pub namespace: Option<&'a str>,
    /// The name of the rule.
    pub alert: Option<&'a str>,
    pub incident: Option<&'a str>,
    pub period: Option<Period>,
}

/// Why a text is not the template of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Neither `http` nor `https`.
    Scheme,
    /// The host is empty, or depends on what the link is shown for.
    Host,
    /// Blanks or control characters.
    Characters,
    /// A brace without its counterpart.
    Brace,
    Unknown(String),
}

impl LinkError {
    /// What to write instead.
    pub fn hint(&self) -> String {
        match self {
            LinkError::Scheme => "begin with `https://` or `http://`".to_owned(),
            LinkError::Host => {
                "write the host in full; placeholders may stand in the path, the query and the fragment".to_owned()
            }
            LinkError::Characters => "write a blank as `%20`".to_owned(),
            LinkError::Brace => "write a brace that is part of the address as `{{` or `}}`".to_owned(),
            LinkError::Unknown(_) => {
                let names: Vec<String> = PLACEHOLDERS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
                format!("use {}", names.join(", "))
            }
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkError::Scheme => f.write_str("a link needs the scheme `http` or `https`"),
            LinkError::Host => f.write_str("a link needs a host without placeholders"),
            LinkError::Characters => f.write_str("a link has no blanks and no control characters"),
            LinkError::Brace => f.write_str("a brace without its counterpart"),
            LinkError::Unknown(name) => write!(f, "unknown placeholder `{{{name}}}`"),
        }
    }
}

impl LinkTemplate {
    pub fn parse(name: &str, template: &str) -> Result<LinkTemplate, LinkError> {
        if template.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(LinkError::Characters);
        }
        let rest = ["https://", "http://"].iter().find_map(|scheme| template.strip_prefix(scheme));
        let host = rest.ok_or(LinkError::Scheme)?.split(['/', '?', '#']).next().unwrap_or("");
        // An `@` would make a host of what looks like a path to a person.
        if host.is_empty() || host.contains(['{', '}', '@', '\\']) {
            return Err(LinkError::Host);
        }
        Ok(LinkTemplate { name: name.to_owned(), template: template.to_owned(), parts: parts(template)? })
    }

    /// The address for a subject; `None` where the subject lacks what it needs.
    pub fn fill(&self, subject: &LinkSubject<'_>) -> Option<String> {
        let mut address = String::with_capacity(self.template.len() * 2);
        for part in &self.parts {
            match part {
                Part::Text(text) => address.push_str(text),
                Part::Value(placeholder) => encode(&subject.value(*placeholder)?, &mut address),
            }
        }
        Some(address)
    }
}

impl LinkSubject<'_> {
    fn value(&self, placeholder: Placeholder) -> Option<String> {
        let text = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_owned);
        let time = |at: fn(Period) -> Timestamp, unit: i64| self.period.map(|p| (at(p).millis() / unit).to_string());
        match placeholder {
            Placeholder::Service => text(self.service),
            Placeholder::Slo => text(self.slo),
            Placeholder::Team => text(self.team),
            Placeholder::Cluster => text(self.cluster),
            Placeholder::Namespace => text(self.namespace),
            Placeholder::Alert => text(self.alert),
            Placeholder::Incident => text(self.incident),
            Placeholder::From => self.period.map(|p| p.start.rfc3339()),
            Placeholder::To => self.period.map(|p| p.end.rfc3339()),
            Placeholder::FromSeconds => time(|p| p.start, 1_000),
            Placeholder::ToSeconds => time(|p| p.end, 1_000),
            Placeholder::FromMillis => time(|p| p.start, 1),
            Placeholder::ToMillis => time(|p| p.end, 1),
        }
    }
}

fn parts(template: &str) -> Result<Vec<Part>, LinkError> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' | '}' if chars.next_if_eq(&c).is_some() => text.push(c),
            '{' => {
                let name: String = std::iter::from_fn(|| chars.next_if(|c| *c != '}' && *c != '{')).collect();
                if chars.next() != Some('}') {
                    return Err(LinkError::Brace);
                }
                let known = PLACEHOLDERS.iter().find(|(known, _)| *known == name).map(|(_, placeholder)| *placeholder);
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(Part::Value(known.ok_or(LinkError::Unknown(name))?));
            }
            '}' => return Err(LinkError::Brace),
            c => text.push(c),
        }
    }
    parts.push(Part::Text(text));
    Ok(parts)
}

/// Whatever could end the part of the address that it is put into is encoded.
fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(0) + Millis(seconds * 1_000)
    }

    #[test]
    fn a_template_is_filled_with_what_a_page_is_about() {
        let link =
            LinkTemplate::parse("Grafana", "https://g.example/d/slo?var-slo={slo}&from={from_ms}&to={to_ms}#{{}}");
        let subject =
            LinkSubject { slo: Some("checkout"), period: Some(Period::new(at(60), at(120))), ..LinkSubject::default() };
        let filled = link.unwrap().fill(&subject);
        assert_eq!(filled.as_deref(), Some("https://g.example/d/slo?var-slo=checkout&from=60000&to=120000#{}"));
        let times = LinkTemplate::parse("Logs", "http://l/?{from}..{to_s}").unwrap();
        assert_eq!(times.fill(&subject).as_deref(), Some("http://l/?1970-01-01T00%3A01%3A00.000Z..120"));
    }

    #[test]
    fn what_is_not_known_gives_no_link() {
        let link = LinkTemplate::parse("Team", "https://wiki.example/{team}").unwrap();
        assert_eq!(link.fill(&LinkSubject { service: Some("shop"), ..LinkSubject::default() }), None);
        assert_eq!(link.fill(&LinkSubject { team: Some(""), ..LinkSubject::default() }), None);
    }

    #[test]
    fn a_hostile_name_stays_one_part_of_the_address() {
        let link = LinkTemplate::parse("Wiki", "https://wiki.example/{service}?x=1").unwrap();
        let filled = link.fill(&LinkSubject { service: Some("../\"><a&b=c#d @é"), ..LinkSubject::default() });
        assert_eq!(filled.as_deref(), Some("https://wiki.example/..%2F%22%3E%3Ca%26b%3Dc%23d%20%40%C3%A9?x=1"));
    }

    #[test]
    fn what_is_not_a_template_says_why() {
        for (template, error) in [
            ("javascript:alert(1)", LinkError::Scheme),
            ("ftp://files.example/", LinkError::Scheme),
            ("https://", LinkError::Host),
            ("https://{service}.example/", LinkError::Host),
            ("https://grafana.example@evil.example/", LinkError::Host),
            ("https://g.example/a b", LinkError::Characters),
            ("https://g.example/{slo", LinkError::Brace),
            ("https://g.example/slo}", LinkError::Brace),
            ("https://g.example/{pod}", LinkError::Unknown("pod".to_owned())),
        ] {
            assert_eq!(LinkTemplate::parse("x", template), Err(error), "{template}");
        }
    }
}
