//! Finds requests that state the length of their body twice, as
//! `Content-Length` and as `Transfer-Encoding`. The HTTP library drops the one
//! and follows the other; a proxy that follows the other one would see other
//! requests in the same bytes (request smuggling), so such a request is refused.

/// Enough of a line for the name of a header and a length.
const LINE_BYTES_MAX: usize = 64;

/// Reads the bytes of one connection as they come.
#[derive(Debug, Default)]
pub(crate) struct HeadScan {
    /// Heads that were read to their end.
    heads: u64,
    line: Vec<u8>,
    place: Place,
    has_length: bool,
    has_encoding: bool,
    length: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Before the first line.
    #[default]
    Start,
    Headers,
    /// Bytes of a body are left.
    Body(u64),
    /// A body in chunks: the connection ends after it.
    Chunks,
}

impl HeadScan {
    /// Takes the next bytes; the number of the first head, counted from 0, that
    /// states the length twice.
    pub fn read(&mut self, mut bytes: &[u8]) -> Option<u64> {
        while !bytes.is_empty() {
            match self.place {
                Place::Chunks => return None,
                Place::Body(left) => {
                    let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(skipped..).unwrap_or_default();
                    let left = left - skipped as u64;
                    self.place = if left == 0 { Place::Start } else { Place::Body(left) };
                }
                Place::Start | Place::Headers => {
                    let end = memchr::memchr(b'\n', bytes);
                    let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
                    let room = LINE_BYTES_MAX - self.line.len();
                    self.line.extend(part.iter().take(room));
                    bytes = end.and_then(|end| bytes.get(end + 1..)).unwrap_or_default();
                    if end.is_some() && self.end_of_line() {
                        return Some(self.heads - 1);
                    }
                }
            }
        }
        None
    }

    /// Whether the line ended a head that states the length twice.
    fn end_of_line(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii_end();
        if self.place == Place::Start {
            // Empty lines before a request are allowed.
            if !line.is_empty() {
                self.place = Place::Headers;
            }
            return false;
        }
        if let Some(colon) = line.iter().position(|byte| *byte == b':') {
            let (name, value) = line.split_at(colon);
            if name.eq_ignore_ascii_case(b"content-length") {
                self.has_length = true;
                let digits = value.iter().filter(|byte| byte.is_ascii_digit());
                self.length = digits.fold(0, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0')));
            }
            self.has_encoding |= name.eq_ignore_ascii_case(b"transfer-encoding");
        }
        if !line.is_empty() {
            return false;
        }
        self.heads += 1;
        let is_ambiguous = self.has_length && self.has_encoding;
        self.place = match (self.has_encoding, self.length) {
            (true, _) => Place::Chunks,
            (false, 0) => Place::Start,
            (false, length) => Place::Body(length),
        };
        (self.has_length, self.has_encoding, self.length) = (false, false, 0);
        is_ambiguous
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    const SIZED: &[u8] = b"POST /in/a HTTP/1.1\r\nContent-Length: 34\r\n\r\ntransfer-encoding: chunked\r\n\r\nmore";
    const BOTH: &[u8] = b"POST / HTTP/1.1\r\nTRANSFER-ENCODING: chunked\r\nhost: x\r\ncontent-length: 3\r\n\r\n";

    #[test]
    fn a_length_that_is_stated_twice_is_found_whatever_the_order() {
        let turned = b"POST / HTTP/1.1\ncontent-length:3\ntransfer-encoding:chunked\n\n";
        for both in [BOTH, turned] {
            assert_eq!(HeadScan::default().read(both), Some(0));
        }
        assert_eq!(HeadScan::default().read(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), None);
        let long =
            format!("GET / HTTP/1.1\r\ncookie: {}content-length: 1\r\ncontent-length: 0\r\n\r\n", "x".repeat(900));
        assert_eq!(HeadScan::default().read(long.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(cuts in proptest::collection::vec(1_usize..40, 1..80)) {
            let bytes = [PLAIN, b"\r\n", SIZED, PLAIN, SIZED, BOTH].concat();
            let (mut scan, mut rest, mut found) = (HeadScan::default(), &bytes[..], None);
            for cut in cuts.iter().cycle() {
                let (part, later) = rest.split_at((*cut).min(rest.len()));
                found = found.or(scan.read(part));
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, Some(4), "the fifth request, not what a body says");
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>) {
            HeadScan::default().read(&bytes);
        }
    }
}
