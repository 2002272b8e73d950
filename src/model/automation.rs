//! Names of programs that act in tools as if they were people: daemons that set
//! silences, bots that acknowledge.

/// Names as programs are called in practice. A name has to be one of these words,
/// or to have one as a part of its own, so that nobody called Abbot is a bot.
const USUAL: [&str; 22] = [
    "bot",
    "bot-*",
    "*-bot",
    "*-bot-*",
    "*_bot",
    "* bot",
    "*[bot]*",
    "automation",
    "*-automation",
    "automation-*",
    "system",
    "kthxbye",
    "jenkins",
    "terraform",
    "rundeck",
    "stackstorm",
    "argocd*",
    "github-actions*",
    "gitlab-ci*",
    "svc-*",
    "*-operator",
    "system:serviceaccount:*",
];

/// Patterns of names, in which `*` stands for any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePatterns(Vec<String>);

impl Default for NamePatterns {
    fn default() -> Self {
        NamePatterns(USUAL.map(str::to_owned).to_vec())
    }
}

impl NamePatterns {
    pub fn new(patterns: Vec<String>) -> NamePatterns {
        NamePatterns(patterns)
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a name is one of them, whatever its case.
    pub fn matches(&self, name: &str) -> bool {
        let name = name.trim().to_lowercase();
        self.0.iter().any(|pattern| is_match(&pattern.to_lowercase(), &name))
    }
}

/// `*` stands for any text. The text before the first and after the last one must
/// be at the edges, and what is between them in order.
fn is_match(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(name) = name.strip_prefix(head) else { return false };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut name) = name.strip_suffix(tail) else { return false };
    middle.split('*').all(|part| match name.split_once(part) {
        Some((_, after)) => {
            name = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people_by_their_names() {
        let usual = NamePatterns::default();
        for program in ["kthxbye", "deploy-bot", "dependabot[bot]", "Slack Bot", "svc-alerts", "silence-operator"] {
            assert!(usual.matches(program), "{program}");
        }
        for person in ["Ann Talbot", "abbot", "botha", "ann", "Jo Systema", ""] {
            assert!(!usual.matches(person), "{person}");
        }
    }

    #[test]
    fn a_star_stands_for_any_text() {
        let matches = |pattern: &str, name: &str| NamePatterns::new(vec![pattern.to_owned()]).matches(name);
        for (pattern, name) in [("*", ""), ("a*c", "abc"), ("a*c", "ac"), ("*b*d*", "abcde"), ("A*", "ab")] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a*c", "abd"), ("ab*ba", "aba"), ("*d*b*", "abcd"), ("", "a"), ("b*", "ab")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
