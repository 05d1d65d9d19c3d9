//! Folders named `key=value`, as columns.

/// What Hive writes for NULL.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// A column that has the same value in all rows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its value; none for NULL.
    pub value: Option<String>,
}

/// The columns of the folders between `root` and a file. Characters that cannot stand in a folder's name are written `%2F` by
/// those who make such folders, and are read so.
pub fn columns(path: &str, root: &str) -> Vec<Column> {
    let below = match root {
        "" => Some(path),
        root => path.strip_prefix(root).and_then(|below| below.strip_prefix('/')),
    };
    let folders = below
        .and_then(|below| below.rsplit_once('/'))
        .map_or("", |(folders, _)| folders);
    let parts = folders.split('/').filter_map(|part| part.split_once('='));
    parts
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, value)| Column {
            name: decode(name),
            value: (value != NULL).then(|| decode(value)),
        })
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let code = (*first == b'%').then(|| behind.get(..2)).flatten();
        let byte = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_columns() {
        let found = |path: &str, root: &str| {
            let columns = columns(path, root).into_iter();
            columns
                .map(|column| format!("{}:{}", column.name, column.value.unwrap_or("NULL".into())))
                .collect::<Vec<_>>()
        };
        assert_eq!(found("a/year=2024/month=1/x.csv", "a"), ["year:2024", "month:1"]);
        assert_eq!(found("a/year=2024/month=1/x.csv", "a/year=2024"), ["month:1"]);
        assert_eq!(found("k=v=w/p%2Fq=%41%zz/x", ""), ["k:v=w", "p/q:A%zz"]);
        assert_eq!(found("k=__HIVE_DEFAULT_PARTITION__/x", ""), ["k:NULL"]);
        assert!(found("a/x=1.csv", "").is_empty() && found("b/k=v/x", "a").is_empty());
    }
}
