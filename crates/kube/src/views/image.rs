//! References to container images.

use std::fmt;

/// An image reference taken apart: `registry:5000/name:tag@digest`. It prints as what it was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image<'a> {
    /// Everything before the tag and the digest.
    pub name: &'a str,
    /// What follows the colon.
    pub tag: Option<&'a str>,
    /// What follows the `@`.
    pub digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    /// Takes a reference apart. A tag or digest whose separator is there with nothing behind it is empty.
    pub fn parse(text: &'a str) -> Self {
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        // A colon before the last slash is that of the registry's port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        match rest[last..].split_once(':') {
            Some((name, tag)) => Self { name: &rest[..last + name.len()], tag: Some(tag), digest },
            None => Self { name: rest, tag: None, digest },
        }
    }
}

impl fmt::Display for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.tag.map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
        self.digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_taken_apart_and_put_together() {
        for (text, name, tag, digest) in [
            ("web", "web", None, None),
            ("localhost:5000/web", "localhost:5000/web", None, None),
            ("localhost:5000/web:5", "localhost:5000/web", Some("5"), None),
            ("web@sha256:1a", "web", None, Some("sha256:1a")),
            ("a/web:1@sha256:1a", "a/web", Some("1"), Some("sha256:1a")),
            ("web:@", "web", Some(""), Some("")),
            ("", "", None, None),
        ] {
            let image = Image::parse(text);
            assert_eq!(image, Image { name, tag, digest });
            assert_eq!(image.to_string(), text);
        }
    }
}
