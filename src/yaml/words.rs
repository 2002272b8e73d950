//! The words that definitions, settings and flags share: durations, names,
//! labels and time zones, each read from text with a complaint that says what
//! to write instead. Must not know where the text stood.

use chrono_tz::Tz;

use crate::model::time::Millis;

use super::source::is_direction_mark;

/// Why a text is not what a field wants, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub message: String,
    pub hint: Option<String>,
}

impl Complaint {
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Complaint { message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<String> for Complaint {
    fn from(message: String) -> Self {
        Complaint { message, hint: None }
    }
}

/// Characters of a user's text that are repeated in a message.
const SHOWN_MAX: usize = 60;
/// The longest DNS label.
const DNS_LABEL_MAX: usize = 63;
/// The longest name of a label: far above any in use, and it keeps an index small.
const LABEL_NAME_MAX: usize = 128;
/// The longest value of a label, as Prometheus' own advice for label limits.
pub const LABEL_VALUE_MAX: usize = 1_024;

/// A user's text for a message: short, and free of control characters.
pub fn shown(text: &str) -> String {
    let tame = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || is_direction_mark(c) => '\u{fffd}',
        c => c,
    };
    let short: String = text.chars().take(SHOWN_MAX).map(tame).collect();
    if text.chars().nth(SHOWN_MAX).is_some() { format!("{short}…") } else { short }
}

/// The candidate that was probably meant.
pub fn closest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Longer words than any of ours are no slips, and comparing them is slow.
    if word.len() > DNS_LABEL_MAX {
        return None;
    }
    let plain = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let word = plain(word);
    let slips = |candidate: &str| strsim::damerau_levenshtein(&word, &plain(candidate));
    let allowed = (word.chars().count() / 3).max(1);
    candidates.into_iter().map(|c| (slips(c), c)).filter(|(n, _)| *n <= allowed).min_by_key(|(n, _)| *n).map(|(_, c)| c)
}

/// "did you mean `x`?", or else the list of what is known.
pub fn meant(word: &str, known: &[&str]) -> String {
    match closest(word, known.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}

/// One of a few words.
pub fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, Complaint> {
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("`{}` is not one of {}", shown(text), known.join(", "));
        let hint = closest(text, known).map(|word| format!("did you mean `{word}`?"));
        Complaint { message, hint }
    })
}

/// A duration from `min` to `max`, both included.
pub fn duration(text: &str, min: Millis, max: Millis) -> Result<Millis, Complaint> {
    let bounds = || format!("write {min} to {max}, with a unit of s, m, h, d or w");
    let length: Millis = match text.parse() {
        Ok(length) => length,
        // Zero needs no unit where it is allowed.
        Err(_) if text == "0" => Millis(0),
        Err(_) => {
            let hint = match text.parse::<f64>() {
                Ok(_) => format!("a number needs a unit: `{text}s` or `{text}m`; {}", bounds()),
                Err(_) => bounds(),
            };
            return Err(Complaint::new(format!("`{}` is not a duration", shown(text)), hint));
        }
    };
    if length < min || length > max {
        return Err(Complaint::new(format!("`{}` is out of range", shown(text)), bounds()));
    }
    Ok(length)
}

/// Lower-case letters, digits and inner hyphens, at most 63 characters.
pub fn dns_label(text: &str) -> Result<String, Complaint> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let sound = !text.is_empty()
        && text.len() <= DNS_LABEL_MAX
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-');
    if sound {
        return Ok(text.to_owned());
    }
    let corrected: String =
        text.to_lowercase().chars().map(|c| if inner(c) { c } else { '-' }).take(DNS_LABEL_MAX).collect();
    let corrected = corrected.trim_matches('-');
    let rule = "lower-case letters, digits and hyphens between them, at most 63 characters";
    let hint = if corrected.is_empty() { rule.to_owned() } else { format!("for example `{corrected}`: {rule}") };
    Err(Complaint::new(format!("`{}` is not a DNS label", shown(text)), hint))
}

