//! The versions of OpenSLO.

/// The versions, which differ in where things are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    V1Alpha,
    V1,
    V2Alpha,
}

impl Version {
    pub fn of(api_version: &str) -> Option<Version> {
        [Version::V1Alpha, Version::V1, Version::V2Alpha].into_iter().find(|one| one.as_str() == api_version)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Version::V1Alpha => "openslo/v1alpha",
            Version::V1 => "openslo/v1",
            Version::V2Alpha => "openslo.com/v2alpha",
        }
    }
}
