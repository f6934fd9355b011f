//! What the commands that render a release have in common.

use super::world;
use crate::args::{LintArgs, ReleaseAndSource, ReleaseArgs, ReleaseFlags, ValueFlags};
use crate::ui::Ui;
use anyhow::{Context as _, bail};
use plimsoll::diag::{Report, Severity, Sources};
use plimsoll::engine::{self, Capabilities, HelmApiVersions, Release};
use plimsoll::k8s::{self, KubeVersion, VersionError};
use plimsoll::limits::Activity;
use plimsoll::render::{Output, Request};
use plimsoll::values;
use plimsoll::yaml::Limits;
use plimsoll::{chart, render};
use std::io::Read as _;
use std::path::Path;

/// Renders a release, without showing its diagnostics.
pub(crate) fn render_quietly(request: &Request, sources: &Sources) -> Report<Output> {
    Ui::watched(&format!("rendering {}", request.chart), || render::release(world(), sources, request))
}

/// The library's request for what the arguments describe, with these values and this seed.
pub(crate) fn request(
    args: &ReleaseArgs,
    overrides: values::Overrides,
    seed: Option<u64>,
) -> anyhow::Result<Request> {
    let (release, source) = (args.names.release(), args.names.source());
    if let Some(release) =
        release.filter(|release| chart::exists(world(), release) && chart::is_chart(world(), release))
        && !chart::exists(world(), source)
    {
        bail!(
            "there is no chart at `{source}`, but there is one at `{release}`: pass the release name first"
        );
    }
    let capabilities = capabilities(&args.release)?;
    let name = release_name(&args.names, &args.release, seed)?;
    Ok(Request {
        chart: source.to_owned(),
        overrides,
        values: value_options(&args.values),
        options: render::Options {
            release: Release {
                name,
                namespace: args.release.namespace.clone(),
                is_upgrade: args.release.is_upgrade,
                revision: 1,
            },
            capabilities,
            strict: args.values.strict,
            with_namespace: false,
            seed,
            lookup: None,
            is_lint: false,
        },
    })
}

/// How `lint` renders a chart, for the version of Kubernetes that it answers for: what the command line says goes before
/// what the configuration says.
pub(crate) fn lint_options(
    args: &LintArgs,
    configured: Option<k8s::Version>,
) -> anyhow::Result<render::Options> {
    let kube_version = match (&args.kube_version, configured) {
        (Some(text), _) => {
            let version = parse_kube_version(Some(text.as_str()))?;
            version.known().map_err(|error| invalid_kube_version(text, error))?;
            version
        }
        (None, Some(version)) => version.into(),
        (None, None) => KubeVersion::default(),
    };
    let options = render::Options {
        capabilities: Capabilities {
            kube_version,
            extra_api_versions: api_versions(&args.api_versions),
            helm_api_versions: HelmApiVersions::Cluster,
            served: args.capabilities.served.clone(),
        },
        strict: args.values.strict,
        seed: Some(0),
        ..render::Options::install(Release::install(args.release.clone(), args.namespace.clone()))
    };
    Ok(options)
}

/// How a chart is rendered for what does not depend on the release.
pub(crate) fn sample(name: Option<&str>) -> render::Options {
    render::Options {
        seed: Some(0),
        ..render::Options::install(Release::install(name.unwrap_or(Release::DEFAULT_NAME), "default"))
    }
}

/// The name of the release: given, made from `--name-template`, or the default.
pub(crate) fn release_name(
    names: &ReleaseAndSource,
    flags: &ReleaseFlags,
    seed: Option<u64>,
) -> anyhow::Result<String> {
    match (names.release(), &flags.name_template) {
        (Some(_), Some(_)) => bail!("use either a release name or --name-template"),
        (Some(name), None) => Ok(name.to_owned()),
        (None, Some(template)) => render::name_from_template(world(), template, seed)
            .map_err(|error| anyhow::anyhow!("--name-template: {}", error.message)),
        (None, None) => Ok(Release::DEFAULT_NAME.to_owned()),
    }
}

