//! A column of numbers as few bytes, and back. Must not know what the numbers
//! are; damage is an error, never a panic.
//!
//! Most columns are almost constant, so each takes the shortest of four forms:
//!
//! | byte | form | data |
//! | --- | --- | --- |
//! | 0 | runs | (length, value) until the column is full |
//! | 1 | plain | one value after the other |
//! | 2 | packed | a standalone pco file of u32 |
//! | 3 | packed wide | a standalone pco file of i64 |
//!
//! Then the length of the data in bytes as a varint, then the data. Lengths are
//! varints, values zigzag varints (LEB128, at most 10 bytes).

use pco::ChunkConfig;

use crate::model::time::SLOTS_PER_DAY;

const RUNS: u8 = 0;
const PLAIN: u8 = 1;
const PACKED: u8 = 2;
const PACKED_WIDE: u8 = 3;

/// pco's own header and tables cost about 30 bytes, and 40 us to make: below
/// this length the two simple forms are hardly ever worse.
const PACKED_BYTES_MIN: usize = 64;

/// Shorter columns are not packed: an hour is written again every minute.
const PACKED_VALUES_MIN: usize = 256;

/// Of 0..=12. On a column of 1440 counts the levels from here on give the same
/// bytes, and cost more time in both directions.
const PACKED_LEVEL: usize = 6;

/// Why bytes are not tiles.
pub type Damage = &'static str;

pub fn put_column(out: &mut Vec<u8>, column: &[i64]) {
    let mut best = (RUNS, runs(column));
    if best.1.len() > column.len() {
        best = shorter(best, (PLAIN, plain(column)));
    }
    if best.1.len() > PACKED_BYTES_MIN
        && column.len() >= PACKED_VALUES_MIN
        && let Some(packed) = packed(column)
    {
        best = shorter(best, packed);
    }
    let (form, data) = best;
    out.push(form);
    put_varint(out, data.len() as u64);
    out.extend_from_slice(&data);
}

fn packed(column: &[i64]) -> Option<(u8, Vec<u8>)> {
    let config = ChunkConfig::default().with_compression_level(PACKED_LEVEL);
    let mut narrow_column = vec![0_u32; column.len()];
    match narrow(column, &mut narrow_column) {
        Ok(()) => Some((PACKED, pco::standalone::simple_compress(&narrow_column, &config).ok()?)),
        Err(_) => Some((PACKED_WIDE, pco::standalone::simple_compress(column, &config).ok()?)),
    }
}

fn shorter(a: (u8, Vec<u8>), b: (u8, Vec<u8>)) -> (u8, Vec<u8>) {
    if b.1.len() < a.1.len() { b } else { a }
}

pub fn take_column(rest: &mut &[u8], column: &mut [i64]) -> Result<(), Damage> {
    let (form, tail) = rest.split_first().ok_or("the data ends too early")?;
    *rest = tail;
    let length = usize::try_from(take_varint(rest)?).map_err(|_| "a length is out of range")?;
    let (mut data, tail) = rest.split_at_checked(length).ok_or("the data ends too early")?;
    *rest = tail;
    match *form {
        RUNS => take_runs(&mut data, column)?,
        PLAIN => {
            for cell in column.iter_mut() {
                *cell = unzigzag(take_varint(&mut data)?);
            }
        }
        PACKED => {
            let mut narrow_column = [0_u32; SLOTS_PER_DAY];
            let cells = narrow_column.get_mut(..column.len()).ok_or("a column has the wrong length")?;
            unpack(std::mem::take(&mut data), cells)?;
            column.iter_mut().zip(cells).for_each(|(cell, value)| *cell = i64::from(*value));
        }
        PACKED_WIDE => unpack(std::mem::take(&mut data), column)?,
        _ => return Err("a column has an unknown form"),
    }
    end(data)
}

fn unpack<T: pco::data_types::Number>(data: &[u8], column: &mut [T]) -> Result<(), Damage> {
    let done = pco::standalone::simple_decompress_into(data, column).map_err(|_| "a column cannot be unpacked")?;
    if done.finished && done.n_processed == column.len() { Ok(()) } else { Err("a column has the wrong length") }
}

fn runs(column: &[i64]) -> Vec<u8> {
    let mut out = Vec::new();
    for run in column.chunk_by(|a, b| a == b) {
        put_varint(&mut out, run.len() as u64);
        put_varint(&mut out, zigzag(run.first().copied().unwrap_or_default()));
    }
    out
}

fn take_runs(data: &mut &[u8], column: &mut [i64]) -> Result<(), Damage> {
    let mut free = column;
    while !free.is_empty() {
        let length = usize::try_from(take_varint(data)?).map_err(|_| "a length is out of range")?;
        let value = unzigzag(take_varint(data)?);
        let (run, tail) = free.split_at_mut_checked(length).ok_or("a run is too long")?;
        if run.is_empty() {
            return Err("a run is empty");
        }
        run.fill(value);
        free = tail;
    }
    Ok(())
}

fn plain(column: &[i64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(column.len() * 2);
    for value in column {
        put_varint(&mut out, zigzag(*value));
    }
    out
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn take_varint(rest: &mut &[u8]) -> Result<u64, Damage> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first().ok_or("the data ends too early")?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err("a number is too long")
}

/// Fails when a value is out of range of the narrower type.
pub fn narrow<T: TryFrom<i64> + Default>(column: &[i64], into: &mut [T]) -> Result<(), Damage> {
    // All bits that occur; the types have all bits up to their largest value.
    let bits = column.iter().fold(0, |bits, value| bits | value);
    T::try_from(bits).map_err(|_| "a value is out of range")?;
    for (cell, value) in into.iter_mut().zip(column) {
        *cell = T::try_from(*value).unwrap_or_default();
    }
    Ok(())
}

/// Fails when something is left.
pub fn end(rest: &[u8]) -> Result<(), Damage> {
    if rest.is_empty() { Ok(()) } else { Err("bytes are left over") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_number_comes_back(value in any::<i64>()) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, zigzag(value));
            prop_assert_eq!(take_varint(&mut bytes.as_slice()).map(unzigzag), Ok(value));
        }

        #[test]
        fn any_column_comes_back(column in proptest::collection::vec(any::<i64>(), 1..400)) {
            let mut bytes = Vec::new();
            put_column(&mut bytes, &column);
            let mut back = vec![0; column.len()];
            let mut rest = bytes.as_slice();
            prop_assert_eq!(take_column(&mut rest, &mut back), Ok(()));
            prop_assert_eq!((rest, back), (&[][..], column));
        }

        #[test]
        fn any_bytes_are_a_column_or_an_error(mut bytes in proptest::collection::vec(any::<u8>(), 1..300)) {
            // pco is only ever given what it wrote: the checksum stands before it.
            if let Some(form) = bytes.first_mut().filter(|form| [PACKED, PACKED_WIDE].contains(form)) {
                *form = RUNS;
            }
            let mut column = [0; 60];
            let _ = take_column(&mut bytes.as_slice(), &mut column);
        }
    }
}
