//! Where values come from.

use crate::joined::Joined;
use plimsoll_diag::Span;

/// Where a value comes from, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Origin {
    /// Not from values that were set, or not known.
    #[default]
    Unknown,
    /// A template wrote it, and not from values that were set.
    Elsewhere,
    /// The value was set there.
    Set(Span),
    /// The value was made from the one that was set there: quoted, shortened, counted.
    Made(Span),
    /// The value was made from several others.
    Mixed(Joined),
}

impl Origin {
    /// That of a value set at `span`, which may be [`Span::NONE`].
    pub(crate) fn set_at(span: Span) -> Self {
        if span.is_none() { Self::Unknown } else { Self::Set(span) }
    }

    /// Whether the value comes from one that was set.
    pub(crate) fn is_of_values(self) -> bool {
        !matches!(self, Self::Unknown | Self::Elsewhere)
    }

    /// The one place that the value comes from.
    pub(crate) fn span(self) -> Option<Span> {
        match self {
            Self::Set(span) | Self::Made(span) => Some(span),
            Self::Mixed(joined) => joined.leader(),
            Self::Unknown | Self::Elsewhere => None,
        }
    }

    /// Every place that the value comes from.
    fn places(self) -> Vec<Span> {
        match self {
            Self::Set(span) | Self::Made(span) => vec![span],
            Self::Mixed(joined) => joined.places().to_vec(),
            Self::Unknown | Self::Elsewhere => Vec::new(),
        }
    }

    /// The places besides the one that [`Self::span`] gives.
    pub(crate) fn other_places(self) -> Vec<Span> {
        let Self::Mixed(joined) = self else { return Vec::new() };
        let leader = joined.leader();
        joined.places().iter().copied().filter(|place| Some(*place) != leader).collect()
    }

    /// That of something made from a value of this origin.
    pub(crate) fn made(self) -> Self {
        match self {
            Self::Set(span) => Self::Made(span),
            Self::Elsewhere => Self::Unknown,
            other => other,
        }
    }

    /// That of a part that a template puts into a container, whose origin says nothing about it.
    pub(crate) fn of_new_part(self) -> Self {
        if self == Self::Unknown { Self::Elsewhere } else { self }
    }

    /// That of something made from a value of this origin and one of another.
    pub(crate) fn with(self, other: Self) -> Self {
        match (self.made(), other.made()) {
            (one, Self::Unknown) | (Self::Unknown, one) => one,
            (one, other) if one == other => one,
            (one, other) => Self::Mixed(Joined::of(None, [one.places(), other.places()].concat())),
        }
    }

    /// That of what the template at this origin makes from values of another: the template stands for all of them.
    pub(crate) fn as_template_of(self, values: Self) -> Self {
        match (self.made(), values.made()) {
            (Self::Unknown, values) => values,
            (template, values) if template == values || values == Self::Unknown => template,
            (template, values) => {
                Self::Mixed(Joined::of(template.span(), [template.places(), values.places()].concat()))
            }
        }
    }

    /// That of something made from all of `origins`.
    pub(crate) fn of_all(origins: impl IntoIterator<Item = Self>) -> Self {
        origins.into_iter().fold(Self::Unknown, Self::with)
    }

    /// That of an entry or item, by what its container knows about it. In a container that was made from a value, every
    /// part was.
    pub(crate) fn of_part(container: Self, part: Self) -> Self {
        match (part, container) {
            (Self::Unknown, Self::Made(_) | Self::Mixed(_)) => container,
            _ => part,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_diag::{SourceKind, Sources};

    #[test]
    fn what_is_made_from_one_value_comes_from_it() {
        let source = Sources::new().add("values.yaml", "a: 1\nb: 2\n", SourceKind::File);
        let (a, b) = (Span::new(source, 3, 4), Span::new(source, 8, 9));
        assert_eq!(Origin::of_all([]), Origin::Unknown);
        assert_eq!(Origin::of_all([Origin::Unknown, Origin::Set(a)]), Origin::Made(a));
        assert_eq!(Origin::of_all([Origin::Set(a), Origin::Made(a)]), Origin::Made(a));
        let mixed = Origin::of_all([Origin::Set(a), Origin::Set(b), Origin::Set(a)]);
        assert_eq!((mixed.span(), mixed.other_places()), (None, vec![a, b]));
        assert_eq!(mixed.with(Origin::Set(b)), mixed);
        let rendered = Origin::Set(b).as_template_of(Origin::Set(a));
        assert_eq!((rendered.span(), rendered.other_places()), (Some(b), vec![a]));
        assert_eq!(Origin::set_at(Span::NONE), Origin::Unknown);
    }

    #[test]
    fn parts_of_what_was_made_were_made_too() {
        let source = Sources::new().add("values.yaml", "a: 1\n", SourceKind::File);
        let a = Span::new(source, 3, 4);
        assert_eq!(Origin::of_part(Origin::Made(a), Origin::Unknown), Origin::Made(a));
        assert_eq!(Origin::of_part(Origin::Set(a), Origin::Unknown), Origin::Unknown);
        let mixed = Origin::Set(a).with(Origin::Set(Span::new(source, 0, 1)));
        assert_eq!(Origin::of_part(mixed, Origin::Set(a)), Origin::Set(a));
        assert_eq!(Origin::of_part(mixed, Origin::Unknown), mixed);
    }
}
