//! HTTP: requests that are bounded in size and time, repeated where that helps, and that take credentials to no other
//! service.

use crate::error::{Error, Result};
use crate::url::Url;
use base64::Engine as _;
use flate2::read::MultiGzDecoder;
use plimsoll_limits::{self as limits, Activity};
use serde::Deserialize;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ureq::http::{HeaderMap, header};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::typestate::{WithBody, WithoutBody};
use ureq::{Agent, RequestBuilder};

/// How many redirects are followed, as in Go.
const MOST_REDIRECTS: usize = 10;
/// How often a request is repeated.
const RETRIES: u32 = 3;
/// How long to wait before the first repetition; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How long a server may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How TLS connections are made: what `--ca-file`, `--cert-file`, `--key-file` and `--insecure-skip-tls-verify` say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The certificate authorities that are trusted instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// The certificate of the client.
    pub cert_file: Option<PathBuf>,
    /// Its private key.
    pub key_file: Option<PathBuf>,
    /// Whether the certificates of servers are not verified.
    pub insecure: bool,
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

impl Credentials {
    fn in_url(url: &Url) -> Option<Self> {
        url.userinfo().map(|(username, password)| Self { username, password })
    }

    /// The value of the `Authorization` header for basic authentication.
    pub(crate) fn basic(&self) -> String {
        let pair = format!("{}:{}", self.username, self.password);
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What may be sent to whom.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) tls: Tls,
    pub(crate) credentials: Option<Credentials>,
    /// The service that the credentials are for.
    pub(crate) service: Option<Url>,
    /// Whether they are sent to other services, too (`--pass-credentials`).
    pub(crate) pass_credentials: bool,
}

impl Access {
    /// The credentials in the URL of a repository, if there are no others for it.
    pub(crate) fn or_in_url(mut self, base: &Url) -> Self {
        if self.credentials.is_none() {
            self.credentials = Credentials::in_url(base);
            self.service = Some(base.clone());
        }
        self
    }

    /// What authorizes a request for `url`: basic authentication if the credentials are for its service, or those in
    /// the URL.
    pub(crate) fn authorization(&self, url: &Url) -> Option<String> {
        let is_for = |service: &Url| service.has_origin_of(url);
        let may_send = self.pass_credentials || self.service.as_ref().is_some_and(is_for);
        let own = self.credentials.clone().filter(|_| may_send);
        own.or_else(|| Credentials::in_url(url)).map(|credentials| credentials.basic())
    }
}

/// A request.
#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) url: &'a Url,
    pub(crate) accept: &'a str,
    /// The value of the header.
    pub(crate) authorization: Option<&'a str>,
    pub(crate) access: &'a Access,
    pub(crate) call: Call<'a>,
    /// The most bytes of the body.
    pub(crate) limit: u64,
    /// Whether the body may be compressed for the transfer.
    pub(crate) may_compress: bool,
}

/// What a request asks for.
#[derive(Clone, Copy)]
pub(crate) enum Call<'a> {
    /// The content.
    Get,
    /// Whether there is content.
    Head,
    /// The answer to a form.
    Form(&'a str),
    /// To begin an upload.
    Post,
    /// To store content of this type.
    Put { content_type: &'a str, content: &'a [u8] },
}

impl Call<'_> {
    /// Whether it belongs to an upload.
    pub(crate) fn is_upload(self) -> bool {
        matches!(self, Self::Head | Self::Post | Self::Put { .. })
    }

    /// Whether the target of a redirect is asked the same, whatever the status of the redirect.
    fn is_read(self) -> bool {
        !matches!(self, Self::Post | Self::Put { .. })
    }
}

/// An answer.
pub(crate) struct Answer<T> {
    pub(crate) status: u16,
    headers: HeaderMap,
    /// What was made of the body; only if the status is 200.
    pub(crate) body: Option<T>,
    /// Why the server refused an upload, in its own words.
    reason: Option<String>,
}

impl<T> Answer<T> {
    /// The values of a header.
    pub(crate) fn header(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The body.
    ///
    /// # Errors
    /// The status is another one than 200.
    pub(crate) fn expect_body(self, url: &Url) -> Result<T> {
        let status = self.status;
        self.body.ok_or_else(|| refused(url, status))
    }

    /// Checks the status of the answer to an upload.
    ///
    /// # Errors
    /// It is another one.
    pub(crate) fn expect_status(self, status: u16, url: &Url) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let error = refused(url, self.status);
        Err(match &self.reason {
            Some(reason) => Error { message: format!("{}: {reason}", error.message), ..error },
            None => error,
        })
    }
}

