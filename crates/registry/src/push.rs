//! Charts published in OCI registries.

use crate::client::{Access, Answer, Call, Client, Failure, Request, Target, redirect, repeat};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::oci::{CHART_CONFIG, CHART_LAYER, PROVENANCE_LAYER, Reference, Registries};
use crate::url::Url;
use serde::Serialize;
use std::collections::BTreeMap;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const BLOB: &str = "application/octet-stream";

/// What is published of a chart.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Its `Chart.yaml` as JSON.
    pub config: Vec<u8>,
    /// The `.tgz`.
    pub archive: Vec<u8>,
    /// The provenance file.
    pub provenance: Option<Vec<u8>>,
    /// What the manifest says of the chart.
    pub annotations: BTreeMap<String, String>,
}

impl Upload {
    fn blobs(&self) -> Vec<(&'static str, &[u8])> {
        let mut blobs = vec![(CHART_CONFIG, self.config.as_slice()), (CHART_LAYER, &self.archive)];
        blobs.extend(self.provenance.as_deref().map(|provenance| (PROVENANCE_LAYER, provenance)));
        blobs
    }

    /// The manifest, as Helm writes it.
    fn manifest(&self) -> Result<Vec<u8>> {
        let descriptor = |(media_type, content): (&'static str, &[u8])| Descriptor {
            media_type,
            digest: Digest::of(content).to_string(),
            size: content.len(),
        };
        let mut blobs = self.blobs().into_iter().map(descriptor);
        let config = blobs.next();
        let mut layers: Vec<Descriptor> = blobs.collect();
        layers.sort_by(|one, other| one.digest.cmp(&other.digest));
        let manifest = Manifest { schema_version: 2, config, layers, annotations: &self.annotations };
        let text = serde_json::to_string(&manifest).map_err(|error| Error::new(error.to_string()))?;
        Ok(escape_html(&text).into_bytes())
    }
}

/// Escapes what Go escapes in JSON, besides what JSON itself needs escaped. These characters are in strings only.
fn escape_html(json: &str) -> String {
    let escaped = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    escaped.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    schema_version: u8,
    config: Option<Descriptor>,
    layers: Vec<Descriptor>,
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: &'static str,
    digest: String,
    size: usize,
}

impl Registries {
    /// Publishes a chart: first what the registry does not have of its content, then the manifest. Returns the digest of
    /// the manifest.
    pub(crate) fn push(&self, client: &Client, reference: &Reference, upload: &Upload) -> Result<Digest> {
        for (_, content) in upload.blobs() {
            self.push_blob(client, reference, content)?;
        }
        let manifest = upload.manifest()?;
        let url = self.url(reference, &format!("manifests/{}", reference.manifest()))?;
        let put = Call::Put { content_type: MANIFEST, content: &manifest };
        let answer =
            repeat(Target { url: &url, is_upload: true }, || self.ask(client, reference, &url, put))?;
        let answer = answer.expect_status(201, &url)?;
        let digest = Digest::of(&manifest);
        let stored = answer.header("docker-content-digest").next().map(Digest::parse);
        if let Some(stored) = stored.transpose()?.filter(|stored| *stored != digest) {
            let message = format!("`{url}` was stored with another digest: {stored} instead of {digest}");
            return Err(Error::new(message).help("the registry changed it: ask its owner"));
        }
        Ok(digest)
    }

    /// Sends content, unless the registry has it. What fails for a time is begun again: an upload that broke cannot always
    /// be continued.
    fn push_blob(&self, client: &Client, reference: &Reference, content: &[u8]) -> Result<()> {
        let digest = Digest::of(content);
        let blob = self.url(reference, &format!("blobs/{digest}"))?;
        let start = self.url(reference, "blobs/uploads/")?;
        repeat(Target { url: &start, is_upload: true }, || {
            if self.ask(client, reference, &blob, Call::Head)?.status == 200 {
                return Ok(());
            }
            let answer = self.ask(client, reference, &start, Call::Post)?.expect_status(202, &start)?;
            let location = answer.header("location").next().ok_or_else(|| {
                Error::new(format!("`{start}` does not say where to upload to"))
                    .help("check that it is an OCI registry")
            })?;
            let session = redirect(&start, location)?.with_query(&format!("digest={digest}"));
            let put = Call::Put { content_type: BLOB, content };
            self.ask(client, reference, &session, put)?.expect_status(201, &session)?;
            Ok(())
        })
    }

    fn ask(
        &self,
        client: &Client,
        reference: &Reference,
        url: &Url,
        call: Call<'_>,
    ) -> std::result::Result<Answer<()>, Failure> {
        self.authorized(reference, url, call, client, |authorization, access: &Access| {
            client.send_once(Request {
                url,
                accept: "application/json",
                authorization,
                access,
                call,
                limit: 0,
                may_compress: false,
            })
        })
    }
}
