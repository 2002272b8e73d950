//! Grafana dashboards from the definitions: one for each service, one for all, and the
//! file by which Grafana finds them; and one about Evenkeel itself, which needs no
//! definitions and is shipped. The same definitions give the same bytes. Must not know how numbers are made, only the names of the metrics.

mod daemon;
pub(crate) mod frame;
mod grafana;
mod overview;
mod panels;
mod service;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::model::slo::Slo;
use grafana::Dashboard;

/// One generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardFile {
    /// Relative, with `/`: `overview.json`, `services/checkout.json`,
    /// `provisioning/evenkeel.yaml`.
    pub path: String,
    /// The whole content: JSON, or YAML for the provisioning file; ends with a
    /// newline.
    pub content: String,
}

/// All files for these SLOs, sorted by path. Their order does not matter.
pub fn generate<S: Borrow<Slo>>(slos: &[S]) -> Vec<DashboardFile> {
    let mut sorted: Vec<&Slo> = slos.iter().map(Borrow::borrow).collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut services: BTreeMap<&str, Vec<&Slo>> = BTreeMap::new();
    for slo in &sorted {
        services.entry(&slo.service).or_default().push(slo);
    }
    let mut files = vec![
        file("overview.json".to_owned(), &overview::of_all(&sorted)),
        DashboardFile { path: "provisioning/evenkeel.yaml".to_owned(), content: PROVISIONING.to_owned() },
    ];
    let titles = titles(services.keys().copied());
    files.extend(services.iter().map(|(name, slos)| {
        let title = titles.get(name).map_or("", String::as_str);
        file(format!("services/{}.json", text::file_stem(name)), &service::of_service(name, title, slos))
    }));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The dashboard about Evenkeel itself.
pub fn of_daemon() -> DashboardFile {
    file("evenkeel-dashboard.json".to_owned(), &daemon::of_daemon())
}

/// A title for each service. Grafana stops updating a folder in which two dashboards
/// have the same title, so names that are shown alike are told apart by the hash that
/// their files have. The one that is shown as it is written needs none.
fn titles<'n>(services: impl Iterator<Item = &'n str>) -> BTreeMap<&'n str, String> {
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in services {
        alike.entry(text::plain(name).to_lowercase()).or_default().push(name);
    }
    let mut titles = BTreeMap::new();
    for (shown, names) in alike {
        let is_reserved = [overview::TITLE, daemon::TITLE].iter().any(|title| shown == title.to_lowercase());
        let is_free = !is_reserved && !shown.is_empty();
        let unchanged = names.iter().copied().filter(|name| text::plain(name) == *name && is_free);
        let plain = unchanged.max();
        for name in names {
            let title = text::plain(name);
            let is_plain = plain == Some(name);
            titles.insert(name, if is_plain { title } else { format!("{title} ({})", text::short_hash(name)) });
        }
    }
    titles
}

/// For Grafana's directory `provisioning/dashboards`.
const PROVISIONING: &str = "\
# Copy this file to Grafana's provisioning/dashboards, and overview.json and services/
# to the path below.
apiVersion: 1
providers:
  - name: evenkeel
    folder: Evenkeel
    folderUid: evenkeel
    type: file
    disableDeletion: false
    allowUiUpdates: false
    updateIntervalSeconds: 60
    options:
      path: /var/lib/grafana/dashboards/evenkeel
      foldersFromFilesStructure: false
";

fn file(path: String, dashboard: &Dashboard) -> DashboardFile {
    // Types with derived serialisation and text keys cannot fail.
    let json = serde_json::to_string_pretty(dashboard).unwrap_or_default();
    DashboardFile { path, content: json + "\n" }
}
