//! Numbers, times and names as people read them on a page. What is not known
//! has no text here: callers say "no data". Must not know HTML.

use crate::model::time::{Millis, Timestamp};

/// A name or message is cut here; the API has the whole.
const CHARS_MAX: usize = 300;
/// Keeps a number and its unit on one line.
const NARROW_SPACE: char = '\u{202f}';

/// A ratio as a percentage with as many decimals as its distance from 0 or
/// 100 % needs to be seen: `99.953 %`, `40.1 %`, `0.0021 %`. Only 1 is `100 %`.
pub(crate) fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let distance = if percent > 50.0 { (100.0 - percent).abs() } else { percent.abs() };
    let text = if distance == 0.0 {
        format!("{percent:.0}")
    } else if distance < 1e-6 {
        let (sign, edge) = if percent > 50.0 { (if percent > 100.0 { '>' } else { '<' }, "100") } else { ('>', "0") };
        // So close that six decimals would show the edge itself.
        format!("{sign}{NARROW_SPACE}{edge}")
    } else {
        let decimals = (1.0 - distance.log10().floor()).clamp(1.0, 7.0) as usize;
        format!("{percent:.decimals$}")
    };
    format!("{}{NARROW_SPACE}%", minus(&text))
}

/// A ratio that someone chose, without decimals that were not written: `99.9 %`.
pub(crate) fn chosen(ratio: f64) -> String {
    let text = format!("{:.6}", ratio * 100.0);
    format!("{}{NARROW_SPACE}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A share of the budget: whole per cent when large, one decimal else.
pub(crate) fn share(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let text = match percent.abs() {
        large if large >= 1_000.0 => count(percent.round() as i64),
        large if large >= 99.95 => format!("{percent:.0}"),
        0.0 => "0".to_owned(),
        small if small < 0.05 => return format!("<{NARROW_SPACE}0.1{NARROW_SPACE}%"),
        _ => format!("{percent:.1}"),
    };
    format!("{}{NARROW_SPACE}%", minus(&text))
}

/// A burn rate: `0.70×`, `14.4×`, `310×`.
pub(crate) fn burn(rate: f64) -> String {
    match rate {
        0.0 => "0×".to_owned(),
        r if r < 0.005 => "<0.01×".to_owned(),
        r if r < 9.995 => format!("{r:.2}×"),
        r if r < 99.95 => format!("{r:.1}×"),
        r => format!("{}×", count(r.round() as i64)),
    }
}

/// A burn rate that someone chose: `14.4×`, `6×`.
pub(crate) fn factor(rate: f64) -> String {
    let text = format!("{rate:.2}");
    format!("{}×", text.trim_end_matches('0').trim_end_matches('.'))
}

/// How long a piece of work took: `38ms`, `1.9s`, `2m 5s`.
pub(crate) fn took(length: Millis) -> String {
    match length.0 {
        ms @ 1_000..60_000 => format!("{:.1}s", ms as f64 / 1000.0),
        _ => length.human(),
    }
}

/// Minutes of a budget in time: `43.2 min`, `−5 min`.
pub(crate) fn minutes(n: f64) -> String {
    let text = format!("{n:.1}");
    format!("{}{NARROW_SPACE}min", minus(text.strip_suffix(".0").unwrap_or(&text)))
}

/// A whole number with a comma at every thousand.
pub(crate) fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if n < 0 { format!("−{text}") } else { text }
}

/// A count for an axis: `950`, `1.2k`, `43k`, `2M`.
pub(crate) fn short_count(n: f64) -> String {
    let (scaled, unit) = match n.abs() {
        x if x >= 1e9 => (n / 1e9, "G"),
        x if x >= 1e6 => (n / 1e6, "M"),
        x if x >= 1e3 => (n / 1e3, "k"),
        _ => (n, ""),
    };
    let text = if scaled.abs() < 10.0 { format!("{scaled:.1}") } else { format!("{scaled:.0}") };
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

/// Bytes in binary units.
pub(crate) fn bytes(n: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = n as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    let name = units.get(unit).copied().unwrap_or("B");
    if unit == 0 || value >= 100.0 { format!("{value:.0} {name}") } else { format!("{value:.1} {name}") }
}

/// `24 Nov 2026, 15:42 UTC`.
pub(crate) fn moment(at: Timestamp) -> String {
    at_format(at, "%-d %b %Y, %H:%M UTC")
}

/// `24 Nov 15:42`, for tables whose page names the year and UTC.
pub(crate) fn short_moment(at: Timestamp) -> String {
    at_format(at, "%-d %b %H:%M")
}

/// `2026-11-24T15:42`, as the field of a form for a time has it.
pub(crate) fn field_moment(at: Timestamp) -> String {
    at_format(at, "%Y-%m-%dT%H:%M")
}

/// `15:42:07`.
pub(crate) fn clock(at: Timestamp) -> String {
    at_format(at, "%H:%M:%S")
}

/// `24 Nov`.
pub(crate) fn day(at: Timestamp) -> String {
    at_format(at, "%-d %b")
}

fn at_format(at: Timestamp, format: &str) -> String {
    match chrono::DateTime::from_timestamp_millis(at.millis()) {
        Some(time) => time.format(format).to_string(),
        None => at.rfc3339(),
    }
}

/// `3h 5m ago`, `in 2h`, `just now`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let length = now - at;
    let whole = Millis(length.0.abs() / 1_000 * 1_000);
    match length.0 {
        ms if ms.abs() < 1_000 => "just now".to_owned(),
        ms if ms < 0 => format!("in {}", whole.human()),
        _ => format!("{} ago", whole.human()),
    }
}

/// A text from outside as it may be shown: cut to a bearable length, without
/// control characters and without the marks that turn the direction of the
/// text that follows.
pub(crate) fn clean(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    let mut shown: String = text
        .chars()
        .take(CHARS_MAX)
        .map(|c| if turns(c) || (c.is_control() && c != '\n') { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

/// A name as one segment of a path, percent-encoded.
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// With a real minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: String) -> String {
        text.replace(NARROW_SPACE, " ")
    }

    #[test]
    fn percentages_show_what_matters() {
        for (ratio, text) in [
            (0.99953, "99.953 %"),
            (0.999_4, "99.940 %"),
            (0.999_999_1, "99.999910 %"),
            (0.987, "98.7 %"),
            (0.5, "50.0 %"),
            (1.0, "100 %"),
            (0.0, "0 %"),
            (0.000_021, "0.0021 %"),
            (0.999_999_999_99, "< 100 %"),
            (-0.35, "−35.0 %"),
        ] {
            assert_eq!(plain(percent(ratio)), text, "{ratio}");
        }
    }

    #[test]
    fn shares_of_a_budget_are_short() {
        for (ratio, text) in [
            (0.4008, "40.1 %"),
            (1.0, "100 %"),
            (-0.352, "−35.2 %"),
            (-12.5, "−1,250 %"),
            (0.0, "0 %"),
            (0.000_1, "< 0.1 %"),
        ] {
            assert_eq!(plain(share(ratio)), text, "{ratio}");
        }
    }

    #[test]
    fn counts_and_sizes() {
        assert_eq!(count(124_399_465), "124,399,465");
        assert_eq!(count(-1_000), "−1,000");
        assert_eq!(count(0), "0");
        assert_eq!(short_count(43_250.0), "43k");
        assert_eq!(short_count(2_000_000.0), "2M");
        assert_eq!(bytes(6_840_000_000), "6.4 GiB");
        assert_eq!(bytes(12), "12 B");
        assert_eq!([chosen(0.999), chosen(0.9995), chosen(0.02)].map(plain), ["99.9 %", "99.95 %", "2 %"]);
        assert_eq!([factor(14.4), factor(6.0), factor(0.25)], ["14.4×", "6×", "0.25×"]);
        assert_eq!([took(Millis(38)), took(Millis(1_930)), took(Millis(125_000))], ["38ms", "1.9s", "2m 5s"]);
        assert_eq!([burn(0.0), burn(0.7), burn(14.4), burn(310.2)], ["0×", "0.70×", "14.4×", "310×"]);
    }

    #[test]
    fn times() {
        let at = Timestamp::parse("2026-11-24T15:42:07Z").unwrap();
        assert_eq!(moment(at), "24 Nov 2026, 15:42 UTC");
        assert_eq!(ago(at, at + Millis::from_mins(185)), "3h 5m ago");
        assert_eq!(ago(at + Millis::from_hours(2), at), "in 2h");
        assert_eq!(ago(at, at), "just now");
    }

    #[test]
    fn hostile_text_is_tamed() {
        assert_eq!(clean("a\u{202e}b\x1b[31m"), "a\u{fffd}b\u{fffd}[31m");
        assert_eq!(clean(&"x".repeat(65_536)).chars().count(), CHARS_MAX + 1);
        assert_eq!(segment("a/../b?c#d%2e"), "a%2F%2E%2E%2Fb%3Fc%23d%252e");
    }
}
