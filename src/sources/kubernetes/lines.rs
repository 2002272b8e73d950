//! Lines of bounded length from a stream. Must not know what they hold.

use std::io;
use std::pin::Pin;

use futures_util::io::{AsyncBufRead, AsyncBufReadExt};

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// The buffer holds a line, without its end.
    Whole,
    /// A line was longer than allowed and has been read over.
    TooLong,
    /// The stream has ended; what was left without an end of line is dropped.
    End,
}

/// Reads the next line into `line`, in memory of at most `bytes_max`.
pub(super) async fn next_line<R: AsyncBufRead>(
    mut reader: Pin<&mut R>,
    line: &mut Vec<u8>,
    bytes_max: usize,
) -> io::Result<Line> {
    line.clear();
    let mut is_too_long = false;
    loop {
        let chunk = reader.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(Line::End);
        }
        let end = memchr::memchr(b'\n', chunk);
        let (part, _) = chunk.split_at(end.unwrap_or(chunk.len()));
        if line.len() + part.len() > bytes_max {
            is_too_long = true;
            line.clear();
        }
        if !is_too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        reader.consume_unpin(used);
        if end.is_some() {
            return Ok(if is_too_long { Line::TooLong } else { Line::Whole });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::io::{BufReader, Cursor};

    use super::*;

    async fn lines(text: &str, capacity: usize) -> Vec<String> {
        let mut reader = BufReader::with_capacity(capacity, Cursor::new(text.as_bytes()));
        let (mut line, mut all) = (Vec::new(), Vec::new());
        loop {
            match next_line(Pin::new(&mut reader), &mut line, 5).await.unwrap() {
                Line::Whole => all.push(String::from_utf8(line.clone()).unwrap()),
                Line::TooLong => all.push("too long".to_owned()),
                Line::End => return all,
            }
        }
    }

    #[tokio::test]
    async fn lines_come_whole_however_the_stream_is_cut() {
        for capacity in 1..20 {
            let got = lines("ab\n\n12345\n123456\nc\nrest", capacity).await;
            assert_eq!(got, ["ab", "", "12345", "too long", "c"], "capacity {capacity}");
        }
    }
}