/// The cluster: Helm charts see the API versions that helm itself assumes, Tera charts those of the version.
fn capabilities(flags: &ReleaseFlags) -> anyhow::Result<Capabilities> {
    let kube_version = kube_version(flags)?;
    Ok(Capabilities {
        kube_version,
        extra_api_versions: api_versions(&flags.api_versions),
        served: flags.capabilities.served.clone(),
        ..Capabilities::default()
    })
}

/// The API versions in the lists that `--api-versions` takes.
fn api_versions(flags: &[String]) -> Vec<String> {
    flags.iter().flat_map(|flag| values::comma_list(flag)).collect()
}

/// The cluster's version: that of `--kube-version`, else the default.
fn kube_version(flags: &ReleaseFlags) -> anyhow::Result<KubeVersion> {
    parse_kube_version(flags.kube_version.as_deref())
}

/// The version that `--kube-version` names, else the default.
pub(crate) fn parse_kube_version(text: Option<&str>) -> anyhow::Result<KubeVersion> {
    let Some(text) = text else { return Ok(KubeVersion::default()) };
    text.parse().map_err(|error| invalid_kube_version(text, error))
}

fn invalid_kube_version(text: &str, error: VersionError) -> anyhow::Error {
    anyhow::anyhow!("--kube-version: `{text}`: {error}")
}

/// The Kubernetes version whose rules count: the nearest known one to that of `--kube-version`.
pub(crate) fn kubernetes(flags: &ReleaseFlags) -> anyhow::Result<k8s::Version> {
    Ok(kube_version(flags)?.nearest())
}

/// The value flags for the library, with stdin read if a flag asks for it.
pub(crate) fn overrides(flags: &ValueFlags) -> anyhow::Result<values::Overrides> {
    let wants_stdin = flags
        .values
        .iter()
        .any(|argument| values::split_list(argument).iter().any(|part| part.trim() == "-"));
    let stdin = if wants_stdin { Some(read_stdin()?) } else { None };
    Ok(values::Overrides {
        files: flags.values.iter().cloned().map(values::ValuesFile::Argument).collect(),
        stdin,
        set_json: flags.set_json.clone(),
        set: flags.set.clone(),
        set_string: flags.set_string.clone(),
        set_file: flags.set_file.clone(),
        set_literal: flags.set_literal.clone(),
        ..values::Overrides::default()
    })
}

/// The parts of a `--set-file` argument, each with the path that it names. A backslash keeps a comma in a path.
pub(crate) fn set_file_parts(argument: &str) -> Vec<(String, String)> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in argument.chars() {
        match parts.last_mut() {
            Some(part) if c != ',' || escaped => part.push(c),
            _ => parts.push(String::new()),
        }
        escaped = c == '\\' && !escaped;
    }
    let path = |part: &str| part.split_once('=').map(|(_, path)| path.replace("\\,", ","));
    parts.into_iter().filter_map(|part| path(&part).map(|path| (part, path))).collect()
}

/// How values are computed.
pub(crate) fn value_options(flags: &ValueFlags) -> values::Options {
    values::Options {
        skip_schema_validation: flags.skip_schema_validation,
        unknown_keys: if flags.strict { Severity::Error } else { Severity::Warning },
        missing_dependencies: Severity::Error,
        reads: engine::value_reads,
    }
}

/// Everything on standard input, which must be UTF-8 and no larger than any file that is read.
pub(crate) fn read_stdin() -> anyhow::Result<String> {
    let _activity = Activity::begin("reading standard input".to_owned());
    read_text(std::io::stdin().lock(), "standard input")
}

/// The text of a file, which must be UTF-8 and no larger than any other file that is read.
pub(crate) fn read_file(path: &Path) -> anyhow::Result<String> {
    let name = format!("`{}`", path.display());
    // Opening a pipe waits for its writer.
    let _activity = Activity::begin(format!("reading {name}"));
    let file = std::fs::File::open(path).with_context(|| format!("cannot read {name}"))?;
    read_text(file, &name)
}

fn read_text(input: impl std::io::Read, name: &str) -> anyhow::Result<String> {
    const LARGEST: u64 = Limits::MAX_BYTES as u64;
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > LARGEST {
        bail!("cannot read {name}: it is larger than {} MiB", LARGEST >> 20);
    }
    String::from_utf8(bytes).with_context(|| format!("cannot read {name}"))
}
