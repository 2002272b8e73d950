//! Whether a delivery comes from who it says: a token, or a signature over the
//! raw bytes. Compared in constant time; several secrets count while one takes
//! the place of another. Must not know what the body says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::model::time::{Millis, Timestamp};

/// How far the clock of a sender may be off. A longer time would let a delivery
/// that was overheard be sent again.
pub const SKEW_MAX: Millis = Millis::from_mins(5);

/// Signatures of one header: one for each secret in use.
const SIGNATURES_MAX: usize = 16;

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// No token or signature, or a wrong one.
    Wrong,
    /// The signature is right, and the time in it too far from ours.
    Late,
}

/// `Authorization: Bearer TOKEN`, or a basic one whose password is the token.
pub fn token(authorization: Option<&str>, tokens: &[SecretString]) -> Result<(), Doubt> {
    let (scheme, rest) = authorization.and_then(|value| value.split_once(' ')).ok_or(Doubt::Wrong)?;
    let sent = if scheme.eq_ignore_ascii_case("bearer") {
        rest.trim().as_bytes().to_vec()
    } else if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD.decode(rest.trim()).map_err(|_| Doubt::Wrong)?;
        let colon = pair.iter().position(|b| *b == b':').ok_or(Doubt::Wrong)?;
        pair.get(colon + 1..).unwrap_or_default().to_vec()
    } else {
        return Err(Doubt::Wrong);
    };
    // Hashes are of one length, so the length of a token is not told either.
    let hash = |bytes: &[u8]| Sha256::digest(bytes);
    let sent = hash(&sent);
    let right = tokens.iter().fold(subtle::Choice::from(0), |right, token| {
        right | hash(token.expose_secret().as_bytes()).as_slice().ct_eq(sent.as_slice())
    });
    if right.into() { Ok(()) } else { Err(Doubt::Wrong) }
}

/// PagerDuty's `v1=HEX[,v1=HEX]` over the body.
pub fn signed(header: Option<&str>, body: &[u8], secrets: &[SecretString]) -> Result<(), Doubt> {
    let signatures = header.unwrap_or_default().split(',').filter_map(|part| part.trim().strip_prefix("v1="));
    let right = signatures.take(SIGNATURES_MAX).filter_map(unhex).any(|sum| is_sum(&sum, &[body], secrets));
    if right { Ok(()) } else { Err(Doubt::Wrong) }
}

/// Our own `t=UNIX,v1=HEX` over `UNIX.body`; gives the signature, which must be
/// used only once.
pub fn stamped(header: Option<&str>, body: &[u8], secrets: &[SecretString], now: Timestamp) -> Result<String, Doubt> {
    let parts = || header.unwrap_or_default().split(',').map(str::trim);
    let stamp = parts().find_map(|part| part.strip_prefix("t=")).ok_or(Doubt::Wrong)?;
    let seconds: i64 = stamp.parse().map_err(|_| Doubt::Wrong)?;
    let signatures = parts().filter_map(|part| part.strip_prefix("v1="));
    let is_right = |text: &&str| unhex(text).is_some_and(|sum| is_sum(&sum, &[stamp.as_bytes(), b".", body], secrets));
    let right = signatures.take(SIGNATURES_MAX).find(is_right).ok_or(Doubt::Wrong)?;
    let off = now.millis().saturating_sub(seconds.saturating_mul(1_000)).saturating_abs();
    if off > SKEW_MAX.0 { Err(Doubt::Late) } else { Ok(right.to_ascii_lowercase()) }
}

/// The header for a body, for who sends one.
pub fn stamp(body: &[u8], secret: &SecretString, now: Timestamp) -> String {
    let seconds = now.millis().div_euclid(1_000).to_string();
    let sum = sum_of(&[seconds.as_bytes(), b".", body], secret);
    let sum = sum.map(|mac| crate::model::labels::hex(&mac.finalize().into_bytes())).unwrap_or_default();
    format!("t={seconds},v1={sum}")
}

fn is_sum(sum: &[u8], parts: &[&[u8]], secrets: &[SecretString]) -> bool {
    secrets.iter().filter_map(|secret| sum_of(parts, secret)).any(|mac| mac.verify_slice(sum).is_ok())
}

/// HMAC takes a key of any length, so there always is one.
fn sum_of(parts: &[&[u8]], secret: &SecretString) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    parts.iter().for_each(|part| mac.update(part));
    Some(mac)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let digits: Vec<u8> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    if digits.len() != 64 {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, d| sum << 4 | d)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(texts: &[&str]) -> Vec<SecretString> {
        texts.iter().map(|text| SecretString::from(*text)).collect()
    }

    #[test]
    fn a_token_is_bearer_or_the_password_of_basic() {
        let known = secrets(&["old", "new"]);
        for right in ["Bearer new", "bearer old", "Basic YW06bmV3"] {
            assert_eq!(token(Some(right), &known), Ok(()), "{right}");
        }
        for wrong in ["", "new", "Bearer", "Bearer ", "Bearer ne", "Bearer new2", "Basic bmV3", "Basic !", "Digest new"]
        {
            assert_eq!(token(Some(wrong), &known), Err(Doubt::Wrong), "{wrong}");
        }
        assert_eq!(token(None, &known), Err(Doubt::Wrong));
        assert_eq!(token(Some("Bearer "), &[]), Err(Doubt::Wrong), "without a token nobody may");
    }

    /// From RFC 4231, test case 2.
    #[test]
    fn a_signature_is_hmac_sha256_over_the_bytes() {
        let sum = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let body = b"what do ya want for nothing?";
        let known = secrets(&["other", "Jefe"]);
        let zeros = "0".repeat(64);
        assert_eq!(signed(Some(&format!("v1={sum}")), body, &known), Ok(()));
        assert_eq!(signed(Some(&format!("v1={zeros}, v1={sum}")), body, &known), Ok(()), "any of several");
        for wrong in
            [format!("v0={sum}"), sum.to_owned(), format!("v1={zeros}"), format!("v1={}", &sum[..62]), String::new()]
        {
            assert_eq!(signed(Some(&wrong), body, &known), Err(Doubt::Wrong), "{wrong}");
        }
        assert_eq!(signed(Some(&format!("v1={sum}")), b"what do ya want for nothing", &known), Err(Doubt::Wrong));
    }

    #[test]
    fn a_stamped_signature_holds_for_five_minutes() {
        let now = Timestamp::from_millis(1_800_000_000_000);
        let known = secrets(&["key"]);
        let header = stamp(b"body", &known[0], now);
        let at = |minutes| stamped(Some(&header), b"body", &known, now + Millis::from_mins(minutes));
        assert!(at(0).is_ok() && at(5).is_ok() && at(-5).is_ok());
        assert_eq!((at(6), at(-6)), (Err(Doubt::Late), Err(Doubt::Late)));
        let moved = header.replace("t=18", "t=19");
        assert_eq!(stamped(Some(&moved), b"body", &known, now), Err(Doubt::Wrong), "the time is signed too");
        assert_eq!(stamped(Some("v1=00"), b"body", &known, now), Err(Doubt::Wrong));
    }
}
