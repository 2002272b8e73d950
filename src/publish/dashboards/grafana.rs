//! The part of Grafana's classic dashboard format that is used here, as types:
//! what does not stand here cannot be written. Must not know SLOs.

use serde::Serialize;

/// The version of the format: read unchanged by Grafana 10 to 13, which
/// migrate it themselves where they have a newer one.
pub const SCHEMA_VERSION: u16 = 39;
/// Grafana refuses longer ones.
pub const UID_CHARS_MAX: usize = 40;
/// The width of the grid in which panels lie.
pub const COLUMNS: u16 = 24;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    pub uid: String,
    pub title: String,
    pub description: String,
    pub tags: Vec<&'static str>,
    pub editable: bool,
    pub schema_version: u16,
    pub graph_tooltip: u8,
    pub refresh: &'static str,
    pub time: TimeRange,
    pub timezone: &'static str,
    pub links: Vec<Link>,
    pub templating: Templating,
    pub panels: Vec<Panel>,
}

#[derive(Debug, Serialize)]
pub struct TimeRange {
    pub from: &'static str,
    pub to: &'static str,
}

/// A menu of all dashboards that carry the tags.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    pub title: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub tags: Vec<&'static str>,
    pub as_dropdown: bool,
    pub include_vars: bool,
    pub keep_time: bool,
}

#[derive(Debug, Serialize)]
pub struct Templating {
    pub list: Vec<Variable>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Variable {
    Datasource { name: &'static str, label: &'static str, query: &'static str, hide: u8, refresh: u8 },
    Custom { name: &'static str, label: &'static str, query: String, current: Choice, options: Vec<Choice>, hide: u8 },
}

#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    pub selected: bool,
    pub text: String,
    pub value: String,
}

#[derive(Debug, Serialize)]
pub struct DataSource {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub uid: &'static str,
}

impl DataSource {
    /// The one that the user of the dashboard chose.
    pub const CHOSEN: DataSource = DataSource { kind: "prometheus", uid: "${datasource}" };
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    pub id: u32,
    #[serde(rename = "type")]
    pub kind: PanelKind,
    pub title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub grid_pos: GridPos,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collapsed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub datasource: Option<DataSource>,
    /// The least step of the queries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<PanelQuery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field_config: Option<FieldConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<PanelOptions>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transformations: Vec<Transformation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PanelKind {
    Row,
    Stat,
    Timeseries,
    Table,
    BarGauge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct GridPos {
    pub x: u16,
    pub y: u16,
    pub w: u16,
    pub h: u16,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PanelQuery {
    pub ref_id: String,
    pub datasource: DataSource,
    pub expr: String,
    pub legend_format: &'static str,
    pub format: &'static str,
    pub instant: bool,
    pub range: bool,
}

#[derive(Debug, Serialize)]
pub struct FieldConfig {
    pub defaults: Defaults,
    pub overrides: Vec<Override>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Defaults {
    pub unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_value: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<PanelThresholds>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mappings: Vec<Mapping>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Color {
    pub mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_color: Option<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
pub struct PanelThresholds {
    pub mode: &'static str,
    pub steps: Vec<ThresholdStep>,
}

/// From `value` on, the colour; `None` is the lowest step.
#[derive(Clone, Debug, Serialize)]
pub struct ThresholdStep {
    pub color: &'static str,
    pub value: Option<f64>,
}

impl PanelThresholds {
    pub fn new(base: &'static str, steps: impl IntoIterator<Item = (&'static str, f64)>) -> PanelThresholds {
        let rest = steps.into_iter().map(|(color, value)| ThresholdStep { color, value: Some(value) });
        PanelThresholds {
            mode: "absolute",
            steps: [ThresholdStep { color: base, value: None }].into_iter().chain(rest).collect(),
        }
    }
}

/// Words in the place of numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Mapping {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub options: std::collections::BTreeMap<&'static str, MappedValue>,
}

#[derive(Clone, Debug, Serialize)]
pub struct MappedValue {
    pub text: &'static str,
    pub color: &'static str,
    pub index: u8,
}

/// What only one kind of panel knows.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Custom {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draw_style: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_interpolation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_opacity: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span_nulls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stacking: Option<Mode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thresholds_style: Option<Mode>,
}

#[derive(Debug, Serialize)]
pub struct Mode {
    pub mode: &'static str,
}

/// Other settings for the fields whose name matches.
#[derive(Debug, Serialize)]
pub struct Override {
    pub matcher: FieldMatcher,
    pub properties: Vec<Property>,
}

#[derive(Debug, Serialize)]
pub struct FieldMatcher {
    pub id: &'static str,
    pub options: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Property {
    pub id: &'static str,
    pub value: PropertyValue,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum PropertyValue {
    Text(&'static str),
    Number(f64),
    Color(Color),
    Thresholds(PanelThresholds),
    Cell { r#type: &'static str, mode: &'static str },
}

#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub enum PanelOptions {
    Stat { color_mode: &'static str, graph_mode: &'static str, text_mode: &'static str, reduce_options: Reduce },
    Bars { orientation: &'static str, display_mode: &'static str, show_unfilled: bool, reduce_options: Reduce },
    Lines { legend: Legend, tooltip: Tooltip },
    Table { show_header: bool, sort_by: Vec<SortBy> },
}

#[derive(Debug, Serialize)]
pub struct Reduce {
    pub calcs: [&'static str; 1],
    pub fields: &'static str,
    pub values: bool,
}

impl Reduce {
    pub const LAST: Reduce = Reduce { calcs: ["lastNotNull"], fields: "", values: false };
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Legend {
    pub display_mode: &'static str,
    pub placement: &'static str,
    pub calcs: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
pub struct Tooltip {
    pub mode: &'static str,
    pub sort: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SortBy {
    pub display_name: &'static str,
    pub desc: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "id", content = "options", rename_all = "lowercase")]
pub enum Transformation {
    Merge {},
    Organize(Organize),
}

/// Which columns are shown, in which order and under which names.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Organize {
    pub exclude_by_name: std::collections::BTreeMap<String, bool>,
    pub index_by_name: std::collections::BTreeMap<String, usize>,
    pub rename_by_name: std::collections::BTreeMap<String, &'static str>,
}
