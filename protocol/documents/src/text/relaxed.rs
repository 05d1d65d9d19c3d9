//! What people write as JSON, to JSON: comments and last commas become spaces, so that every place stays where it is.

/// The same text with `//` and `/* */` comments, and commas before a closing bracket, as spaces.
pub(super) fn strict(text: &str) -> String {
    let letters = text.as_bytes();
    let mut out = Vec::with_capacity(letters.len());
    // Where the last comma stands, as long as only spaces and comments came behind it.
    let mut comma = None;
    let mut at = 0;
    while at < letters.len() {
        match (letters[at], letters.get(at + 1)) {
            (b'"', _) => {
                let end = end_of_string(letters, at);
                out.extend_from_slice(&letters[at..end]);
                at = end;
                comma = None;
            }
            (b'/', Some(b'/')) => {
                let end = letters[at..].iter().position(|letter| *letter == b'\n');
                at = blank(letters, at, end.map_or(letters.len(), |end| at + end), &mut out);
            }
            (b'/', Some(b'*')) => {
                let end = letters[at + 2..].windows(2).position(|pair| pair == b"*/");
                at = blank(letters, at, end.map_or(letters.len(), |end| at + end + 4), &mut out);
            }
            (letter, _) => {
                match letter {
                    b',' => comma = Some(out.len()),
                    b'}' | b']' => {
                        if let Some(comma) = comma.take() {
                            out[comma] = b' ';
                        }
                    }
                    _ if letter.is_ascii_whitespace() => {}
                    _ => comma = None,
                }
                out.push(letter);
                at += 1;
            }
        }
    }
    // Whole characters were copied, or replaced by as many spaces as they have bytes.
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

fn end_of_string(letters: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < letters.len() {
        match letters[end] {
            b'"' => return end + 1,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    letters.len()
}

/// Writes spaces for a comment; its lines stay.
fn blank(letters: &[u8], from: usize, to: usize, out: &mut Vec<u8>) -> usize {
    let kept = |letter: &u8| if matches!(letter, b'\n' | b'\r') { *letter } else { b' ' };
    out.extend(letters[from..to].iter().map(kept));
    to
}
