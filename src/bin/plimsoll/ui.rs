//! The terminal: what is printed where, in which colours, and how the process ends.

use anstream::{AutoStream, ColorChoice};
use clap::error::{ContextKind, ContextValue};
use plimsoll::diag::escape::{content_line, message, output, terminal, terminal_lines};
use plimsoll::diag::render::{Style, arrange, human};
use plimsoll::diag::{Diagnostic, Report, Severity, Sources, has_errors};
use plimsoll::limits::{self, Exceeded};
use std::borrow::Cow;
use std::io::{self, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How the process ends. The codes are part of the contract with scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitStatus {
    /// Done; no findings, no difference.
    Success = 0,
    /// Findings at the threshold; the renders differ.
    Findings = 1,
    /// It could not be done: usage, input, template.
    Failure = 2,
    /// `diff` and `rehearse`: the API server would reject the upgrade.
    Rejected = 3,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Color {
    /// Use colors on a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always use colors
    Always,
    /// Never use colors
    Never,
}

/// The error of a command that cannot go on, when everything that is wrong has been shown already.
#[derive(Debug)]
pub(crate) struct Refused;

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the input is invalid")
    }
}

/// The error that a limit was exceeded.
pub(crate) fn over(exceeded: Exceeded) -> anyhow::Error {
    let activity = limits::interrupted().map_or_else(String::new, |activity| format!(" while {activity}"));
    anyhow::anyhow!("{exceeded}{activity}\n= help: {}", exceeded.help())
}

/// The most diagnostics that are shown; a list of a hundred thousand helps nobody.
const MAX_SHOWN: usize = 100;

/// The one place that writes to stdout and stderr.
pub(crate) struct Ui {
    color: Color,
    stdout_failed: Option<io::Error>,
    /// Whether the reader of stdout has gone away.
    reader_left: bool,
    /// The limit that was exceeded before there was a result.
    exceeded: Option<Exceeded>,
    /// Whether it speaks in the place of Helm, which has no notes.
    is_helm: bool,
}

impl Ui {
    pub(crate) fn new(color: Color) -> Self {
        Self { color, stdout_failed: None, reader_left: false, exceeded: None, is_helm: false }
    }

    /// One that speaks in the place of Helm: without notes, and with errors that begin as Helm's.
    pub(crate) fn of_helm(color: Color) -> Self {
        Self { is_helm: true, ..Self::new(color) }
    }

    /// Ends the limits, because the result is complete: call it before anything is written. Fails if a limit was exceeded
    /// on the way, because then the result is not complete.
    pub(crate) fn complete(&mut self) -> anyhow::Result<()> {
        if let Err(exceeded) = limits::finish() {
            self.exceeded = Some(exceeded);
        }
        self.exceeded.map_or(Ok(()), |exceeded| Err(over(exceeded)))
    }

    /// Prints a result. Whatever it shows of the input, no control character and no command of a CI system leaves: see
    /// [`output`]. If a limit was exceeded, nothing is printed and the command fails.
    pub(crate) fn print(&mut self, text: &str) {
        let has_colours = self.stdout_style() == Style::Coloured;
        self.print_bytes(&output(text, has_colours));
    }

    /// Prints what must not be changed, because another program reads it: manifests, values, scripts, workflow commands. A
    /// terminal is no program, and gets no control characters. A reader that has gone away (`| head`) is success, as for any
    /// filter.
    pub(crate) fn print_exact(&mut self, text: &str) {
        let shown =
            if Self::prints_to_terminal() { terminal_lines(text).into() } else { Cow::Borrowed(text) };
        self.print_bytes(&shown);
    }

    fn print_bytes(&mut self, text: &str) {
        if self.complete().is_ok() {
            self.write(text);
        }
    }

    /// Prints what programs read of a run that failed, in place of a result.
    pub(crate) fn print_failure(&mut self, text: &str) {
        // It has failed already.
        let _ = self.complete();
        self.write(text);
    }

