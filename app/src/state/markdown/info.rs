//! What stands behind a fence: the language of a block of code, and the name of its file.

/// The language and the title.
pub(super) fn info(text: &str) -> (String, String) {
    let (first, rest) = text
        .trim_start()
        .split_once(char::is_whitespace)
        .unwrap_or((text.trim(), ""));
    let first = first.trim_start_matches(['{', '.']);
    let first = first.split(['{', '}', ',']).next().unwrap_or_default();
    let named = ["title=", "filename=", "file="]
        .into_iter()
        .find_map(|key| {
            let (_, value) = text.split_once(key)?;
            match value.chars().next()? {
                quote @ ('"' | '\'') => value.split(quote).nth(1),
                _ => value.split([' ', ',', '}']).next(),
            }
        });
    let (language, title) = match first.split_once(':') {
        Some((language, file)) if !file.is_empty() => (language, file),
        _ if first.contains('/') => (extension(first), first),
        _ if rest.contains('/') && !rest.contains([' ', '=']) => (first, rest),
        _ => (first, ""),
    };
    (
        language.to_owned(),
        named.unwrap_or(title).trim().to_owned(),
    )
}

fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').map_or("", |(_, extension)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_and_titles_are_told_apart() {
        for (text, language, title) in [
            ("", "", ""),
            ("rust", "rust", ""),
            ("rust,ignore", "rust", ""),
            ("rust ignore", "rust", ""),
            ("js title=\"src/a b.js\" {1,2}", "js", "src/a b.js"),
            ("python filename=app.py", "python", "app.py"),
            ("ts:src/index.ts", "ts", "src/index.ts"),
            ("src/main.rs", "rs", "src/main.rs"),
            ("css style/main.css", "css", "style/main.css"),
            ("{.python}", "python", ""),
            ("c++", "c++", ""),
        ] {
            assert_eq!(
                info(text),
                (language.to_owned(), title.to_owned()),
                "{text}"
            );
        }
    }
}
