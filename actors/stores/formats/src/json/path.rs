//! Where a value stands in a document: `$['a'].b[0]`, from the document's root, or without `$` from an element of the
//! collection.

use super::node::Node;
use crate::fault;
use sluice_contract::Fault;

/// A JSON path, as far as ADF's mappings have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    from_root: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
    /// Every element, in a path to a collection.
    All,
}

impl Path {
    /// # Errors
    /// `SL6013` for what is no such path.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || fault::property(format!("{text:?} is no JSON path of the form $['a'].b[0]"));
        // Templates of Azure write a leading bracket twice.
        let trimmed = text.trim();
        let trimmed = trimmed
            .strip_prefix('[')
            .filter(|rest| rest.starts_with('['))
            .unwrap_or(trimmed);
        let (from_root, mut rest) = match trimmed.strip_prefix('$') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let mut steps = Vec::new();
        if !from_root && !rest.is_empty() && !rest.starts_with(['[', '.']) {
            let (name, behind) = name(rest);
            steps.push(Step::Member(name.to_owned()));
            rest = behind;
        }
        while !rest.is_empty() {
            if let Some(behind) = rest.strip_prefix('.') {
                let (name, behind) = name(behind);
                if name.is_empty() {
                    return Err(wrong());
                }
                steps.push(if name == "*" {
                    Step::All
                } else {
                    Step::Member(name.to_owned())
                });
                rest = behind;
                continue;
            }
            let inner = rest.strip_prefix('[').ok_or_else(wrong)?;
            let (step, behind) = bracketed(inner).ok_or_else(wrong)?;
            steps.push(step);
            rest = behind;
        }
        Ok(Self { from_root, steps })
    }

    /// The member of that name.
    pub(super) fn member(name: &str) -> Self {
        Self {
            from_root: false,
            steps: vec![Step::Member(name.to_owned())],
        }
    }

    /// Whether it names one value only.
    pub(super) fn is_single(&self) -> bool {
        !self.steps.contains(&Step::All)
    }

    /// The value, if there is one.
    pub(super) fn find<'n, 'a>(&self, root: &'n Node<'a>, item: &'n Node<'a>) -> Option<&'n Node<'a>> {
        let mut node = if self.from_root { root } else { item };
        for step in &self.steps {
            node = match (step, node) {
                (Step::Member(name), node) => node.member(name)?,
                (Step::Element(at), Node::Array(elements, _)) => elements.get(*at)?,
                _ => return None,
            };
        }
        Some(node)
    }

    /// The elements of the collections that it names.
    ///
    /// # Errors
    /// When what stands there is no array.
    pub(super) fn elements<'n, 'a>(&self, root: &'n Node<'a>) -> Result<Vec<&'n Node<'a>>, String> {
        let mut nodes = vec![root];
        for step in &self.steps {
            let mut next = Vec::new();
            for node in nodes {
                match (step, node) {
                    (Step::Member(name), node) => next.extend(node.member(name)),
                    (Step::Element(at), Node::Array(elements, _)) => next.extend(elements.get(*at)),
                    (Step::All, Node::Array(elements, _)) => next.extend(elements),
                    _ => {}
                }
            }
            nodes = next;
        }
        if self.steps.last() == Some(&Step::All) {
            return Ok(nodes);
        }
        let mut found = Vec::new();
        for node in nodes {
            match node {
                Node::Array(elements, _) => found.extend(elements),
                Node::Null => {}
                other => {
                    return Err(format!(
                        "`collectionReference` names {}, where an array was expected",
                        other.kind()
                    ));
                }
            }
        }
        Ok(found)
    }
}

/// A name up to the next step.
fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(['.', '[']).unwrap_or(text.len()))
}

/// From behind an opening bracket to behind the closing one.
fn bracketed(text: &str) -> Option<(Step, &str)> {
    let quote = text.chars().next().filter(|char| matches!(char, '\'' | '"'));
    let Some(quote) = quote else {
        let (inner, behind) = text.split_once(']')?;
        let step = match inner.trim() {
            "*" => Step::All,
            number => Step::Element(number.parse().ok()?),
        };
        return Some((step, behind));
    };
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        if char == '\\' {
            name.push(chars.next()?.1);
        } else if char == quote {
            let behind = text[at + 1..].strip_prefix(']')?;
            return Some((Step::Member(name), behind));
        } else {
            name.push(char);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_values() {
        let document = Node::parse(
            br#"{"a":{"b c":[1,{"d":2}],"@odata.id":3},"items":[{"x":4},{"x":5}],"deep":[{"i":[1]},{"i":[2,3]}]}"#,
        )
        .unwrap();
        let items = Path::parse("$.items").unwrap().elements(&document).unwrap();
        assert_eq!(items.len(), 2);
        for (path, expected) in [
            ("$['a']['b c'][0]", Some("1")),
            ("$.a[\"b c\"][1].d", Some("2")),
            ("$['a']['@odata.id']", Some("3")),
            ("['x']", Some("4")),
            ("[['x']", Some("4")),
            ("x", Some("4")),
            (".x", Some("4")),
            ("$.x", None),
            ("$.a.b.c", None),
        ] {
            let found = Path::parse(path).unwrap().find(&document, items[0]).cloned();
            assert_eq!(found, expected.map(Node::Number), "{path}");
        }
        let deep = Path::parse("$.deep[*].i").unwrap().elements(&document).unwrap();
        assert_eq!(deep.len(), 3);
        assert!(
            Path::parse("$.nothing")
                .unwrap()
                .elements(&document)
                .unwrap()
                .is_empty()
        );
        assert!(Path::parse("$.a").unwrap().elements(&document).is_err());
        for wrong in ["$.", "$[", "$['a", "$[x]", "$a", "$['a'b]"] {
            assert!(Path::parse(wrong).is_err(), "{wrong}");
        }
    }
}