    fn write(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        self.note_printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Remembers how it went to print to stdout.
    pub(crate) fn note_printed(&mut self, printed: io::Result<()>) {
        match printed {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.reader_left = true,
            Err(error) => {
                self.stdout_failed.get_or_insert(error);
            }
        }
    }

    /// Whether everything printed so far has been written to stdout.
    pub(crate) fn has_printed_all(&self) -> bool {
        self.stdout_failed.is_none() && !self.reader_left && self.exceeded.is_none()
    }

    /// How many columns a line of a result may have: those of the terminal, or what `COLUMNS` says. Output for files and
    /// other programs is not wrapped.
    pub(crate) fn width() -> usize {
        const NARROWEST: usize = 20;
        #[expect(clippy::disallowed_methods, reason = "the binary is where the environment is read")]
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
        let terminal =
            || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        columns.or_else(terminal).map_or(usize::MAX, |width| width.max(NARROWEST))
    }

    /// Whether results go to a terminal.
    pub(crate) fn prints_to_terminal() -> bool {
        use std::io::IsTerminal as _;
        io::stdout().is_terminal()
    }

    /// Prints a result that people read: through a pager where it goes to a terminal.
    pub(crate) fn page(&mut self, text: &str) {
        #[expect(clippy::disallowed_methods, reason = "the binary is where the environment is read")]
        let variable = |name| std::env::var(name).ok();
        // Some CI systems pretend to be a terminal; nobody turns pages there.
        if !Self::prints_to_terminal() || variable("CI").is_some() {
            return self.print(text);
        }
        if self.complete().is_err() {
            return;
        }
        let pager = variable("PAGER").unwrap_or_else(|| "less".to_owned());
        // As git does: less shows colours, and gives way where everything fits on the screen.
        let less = variable("LESS").unwrap_or_else(|| "FRX".to_owned());
        let mut words = pager.split_whitespace();
        let Some(program) = words.next() else { return self.print(text) };
        let spawned = Command::new(program).args(words).env("LESS", less).stdin(Stdio::piped()).spawn();
        let Ok(mut child) = spawned else { return self.print(text) };
        if let Some(mut stdin) = child.stdin.take() {
            let text = output(text, self.stdout_style() == Style::Coloured);
            // Whoever leaves the pager early has seen enough.
            let _ = stdin.write_all(text.as_bytes());
        }
        let _ = child.wait();
    }

    /// Shows what a stage had to say, and passes on its output if there was no error.
    pub(crate) fn kept<T>(&mut self, report: Report<T>, sources: &Sources) -> anyhow::Result<T> {
        let failed = self.report(report.diagnostics, sources);
        report.output.filter(|_| !failed).ok_or_else(|| Refused.into())
    }

    /// Shows diagnostics. Returns whether any of them is an error.
    pub(crate) fn report(&mut self, diagnostics: Vec<Diagnostic>, sources: &Sources) -> bool {
        if diagnostics.is_empty() {
            return false;
        }
        let failed = has_errors(&diagnostics);
        let mut shown = arrange(diagnostics, sources);
        let more = shown.len().saturating_sub(MAX_SHOWN);
        if more > 0 {
            let (mut errors, rest): (Vec<_>, Vec<_>) =
                shown.into_iter().partition(|found| found.severity == Severity::Error);
            errors.extend(rest);
            errors.truncate(MAX_SHOWN);
            shown = errors;
        }
        let style = self.style(&io::stderr());
        self.note_raw(&output(&human(&shown, sources, style), style == Style::Coloured));
        if more > 0 {
            self.note(&format!("{more} more diagnostics are not shown"));
        }
        failed
    }

    /// Says one line beside the result.
    pub(crate) fn note(&mut self, text: &str) {
        self.note_with(text, "");
    }

    /// Says one line beside the result, as it is.
    #[cfg(feature = "fetch")]
    pub(crate) fn warn(&mut self, text: &str) {
        let _ = writeln!(self.stderr(), "{}", terminal(text));
    }

    /// Says one line beside the result, and shows a text of several lines below it.
    pub(crate) fn note_with(&mut self, text: &str, lines: &str) {
        if self.is_helm {
            return;
        }
        let style = anstyle::AnsiColor::Cyan.on_default().effects(anstyle::Effects::BOLD);
        let mut stream = self.stderr();
        let _ = writeln!(stream, "{style}note{style:#}: {}", terminal(text));
        if !lines.is_empty() {
            let lines: Vec<String> = lines.split('\n').map(content_line).collect();
            let _ = writeln!(stream, "{}", lines.join("\n"));
        }
    }

    /// Separates what one run of a command printed from what the next one prints.
    pub(crate) fn separator(&mut self, text: &str) {
        let style = anstyle::AnsiColor::Cyan.on_default();
        let mut stream = self.stderr();
        let _ = writeln!(stream, "{style}---- {text} ----{style:#}");
    }

    /// Shows the help that was asked for, or what is wrong with the arguments. These are part of the message: only a message
    /// without odd characters keeps its colours.
    pub(crate) fn usage(&mut self, error: &mut clap::Error) -> ExitStatus {
        let given: Vec<(ContextKind, ContextValue)> =
            error.context().map(|(kind, value)| (kind, escaped(value))).collect();
        for (kind, value) in given {
            error.insert(kind, value);
        }
        let text = error.render().to_string();
        let printed = match output(&text, false) {
            Cow::Borrowed(_) => error.print(),
            Cow::Owned(shown) if error.use_stderr() => io::stderr().write_all(shown.as_bytes()),
            Cow::Owned(shown) => io::stdout().write_all(shown.as_bytes()),
        };
        if error.use_stderr() {
            return ExitStatus::Failure;
        }
        self.note_printed(printed);
        ExitStatus::Success
    }

    /// How the process ends, after what a command could not do has been said and the last of the output is out.
    pub(crate) fn finish(mut self, result: anyhow::Result<ExitStatus>) -> ExitStatus {
        // A command that prints nothing is complete here.
        let result = result.and_then(|status| self.complete().map(|()| status));
        let unwritten = self
            .stdout_failed
            .take()
            .map(|error| anyhow::Error::new(error).context("cannot write to stdout"));
        let status = result.unwrap_or_else(|error| self.failure(&error));
        unwritten.map_or(status, |error| self.failure(&error))
    }

    /// Says why it cannot go on, unless that has been said.
    fn failure(&mut self, error: &anyhow::Error) -> ExitStatus {
        if error.is::<Refused>() {
            return ExitStatus::Failure;
        }
        let style = anstyle::AnsiColor::Red.on_default().effects(anstyle::Effects::BOLD);
        let mut stream = self.stderr();
        let mut text = String::new();
        for cause in error.chain().map(ToString::to_string) {
            // Some errors already say what their cause says.
            if !text.contains(&cause) {
                text.push_str(if text.is_empty() { "" } else { ": " });
                text.push_str(&cause);
            }
        }
        // Only the first line begins as one of plimsoll's own.
        let text = message(&text).replace('\n', "\n  ");
        let label = if self.is_helm { "Error" } else { "error" };
        let _ = writeln!(stream, "{style}{label}{style:#}: {text}");
        ExitStatus::Failure
    }

    /// The style for results on stdout.
    pub(crate) fn stdout_style(&self) -> Style {
        self.style(&io::stdout())
    }

    fn style(&self, stream: &impl anstream::stream::RawStream) -> Style {
        match self.choice(stream) {
            ColorChoice::Never => Style::Plain,
            _ => Style::Coloured,
        }
    }

    fn choice(&self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        match self.color {
            Color::Auto => AutoStream::choice(stream),
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }

    fn stderr(&self) -> AutoStream<io::Stderr> {
        let choice = self.choice(&io::stderr());
        AutoStream::new(io::stderr(), choice)
    }

    fn note_raw(&mut self, text: &str) {
        let _ = self.stderr().write_all(text.as_bytes());
    }

    /// Shows how many bytes of downloads have arrived, if someone is looking: to be called with the number of new ones.
    #[cfg(feature = "fetch")]
    pub(crate) fn download_progress() -> std::sync::Arc<dyn Fn(u64) + Send + Sync> {
        use std::io::IsTerminal as _;
        if !io::stderr().is_terminal() {
            return std::sync::Arc::new(|_| ());
        }
        let bar = indicatif::ProgressBar::new_spinner();
        if let Ok(style) = indicatif::ProgressStyle::with_template("{spinner} downloading {bytes}") {
            bar.set_style(style);
        }
        std::sync::Arc::new(move |bytes| bar.inc(bytes))
    }

    /// Runs something that may take long: after a second a spinner says what is going on, if someone is looking.
    pub(crate) fn watched<T>(what: &str, work: impl FnOnce() -> T) -> T {
        use std::io::IsTerminal as _;
        if !io::stderr().is_terminal() {
            return work();
        }
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let what = what.to_owned();
        let watcher = std::thread::spawn(move || {
            if waiting.recv_timeout(Duration::from_secs(1)) != Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                return;
            }
            let bar = indicatif::ProgressBar::new_spinner().with_message(what);
            bar.enable_steady_tick(Duration::from_millis(120));
            let _ = waiting.recv();
            bar.finish_and_clear();
        });
        let result = work();
        drop(done);
        let _ = watcher.join();
        result
    }
}

/// What clap says about an argument, on one line.
fn escaped(value: &ContextValue) -> ContextValue {
    match value {
        ContextValue::String(text) => ContextValue::String(terminal(text)),
        ContextValue::Strings(texts) => {
            ContextValue::Strings(texts.iter().map(|text| terminal(text)).collect())
        }
        other => other.clone(),
    }
}
