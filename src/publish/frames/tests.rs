//! Tables are written, and read back as anyone would.

use polars_io::SerReader as _;
use polars_io::parquet::read::ParquetReader;

use super::*;
use crate::publish::report::tests::month;

#[test]
fn parquet_reads_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let frames = Frames::new(&month()).unwrap();
    let paths = frames.write(&dir.path().join("july"), TableFormat::Parquet).unwrap();
    assert_eq!(paths.len(), 7);
    for ((_, frame), path) in frames.named().into_iter().zip(&paths) {
        let back = ParquetReader::new(File::open(path).unwrap()).finish().unwrap();
        assert!(frame.equals_missing(&back), "{}\n{frame}\n{back}", path.display());
    }
    let left: Vec<_> = fs::read_dir(dir.path().join("july")).unwrap().collect();
    assert_eq!(left.len(), 7, "temporary files remain");
}

#[test]
fn a_second_export_takes_the_place_of_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut input = month();
    Frames::new(&input).unwrap().write(dir.path(), TableFormat::Parquet).unwrap();
    input.changes.clear();
    let paths = Frames::new(&input).unwrap().write(dir.path(), TableFormat::Parquet).unwrap();
    let back = ParquetReader::new(File::open(&paths[6]).unwrap()).finish().unwrap();
    assert_eq!(back.height(), 0);
}

#[test]
fn totals_are_sums_of_events() {
    let input = month();
    let frames = Frames::new(&input).unwrap();
    assert_eq!(frames.slo_days.height(), 4 * 31);
    let services = frames.services.column("service").unwrap().str().unwrap().clone();
    let bad = frames.services.column("bad").unwrap().i64().unwrap().clone();
    let row = services.iter().position(|s| s == Some("checkout")).unwrap();
    assert_eq!(bad.get(row), Some(17_400 + 30 * 60));
    assert_eq!(frames.teams.height(), 0, "no SLO of the month has a team");
}

#[test]
fn what_is_not_known_is_null() {
    let frames = Frames::new(&month()).unwrap();
    let acknowledged = frames.incidents.column("acknowledged").unwrap();
    assert_eq!(acknowledged.null_count(), frames.incidents.height());
    assert_eq!(acknowledged.dtype(), &DataType::Datetime(TimeUnit::Milliseconds, None));
    let archive: Vec<usize> = frames
        .slo_days
        .column("slo")
        .unwrap()
        .str()
        .unwrap()
        .iter()
        .enumerate()
        .filter(|(_, slo)| *slo == Some("archive"))
        .map(|(row, _)| row)
        .collect();
    let burned = frames.slo_days.column("budget_burned_ratio").unwrap().f64().unwrap().clone();
    assert!(archive.iter().all(|row| burned.get(*row).is_none()) && archive.len() == 31);
}

#[test]
fn csv_is_read_by_people_and_spreadsheets() {
    let dir = tempfile::tempdir().unwrap();
    let mut input = month();
    input.changes[0].summary = "=HYPERLINK(\"http://evil.example\"),\nx".to_owned();
    let paths = Frames::new(&input).unwrap().write(dir.path(), TableFormat::Csv).unwrap();
    let changes = fs::read_to_string(&paths[6]).unwrap();
    assert!(changes.starts_with("id,service,object_kind,"), "{changes}");
    assert!(changes.contains(r#""'=HYPERLINK(""http://evil.example""),"#), "{changes}");
    assert!(changes.contains("2026-07-14T13:58:00.000Z"), "{changes}");
}
