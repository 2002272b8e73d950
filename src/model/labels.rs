//! Label sets, sorted by name, as Prometheus and Alertmanager know them.

pub mod index;
pub mod number;
mod patterns;
pub mod selector;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

/// The label that holds a metric's name.
pub const NAME: &str = "__name__";

/// Labels by which the replicas of an HA pair of Prometheus are usually told
/// apart: the operator's, and what Thanos and Mimir write of in their guides.
pub const REPLICA_LABELS: [&str; 2] = ["prometheus_replica", "replica"];

/// Names with their values, sorted by name, each name once. A copy shares them.
#[derive(Clone, Debug, Default)]
pub struct Labels(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pairs: Vec<(String, String)>,
    /// Of the pairs, once somebody asked.
    hash: OnceLock<[u8; 16]>,
}

/// Pairs that are about to change have another hash.
impl Clone for Shared {
    fn clone(&self) -> Self {
        Shared { pairs: self.pairs.clone(), hash: OnceLock::new() }
    }
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.pairs == other.0.pairs
    }
}

impl Eq for Labels {}

impl Ord for Labels {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.pairs.cmp(&other.0.pairs) }
    }
}

impl PartialOrd for Labels {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Labels {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.hash128().hash(state);
    }
}

impl Labels {
    pub fn new() -> Self {
        Labels::default()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let pairs = &self.0.pairs;
        pairs.binary_search_by(|(n, _)| n.as_str().cmp(name)).ok().and_then(|i| pairs.get(i)).map(|(_, v)| v.as_str())
    }

    /// Sets a label; an empty value removes it, as everywhere in Prometheus.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        let shared = Arc::make_mut(&mut self.0);
        shared.hash = OnceLock::new();
        let labels = &mut shared.pairs;
        match labels.binary_search_by(|(n, _)| n.cmp(&name)) {
            Ok(i) if value.is_empty() => drop(labels.remove(i)),
            Ok(i) => {
                if let Some(slot) = labels.get_mut(i) {
                    slot.1 = value;
                }
            }
            Err(_) if value.is_empty() => {}
            Err(i) => labels.insert(i, (name, value)),
        }
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// These, and those of `others` whose names are not among them.
    pub fn or(&self, others: &Labels) -> Labels {
        let missing = others.iter().filter(|(name, _)| self.get(name).is_none());
        missing.fold(self.clone(), |labels, (name, value)| labels.with(name, value))
    }

    pub fn without(&self, names: &[&str]) -> Labels {
        self.filtered(|name| !names.contains(&name))
    }

    pub fn only(&self, names: &[&str]) -> Labels {
        self.filtered(|name| names.contains(&name))
    }

    fn filtered(&self, wanted: impl Fn(&str) -> bool) -> Labels {
        if self.0.pairs.iter().all(|(name, _)| wanted(name)) {
            return self.clone();
        }
        let pairs = self.0.pairs.iter().filter(|(name, _)| wanted(name)).cloned().collect();
        Labels(Arc::new(Shared { pairs, hash: OnceLock::new() }))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.pairs.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.pairs.len()
    }

    /// Whether every label of `other` is here with the same value.
    pub fn contains_all(&self, other: &Labels) -> bool {
        other.iter().all(|(n, v)| self.get(n) == Some(v))
    }

    /// Whether one has all that the other has. Alertmanager and Prometheus know one
    /// alert by such labels: external ones are added on the way, those of replicas
    /// are dropped.
    pub fn agrees_with(&self, other: &Labels) -> bool {
        self.contains_all(other) || other.contains_all(self)
    }

    /// The first 16 bytes of a SHA-256 over names and values: an id that is
    /// the same on every machine and after every restart.
    pub fn hash128(&self) -> [u8; 16] {
        *self.0.hash.get_or_init(|| content_hash(self.iter().flat_map(|(n, v)| [n.as_bytes(), v.as_bytes()])))
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
        let mut pairs: Vec<(String, String)> = pairs.into_iter().map(|(n, v)| (n.into(), v.into())).collect();
        // Stable, so that of one name the last value comes last, and stays.
        pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
        pairs.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(&mut kept.1, &mut later.1);
            }
            same
        });
        pairs.retain(|(_, value)| !value.is_empty());
        pairs.shrink_to_fit();
        Labels(Arc::new(Shared { pairs, hash: OnceLock::new() }))
    }
}

impl fmt::Display for Labels {
    /// `{a="1", b="2"}` with the escapes of PromQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (i, (name, value)) in self.iter().enumerate() {
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
        assert!(l.agrees_with(&l.without(&["a"])) && l.without(&["a"]).agrees_with(&l));
        assert!(!l.without(&["a"]).agrees_with(&l.without(&["b"])));
    }

    #[test]
    fn a_copy_that_is_changed_leaves_the_other_as_it_was() {
        let one = Labels::new().with("a", "1");
        let hash = one.hash128();
        let two = one.clone().with("b", "2");
        assert_eq!((one.len(), one.hash128()), (1, hash));
        assert_ne!(two.hash128(), hash);
        assert_eq!(two.without(&["b"]), one);
        assert_eq!(two.without(&["b"]).hash128(), hash);
    }

    #[test]
    fn hashes_do_not_run_parts_together() {
        let x = Labels::new().with("ab", "c").hash128();
        let y = Labels::new().with("a", "bc").hash128();
        assert_ne!(x, y);
        assert_eq!(hex(&[0, 171]), "00ab");
    }
}
