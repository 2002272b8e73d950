//! What is wrong with something that a person wrote, in that person's words:
//! where it stands, what is wrong, and what to write instead. Must not know
//! which format it was written in, nor how it is printed.

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth a look; what was written is used.
    Warning,
    /// What was written is not used.
    Error,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub level: Level,
    /// The file as it was named by the user; a flag or a variable otherwise.
    pub file: String,
    /// From 1; 0 means the file as a whole.
    pub line: u32,
    /// In characters, from 1; 0 means the file as a whole.
    pub column: u32,
    /// The field, as in `spec.windows[1]`; empty for the document as a whole.
    pub path: String,
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line of the place, cropped around it.
    pub excerpt: Option<Excerpt>,
    /// How many problems this is: more than one where it says that others are not
    /// shown.
    pub count: usize,
}

/// A piece of one source line, free of control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    pub text: String,
    /// Characters of `text` before the place.
    pub caret: usize,
    /// Characters that the place covers, at least 1.
    pub width: usize,
}

impl Problem {
    /// A problem of a file, a flag or a variable as a whole.
    pub fn of_file(level: Level, file: impl Into<String>, message: impl Into<String>, hint: Option<String>) -> Self {
        Problem {
            level,
            file: file.into(),
            line: 0,
            column: 0,
            path: String::new(),
            message: message.into(),
            hint,
            excerpt: None,
            count: 1,
        }
    }

    /// In place of problems of a file that are not shown.
    pub fn not_shown(level: Level, file: impl Into<String>, count: usize) -> Self {
        let message = match level {
            Level::Error => format!("{count} more errors in this file are not shown"),
            Level::Warning => format!("{count} more warnings in this file are not shown"),
        };
        Problem { count, ..Problem::of_file(level, file, message, None) }
    }

    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}

/// Whether any of them is an error, so that what was written cannot be used.
pub fn any_error(problems: &[Problem]) -> bool {
    problems.iter().any(Problem::is_error)
}