/// The most bytes of the reason of a refusal.
const MAX_REASON: u64 = 16 << 10;

/// What a registry says of the request that it refused.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    errors: Vec<Reason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
}

impl Refusal {
    fn read(body: impl Read) -> Option<String> {
        let mut text = Vec::new();
        body.take(MAX_REASON).read_to_end(&mut text).ok()?;
        let refusal: Self = serde_json::from_slice(&text).ok()?;
        let describe = |one: &Reason| format!("{} ({})", one.message, one.code);
        let reasons: Vec<String> = refusal.errors.iter().map(describe).collect();
        (!reasons.is_empty()).then(|| reasons.join(", "))
    }
}

/// The error that a server refused a request.
pub(crate) fn refused(url: &Url, status: u16) -> Error {
    let reason = ureq::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let error = Error::new(format!(
        "`{url}` answered {status}{}",
        reason.map_or_else(String::new, |reason| format!(" {reason}"))
    ));
    match status {
        401 | 403 => error.help(format!(
            "log in with `helm registry login {}` or `helm repo add`, or use --username and --password",
            url.host()
        )),
        404 => error.help("check the URL, the name and the version"),
        429 => error.help("the server limits requests: try again later, or log in"),
        500.. => error.help("the server failed: try again later"),
        _ => error,
    }
}

/// The HTTP client.
pub(crate) struct Client {
    timeout: Duration,
    /// Called with the number of bytes that have arrived.
    progress: Arc<dyn Fn(u64) + Send + Sync>,
    agents: Mutex<Vec<(Option<Tls>, Agent)>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

/// Why one attempt failed.
pub(crate) enum Failure {
    /// Another attempt may succeed, after this time if the server says so.
    Passing(Error, Option<Duration>),
    Final(Error),
}

/// Makes attempts until one succeeds, or fails for good.
pub(crate) fn repeat<T>(
    target: Target<'_>,
    mut attempt: impl FnMut() -> std::result::Result<T, Failure>,
) -> Result<T> {
    let what = if target.is_upload { "uploading to" } else { "downloading" };
    let _activity = Activity::begin(format!("{what} `{}`", target.url));
    let mut wait = FIRST_WAIT;
    for count in 0.. {
        let (error, asked) = match attempt() {
            Ok(done) => return Ok(done),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing(error, asked)) => (error, asked),
        };
        if count == RETRIES {
            return Err(error);
        }
        pause(asked.unwrap_or(wait).min(LONGEST_WAIT), target)?;
        wait *= 2;
    }
    Err(Error::new("no attempt was made"))
}

/// What a request is sent to, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) url: &'a Url,
    pub(crate) is_upload: bool,
}

