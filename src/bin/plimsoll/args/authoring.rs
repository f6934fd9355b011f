//! Flags of the commands for chart authors. Names and meanings of those of `docs` are helm-docs'.

use clap::{Args, ValueEnum, ValueHint};
use plimsoll::authoring::docs::{Options, SortOrder};
use plimsoll::authoring::schema::Draft;
use std::path::PathBuf;

// What is done with a file that is made from a chart.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct GeneratedFlags {
    /// Print what has to change, and exit with 1 if anything has to
    #[arg(long, conflicts_with = "write")]
    pub(crate) check: bool,
    /// Write the file into the chart
    #[arg(long)]
    pub(crate) write: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll docs ./chart                        # print the page
  plimsoll docs ./chart --write                # write README.md
  plimsoll docs --chart-search-root charts --check

Exit codes: 0 success, 1 a page is out of date (with --check), 2 failed.")]
pub(crate) struct DocsArgs {
    /// Directories of charts
    #[arg(required_unless_present = "chart_search_root", value_name = "CHART", value_hint = ValueHint::DirPath)]
    charts: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) generated: GeneratedFlags,
    /// Document every chart below this directory that .helmdocsignore does not name
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "charts")]
    chart_search_root: Option<PathBuf>,
    /// Render this template; may be repeated [default: README.md.gotmpl]
    ///
    /// A name is a file of the chart, a path that begins with `./` one below --chart-search-root. Several templates make one
    /// page. If one of them does not exist, the default page is added.
    #[arg(short, long = "template-files", visible_alias = "template-file", value_name = "FILE", value_delimiter = ',', value_hint = ValueHint::FilePath)]
    template_files: Vec<String>,
    /// Write to this file of the chart
    #[arg(short, long, value_name = "FILE", default_value = "README.md")]
    output_file: String,
    /// Read the values from this file of the chart
    #[arg(short = 'f', long, value_name = "FILE", default_value = "values.yaml")]
    values_file: String,
    /// Sort the values
    #[arg(
        short,
        long = "sort-values-order",
        visible_alias = "sort",
        value_enum,
        default_value = "alphanum",
        value_name = "ORDER"
    )]
    sort: Order,
    /// Sort the sections of the values
    #[arg(short = 'r', long, value_enum, default_value = "file", value_name = "ORDER")]
    sort_sections_order: Order,
    /// Leave values out that have no comment
    #[arg(long)]
    ignore_non_descriptions: bool,
    /// List the values of dependencies in directories, too
    #[arg(short = 'u', long)]
    document_dependency_values: bool,
    /// Choose the style of the badges
    #[arg(short, long, value_name = "STYLE", default_value = "flat-square")]
    badge_style: String,
    /// Leave the footer out of the default page
    #[arg(long)]
    skip_version_footer: bool,
}

impl DocsArgs {
    /// The charts that are named, or the directory to look for charts in.
    pub(crate) fn charts(&self) -> Result<&[PathBuf], &PathBuf> {
        self.chart_search_root.as_ref().map_or(Ok(&self.charts), Err)
    }

    /// The options for the library.
    pub(crate) fn options(&self) -> Options {
        let mut options = Options {
            sort: self.sort.into(),
            sort_sections: self.sort_sections_order.into(),
            output_file: self.output_file.clone(),
            values_file: self.values_file.clone(),
            badge_style: self.badge_style.clone(),
            ignore_non_descriptions: self.ignore_non_descriptions,
            document_dependency_values: self.document_dependency_values,
            skip_version_footer: self.skip_version_footer,
            ..Options::default()
        };
        if !self.template_files.is_empty() {
            options.template_files.clone_from(&self.template_files);
        }
        if let Some(root) = &self.chart_search_root {
            options.search_root.clone_from(root);
        }
        options
    }
}

/// An order of values or sections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// By name
    Alphanum,
    /// As in the values file
    File,
}

impl From<Order> for SortOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Alphanum => Self::Alphanum,
            Order::File => Self::File,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  plimsoll schema ./chart                      # print the schema
  plimsoll schema ./chart --write              # write values.schema.json
  plimsoll schema charts/* --check

Exit codes: 0 success, 1 a schema is out of date (with --check), 2 failed.")]
pub(crate) struct SchemaArgs {
    /// Charts: directories, .tgz archives or builtin:NAME
    #[arg(required = true, value_name = "CHART", value_hint = ValueHint::AnyPath)]
    pub(crate) charts: Vec<String>,
    #[command(flatten)]
    pub(crate) generated: GeneratedFlags,
    /// Choose the version of JSON Schema
    #[arg(long, value_enum, default_value = "2020-12", value_name = "DRAFT")]
    draft: DraftName,
    /// Accept the values in this file, in addition to those in `ci/`; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) with: Vec<PathBuf>,
}

impl SchemaArgs {
    /// The draft for the library.
    pub(crate) fn draft(&self) -> Draft {
        match self.draft {
            DraftName::Draft202012 => Draft::Draft202012,
            DraftName::Draft7 => Draft::Draft7,
        }
    }
}

/// A version of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DraftName {
    /// The latest version
    #[value(name = "2020-12")]
    Draft202012,
    /// The version that most editors know
    #[value(name = "7")]
    Draft7,
}