/// A label's name as Prometheus and Alertmanager take it.
pub fn label_name(text: &str) -> Result<String, Complaint> {
    let hint = "a letter or underscore, then letters, digits and underscores";
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_') || text.len() > LABEL_NAME_MAX {
        return Err(Complaint::new(format!("`{}` is not a label name", shown(text)), hint));
    }
    if text.starts_with("__") {
        return Err(Complaint::new(
            format!("the label name `{}` starts with two underscores", shown(text)),
            "such names are reserved by Prometheus",
        ));
    }
    Ok(text.to_owned())
}

/// A label's value: text without control characters, not empty.
pub fn label_value(text: &str) -> Result<String, Complaint> {
    if text.is_empty() {
        return Err(Complaint::new("the value is empty", "an empty label is the same as no label; leave it out"));
    }
    if text.len() > LABEL_VALUE_MAX {
        return Err(Complaint::from(format!("the value has {} bytes; at most {LABEL_VALUE_MAX}", text.len())));
    }
    if text.chars().any(char::is_control) {
        return Err(Complaint::from("the value holds a line break or another control character".to_owned()));
    }
    Ok(text.to_owned())
}

/// An IANA time zone, `Europe/Berlin`.
pub fn timezone(text: &str) -> Result<Tz, Complaint> {
    text.parse::<Tz>().map_err(|_| {
        let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let city = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
        let folded = text.replace(' ', "_").to_lowercase();
        let by_city = names().find(|name| city(name).to_lowercase() == folded);
        let hint = match by_city.or_else(|| closest(text, names())) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "write an IANA name, for example `Europe/Berlin` or `UTC`".to_owned(),
        };
        Complaint::new(format!("`{}` is not a time zone", shown(text)), hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_keyboard_are_recognised() {
        let known = ["objective", "windows", "noData", "groupBy", "alerts"];
        for (written, meant) in
            [("objectiv", "objective"), ("no_data", "noData"), ("Windows", "windows"), ("alrets", "alerts")]
        {
            assert_eq!(closest(written, known), Some(meant), "{written}");
        }
        assert_eq!(closest("zzz", known), None);
        assert_eq!(closest(&"objective".repeat(99), known), None);
    }

    #[test]
    fn durations_have_bounds_and_need_units() {
        let read = |text: &str| duration(text, Millis::from_secs(1), Millis::from_days(1));
        assert_eq!(read("90s"), Ok(Millis::from_secs(90)));
        assert!(read("30").unwrap_err().hint.unwrap().starts_with("a number needs a unit: `30s` or `30m`"));
        assert_eq!(read("2d").unwrap_err().message, "`2d` is out of range");
        assert_eq!(duration("0", Millis(0), Millis(1)), Ok(Millis(0)));
    }

    #[test]
    fn names_are_checked_and_corrected() {
        assert!(dns_label("checkout-1").is_ok());
        assert!(dns_label("Checkout_API").unwrap_err().hint.unwrap().starts_with("for example `checkout-api`"));
        assert!(dns_label("").is_err() && dns_label("-a").is_err() && dns_label(&"a".repeat(64)).is_err());
        assert!(label_name("team").is_ok() && label_name("_x1").is_ok());
        assert!(
            label_name("1a").is_err()
                && label_name("a-b").is_err()
                && label_name("__name__").is_err()
                && label_name("é").is_err()
        );
        assert!(label_value("a b é").is_ok() && label_value("").is_err() && label_value("a\nb").is_err());
    }

    #[test]
    fn zones_are_found_by_city_too() {
        assert_eq!(timezone("Europe/Berlin"), Ok(Tz::Europe__Berlin));
        assert_eq!(timezone("berlin").unwrap_err().hint.unwrap(), "did you mean `Europe/Berlin`?");
        assert_eq!(timezone("New York").unwrap_err().hint.unwrap(), "did you mean `America/New_York`?");
        assert_eq!(timezone("Europe/Berlln").unwrap_err().hint.unwrap(), "did you mean `Europe/Berlin`?");
    }

    #[test]
    fn user_text_in_messages_is_short_and_tame() {
        assert_eq!(shown("a\u{1b}[31m"), "a\u{fffd}[31m");
        assert_eq!(shown("two\nlines"), "two lines");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), SHOWN_MAX + 1);
    }
}