impl Target<'_> {
    /// The error that the request could not be carried out.
    fn failed(self, reason: impl fmt::Display) -> Error {
        let verb = if self.is_upload { "upload to" } else { "download" };
        let reason = reason.to_string();
        Error::new(format!("cannot {verb} `{}`: {}", self.url, reason.trim_start_matches("io: ")))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

impl<'a> Request<'a> {
    fn target(&self, url: &'a Url) -> Target<'a> {
        Target { url, is_upload: self.call.is_upload() }
    }
}

impl Client {
    pub(crate) fn new(timeout: Duration, progress: Arc<dyn Fn(u64) + Send + Sync>) -> Self {
        Self { timeout, progress, agents: Mutex::default() }
    }

    /// Sends a request and has `read` read the body, from its beginning again in each attempt.
    pub(crate) fn send<T>(
        &self,
        request: Request<'_>,
        mut read: impl FnMut(&mut dyn BufRead) -> io::Result<T>,
    ) -> Result<Answer<T>> {
        repeat(request.target(request.url), || self.attempt(request, &mut read))
    }

    /// Sends a request whose answer has no body of interest, and does not repeat it.
    pub(crate) fn send_once(&self, request: Request<'_>) -> std::result::Result<Answer<()>, Failure> {
        self.attempt(request, &mut |_| Ok(()))
    }

    /// The whole body.
    pub(crate) fn fetch(&self, request: Request<'_>) -> Result<Answer<Vec<u8>>> {
        self.send(request, |body| {
            let mut bytes = Vec::new();
            body.read_to_end(&mut bytes)?;
            Ok(bytes)
        })
    }

    fn attempt<T>(
        &self,
        request: Request<'_>,
        read: &mut impl FnMut(&mut dyn BufRead) -> io::Result<T>,
    ) -> std::result::Result<Answer<T>, Failure> {
        let response = self.follow(request)?;
        let (parts, body) = response.into_parts();
        let status = parts.status.as_u16();
        if matches!(status, 429 | 500 | 502 | 503 | 504) {
            return Err(Failure::Passing(refused(request.url, status), retry_after(&parts.headers)));
        }
        let mut answer = Answer { status, headers: parts.headers, body: None, reason: None };
        if request.call.is_upload() && status >= 400 {
            answer.reason = Refusal::read(body.into_reader());
            return Ok(answer);
        }
        if status != 200 {
            return Ok(answer);
        }
        let arriving = Counted { inner: body.into_reader(), progress: &*self.progress };
        let is_compressed = answer.header("content-encoding").any(|value| value.eq_ignore_ascii_case("gzip"));
        let decoded: Box<dyn Read + '_> = if request.may_compress && is_compressed {
            Box::new(MultiGzDecoder::new(arriving))
        } else {
            Box::new(arriving)
        };
        let target = request.target(request.url);
        let bounded = Bounded { inner: decoded, left: request.limit, target, limit: request.limit };
        let body =
            read(&mut BufReader::with_capacity(64 << 10, bounded)).map_err(|error| unread(target, &error))?;
        answer.body = Some(body);
        Ok(answer)
    }

    /// Sends a request, and follows redirects. Credentials stay with the service that they were given for.
    fn follow(&self, request: Request<'_>) -> std::result::Result<Response, Failure> {
        let mut url = request.url.clone();
        let mut authorization = request.authorization.map(str::to_owned);
        for _ in 0..=MOST_REDIRECTS {
            let secure = url.is_secure().then_some(&request.access.tls);
            let agent = self.agent(secure).map_err(Failure::Final)?;
            let response = call(&agent, &url, request, authorization.as_deref())?;
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            // Others turn an upload into a download.
            let is_redirect = match response.status().as_u16() {
                307 | 308 => true,
                301..=303 => request.call.is_read(),
                _ => false,
            };
            let Some(location) = location.filter(|_| is_redirect) else { return Ok(response) };
            let next = redirect(&url, location).map_err(Failure::Final)?;
            if !url.has_origin_of(&next) && !request.access.pass_credentials {
                authorization = None;
            }
            url = next;
        }
        let message = format!("`{}` redirects more than {MOST_REDIRECTS} times", request.url);
        Err(Failure::Final(Error::new(message).help("check the URL of the repository")))
    }

    /// The connections with these TLS settings; unencrypted ones without.
    fn agent(&self, tls: Option<&Tls>) -> Result<Agent> {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, agent)) = agents.iter().find(|(known, _)| known.as_ref() == tls) {
            return Ok(agent.clone());
        }
        let tls_config = tls.map_or_else(|| Ok(TlsConfig::default()), tls_config)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT.min(self.timeout)))
            .timeout_global(Some(self.timeout))
            .user_agent(concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls_config)
            .build();
        let agent: Agent = config.into();
        agents.push((tls.cloned(), agent.clone()));
        Ok(agent)
    }
}

type Response = ureq::http::Response<ureq::Body>;

/// Where a redirect leads.
pub(crate) fn redirect(url: &Url, location: &str) -> Result<Url> {
    let next =
        url.join(location).map_err(|error| error.context(format!("`{url}` redirects to another place")))?;
    if url.is_secure() && !next.is_secure() {
        let message = format!("`{url}` redirects to `{next}`, which is not encrypted");
        return Err(Error::new(message).help("use the URL of the encrypted service"));
    }
    Ok(next)
}

fn call(
    agent: &Agent,
    url: &Url,
    request: Request<'_>,
    authorization: Option<&str>,
) -> std::result::Result<Response, Failure> {
    let target = url.to_string();
    let encoding = if request.may_compress { "gzip" } else { "identity" };
    let mut headers = vec![("Accept", request.accept), ("Accept-Encoding", encoding)];
    headers.extend(authorization.map(|value| ("Authorization", value)));
    let with_headers = |builder: RequestBuilder<WithBody>| {
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value))
    };
    let without_body = |builder: RequestBuilder<WithoutBody>| {
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value)).call()
    };
    let sent = match request.call {
        Call::Get => without_body(agent.get(&target)),
        Call::Head => without_body(agent.head(&target)),
        Call::Form(form) => with_headers(agent.post(&target))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send(form),
        Call::Post => with_headers(agent.post(&target)).send_empty(),
        Call::Put { content_type, content } => {
            with_headers(agent.put(&target)).header("Content-Type", content_type).send(content)
        }
    };
    sent.map_err(|error| unsent(request.target(url), &error))
}

