//! Files of definitions, of any format that is read, as text of another one.

use std::collections::BTreeMap;

use super::{openslo, slo};
use crate::definitions::Loaded;
use crate::model::problem::Problem;
use crate::model::slo::Slo;
use crate::yaml::write::{Style, document};

/// The format that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinitionForm {
    Evenkeel,
    OpenSlo,
}

/// What a file comes to.
#[derive(Debug)]
pub struct ConvertedFile {
    /// The file that was read.
    pub file: String,
    pub text: String,
    /// SLOs that were written.
    pub slos: usize,
    /// SLOs that cannot be written in that form, with the reason.
    pub refused: Vec<(String, String)>,
}

/// Every file that defines an SLO or is wrong. What changed and what could not be kept
/// is said in comments.
pub fn converted(loaded: &Loaded, form: DefinitionForm) -> Vec<ConvertedFile> {
    let mut files: BTreeMap<&str, (Vec<&Slo>, Vec<&Problem>)> = BTreeMap::new();
    for slo in &loaded.slos {
        if let Some(file) = loaded.file_of(&slo.name) {
            files.entry(file).or_default().0.push(slo);
        }
    }
    for problem in &loaded.problems {
        files.entry(&problem.file).or_default().1.push(problem);
    }
    files.into_iter().map(|(file, (slos, problems))| one(file, &slos, &problems, form)).collect()
}

fn one(file: &str, slos: &[&Slo], problems: &[&Problem], form: DefinitionForm) -> ConvertedFile {
    let mut text = format!("# Converted from {}.\n", line(file));
    for problem in problems {
        let what = if problem.is_error() { "NOT CONVERTED: " } else { "" };
        text.push_str(&format!("# line {}: {what}{}\n", problem.line, line(&problem.message)));
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("#   {}\n", line(hint)));
        }
    }
    let (mut written, mut refused) = (0, Vec::new());
    for slo in slos {
        let (node, lost, plain_keys): (_, Vec<String>, &[&str]) = match form {
            DefinitionForm::Evenkeel => (slo::document(slo), Vec::new(), &["max", "minBadEvents", "weight"]),
            DefinitionForm::OpenSlo => match openslo::document(slo) {
                Ok((node, lost)) => (node, lost, &openslo::PLAIN_KEYS),
                Err(reason) => {
                    text.push_str(&format!("# NOT CONVERTED: `{}`: {reason}\n", slo.name));
                    refused.push((slo.name.clone(), reason));
                    continue;
                }
            },
        };
        text.push_str("---\n");
        for part in lost {
            text.push_str(&format!("# not kept: {}\n", line(&part)));
        }
        text.push_str(&document(&node, Style { plain_keys }));
        written += 1;
    }
    ConvertedFile { file: file.to_owned(), text, slos: written, refused }
}

/// In one line of a comment.
fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
