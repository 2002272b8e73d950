//! What is found and done when the file is not as it was written: checksums of
//! rows, the list of damage, repair, and the traces of lost commits.

pub(crate) mod checksum;
pub(crate) mod commits;
pub(crate) mod damage;
pub(crate) mod files;
pub(crate) mod repair;
pub(crate) mod salvage;
