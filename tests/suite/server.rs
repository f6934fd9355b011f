//! A small HTTP server on this machine that keeps count of what is asked of it, and that can misbehave.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The method, the path and the query: `GET /index.yaml`.
    pub(crate) line: String,
    /// By name, in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// What is not UTF-8 in it is replaced.
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.line.split_once(' ').unwrap().1
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization").map(String::as_str)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Vec<u8>),
    /// Less than the length that is announced.
    Truncated(Vec<u8>),
    /// Bytes without end.
    Endless,
    /// A byte now and then.
    Slow,
    /// The connection is closed without an answer.
    None,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: Body::Whole(body.into()) }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Whole(b"no".to_vec()) }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::status(302).header("Location", to)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn with_body(self, body: &str) -> Self {
        Self { body: Body::Whole(body.into()), ..self }
    }

    pub(crate) fn truncated(self) -> Self {
        match self.body {
            Body::Whole(bytes) => Self { body: Body::Truncated(bytes), ..self },
            _ => self,
        }
    }

    pub(crate) fn endless() -> Self {
        Self { body: Body::Endless, ..Self::ok("") }
    }

    pub(crate) fn slow() -> Self {
        Self { body: Body::Slow, ..Self::ok("") }
    }

    pub(crate) fn closed() -> Self {
        Self { body: Body::None, ..Self::ok("") }
    }

    fn write(&self, stream: &mut impl Write) -> std::io::Result<()> {
        let length = match &self.body {
            Body::None => return Ok(()),
            Body::Whole(bytes) => Some(bytes.len()),
            Body::Truncated(bytes) => Some(bytes.len() + 1000),
            Body::Endless | Body::Slow => None,
        };
        write!(stream, "HTTP/1.1 {} Reason\r\nConnection: close\r\n", self.status)?;
        if let Some(length) = length {
            write!(stream, "Content-Length: {length}\r\n")?;
        }
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")?;
        match &self.body {
            Body::Whole(bytes) | Body::Truncated(bytes) => stream.write_all(bytes)?,
            Body::None => {}
            // Long enough for every test; the client is gone much earlier.
            Body::Endless => {
                for _ in 0..400_000 {
                    stream.write_all(&[b'#'; 16384])?;
                }
            }
            Body::Slow => {
                for _ in 0..600 {
                    stream.write_all(b"#")?;
                    stream.flush()?;
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        }
        stream.flush()
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// A server that runs until the test ends.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Answers each request with what `handler` returns.
    pub(crate) fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve("http", handler, |stream, exchange| exchange(&mut { stream }))
    }

    /// The same over TLS, with a certificate and its key in PEM form.
    pub(crate) fn start_tls(
        certificate: &str,
        key: &str,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        use rustls::pki_types::pem::PemObject as _;
        let chain = rustls::pki_types::CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .unwrap();
        let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let config = Arc::new(config);
        Self::serve("https", handler, move |stream, exchange| {
            let session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            exchange(&mut rustls::StreamOwned::new(session, stream));
        })
    }

    fn serve(
        scheme: &'static str,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        wrap: impl Fn(TcpStream, &dyn Fn(&mut dyn ReadWrite)) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, handler, wrap): (_, Arc<Handler>, _) =
            (Arc::clone(&requests), Arc::new(handler), Arc::new(wrap));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, handler, wrap) = (Arc::clone(&seen), Arc::clone(&handler), Arc::clone(&wrap));
                std::thread::spawn(move || {
                    wrap(stream, &|stream| {
                        if let Some(request) = read(stream) {
                            seen.lock().unwrap().push(request.clone());
                            // Clients may leave early.
                            let _ = handler(&request).write(&mut { stream });
                        }
                    });
                });
            }
        });
        Self { address, scheme, requests }
    }

    /// Serves files by their paths, without the slash at the beginning.
    pub(crate) fn files(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self::start(move |request| {
            let path = request.path().trim_start_matches('/').split('?').next().unwrap();
            files.get(path).map_or_else(|| Reply::status(404), |body| Reply::ok(body.clone()))
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap()).into_iter().map(|request| request.line).collect()
    }
}

/// A connection, encrypted or not.
trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

fn read(stream: &mut dyn ReadWrite) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim_end().is_empty() {
            break;
        }
        lines.push(line.trim_end().to_owned());
    }
    let mut lines = lines.into_iter();
    let line = lines.next()?.rsplit_once(' ')?.0.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        })
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line, headers, body: String::from_utf8_lossy(&body).into_owned() })
}
