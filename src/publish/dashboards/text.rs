//! Texts from outside in queries and titles. Grafana puts values in the place
//! of `$name`, `${name}` and `[[name]]` wherever they stand, so none of them may
//! come from a definition. Must not know panels.

use crate::model::labels::{content_hash, hex};
use crate::publish::metrics::Metric;

/// A selector of a metric with constant label values.
pub fn select(metric: Metric, labels: &[(&str, &str)]) -> String {
    let name = metric.name;
    if labels.is_empty() {
        return name.to_owned();
    }
    let matchers: Vec<String> = labels.iter().map(|(label, value)| format!("{label}={}", quoted(value))).collect();
    format!("{name}{{{}}}", matchers.join(","))
}

/// A selector of a metric of all groups of a divided SLO in one window.
pub fn select_groups(metric: Metric, slo: &str, window: &str) -> String {
    format!("{}{{slo=~{},window={}}}", metric.name, quoted(&format!("{slo}-.+")), quoted(window))
}

/// A string of PromQL. What Grafana would take for a variable is written as an
/// escape, which only Prometheus reads.
fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    out.push('"');
    for c in value.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str("\\\""),
            '$' => out.push_str(r"\x24"),
            '[' => out.push_str(r"\x5b"),
            c if c.is_control() => out.push_str(&format!(r"\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text for people, which may hold anything: without variables of Grafana,
/// without Markdown and HTML, on one line.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '$' => out.push('\u{ff04}'),
            '[' => out.push('('),
            ']' => out.push(')'),
            '<' => out.push('\u{2039}'),
            '>' => out.push('\u{203a}'),
            '`' | '*' | '\\' | '#' | '|' | '!' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

/// A name as a file name: a DNS label stays as it is, anything else is told
/// apart by a hash.
pub fn file_stem(name: &str) -> String {
    let safe = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    // Longer names are not file names everywhere.
    const CHARS_MAX: usize = 100;
    if !name.is_empty() && name.len() <= CHARS_MAX && !name.starts_with('-') && name.chars().all(safe) {
        return name.to_owned();
    }
    let kept: String = name.to_lowercase().chars().map(|c| if safe(c) { c } else { '-' }).take(CHARS_MAX / 2).collect();
    format!("{}-{}", kept.trim_matches('-'), short_hash(name)).trim_start_matches('-').to_owned()
}

/// Tells names apart that look alike.
pub fn short_hash(name: &str) -> String {
    hex(&content_hash([name.as_bytes()])).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::metrics::SLO_INFO;

    #[test]
    fn no_value_can_leave_its_string() {
        let query = select(SLO_INFO, &[("slo", "a\"} or up{b=\"\\\n$datasource[[window]]")]);
        assert_eq!(query, r#"evenkeel_slo_info{slo="a\"} or up{b=\"\\\u000a\x24datasource\x5b\x5bwindow]]"}"#);
        let parsed = promql_parser::parser::parse(&query).unwrap();
        assert!(matches!(parsed, promql_parser::parser::Expr::VectorSelector(_)), "{parsed:?}");
    }

    #[test]
    fn texts_hold_no_variables_and_no_markup() {
        assert_eq!(plain("pay ${datasource} <b>[[x]]\n"), "pay \u{ff04}{datasource} \u{2039}b\u{203a}((x))");
    }

    #[test]
    fn file_names_are_safe_and_distinct() {
        assert_eq!(file_stem("checkout"), "checkout");
        assert_ne!(file_stem("../a"), file_stem("..-a"));
        for name in ["", "../../etc/passwd", "Größe", "a/b", "-x"] {
            let stem = file_stem(name);
            assert!(stem.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{stem}");
            assert!(!stem.is_empty() && !stem.starts_with('-'));
        }
    }
}
