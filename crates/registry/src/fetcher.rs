//! Charts found and downloaded, wherever they are.

use crate::cache::Cache;
use crate::client::{Access, Call, Client, Credentials, Request, Tls};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::index::{self, Charts, Extract, MAX_INDEX, MAX_WHOLE, Published};
use crate::oci::{Reference, Registries, SCHEME};
use crate::push::Upload;
use crate::repositories::Repository;
use crate::resolve::{Choice, of_tags};
use crate::url::Url;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most bytes of an archive: as much as a chart may have when it is unpacked.
const MAX_ARCHIVE: u64 = 100 << 20;
/// The most bytes of a provenance file: a `Chart.yaml` and a signature.
const MAX_PROVENANCE: u64 = 4 << 20;
/// How many downloads run at a time.
const PARALLEL: usize = 8;

/// How charts are fetched.
pub struct Settings {
    /// Where downloads are kept; nowhere without.
    pub cache: Option<PathBuf>,
    /// Whether only the cache is asked.
    pub offline: bool,
    /// Whether connections to OCI registries are not encrypted.
    pub plain_http: bool,
    /// Credentials for OCI registries and for `service`.
    pub credentials: Option<Credentials>,
    /// The repository or archive that the credentials are for, as well.
    pub service: Option<Url>,
    /// Whether they are sent to other services, too.
    pub pass_credentials: bool,
    /// How TLS connections are made, unless `repositories.yaml` says it.
    pub tls: Tls,
    /// What `repositories.yaml` names.
    pub repositories: Vec<Repository>,
    /// Files with credentials for registries: Helm's `registry/config.json`, docker's `config.json`.
    pub credential_files: Vec<PathBuf>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Called with the number of bytes that have arrived.
    pub progress: Arc<dyn Fn(u64) + Send + Sync>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cache: None,
            offline: false,
            plain_http: false,
            credentials: None,
            service: None,
            pass_credentials: false,
            tls: Tls::default(),
            repositories: Vec::new(),
            credential_files: Vec::new(),
            timeout: Duration::from_secs(120),
            progress: Arc::new(|_| ()),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

/// Whether what the cache knows is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A version that was published stays what it was: only what the cache does not have is asked for.
    Locked,
    /// The repository is asked what there is now.
    Newest,
}

/// The archive of a chart, found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The name of the chart.
    pub name: String,
    /// Its version, as it is published.
    pub version: String,
    /// Where the archive is: an `https://`, `http://` or `oci://` URL.
    pub url: String,
    digest: Option<Digest>,
    source: Source,
    freshness: Freshness,
}

#[derive(Debug, Clone)]
enum Source {
    Http(Url, Box<Access>),
    Oci(Reference),
}

/// An archive.
#[derive(Debug, Clone)]
pub struct Archive {
    /// The `.tgz`.
    pub bytes: Vec<u8>,
    /// Where it came from.
    pub origin: Origin,
}

/// Where an archive came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was downloaded.
    Network,
    /// It was in the cache.
    Cache,
}

impl Found {
    /// The name of the file that Helm saves it as.
    pub fn file_name(&self) -> String {
        let named = match &self.source {
            Source::Http(url, _) => Some(url.file_name()),
            Source::Oci(_) => None,
        };
        let is_archive = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "tgz");
        let is_safe = |name: &String| {
            is_archive(name) && !name.starts_with(['.', '_']) && !name.contains(['/', '\\', '\0'])
        };
        named.filter(is_safe).unwrap_or_else(|| format!("{}-{}.tgz", self.name, self.version))
    }
}

/// The versions of charts by repository and name.
type Known = BTreeMap<(String, String), Result<Vec<Published>>>;

/// Finds and downloads charts.
#[derive(Debug)]
pub struct Fetcher {
    settings: Settings,
    client: Client,
    cache: Cache,
    registries: Registries,
    known: Mutex<Known>,
}