/// What it means that a request failed.
fn unsent(target: Target<'_>, error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::Final(too_slow(target)),
        ureq::Error::HostNotFound => Failure::Final(
            Error::new(format!("there is no host `{}`", target.url.host()))
                .help("check the URL and the network"),
        ),
        ureq::Error::Io(error) => unread(target, error),
        ureq::Error::ConnectionFailed => Failure::Passing(target.failed("the connection failed"), None),
        error => Failure::Final(target.failed(error)),
    }
}

/// What it means that a connection broke.
fn unread(target: Target<'_>, error: &io::Error) -> Failure {
    let cause = error.get_ref();
    if let Some(own) = cause.and_then(|inner| inner.downcast_ref::<Error>()) {
        return Failure::Final(own.clone());
    }
    match cause.and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(inner @ (ureq::Error::Timeout(_) | ureq::Error::Rustls(_))) => return unsent(target, inner),
        _ if error.kind() == io::ErrorKind::TimedOut => return Failure::Final(too_slow(target)),
        _ if error.kind() == io::ErrorKind::ConnectionRefused => {
            let help = "nothing listens there: check the URL and the port";
            return Failure::Final(target.failed(error).help(help));
        }
        _ => {}
    }
    let text = error.to_string();
    if cause.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        || text.contains("certificate")
    {
        let help = "if the server has a certificate of your own authority, use --ca-file";
        return Failure::Final(target.failed(text).help(help));
    }
    Failure::Passing(target.failed(text), None)
}

fn too_slow(target: Target<'_>) -> Error {
    target
        .failed("it takes too long")
        .help("check the network and the server, or allow more time with `--timeout`")
}

/// How long the server asks to wait.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Fails if a limit of the process is exceeded.
fn check_limits(target: Target<'_>) -> Result<()> {
    limits::check().map_err(|exceeded| target.failed(exceeded).help(exceeded.help()))
}

/// Waits before a server is asked again, unless a limit of the process is exceeded meanwhile.
fn pause(time: Duration, target: Target<'_>) -> Result<()> {
    const STEP: Duration = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() {
        check_limits(target)?;
        let step = left.min(STEP);
        std::thread::sleep(step);
        left -= step;
    }
    Ok(())
}

/// Reports bytes as they arrive.
struct Counted<'a, R> {
    inner: R,
    progress: &'a (dyn Fn(u64) + Send + Sync),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        (self.progress)(count as u64);
        Ok(count)
    }
}

/// Fails after so many bytes, and where a limit of the process is exceeded.
struct Bounded<'a, R> {
    inner: R,
    left: u64,
    limit: u64,
    target: Target<'a>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check_limits(self.target).map_err(io::Error::other)?;
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(Error::new(format!(
                    "`{}` is larger than {}",
                    self.target.url,
                    size(self.limit)
                ))));
            }
        }
        Ok(count)
    }
}

/// A size as people write it.
pub(crate) fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}

/// The configuration of TLS.
fn tls_config(tls: &Tls) -> Result<TlsConfig> {
    let config = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .disable_verification(tls.insecure)
        .client_cert(client_certificate(tls)?);
    let roots = match &tls.ca_file {
        Some(path) => read_certificates(path)?,
        None => system_roots(),
    };
    Ok(config.root_certs(RootCerts::new_with_certs(&roots)).build())
}

/// The authorities that the system trusts.
fn system_roots() -> Vec<Certificate<'static>> {
    let found = rustls_native_certs::load_native_certs();
    found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect()
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate<'static>>> {
    let bytes = read_pem(path)?;
    let found: Vec<_> = parse_pem(&bytes)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(Error::new(format!("there is no certificate in `{}`", path.display()))
            .help("use a file in PEM form, with `-----BEGIN CERTIFICATE-----`"));
    }
    Ok(found)
}

fn client_certificate(tls: &Tls) -> Result<Option<ClientCert>> {
    let (certificate, key) = match (&tls.cert_file, &tls.key_file) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(Error::new("the certificate of a client needs both --cert-file and --key-file")),
    };
    let private = PrivateKey::from_pem(&read_pem(key)?).map_err(|_| {
        Error::new(format!("there is no private key in `{}`", key.display())).help("use a file in PEM form")
    })?;
    Ok(Some(ClientCert::new_with_certs(&read_certificates(certificate)?, private)))
}

fn read_pem(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::new(format!("cannot read `{}`: {error}", path.display())))
}
