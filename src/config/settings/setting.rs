//! What the table says of one setting.

/// One setting. Values of `sources` and `alertmanagers` are only in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key in the file, `kubernetes.enabled`; `[]` stands for any entry.
    pub key: &'static str,
    /// Without the dashes.
    pub flag: Option<&'static str>,
    pub variable: Option<&'static str>,
    /// What a value looks like, `ADDR:PORT`.
    pub value: &'static str,
    pub default: Option<&'static str>,
    /// Whether the flag may be given several times, or its values be separated
    /// by commas; the key holds a list or a mapping.
    pub many: bool,
    /// One sentence.
    pub about: &'static str,
}

/// A setting with a flag and a variable.
pub(super) const fn flag(
    key: &'static str,
    flag: &'static str,
    variable: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    about: &'static str,
) -> Setting {
    Setting { key, flag: Some(flag), variable: Some(variable), value, default, many: false, about }
}

pub(super) const fn many(setting: Setting) -> Setting {
    Setting { many: true, ..setting }
}

/// A setting that is only in the file.
pub(super) const fn key(
    key: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    about: &'static str,
) -> Setting {
    Setting { key, flag: None, variable: None, value, default, many: false, about }
}
