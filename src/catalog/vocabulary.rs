//! Closed sets of words: tables of a value and its name, the same for reading and writing.

/// The name of a value.
pub(super) fn name_of<T: PartialEq>(names: &[(T, &'static str)], value: T) -> Option<&'static str> {
    names
        .iter()
        .find(|(named, _)| *named == value)
        .map(|&(_, name)| name)
}

/// The value of exactly that name.
pub(super) fn named<T: Copy>(names: &[(T, &'static str)], text: &str) -> Option<T> {
    names
        .iter()
        .find(|(_, name)| *name == text)
        .map(|&(value, _)| value)
}
