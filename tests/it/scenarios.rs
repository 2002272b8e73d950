//! The scenarios in `tests/scenarios`: what must come out of samples that can
//! be read, counted as they come and as one backfill.

use std::path::{Path, PathBuf};

use evenkeel::app;
use evenkeel::cli::output::problems::render;
use evenkeel::cli::output::table::Colour;
use evenkeel::definitions::scenario;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// Runs all scenarios of a folder; returns how many there are, and what is
/// wrong as it would be printed.
async fn check(folder: &Path) -> (usize, String) {
    let (files, mut problems) = scenario::load(&[folder.to_path_buf()], &[]);
    let mut count = 0;
    for file in &files {
        for one in &file.scenarios {
            count += 1;
            problems.extend(scenario::problems(&file.text, &file.file, app::proof::scenario::run(one).await));
        }
    }
    (count, render(&problems, Colour::Off))
}

#[tokio::test]
async fn every_scenario_holds() {
    let (count, told) = check(&folder()).await;
    assert!(told.is_empty(), "{told}");
    assert!(count >= 30, "{count} scenarios");
}

const SCENARIO: &str = r#"
scenario: Errors are counted from their birth on.
slo:
  objective: 99%
  windows: [1h]
  alerts: {tiers: none}
  indicator: {ratio: {bad: 'requests_total{code="500"}', total: requests_total}}
series:
  process_start_time_seconds: '@-1hx40'
  'requests_total{code="200"}': '0+10x40'
  'requests_total{code="500"}': '_x10 3x30'
expect:
  - at: 10m
    bad: 3
    attainment: 99.26% +- 0.01%
"#;

/// Exit code, standard output and standard error of `evenkeel check --scenario`.
fn run(text: &str) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("births.yaml"), text).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_evenkeel"));
    command.current_dir(dir.path()).env_remove("EVENKEEL_CONFIG").args(["check", "--scenario", "births.yaml"]);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_exit_code_tells_what_holds_from_what_does_not_and_from_what_is_wrong() {
    assert_eq!(run(SCENARIO), (0, "1 scenario in 1 file: all hold\n".to_owned(), String::new()));
    let (code, out, err) = run(&SCENARIO.replace("bad: 3", "bad: 2"));
    assert_eq!((code, out.as_str()), (1, "1 scenario in 1 file: 1 does not hold\n"));
    let expected = "\
error: births.yaml:14:10: bad: expected 2, found 3
   14 |     bad: 2
      |          ^ expect[0].bad
hint: over 1h from -50m to 10m: good 400, bad 3, total 403, attainment 0.992556 within ";
    assert!(err.starts_with(expected), "{err}");
    let (code, _, err) = run(&SCENARIO.replace("0+10x40", "0+10y40"));
    assert_eq!(code, 2);
    assert!(err.contains("births.yaml:10:33: `0+10y40` is not a value"), "{err}");
}

#[tokio::test]
async fn the_scenario_of_the_guide_holds_for_its_definition() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/definitions.md")).unwrap();
    let example = |first: &str| {
        let yaml = guide.split("```yaml\n").find(|block| block.starts_with(first)).unwrap();
        yaml.split("```").next().unwrap().to_owned()
    };
    let text = format!("{}---\n{}", example("apiVersion:"), example("scenario:"));
    let (scenarios, mut problems) = scenario::read(&text, "definitions.md", &[]);
    assert_eq!(scenarios.len(), 1);
    problems.extend(scenario::problems(&text, "definitions.md", app::proof::scenario::run(&scenarios[0]).await));
    assert_eq!(render(&problems, Colour::Off), "");
}
