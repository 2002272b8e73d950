//! The dashboards that are checked in are those that the shipped definitions
//! give.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use evenkeel::definitions;
use evenkeel::publish::dashboards::generate;

fn files(dir: &Path, out: &mut BTreeSet<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.insert(path);
        }
    }
}

#[test]
fn dashboards_are_those_of_the_shipped_definitions() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = definitions::load(&[root.join("slo-definitions")]);
    let folder = root.join("dashboards");
    let mut there = BTreeSet::new();
    files(&folder, &mut there);
    for wanted in generate(&loaded.slos) {
        let path = folder.join(&wanted.path);
        let content = std::fs::read_to_string(&path).unwrap_or_default();
        let again = "run `evenkeel generate dashboards --definitions slo-definitions --output dashboards`";
        assert!(content == wanted.content, "{} is old; {again}", path.display());
        there.remove(&path);
    }
    assert!(there.is_empty(), "nothing gives {there:?}");
}
