//! Label sets, sorted by name, as Prometheus and Alertmanager know them.

use std::fmt;

use sha2::{Digest, Sha256};

/// The label that holds a metric's name.
pub const NAME: &str = "__name__";

/// Labels by which the replicas of an HA pair of Prometheus are usually told
/// apart: the operator's, and what Thanos and Mimir write of in their guides.
pub const REPLICA_LABELS: [&str; 2] = ["prometheus_replica", "replica"];

/// Names with their values, sorted by name, each name once.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    pub fn new() -> Self {
        Labels::default()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok().and_then(|i| self.0.get(i)).map(|(_, v)| v.as_str())
    }

    /// Sets a label; an empty value removes it, as everywhere in Prometheus.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.0.binary_search_by(|(n, _)| n.cmp(&name)) {
            Ok(i) if value.is_empty() => drop(self.0.remove(i)),
            Ok(i) => {
                if let Some(slot) = self.0.get_mut(i) {
                    slot.1 = value;
                }
            }
            Err(_) if value.is_empty() => {}
            Err(i) => self.0.insert(i, (name, value)),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    pub fn without(&self, names: &[&str]) -> Labels {
        Labels(self.0.iter().filter(|(n, _)| !names.contains(&n.as_str())).cloned().collect())
    }

    pub fn only(&self, names: &[&str]) -> Labels {
        Labels(self.0.iter().filter(|(n, _)| names.contains(&n.as_str())).cloned().collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether every label of `other` is here with the same value.
    pub fn contains_all(&self, other: &Labels) -> bool {
        other.iter().all(|(n, v)| self.get(n) == Some(v))
    }

    /// The first 16 bytes of a SHA-256 over names and values: an id that is
    /// the same on every machine and after every restart.
    pub fn hash128(&self) -> [u8; 16] {
        content_hash(self.0.iter().flat_map(|(n, v)| [n.as_bytes(), v.as_bytes()]))
    }
}

/// The first 16 bytes of a SHA-256 over length-prefixed parts, so that no two
/// lists of parts run together.
pub fn content_hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut out = [0; 16];
    for (to, from) in out.iter_mut().zip(hasher.finalize()) {
        *to = from;
    }
    out
}

/// Lower-case hexadecimal, for ids that people see.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        // Writing to a String cannot fail.
        let _ = write!(s, "{b:02x}");
        s
    })
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut labels = Labels::new();
        for (name, value) in pairs {
            labels.set(name, value);
        }
        labels
    }
}

impl fmt::Display for Labels {
    /// `{a="1", b="2"}` with the escapes of PromQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{name}=")?;
            quote(f, value)?;
        }
        f.write_str("}")
    }
}

/// Writes a double-quoted PromQL string.
pub fn quote(out: &mut impl fmt::Write, value: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in value.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if (c as u32) < 0x20 || c == '\x7f' => write!(out, "\\x{:02x}", c as u32)?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sorted_unique_and_drop_empty_values() {
        let l: Labels = [("b", "2"), ("a", "1"), ("b", "3"), ("c", "")].into_iter().collect();
        assert_eq!(l.to_string(), r#"{a="1", b="3"}"#);
        assert_eq!(l.get("c"), None);
        assert_eq!(l.without(&["a"]).len(), 1);
        assert!(l.contains_all(&Labels::new().with("a", "1")));
    }

    #[test]
    fn hashes_do_not_run_parts_together() {
        let x = Labels::new().with("ab", "c").hash128();
        let y = Labels::new().with("a", "bc").hash128();
        assert_ne!(x, y);
        assert_eq!(hex(&[0, 171]), "00ab");
    }
}
