//! A formula's tree as markup: listed names alone, with everything else as text.

use super::{Formula, formula};

/// The formula as MathML; its source as code where it is not understood.
pub fn markup(latex: &str, display: bool) -> String {
    match formula(latex, display) {
        Some(formula) => formula.markup(),
        None => {
            let source = Formula::Text(latex.to_owned()).markup();
            format!("<code class=\"formula-source\">{source}</code>")
        }
    }
}

impl Formula {
    fn markup(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => escape(text, out),
            Self::Element {
                name,
                attributes,
                children,
            } => {
                out.push('<');
                out.push_str(name);
                for (attribute, value) in attributes {
                    out.push(' ');
                    out.push_str(attribute);
                    out.push_str("=\"");
                    escape(value, out);
                    out.push('"');
                }
                out.push('>');
                children.iter().for_each(|child| child.write(out));
                out.push_str("</");
                out.push_str(name);
                out.push('>');
            }
        }
    }
}

fn escape(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // HTML has no way to write it.
            '\0' => out.push('\u{fffd}'),
            char => out.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::formula::tree;

    // Classes are the one thing that is written and not read: the converter's own say nothing here.
    #[test]
    fn what_is_written_is_read_as_the_same_tree() {
        for latex in [
            r"\frac{a}{b} < c \& d",
            r#"\text{<img src=x onerror="alert(1)">}"#,
            r"\SI{3}{m}",
            r"\sum_{n=1}^\infty \left(\frac{1}{n}\right)",
        ] {
            let found = formula(latex, true).unwrap();
            assert_eq!(tree::read(&found.markup(), latex), Some(found), "{latex}");
        }
    }

    #[test]
    fn nothing_that_stands_in_a_formula_becomes_an_element_or_ends_an_attribute() {
        let found = Formula::Element {
            name: "mtext",
            attributes: vec![("width", "\"><script>".to_owned())],
            children: vec![Formula::Text("</mtext><script>&\0".to_owned())],
        };
        let written = "<mtext width=\"&quot;&gt;&lt;script&gt;\">&lt;/mtext&gt;&lt;script&gt;&amp;\u{fffd}</mtext>";
        assert_eq!(found.markup(), written);
    }
}
