//! `copyBehavior`: what becomes of the folders of a source.

use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};

/// What becomes of the folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    /// They are made again below the sink's folder.
    Preserve,
    /// All files lie in the sink's folder, under names that are made for them.
    Flatten,
    /// All files become one.
    Merge,
}

impl Behavior {
    /// What an activity's `sink` asks for; none when it says nothing.
    ///
    /// # Errors
    /// `SL6013` for another word.
    pub(crate) fn read(sink: &Object) -> Result<Option<Self>, Fault> {
        let settings = member(sink, "storeSettings").and_then(Value::as_object);
        let asked = settings.and_then(|settings| text(settings, "copyBehavior"));
        let asked = asked.or(text(sink, "copyBehavior")).unwrap_or_default();
        let known = [
            ("", None),
            ("PreserveHierarchy", Some(Self::Preserve)),
            ("FlattenHierarchy", Some(Self::Flatten)),
            ("MergeFiles", Some(Self::Merge)),
        ];
        let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(asked.trim()));
        found.map(|(_, behavior)| *behavior).ok_or_else(|| {
            let text =
                format!("`copyBehavior` {asked:?} is none of PreserveHierarchy, FlattenHierarchy and MergeFiles");
            Fault::new(Code::PropertyMissing, text)
        })
    }
}
