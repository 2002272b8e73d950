//! The help of every command as one document, for `docs/reference`.

use clap::{Command, CommandFactory};

use super::args::Cli;

/// Columns of the help in the document, so that it does not depend on a terminal.
const WIDTH: usize = 100;

/// The help of all commands as Markdown, a section each.
pub fn reference_markdown() -> String {
    let mut text = String::new();
    let mut root = Cli::command().term_width(WIDTH);
    root.build();
    for command in root.get_subcommands().filter(|c| c.get_name() != "help") {
        section(command, &mut text);
    }
    text
}

fn section(command: &Command, text: &mut String) {
    let children: Vec<&Command> = command.get_subcommands().filter(|c| c.get_name() != "help").collect();
    if children.is_empty() {
        let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
        // Values of variables are left out: they are those of whoever runs this.
        let mut shown = command.clone().term_width(WIDTH).mut_args(|arg| arg.hide_env_values(true));
        let help = shown.render_long_help().to_string();
        let help: Vec<&str> = help.lines().map(str::trim_end).collect();
        text.push_str(&format!("## {name}\n\n```text\n{}\n```\n\n", help.join("\n").trim_end()));
    }
    for child in children {
        section(child, text);
    }
}
