//! Users with passwords, as in the web configuration of Prometheus: bcrypt
//! hashes. A check costs as much for an unknown user as for a known one.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Compared with where the user is unknown: the hash of a random password, at
/// bcrypt's usual cost.
const UNKNOWN_USER_HASH: &str = "$2b$10$Xs3ABw5ep5MyfEcNuzRQ6u/t.4GzSISSlWNSVRAYGNTOH5hJCpN8y";
/// bcrypt ignores what comes after this many bytes, so longer passwords are
/// refused rather than shortened.
const PASSWORD_BYTES_MAX: usize = 72;
/// Pairs that were right lately. More than people who use it, and bounded.
const REMEMBERED_MAX: usize = 1_000;

/// The users of a listener, which may be replaced while it runs. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Users(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    hashes: RwLock<BTreeMap<String, String>>,
    /// Hashes of pairs that were right, so that a page does not cost a tenth of a
    /// second for each of its requests. What was wrong is not remembered.
    right: Mutex<HashSet<[u8; 32]>>,
    /// bcrypt is slow by design: one check at a time leaves the other cores.
    checking: tokio::sync::Mutex<()>,
}

impl Users {
    pub fn new(hashes: BTreeMap<String, String>) -> Users {
        let users = Users::default();
        users.replace(hashes);
        users
    }

    /// Uses other users from now on.
    pub fn replace(&self, hashes: BTreeMap<String, String>) {
        *self.0.hashes.write().unwrap_or_else(PoisonError::into_inner) = hashes;
        self.0.right.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn is_empty(&self) -> bool {
        self.0.hashes.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The user of the text after `Basic `, if the password is right.
    pub(super) async fn check(&self, encoded: &str) -> Option<String> {
        let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = pair.split_once(':')?;
        if password.len() > PASSWORD_BYTES_MAX {
            return None;
        }
        let known = self.0.hashes.read().unwrap_or_else(PoisonError::into_inner).get(user).cloned();
        let is_known = known.is_some();
        let hash = known.unwrap_or_else(|| UNKNOWN_USER_HASH.to_owned());
        let key = key(user, &hash, password);
        if is_known && self.remembers(&key) {
            return Some(user.to_owned());
        }
        let _one = self.0.checking.lock().await;
        let password = password.to_owned();
        let right = tokio::task::spawn_blocking(move || bcrypt::verify(password, &hash).unwrap_or(false)).await;
        let is_right = is_known && right.unwrap_or(false);
        is_right.then(|| {
            self.remember(key);
            user.to_owned()
        })
    }

    fn remembers(&self, key: &[u8; 32]) -> bool {
        self.0.right.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    fn remember(&self, key: [u8; 32]) {
        let mut right = self.0.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= REMEMBERED_MAX {
            right.clear();
        }
        right.insert(key);
    }
}

/// Each part with its length, so that no two pairs have one key.
fn key(user: &str, hash: &str, password: &str) -> [u8; 32] {
    let mut all = Sha256::new();
    for part in [user, hash, password] {
        all.update((part.len() as u64).to_le_bytes());
        all.update(part);
    }
    all.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn users_are_known_by_their_password_until_they_are_replaced() {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        let users = Users::new(BTreeMap::from([("ann".to_owned(), hash("right"))]));
        let check = async |pair: &str| users.check(&STANDARD.encode(pair)).await;
        for _ in 0..2 {
            assert_eq!(check("ann:right").await.as_deref(), Some("ann"));
            for pair in ["ann:wrong", "ann:", "bob:right", "ann", ":right", ""] {
                assert_eq!(check(pair).await, None, "{pair}");
            }
        }
        assert_eq!(users.check("not base64").await, None);
        users.replace(BTreeMap::from([("ann".to_owned(), hash("other"))]));
        assert_eq!(check("ann:right").await, None, "what was remembered is forgotten");
        let long = "x".repeat(72);
        users.replace(BTreeMap::from([("ann".to_owned(), hash(&long))]));
        assert_eq!(check(&format!("ann:{long}")).await.as_deref(), Some("ann"));
        assert_eq!(check(&format!("ann:{long}y")).await, None, "bcrypt would not look at the last byte");
    }

    #[test]
    fn the_hash_for_unknown_users_is_one_of_bcrypt() {
        assert_eq!(bcrypt::verify("no such password", UNKNOWN_USER_HASH).ok(), Some(false));
    }
}
