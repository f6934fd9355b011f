//! HTTP: requests that are bounded in size and time, repeated where that helps, and that take credentials to no other
//! service.

use crate::error::{Error, Result};
use crate::url::Url;
use base64::Engine as _;
use flate2::read::MultiGzDecoder;
use plimsoll_limits::{self as limits, Activity};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use ureq::Agent;
use ureq::http::{HeaderMap, header};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem};

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
    /// What authorizes a request for `url`: basic authentication if the credentials are for its service, or those in
    /// the URL.
    pub(crate) fn authorization(&self, url: &Url) -> Option<String> {
        let is_for = |service: &Url| service.has_origin_of(url);
        let may_send = self.pass_credentials || self.service.as_ref().is_some_and(is_for);
        let own = self.credentials.clone().filter(|_| may_send);
        let written = || url.userinfo().map(|(username, password)| Credentials { username, password });
        own.or_else(written).map(|credentials| credentials.basic())
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
    /// A form to be posted instead of a plain `GET`.
    pub(crate) form: Option<&'a str>,
    /// The most bytes of the body.
    pub(crate) limit: u64,
    /// Whether the body may be compressed for the transfer.
    pub(crate) may_compress: bool,
}

/// An answer.
pub(crate) struct Answer<T> {
    pub(crate) status: u16,
    headers: HeaderMap,
    /// What was made of the body; only if the status is 200.
    pub(crate) body: Option<T>,
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
enum Failure {
    /// Another attempt may succeed, after this time if the server says so.
    Passing(Error, Option<Duration>),
    Final(Error),
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
        let _activity = Activity::begin(format!("downloading `{}`", request.url));
        let mut wait = FIRST_WAIT;
        for attempt in 0.. {
            let (error, asked) = match self.attempt(request, &mut read) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error, asked)) => (error, asked),
            };
            if attempt == RETRIES {
                return Err(error);
            }
            pause(asked.unwrap_or(wait).min(LONGEST_WAIT), request.url)?;
            wait *= 2;
        }
        Err(Error::new("no attempt was made"))
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
        let mut answer = Answer { status, headers: parts.headers, body: None };
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
        let bounded = Bounded { inner: decoded, left: request.limit, url: request.url, limit: request.limit };
        let body = read(&mut BufReader::with_capacity(64 << 10, bounded))
            .map_err(|error| unread(request.url, &error))?;
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
            let response = send_once(&agent, &url, request, authorization.as_deref())?;
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
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
fn redirect(url: &Url, location: &str) -> Result<Url> {
    let next =
        url.join(location).map_err(|error| error.context(format!("`{url}` redirects to another place")))?;
    if url.is_secure() && !next.is_secure() {
        let message = format!("`{url}` redirects to `{next}`, which is not encrypted");
        return Err(Error::new(message).help("use the URL of the encrypted service"));
    }
    Ok(next)
}

fn send_once(
    agent: &Agent,
    url: &Url,
    request: Request<'_>,
    authorization: Option<&str>,
) -> std::result::Result<Response, Failure> {
    let target = url.to_string();
    let encoding = if request.may_compress { "gzip" } else { "identity" };
    let mut headers = vec![("Accept", request.accept), ("Accept-Encoding", encoding)];
    headers.extend(authorization.map(|value| ("Authorization", value)));
    let sent = match request.form {
        None => headers
            .into_iter()
            .fold(agent.get(&target), |call, (name, value)| call.header(name, value))
            .call(),
        Some(form) => headers
            .into_iter()
            .fold(agent.post(&target), |call, (name, value)| call.header(name, value))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .send(form),
    };
    sent.map_err(|error| unsent(url, &error))
}

/// What it means that a request failed.
fn unsent(url: &Url, error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::Final(too_slow(url)),
        ureq::Error::HostNotFound => Failure::Final(
            Error::new(format!("there is no host `{}`", url.host())).help("check the URL and the network"),
        ),
        ureq::Error::Io(error) => unread(url, error),
        ureq::Error::ConnectionFailed => Failure::Passing(unreachable(url, "the connection failed"), None),
        error => Failure::Final(unreachable(url, error)),
    }
}

/// What it means that a connection broke.
fn unread(url: &Url, error: &io::Error) -> Failure {
    let cause = error.get_ref();
    if let Some(own) = cause.and_then(|inner| inner.downcast_ref::<Error>()) {
        return Failure::Final(own.clone());
    }
    match cause.and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(inner @ (ureq::Error::Timeout(_) | ureq::Error::Rustls(_))) => return unsent(url, inner),
        _ if error.kind() == io::ErrorKind::TimedOut => return Failure::Final(too_slow(url)),
        _ if error.kind() == io::ErrorKind::ConnectionRefused => {
            let help = "nothing listens there: check the URL and the port";
            return Failure::Final(unreachable(url, error).help(help));
        }
        _ => {}
    }
    let text = error.to_string();
    if cause.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
        || text.contains("certificate")
    {
        let help = "if the server has a certificate of your own authority, use --ca-file";
        return Failure::Final(unreachable(url, text).help(help));
    }
    Failure::Passing(unreachable(url, text), None)
}

fn unreachable(url: &Url, reason: impl fmt::Display) -> Error {
    let reason = reason.to_string();
    Error::new(format!("cannot download `{url}`: {}", reason.trim_start_matches("io: ")))
}

fn too_slow(url: &Url) -> Error {
    Error::new(format!("cannot download `{url}`: it takes too long"))
        .help("check the network and the server, or allow more time with `--timeout`")
}

/// How long the server asks to wait.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse::<u64>().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Fails if a limit of the process is exceeded.
fn check_limits(url: &Url) -> Result<()> {
    limits::check().map_err(|exceeded| unreachable(url, exceeded).help(exceeded.help()))
}

/// Waits before `url` is asked again, unless a limit of the process is exceeded meanwhile.
fn pause(time: Duration, url: &Url) -> Result<()> {
    const STEP: Duration = Duration::from_millis(50);
    let mut left = time;
    while !left.is_zero() {
        check_limits(url)?;
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
    url: &'a Url,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        check_limits(self.url).map_err(io::Error::other)?;
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                return Err(io::Error::other(Error::new(format!(
                    "`{}` is larger than {}",
                    self.url,
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
