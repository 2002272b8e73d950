//! Panels as this project draws them, and the grid in which they are laid.
//! Must not know which queries they show.

use super::grafana::{
    COLUMNS, Color, Custom, DataSource, Defaults, FieldConfig, FieldMatcher, GridPos, Legend, Mode, Override, Panel,
    PanelKind, PanelOptions, PanelQuery, PanelThresholds, Property, PropertyValue, Reduce, Tooltip,
};

/// What is not known is said, never shown as 0 or 100 %.
const NO_DATA: &str = "no data";

/// A panel before it has a place.
pub struct Draft {
    width: u16,
    height: u16,
    panel: Panel,
}

/// One query of a panel.
pub struct Query {
    expr: String,
    legend: &'static str,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    OverTime,
    Now,
    Rows,
}

impl Query {
    pub fn over_time(expr: String, legend: &'static str) -> Query {
        Query { expr, legend, shape: Shape::OverTime }
    }

    pub fn now(expr: String, legend: &'static str) -> Query {
        Query { expr, legend, shape: Shape::Now }
    }

    /// One row for each series, for tables.
    pub fn rows(expr: String) -> Query {
        Query { expr, legend: "__auto", shape: Shape::Rows }
    }
}

fn targets(queries: Vec<Query>) -> Vec<PanelQuery> {
    let named = ('A'..='Z').zip(queries);
    named
        .map(|(name, query)| PanelQuery {
            ref_id: name.to_string(),
            datasource: DataSource::CHOSEN,
            expr: query.expr,
            legend_format: query.legend,
            format: if query.shape == Shape::Rows { "table" } else { "time_series" },
            instant: query.shape != Shape::OverTime,
            range: query.shape == Shape::OverTime,
        })
        .collect()
}

fn draft(kind: PanelKind, title: String, description: String, unit: &'static str, queries: Vec<Query>) -> Draft {
    let defaults = Defaults { unit, no_value: Some(NO_DATA), ..Defaults::default() };
    Draft {
        width: COLUMNS,
        height: 8,
        panel: Panel {
            id: 0,
            kind,
            title,
            description,
            grid_pos: GridPos { x: 0, y: 0, w: 0, h: 0 },
            collapsed: None,
            datasource: Some(DataSource::CHOSEN),
            interval: None,
            targets: targets(queries),
            field_config: Some(FieldConfig { defaults, overrides: Vec::new() }),
            options: None,
            transformations: Vec::new(),
        },
    }
}

/// A headline over the panels that follow.
pub fn row(title: String) -> Draft {
    let mut row = draft(PanelKind::Row, title, String::new(), "", Vec::new());
    row.panel.collapsed = Some(false);
    row.panel.datasource = None;
    row.panel.field_config = None;
    row.sized(COLUMNS, 1)
}

/// One number or a few, large.
pub fn stat(title: &str, description: &str, unit: &'static str, queries: Vec<Query>) -> Draft {
    let mut stat = draft(PanelKind::Stat, title.to_owned(), description.to_owned(), unit, queries);
    stat.panel.options = Some(PanelOptions::Stat {
        color_mode: "value",
        graph_mode: "none",
        text_mode: "auto",
        reduce_options: Reduce::LAST,
    });
    stat.sized(4, 4)
}

/// Lines over time; a gap stays a gap.
pub fn lines(title: &str, description: &str, unit: &'static str, queries: Vec<Query>) -> Draft {
    let custom =
        Custom { draw_style: Some("line"), fill_opacity: Some(8), span_nulls: Some(false), ..Custom::default() };
    over_time(title, description, unit, queries, custom)
}

/// Stacked bars over time, for counts per step.
pub fn bars(title: &str, description: &str, unit: &'static str, queries: Vec<Query>) -> Draft {
    let custom = Custom {
        draw_style: Some("bars"),
        fill_opacity: Some(70),
        stacking: Some(Mode { mode: "normal" }),
        ..Custom::default()
    };
    over_time(title, description, unit, queries, custom)
}

fn over_time(title: &str, description: &str, unit: &'static str, queries: Vec<Query>, custom: Custom) -> Draft {
    let mut panel = draft(PanelKind::Timeseries, title.to_owned(), description.to_owned(), unit, queries);
    panel.panel.options = Some(PanelOptions::Lines {
        legend: Legend { display_mode: "list", placement: "bottom", calcs: Vec::new() },
        tooltip: Tooltip { mode: "multi", sort: "desc" },
    });
    panel.defaults(|d| d.custom = Some(custom)).sized(12, 8)
}

/// A horizontal bar for each series.
pub fn bar_gauge(title: &str, description: &str, unit: &'static str, queries: Vec<Query>) -> Draft {
    let mut panel = draft(PanelKind::BarGauge, title.to_owned(), description.to_owned(), unit, queries);
    panel.panel.options = Some(PanelOptions::Bars {
        orientation: "horizontal",
        display_mode: "basic",
        show_unfilled: true,
        reduce_options: Reduce::LAST,
    });
    panel.sized(12, 8)
}

pub fn table(title: &str, description: &str, queries: Vec<Query>) -> Draft {
    let mut panel = draft(PanelKind::Table, title.to_owned(), description.to_owned(), "none", queries);
    panel.panel.options = Some(PanelOptions::Table { show_header: true, sort_by: Vec::new() });
    panel.sized(COLUMNS, 10)
}

impl Draft {
    pub fn sized(mut self, width: u16, height: u16) -> Draft {
        (self.width, self.height) = (width.min(COLUMNS), height);
        self
    }

    pub fn defaults(mut self, change: impl FnOnce(&mut Defaults)) -> Draft {
        if let Some(config) = &mut self.panel.field_config {
            change(&mut config.defaults);
        }
        self
    }

    pub fn panel(mut self, change: impl FnOnce(&mut Panel)) -> Draft {
        change(&mut self.panel);
        self
    }

    /// Colours by value.
    pub fn thresholds(self, thresholds: PanelThresholds) -> Draft {
        self.defaults(|d| {
            d.color = Some(Color { mode: "thresholds", fixed_color: None });
            d.thresholds = Some(thresholds);
        })
    }

    /// Dashed lines at values, without colouring the data.
    pub fn marked(self, thresholds: PanelThresholds) -> Draft {
        self.defaults(|d| {
            d.thresholds = Some(thresholds);
            if let Some(custom) = &mut d.custom {
                custom.thresholds_style = Some(Mode { mode: "dashed" });
            }
        })
    }

    /// Settings of the fields of one name.
    pub fn field(mut self, name: &'static str, properties: Vec<(&'static str, PropertyValue)>) -> Draft {
        if let Some(config) = &mut self.panel.field_config {
            config.overrides.push(Override {
                matcher: FieldMatcher { id: "byName", options: name },
                properties: properties.into_iter().map(|(id, value)| Property { id, value }).collect(),
            });
        }
        self
    }
}

pub fn fixed(color: &'static str) -> PropertyValue {
    PropertyValue::Color(Color { mode: "fixed", fixed_color: Some(color) })
}

/// Lays panels from left to right, and on the next line when one is full.
pub fn lay(drafts: Vec<Draft>) -> Vec<Panel> {
    let (mut x, mut y, mut line) = (0, 0, 0);
    let ids = 1_u32..;
    ids.zip(drafts)
        .map(|(id, draft)| {
            if x + draft.width > COLUMNS {
                (x, y, line) = (0, y + line, 0);
            }
            let grid_pos = GridPos { x, y, w: draft.width, h: draft.height };
            x += draft.width;
            line = line.max(draft.height);
            Panel { id, grid_pos, ..draft.panel }
        })
        .collect()
}
