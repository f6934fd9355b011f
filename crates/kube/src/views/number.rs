//! Numbers that may be percentages.

use plimsoll_yaml::{Node, Value};
use std::fmt;

/// `intstr.IntOrString` where it counts pods: `2` or `25%`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntOrPercent {
    /// A number of pods.
    Int(i64),
    /// A share of all pods.
    Percent(i64),
}

impl IntOrPercent {
    /// The number of a field; `None` if it is neither a number nor a percentage.
    pub fn from_node(node: &Node) -> Option<Self> {
        if let Some(number) = node.as_i64() {
            return Some(Self::Int(number));
        }
        let Value::String(text) = &node.value else { return None };
        text.strip_suffix('%')?.parse().ok().map(Self::Percent)
    }

    /// The number of pods of `total`, a share rounded up (`intstr.GetScaledValueFromIntOrPercent` with `roundUp`).
    pub fn rounded_up(self, total: i64) -> i64 {
        match self {
            Self::Int(number) => number,
            Self::Percent(percent) => {
                let product = percent.saturating_mul(total);
                product.div_euclid(100).saturating_add(i64::from(product.rem_euclid(100) != 0))
            }
        }
    }

    /// The number of pods of `total`, a share rounded down.
    pub fn rounded_down(self, total: i64) -> i64 {
        match self {
            Self::Int(number) => number,
            Self::Percent(percent) => percent.saturating_mul(total).div_euclid(100),
        }
    }
}

impl fmt::Display for IntOrPercent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(number) => write!(f, "{number}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::node;
    use super::*;

    #[test]
    fn shares_round_as_asked() {
        let share = IntOrPercent::from_node(&node("\"67%\"")).expect("a percentage");
        assert_eq!((share.rounded_up(3), share.rounded_down(3)), (3, 2));
        assert_eq!(IntOrPercent::Percent(25).rounded_up(4), 1);
        assert_eq!(share.to_string(), "67%");
        assert_eq!(IntOrPercent::from_node(&node("2")), Some(IntOrPercent::Int(2)));
        assert_eq!(IntOrPercent::from_node(&node("\"2\"")), None);
        assert_eq!(IntOrPercent::Percent(i64::MAX).rounded_up(i64::MAX), i64::MAX / 100 + 1);
    }
}
