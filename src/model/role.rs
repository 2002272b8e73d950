//! What somebody may do over HTTP.

/// Each role includes the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Read,
    /// Corrections, times of incidents, counts.
    Annotate,
    Admin,
}

impl Role {
    pub const ALL: [(&str, Role); 3] = [("read", Role::Read), ("annotate", Role::Annotate), ("admin", Role::Admin)];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Annotate => "annotate",
            Role::Admin => "admin",
        }
    }
}
