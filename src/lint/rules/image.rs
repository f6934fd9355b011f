//! References to container images.

/// An image reference taken apart.
pub(in crate::lint) struct Image<'a> {
    /// Everything before the tag and the digest.
    pub(in crate::lint) name: &'a str,
    pub(in crate::lint) tag: Option<&'a str>,
    /// Whether a digest pins it.
    pub(in crate::lint) digest: bool,
}

impl<'a> Image<'a> {
    /// Takes `registry:5000/name:tag@digest` apart.
    pub(in crate::lint) fn parse(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, false), |(rest, _)| (rest, true));
        // A colon before the last slash is that of the registry's port.
        let slash = rest.rfind('/').map_or(0, |slash| slash + 1);
        match rest[slash..].split_once(':') {
            Some((name, tag)) => Self { name: &rest[..slash + name.len()], tag: Some(tag), digest },
            None => Self { name: rest, tag: None, digest },
        }
    }
}
