#![doc = include_str!("../README.md")]
//!
//! A [`Fetcher`] finds the version of a chart that is meant ([`Fetcher::find`]) and downloads its archive
//! ([`Fetcher::download`]). It never writes anywhere but into its cache; what an archive contains is for others to check.
//! [`Fetcher::push`] publishes one.
//!
//! | module | what it owns |
//! |---|---|
//! | `url` | URLs, resolved as Helm does |
//! | `client` | requests: redirects, credentials, TLS, limits of size and time, repetition |
//! | `index` | `index.yaml`, read as it arrives |
//! | `oci` | references, tags, manifests, layers |
//! | `push` | charts published in registries |
//! | `auth` | stored credentials, challenges of registries |
//! | `repositories` | Helm's `repositories.yaml` |
//! | `resolve` | which version is meant |
//! | `lock` | `Chart.lock` |
//! | `cache` | what has been downloaded |

mod auth;
mod cache;
mod client;
mod digest;
mod error;
mod fetcher;
mod index;
mod lock;
mod oci;
mod push;
mod repositories;
mod resolve;
mod url;

pub use client::{Credentials, Tls};
pub use digest::Digest;
pub use error::{Error, Result};
pub use fetcher::{Archive, Fetcher, Found, Freshness, Origin, Settings, in_parallel};
pub use index::Published;
pub use lock::{Lock, Locked, Requirement, digest, digest_of_helm_2};
pub use oci::{Reference, SCHEME as OCI_SCHEME};
pub use push::Upload;
pub use repositories::Repository;
pub use resolve::Choice;
pub use url::{Url, hide_password};