impl Fetcher {
    /// One that has asked nobody yet.
    pub fn new(settings: Settings) -> Self {
        let registries = Registries {
            access: Access {
                tls: settings.tls.clone(),
                credentials: settings.credentials.clone(),
                ..Access::default()
            },
            plain_http: settings.plain_http,
            configs: settings.credential_files.clone(),
            known: Mutex::default(),
        };
        Self {
            client: Client::new(settings.timeout, Arc::clone(&settings.progress)),
            cache: Cache::new(settings.cache.clone()),
            registries,
            known: Mutex::default(),
            settings,
        }
    }

    /// The URL of a repository: that of the named one for `@name` and `alias:name`, else what is written.
    ///
    /// # Errors
    /// There is no repository with this name.
    pub fn repository_url(&self, repository: &str) -> Result<String> {
        let name = repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:"));
        if let Some(name) = name {
            return self.named(name).map(|found| found.url.clone()).ok_or_else(|| {
                let known: Vec<&str> =
                    self.settings.repositories.iter().map(|one| one.name.as_str()).collect();
                let error = Error::new(format!("there is no repository `{name}`"));
                match plimsoll_diag::nearest(name, known.iter().copied()) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help(format!("add it with `helm repo add {name} URL`")),
                }
            });
        }
        if repository.contains("://") {
            return Ok(repository.to_owned());
        }
        let error = Error::new(format!("`{repository}` is not the URL of a repository"));
        Err(match self.named(repository) {
            Some(_) => error.help(format!("to use the repository of this name, write `@{repository}`")),
            None => error.help(
                "use a URL such as `https://charts.example.com`, `oci://registry/path` or `file://../chart`",
            ),
        })
    }

    /// The repository of this name.
    pub fn named(&self, name: &str) -> Option<&Repository> {
        self.settings.repositories.iter().find(|repository| repository.name == name)
    }

    /// Reads the indexes of repositories, each once for all its charts and all at the same time. `wanted` are URLs of
    /// repositories with names of charts. What goes wrong is told by [`Self::find`].
    pub fn read_indexes(&self, wanted: &[(String, String)], freshness: Freshness) {
        let mut by_repository: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (repository, name) in wanted {
            let is_known = self.known(repository, name).is_some();
            if !repository.starts_with(SCHEME) && !is_known && !self.is_cached(repository, name, freshness) {
                by_repository.entry(repository).or_default().push(name);
            }
        }
        let read = |(repository, names): (&str, Vec<&str>)| self.read_index(repository, &names);
        in_parallel(by_repository.into_iter().collect(), read);
    }

    /// Finds a chart in a repository, whose URL is written as in `Chart.yaml`.
    ///
    /// # Errors
    /// The repository cannot be read, or does not have such a chart.
    pub fn find(&self, repository: &str, name: &str, choice: &Choice, freshness: Freshness) -> Result<Found> {
        if repository.starts_with(SCHEME) {
            let reference = Reference::parse(&format!("{}/{name}", repository.trim_end_matches('/')))?;
            return self.find_tag(reference, choice, freshness);
        }
        if let Some(found) = self.find_cached(repository, name, choice, freshness)? {
            return Ok(found);
        }
        if self.settings.offline {
            return Err(not_cached(&format!("{name} from {repository}")));
        }
        if self.known(repository, name).is_none() {
            self.read_index(repository, &[name]);
        }
        let versions = self.known(repository, name).unwrap_or_else(|| Ok(Vec::new()))?;
        let chosen = choice.choose(&versions)?.ok_or_else(|| absent(repository, name, choice, &versions))?;
        self.found(repository, name, chosen, freshness)
    }

    /// Reads the index of a repository, with its own credentials, to see whether there is one.
    ///
    /// # Errors
    /// The URL is invalid, or the index cannot be read.
    pub fn check_repository(&self, repository: &Repository) -> Result<()> {
        let base = Url::parse(&repository.url)?;
        if self.settings.offline {
            return Err(not_cached(&format!("the index of {base}")));
        }
        self.fetch_index(&base, &repository.access().or_in_url(&base), &[]).map(|_| ())
    }

    /// Finds a chart in a registry: `oci://registry/path/chart[:version|@digest]`.
    ///
    /// # Errors
    /// The reference is invalid, the registry cannot be reached, or does not have such a chart.
    pub fn find_reference(
        &self,
        reference: &str,
        version: Option<&str>,
        freshness: Freshness,
    ) -> Result<Found> {
        let reference = Reference::parse(reference)?;
        if let (Some(tag), Some(version)) = (&reference.version, version)
            && tag != version
        {
            let message = format!("`{reference}` names version `{tag}`, but --version is `{version}`");
            return Err(Error::new(message).help("use one of both"));
        }
        if reference.digest.is_some() {
            let version = reference.version.clone().unwrap_or_default();
            return Ok(Self::found_tag(reference, version, freshness));
        }
        let given = reference.version.clone().or_else(|| version.map(str::to_owned));
        self.find_tag(reference, &Choice::Given(given), freshness)
    }

    /// Finds an archive by its URL.
    ///
    /// # Errors
    /// The text is not a URL.
    pub fn find_url(&self, text: &str, freshness: Freshness) -> Result<Found> {
        let url = Url::parse(text)?;
        let name = url.file_name();
        let access = match self.settings.repositories.iter().find(|repository| repository.contains(&url)) {
            Some(repository) => repository.access(),
            None => self.access_by_flags(&url),
        };
        Ok(Found {
            name: name.strip_suffix(".tgz").unwrap_or(&name).to_owned(),
            version: String::new(),
            url: url.to_string(),
            digest: None,
            source: Source::Http(url, Box::new(access)),
            freshness,
        })
    }

    /// Downloads an archive, unless the cache has it.
    ///
    /// # Errors
    /// It cannot be downloaded, or is not what the index or the manifest says.
    pub fn download(&self, found: &Found) -> Result<Archive> {
        let known = match (&found.digest, found.freshness) {
            (Some(digest), _) => Some(digest.clone()),
            (None, Freshness::Newest) if !self.settings.offline => None,
            (None, _) => self.cache.digest(&found.url),
        };
        let cached = known.and_then(|digest| self.cache.archive(&digest));
        if let Some(bytes) = cached {
            return Ok(Archive { bytes, origin: Origin::Cache });
        }
        if self.settings.offline {
            return Err(not_cached(&found.url));
        }
        match &found.source {
            Source::Http(url, access) => self.download_http(found, url, access),
            Source::Oci(reference) => self.download_layer(found, reference),
        }
    }

    /// Publishes a chart in a registry, and returns the digest of its manifest.
    ///
    /// # Errors
    /// The registry cannot be reached, or refuses it.
    pub fn push(&self, reference: &Reference, upload: &Upload) -> Result<Digest> {
        self.registries.push(&self.client, reference, upload)
    }

    /// Downloads the provenance file of an archive.
    ///
    /// # Errors
    /// There is none, or it cannot be downloaded.
    pub fn provenance(&self, found: &Found) -> Result<String> {
        if self.settings.offline {
            return Err(Error::new("provenance files are not in the cache: verify without --offline"));
        }
        let bytes = match &found.source {
            Source::Http(url, access) => self.get(&url.with_suffix(".prov"), access, MAX_PROVENANCE)?,
            Source::Oci(reference) => {
                let layer = self.registries.provenance_layer(&self.client, reference)?;
                let layer = layer.ok_or_else(|| {
                    Error::new(format!("`{reference}` has no provenance file"))
                        .help("the chart was published without a signature")
                })?;
                self.registries.layer(&self.client, reference, &layer, MAX_PROVENANCE)?
            }
        };
        String::from_utf8(bytes)
            .map_err(|_| Error::new(format!("the provenance file of `{}` is not UTF-8", found.url)))
    }

    fn get(&self, url: &Url, access: &Access, limit: u64) -> Result<Vec<u8>> {
        let authorization = access.authorization(url);
        let request = Request {
            url,
            accept: "application/gzip, application/octet-stream",
            authorization: authorization.as_deref(),
            access,
            call: Call::Get,
            limit,
            may_compress: false,
        };
        self.client.fetch(request)?.expect_body(url)
    }

    fn download_http(&self, found: &Found, url: &Url, access: &Access) -> Result<Archive> {
        let bytes = self.get(url, access, MAX_ARCHIVE)?;
        if let Some(digest) = &found.digest {
            digest.check(&bytes, url)?;
        }
        self.cache.keep_archive(&found.url, &Digest::of(&bytes), &bytes);
        Ok(Archive { bytes, origin: Origin::Network })
    }

    fn download_layer(&self, found: &Found, reference: &Reference) -> Result<Archive> {
        let layer = self.registries.chart_layer(&self.client, reference)?;
        if let Some(bytes) = self.cache.archive(&layer.digest) {
            self.cache.keep_digest(&found.url, &layer.digest);
            return Ok(Archive { bytes, origin: Origin::Cache });
        }
        let bytes = self.registries.layer(&self.client, reference, &layer, MAX_ARCHIVE)?;
        self.cache.keep_archive(&found.url, &layer.digest, &bytes);
        Ok(Archive { bytes, origin: Origin::Network })
    }

    fn find_tag(&self, reference: Reference, choice: &Choice, freshness: Freshness) -> Result<Found> {
        if let Some(version) = choice.of_tag() {
            let version = version.to_owned();
            return Ok(Self::found_tag(reference, version, freshness));
        }
        let repository = format!("{SCHEME}{}", reference.registry);
        let versions = if self.settings.offline {
            self.cache
                .versions(&repository, &reference.repository)
                .ok_or_else(|| not_cached(&reference.to_string()))?
        } else {
            let tags =
                self.registries.versions(&self.client, &Reference { version: None, ..reference.clone() })?;
            let versions = of_tags(&tags);
            self.cache.keep_versions(&repository, &reference.repository, &versions);
            versions
        };
        let chosen = choice.choose(&versions)?;
        let version = chosen
            .ok_or_else(|| absent(&repository, &reference.repository, choice, &versions))?
            .version
            .clone();
        Ok(Self::found_tag(reference, version, freshness))
    }

    fn found_tag(reference: Reference, version: String, freshness: Freshness) -> Found {
        let reference =
            Reference { version: Some(version.clone()).filter(|version| !version.is_empty()), ..reference };
        Found {
            name: reference.name().to_owned(),
            version,
            url: reference.to_string(),
            digest: None,
            source: Source::Oci(reference),
            freshness,
        }
    }

    fn found(
        &self,
        repository: &str,
        name: &str,
        published: &Published,
        freshness: Freshness,
    ) -> Result<Found> {
        let base = Url::parse(repository)?;
        let Some(reference) = &published.url else {
            return Err(Error::new(format!(
                "`{name}` {} has no URL in the index of `{base}`",
                published.version
            ))
            .help("use another version"));
        };
        if reference.starts_with(SCHEME) {
            let mut reference = Reference::parse(reference)?;
            let version = reference.version.get_or_insert_with(|| published.version.clone()).clone();
            return Ok(Self::found_tag(reference, version, freshness));
        }
        let url = base.resolve(reference)?;
        Ok(Found {
            name: name.to_owned(),
            version: published.version.clone(),
            url: url.to_string(),
            digest: published.digest.as_deref().map(Digest::parse).transpose()?,
            source: Source::Http(url, Box::new(self.access(&base))),
            freshness,
        })
    }

    /// What the cache knows of a chart, if that is enough to find its archive.
    fn find_cached(
        &self,
        repository: &str,
        name: &str,
        choice: &Choice,
        freshness: Freshness,
    ) -> Result<Option<Found>> {
        if freshness == Freshness::Newest && !self.settings.offline {
            return Ok(None);
        }
        let Some(versions) = self.cache.versions(&cache_key(repository)?, name) else { return Ok(None) };
        let Some(chosen) = choice.choose(&versions)? else { return Ok(None) };
        self.found(repository, name, chosen, freshness).map(Some)
    }

    fn is_cached(&self, repository: &str, name: &str, freshness: Freshness) -> bool {
        let is_enough = freshness == Freshness::Locked || self.settings.offline;
        is_enough && cache_key(repository).is_ok_and(|key| self.cache.versions(&key, name).is_some())
    }

    fn known(&self, repository: &str, name: &str) -> Option<Result<Vec<Published>>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(repository.to_owned(), name.to_owned())).cloned()
    }

    /// Reads the index of a repository for these charts.
    fn read_index(&self, repository: &str, names: &[&str]) {
        if self.settings.offline {
            return;
        }
        let read =
            Url::parse(repository).and_then(|base| self.fetch_index(&base, &self.access(&base), names));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for name in names {
            let versions = read.clone().map(|mut charts| charts.remove(*name).unwrap_or_default());
            if let (Ok(versions), Ok(key)) = (&versions, cache_key(repository)) {
                self.cache.keep_versions(&key, name, versions);
            }
            known.insert((repository.to_owned(), (*name).to_owned()), versions);
        }
    }

    fn fetch_index(&self, base: &Url, access: &Access, names: &[&str]) -> Result<Charts> {
        let url = base.resolve("index.yaml")?;
        let authorization = access.authorization(&url).or_else(|| access.authorization(base));
        let request = Request {
            url: &url,
            accept: "*/*",
            authorization: authorization.as_deref(),
            access,
            call: Call::Get,
            limit: MAX_INDEX,
            may_compress: true,
        };
        let of_index = |error: Error| error.context(format!("cannot read the index of `{base}`"));
        let extract = self.client.send(request, |body| index::extract(body, names)).map_err(of_index)?;
        let by_lines = match extract.expect_body(&url).map_err(of_index)? {
            Extract::Lines(lines) => lines.charts(),
            Extract::NeedsWhole => None,
        };
        let charts = by_lines.unwrap_or_else(|| {
            let request = Request { limit: MAX_WHOLE, ..request };
            index::whole(self.client.fetch(request)?.expect_body(&url)?, names)
        });
        charts.map_err(of_index)
    }

    /// What may be sent to a repository.
    fn access(&self, base: &Url) -> Access {
        let named = self.settings.repositories.iter().find(|repository| repository.is_at(base));
        named.map_or_else(|| self.access_by_flags(base), Repository::access).or_in_url(base)
    }

    /// What may be sent to a repository without a name.
    fn access_by_flags(&self, url: &Url) -> Access {
        let is_own = self.settings.service.as_ref().is_some_and(|service| service.has_origin_of(url));
        Access {
            tls: self.settings.tls.clone(),
            credentials: self.settings.credentials.clone().filter(|_| is_own),
            service: Some(url.clone()),
            pass_credentials: self.settings.pass_credentials,
        }
    }
}

