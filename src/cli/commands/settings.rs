//! The flags and variables of all settings, made from the list in `config`, so
//! that the file, the flags and the variables never drift apart. Values stay
//! text: `config` reads them, whichever layer they come from.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use crate::config::{Overrides, Setting, reference};

/// The flags and variables of all settings, as the text that was given.
#[derive(Clone, Debug, Default)]
pub struct SettingArgs {
    pub overrides: Overrides,
}

impl SettingArgs {
    fn argument(setting: &Setting, flag: &'static str) -> Arg {
        let help = match setting.default {
            Some(default) => format!("{} [default: {default}]", setting.about),
            None => setting.about.to_owned(),
        };
        let arg = Arg::new(setting.key)
            .long(flag)
            .value_name(setting.value)
            .help(help)
            .value_parser(ValueParser::string())
            // A header in a variable may be a secret.
            .hide_env_values(true)
            .help_heading("Settings");
        let arg = match setting.variable {
            Some(variable) => arg.env(variable),
            None => arg,
        };
        if setting.many { arg.action(ArgAction::Append).value_delimiter(',') } else { arg.action(ArgAction::Set) }
    }
}

impl Args for SettingArgs {
    fn augment_args(command: Command) -> Command {
        let flags = reference().iter().filter_map(|setting| Some((setting, setting.flag?)));
        flags.fold(command, |command, (setting, flag)| command.arg(Self::argument(setting, flag)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut settings = SettingArgs::default();
        settings.update_from_arg_matches(matches)?;
        Ok(settings)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in reference().iter().filter(|setting| setting.flag.is_some()) {
            let values = matches.get_many::<String>(setting.key).map(|values| values.cloned().collect());
            self.overrides.set(setting.key, values.unwrap_or_default());
        }
        Ok(())
    }
}