/// What the cache calls a repository: its URL, whatever credentials are in it.
fn cache_key(repository: &str) -> Result<String> {
    Ok(Url::parse(repository)?.to_string().trim_end_matches('/').to_owned())
}

fn not_cached(what: &str) -> Error {
    Error::new(format!("`{what}` is not in the cache")).help("run the command once without --offline")
}

/// The error that a repository does not have a version of a chart, or the chart at all.
fn absent(repository: &str, name: &str, choice: &Choice, versions: &[Published]) -> Error {
    const MOST_NAMED: usize = 5;
    let repository = crate::url::hide_password(repository);
    let newest: Vec<String> =
        versions.iter().take(MOST_NAMED).map(|published| format!("`{}`", published.version)).collect();
    if newest.is_empty() {
        return Error::new(format!("there is no chart `{name}` in `{repository}`"))
            .help("check the name and the repository");
    }
    let error = Error::new(format!("there is {} of `{name}` in `{repository}`", choice.describe()));
    error.help(format!("the newest versions are {}", newest.join(", ")))
}

/// Calls `work` for each item, several at a time. The results are in the order of the items.
pub fn in_parallel<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = items.len();
    if count < 2 {
        return items.into_iter().map(work).collect();
    }
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let done = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..count.min(PARALLEL) {
            scope.spawn(|| {
                while let Some((index, item)) = next() {
                    let result = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
